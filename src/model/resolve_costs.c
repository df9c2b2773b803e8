#include "builder.h"

#include <stdlib.h>

/* Cost maps: names looked up, costs checked for what their type demands, and made a matrix. */

/* Cells get the numbers that the map's PIDs have. */
static bool renumber(builder_t *b, cost_map_draft_t *cost, const model_network_map_t *map)
{
    uint32_t *numbers = calloc(cost->pids.count + 1, sizeof *numbers);
    bool known = true;
    b->failed |= !numbers;
    for (size_t i = 0; numbers && i < cost->pids.count; i++) {
        const cost_pid_t *pid = cost->pids.items[i];
        numbers[i] = network_map_pid(map, pid->name);
        if (numbers[i] == UINT32_MAX) {
            find_unknown_pid(b, map, pid->name,
                             builder_place(b, pid->document, pid->line, pid->column), pid->pointer);
            known = false;
        }
    }
    for (size_t i = 0; numbers && known && i < cost->cell_count; i++) {
        cost->cells[i].from = numbers[cost->cells[i].from];
        cost->cells[i].to = numbers[cost->cells[i].to];
    }
    free(numbers);
    return known && !b->failed;
}

slice_t cost_pair_pointer(builder_t *b, const cost_map_draft_t *cost, const cost_cell_t *cell,
                          const model_network_map_t *map)
{
    return arena_printf(b->arena, "%.*s/%.*s/%.*s", SLICE_ARG(cost->costs_pointer),
                        SLICE_ARG(map->pids[cell->from].name), SLICE_ARG(map->pids[cell->to].name));
}

const char *cost_forbidden(const cost_type_t *type, double cost)
{
    const cost_metric_t *metric = cost_metric_find(type->metric);
    bool integer = cost >= 0 && cost <= 9007199254740991.0 && floor(cost) == cost;
    if (type->mode == COST_ORDINAL && !integer) {
        return "an ordinal cost is an integer, from 0 on";
    }
    if (metric && metric->integer && !integer) {
        return "a cost of this metric is an integer, from 0 on";
    }
    return metric && metric->non_negative && cost < 0 ? "a cost of this metric is not negative"
                                                      : NULL;
}

static bool check_cells(builder_t *b, const cost_map_draft_t *cost, const model_network_map_t *map)
{
    bool good = true;
    for (size_t i = 0; i < cost->cell_count; i++) {
        const cost_cell_t *cell = &cost->cells[i];
        const char *why = cost_is_defined(cell->cost) ? cost_forbidden(&cost->type, cell->cost)
                                                      : NULL; /* a list */
        if (why) {
            findings_add(b->findings, FINDING_BAD_VALUE,
                         builder_place(b, cost->costs_document, cell->line, cell->column),
                         cost_pair_pointer(b, cost, cell, map), (slice_t){0}, "%s", why);
            good = false;
        }
    }
    const char *why = cost_is_defined(cost->rest) ? cost_forbidden(&cost->type, cost->rest) : NULL;
    if (why) {
        findings_add(b->findings, FINDING_BAD_VALUE,
                     builder_place(b, cost->document, cost->rest_ref.line, cost->rest_ref.column),
                     cost->rest_ref.pointer, (slice_t){0}, "%s", why);
    }
    return good && !why;
}

/* A distance is any number. */
static bool check_computed(builder_t *b, const cost_map_draft_t *cost)
{
    const char *why = cost->computed == COST_DISTANCE ? cost_forbidden(&cost->type, 0.5) : NULL;
    if (why) {
        findings_add(b->findings, FINDING_CONFLICT,
                     builder_place(b, cost->document, cost->line, cost->column),
                     cost->costs_pointer, (slice_t){0}, "%s, and coordinates make other ones", why);
    }
    return !why;
}

static void make_matrix(builder_t *b, cost_map_draft_t *cost, const model_network_map_t *map,
                        model_cost_map_t *out)
{
    cost_cell_t twice = {.cost = COST_NONE};
    err_t err = cost->computed ? compute_costs(b, cost, map->pid_count, &out->costs)
                : cost->calendar.given
                    ? make_calendar(b, cost, map->pid_count, &out->calendar, &twice)
                    : cost_matrix_make(cost->cells, cost->cell_count, map->pid_count, cost->rest,
                                       b->arena, &out->costs, &twice);
    if (!err && out->calendar) {
        out->costs = *cost_calendar_at(out->calendar, b->now);
        cost_calendar_holds(out->calendar, b->now, &out->holds.from, &out->holds.until);
    } else if (err == ERR_DATA) {
        findings_add(b->findings, FINDING_DUPLICATE_KEY,
                     builder_place(b, cost->costs_document, twice.line, twice.column),
                     cost_pair_pointer(b, cost, &twice, map), (slice_t){0},
                     "the cost from '%.*s' to '%.*s' stands here twice",
                     SLICE_ARG(map->pids[twice.from].name), SLICE_ARG(map->pids[twice.to].name));
    } else if (err) {
        b->failed = true;
    }
}

