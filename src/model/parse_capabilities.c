#include "builder.h"

#include <stdlib.h>

/* The rest of a list of names, whose first item is the last event. */
static bool parse_names(builder_t *b, capability_draft_t *cap, slice_t pointer)
{
    name_ref_t *names = NULL;
    size_t count = 0, cap_count = 0;
    bool bad = false, going = true;
    for (size_t index = 0;; index++) {
        const doc_event_t *ev = doc_reader_last(b->reader);
        if (ev->kind == DOC_EV_SEQ_END || ev->kind == DOC_EV_ERROR) {
            going = ev->kind == DOC_EV_SEQ_END;
            break;
        }
        if (ev->kind != DOC_EV_SCALAR) {
            doc_reader_find(b->reader, FINDING_WRONG_TYPE, (slice_t){0},
                            "names and Footprint objects cannot stand in one list: names are "
                            "alternatives, objects narrow one another");
            bad = true;
            if (!doc_reader_skip(b->reader)) {
                going = false;
                break;
            }
        } else {
            if (count == cap_count) {
                size_t wanted = cap_count ? cap_count * 2 : 8;
                name_ref_t *grown = realloc(names, wanted * sizeof *grown);
                if (!grown) {
                    b->failed = true;
                    break;
                }
                names = grown;
                cap_count = wanted;
            }
            names[count++] = (name_ref_t){builder_copy(b, ev->text), ev->line, ev->column, pointer,
                                          index};
        }
        (void)builder_next(b);
    }
    name_ref_t *kept = builder_alloc(b, count, sizeof *kept);
    if (kept && count && !bad) {
        memcpy(kept, names, count * sizeof *kept);
        cap->names = kept;
        cap->name_count = count;
    }
    free(names);
    return going;
}

static bool parse_capability_footprints(builder_t *b, capability_draft_t *cap)
{
    const doc_event_t *ev = doc_reader_last(b->reader);
    bool nothing = ev->kind == DOC_EV_SCALAR && ev->scalar == JSON_NULL;
    if (!nothing && !builder_expect_list(b, "footprints")) {
        return doc_reader_last(b->reader)->kind != DOC_EV_ERROR;
    }
    place_t place = builder_place(b, b->document, ev->line, ev->column);
    slice_t pointer = builder_pointer(b);
    if (!nothing) {
        ev = builder_next(b);
        nothing = ev->kind == DOC_EV_SEQ_END;
    }
    if (nothing) {
        findings_add(b->findings, FINDING_EMPTY, place, pointer,
                     SLICE_LIT("[" MODEL_EVERYWHERE "]"),
                     "footprints is empty; a capability for every address says so by name");
        return true;
    }
    if (ev->kind == DOC_EV_ERROR) {
        return false;
    }
    if (ev->kind != DOC_EV_MAP) {
        return parse_names(b, cap, pointer);
    }
    fp_draft_t *draft = builder_alloc(b, 1, sizeof *draft);
    if (!draft || !parse_rfc_footprints(b, draft)) {
        return false;
    }
    check_draft(b, draft, place, pointer);
    if (!draft->bad) {
        cap->inline_ = draft;
    }
    return true;
}

static bool parse_member(builder_t *b, capability_draft_t *cap, int key, json_value_t *raw,
                         slice_t *pointer)
{
    const doc_event_t *ev = doc_reader_last(b->reader);
    place_t place = builder_place(b, b->document, ev->line, ev->column);
    slice_t at;
    switch (key) {
    case 0:
        at = builder_pointer(b);
        if (builder_expect_text(b, "capability-type", false, &cap->name) &&
            capability_type_check(b->findings, place, at, cap->name)) {
            cap->type = capability_type_find(cap->name);
        }
        return doc_reader_last(b->reader)->kind != DOC_EV_ERROR;
    case 1:
        *pointer = builder_pointer(b);
        return builder_tree(b, raw);
    case 2:
        return parse_capability_footprints(b, cap);
    case 3:
    case 4:
        return parse_moment(b, key == 4, &cap->window);
    default:
        return doc_reader_skip(b->reader);
    }
}

static void check_value(builder_t *b, capability_draft_t *cap, const json_value_t *raw,
                        slice_t pointer)
{
    slice_t file = b->documents[b->document].made.file;
    capability_check_t check = {b->findings, file, pointer, b->arena};
    if (raw->kind == JSON_NULL) {
        findings_add(b->findings, FINDING_EMPTY, (place_t){file, raw->line, raw->column}, pointer,
                     (slice_t){0}, "capability-value is nothing");
        return;
    }
    cap->value_ok = cap->type && cap->type->canonical(&check, raw, &cap->value);
}

/* The last event opens the map of one capability. */
static bool parse_capability(builder_t *b, size_t index)
{
    capability_draft_t *cap = builder_alloc(b, 1, sizeof *cap);
    if (!cap) {
        return false;
    }
    const doc_event_t *ev = doc_reader_last(b->reader);
    cap->document = b->document;
    cap->line = ev->line;
    cap->column = ev->column;
    cap->index = index;
    cap->window = WINDOW_ALWAYS;
    slice_t here = builder_pointer(b), value_pointer = {0};
    json_value_t raw = {0};
    unsigned seen = 0;
    for (;;) {
        ev = builder_next(b);
        if (ev->kind == DOC_EV_MAP_END) {
            break;
        }
        if (ev->kind != DOC_EV_SCALAR) {
            return false;
        }
        int k = keys_find(b, KEYS_CAPABILITY, ev->text, "a capability");
        seen |= k < 0 ? 0 : 1u << k;
        if (builder_next(b)->kind == DOC_EV_ERROR ||
            !parse_member(b, cap, k, &raw, &value_pointer)) {
            return false;
        }
    }
    place_t place = builder_place(b, cap->document, cap->line, cap->column);
    for (unsigned i = 0; i < 3; i++) {
        if (!(seen & 1u << i)) {
            const char *const *keys = model_key_lists[KEYS_CAPABILITY];
            findings_add(b->findings, FINDING_MISSING_KEY, place, here, (slice_t){0},
                         "a capability needs %s%s", keys[i],
                         i == 2 ? "; for every address write 'footprints: [" MODEL_EVERYWHERE "]'"
                                : "");
        }
    }
    check_window(b, &cap->window, place, here);
    if (cap->type && seen & 2) {
        check_value(b, cap, &raw, value_pointer);
    }
    builder_push(b, &b->capability_list, cap);
    return true;
}

bool parse_capabilities(builder_t *b)
{
    if (!builder_expect_list(b, "capabilities")) {
        return doc_reader_last(b->reader)->kind != DOC_EV_ERROR;
    }
    b->documents[b->document].has_capabilities = true;
    for (size_t index = 0;; index++) {
        const doc_event_t *ev = builder_next(b);
        if (ev->kind == DOC_EV_SEQ_END || ev->kind == DOC_EV_ERROR) {
            return ev->kind == DOC_EV_SEQ_END;
        }
        if (!builder_expect_map(b, "a capability")) {
            if (doc_reader_last(b->reader)->kind == DOC_EV_ERROR) {
                return false;
            }
            continue;
        }
        if (!parse_capability(b, index)) {
            return false;
        }
    }
}
