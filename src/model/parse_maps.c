#include "builder.h"

#include <stdlib.h>

/* ---- network maps ---- */

/* Names of footprints, whose prefixes are the PID's. */
static bool parse_pid_footprints(builder_t *b, pid_draft_t *pid)
{
    if (!builder_expect_list(b, "the footprints of a PID")) {
        return doc_reader_last(b->reader)->kind != DOC_EV_ERROR;
    }
    slice_t pointer = builder_pointer(b);
    for (size_t i = 0;; i++) {
        const doc_event_t *ev = builder_next(b);
        if (ev->kind == DOC_EV_SEQ_END || ev->kind == DOC_EV_ERROR) {
            return ev->kind == DOC_EV_SEQ_END;
        }
        name_ref_t *ref = builder_alloc(b, 1, sizeof *ref);
        if (!ref) {
            return false;
        }
        *ref = (name_ref_t){{NULL, 0}, ev->line, ev->column, pointer, i};
        if (builder_expect_text(b, "the name of a footprint", true, &ref->name)) {
            builder_push(b, &pid->footprints, ref);
        }
        if (doc_reader_last(b->reader)->kind == DOC_EV_ERROR) {
            return false;
        }
    }
}

static bool parse_pid_body(builder_t *b, pid_draft_t *pid)
{
    if (!builder_expect_map(b, "a PID")) {
        return doc_reader_last(b->reader)->kind != DOC_EV_ERROR;
    }
    fp_draft_t draft = {0};
    for (;;) {
        const doc_event_t *ev = builder_next(b);
        if (ev->kind != DOC_EV_SCALAR) {
            if (ev->kind != DOC_EV_MAP_END) {
                return false;
            }
            break;
        }
        int k = keys_find(b, KEYS_PID, ev->text, "a PID");
        if (builder_next(b)->kind == DOC_EV_ERROR) {
            return false;
        }
        bool ok = k < 0    ? doc_reader_skip(b->reader)
                  : k == 2 ? parse_pid_footprints(b, pid)
                           : parse_value_list(b, k == 0 ? FP_IPV4CIDR : FP_IPV6CIDR, true, &draft);
        if (!ok) {
            return false;
        }
    }
    if (draft.values[FP_IPV4CIDR]) {
        pid->pid.v4 = draft.values[FP_IPV4CIDR]->u.v4;
        pid->pid.v4_count = draft.values[FP_IPV4CIDR]->count;
    }
    if (draft.values[FP_IPV6CIDR]) {
        pid->pid.v6 = draft.values[FP_IPV6CIDR]->u.v6;
        pid->pid.v6_count = draft.values[FP_IPV6CIDR]->count;
    }
    return true;
}

static bool parse_pids(builder_t *b, network_map_draft_t *map)
{
    if (!builder_expect_map(b, "pids")) {
        return doc_reader_last(b->reader)->kind != DOC_EV_ERROR;
    }
    for (;;) {
        const doc_event_t *ev = builder_next(b);
        if (ev->kind != DOC_EV_SCALAR) {
            return ev->kind == DOC_EV_MAP_END;
        }
        pid_draft_t *pid = builder_alloc(b, 1, sizeof *pid);
        if (!pid) {
            return false;
        }
        pid->line = ev->line;
        pid->column = ev->column;
        pid->pid.name = builder_copy(b, ev->text);
        if (fp_pid_valid(pid->pid.name)) {
            builder_push(b, &map->pids, pid);
        } else {
            doc_reader_find(b->reader, FINDING_BAD_NAME, (slice_t){0},
                            "'%.*s' is not a PID name: 1 to 64 of A-Z a-z 0-9 - _ : @",
                            SLICE_ARG(pid->pid.name));
        }
        if (builder_next(b)->kind == DOC_EV_ERROR || !parse_pid_body(b, pid)) {
            return false;
        }
    }
}

static bool parse_default(builder_t *b, network_map_draft_t *map)
{
    const doc_event_t *ev = doc_reader_last(b->reader);
    if (ev->kind == DOC_EV_SCALAR && ev->scalar == JSON_BOOL) {
        map->is_default = slice_is(ev->text, "true");
        map->default_line = ev->line;
        map->default_column = ev->column;
        return true;
    }
    doc_reader_find(b->reader, FINDING_WRONG_TYPE, (slice_t){0}, "default is true or false");
    return doc_reader_skip(b->reader);
}

void find_about_map(builder_t *b, finding_code_t code, uint32_t line, uint32_t column,
                    const char *text)
{
    findings_add(b->findings, code, builder_place(b, b->document, line, column), builder_pointer(b),
                 (slice_t){0}, "%s", text);
}

