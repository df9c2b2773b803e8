#include "footprintd/doc/events.h"

#include <stdlib.h>

/* Children of an open collection, before they are copied into the arena in one piece. */
typedef struct children {
    json_member_t *items; /* names unused in arrays */
    size_t count;
    size_t cap;
} children_t;

static json_member_t *push(children_t *c)
{
    if (c->count == c->cap) {
        size_t cap = c->cap ? c->cap * 2 : 8;
        json_member_t *grown = realloc(c->items, cap * sizeof *grown);
        if (!grown) {
            return NULL;
        }
        c->items = grown;
        c->cap = cap;
    }
    json_member_t *m = &c->items[c->count++];
    *m = (json_member_t){0};
    return m;
}

static err_t scalar(const doc_event_t *ev, arena_t *arena, json_value_t *out)
{
    out->kind = ev->scalar;
    if (ev->scalar == JSON_BOOL) {
        out->u.boolean = slice_is(ev->text, "true");
    } else if (ev->scalar != JSON_NULL) {
        out->u.text = arena_copy(arena, ev->text);
        return out->u.text.ptr ? ERR_OK : ERR_NOMEM;
    }
    return ERR_OK;
}

static err_t stopped(const doc_reader_t *r)
{
    return doc_reader_nomem(r) ? ERR_NOMEM : ERR_DATA;
}

static err_t collect(doc_reader_t *r, bool map, arena_t *arena, children_t *c)
{
    for (;;) {
        const doc_event_t *ev = doc_reader_next(r);
        if (ev->kind == DOC_EV_ERROR) {
            return stopped(r);
        }
        if (ev->kind == DOC_EV_MAP_END || ev->kind == DOC_EV_SEQ_END) {
            return ERR_OK;
        }
        json_member_t *m = push(c);
        if (!m) {
            return ERR_NOMEM;
        }
        size_t at = c->count - 1;
        if (map) {
            m->line = ev->line;
            m->column = ev->column;
            m->name = arena_copy(arena, ev->text);
            if (!m->name.ptr) {
                return ERR_NOMEM;
            }
            ev = doc_reader_next(r);
            if (ev->kind == DOC_EV_ERROR) {
                return stopped(r);
            }
        }
        err_t err = doc_reader_tree(r, arena, &c->items[at].value);
        if (err) {
            return err;
        }
    }
}

/* Recursion is bounded: the reader refuses what is nested deeper than its limit. */
err_t doc_reader_tree(doc_reader_t *r, arena_t *arena, json_value_t *out)
{
    const doc_event_t *ev = doc_reader_last(r);
    *out = (json_value_t){.line = ev->line, .column = ev->column};
    if (ev->kind == DOC_EV_ERROR || ev->kind == DOC_EV_END) {
        return stopped(r);
    }
    if (ev->kind == DOC_EV_SCALAR) {
        return scalar(ev, arena, out);
    }
    bool map = ev->kind == DOC_EV_MAP;
    children_t c = {0};
    err_t err = collect(r, map, arena, &c);
    if (!err && map) {
        out->kind = JSON_OBJECT;
        out->u.object.count = c.count;
        out->u.object.members = arena_array(arena, c.count, sizeof *c.items);
        err = out->u.object.members ? ERR_OK : ERR_NOMEM;
        if (!err && c.count) {
            memcpy(out->u.object.members, c.items, c.count * sizeof *c.items);
        }
    } else if (!err) {
        out->kind = JSON_ARRAY;
        out->u.array.count = c.count;
        out->u.array.items = arena_array(arena, c.count, sizeof *out->u.array.items);
        err = out->u.array.items ? ERR_OK : ERR_NOMEM;
        for (size_t i = 0; !err && i < c.count; i++) {
            out->u.array.items[i] = c.items[i].value;
        }
    }
    free(c.items);
    return err;
}

err_t doc_read_tree(slice_t text, doc_format_t format, slice_t file, const doc_limits_t *limits,
                    arena_t *arena, findings_t *f, json_value_t **out)
{
    doc_reader_t *r = NULL;
    err_t err = doc_reader_new(text, format, file, limits, f, &r);
    if (err) {
        return err;
    }
    size_t errors = f->errors;
    json_value_t *root = arena_alloc(arena, sizeof *root);
    const doc_event_t *ev = doc_reader_next(r);
    if (!root) {
        err = ERR_NOMEM;
    } else if (ev->kind == DOC_EV_END) {
        findings_add(f, FINDING_EMPTY, (place_t){file, 0, 0}, SLICE_LIT(""), (slice_t){0},
                     "the document is empty");
        err = ERR_DATA;
    } else {
        err = doc_reader_tree(r, arena, root);
    }
    /* What follows the first document is an error too, and must be found. */
    if (!err && doc_reader_next(r)->kind != DOC_EV_END) {
        err = stopped(r);
    }
    if (!err && f->errors > errors) {
        err = ERR_DATA;
    }
    *out = root;
    doc_reader_free(r);
    return err;
}
