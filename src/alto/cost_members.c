#include "cost_members.h"

#define ENTRIES_DEFAULT 65536

/* ---- the members ---- */

#define TYPE_FIELDS(name)                                                                          \
    {                                                                                              \
        name, name "/cost-metric", name "/cost-mode", name "/cost-context",                        \
            name "/cost-context/cost-source"                                                       \
    }

const cost_type_fields_t cost_one_type = TYPE_FIELDS("cost-type");
const cost_type_fields_t cost_many_types = TYPE_FIELDS("multi-cost-types");
const cost_type_fields_t cost_tested_types = TYPE_FIELDS("testable-cost-types");

static bool is_kind(const json_value_t *v, json_kind_t kind)
{
    return !v || v->kind == kind;
}

static bool has_calendars(const cost_terms_t *terms)
{
    for (size_t i = 0; i < terms->count; i++) {
        if (terms->offers[i].calendar) {
            return true;
        }
    }
    return false;
}

const cost_offer_t *cost_type_offer(const cost_terms_t *terms, const json_value_t *type)
{
    const json_value_t *metric = json_get(type, "cost-metric"), *mode = json_get(type, "cost-mode");
    if (!json_is_string(metric) || !json_is_string(mode)) {
        return NULL;
    }
    const cost_type_t wanted = {metric->u.text, cost_mode_find(mode->u.text)};
    return cost_offer_find(terms->offers, terms->count, &wanted);
}

/* Whether a calendar is asked for where there is one. */
static bool wants_calendar(const cost_members_t *m, const cost_terms_t *terms)
{
    for (size_t i = 0; i < cost_list_count(m->calendared); i++) {
        const json_value_t *wanted = &m->calendared->u.array.items[i];
        const json_value_t *type = i < cost_list_count(m->types) ? &m->types->u.array.items[i]
                                   : i || m->types               ? NULL
                                                                 : m->type;
        const cost_offer_t *offer = type ? cost_type_offer(terms, type) : NULL;
        if (wanted->kind == JSON_BOOL && wanted->u.boolean && offer && offer->calendar) {
            return true;
        }
    }
    return false;
}

/*
 * A member that the resource does not know is as if it were not there (RFC 7285 8.3.7); of
 * or-constraints every resource of ours knows, since without them the answer would be more than was
 * asked for.
 */
static void find_members(const request_t *r, const cost_lists_t *form, const cost_terms_t *terms,
                         cost_members_t *m)
{
    bool extended = terms->max_types > 0;
    *m = (cost_members_t){.type = json_get(r->root, "cost-type"),
                          .types = extended ? json_get(r->root, cost_many_types.name) : NULL,
                          .tested = extended ? json_get(r->root, cost_tested_types.name) : NULL,
                          .all = json_get(r->root, "constraints"),
                          .any = json_get(r->root, "or-constraints"),
                          .lists = json_get(r->root, form->name)};
    m->srcs = json_get(m->lists, "srcs");
    m->dsts = json_get(m->lists, "dsts");
    /* Clients say "cost-type":{} beside multi-cost-types, as answers do (RFC 8896 5.2.4). */
    if (m->types && m->type && m->type->kind == JSON_OBJECT && !m->type->u.object.count) {
        m->type = NULL;
    }
    if (has_calendars(terms)) {
        m->calendared = json_get(r->root, "calendared");
    }
    /* There are no tests of calendars: constraints are as if not there (RFC 8896 5.2.1). */
    if (wants_calendar(m, terms)) {
        m->all = m->any = NULL;
    }
}

/* ---- what is missing ---- */

static bool check_type_whole(request_t *r, const cost_type_fields_t *f, const json_value_t *type)
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

typedef bool (*type_check_t)(request_t *r, const cost_type_fields_t *f, const json_value_t *type);

static bool check_each(request_t *r, const cost_type_fields_t *f, const json_value_t *list,
                       type_check_t check)
{
    for (size_t i = 0; i < cost_list_count(list); i++) {
        if (!check(r, f, &list->u.array.items[i])) {
            return false;
        }
    }
    return true;
}

static bool check_missing(request_t *r, const cost_lists_t *form, const cost_members_t *m)
{
    if (!m->type && !m->types) {
        return request_missing(r, "cost-type");
    }
    if ((m->type && !check_type_whole(r, &cost_one_type, m->type)) ||
        !check_each(r, &cost_many_types, m->types, check_type_whole) ||
        !check_each(r, &cost_tested_types, m->tested, check_type_whole)) {
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
static bool check_type_types(request_t *r, const cost_type_fields_t *f, const json_value_t *type)
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

static bool check_types(request_t *r, const cost_lists_t *form, const cost_members_t *m)
{
    const struct {
        const json_value_t *value;
        json_kind_t kind;
        const char *field;
        const cost_type_fields_t *types; /* what it is, or has */
    } wanted[] = {
        {m->type, JSON_OBJECT, "cost-type", &cost_one_type},
        {m->types, JSON_ARRAY, cost_many_types.name, &cost_many_types},
        {m->tested, JSON_ARRAY, cost_tested_types.name, &cost_tested_types},
        {m->all, JSON_ARRAY, "constraints", NULL},
        {m->any, JSON_ARRAY, "or-constraints", NULL},
        {m->calendared, JSON_ARRAY, "calendared", NULL},
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

/* ---- how much, and all of it ---- */

static bool check_counts(request_t *r, const alto_limits_t *limits, const cost_members_t *m)
{
    size_t most = limits && limits->filter_entries ? limits->filter_entries : ENTRIES_DEFAULT;
    const json_value_t *const arrays[] = {m->types,      m->tested, m->all, m->any,
                                          m->calendared, m->srcs,   m->dsts};
    size_t predicates = 0;
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        if (cost_list_count(arrays[i]) > most) {
            return request_too_big(r);
        }
    }
    for (size_t i = 0; i < cost_list_count(m->any); i++) {
        predicates += cost_list_count(&m->any->u.array.items[i]);
    }
    return predicates <= most || request_too_big(r);
}

bool cost_members_agree(request_t *r, const cost_members_t *m)
{
    if (m->type && m->types) {
        return request_wrong_value(r, "cost-type", m->type);
    }
    return !cost_list_count(m->all) || !m->any || request_wrong_value(r, "or-constraints", m->any);
}

bool cost_members_read(request_t *r, const alto_limits_t *limits, const cost_lists_t *form,
                       const cost_terms_t *terms, cost_members_t *m)
{
    find_members(r, form, terms, m);
    return check_missing(r, form, m) && check_types(r, form, m) && check_counts(r, limits, m);
}
