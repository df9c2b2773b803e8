#include "cost_map.h"
#include "cost_request.h"

#include <stdlib.h>

/* ---- estimates ---- */

/* The elements of the array that was just begun, and of arrays in it down to this depth. */
static size_t count_array(json_reader_t *reader, unsigned most)
{
    size_t count = 0;
    for (unsigned depth = 1; depth;) {
        switch (json_reader_next(reader)) {
        case JSON_EV_ERROR:
        case JSON_EV_END:
            return count;
        case JSON_EV_ARRAY:
        case JSON_EV_OBJECT:
            count += depth++ <= most;
            break;
        case JSON_EV_ARRAY_END:
        case JSON_EV_OBJECT_END:
            depth--;
            break;
        default:
            count += depth <= most;
            break;
        }
    }
    return count;
}

static size_t *counter(cost_scale_t *s, slice_t key, unsigned depth, bool inside)
{
    if (depth == 1) {
        return slice_is(key, "multi-cost-types")                                 ? &s->types
               : slice_is(key, "constraints") || slice_is(key, "or-constraints") ? &s->predicates
                                                                                 : NULL;
    }
    return depth != 2 || !inside   ? NULL
           : slice_is(key, "srcs") ? &s->srcs
           : slice_is(key, "dsts") ? &s->dsts
                                   : NULL;
}

/* The members of the object that is the value of `lists` have depth 2. */
static void count_all(json_reader_t *reader, slice_t lists, cost_scale_t *s)
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
            next = counter(s, reader->text, depth, inside);
            s->calendared |= depth == 1 && slice_is(reader->text, "calendared");
            continue;
        }
        if (e == JSON_EV_ARRAY && next) {
            *next = count_array(reader, next == &s->predicates ? 2 : 1);
        } else if (e == JSON_EV_ARRAY || e == JSON_EV_OBJECT) {
            depth++;
        } else if (e == JSON_EV_ARRAY_END || e == JSON_EV_OBJECT_END) {
            depth--;
        }
        next = NULL;
    }
}

cost_scale_t cost_request_scale(slice_t body, slice_t lists, size_t all)
{
    json_reader_t reader;
    cost_scale_t s = {0};
    if (!json_reader_init(&reader, body, REQUEST_DEPTH)) {
        count_all(&reader, lists, &s);
        json_reader_release(&reader);
    }
    s.srcs = s.srcs ? s.srcs : all;
    s.dsts = s.dsts ? s.dsts : all;
    s.types = s.types ? s.types : 1;
    return s;
}

uint64_t cost_request_estimate(slice_t body, const cost_terms_t *terms, const cost_scale_t *s)
{
    uint64_t pairs = (uint64_t)s->srcs * s->dsts, depth = 1;
    for (size_t i = 0; s->calendared && i < terms->count; i++) {
        const cost_calendar_t *calendar = terms->offers[i].calendar;
        depth = calendar && calendar->count > depth ? calendar->count : depth;
    }
    return body.len / 50 + pairs * s->types * depth / 12 + pairs * s->predicates / 200;
}

/* ---- answering ---- */

/* Segments are buffers of about this size, of which three quarters or more are used. */
#define SEGMENT_BYTES ((size_t)128 * 1024)
/* A cost and its comma. */
#define COST_BYTES 8

typedef struct answer {
    request_t *r;
    buf_t text;
    slice_t *segments;
    size_t count;
} answer_t;

/* Room for what so many rows are likely to have, or for a segment. */
static void make_room(answer_t *a, const cost_table_t *table, size_t rows)
{
    size_t row = 64, depth = 0, limit = SEGMENT_BYTES / 64;
    for (size_t i = 0; i < table->shown; i++) {
        depth += cost_column_depth(&table->columns[i]);
    }
    for (size_t i = 0; i < table->to.count && row < SEGMENT_BYTES; i++) {
        row += table->to.keys[i].len + depth * COST_BYTES;
    }
    size_t want = row * (rows < limit ? rows + 1 : limit);
    (void)buf_reserve(&a->text, want < SEGMENT_BYTES ? want : SEGMENT_BYTES);
}

static void flush(answer_t *a)
{
    if (a->text.len) {
        a->segments[a->count] = arena_adopt(a->r->arena, &a->text);
        a->count += a->segments[a->count].ptr != NULL;
    }
}

static void write_rows(answer_t *a, const cost_table_t *table)
{
    bool any = false;
    buf_append_char(&a->text, '{');
    for (size_t i = 0; i < table->from.count && !buf_failed(&a->text); i++) {
        size_t mark = a->text.len;
        buf_append_str(&a->text, any ? "," : "");
        buf_append_slice(&a->text, table->from.keys[i]);
        if (cost_table_row(table, i, &a->text)) {
            any = true;
        } else {
            a->text.len = mark;
        }
        if (a->text.len >= SEGMENT_BYTES / 4 * 3 && !buf_failed(&a->text)) {
            flush(a);
            make_room(a, table, table->from.count - i);
        }
    }
    buf_append_char(&a->text, '}');
}

bool cost_request_rows(request_t *r, slice_t before, const cost_table_t *table, slice_t behind,
                       slice_t **segments, size_t *count)
{
    answer_t a = {.r = r, .text = BUF_INIT};
    a.segments = arena_array(r->arena, table->from.count + 2, sizeof *a.segments);
    if (a.segments) {
        make_room(&a, table, table->from.count);
        buf_append_slice(&a.text, before);
        write_rows(&a, table);
        buf_append_slice(&a.text, behind);
    }
    if (buf_failed(&a.text)) {
        r->arena->failed = true;
    } else if (a.segments) {
        flush(&a);
    }
    buf_release(&a.text);
    *segments = a.segments;
    *count = a.count;
    return !arena_failed(r->arena);
}

void cost_request_answer(request_t *r, const char *media_type, slice_t meta, const char *key,
                         const cost_table_t *table)
{
    slice_t *segments;
    size_t count;
    slice_t head = arena_printf(r->arena, "{\"meta\":%.*s,\"%s\":", SLICE_ARG(meta), key);
    if (head.ptr && cost_request_rows(r, head, table, SLICE_LIT("}"), &segments, &count)) {
        request_answer(r, media_type, segments, count);
    }
}

/* The name that a key is made of: no key that gets here has escapes. */
static slice_t key_name(slice_t key)
{
    return slice_of(key.ptr + 1, key.len - 3);
}

static node_t *make_rows(const cost_table_t *table, nodes_t *nodes)
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

node_t *cost_request_tree(slice_t meta, const char *key, const cost_table_t *table, nodes_t *nodes)
{
    return cost_root(meta, key, make_rows(table, nodes), nodes);
}
