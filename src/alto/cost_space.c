#include "footprintd/alto/costs.h"

#include <stdlib.h>

/* ---- offers ---- */

static slice_t type_text(const cost_type_t *type, slice_t context, arena_t *arena)
{
    return arena_printf(arena, "{\"cost-mode\":\"%s\",\"cost-metric\":\"%.*s\"%s%.*s}",
                        cost_mode_names[type->mode], SLICE_ARG(type->metric),
                        context.len ? ",\"cost-context\":" : "", SLICE_ARG(context));
}

/*
 * "num-delay-ow-p99_9" for delay-ow:p99.9: what names are made of has no '.' (RFC 7285 10.1), and
 * the ':' before a statistic says no more than a '-'.
 */
static slice_t type_name(const cost_type_t *type, arena_t *arena)
{
    slice_t made = arena_printf(arena, "%s-%.*s", type->mode == COST_ORDINAL ? "ord" : "num",
                                SLICE_ARG(type->metric));
    const cost_metric_t *metric = cost_metric_find(type->metric);
    char *name = made.len ? arena_alloc(arena, made.len) : NULL;
    for (size_t i = 0; name && i < made.len; i++) {
        char c = made.ptr[i];
        name[i] = c == '.' ? '_' : c == ':' && metric ? '-' : c;
    }
    return slice_of(name, name ? made.len : 0);
}

cost_offer_t *cost_offer_find(cost_offer_t *offers, size_t count, const cost_type_t *type)
{
    for (size_t i = 0; i < count; i++) {
        if (cost_type_eq(&offers[i].type, type)) {
            return &offers[i];
        }
    }
    return NULL;
}

static void add_offer(cost_space_t *space, const model_cost_map_t *costs, cost_mode_t mode,
                      arena_t *arena)
{
    const cost_metric_t *metric = cost_metric_find(costs->type.metric);
    const cost_type_t type = {costs->type.metric, mode};
    space->offers[space->offer_count++] = (cost_offer_t){
        .type = type,
        .name = type_name(&type, arena),
        .text = type_text(&type, costs->context, arena),
        .costs = &costs->costs,
        .calendar = costs->calendar,
        .ranked = mode != costs->type.mode,
        .higher_is_better = metric && metric->higher_is_better,
        .testable = true,
        .space = space,
    };
}

static int by_name(const void *x, const void *y)
{
    return slice_cmp(((const cost_offer_t *)x)->name, ((const cost_offer_t *)y)->name);
}

static bool make_keys(cost_space_t *space, arena_t *arena)
{
    slice_t *keys = arena_array(arena, space->map->count + 1, sizeof *keys);
    for (size_t i = 0; keys && i < space->map->count; i++) {
        /* PID names need no escapes (RFC 7285 10.1). */
        keys[i] = arena_printf(arena, "\"%.*s\":", SLICE_ARG(space->map->pids[i].name));
    }
    space->keys = keys;
    return keys && !arena_failed(arena);
}

err_t cost_space_build(const network_map_content_t *map, const pid_index_t *index,
                       const model_cost_map_t *const *costs, size_t count, arena_t *arena,
                       cost_space_t **out)
{
    cost_space_t *space = arena_alloc(arena, sizeof *space);
    if (!space) {
        return ERR_NOMEM;
    }
    *space = (cost_space_t){.map = map, .index = index};
    space->offers = arena_array(arena, 2 * count + 1, sizeof *space->offers);
    if (!space->offers || !make_keys(space, arena)) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        add_offer(space, costs[i], costs[i]->type.mode, arena);
    }
    for (size_t i = 0; i < count; i++) {
        const cost_type_t ordinal = {costs[i]->type.metric, COST_ORDINAL};
        if (costs[i]->type.mode == COST_NUMERICAL &&
            !cost_offer_find(space->offers, space->offer_count, &ordinal)) {
            add_offer(space, costs[i], COST_ORDINAL, arena);
        }
    }
    qsort(space->offers, space->offer_count, sizeof *space->offers, by_name);
    space->max_types = space->offer_count;
    *out = space;
    return arena_failed(arena) ? ERR_NOMEM : ERR_OK;
}

/* Whether an offer before this one has the name with another meaning, or in the same space. */
static bool is_taken(cost_space_t *const *spaces, const cost_offer_t *offer, slice_t name)
{
    for (size_t i = 0;; i++) {
        for (size_t k = 0; k < spaces[i]->offer_count; k++) {
            const cost_offer_t *other = &spaces[i]->offers[k];
            if (other == offer) {
                return false;
            }
            if (slice_eq(other->name, name) &&
                (spaces[i] == offer->space || !slice_eq(other->text, offer->text))) {
                return true;
            }
        }
    }
}

err_t cost_spaces_name(cost_space_t *const *spaces, size_t count, arena_t *arena)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < spaces[i]->offer_count; k++) {
            cost_offer_t *offer = &spaces[i]->offers[k];
            slice_t name = offer->name;
            for (unsigned n = 2; is_taken(spaces, offer, name) && !arena_failed(arena); n++) {
                name = arena_printf(arena, "%.*s-%u", SLICE_ARG(offer->name), n);
            }
            offer->name = name;
        }
    }
    for (size_t i = 0; i < count; i++) {
        qsort(spaces[i]->offers, spaces[i]->offer_count, sizeof *spaces[i]->offers, by_name);
    }
    return arena_failed(arena) ? ERR_NOMEM : ERR_OK;
}

