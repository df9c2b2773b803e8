#include "builder.h"

#include "footprintd/model/data.h"

#include <stdlib.h>

/* ---- costs ---- */

uint32_t cost_pid_number(builder_t *b, cost_map_draft_t *map, slice_t name, uint32_t line,
                         uint32_t column, slice_t pointer)
{
    const cost_pid_t *known = table_get(&map->pid_table, name);
    if (known) {
        return known->number;
    }
    cost_pid_t *pid = builder_alloc(b, 1, sizeof *pid);
    if (!pid) {
        return UINT32_MAX;
    }
    *pid = (cost_pid_t){builder_copy(b, name),    b->document, line, column, pointer,
                        (uint32_t)map->pids.count};
    if (!pointer.ptr) {
        pid->pointer = builder_pointer(b);
    }
    builder_push(b, &map->pids, pid);
    if (b->failed || table_put(&map->pid_table, pid->name, pid, NULL)) {
        b->failed = true;
        return UINT32_MAX;
    }
    return pid->number;
}

/* Room for one more; *items comes from malloc. */
static bool grow(builder_t *b, void **items, size_t count, size_t *cap, size_t size)
{
    if (count < *cap) {
        return true;
    }
    size_t more = *cap ? *cap * 2 : 256;
    void *grown = realloc(*items, more * size);
    if (!grown) {
        b->failed = true;
        return false;
    }
    *items = grown;
    *cap = more;
    return true;
}

bool cost_cell_add(builder_t *b, cost_map_draft_t *map, const cost_cell_t *cell)
{
    void *items = map->cells;
    if (!grow(b, &items, map->cell_count, &map->cell_cap, sizeof *map->cells)) {
        return false;
    }
    map->cells = items;
    map->cells[map->cell_count++] = *cell;
    return true;
}

bool cost_list_value(builder_t *b, cost_map_draft_t *map, double cost)
{
    void *items = map->list_values;
    if (!grow(b, &items, map->value_count, &map->value_cap, sizeof cost)) {
        return false;
    }
    map->list_values = items;
    map->list_values[map->value_count++] = cost;
    return true;
}

bool cost_list_cell_add(builder_t *b, cost_map_draft_t *map, const cost_cell_t *cell)
{
    const cost_list_t *last = map->list_count ? &map->lists[map->list_count - 1] : NULL;
    size_t first = last ? last->first + last->count : 0;
    void *items = map->lists;
    if (!grow(b, &items, map->list_count, &map->list_cap, sizeof *map->lists)) {
        return false;
    }
    map->lists = items;
    map->lists[map->list_count++] = (cost_list_t){map->cell_count, first, map->value_count - first};
    return cost_cell_add(b, map, cell);
}

bool cost_wrong(builder_t *b, cost_map_draft_t *map, finding_code_t code, const char *text)
{
    map->bad = true;
    doc_reader_find(b->reader, code, (slice_t){0}, "%s", text);
    return doc_reader_skip(b->reader);
}

/* The last event is a scalar. *good: there was no finding; false: reading is over. */
static bool take_cost(builder_t *b, cost_map_draft_t *map, double *cost, bool *good)
{
    const doc_event_t *ev = doc_reader_last(b->reader);
    *good = false;
    if (ev->kind != DOC_EV_SCALAR || ev->scalar != JSON_NUMBER) {
        return cost_wrong(b, map, FINDING_WRONG_TYPE,
                          "a cost is a number, or of a calendar a list of numbers");
    }
    if (!json_number_double(ev->text, cost)) {
        return cost_wrong(b, map, FINDING_BAD_VALUE,
                          "a cost of this size cannot be said in a double");
    }
    *good = true;
    return true;
}

/* A list of numbers and nulls; the last event opens it. */
static bool parse_list(builder_t *b, cost_map_draft_t *map, const cost_cell_t *cell)
{
    for (;;) {
        const doc_event_t *ev = builder_next(b);
        double cost = COST_NONE;
        bool good = true;
        if (ev->kind == DOC_EV_SEQ_END) {
            return cost_list_cell_add(b, map, cell);
        }
        if (ev->kind == DOC_EV_ERROR || b->failed) {
            return false;
        }
        bool none = ev->kind == DOC_EV_SCALAR && ev->scalar == JSON_NULL;
        if ((!none && !take_cost(b, map, &cost, &good)) || !cost_list_value(b, map, cost)) {
            return false;
        }
    }
}

