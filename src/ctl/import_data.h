/*
 * Foreign data on its way to a footprint document: what was read, what was found in it, and the
 * text of the document. Private to src/ctl, without any output of its own.
 *
 *     import_read.c           the source
 *     import_names.c          what it and the document are called
 *     import_guess.c          what a text looks like
 *     import_rows.c           separated values (RFC 4180) as rows of fields
 *     import_csv.c            tables with a header,
 *     import_geofeed.c        RFC 8805,
 *     import_prefixes.c       plain lists, each into a table of values
 *     import_table.c          values by footprint: sorted, repetitions found, merged
 *     import_carve.c          of a geofeed: the longest prefix decides
 *     import_special.c        prefixes that nobody delivers to
 *     import_text.c           the table as the text of a document
 *     import_advertisement.c  RFC 9241, RFC 8008 and SVTA advertisements
 *     import_footprints.c     their Footprint objects, which get names
 *     import_bundle.c         what footprintctl export made
 */
#ifndef FPD_CTL_IMPORT_DATA_H
#define FPD_CTL_IMPORT_DATA_H

#include "footprintd/doc/write.h"
#include "footprintd/net/addr.h"

#include <stdarg.h>

typedef enum import_format {
    IMPORT_CSV,
    IMPORT_GEOFEED,
    IMPORT_PREFIXES,
    IMPORT_ADVERTISEMENT,
    IMPORT_BUNDLE,
} import_format_t;
#define IMPORT_FORMAT_COUNT 5

extern const char *const import_format_names[IMPORT_FORMAT_COUNT];

typedef enum import_by {
    IMPORT_BY_COUNTRY,
    IMPORT_BY_REGION,
    IMPORT_BY_NONE,
} import_by_t;

/* What was made. */
typedef struct import_document {
    slice_t name; /* of the file: "caches.yaml" */
    buf_t text;
} import_document_t;

typedef struct import_data {
    /* What is wanted: */
    slice_t file; /* as findings name the source */
    slice_t base; /* its name without directories, for the comment; "" is standard input */
    slice_t name; /* of the document */
    import_format_t format;
    import_by_t by;    /* geofeed */
    slice_t footprint; /* "" or a name; of several footprints, the beginning of their names */
    bool aggregate;    /* prefixes are merged */
    bool skip;         /* what is bad is left out */
    int64_t now;       /* seconds since the epoch, for the check */
    /* Called now and then: what is being done and, of reading, the line that was reached. */
    void (*progress)(void *arg, const char *doing, uint32_t line);
    void *arg;
    /* What came of it: */
    arena_t arena;
    findings_t errors, warnings; /* apart, so that many of one kind hide none of the other */
    bool hopeless;               /* an error that leaving something out does not mend */
    bool failed;                 /* memory */
    import_document_t *documents;
    size_t document_count;
    size_t footprints, capabilities;
    size_t prefixes[FAMILY_COUNT];
} import_data_t;

/* The texts that are wanted are borrowed. */
void import_data_init(import_data_t *d);
void import_data_release(import_data_t *d);
/* At a place of the source; line 0: the whole. */
void import_find(import_data_t *d, finding_code_t code, uint32_t line, uint32_t column,
                 slice_t suggestion, const char *fmt, ...) FPD_PRINTF(6, 7);
/* To be called for every row: of many, one is told. */
void import_reading(import_data_t *d, uint64_t row, uint32_t line);
/* An error that concerns everything: nothing can be made. */
void import_refuse(import_data_t *d, finding_code_t code, const char *fmt, ...) FPD_PRINTF(3, 4);

/*
 * Makes the documents of the text, and checks them. False when there is nothing that could be used:
 * findings say why, unless memory failed.
 */
bool import_run(import_data_t *d, slice_t text);
/* Whether the documents may be used: no errors, or those that were skipped. */
bool import_is_fine(const import_data_t *d);

/*
 * Reads a file, or standard input as "-", whole. ERR_IO, ERR_RANGE, ERR_LIMIT: *why has the reason
 * as a clause.
 */
err_t import_read(const char *path, buf_t *out, buf_t *why) FPD_MUST_CHECK;
/* What it looks like; false when that cannot be told. */
bool import_guess(slice_t text, import_format_t *out);
/*
 * The text without its byte order mark. False after a finding: it is no text, or empty.
 */
bool import_clean(import_data_t *d, slice_t *text);

/* A text as the name of a footprint, and the beginning of a document's: "RIPE feed" is ripe-feed.
 */
slice_t import_sane_name(arena_t *arena, slice_t text);
/* Without what stands behind its last dot. */
slice_t import_stem(slice_t name);
/* Sets file, base and name; `name` NULL: that of the file. False when memory failed. */
bool import_choose_names(import_data_t *d, const char *path, const char *name);

/* ---- the parts; each returns false when memory failed or nothing can be made ---- */

typedef struct import_table import_table_t;

bool import_csv(import_data_t *d, slice_t text, import_table_t *t);
bool import_geofeed(import_data_t *d, slice_t text, import_table_t *t);
bool import_prefixes(import_data_t *d, slice_t text, import_table_t *t);
bool import_advertisement(import_data_t *d, slice_t text);
bool import_bundle(import_data_t *d, slice_t text);

/* A new document with its comment; NULL when memory failed. */
import_document_t *import_document_add(import_data_t *d, slice_t name);
void import_write_comment(const import_data_t *d, buf_t *out);
/* The same for another command than import; `how` says what was read, and by what. */
void import_write_made(const import_data_t *d, const char *command, const char *how, buf_t *out);
/* As footprintctl check would; false when the documents do not pass, which findings say. */
bool import_check(import_data_t *d);
/* The end of all: whether it is fine, if what was done is; sees that findings lack no memory. */
bool import_end(import_data_t *d, bool ok);
/* What is being done, for those who wait. */
void import_doing(import_data_t *d, const char *what);

/* A warning when the prefix is private, reserved or everything. */
void import_check_prefix(import_data_t *d, const prefix_t *p, uint32_t line, uint32_t column);
/* A text with or without a prefix length; finds host bits. False after a finding. */
bool import_parse_prefix(import_data_t *d, slice_t text, uint32_t line, uint32_t column,
                         prefix_t *out);
/* Whether documents could have it as the name of a footprint. */
bool import_name_valid(slice_t name);

#endif
