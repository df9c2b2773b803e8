#include "cost_map.h"
#include "trees.h"

#include "footprintd/base/time.h"

static void write_depends(const cost_space_t *space, buf_t *out)
{
    buf_printf(out, "\"dependent-vtags\":[{\"resource-id\":\"%.*s\",\"tag\":\"%s\"}],",
               SLICE_ARG(space->map->id), space->map->tag);
}

/* What the resource says of its types, not what the client wrote (RFC 8189 4.1.3). */
static void write_types(const cost_column_t *columns, size_t count, bool multi, buf_t *out)
{
    if (!multi) {
        buf_append_str(out, "\"cost-type\":");
        buf_append_slice(out, columns[0].offer->text);
        return;
    }
    buf_append_str(out, "\"cost-type\":{},\"multi-cost-types\":[");
    for (size_t i = 0; i < count; i++) {
        buf_append_str(out, i ? "," : "");
        buf_append_slice(out, columns[i].offer->text);
    }
    buf_append_char(out, ']');
}

static bool same_run(const cost_column_t *x, const cost_column_t *y)
{
    return x->calendar && y->calendar && x->run.start == y->run.start &&
           x->run.repeated == y->run.repeated &&
           x->calendar->interval_s == y->calendar->interval_s &&
           x->calendar->count == y->calendar->count;
}

/* Whether one of the columns before has the run, and the offer too where that is asked. */
static bool is_first(const cost_column_t *columns, size_t i, bool of_offer)
{
    for (size_t k = 0; k < i; k++) {
        if (same_run(&columns[k], &columns[i]) &&
            (!of_offer || columns[k].offer == columns[i].offer)) {
            return false;
        }
    }
    return true;
}

/* RFC 8896 5.1.2: types whose calendars have the same times together, each once. */
static void write_calendars(const cost_column_t *columns, size_t count, buf_t *out)
{
    bool any = false;
    for (size_t i = 0; i < count; i++) {
        const cost_column_t *c = &columns[i];
        if (!c->calendar || !is_first(columns, i, false)) {
            continue;
        }
        buf_append_str(out, any ? ",{" : ",\"calendar-response-attributes\":[{");
        buf_append_str(out, "\"cost-type-names\":[");
        for (size_t k = i; k < count; k++) {
            if (same_run(c, &columns[k]) && is_first(columns, k, true)) {
                buf_printf(out, "%s\"%.*s\"", k > i ? "," : "", SLICE_ARG(columns[k].offer->name));
            }
        }
        buf_append_str(out, "],\"calendar-start-time\":\"");
        moment_write_http(c->run.start, out);
        buf_printf(out, "\",\"time-interval-size\":%u,\"number-of-intervals\":%u",
                   c->calendar->interval_s, c->calendar->count);
        if (c->run.repeated > 1) {
            buf_printf(out, ",\"repeated\":%u", c->run.repeated);
        }
        buf_append_char(out, '}');
        any = true;
    }
    buf_append_str(out, any ? "]" : "");
}

slice_t cost_meta(const cost_space_t *space, const cost_request_t *q, arena_t *arena)
{
    buf_t text = BUF_INIT;
    buf_append_char(&text, '{');
    if (space) {
        write_depends(space, &text);
    }
    write_types(q->columns, q->shown, q->multi, &text);
    write_calendars(q->columns, q->shown, &text);
    buf_append_char(&text, '}');
    slice_t meta = buf_failed(&text) ? SLICE_LIT("") : arena_copy(arena, buf_slice(&text));
    arena->failed |= !meta.len;
    buf_release(&text);
    return meta;
}

slice_t cost_meta_one(const cost_offer_t *offer, arena_t *arena)
{
    cost_column_t column = {.offer = offer};
    const cost_request_t q = {.columns = &column, .shown = 1, .column_count = 1};
    return cost_meta(offer->space, &q, arena);
}

node_t *cost_root(slice_t meta, const char *key, node_t *rows, nodes_t *nodes)
{
    const slice_t top[] = {{"meta", 4}, slice_str(key)};
    json_value_t *tree = NULL;
    json_error_t error;
    arena_t arena;
    arena_init(&arena, 0);
    node_t *root = NULL;
    if (rows && !json_parse(meta, 0, &arena, &tree, &error)) {
        root = tree_members(nodes, top, 2, nodes_json(nodes, tree), rows);
    }
    nodes->failed |= !root;
    arena_release(&arena);
    return root;
}