static bool parse_cell(builder_t *b, cost_map_draft_t *map, uint32_t from)
{
    const doc_event_t *ev = doc_reader_last(b->reader);
    cost_cell_t cell = {.from = from, .cost = COST_NONE};
    bool good;
    cell.to = cost_pid_number(b, map, ev->text, ev->line, ev->column, slice_of(NULL, 0));
    ev = builder_next(b);
    if (ev->kind == DOC_EV_ERROR || b->failed) {
        return false;
    }
    cell.line = ev->line;
    cell.column = ev->column;
    if (ev->kind == DOC_EV_SEQ) {
        return parse_list(b, map, &cell);
    }
    return take_cost(b, map, &cell.cost, &good) && (!good || cost_cell_add(b, map, &cell));
}

static bool parse_row(builder_t *b, cost_map_draft_t *map)
{
    const doc_event_t *ev = doc_reader_last(b->reader);
    uint32_t from = cost_pid_number(b, map, ev->text, ev->line, ev->column, slice_of(NULL, 0));
    ev = builder_next(b);
    if (ev->kind == DOC_EV_ERROR || b->failed) {
        return false;
    }
    if (ev->kind != DOC_EV_MAP) {
        return cost_wrong(b, map, FINDING_WRONG_TYPE,
                          "the costs of a PID are a map of PIDs to numbers");
    }
    for (;;) {
        ev = builder_next(b);
        if (ev->kind != DOC_EV_SCALAR) {
            return ev->kind == DOC_EV_MAP_END;
        }
        if (!parse_cell(b, map, from)) {
            return false;
        }
    }
}

bool parse_costs(builder_t *b, cost_map_draft_t *map)
{
    map->costs_document = b->document;
    map->costs_pointer = builder_pointer(b);
    if (doc_reader_last(b->reader)->kind != DOC_EV_MAP) {
        return cost_wrong(b, map, FINDING_WRONG_TYPE,
                          "costs is a map of PIDs to maps of PIDs to numbers");
    }
    for (;;) {
        const doc_event_t *ev = builder_next(b);
        if (ev->kind != DOC_EV_SCALAR) {
            return ev->kind == DOC_EV_MAP_END;
        }
        if (!parse_row(b, map)) {
            return false;
        }
    }
}

void cost_drafts_release(builder_t *b)
{
    for (size_t i = 0; i < b->cost_drafts.count; i++) {
        cost_map_draft_t *map = b->cost_drafts.items[i];
        free(map->cells);
        free(map->lists);
        free(map->list_values);
        table_release(&map->pid_table);
    }
}

/* ---- a cost map ---- */

static void parse_metric(builder_t *b, cost_map_draft_t *map)
{
    const doc_event_t *ev = doc_reader_last(b->reader);
    map->metric = (name_ref_t){{NULL, 0}, ev->line, ev->column, builder_pointer(b), NO_INDEX};
    slice_t text;
    if (!builder_expect_text(b, "cost-metric", false, &text)) {
        return;
    }
    switch (cost_metric_check(text)) {
    case COST_METRIC_BAD:
        doc_reader_find(b->reader, FINDING_BAD_VALUE, (slice_t){0},
                        "'%.*s' is not a cost metric: 1 to 32 of A-Z a-z 0-9 - _ : . , and behind "
                        "the ':' of a registered one a statistic such as p95 or mean",
                        SLICE_ARG(text));
        return;
    case COST_METRIC_UNREGISTERED:
        doc_reader_find(b->reader, FINDING_UNREGISTERED, (slice_t){0},
                        "'%.*s' is not a registered cost metric; one of your own begins with "
                        "'priv:'",
                        SLICE_ARG(text));
        break;
    default:
        break;
    }
    map->metric.name = text;
    map->type.metric = text;
}

static void parse_mode(builder_t *b, cost_map_draft_t *map)
{
    slice_t text;
    if (!builder_expect_text(b, "cost-mode", false, &text)) {
        return;
    }
    map->type.mode = cost_mode_find(text);
    map->has_mode = map->type.mode == COST_NUMERICAL || map->type.mode == COST_ORDINAL;
    if (!map->has_mode) {
        doc_reader_find(b->reader, FINDING_BAD_VALUE, (slice_t){0},
                        "cost-mode is numerical or ordinal");
    }
}

static void parse_file_name(builder_t *b, cost_map_draft_t *map)
{
    const doc_event_t *ev = doc_reader_last(b->reader);
    slice_t text;
    map->file = (name_ref_t){{NULL, 0}, ev->line, ev->column, builder_pointer(b), NO_INDEX};
    if (!builder_expect_text(b, "costs-file", false, &text)) {
        return;
    }
    if (model_data_name_valid(text)) {
        map->file.name = text;
    } else {
        doc_reader_find(b->reader, FINDING_BAD_VALUE, (slice_t){0},
                        "costs-file is a .csv or .json file in a subdirectory of the documents' "
                        "directory, such as data/costs.csv");
    }
}

