#include "footprintd/updates/patch.h"

#include "align.h"

/* JSON merge patch (RFC 7396) from trees. */

typedef struct writer {
    buf_t *out;
    size_t stop;
} writer_t;

static err_t check(const writer_t *w)
{
    return buf_failed(w->out) ? ERR_NOMEM : w->out->len > w->stop ? ERR_LIMIT : ERR_OK;
}

/* A null in a patch removes: what has one cannot be set. Arrays are taken as they are. */
static err_t write_new(writer_t *w, const node_t *value)
{
    if (value->is_null || value->has_null_member) {
        return ERR_RANGE;
    }
    if (value->size > w->stop) {
        return ERR_LIMIT;
    }
    node_write(value, w->out);
    return check(w);
}

static err_t write_change(writer_t *w, const node_t *from, const node_t *to);

static void write_name(writer_t *w, slice_t name)
{
    if (w->out->ptr[w->out->len - 1] != '{') {
        buf_append_char(w->out, ',');
    }
    json_write_string(w->out, name);
    buf_append_char(w->out, ':');
}

static err_t write_members(writer_t *w, const alignment_t *a)
{
    err_t err = check(w);
    for (size_t i = 0; i < a->removed.count && !err; i++) {
        write_name(w, a->removed.items[i].from.text);
        buf_append_str(w->out, "null");
        err = check(w);
    }
    for (size_t i = 0; i < a->changed.count && !err; i++) {
        write_name(w, a->changed.items[i].from.text);
        err = check(w);
        err = err ? err
                  : write_change(w, a->changed.items[i].from.node, a->changed.items[i].to.node);
    }
    for (size_t i = 0; i < a->added.count && !err; i++) {
        write_name(w, a->added.items[i].to.text);
        err = check(w);
        err = err ? err : write_new(w, a->added.items[i].to.node);
    }
    return err;
}

static err_t write_merged(writer_t *w, nodes_t *store, const node_t *from, const node_t *to)
{
    alignment_t a;
    alignment_init(&a, SIZE_MAX);
    err_t err = align_opaque(store, from, to, &a);
    if (err == ERR_RANGE) {
        from = node_expand(store, from);
        to = node_expand(store, to);
        if (from && to && (from->kind != NODE_OBJECT || to->kind != NODE_OBJECT)) {
            return write_new(w, to);
        }
        err = from && to ? align(from, to, &a) : ERR_NOMEM;
    }
    if (!err) {
        buf_append_char(w->out, '{');
        err = write_members(w, &a);
        buf_append_char(w->out, '}');
    }
    alignment_release(&a);
    return err ? err : check(w);
}

/* Two objects are merged, opaque ones too; anything else is replaced. */
static err_t write_change(writer_t *w, const node_t *from, const node_t *to)
{
    nodes_t store;
    nodes_init(&store, NULL, NULL);
    err_t err = write_merged(w, &store, from, to);
    nodes_release(&store);
    return err;
}

err_t patch_merge(const node_t *from, const node_t *to, size_t limit, buf_t *out)
{
    size_t start = out->len;
    writer_t w = {out, limit > SIZE_MAX - start ? SIZE_MAX : start + limit};
    err_t err = ERR_OK;
    if (from == to && to->kind == NODE_OBJECT) {
        buf_append_str(out, "{}");
        err = check(&w);
    } else {
        err = write_change(&w, from, to);
    }
    if (err) {
        out->len = start;
    }
    return err;
}
