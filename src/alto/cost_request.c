#include "cost_request.h"

#include <stdlib.h>

#define ENTRIES_DEFAULT 65536
#define PAIRS_DEFAULT   ((size_t)1 << 22)

/* ---- reading ---- */

typedef struct members {
    const json_value_t *type, *metric, *mode;
    const json_value_t *constraints;
    const json_value_t *lists, *srcs, *dsts;
} members_t;

static bool is_kind(const json_value_t *v, json_kind_t kind)
{
    return !v || v->kind == kind;
}

static bool check_missing(request_t *r, const cost_lists_t *form, const members_t *m)
{
    if (!m->type) {
        return request_missing(r, "cost-type");
    }
    if (m->type->kind == JSON_OBJECT && !m->metric) {
        return request_missing(r, "cost-type/cost-metric");
    }
    if (m->type->kind == JSON_OBJECT && !m->mode) {
        return request_missing(r, "cost-type/cost-mode");
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

static bool check_types(request_t *r, const cost_lists_t *form, const members_t *m)
{
    const struct {
        const json_value_t *value;
        json_kind_t kind;
        const char *field;
    } wanted[] = {
        {m->type, JSON_OBJECT, "cost-type"},
        {m->metric, JSON_STRING, "cost-type/cost-metric"},
        {m->mode, JSON_STRING, "cost-type/cost-mode"},
        {m->constraints, JSON_ARRAY, "constraints"},
        {m->lists, JSON_OBJECT, form->name},
        {m->srcs, JSON_ARRAY, form->srcs},
        {m->dsts, JSON_ARRAY, form->dsts},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        if (!is_kind(wanted[i].value, wanted[i].kind)) {
            return request_wrong_type(r, wanted[i].field);
        }
    }
    return !form->more || form->more(r, form, false);
}

/* The metric must be offered in some mode, and then in this one; the description is ignored. */
static const cost_offer_t *find_offer(request_t *r, const members_t *m, cost_offer_t *offers,
                                      size_t count)
{
    const cost_type_t type = {m->metric->u.text, cost_mode_find(m->mode->u.text)};
    bool known = false;
    for (size_t i = 0; i < count; i++) {
        known |= slice_eq(offers[i].type.metric, type.metric);
    }
    if (!known) {
        (void)request_wrong_value(r, "cost-type/cost-metric", m->metric);
        return NULL;
    }
    const cost_offer_t *offer = cost_offer_find(offers, count, &type);
    if (!offer) {
        (void)request_wrong_value(r, "cost-type/cost-mode", m->mode);
    }
    return offer;
}

static bool read_constraints(request_t *r, const json_value_t *list, cost_range_t *range)
{
    for (size_t i = 0; list && i < list->u.array.count; i++) {
        const json_value_t *v = &list->u.array.items[i];
        if (v->kind != JSON_STRING || !cost_range_add(range, v->u.text)) {
            return request_wrong_value(r, "constraints", v);
        }
    }
    return true;
}

/* RFC 7285 11.3.2.3: tests are given only where they are taken; an empty list is none. */
static bool refuse_constraints(request_t *r, const json_value_t *list)
{
    const json_value_t *or_lists = json_get(r->root, "or-constraints");
    if (list && list->u.array.count) {
        return request_wrong_value(r, "constraints", &list->u.array.items[0]);
    }
    return !or_lists || request_wrong_value(r, "or-constraints", or_lists);
}

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
                       const cost_lists_t *form, cost_offer_t *offers, size_t count,
                       cost_request_t *out)
{
    size_t most = limits && limits->filter_entries ? limits->filter_entries : ENTRIES_DEFAULT;
    if (!request_parse(r, body)) {
        return false;
    }
    members_t m = {.type = json_get(r->root, "cost-type"),
                   .constraints = json_get(r->root, "constraints"),
                   .lists = json_get(r->root, form->name)};
    m.metric = m.type ? json_get(m.type, "cost-metric") : NULL;
    m.mode = m.type ? json_get(m.type, "cost-mode") : NULL;
    m.srcs = m.lists ? json_get(m.lists, "srcs") : NULL;
    m.dsts = m.lists ? json_get(m.lists, "dsts") : NULL;
    if (!check_missing(r, form, &m) || !check_types(r, form, &m)) {
        return false;
    }
    const json_value_t *const arrays[] = {m.constraints, m.srcs, m.dsts};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        if (arrays[i] && arrays[i]->u.array.count > most) {
            return request_too_big(r);
        }
    }
    *out = (cost_request_t){
        .range = COST_RANGE_ALL, .lists = m.lists, .srcs = m.srcs, .dsts = m.dsts};
    out->offer = find_offer(r, &m, offers, count);
    return out->offer &&
           (form->untested ? refuse_constraints(r, m.constraints)
                           : read_constraints(r, m.constraints, &out->range)) &&
           check_list(r, form->srcs, m.srcs, form->valid) &&
           check_list(r, form->dsts, m.dsts, form->valid) &&
           (!form->more || form->more(r, form, true));
}

bool cost_request_pairs(request_t *r, const alto_limits_t *limits, size_t from, size_t to)
{
    size_t most = limits && limits->cost_pairs ? limits->cost_pairs : PAIRS_DEFAULT;
    return !to || from <= most / to || request_too_big(r);
}