err_t endpoint_cost_build(cost_space_t *const *spaces, size_t count, arena_t *arena,
                          endpoint_cost_content_t **out)
{
    endpoint_cost_content_t *c = arena_alloc(arena, sizeof *c);
    size_t most = 0;
    for (size_t i = 0; i < count; i++) {
        most += spaces[i]->offer_count;
    }
    cost_offer_t *offers = arena_array(arena, most + 1, sizeof *offers);
    if (!c || !offers) {
        return ERR_NOMEM;
    }
    cost_terms_t *terms = &c->terms;
    *terms = (cost_terms_t){.offers = offers};
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < spaces[i]->offer_count; k++) {
            const cost_offer_t *offer = &spaces[i]->offers[k];
            if (!cost_offer_find(offers, terms->count, &offer->type)) {
                offers[terms->count++] = *offer;
            }
        }
    }
    if (terms->count) {
        qsort(offers, terms->count, sizeof *offers, by_name);
    }
    terms->max_types = terms->count;
    *out = c;
    return ERR_OK;
}

/* ---- in the IRD ---- */

static slice_t keep(buf_t *text, arena_t *arena)
{
    slice_t copy = buf_failed(text) ? slice_of(NULL, 0) : arena_copy(arena, buf_slice(text));
    buf_release(text);
    return copy;
}

static void write_names(const cost_offer_t *offers, size_t count, bool testable, buf_t *out)
{
    bool any = false;
    for (size_t i = 0; i < count; i++) {
        if (!testable || offers[i].testable) {
            buf_printf(out, "%s\"%.*s\"", any ? "," : "[", SLICE_ARG(offers[i].name));
            any = true;
        }
    }
    buf_append_char(out, ']');
}

slice_t cost_map_capabilities(const cost_offer_t *offer, arena_t *arena)
{
    buf_t text = BUF_INIT;
    buf_append_str(&text, "{\"cost-type-names\":");
    write_names(offer, 1, false, &text);
    buf_append_char(&text, '}');
    return keep(&text, arena);
}

static bool same_intervals(const cost_offer_t *x, const cost_offer_t *y)
{
    return x->calendar && y->calendar && x->calendar->interval_s == y->calendar->interval_s &&
           x->calendar->count == y->calendar->count;
}

/* RFC 8896 4.1: types with the same intervals together. */
static void write_calendars(const cost_terms_t *terms, buf_t *out)
{
    bool any = false;
    for (size_t i = 0; i < terms->count; i++) {
        const cost_offer_t *first = &terms->offers[i];
        bool written = !first->calendar;
        for (size_t k = 0; k < i && !written; k++) {
            written = same_intervals(first, &terms->offers[k]);
        }
        if (written) {
            continue;
        }
        buf_append_str(out, any ? ",{\"cost-type-names\":["
                                : ",\"calendar-attributes\":[{"
                                  "\"cost-type-names\":[");
        for (size_t k = i; k < terms->count; k++) {
            if (same_intervals(first, &terms->offers[k])) {
                buf_printf(out, "%s\"%.*s\"", k > i ? "," : "", SLICE_ARG(terms->offers[k].name));
            }
        }
        buf_printf(out, "],\"time-interval-size\":%u,\"number-of-intervals\":%u}",
                   first->calendar->interval_s, first->calendar->count);
        any = true;
    }
    buf_append_str(out, any ? "]" : "");
}

/* RFC 8189 4.1.1: that all types can be tested is said in another way than that some can. */
slice_t cost_capabilities(const cost_terms_t *terms, arena_t *arena)
{
    buf_t text = BUF_INIT;
    size_t testable = 0;
    for (size_t i = 0; i < terms->count; i++) {
        testable += terms->offers[i].testable;
    }
    buf_append_str(&text, "{\"cost-type-names\":");
    write_names(terms->offers, terms->count, false, &text);
    if (testable && testable == terms->count) {
        buf_append_str(&text, ",\"cost-constraints\":true");
    }
    if (terms->max_types) {
        buf_printf(&text, ",\"max-cost-types\":%zu", terms->max_types);
    }
    if (testable && testable < terms->count) {
        buf_append_str(&text, ",\"testable-cost-type-names\":");
        write_names(terms->offers, terms->count, true, &text);
    }
    write_calendars(terms, &text);
    buf_append_char(&text, '}');
    return keep(&text, arena);
}

/* What a loss rate of 0.01 means the RFC leaves open (RFC 9439 4.4): the directory says it. */
static void write_type(const cost_offer_t *offer, buf_t *out)
{
    const cost_metric_t *metric = cost_metric_find(offer->type.metric);
    bool percent = metric && strcmp(metric->unit, "percent") == 0 &&
                   offer->type.mode == COST_NUMERICAL;
    buf_printf(out, "\"%.*s\":%.*s%s}", SLICE_ARG(offer->name), (int)offer->text.len - 1,
               offer->text.ptr, percent ? ",\"description\":\"in percent, from 0 to 100\"" : "");
}

slice_t cost_types(cost_space_t *const *spaces, size_t count, arena_t *arena)
{
    buf_t text = BUF_INIT;
    size_t most = 0, n = 0;
    for (size_t i = 0; i < count; i++) {
        most += spaces[i]->offer_count;
    }
    cost_offer_t *all = arena_array(arena, most + 1, sizeof *all);
    if (!all) {
        return slice_of(NULL, 0);
    }
    for (size_t i = 0; i < count; i++) {
        memcpy(all + n, spaces[i]->offers, spaces[i]->offer_count * sizeof *all);
        n += spaces[i]->offer_count;
    }
    qsort(all, n, sizeof *all, by_name);
    buf_append_char(&text, '{');
    for (size_t i = 0; i < n; i++) {
        if (!i || !slice_eq(all[i].name, all[i - 1].name)) {
            buf_append_str(&text, i ? "," : "");
            write_type(&all[i], &text);
        }
    }
    buf_append_char(&text, '}');
    return keep(&text, arena);
}
