/*
 * The writer of a filtered property map's answer. Private to src/alto.
 *
 * property_query.c writes addresses and entities of other domains as they come; property_cover.c
 * turns prefixes into lines, which are sorted, merged and written at the end.
 */
#ifndef FPD_ALTO_PROPERTY_WRITER_H
#define FPD_ALTO_PROPERTY_WRITER_H

#include "property_query.h"

/* A list of capabilities that the answer shows, numbered from 1. */
typedef struct shown {
    uint32_t id;
    uint32_t ad;
    const uint32_t *numbers;
    size_t count;
} shown_t;

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
    uint32_t *scratch;
    table_t shown_by_list;
    shown_t **shown; /* by id */
    size_t shown_count, shown_cap;
    line_t *lines;
    size_t line_count, line_cap;
} writer_t;

/* All properties of the query at one address. */
err_t writer_values_at(writer_t *w, const domain_t *d, const addr_t *addr,
                       uint64_t *out) FPD_MUST_CHECK;
bool writer_any_value(const writer_t *w, const uint64_t *values);
/* The opening of an entity. ERR_LIMIT: one more than an answer may have. */
err_t writer_begin_entity(writer_t *w, slice_t spelling, const prefix_t *prefix) FPD_MUST_CHECK;
err_t writer_line(writer_t *w, const line_t *line) FPD_MUST_CHECK;
addr_t writer_first_address(const prefix_t *p);

/* property_cover.c: adds the lines of a prefix; keep: one for the prefix itself in any case. */
err_t writer_expand(writer_t *w, const entity_t *e, bool keep, uint64_t *values) FPD_MUST_CHECK;
/* `properties` absent: the prefix itself, when anything in it has a value. */
err_t writer_existence(writer_t *w, const entity_t *e, uint64_t *values) FPD_MUST_CHECK;
/* Sorts, merges and writes the lines. */
err_t writer_lines(writer_t *w) FPD_MUST_CHECK;
/* By prefix; of one prefix, the line with the client's spelling first. */
int writer_line_cmp(const void *px, const void *py);

#endif
