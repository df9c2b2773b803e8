/*
 * Values of properties at an address, and their text. Private to src/alto.
 */
#ifndef FPD_ALTO_PROPERTY_VALUES_H
#define FPD_ALTO_PROPERTY_VALUES_H

#include "entity.h"

/* The functions on addresses that properties are read from; each is looked up once an address. */
typedef struct point {
    uint32_t answer;     /* of the join */
    uint32_t attributes; /* 0: nothing is known */
} point_t;

/*
 * What one property is there, as a number that says the value together with the property: 0 for
 * none, equal numbers for equal values.
 */
uint64_t property_number(const property_map_content_t *c, const property_t *p, const point_t *at,
                         const addr_t *addr);

/* Writes the value from its number (not 0). */
void property_number_text(const property_map_content_t *c, const property_t *p, uint64_t number,
                          buf_t *out);

/* The answers and attributes of one address. */
point_t point_at(const property_map_content_t *c, const addr_t *addr);

#endif
