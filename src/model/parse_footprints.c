#include "builder.h"

#include "footprintd/base/suggest.h"

#include <stdlib.h>

/* ---- unions ---- */

fp_constraint_t *make_union(builder_t *b, const fp_draft_t *members)
{
    fp_constraint_t *c = builder_alloc(b, 1, sizeof *c);
    const fp_values_t **list = builder_alloc(b, FP_TYPE_COUNT, sizeof *list);
    if (!c || !list) {
        return NULL;
    }
    c->type = FP_UNION;
    c->members = list;
    for (unsigned i = 0; i < FP_TYPE_COUNT; i++) {
        if (members->values[i]) {
            list[c->member_count++] = members->values[i];
        }
    }
    return c->member_count ? c : NULL;
}

static void nested_union(builder_t *b, fp_draft_t *draft)
{
    doc_reader_find(b->reader, FINDING_NESTED_UNION, (slice_t){0},
                    "a footprintunion cannot hold a footprintunion; list its members here");
    draft->bad = true;
}

static bool parse_rfc_object(builder_t *b, fp_draft_t *draft, bool in_union);
static bool parse_typed_map(builder_t *b, fp_draft_t *draft, bool in_union, slice_t first_key);

/* The members of a footprintunion; the last event opens the list. */
static bool parse_union(builder_t *b, fp_draft_t *draft)
{
    if (!builder_expect_list(b, "footprintunion")) {
        draft->bad = true;
        return doc_reader_last(b->reader)->kind != DOC_EV_ERROR;
    }
    fp_draft_t members = {0};
    size_t seen = 0;
    for (;;) {
        const doc_event_t *ev = builder_next(b);
        if (ev->kind == DOC_EV_SEQ_END) {
            break;
        }
        if (ev->kind == DOC_EV_ERROR) {
            return false;
        }
        seen++;
        if (ev->kind != DOC_EV_MAP) {
            doc_reader_find(b->reader, FINDING_WRONG_TYPE, (slice_t){0},
                            "a member of a footprintunion is a footprint, such as "
                            "'countrycode: [mx]'");
            draft->bad = true;
            if (!doc_reader_skip(b->reader)) {
                return false;
            }
            continue;
        }
        if (!parse_rfc_object(b, &members, true)) {
            return false;
        }
    }
    if (!seen) {
        doc_reader_find(b->reader, FINDING_EMPTY, (slice_t){0}, "a footprintunion needs a member");
    }
    if (!seen || members.bad) {
        draft->bad = true;
        return true;
    }
    if (members.pid_count) {
        name_ref_t *refs = builder_alloc(b, draft->pid_count + members.pid_count, sizeof *refs);
        if (!refs) {
            return true;
        }
        if (draft->pid_count) {
            memcpy(refs, draft->pids, draft->pid_count * sizeof *refs);
        }
        memcpy(refs + draft->pid_count, members.pids, members.pid_count * sizeof *refs);
        draft->pids = refs;
        draft->pid_count += members.pid_count;
    }
    fp_constraint_t *c = make_union(b, &members);
    if (c) {
        builder_push(b, &draft->unions, c);
    } else {
        draft->bad = true;
    }
    return true;
}

/* ---- RFC Footprint objects ---- */

static fp_type_t find_type(builder_t *b, slice_t name)
{
    fp_type_t type = fp_type_find(name);
    if (type != (fp_type_t)FP_TYPE_COUNT) {
        return type;
    }
    suggest_t s;
    suggest_init(&s, name);
    for (unsigned i = 0; i < FP_TYPE_COUNT; i++) {
        suggest_offer(&s, slice_str(fp_type_infos[i].name));
    }
    bool cidr = slice_is(name, "cidr");
    doc_reader_find(b->reader, FINDING_UNKNOWN_TYPE, cidr ? (slice_t){0} : s.best,
                    cidr ? "'%.*s' is a type of named footprints only; a Footprint object has "
                           "ipv4cidr or ipv6cidr"
                         : "'%.*s' is not a footprint type",
                    SLICE_ARG(name));
    return type;
}

