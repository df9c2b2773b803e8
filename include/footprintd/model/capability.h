/*
 * Capabilities (RFC 8008, 8804, 9808, 9677): the table of types, each with its validation in
 * documents and its part in filters.
 */
#ifndef FOOTPRINTD_MODEL_CAPABILITY_H
#define FOOTPRINTD_MODEL_CAPABILITY_H

#include "footprintd/base/hash.h"
#include "footprintd/base/json.h"
#include "footprintd/doc/finding.h"

typedef struct capability_type capability_type_t;

/* What a validator works with. */
typedef struct capability_check {
    findings_t *findings;
    slice_t file;
    slice_t base; /* JSON Pointer of the capability-value */
    arena_t *arena;
} capability_check_t;

struct capability_type {
    const char *name; /* "FCI.DeliveryProtocol" */
    const char *reference;
    /*
     * A quantity or identity that must not be said twice: a list of footprint names becomes one
     * object with a footprintunion, not one object a name.
     */
    bool once;
    /*
     * Validates a value from a document and makes its canonical form: members in the order of the
     * type's definition, sets sorted and without duplicates, numbers plain. False after an error
     * finding.
     */
    bool (*canonical)(const capability_check_t *check, const json_value_t *value,
                      json_value_t *out);
    /* Filters: is the value of a request consistent with the type (RFC 9241 5.6)? */
    bool (*consistent)(const json_value_t *wanted);
    /* Filters: are the mandatory properties of `offered` a semantic superset of `wanted`'s? */
    bool (*covers)(const json_value_t *offered, const json_value_t *wanted);
};

/*
 * The row of a registered type, or the one row for all others: opaque JSON, matched by structure.
 * Never NULL.
 */
const capability_type_t *capability_type_find(slice_t name);
bool capability_type_is_opaque(const capability_type_t *type);
/* The table, for docs and tests: index from 0; NULL past the end. */
const capability_type_t *capability_type_at(size_t i);

/*
 * Validates a capability-type as written (prefix, near misses, unregistered and secret-bearing
 * types). False after an error finding.
 */
bool capability_type_check(findings_t *f, place_t place, slice_t pointer, slice_t name);

/* One distinct capability of an advertisement: type and canonical value. */
typedef struct capability {
    const capability_type_t *type;
    slice_t name; /* capability-type: differs from type->name for opaque types */
    json_value_t value;
    slice_t text; /* the value, compact JSON */
} capability_t;

#endif
