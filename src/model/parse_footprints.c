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
    doc_reader_find(b->reader, FINDING_NESTED_UNION, (slice_t){0}, TEXT_NESTED_UNION);
    draft->bad = true;
}

void take_members(builder_t *b, fp_draft_t *draft, const fp_draft_t *members)
{
    fp_constraint_t *c = members->bad ? NULL : make_union(b, members);
    if (!c) {
        draft->bad = true;
        return;
    }
    builder_push(b, &draft->unions, c);
    if (members->pid_count) {
        name_ref_t *refs = builder_alloc(b, draft->pid_count + members->pid_count, sizeof *refs);
        if (!refs) {
            return;
        }
        if (draft->pid_count) {
            memcpy(refs, draft->pids, draft->pid_count * sizeof *refs);
        }
        memcpy(refs + draft->pid_count, members->pids, members->pid_count * sizeof *refs);
        draft->pids = refs;
        draft->pid_count += members->pid_count;
    }
}

static bool parse_rfc_object(builder_t *b, fp_draft_t *draft, bool in_union);

/* The members of a footprintunion; the last event opens the list. */
static bool parse_union(builder_t *b, fp_draft_t *draft)
{
    const doc_event_t *ev = doc_reader_last(b->reader);
    place_t place = builder_place(b, b->document, ev->line, ev->column);
    if (!builder_expect_list(b, "footprintunion")) {
        draft->bad = true;
        return doc_reader_last(b->reader)->kind != DOC_EV_ERROR;
    }
    slice_t pointer = builder_pointer(b);
    fp_draft_t members = {0};
    size_t seen = 0;
    for (;; seen++) {
        ev = builder_next(b);
        if (ev->kind == DOC_EV_SEQ_END) {
            break;
        }
        if (ev->kind == DOC_EV_ERROR) {
            return false;
        }
        if (ev->kind != DOC_EV_MAP) {
            doc_reader_find(b->reader, FINDING_WRONG_TYPE, (slice_t){0}, TEXT_UNION_MEMBER);
            members.bad = true;
            if (!doc_reader_skip(b->reader)) {
                return false;
            }
        } else if (!parse_rfc_object(b, &members, true)) {
            return false;
        }
    }
    if (!seen) {
        findings_add(b->findings, FINDING_EMPTY, place, pointer, (slice_t){0}, TEXT_NO_VALUES,
                     "footprintunion");
    }
    take_members(b, draft, &members);
    return true;
}

/* ---- RFC Footprint objects ---- */

unsigned type_find_at(builder_t *b, slice_t name, place_t place, slice_t pointer)
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
    findings_add(b->findings, FINDING_UNKNOWN_TYPE, place, pointer, cidr ? (slice_t){0} : s.best,
                 cidr ? "'%.*s' is a type of named footprints only; a Footprint object has "
                        "ipv4cidr or ipv6cidr"
                      : "'%.*s' is not a footprint type",
                 SLICE_ARG(name));
    return FP_TYPE_NONE;
}

