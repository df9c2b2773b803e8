/*
 * The writer of a filtered property map's answer. Private to src/alto.
 *
 * property_query.c writes addresses and entities of other domains as they come; when prefixes are
 * asked for, property_cover.c turns them into lines, which property_lines.c sorts, merges and
 * writes at the end.
 */
#ifndef FPD_ALTO_PROPERTY_WRITER_H
#define FPD_ALTO_PROPERTY_WRITER_H

#include "property_query.h"

/* One entity of the answer with the properties that are listed for it. */
typedef struct line {
    prefix_t prefix;
    slice_t spelling;       /* the client's; {NULL, 0}: canonical */
    const uint64_t *values; /* by property of the query; 0: none */
    const bool *listed;     /* NULL: those that have a value */
} line_t;

typedef struct writer {
    const property_map_content_t *c;
    const property_query_t *q;
    arena_t *arena;
    buf_t *out;
    size_t written;
    line_t *lines;
    size_t line_count, line_cap;
    size_t line_most; /* so many are merged before there are more */
} writer_t;

/* All properties of the query at one address; false when none has a value. */
bool writer_values_at(const writer_t *w, const addr_t *addr, uint64_t *out);
addr_t writer_first_address(const prefix_t *p);
/* A whole entity. ERR_LIMIT: one more than an answer may have. */
err_t writer_line(writer_t *w, const line_t *line) FPD_MUST_CHECK;

/* property_cover.c: adds the lines of a prefix. */
err_t writer_expand(writer_t *w, const entity_t *e, uint64_t *values) FPD_MUST_CHECK;
/* Whether any address of a prefix has any of the properties. */
err_t writer_any_in(writer_t *w, const entity_t *e, uint64_t *values, bool *out) FPD_MUST_CHECK;

/*
 * property_lines.c. A line that lists nothing is written only for what another says of its entity:
 * it is there for its spelling.
 */
err_t lines_add(writer_t *w, line_t line) FPD_MUST_CHECK;
err_t lines_write(writer_t *w) FPD_MUST_CHECK;

#endif
