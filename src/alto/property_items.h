/*
 * What the GET map lists, before any of it is text. Private to src/alto.
 *
 * For every property, the entities that the view's objects name where its value is another than the
 * one that is inherited there. What no visible object names is no entity, whatever hidden documents
 * and unused footprints say.
 */
#ifndef FPD_ALTO_PROPERTY_ITEMS_H
#define FPD_ALTO_PROPERTY_ITEMS_H

#include "property_values.h"

/* One property of one entity. */
typedef struct item {
    const domain_t *domain;
    prefix_t prefix; /* IP domains */
    uint64_t value;  /* others: AS number, code, or number of the PID */
    uint32_t property;
    uint32_t number; /* as property_number has it; 0: null */
} item_t;

typedef struct items {
    item_t *list; /* by entity, then property */
    size_t count;
} items_t;

/* ERR_LIMIT: there are more than `most`, or more prefixes than the join lists. */
err_t items_gather(const property_map_content_t *c, size_t most, items_t *out) FPD_MUST_CHECK;
void items_release(items_t *items);

bool items_same_entity(const item_t *x, const item_t *y);
entity_t item_entity(const property_map_content_t *c, const item_t *item);

#endif
