#include "cost_members.h"

#include "footprintd/base/time.h"

#define VALUES_DEFAULT ((size_t)1 << 22)
/* So many ranges that pairs are tested for are as much as one value. */
#define BOUNDS_PER_VALUE 64

/* ---- values: cost types ---- */

/* What is being read, and what it is read into. */
typedef struct reading {
    request_t *r;
    const cost_terms_t *terms;
    const cost_members_t *m;
    cost_request_t *q;
    const cost_offer_t **tested; /* by the index that predicates have */
    size_t tested_count;
} reading_t;

/* The metric must be offered in some mode, and then in this one; all else in it is ignored. */
static const cost_offer_t *find_offer(reading_t *x, const cost_type_fields_t *f,
                                      const json_value_t *value)
{
    const json_value_t *metric = json_get(value, "cost-metric"),
                       *mode = json_get(value, "cost-mode");
    const cost_terms_t *terms = x->terms;
    if (!metric || !mode) {
        (void)request_wrong_value(x->r, f->name, value); /* not an object */
        return NULL;
    }
    bool known = false;
    for (size_t i = 0; i < terms->count; i++) {
        known |= slice_eq(terms->offers[i].type.metric, metric->u.text);
    }
    const cost_offer_t *offer = cost_type_offer(terms, value);
    if (!known) {
        (void)request_wrong_value(x->r, f->metric, metric);
    } else if (!offer) {
        (void)request_wrong_value(x->r, f->mode, mode);
    }
    return offer;
}

static bool show(reading_t *x, const cost_type_fields_t *f, const json_value_t *value)
{
    const cost_offer_t *offer = find_offer(x, f, value);
    if (offer) {
        x->q->columns[x->q->shown++] = (cost_column_t){.offer = offer};
    }
    return offer != NULL;
}

static bool read_shown(reading_t *x)
{
    const json_value_t *types = x->m->types;
    size_t count = cost_list_count(types);
    if (!types) {
        return show(x, &cost_one_type, x->m->type);
    }
    if (x->m->type && !find_offer(x, &cost_one_type, x->m->type)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const json_value_t *type = &types->u.array.items[i];
        if (i == x->terms->max_types) {
            return request_wrong_value(x->r, cost_many_types.name, type);
        }
        if (!show(x, &cost_many_types, type)) {
            return false;
        }
    }
    return count || request_wrong_value(x->r, cost_many_types.name, types);
}

/* Where they are not said, what is shown is what can be tested. */
static bool read_tested(reading_t *x)
{
    const json_value_t *list = x->m->tested;
    size_t count = list ? cost_list_count(list) : x->q->shown;
    x->tested = arena_array(x->r->arena, count + 1, sizeof(const cost_offer_t *));
    if (!x->tested) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const json_value_t *type = list ? &list->u.array.items[i] : NULL;
        x->tested[i] = type ? find_offer(x, &cost_tested_types, type) : x->q->columns[i].offer;
        if (!x->tested[i]) {
            return false;
        }
        if (type && !x->tested[i]->testable) {
            return request_wrong_value(x->r, cost_tested_types.name, type);
        }
    }
    x->tested_count = count;
    return count || request_wrong_value(x->r, cost_tested_types.name, list);
}

/* ---- values: tests ---- */

static size_t column_of(cost_request_t *q, const cost_offer_t *offer)
{
    size_t i = 0;
    while (i < q->column_count && (q->columns[i].offer != offer || q->columns[i].calendar)) {
        i++;
    }
    if (i == q->column_count) {
        q->columns[q->column_count++] = (cost_column_t){.offer = offer};
    }
    return i;
}

static bool read_predicate(reading_t *x, const char *field, const json_value_t *value)
{
    cost_predicate_t p;
    if (value->kind != JSON_STRING ||
        !cost_predicate_parse(value->u.text, x->terms->max_types > 0, &p) ||
        p.index >= x->tested_count || !x->tested[p.index]->testable) {
        return request_wrong_value(x->r, field, value);
    }
    cost_test_add(&x->q->test, column_of(x->q, x->tested[p.index]), &p);
    return true;
}

static bool read_group(reading_t *x, const char *field, const json_value_t *list)
{
    cost_test_begin_group(&x->q->test);
    for (size_t i = 0; i < list->u.array.count; i++) {
        if (!read_predicate(x, field, &list->u.array.items[i])) {
            return false;
        }
    }
    return true;
}

static bool is_testable(const cost_terms_t *terms)
{
    for (size_t i = 0; i < terms->count; i++) {
        if (terms->offers[i].testable) {
            return true;
        }
    }
    return false;
}

