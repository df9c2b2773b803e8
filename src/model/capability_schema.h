/*
 * A small schema for capability values: objects as tables of members, each with a function that
 * checks one value and writes its canonical form. Private to src/model.
 */
#ifndef FPD_MODEL_CAPABILITY_SCHEMA_H
#define FPD_MODEL_CAPABILITY_SCHEMA_H

#include "footprintd/model/capability.h"
#include "registry.h"

/* Where in the value we are; a chain on the stack, printed only for findings. */
typedef struct schema_path {
    const struct schema_path *parent;
    slice_t name; /* a member; or, when name.ptr is NULL, */
    size_t index; /* an item */
} schema_path_t;

typedef struct schema {
    const capability_check_t *check;
    const schema_path_t *path;
} schema_t;

/* False after an error finding. A value to be left out is JSON_NULL in *out. */
typedef bool (*schema_fn)(const schema_t *s, const json_value_t *in, json_value_t *out);

typedef struct schema_member {
    const char *name;
    bool required;
    schema_fn fn;
} schema_member_t;

void schema_find(const schema_t *s, finding_code_t code, const json_value_t *at, slice_t suggestion,
                 const char *fmt, ...) FPD_PRINTF(5, 6);
/* "must be a list of text" and the like, when the kind is another. */
bool schema_kind(const schema_t *s, const json_value_t *in, json_kind_t kind, const char *wants);

/*
 * An object by its table: members in the table's order, then unknown ones (with a warning) by
 * name. An empty or null optional member is left out where empty_is_absent.
 */
bool schema_object(const schema_t *s, const json_value_t *in, const schema_member_t *members,
                   size_t count, bool empty_is_absent, json_value_t *out);
/* A list, every item through fn; in the order that cmp gives the results (NULL: as written). */
bool schema_list(const schema_t *s, const json_value_t *in, schema_fn fn,
                 int (*cmp)(const void *, const void *), json_value_t *out);
/* A set of strings: checked against the registry (warning), sorted, without duplicates. */
bool schema_set(const schema_t *s, const json_value_t *in, const registry_t *registry,
                json_value_t *out);

bool schema_string(const schema_t *s, const json_value_t *in, json_value_t *out);
bool schema_bool(const schema_t *s, const json_value_t *in, json_value_t *out);
bool schema_u64(const schema_t *s, const json_value_t *in, json_value_t *out);
/* Any JSON, numbers verbatim, members in the order of their names: an object has none of its own.
 */
bool schema_any(const schema_t *s, const json_value_t *in, json_value_t *out);
bool schema_sorted(const schema_t *s, const json_value_t *in, json_value_t *out);
/* A total order of sorted values by content. */
int schema_value_cmp(const json_value_t *a, const json_value_t *b);
/* host[:port] in A-labels, IPv4 or [IPv6] (RFC 8006 4.3.3). */
bool schema_endpoint(const schema_t *s, const json_value_t *in, json_value_t *out);

#endif