/* One network map has one cost map of a type (RFC 7285 6.1), for everybody who sees it. */
static void check_type(builder_t *b, size_t index)
{
    const cost_map_draft_t *cost = b->cost_map_list.items[index];
    slice_t pointer = arena_printf(b->arena, "/cost-maps/%.*s", SLICE_ARG(cost->name));
    place_t place = builder_place(b, cost->document, cost->line, cost->column);
    for (size_t i = 0; i < index; i++) {
        const cost_map_draft_t *other = b->cost_map_list.items[i];
        if (other->metric.name.ptr && other->has_mode && cost_type_eq(&cost->type, &other->type) &&
            slice_eq(cost->map.name, other->map.name) &&
            audiences_meet(b, cost->document, other->document)) {
            findings_add(b->findings, FINDING_DUPLICATE_NAME, place, pointer, (slice_t){0},
                         "cost map '%.*s' (%.*s:%u) has the %s %.*s of network map '%.*s' already",
                         SLICE_ARG(other->name), SLICE_ARG(b->documents[other->document].made.file),
                         other->line, cost_mode_names[cost->type.mode],
                         SLICE_ARG(cost->type.metric), SLICE_ARG(cost->map.name));
        }
    }
    if (slice_is(cost->name, MODEL_COST_MAP) &&
        (cost->type.mode != COST_NUMERICAL || !slice_is(cost->type.metric, MODEL_COST_METRIC))) {
        findings_add(b->findings, FINDING_BAD_NAME, place, pointer, (slice_t){0},
                     "'" MODEL_COST_MAP "' is the id of the numerical " MODEL_COST_METRIC
                     ", which the service makes itself where documents have none");
    }
}

static slice_t make_context(builder_t *b, const cost_map_draft_t *cost)
{
    buf_t text = BUF_INIT;
    if (!cost->source.name.ptr) {
        return SLICE_LIT("");
    }
    if (slice_is(cost->type.metric, MODEL_COST_METRIC) &&
        !slice_is(cost->source.name, "estimation")) {
        findings_add(b->findings, FINDING_BAD_VALUE,
                     builder_place(b, cost->document, cost->source.line, cost->source.column),
                     cost->source.pointer, (slice_t){0},
                     "the cost-source of " MODEL_COST_METRIC " is estimation (RFC 9439 6.3)");
    }
    buf_printf(&text, "{\"cost-source\":\"%.*s\"", SLICE_ARG(cost->source.name));
    if (cost->parameters) {
        buf_append_str(&text, ",\"parameters\":");
        json_write_value(&text, cost->parameters);
    }
    buf_append_char(&text, '}');
    slice_t made = builder_copy(b, buf_slice(&text));
    b->failed |= buf_failed(&text);
    buf_release(&text);
    return made;
}

static int cmp_cost_map(const void *x, const void *y)
{
    return slice_cmp(((const model_cost_map_t *)x)->id, ((const model_cost_map_t *)y)->id);
}

bool resolve_cost_maps(builder_t *b)
{
    size_t count = b->cost_map_list.count, n = 0;
    model_cost_map_t *made = builder_alloc(b, count, sizeof *made);
    for (size_t i = 0; made && i < count && !b->failed; i++) {
        cost_map_draft_t *cost = b->cost_map_list.items[i];
        const model_network_map_t *map = resolve_network_map(b, cost->document, &cost->map);
        bool typed = cost->metric.name.ptr && cost->has_mode;
        if (!map) {
            continue;
        }
        if (typed) {
            check_type(b, i);
        }
        bool known = renumber(b, cost, map);
        made[n] = (model_cost_map_t){.id = cost->name,
                                     .document = cost->document,
                                     .line = cost->line,
                                     .column = cost->column,
                                     .network_map = map,
                                     .type = cost->type,
                                     .context = make_context(b, cost),
                                     .holds = cost->fresh,
                                     .file = cost->file.name};
        if (known && typed && check_cells(b, cost, map) &&
            (cost->computed ? check_computed(b, cost) : check_cost_lists(b, cost, map)) &&
            !cost->bad) {
            make_matrix(b, cost, map, &made[n++]);
        }
    }
    sort_items(made, n, sizeof *made, cmp_cost_map);
    b->model->cost_maps = made;
    b->model->cost_map_count = n;
    return !b->failed;
}