static void parse_rest(builder_t *b, cost_map_draft_t *map)
{
    const doc_event_t *ev = doc_reader_last(b->reader);
    map->rest_ref = (name_ref_t){{NULL, 0}, ev->line, ev->column, builder_pointer(b), NO_INDEX};
    if (ev->kind != DOC_EV_SCALAR || ev->scalar != JSON_NUMBER) {
        (void)cost_wrong(b, map, FINDING_WRONG_TYPE, "default-cost is a number");
    } else if (!json_number_double(ev->text, &map->rest)) {
        (void)cost_wrong(b, map, FINDING_BAD_VALUE,
                         "a cost of this size cannot be said in a double");
        map->rest = COST_NONE;
    }
}

/* The sources that are registered (IANA, ALTO Cost Source Types). */
static void parse_source(builder_t *b, cost_map_draft_t *map)
{
    const doc_event_t *ev = doc_reader_last(b->reader);
    slice_t text;
    map->source = (name_ref_t){{NULL, 0}, ev->line, ev->column, builder_pointer(b), NO_INDEX};
    if (!builder_expect_text(b, "cost-source", false, &text)) {
        return;
    }
    if (slice_is(text, "nominal") || slice_is(text, "sla") || slice_is(text, "estimation")) {
        map->source.name = text;
    } else {
        doc_reader_find(b->reader, FINDING_BAD_VALUE, (slice_t){0},
                        "cost-source is nominal, sla or estimation");
    }
}

static bool parse_parameters(builder_t *b, cost_map_draft_t *map)
{
    const doc_event_t *ev = doc_reader_last(b->reader);
    map->parameters_line = ev->line;
    map->parameters_column = ev->column;
    json_value_t *value = builder_alloc(b, 1, sizeof *value);
    map->parameters = value;
    return value && builder_tree(b, value);
}

static bool parse_max_age(builder_t *b, cost_map_draft_t *map)
{
    static const char what[] = "max-age-s is a number of seconds, from 1 to 31536000";
    const doc_event_t *ev = doc_reader_last(b->reader);
    uint64_t value;
    map->max_age_line = ev->line;
    map->max_age_column = ev->column;
    if (ev->kind != DOC_EV_SCALAR || ev->scalar != JSON_NUMBER) {
        return cost_wrong(b, map, FINDING_WRONG_TYPE, what);
    }
    if (!json_number_u64(ev->text, &value) || !value || value > 31536000) {
        return cost_wrong(b, map, FINDING_BAD_VALUE, what);
    }
    map->max_age_s = (uint32_t)value;
    return true;
}

enum {
    KEY_MAP,
    KEY_METRIC,
    KEY_MODE,
    KEY_COSTS,
    KEY_FILE,
    KEY_REST,
    KEY_SOURCE,
    KEY_PARAMETERS,
    KEY_CALENDAR,
    KEY_MAX_AGE,
    KEY_NEIGHBORS,
    KEY_COORDINATES,
};

static bool parse_cost_map_member(builder_t *b, cost_map_draft_t *map, int key)
{
    const doc_event_t *ev = doc_reader_last(b->reader);
    switch (key) {
    case KEY_MAP:
        map->map = (name_ref_t){{NULL, 0}, ev->line, ev->column, builder_pointer(b), NO_INDEX};
        (void)builder_expect_text(b, "network-map", true, &map->map.name);
        break;
    case KEY_METRIC:
        parse_metric(b, map);
        break;
    case KEY_MODE:
        parse_mode(b, map);
        break;
    case KEY_COSTS:
        return parse_costs(b, map);
    case KEY_FILE:
        parse_file_name(b, map);
        break;
    case KEY_REST:
        parse_rest(b, map);
        break;
    case KEY_SOURCE:
        parse_source(b, map);
        break;
    case KEY_PARAMETERS:
        return parse_parameters(b, map);
    case KEY_CALENDAR:
        return parse_calendar(b, &map->calendar);
    case KEY_MAX_AGE:
        return parse_max_age(b, map);
    case KEY_NEIGHBORS:
        return parse_computed_costs(b, map, COST_HOPS);
    case KEY_COORDINATES:
        return parse_computed_costs(b, map, COST_DISTANCE);
    default:
        return doc_reader_skip(b->reader);
    }
    return doc_reader_last(b->reader)->kind != DOC_EV_ERROR;
}

