/*
 * The copy of a resource's document that a subscriber holds: its text, and what its meta says of
 * versions. No I/O. Private to src/ctl.
 *
 * The text is compact, with members in the order they came in and numbers as they were written, so
 * that it is byte for byte what a server that writes so sends for a GET. A copy is made whole or
 * not at all: patches make a new one and leave the old one alone.
 *
 * An answer of several parts (watch_message.h) is an object of them by their names. Patches are for
 * one part each, so that between two of them the parts may be of two versions.
 */
#ifndef FPD_CTL_WATCH_DOC_H
#define FPD_CTL_WATCH_DOC_H

#include "footprintd/base/json.h"

/* Bytes of one document, or of one event. */
#define WATCH_DOC_MAX ((size_t)256 << 20)

/* RFC 7285 10.3. */
typedef struct watch_vtag {
    slice_t resource;
    slice_t tag;
} watch_vtag_t;

typedef struct watch_doc {
    buf_t text;        /* empty: there is no copy */
    watch_vtag_t vtag; /* of the document itself; ptr NULL when it has none */
    watch_vtag_t *deps;
    size_t dep_count;
    arena_t arena; /* of vtag and deps */
    bool parts;    /* it is an object of parts, which depend on one another and on `deps` */
    bool torn;     /* and these are not of one version: another patch will come */
} watch_doc_t;

typedef enum watch_kind {
    WATCH_FULL,
    WATCH_MERGE_PATCH,
    WATCH_JSON_PATCH,
} watch_kind_t;

/* "full", "merge-patch", "json-patch". */
const char *watch_kind_name(watch_kind_t kind);
/* By its media type, without parameters: a patch type or, for all others, WATCH_FULL. */
watch_kind_t watch_kind_of(slice_t media_type);

void watch_doc_init(watch_doc_t *doc);
void watch_doc_release(watch_doc_t *doc);

static inline bool watch_doc_held(const watch_doc_t *doc)
{
    return doc->text.len > 0;
}

/* What arrives: a document, or a patch of one, or of a part of one. */
typedef struct watch_update {
    watch_kind_t kind;
    slice_t media_type; /* with its parameters; of a full one */
    slice_t part;       /* the Content-ID that a patch is for; {NULL, 0}: for all */
    slice_t bytes;
} watch_update_t;

/*
 * A full document. ERR_DATA with the reason appended to *why when it is no ALTO document, or its
 * parts do not belong together; ERR_NOMEM. *out is an initialised, empty copy, and stays so on
 * failure.
 */
err_t watch_doc_read(slice_t media_type, slice_t text, watch_doc_t *out, buf_t *why) FPD_MUST_CHECK;
/*
 * What an update makes of a copy. Refused with ERR_DATA: a patch that does not apply; a result
 * whose tag is not the one that the patch says, or is the old one though something else changed; a
 * result without the vtag, or the dependencies, that the document, or its part, had.
 */
err_t watch_doc_update(const watch_doc_t *from, const watch_update_t *update, watch_doc_t *out,
                       buf_t *why) FPD_MUST_CHECK;

#endif
