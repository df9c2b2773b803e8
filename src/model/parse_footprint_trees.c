#include "builder.h"

/*
 * Values that stand before their footprint-type. JSON has no order of members, so that a value may
 * come first; it is kept as a tree until its type is known. What is found here is what
 * parse_footprints.c finds in the other order.
 */

/* Where a tree's value stands. */
static place_t place_of(const builder_t *b, const json_value_t *v)
{
    return builder_place(b, b->document, v->line, v->column);
}

static slice_t below(builder_t *b, slice_t pointer, slice_t name)
{
    return arena_printf(b->arena, "%.*s/%.*s", SLICE_ARG(pointer), SLICE_ARG(name));
}

/* {"footprint-type": ..., "footprint-value": ...} in any order. */
static void take_rfc_member(builder_t *b, const json_value_t *m, slice_t pointer,
                            fp_draft_t *members)
{
    const json_value_t *type = json_get(m, "footprint-type");
    const json_value_t *value = json_get(m, "footprint-value");
    for (size_t i = 0; i < m->u.object.count; i++) {
        const json_member_t *key = &m->u.object.members[i];
        place_t place = builder_place(b, b->document, key->line, key->column);
        members->bad |= keys_find_at(b, KEYS_RFC_FOOTPRINT, key->name, "a Footprint object", place,
                                     below(b, pointer, key->name)) < 0;
    }
    if (!type || !value) {
        findings_add(b->findings, FINDING_MISSING_KEY, place_of(b, m), pointer, (slice_t){0},
                     "a Footprint object needs %s", type ? "footprint-value" : "footprint-type");
        members->bad = true;
        return;
    }
    slice_t type_at = below(b, pointer, SLICE_LIT("footprint-type"));
    if (type->kind != JSON_STRING) {
        findings_add(b->findings, FINDING_WRONG_TYPE, place_of(b, type), type_at, (slice_t){0},
                     "footprint-type must be text");
        members->bad = true;
        return;
    }
    fp_type_t found = type_find_at(b, type->u.text, place_of(b, type), type_at);
    take_early_value(b, found, value, below(b, pointer, SLICE_LIT("footprint-value")), members,
                     true);
}

/* {"countrycode": ["mx"]}, as documents may write it. */
static void take_typed_member(builder_t *b, const json_value_t *m, slice_t pointer,
                              fp_draft_t *members)
{
    for (size_t i = 0; i < m->u.object.count; i++) {
        const json_member_t *key = &m->u.object.members[i];
        place_t place = builder_place(b, b->document, key->line, key->column);
        slice_t at = below(b, pointer, key->name);
        if (i == 1) {
            findings_add(b->findings, FINDING_NOT_ONE_OBJECT, place, at, (slice_t){0},
                         TEXT_TWO_TYPES);
            members->bad = true;
        }
        int k = keys_find_at(b, KEYS_FOOTPRINT, key->name, "a footprint", place, at);
        if (k < 0) {
            members->bad = true;
        } else {
            take_early_value(b, footprint_kinds[k], &key->value, at, members, true);
        }
    }
}

static void take_member(builder_t *b, const json_value_t *m, slice_t pointer, fp_draft_t *members)
{
    if (m->kind != JSON_OBJECT) {
        findings_add(b->findings, FINDING_WRONG_TYPE, place_of(b, m), pointer, (slice_t){0},
                     TEXT_UNION_MEMBER);
        members->bad = true;
    } else if (!m->u.object.count) {
        findings_add(b->findings, FINDING_EMPTY, place_of(b, m), pointer, (slice_t){0},
                     TEXT_EMPTY_FOOTPRINT);
        members->bad = true;
    } else if (json_get(m, "footprint-type") || json_get(m, "footprint-value")) {
        take_rfc_member(b, m, pointer, members);
    } else {
        take_typed_member(b, m, pointer, members);
    }
}

void take_early_value(builder_t *b, unsigned kind, const json_value_t *value, slice_t pointer,
                      fp_draft_t *draft, bool in_union)
{
    bool ok = false;
    if (kind == FP_TYPE_NONE) {
        /* found already */
    } else if (kind == FP_UNION && in_union) {
        findings_add(b->findings, FINDING_NESTED_UNION, place_of(b, value), pointer, (slice_t){0},
                     TEXT_NESTED_UNION);
    } else if (value->kind != JSON_ARRAY) {
        findings_add(b->findings, value->kind == JSON_NULL ? FINDING_EMPTY : FINDING_WRONG_TYPE,
                     place_of(b, value), pointer, (slice_t){0}, "%s must be a list",
                     kind_name(kind));
    } else if (!value->u.array.count) {
        findings_add(b->findings, FINDING_EMPTY, place_of(b, value), pointer, (slice_t){0},
                     TEXT_NO_VALUES, kind_name(kind));
    } else {
        ok = true;
    }
    if (!ok) {
        draft->bad = true;
    } else if (kind != FP_UNION) {
        take_value_tree(b, kind, value, pointer, draft);
    } else {
        fp_draft_t members = {0};
        for (size_t i = 0; i < value->u.array.count; i++) {
            take_member(b, &value->u.array.items[i],
                        arena_printf(b->arena, "%.*s/%zu", SLICE_ARG(pointer), i), &members);
        }
        take_members(b, draft, &members);
    }
}
