/*
 * Request bodies of update streams and TIPS: their members, and the errors that are told of them.
 * Private to src/updates.
 */
#ifndef FPD_UPDATES_PARAMS_H
#define FPD_UPDATES_PARAMS_H

#include "hub.h"

typedef struct params {
    arena_t *arena;
    hub_refusal_t *refusal;
    const json_value_t *root; /* an object */
} params_t;

/* False: refused, as for every ALTO request (E_SYNTAX), or memory is out (the arena failed). */
bool params_parse(params_t *p, slice_t body);

/* Each refuses and returns false. field is "a/b"; it may be made by params_field. */
bool params_missing(params_t *p, slice_t field);
bool params_wrong_type(params_t *p, slice_t field);
bool params_wrong_value(params_t *p, slice_t field, slice_t value);
bool params_wrong_json(params_t *p, slice_t field, const json_value_t *value);
/* "add/<id>/<member>"; either may be NULL or empty. */
slice_t params_field(params_t *p, slice_t id, const char *member);

/* A tag's text (RFC 7285 10.3): 1 to 64 of U+0021 to U+007E. */
bool params_tag_valid(slice_t text);
/* A name of the PIDName alphabet without '.' (RFC 7285 10.1). */
bool params_id_valid(slice_t text);

#endif