/* A union whose value came before its type, as a tree. */
static void take_union_tree(builder_t *b, const json_value_t *list, slice_t pointer,
                            fp_draft_t *draft)
{
    fp_draft_t members = {0};
    for (size_t i = 0; i < list->u.array.count; i++) {
        const json_value_t *m = &list->u.array.items[i];
        const json_value_t *type = json_get(m, "footprint-type");
        const json_value_t *value = json_get(m, "footprint-value");
        place_t place = builder_place(b, b->document, m->line, m->column);
        slice_t at = arena_printf(b->arena, "%.*s/%zu/footprint-value", SLICE_ARG(pointer), i);
        fp_type_t t = json_is_string(type) ? fp_type_find(type->u.text) : (fp_type_t)FP_TYPE_COUNT;
        if (t == FP_UNION) {
            findings_add(b->findings, FINDING_NESTED_UNION, place, at, (slice_t){0},
                         "a footprintunion cannot hold a footprintunion; list its members here");
            members.bad = true;
        } else if (t == (fp_type_t)FP_TYPE_COUNT || !value || value->kind != JSON_ARRAY ||
                   !value->u.array.count) {
            findings_add(
                b->findings, FINDING_BAD_VALUE, place, at, (slice_t){0},
                "a member of a footprintunion needs a footprint-type and a list of values");
            members.bad = true;
        } else {
            take_value_tree(b, t, value, at, &members);
        }
    }
    fp_constraint_t *c = members.bad ? NULL : make_union(b, &members);
    draft->bad |= !c;
    if (c) {
        draft->pids = members.pid_count ? members.pids : draft->pids;
        draft->pid_count = members.pid_count ? members.pid_count : draft->pid_count;
        builder_push(b, &draft->unions, c);
    }
}

/* The value of a Footprint object, when its type is known. */
static bool parse_value(builder_t *b, fp_type_t type, fp_draft_t *draft, bool in_union)
{
    if (type == (fp_type_t)FP_TYPE_COUNT) {
        draft->bad = true;
        return doc_reader_skip(b->reader);
    }
    if (type != FP_UNION) {
        return parse_value_list(b, type, false, draft);
    }
    if (in_union) {
        nested_union(b, draft);
        return doc_reader_skip(b->reader);
    }
    return parse_union(b, draft);
}

static void take_early_value(builder_t *b, fp_type_t type, const json_value_t *value,
                             slice_t pointer, fp_draft_t *draft, bool in_union)
{
    place_t place = builder_place(b, b->document, value->line, value->column);
    if (type == (fp_type_t)FP_TYPE_COUNT) {
        draft->bad = true;
    } else if (value->kind != JSON_ARRAY) {
        findings_add(b->findings, FINDING_WRONG_TYPE, place, pointer, (slice_t){0},
                     "footprint-value must be a list");
        draft->bad = true;
    } else if (!value->u.array.count) {
        findings_add(b->findings, FINDING_EMPTY, place, pointer, (slice_t){0},
                     "%s has no values; a footprint without values would cover nobody",
                     fp_type_infos[type].name);
        draft->bad = true;
    } else if (type == FP_UNION && in_union) {
        findings_add(b->findings, FINDING_NESTED_UNION, place, pointer, (slice_t){0},
                     "a footprintunion cannot hold a footprintunion; list its members here");
        draft->bad = true;
    } else if (type == FP_UNION) {
        take_union_tree(b, value, pointer, draft);
    } else {
        take_value_tree(b, type, value, pointer, draft);
    }
}

/* After the first key of a Footprint object, which is in *key. */
static bool parse_rfc_members(builder_t *b, fp_draft_t *draft, bool in_union, slice_t key,
                              place_t place, slice_t pointer)
{
    fp_type_t type = (fp_type_t)FP_TYPE_COUNT;
    bool have_type = false, have_value = false;
    json_value_t early = {0};
    slice_t early_pointer = {0};
    bool have_early = false;
    for (;;) {
        int k = keys_find(b, KEYS_RFC_FOOTPRINT, key, "a Footprint object");
        const doc_event_t *ev = builder_next(b);
        slice_t text;
        if (ev->kind == DOC_EV_ERROR) {
            return false;
        }
        if (k == 0) {
            have_type = true;
            if (builder_expect_text(b, "footprint-type", false, &text)) {
                type = find_type(b, text);
            }
            draft->bad |= type == (fp_type_t)FP_TYPE_COUNT;
        } else if (k == 1 && have_type) {
            have_value = true;
            if (!parse_value(b, type, draft, in_union)) {
                return false;
            }
        } else if (k == 1) {
            have_value = have_early = true;
            early_pointer = builder_pointer(b);
            if (doc_reader_tree(b->reader, b->arena, &early)) {
                return false;
            }
        } else {
            draft->bad = true;
            if (!doc_reader_skip(b->reader)) {
                return false;
            }
        }
        ev = builder_next(b);
        if (ev->kind == DOC_EV_ERROR) {
            return false;
        }
        if (ev->kind == DOC_EV_MAP_END) {
            break;
        }
        key = ev->text;
    }
    if (!have_type || !have_value) {
        findings_add(b->findings, FINDING_MISSING_KEY, place, pointer, (slice_t){0},
                     "a Footprint object needs %s",
                     have_type ? "footprint-value" : "footprint-type");
        draft->bad = true;
    } else if (have_early) {
        take_early_value(b, type, &early, early_pointer, draft, in_union);
    }
    return true;
}

