/*
 * The writer of a filtered property map's answer. Private to src/alto.
 *
 * property_query.c writes addresses and entities of other domains as they come; when prefixes are
 * asked for, entities of ipv4 and ipv6 are written in the order of addresses, and property_cover.c
 * says what is in a prefix.
 */
#ifndef FPD_ALTO_PROPERTY_WRITER_H
#define FPD_ALTO_PROPERTY_WRITER_H

#include "property_query.h"

/* One entity of the answer with the properties that are listed for it. */
typedef struct line {
    prefix_t prefix;
    slice_t spelling;       /* the client's; {NULL, 0}: canonical */
    const uint64_t *values; /* by property of the query; 0: none */
    const uint64_t *above;  /* what is inherited; NULL: nothing */
    bool whole;             /* lists all that it has, and not only what differs from above */
} line_t;

typedef struct writer {
    const property_map_content_t *c;
    const property_query_t *q;
    arena_t *arena;
    property_text_t *out;
    size_t written;
} writer_t;

/* All properties of the query at one address; false when none has a value. */
bool writer_values_at(const writer_t *w, const addr_t *addr, uint64_t *out);
addr_t writer_first_address(const prefix_t *p);
/* Nothing when there is nothing to list. ERR_LIMIT: one more than an answer may have. */
err_t writer_line(writer_t *w, const line_t *line) FPD_MUST_CHECK;

/*
 * property_cover.c: writes the first of the entities, which is a prefix, and the others, which lie
 * in it, by address and outer before inner.
 */
err_t writer_expand(writer_t *w, const entity_t *const *asked, size_t count,
                    uint64_t *values) FPD_MUST_CHECK;
/* Whether any address of a prefix has any of the properties. */
err_t writer_any_in(writer_t *w, const entity_t *e, uint64_t *values, bool *out) FPD_MUST_CHECK;

#endif