static bool parse_network_map_body(builder_t *b, network_map_draft_t *map)
{
    if (!builder_expect_map(b, "a network map")) {
        return doc_reader_last(b->reader)->kind != DOC_EV_ERROR;
    }
    bool pids = false;
    for (;;) {
        const doc_event_t *ev = builder_next(b);
        if (ev->kind != DOC_EV_SCALAR) {
            if (ev->kind == DOC_EV_MAP_END && !pids) {
                find_about_map(b, FINDING_MISSING_KEY, map->line, map->column,
                               "a network map needs pids");
            }
            return ev->kind == DOC_EV_MAP_END;
        }
        int k = keys_find(b, KEYS_NETWORK_MAP, ev->text, "a network map");
        if (builder_next(b)->kind == DOC_EV_ERROR) {
            return false;
        }
        pids |= k == 1;
        bool ok = k == 0   ? parse_default(b, map)
                  : k == 1 ? parse_pids(b, map)
                           : doc_reader_skip(b->reader);
        if (!ok) {
            return false;
        }
    }
}

/* Ids that the service itself uses, now or with services to come. */
static const char *const reserved_ids[] = {"directory",
                                           "propmap",
                                           "propmap-filtered",
                                           "updates",
                                           "tips",
                                           "endpoint-cost",
                                           "endpoint-property",
                                           MODEL_ADVERTISEMENT,
                                           MODEL_NETWORK_MAP,
                                           MODEL_COST_MAP,
                                           NULL};

#define FILTERED     "-filtered"
#define FILTERED_LEN (sizeof FILTERED - 1)
#define ID_MAX       (64 - FILTERED_LEN) /* RFC 7285 10.2, for the id of the filtered form */

bool resource_id_check(builder_t *b, slice_t id, const char *what, const char *own)
{
    if (!builder_check_name(b, id, what)) {
        return false;
    }
    if (id.len > ID_MAX) {
        doc_reader_find(b->reader, FINDING_BAD_NAME, (slice_t){0},
                        "'%.*s' cannot be %s: it may have %zu characters, so that '" FILTERED
                        "' fits behind it",
                        SLICE_ARG(id), what, ID_MAX);
        return false;
    }
    bool taken = id.len >= FILTERED_LEN &&
                 slice_is(slice_of(id.ptr + id.len - FILTERED_LEN, FILTERED_LEN), FILTERED);
    for (size_t i = 0; reserved_ids[i]; i++) {
        taken |= slice_is(id, reserved_ids[i]) && !(own && slice_is(id, own));
    }
    if (taken) {
        doc_reader_find(b->reader, FINDING_BAD_NAME, (slice_t){0},
                        "'%.*s' cannot be %s: the service uses that resource id itself",
                        SLICE_ARG(id), what);
    }
    return !taken;
}

static void define_map(builder_t *b, network_map_draft_t *map)
{
    if (!resource_id_check(b, map->id, "the id of a network map", MODEL_NETWORK_MAP)) {
        return;
    }
    const network_map_draft_t *other = table_get(&b->network_maps, map->id);
    if (other && other->document == map->document) {
        return; /* found as a duplicate key */
    }
    if (other) {
        doc_reader_find(b->reader, FINDING_DUPLICATE_NAME, (slice_t){0},
                        "network map '%.*s' is defined already at %.*s:%u", SLICE_ARG(map->id),
                        SLICE_ARG(b->documents[other->document].made.file), other->line);
        return;
    }
    b->failed |= table_put(&b->network_maps, map->id, map, NULL) != ERR_OK;
    builder_push(b, &b->network_map_list, map);
}

bool parse_network_maps(builder_t *b)
{
    if (!builder_expect_map(b, "network-maps")) {
        return doc_reader_last(b->reader)->kind != DOC_EV_ERROR;
    }
    for (;;) {
        const doc_event_t *ev = builder_next(b);
        if (ev->kind != DOC_EV_SCALAR) {
            return ev->kind == DOC_EV_MAP_END;
        }
        network_map_draft_t *map = builder_alloc(b, 1, sizeof *map);
        if (!map) {
            return false;
        }
        map->document = b->document;
        map->line = ev->line;
        map->column = ev->column;
        map->id = builder_copy(b, ev->text);
        define_map(b, map);
        if (builder_next(b)->kind == DOC_EV_ERROR || !parse_network_map_body(b, map)) {
            return false;
        }
    }
}