/* The value of a Footprint object, when its type is known. */
static bool parse_value(builder_t *b, unsigned type, fp_draft_t *draft, bool in_union)
{
    if (type == FP_TYPE_NONE) {
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

/* After the first key of a Footprint object, which is in *key. */
static bool parse_rfc_members(builder_t *b, fp_draft_t *draft, bool in_union, slice_t key,
                              place_t place, slice_t pointer)
{
    unsigned type = FP_TYPE_NONE;
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
            slice_t at = builder_pointer(b);
            if (builder_expect_text(b, "footprint-type", false, &text)) {
                ev = doc_reader_last(b->reader);
                type = type_find_at(b, text, builder_place(b, b->document, ev->line, ev->column),
                                    at);
            }
            draft->bad |= type == FP_TYPE_NONE;
        } else if (k == 1 && have_type) {
            have_value = true;
            if (!parse_value(b, type, draft, in_union)) {
                return false;
            }
        } else if (k == 1) {
            have_value = have_early = true;
            early_pointer = builder_pointer(b);
            if (!builder_tree(b, &early)) {
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

/* KEYS_FOOTPRINT in its order. */
const unsigned footprint_kinds[] = {VALUE_CIDR,     FP_IPV4CIDR,        FP_IPV6CIDR, FP_ASN,
                                    FP_COUNTRYCODE, FP_SUBDIVISIONCODE, FP_ALTOPID,  FP_UNION};

#define KIND_COUNT ((int)(sizeof footprint_kinds / sizeof *footprint_kinds))

static bool parse_typed_map(builder_t *b, fp_draft_t *draft, bool in_union, slice_t key)
{
    size_t types = 0;
    const doc_event_t *ev = doc_reader_last(b->reader);
    place_t place = builder_place(b, b->document, ev->line, ev->column);
    key_list_t keys = draft->window ? KEYS_NAMED_FOOTPRINT : KEYS_FOOTPRINT;
    for (;;) {
        int k = keys_find(b, keys, key, "a footprint");
        types += k < KIND_COUNT;
        if (in_union && types == 2) {
            doc_reader_find(b->reader, FINDING_NOT_ONE_OBJECT, (slice_t){0}, TEXT_TWO_TYPES);
            draft->bad = true;
        }
        ev = builder_next(b);
        if (ev->kind == DOC_EV_ERROR) {
            return false;
        }
        bool ok;
        if (k >= KIND_COUNT) {
            ok = parse_moment(b, k > KIND_COUNT, draft->window);
        } else if (k < 0) {
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
            ok = parse_value_list(b, footprint_kinds[k], false, draft);
        }
        if (!ok) {
            return false;
        }
        ev = builder_next(b);
        if (ev->kind != DOC_EV_SCALAR) {
            break;
        }
        key = ev->text;
    }
    if (!types && ev->kind == DOC_EV_MAP_END) {
        /* Times alone would be a footprint of everywhere. */
        findings_add(b->findings, FINDING_EMPTY, place, builder_pointer(b), (slice_t){0},
                     TEXT_EMPTY_FOOTPRINT);
        draft->bad = true;
    }
    return ev->kind == DOC_EV_MAP_END;
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
                     TEXT_EMPTY_FOOTPRINT);
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

/* What can meet the draft besides the prefixes that stand under cidr. */
static unsigned families_beside_cidr(const fp_draft_t *draft)
{
    unsigned can = 3;
    for (unsigned i = 0; i < FP_TYPE_COUNT; i++) {
        if (draft->values[i] && !(draft->from_cidr && (i == FP_IPV4CIDR || i == FP_IPV6CIDR))) {
            can &= families(draft->values[i]);
        }
    }
    for (size_t u = 0; u < draft->unions.count; u++) {
        const fp_constraint_t *c = draft->unions.items[u];
        unsigned any = 0;
        for (size_t m = 0; m < c->member_count; m++) {
            any |= families(c->members[m]);
        }
        can &= any;
    }
    return can;
}

void check_draft(builder_t *b, fp_draft_t *draft, place_t place, slice_t pointer)
{
    if (draft->bad) {
        return;
    }
    const char *text = NULL;
    slice_t suggestion = {0};
    unsigned can = families_beside_cidr(draft);
    unsigned cidr = 0;
    if (draft->from_cidr) {
        cidr |= draft->values[FP_IPV4CIDR] ? 1u : 0;
        cidr |= draft->values[FP_IPV6CIDR] ? 2u : 0;
    }
    if (draft->from_cidr && draft->from_family) {
        text = "cidr beside ipv4cidr or ipv6cidr would be met by no address or by few; put all "
               "prefixes under cidr";
    } else if (!can) {
        text = "no address is IPv4 and IPv6 at once: ipv4cidr beside ipv6cidr covers nobody; a "
               "named footprint with 'cidr:' takes both families";
        suggestion = SLICE_LIT("cidr");
    } else if (cidr & ~can & 1) {
        text = "the IPv4 prefixes under cidr cover nobody: what stands beside them is IPv6";
    } else if (cidr & ~can) {
        text = "the IPv6 prefixes under cidr cover nobody: what stands beside them is IPv4";
    }
    if (text) {
        findings_add(b->findings, FINDING_NULL_FOOTPRINT, place, pointer, suggestion, "%s", text);
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
        place_t place = builder_place(b, b->document, ev->line, ev->column);
        slice_t pointer = builder_pointer(b);
        ev = builder_next(b);
        if (ev->kind == DOC_EV_ERROR) {
            return false;
        }
        if (ev->kind == DOC_EV_SEQ_END) {
            findings_add(b->findings, FINDING_EMPTY, place, pointer, (slice_t){0},
                         TEXT_EMPTY_FOOTPRINT);
            draft->bad = true;
            return true;
        }
        draft->window = NULL; /* members of a list have none */
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
        f->window = WINDOW_ALWAYS;
        f->draft.window = &f->window;
        slice_t pointer = builder_pointer(b);
        define(b, f, pointer);
        if (builder_next(b)->kind == DOC_EV_ERROR || !parse_footprint_body(b, &f->draft)) {
            return false;
        }
        place_t place = builder_place(b, f->document, f->line, f->column);
        check_draft(b, &f->draft, place, pointer);
        check_window(b, &f->window, place, pointer);
    }
}