/* ---- maps of types ---- */

/* cidr is ipv4cidr or ipv6cidr at once: beside one of them it would say two things. */
static void check_beside_cidr(builder_t *b, unsigned kind, fp_draft_t *draft)
{
    bool ip = kind == VALUE_CIDR || kind == FP_IPV4CIDR || kind == FP_IPV6CIDR;
    bool others = draft->values[FP_IPV4CIDR] || draft->values[FP_IPV6CIDR];
    if (ip && others && (kind == VALUE_CIDR) != draft->from_cidr) {
        doc_reader_find(
            b->reader, FINDING_NULL_FOOTPRINT, (slice_t){0},
            "cidr beside ipv4cidr or ipv6cidr would be met by no address or by few; put "
            "all prefixes under cidr");
        draft->bad = true;
    }
}

/* KEYS_FOOTPRINT in its order. */
static const unsigned footprint_kinds[] = {VALUE_CIDR, FP_IPV4CIDR,    FP_IPV6CIDR,
                                           FP_ASN,     FP_COUNTRYCODE, FP_SUBDIVISIONCODE,
                                           FP_ALTOPID, FP_UNION};

static bool parse_typed_map(builder_t *b, fp_draft_t *draft, bool in_union, slice_t key)
{
    size_t types = 0;
    for (;;) {
        int k = keys_find(b, KEYS_FOOTPRINT, key, "a footprint");
        if (in_union && ++types == 2) {
            doc_reader_find(b->reader, FINDING_NOT_ONE_OBJECT, (slice_t){0},
                            "a member of a footprintunion has one type; two types in one member "
                            "(both must match) cannot be said there");
            draft->bad = true;
        }
        const doc_event_t *ev = builder_next(b);
        if (ev->kind == DOC_EV_ERROR) {
            return false;
        }
        bool ok;
        if (k < 0) {
            draft->bad = true;
            ok = doc_reader_skip(b->reader);
        } else if (footprint_kinds[k] == FP_UNION) {
            if (in_union) {
                nested_union(b, draft);
                ok = doc_reader_skip(b->reader);
            } else {
                ok = parse_union(b, draft);
            }
        } else {
            if (!in_union) {
                check_beside_cidr(b, footprint_kinds[k], draft);
            }
            ok = parse_value_list(b, footprint_kinds[k], false, draft);
        }
        if (!ok) {
            return false;
        }
        ev = builder_next(b);
        if (ev->kind != DOC_EV_SCALAR) {
            return ev->kind == DOC_EV_MAP_END;
        }
        key = ev->text;
    }
}

/* The last event opens a map: a Footprint object, or a map of types. */
static bool parse_rfc_object(builder_t *b, fp_draft_t *draft, bool in_union)
{
    const doc_event_t *ev = doc_reader_last(b->reader);
    place_t place = builder_place(b, b->document, ev->line, ev->column);
    slice_t pointer = builder_pointer(b);
    ev = builder_next(b);
    if (ev->kind == DOC_EV_ERROR) {
        return false;
    }
    if (ev->kind == DOC_EV_MAP_END) {
        findings_add(b->findings, FINDING_EMPTY, place, pointer, (slice_t){0},
                     "an empty footprint; '%s' is the name for every address", MODEL_EVERYWHERE);
        draft->bad = true;
        return true;
    }
    bool rfc = slice_is(ev->text, "footprint-type") || slice_is(ev->text, "footprint-value");
    return rfc ? parse_rfc_members(b, draft, in_union, ev->text, place, pointer)
               : parse_typed_map(b, draft, in_union, ev->text);
}

bool parse_rfc_footprints(builder_t *b, fp_draft_t *draft)
{
    for (;;) {
        const doc_event_t *ev = doc_reader_last(b->reader);
        if (ev->kind == DOC_EV_MAP) {
            if (!parse_rfc_object(b, draft, false)) {
                return false;
            }
        } else {
            doc_reader_find(b->reader, FINDING_WRONG_TYPE, (slice_t){0},
                            "names and Footprint objects cannot stand in one list: names are "
                            "alternatives, objects narrow one another");
            draft->bad = true;
            if (!doc_reader_skip(b->reader)) {
                return false;
            }
        }
        ev = builder_next(b);
        if (ev->kind == DOC_EV_SEQ_END) {
            return true;
        }
        if (ev->kind == DOC_EV_ERROR) {
            return false;
        }
    }
}