/* What is there together, or is not there at all. */
static void check_members(builder_t *b, cost_map_draft_t *map, unsigned seen)
{
    static const char *const required[] = {"a cost map needs network-map",
                                           "a cost map needs cost-metric",
                                           "a cost map needs cost-mode"};
    for (unsigned i = 0; i < 3; i++) {
        if (!(seen & 1u << i)) {
            find_about_map(b, FINDING_MISSING_KEY, map->line, map->column, required[i]);
        }
    }
    static const unsigned sources[] = {KEY_COSTS, KEY_FILE, KEY_NEIGHBORS, KEY_COORDINATES};
    unsigned count = 0;
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        count += seen >> sources[i] & 1u;
    }
    if (count > 1) {
        find_about_map(b, FINDING_CONFLICT, map->line, map->column,
                       "a cost map has one of costs, costs-file, neighbors and coordinates");
    } else if (!count && !(seen & 1u << KEY_REST)) {
        find_about_map(b, FINDING_MISSING_KEY, map->line, map->column,
                       "a cost map needs costs, costs-file, neighbors, coordinates or "
                       "default-cost");
    }
    map->bad |= count > 1;
    if (map->computed && seen & 1u << KEY_CALENDAR) {
        find_about_map(b, FINDING_CONFLICT, map->line, map->column,
                       "costs that are computed are the same at all times: there is no calendar "
                       "of them");
        map->bad = true;
    }
    bool csv = map->file.name.len > 4 &&
               memcmp(map->file.name.ptr + map->file.name.len - 4, ".csv", 4) == 0;
    if (seen & 1u << KEY_MAX_AGE && (!csv || seen & 1u << KEY_CALENDAR)) {
        find_about_map(
            b, FINDING_CONFLICT, map->max_age_line, map->max_age_column,
            "max-age-s is of costs with times: of a costs-file in CSV, without a calendar");
    }
    if (seen & 1u << KEY_PARAMETERS && !(seen & 1u << KEY_SOURCE)) {
        find_about_map(b, FINDING_MISSING_KEY, map->parameters_line, map->parameters_column,
                       "parameters are those of a cost-source, which is missing");
    }
}

static bool parse_cost_map_body(builder_t *b, cost_map_draft_t *map)
{
    if (!builder_expect_map(b, "a cost map")) {
        map->bad = true;
        return doc_reader_last(b->reader)->kind != DOC_EV_ERROR;
    }
    unsigned seen = 0;
    for (;;) {
        const doc_event_t *ev = builder_next(b);
        if (ev->kind == DOC_EV_MAP_END) {
            check_members(b, map, seen);
            return true;
        }
        if (ev->kind != DOC_EV_SCALAR) {
            return false;
        }
        int k = keys_find(b, KEYS_COST_MAP, ev->text, "a cost map");
        seen |= k < 0 ? 0 : 1u << k;
        if (builder_next(b)->kind == DOC_EV_ERROR || !parse_cost_map_member(b, map, k)) {
            return false;
        }
    }
}

static void define_cost_map(builder_t *b, cost_map_draft_t *map)
{
    if (!resource_id_check(b, map->name, "the id of a cost map", MODEL_COST_MAP)) {
        return;
    }
    const cost_map_draft_t *other = table_get(&b->cost_maps, map->name);
    if (other && other->document == map->document) {
        return; /* found as a duplicate key */
    }
    if (other) {
        doc_reader_find(b->reader, FINDING_DUPLICATE_NAME, (slice_t){0},
                        "cost map '%.*s' is defined already at %.*s:%u", SLICE_ARG(map->name),
                        SLICE_ARG(b->documents[other->document].made.file), other->line);
        return;
    }
    b->failed |= table_put(&b->cost_maps, map->name, map, NULL) != ERR_OK;
    builder_push(b, &b->cost_map_list, map);
}

bool parse_cost_maps(builder_t *b)
{
    if (!builder_expect_map(b, "cost-maps")) {
        return doc_reader_last(b->reader)->kind != DOC_EV_ERROR;
    }
    for (;;) {
        const doc_event_t *ev = builder_next(b);
        if (ev->kind != DOC_EV_SCALAR) {
            return ev->kind == DOC_EV_MAP_END;
        }
        cost_map_draft_t *map = builder_alloc(b, 1, sizeof *map);
        if (!map) {
            return false;
        }
        *map = (cost_map_draft_t){.document = b->document, .line = ev->line, .column = ev->column};
        map->rest = COST_NONE;
        map->fresh = WINDOW_ALWAYS;
        map->name = builder_copy(b, ev->text);
        builder_push(b, &b->cost_drafts, map);
        define_cost_map(b, map);
        if (b->failed || builder_next(b)->kind == DOC_EV_ERROR || !parse_cost_map_body(b, map)) {
            return false;
        }
    }
}
