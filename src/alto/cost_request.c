#include "cost_request.h"

#define ENTRIES_DEFAULT 65536
#define VALUES_DEFAULT  ((size_t)1 << 22)
/* So many ranges that pairs are tested for are as much as one value. */
#define BOUNDS_PER_VALUE 64

/* ---- the members ---- */

/* Where a CostType stands, or a list of them. */
typedef struct type_fields {
    const char *name, *metric, *mode, *context, *source;
} type_fields_t;

#define TYPE_FIELDS(name)                                                                          \
    {                                                                                              \
        name, name "/cost-metric", name "/cost-mode", name "/cost-context",                        \
            name "/cost-context/cost-source"                                                       \
    }

static const type_fields_t one_type = TYPE_FIELDS("cost-type");
static const type_fields_t many_types = TYPE_FIELDS("multi-cost-types");
static const type_fields_t tested_types = TYPE_FIELDS("testable-cost-types");

typedef struct members {
    const json_value_t *type, *types, *tested;
    const json_value_t *all, *any; /* constraints, or-constraints */
    const json_value_t *lists, *srcs, *dsts;
} members_t;

/*
 * A member that the resource does not know is as if it were not there (RFC 7285 8.3.7); of
 * or-constraints every resource of ours knows, since without them the answer would be more than was
 * asked for.
 */
static void find_members(const request_t *r, const cost_lists_t *form, const cost_terms_t *terms,
                         members_t *m)
{
    bool extended = terms->max_types > 0;
    *m = (members_t){.type = json_get(r->root, "cost-type"),
                     .types = extended ? json_get(r->root, many_types.name) : NULL,
                     .tested = extended ? json_get(r->root, tested_types.name) : NULL,
                     .all = json_get(r->root, "constraints"),
                     .any = json_get(r->root, "or-constraints"),
                     .lists = json_get(r->root, form->name)};
    m->srcs = json_get(m->lists, "srcs");
    m->dsts = json_get(m->lists, "dsts");
    /* Clients say "cost-type":{} beside multi-cost-types, as answers do (RFC 8896 5.2.4). */
    if (m->types && m->type && m->type->kind == JSON_OBJECT && !m->type->u.object.count) {
        m->type = NULL;
    }
}

static bool is_kind(const json_value_t *v, json_kind_t kind)
{
    return !v || v->kind == kind;
}

static size_t count_of(const json_value_t *list)
{
    return list && list->kind == JSON_ARRAY ? list->u.array.count : 0;
}

/* ---- what is missing ---- */

static bool check_type_whole(request_t *r, const type_fields_t *f, const json_value_t *type)
{
    const json_value_t *context = json_get(type, "cost-context");
    if (type->kind != JSON_OBJECT) {
        return true;
    }
    if (!json_get(type, "cost-metric")) {
        return request_missing(r, f->metric);
    }
    if (!json_get(type, "cost-mode")) {
        return request_missing(r, f->mode);
    }
    if (context && context->kind == JSON_OBJECT && !json_get(context, "cost-source")) {
        return request_missing(r, f->source);
    }
    return true;
}

typedef bool (*type_check_t)(request_t *r, const type_fields_t *f, const json_value_t *type);

static bool check_each(request_t *r, const type_fields_t *f, const json_value_t *list,
                       type_check_t check)
{
    for (size_t i = 0; i < count_of(list); i++) {
        if (!check(r, f, &list->u.array.items[i])) {
            return false;
        }
    }
    return true;
}

static bool check_missing(request_t *r, const cost_lists_t *form, const members_t *m)
{
    if (!m->type && !m->types) {
        return request_missing(r, "cost-type");
    }
    if ((m->type && !check_type_whole(r, &one_type, m->type)) ||
        !check_each(r, &many_types, m->types, check_type_whole) ||
        !check_each(r, &tested_types, m->tested, check_type_whole)) {
        return false;
    }
    if (!m->lists && form->lists_needed) {
        return request_missing(r, form->name);
    }
    if (m->lists && m->lists->kind == JSON_OBJECT && form->members_needed) {
        if (!m->srcs) {
            return request_missing(r, form->srcs);
        }
        if (!m->dsts) {
            return request_missing(r, form->dsts);
        }
    }
    return true;
}

/* ---- types ---- */

