/*
 * The filtered property map's answer, entity by entity. Private to src/alto.
 */
#ifndef FPD_ALTO_PROPERTY_QUERY_H
#define FPD_ALTO_PROPERTY_QUERY_H

#include "property_text.h"
#include "property_values.h"

typedef struct property_query {
    entity_t *entities; /* as asked for, in order; aliases may repeat */
    size_t entity_count;
    const property_t **properties;
    size_t property_count;
    bool existence; /* `properties` absent: {} for entities that have any */
    bool all;       /* `entities` was []: those of the GET map */
    bool listed;    /* `properties` names some */
} property_query_t;

/* Fills the entities with those of the GET map. ERR_LIMIT: more than can be looked at. */
err_t property_query_all(const property_map_content_t *c, arena_t *arena,
                         property_query_t *q) FPD_MUST_CHECK;

/*
 * The members of "property-map"; leaves the query's entities without aliases. ERR_LIMIT: more
 * entities than an answer may have.
 */
err_t property_query_write(const property_map_content_t *c, property_query_t *q,
                           property_text_t *out) FPD_MUST_CHECK;

#endif
