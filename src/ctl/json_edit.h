/*
 * Changing a JSON tree in place: for the patches. Private to src/ctl.
 *
 * Trees are those of base/json: numbers stay the text that they came as. Everything new lies in the
 * tree's arena. A list that grew here has room for 2^column items and line 0, which no list that
 * was read has; so a thousand insertions into a long list do not copy it a thousand times.
 */
#ifndef FPD_CTL_JSON_EDIT_H
#define FPD_CTL_JSON_EDIT_H

#include "footprintd/base/json.h"

/*
 * The place of a name in an object, or its count of members. The search begins at *hint and leaves
 * the place there: patches go through an object in its order.
 */
size_t json_edit_find(const json_value_t *object, slice_t name, size_t *hint);
/* Behind the others. False: no memory. */
bool json_edit_append(json_value_t *object, slice_t name, json_value_t value, arena_t *arena);
/* Before the item that is at the place now; at may be the count. */
bool json_edit_insert(json_value_t *array, size_t at, json_value_t value, arena_t *arena);
/* The order of the others stays. */
void json_edit_remove(json_value_t *container, size_t at);
/* A copy that shares nothing that could be changed. */
bool json_edit_copy(const json_value_t *from, json_value_t *to, arena_t *arena);
/* Levels of objects and lists: 0 for a scalar. Stops counting above the limit. */
unsigned json_edit_depth(const json_value_t *v, unsigned limit);

#endif