/* ---- the whole ---- */

/* Which families a list of values can meet: 1 is IPv4, 2 is IPv6. */
static unsigned families(const fp_values_t *v)
{
    return v->type == FP_IPV4CIDR ? 1 : v->type == FP_IPV6CIDR ? 2 : 3;
}

void check_draft(builder_t *b, fp_draft_t *draft, place_t place, slice_t pointer)
{
    if (draft->bad) {
        return;
    }
    unsigned can = 3;
    for (unsigned i = 0; i < FP_TYPE_COUNT; i++) {
        if (draft->values[i] && !(draft->from_cidr && (i == FP_IPV4CIDR || i == FP_IPV6CIDR))) {
            can &= families(draft->values[i]);
        }
    }
    if (draft->from_cidr) {
        can &= (draft->values[FP_IPV4CIDR] ? 1u : 0) | (draft->values[FP_IPV6CIDR] ? 2u : 0);
    }
    for (size_t u = 0; u < draft->unions.count; u++) {
        const fp_constraint_t *c = draft->unions.items[u];
        unsigned any = 0;
        for (size_t m = 0; m < c->member_count; m++) {
            any |= families(c->members[m]);
        }
        can &= any;
    }
    if (!can) {
        findings_add(b->findings, FINDING_NULL_FOOTPRINT, place, pointer, SLICE_LIT("cidr"),
                     "no address is IPv4 and IPv6 at once: ipv4cidr beside ipv6cidr covers nobody; "
                     "a named footprint with 'cidr:' takes both families");
        draft->bad = true;
    }
}

static bool parse_footprint_body(builder_t *b, fp_draft_t *draft)
{
    const doc_event_t *ev = doc_reader_last(b->reader);
    if (ev->kind == DOC_EV_MAP) {
        return parse_rfc_object(b, draft, false);
    }
    if (ev->kind == DOC_EV_SEQ) {
        /* A pasted `footprints` array. */
        ev = builder_next(b);
        if (ev->kind == DOC_EV_ERROR) {
            return false;
        }
        if (ev->kind == DOC_EV_SEQ_END) {
            doc_reader_find(b->reader, FINDING_EMPTY, (slice_t){0},
                            "an empty footprint; '%s' is the name for every address",
                            MODEL_EVERYWHERE);
            draft->bad = true;
            return true;
        }
        return parse_rfc_footprints(b, draft);
    }
    draft->bad = true;
    (void)builder_expect_map(b, "a footprint");
    return doc_reader_last(b->reader)->kind != DOC_EV_ERROR;
}

static void define(builder_t *b, footprint_draft_t *f, slice_t pointer)
{
    if (!builder_check_name(b, f->name, "the name of a footprint")) {
        return;
    }
    if (slice_is(f->name, MODEL_EVERYWHERE)) {
        doc_reader_find(b->reader, FINDING_BAD_NAME, (slice_t){0},
                        "'%s' is built in: it means every address", MODEL_EVERYWHERE);
        return;
    }
    const footprint_draft_t *other = table_get(&b->footprints, f->name);
    if (other && other->document == f->document) {
        return; /* found as a duplicate key */
    }
    if (other) {
        findings_add(b->findings, FINDING_DUPLICATE_NAME,
                     builder_place(b, f->document, f->line, f->column), pointer, (slice_t){0},
                     "footprint '%.*s' is defined already at %.*s:%u", SLICE_ARG(f->name),
                     SLICE_ARG(b->documents[other->document].made.file), other->line);
        return;
    }
    b->failed |= table_put(&b->footprints, f->name, f, NULL) != ERR_OK;
    builder_push(b, &b->footprint_list, f);
}

bool parse_footprint_map(builder_t *b)
{
    if (!builder_expect_map(b, "footprints")) {
        return doc_reader_last(b->reader)->kind != DOC_EV_ERROR;
    }
    for (;;) {
        const doc_event_t *ev = builder_next(b);
        if (ev->kind != DOC_EV_SCALAR) {
            return ev->kind == DOC_EV_MAP_END;
        }
        footprint_draft_t *f = builder_alloc(b, 1, sizeof *f);
        if (!f) {
            return false;
        }
        f->document = b->document;
        f->line = ev->line;
        f->column = ev->column;
        f->name = builder_copy(b, ev->text);
        slice_t pointer = builder_pointer(b);
        define(b, f, pointer);
        if (builder_next(b)->kind == DOC_EV_ERROR || !parse_footprint_body(b, &f->draft)) {
            return false;
        }
        check_draft(b, &f->draft, builder_place(b, f->document, f->line, f->column), pointer);
    }
}