/* Elements of a list that are no objects are wrong values of it. */
static bool check_type_types(request_t *r, const type_fields_t *f, const json_value_t *type)
{
    const json_value_t *context = json_get(type, "cost-context");
    if (!is_kind(json_get(type, "cost-metric"), JSON_STRING)) {
        return request_wrong_type(r, f->metric);
    }
    if (!is_kind(json_get(type, "cost-mode"), JSON_STRING)) {
        return request_wrong_type(r, f->mode);
    }
    if (!is_kind(context, JSON_OBJECT)) {
        return request_wrong_type(r, f->context);
    }
    return is_kind(json_get(context, "cost-source"), JSON_STRING) ||
           request_wrong_type(r, f->source);
}

static bool check_types(request_t *r, const cost_lists_t *form, const members_t *m)
{
    const struct {
        const json_value_t *value;
        json_kind_t kind;
        const char *field;
        const type_fields_t *types; /* what it is, or has */
    } wanted[] = {
        {m->type, JSON_OBJECT, "cost-type", &one_type},
        {m->types, JSON_ARRAY, many_types.name, &many_types},
        {m->tested, JSON_ARRAY, tested_types.name, &tested_types},
        {m->all, JSON_ARRAY, "constraints", NULL},
        {m->any, JSON_ARRAY, "or-constraints", NULL},
        {m->lists, JSON_OBJECT, form->name, NULL},
        {m->srcs, JSON_ARRAY, form->srcs, NULL},
        {m->dsts, JSON_ARRAY, form->dsts, NULL},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        if (!is_kind(wanted[i].value, wanted[i].kind)) {
            return request_wrong_type(r, wanted[i].field);
        }
        if (wanted[i].value && wanted[i].types &&
            !(wanted[i].kind == JSON_OBJECT
                  ? check_type_types(r, wanted[i].types, wanted[i].value)
                  : check_each(r, wanted[i].types, wanted[i].value, check_type_types))) {
            return false;
        }
    }
    return !form->more || form->more(r, form, false);
}

/* ---- values: cost types ---- */

/* What is being read, and what it is read into. */
typedef struct reading {
    request_t *r;
    const cost_terms_t *terms;
    const members_t *m;
    cost_request_t *q;
    const cost_offer_t **tested; /* by the index that predicates have */
    size_t tested_count;
} reading_t;

/* The metric must be offered in some mode, and then in this one; all else in it is ignored. */
static const cost_offer_t *find_offer(reading_t *x, const type_fields_t *f,
                                      const json_value_t *value)
{
    const json_value_t *metric = json_get(value, "cost-metric"),
                       *mode = json_get(value, "cost-mode");
    const cost_terms_t *terms = x->terms;
    if (!metric || !mode) {
        (void)request_wrong_value(x->r, f->name, value); /* not an object */
        return NULL;
    }
    const cost_type_t type = {metric->u.text, cost_mode_find(mode->u.text)};
    bool known = false;
    for (size_t i = 0; i < terms->count; i++) {
        known |= slice_eq(terms->offers[i].type.metric, type.metric);
    }
    const cost_offer_t *offer = cost_offer_find(terms->offers, terms->count, &type);
    if (!known) {
        (void)request_wrong_value(x->r, f->metric, metric);
    } else if (!offer) {
        (void)request_wrong_value(x->r, f->mode, mode);
    }
    return offer;
}

static bool show(reading_t *x, const type_fields_t *f, const json_value_t *value)
{
    const cost_offer_t *offer = find_offer(x, f, value);
    if (offer) {
        x->q->columns[x->q->shown++] = (cost_column_t){offer, NULL};
    }
    return offer != NULL;
}

static bool read_shown(reading_t *x)
{
    const json_value_t *types = x->m->types;
    size_t count = count_of(types);
    if (!types) {
        return show(x, &one_type, x->m->type);
    }
    if (x->m->type && !find_offer(x, &one_type, x->m->type)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const json_value_t *type = &types->u.array.items[i];
        if (i == x->terms->max_types) {
            return request_wrong_value(x->r, many_types.name, type);
        }
        if (!show(x, &many_types, type)) {
            return false;
        }
    }
    return count || request_wrong_value(x->r, many_types.name, types);
}

