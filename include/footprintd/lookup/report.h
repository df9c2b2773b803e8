/*
 * What is told of an address, or of a prefix: the parts that the forms of footprintctl lookup
 * share, and the form in JSON, which is the admin interface's too.
 */
#ifndef FOOTPRINTD_LOOKUP_REPORT_H
#define FOOTPRINTD_LOOKUP_REPORT_H

#include "footprintd/lookup/near.h"

#include <time.h>

/* Near misses that are shown of one address. */
#define REPORT_NEAR_MAX 10
/* Values of one list that are shown in a reason. */
#define REPORT_VALUES_MAX 6

/* Texts that are the same for all addresses of an answer; the memory for them is bounded. */
typedef struct report_cache {
    slice_t *texts; /* by answer id; ptr NULL: not made yet */
    arena_t arena;
} report_cache_t;

typedef struct report {
    const lookup_engine_t *engine;
    const char *directory; /* of the documents */
    time_t now;
    bool names;    /* JSON tells documents by their names, without the directory */
    bool why;      /* near misses, too */
    bool why_one;  /* only this footprint, near or not: */
    uint32_t only; /* its index */

    buf_t out;
    lookup_covers_t covers; /* of the address at hand */
    lookup_misses_t misses;
    report_cache_t cache;
    buf_t scratch;
    buf_t databases; /* JSON: the member of every line */
} report_t;

/* engine and directory are borrowed. */
err_t report_init(report_t *r, const lookup_engine_t *engine, const char *directory,
                  time_t now) FPD_MUST_CHECK;
void report_release(report_t *r);

/* Each appends what is to be said of an address to r->out. ERR_NOMEM. */
typedef err_t report_write_t(report_t *r, const addr_t *addr);
report_write_t report_json;

/* Of what is said of a prefix, so much is listed; all is counted. */
#define REPORT_PREFIX_GROUPS 64
#define REPORT_PREFIX_RANGES 64  /* of a group */
#define REPORT_PREFIX_LISTED 256 /* footprints, or capabilities */
/* No list goes on behind so much text, whatever the numbers. */
#define REPORT_PREFIX_BYTES ((size_t)4 << 20)
/*
 * The same of all addresses of a prefix: one JSON object and a newline. host_bits: some were set
 * in what was asked for.
 */
err_t report_json_prefix(report_t *r, const prefix_t *prefix, bool host_bits) FPD_MUST_CHECK;
/* The databases as a JSON array: source, type, day of building, age. attributes may be NULL. */
void report_databases(const attributes_t *attributes, time_t now, buf_t *out);

/* ---- for the forms ---- */

/* Fills r->misses as the options want it. */
err_t report_find_misses(report_t *r, const addr_t *addr) FPD_MUST_CHECK;
/*
 * The text of an answer, from the cache or made by `make`, which finds r->covers filled; it may lie
 * in r->scratch, until the next call.
 */
err_t report_cached(report_t *r, uint32_t answer, void (*make)(report_t *r, buf_t *out),
                    slice_t *out) FPD_MUST_CHECK;
/* Why a constraint fails: "countrycode is fr, not one of at, ch, de". */
void report_reason(const lookup_subject_t *subject, const fp_constraint_t *constraint, buf_t *out);
/* Note i about the address itself; NULL behind the last one. */
const char *report_note(const addr_t *addr, size_t i);
/*
 * The next note about what would say something of the address and is not in force: a footprint that
 * has it, or capabilities that are withdrawn. False: there is none. *at begins with 0.
 */
bool report_held(const report_t *r, const addr_t *addr, size_t *at, buf_t *out);
/* "de" or "us-ny". */
void report_code(buf_t *out, geo_code_t code);
void report_addr(buf_t *out, const addr_t *addr);
void report_scope(report_t *r, const addr_t *addr, buf_t *out);
/* A document with an audience is restricted. */
const model_document_t *report_document(const report_t *r, uint32_t document, bool *restricted);
bool report_map_restricted(const report_t *r, size_t map);
/* Bytes that could steer a terminal as \xNN; `strict`: also space and comma. */
void report_printable(buf_t *out, slice_t s, bool strict);

#endif
