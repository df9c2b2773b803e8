/*
 * The copy of a resource's document that a subscriber holds: its text, and what its meta says of
 * versions. No I/O. Private to src/ctl.
 *
 * The text is compact, with members in the order they came in and numbers as they were written, so
 * that it is byte for byte what a server that writes so sends for a GET. A copy is made whole or
 * not at all: patches make a new one and leave the old one alone.
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

/*
 * A full document. ERR_DATA with the reason appended to *why when it is no ALTO document,
 * ERR_NOMEM. *out is an initialised, empty copy, and stays so on failure.
 */
err_t watch_doc_read(slice_t text, watch_doc_t *out, buf_t *why) FPD_MUST_CHECK;
/*
 * What a patch makes of a copy. Refused with ERR_DATA: a patch that does not apply; a result whose
 * tag is not the one that the patch says, or is the old one though something else changed; a result
 * without the vtag, or the dependencies, that the document had.
 */
err_t watch_doc_patch(const watch_doc_t *from, watch_kind_t kind, slice_t patch, watch_doc_t *out,
                      buf_t *why) FPD_MUST_CHECK;

#endif