/* ---- estimates ---- */

/* The elements of the array that was just begun. */
static size_t count_array(json_reader_t *reader)
{
    size_t count = 0;
    for (unsigned depth = 1; depth;) {
        switch (json_reader_next(reader)) {
        case JSON_EV_ERROR:
        case JSON_EV_END:
            return count;
        case JSON_EV_ARRAY:
        case JSON_EV_OBJECT:
            count += depth++ == 1;
            break;
        case JSON_EV_ARRAY_END:
        case JSON_EV_OBJECT_END:
            depth--;
            break;
        default:
            count += depth == 1;
            break;
        }
    }
    return count;
}

/* The members of the object that is the value of `lists` have depth 2. */
static void count_lists(json_reader_t *reader, slice_t lists, size_t *srcs, size_t *dsts)
{
    unsigned depth = 0;
    bool inside = false;
    size_t *next = NULL;
    for (;;) {
        json_event_t e = json_reader_next(reader);
        if (e == JSON_EV_ERROR || e == JSON_EV_END) {
            return;
        }
        if (e == JSON_EV_KEY) {
            inside = depth == 1 ? slice_eq(reader->text, lists) : inside;
            next = depth != 2 || !inside            ? NULL
                   : slice_is(reader->text, "srcs") ? srcs
                   : slice_is(reader->text, "dsts") ? dsts
                                                    : NULL;
            continue;
        }
        if (e == JSON_EV_ARRAY && next) {
            *next = count_array(reader);
        } else if (e == JSON_EV_ARRAY || e == JSON_EV_OBJECT) {
            depth++;
        } else if (e == JSON_EV_ARRAY_END || e == JSON_EV_OBJECT_END) {
            depth--;
        }
        next = NULL;
    }
}

void cost_request_count(slice_t body, slice_t lists, size_t all, size_t *srcs, size_t *dsts)
{
    json_reader_t reader;
    *srcs = 0;
    *dsts = 0;
    if (!json_reader_init(&reader, body, REQUEST_DEPTH)) {
        count_lists(&reader, lists, srcs, dsts);
        json_reader_release(&reader);
    }
    *srcs = *srcs ? *srcs : all;
    *dsts = *dsts ? *dsts : all;
}

uint64_t cost_request_estimate(slice_t body, size_t pairs)
{
    return body.len / 50 + pairs / 12;
}

/* ---- answering ---- */

/* Segments of about this size: none is too short to be sent, or too long to be moved. */
#define SEGMENT_BYTES 65536

typedef struct answer {
    request_t *r;
    buf_t text;
    slice_t *segments;
    size_t count;
} answer_t;

static void flush(answer_t *a)
{
    if (a->text.len) {
        a->segments[a->count] = arena_copy(a->r->arena, buf_slice(&a->text));
        a->count += a->segments[a->count].ptr != NULL;
        buf_clear(&a->text);
    }
}

void cost_request_answer(request_t *r, const char *media_type, slice_t head,
                         const cost_table_t *table)
{
    answer_t a = {.r = r, .text = BUF_INIT};
    a.segments = arena_array(r->arena, table->from.count + 2, sizeof *a.segments);
    bool any = false;
    if (a.segments) {
        buf_append_slice(&a.text, head);
    }
    for (size_t i = 0; a.segments && i < table->from.count; i++) {
        size_t mark = a.text.len;
        buf_append_str(&a.text, any ? "," : "");
        buf_append_slice(&a.text, table->from.keys[i]);
        if (cost_table_row(table, i, &a.text)) {
            any = true;
        } else {
            a.text.len = mark;
        }
        if (buf_failed(&a.text)) {
            break;
        }
        if (a.text.len >= SEGMENT_BYTES) {
            flush(&a);
        }
    }
    if (a.segments && !buf_failed(&a.text)) {
        buf_append_str(&a.text, "}}");
    }
    if (buf_failed(&a.text)) {
        r->arena->failed = true;
    } else if (a.segments) {
        flush(&a);
    }
    buf_release(&a.text);
    if (!arena_failed(r->arena)) {
        request_answer(r, media_type, a.segments, a.count);
    }
}

/* The name that a key is made of: no key that gets here has escapes. */
static slice_t key_name(slice_t key)
{
    return slice_of(key.ptr + 1, key.len - 3);
}

node_t *cost_request_rows(const cost_table_t *table, nodes_t *nodes)
{
    slice_t *names = calloc(table->from.count + 1, sizeof *names);
    node_t **rows = calloc(table->from.count + 1, sizeof(node_t *));
    size_t count = 0;
    buf_t text = BUF_INIT;
    nodes->failed |= !names || !rows;
    for (size_t i = 0; i < table->from.count && !nodes->failed; i++) {
        buf_clear(&text);
        if (cost_table_row(table, i, &text) && !buf_failed(&text)) {
            names[count] = key_name(table->from.keys[i]);
            rows[count++] = nodes_text(nodes, NULL, buf_slice(&text));
        }
        nodes->failed |= buf_failed(&text);
    }
    node_t *map = nodes->failed ? NULL : nodes_object(nodes, names, rows, count);
    buf_release(&text);
    free(names);
    free(rows);
    return map;
}