/* An empty list is no constraint, and so allowed everywhere. */
static bool read_all(reading_t *x)
{
    const json_value_t *list = x->m->all;
    if (!cost_list_count(list)) {
        return true;
    }
    if (!is_testable(x->terms)) {
        return request_wrong_value(x->r, "constraints", &list->u.array.items[0]);
    }
    return cost_test_init(&x->q->test, 1, list->u.array.count, x->r->arena) &&
           read_group(x, "constraints", list);
}

/* Of both kinds of constraints the one that is read counts: both are refused in the end. */
static bool read_any(reading_t *x)
{
    static const char field[] = "or-constraints";
    const json_value_t *groups = x->m->any;
    size_t count = cost_list_count(groups), predicates = 0;
    if (!groups) {
        return true;
    }
    if (!x->terms->max_types || !is_testable(x->terms) || !count) {
        return request_wrong_value(x->r, field, groups);
    }
    for (size_t i = 0; i < count; i++) {
        predicates += cost_list_count(&groups->u.array.items[i]);
    }
    if (!cost_test_init(&x->q->test, count, predicates, x->r->arena)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const json_value_t *group = &groups->u.array.items[i];
        if (!cost_list_count(group)) {
            return request_wrong_value(x->r, field, group); /* [], or not an array */
        }
        if (!read_group(x, field, group)) {
            return false;
        }
    }
    return true;
}

/* ---- values: calendars ---- */

/* One for each cost type; where there is no calendar nothing is one (RFC 8896 5.1.1). */
static bool read_calendared(reading_t *x, const alto_limits_t *limits)
{
    const json_value_t *list = x->m->calendared;
    int64_t now = limits && limits->now ? limits->now : moment_now();
    if (!list) {
        return true;
    }
    for (size_t i = 0; i < list->u.array.count; i++) {
        if (list->u.array.items[i].kind != JSON_BOOL) {
            return request_wrong_value(x->r, "calendared", &list->u.array.items[i]);
        }
    }
    if (list->u.array.count != x->q->shown) {
        return request_wrong_value(x->r, "calendared", list);
    }
    for (size_t i = 0; i < x->q->shown; i++) {
        cost_column_t *c = &x->q->columns[i];
        if (list->u.array.items[i].u.boolean && c->offer->calendar) {
            c->calendar = c->offer->calendar;
            c->run = cost_calendar_run(c->calendar, now);
        }
    }
    return true;
}

/* ---- values: the lists, and all of it ---- */

static bool check_list(request_t *r, const char *field, const json_value_t *list,
                       bool (*valid)(const json_value_t *v))
{
    for (size_t i = 0; list && i < list->u.array.count; i++) {
        if (!valid(&list->u.array.items[i])) {
            return request_wrong_value(r, field, &list->u.array.items[i]);
        }
    }
    return true;
}

bool cost_request_read(request_t *r, slice_t body, const alto_limits_t *limits,
                       const cost_lists_t *form, const cost_terms_t *terms, cost_request_t *q)
{
    cost_members_t m;
    if (!request_parse(r, body) || !cost_members_read(r, limits, form, terms, &m)) {
        return false;
    }
    *q = (cost_request_t){
        .multi = m.types != NULL, .lists = m.lists, .srcs = m.srcs, .dsts = m.dsts};
    /* Shown ones as they are asked for, and behind them each offer that is tested, once. */
    q->columns = arena_array(r->arena, cost_list_count(m.types) + terms->count + 1,
                             sizeof *q->columns);
    reading_t x = {.r = r, .terms = terms, .m = &m, .q = q};
    if (!q->columns || !read_shown(&x)) {
        return false;
    }
    q->column_count = q->shown;
    return read_tested(&x) && read_all(&x) && read_any(&x) && read_calendared(&x, limits) &&
           check_list(r, form->srcs, m.srcs, form->valid) &&
           check_list(r, form->dsts, m.dsts, form->valid) &&
           (!form->more || form->more(r, form, true)) && cost_members_agree(r, &m);
}

bool cost_request_fits(request_t *r, const alto_limits_t *limits, const cost_request_t *q,
                       size_t from, size_t to)
{
    size_t most = limits && limits->cost_values ? limits->cost_values : VALUES_DEFAULT;
    size_t values = cost_test_bounds(&q->test) / BOUNDS_PER_VALUE;
    for (size_t i = 0; i < q->column_count; i++) {
        values += cost_column_depth(&q->columns[i]);
    }
    if (from && to && from > most / to / (values ? values : 1)) {
        (void)request_too_big(r);
        r->answer->costs = true;
        return false;
    }
    return true;
}