/* Where they are not said, what is shown is what can be tested. */
static bool read_tested(reading_t *x)
{
    const json_value_t *list = x->m->tested;
    size_t count = list ? count_of(list) : x->q->shown;
    x->tested = arena_array(x->r->arena, count + 1, sizeof(const cost_offer_t *));
    if (!x->tested) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const json_value_t *type = list ? &list->u.array.items[i] : NULL;
        x->tested[i] = type ? find_offer(x, &tested_types, type) : x->q->columns[i].offer;
        if (!x->tested[i]) {
            return false;
        }
        if (type && !x->tested[i]->testable) {
            return request_wrong_value(x->r, tested_types.name, type);
        }
    }
    x->tested_count = count;
    return count || request_wrong_value(x->r, tested_types.name, list);
}

/* ---- values: tests ---- */

static size_t column_of(cost_request_t *q, const cost_offer_t *offer)
{
    size_t i = 0;
    while (i < q->column_count && q->columns[i].offer != offer) {
        i++;
    }
    if (i == q->column_count) {
        q->columns[q->column_count++] = (cost_column_t){offer, NULL};
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
    if (!count_of(list)) {
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
    size_t count = count_of(groups), predicates = 0;
    if (!groups) {
        return true;
    }
    if (!x->terms->max_types || !is_testable(x->terms) || !count) {
        return request_wrong_value(x->r, field, groups);
    }
    for (size_t i = 0; i < count; i++) {
        predicates += count_of(&groups->u.array.items[i]);
    }
    if (!cost_test_init(&x->q->test, count, predicates, x->r->arena)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const json_value_t *group = &groups->u.array.items[i];
        if (!count_of(group)) {
            return request_wrong_value(x->r, field, group); /* [], or not an array */
        }
        if (!read_group(x, field, group)) {
            return false;
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

static bool check_counts(request_t *r, const alto_limits_t *limits, const members_t *m)
{
    size_t most = limits && limits->filter_entries ? limits->filter_entries : ENTRIES_DEFAULT;
    const json_value_t *const arrays[] = {m->types, m->tested, m->all, m->any, m->srcs, m->dsts};
    size_t predicates = 0;
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        if (count_of(arrays[i]) > most) {
            return request_too_big(r);
        }
    }
    for (size_t i = 0; i < count_of(m->any); i++) {
        predicates += count_of(&m->any->u.array.items[i]);
    }
    return predicates <= most || request_too_big(r);
}

static bool check_together(request_t *r, const members_t *m)
{
    if (m->type && m->types) {
        return request_wrong_value(r, "cost-type", m->type);
    }
    return !count_of(m->all) || !m->any || request_wrong_value(r, "or-constraints", m->any);
}

bool cost_request_read(request_t *r, slice_t body, const alto_limits_t *limits,
                       const cost_lists_t *form, const cost_terms_t *terms, cost_request_t *q)
{
    members_t m;
    if (!request_parse(r, body)) {
        return false;
    }
    find_members(r, form, terms, &m);
    if (!check_missing(r, form, &m) || !check_types(r, form, &m) || !check_counts(r, limits, &m)) {
        return false;
    }
    *q = (cost_request_t){
        .multi = m.types != NULL, .lists = m.lists, .srcs = m.srcs, .dsts = m.dsts};
    /* Shown ones as they are asked for, and behind them each offer that is tested, once. */
    q->columns = arena_array(r->arena, count_of(m.types) + terms->count + 1, sizeof *q->columns);
    reading_t x = {.r = r, .terms = terms, .m = &m, .q = q};
    if (!q->columns || !read_shown(&x)) {
        return false;
    }
    q->column_count = q->shown;
    return read_tested(&x) && read_all(&x) && read_any(&x) &&
           check_list(r, form->srcs, m.srcs, form->valid) &&
           check_list(r, form->dsts, m.dsts, form->valid) &&
           (!form->more || form->more(r, form, true)) && check_together(r, &m);
}

bool cost_request_fits(request_t *r, const alto_limits_t *limits, const cost_request_t *q,
                       size_t from, size_t to)
{
    size_t most = limits && limits->cost_values ? limits->cost_values : VALUES_DEFAULT;
    size_t values = q->column_count + cost_test_bounds(&q->test) / BOUNDS_PER_VALUE;
    return !from || !to || from <= most / to / values || request_too_big(r);
}
