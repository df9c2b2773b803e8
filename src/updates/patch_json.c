#include "footprintd/updates/patch.h"

#include "align.h"

/*
 * JSON Patch (RFC 6902) from trees. Operations are written as they are found; when those inside a
 * value turn out to be longer than one that replaces it, they are taken back and it is replaced.
 */

/* No operation is shorter than this and its path. */
#define OPERATION_MIN 24

typedef struct writer {
    buf_t *out;
    buf_t path; /* a JSON Pointer as it stands in a JSON string */
    buf_t token;
    size_t stop; /* length of out at which it is no use to go on */
    bool over;   /* it was reached, or would be */
    err_t err;   /* ERR_NOMEM */
} writer_t;

/* ---- paths ---- */

static void push_name(writer_t *w, slice_t name)
{
    buf_clear(&w->token);
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (c == '~' || c == '/') {
            buf_append(&w->token, c == '~' ? "~0" : "~1", 2);
        } else {
            buf_append_char(&w->token, c);
        }
    }
    size_t mark = w->path.len;
    json_write_string(&w->path, buf_slice(&w->token));
    if (!buf_failed(&w->path) && !buf_failed(&w->token)) {
        w->path.ptr[mark] = '/'; /* instead of the quote */
        w->path.len--;
    }
}

static void push_index(writer_t *w, size_t index)
{
    buf_append_char(&w->path, '/');
    buf_append_u64(&w->path, index);
}

/* ---- operations ---- */

static void begin_operation(writer_t *w, const char *name)
{
    if (w->out->len && w->out->ptr[w->out->len - 1] != '[') {
        buf_append_char(w->out, ',');
    }
    buf_append_str(w->out, "{\"op\":\"");
    buf_append_str(w->out, name);
    buf_append_str(w->out, "\",\"path\":\"");
    buf_append_slice(w->out, buf_slice(&w->path));
    buf_append_char(w->out, '"');
}

static void write_operation(writer_t *w, const char *name, const align_child_t *value)
{
    begin_operation(w, name);
    if (value) {
        buf_append_str(w->out, ",\"value\":");
        if (value->node) {
            node_write(value->node, w->out);
        } else {
            buf_append_slice(w->out, value->text);
        }
    }
    buf_append_char(w->out, '}');
}

/* What write_operation would write. */
static size_t operation_size(const writer_t *w, const char *name, size_t value_size)
{
    static const char frame[] = ",{\"op\":\"\",\"path\":\"\",\"value\":}";
    return sizeof frame - 1 + strlen(name) + w->path.len + value_size;
}

static bool is_over(writer_t *w)
{
    if (buf_failed(w->out) || buf_failed(&w->path) || buf_failed(&w->token)) {
        w->err = ERR_NOMEM;
    }
    w->over |= w->out->len > w->stop;
    return w->err || w->over;
}

/* ---- values ---- */

static void change(writer_t *w, const align_child_t *from, const align_child_t *to, bool member);

static void change_list(writer_t *w, const align_pairs_t *changed, bool member)
{
    for (size_t i = 0; i < changed->count && !is_over(w); i++) {
        const align_pair_t *pair = &changed->items[i];
        size_t mark = w->path.len;
        if (member) {
            push_name(w, pair->from.text);
        } else {
            push_index(w, pair->from.index);
        }
        change(w, &pair->from, &pair->to, member);
        w->path.len = mark;
    }
}

/* Each with the path of one child. */
static void one_operation(writer_t *w, const char *name, const align_child_t *at,
                          const align_child_t *value, bool member)
{
    size_t mark = w->path.len;
    if (member) {
        push_name(w, at->text);
    } else {
        push_index(w, at->index);
    }
    write_operation(w, name, value);
    w->path.len = mark;
}

/*
 * In a sequence: first what changes in place, then what goes from the last to the first, so that
 * the positions of the others stay as they are, then what comes from the first to the last.
 */
static void write_changes(writer_t *w, const alignment_t *a, bool member)
{
    change_list(w, &a->changed, member);
    for (size_t i = a->removed.count; i-- && !is_over(w);) {
        one_operation(w, "remove", &a->removed.items[i].from, NULL, member);
    }
    for (size_t i = 0; i < a->added.count && !is_over(w); i++) {
        one_operation(w, "add", &a->added.items[i].to, &a->added.items[i].to, member);
    }
}

/* What changed in them; false: they have no children to compare, or it failed. */
static bool find_changes(writer_t *w, nodes_t *store, const node_t *from, const node_t *to,
                         alignment_t *out, bool *member)
{
    err_t err = align_opaque(store, from, to, out);
    *member = true;
    if (err == ERR_RANGE) {
        from = node_expand(store, from);
        to = node_expand(store, to);
        if (from && to &&
            (from->kind != to->kind || from->kind == NODE_TEXT || !from->count || !to->count)) {
            return false;
        }
        err = from && to ? align(from, to, out) : ERR_NOMEM;
        *member = !err && from->kind == NODE_OBJECT;
    }
    if (err == ERR_LIMIT) {
        w->over = true; /* more changes than there is room for */
    } else if (err) {
        w->err = err;
    }
    return !err;
}

/* False: it is to be replaced as a whole. */
static bool change_inside(writer_t *w, const node_t *from, const node_t *to)
{
    nodes_t store;
    alignment_t a;
    bool member;
    size_t room = w->stop - w->out->len;
    nodes_init(&store, NULL, NULL);
    alignment_init(&a, room / (OPERATION_MIN + w->path.len) + 1);
    bool inside = find_changes(w, &store, from, to, &a, &member);
    if (inside) {
        write_changes(w, &a, member);
    }
    alignment_release(&a);
    nodes_release(&store);
    return inside;
}

/* An `add` of a member that exists replaces it (RFC 6902 4.1), and is the shorter word. */
static void change(writer_t *w, const align_child_t *from, const align_child_t *to, bool member)
{
    const char *name = member ? "add" : "replace";
    if (is_over(w)) {
        return;
    }
    size_t mark = w->out->len, stop = w->stop;
    size_t whole = mark + operation_size(w, name, to->node ? to->node->size : to->text.len);
    bool inside = from->node && to->node;
    if (inside) {
        w->stop = whole < stop ? whole : stop;
        inside = change_inside(w, from->node, to->node) && !is_over(w);
        w->stop = stop;
        w->over = false;
    }
    if (!inside && !w->err) {
        w->out->len = mark;
        w->over = whole > stop;
        if (!w->over) {
            write_operation(w, name, to);
        }
    }
}

/* ---- the guard ---- */

static slice_t text_at(const node_t *object, slice_t name)
{
    const node_t *n = object ? node_get(object, name) : NULL;
    return n && n->kind == NODE_TEXT ? n->text : slice_of(NULL, 0);
}

static const node_t *item_at(const node_t *array, size_t i)
{
    return array && array->kind == NODE_ARRAY && i < array->parts.runs[0]->count
               ? array->parts.runs[0]->nodes[i]
               : NULL;
}

static void write_test(writer_t *w, const char *path, slice_t tag)
{
    const align_child_t value = {NULL, tag, 0};
    buf_append_str(&w->path, path);
    write_operation(w, "test", &value);
    w->path.len = 0;
}

/*
 * A test of the tag of the version that the patch is for: about 75 bytes, by which a patch on any
 * other version fails instead of making a document that never was. Resources without a tag of their
 * own have those of what they are made of.
 */
static void write_guard(writer_t *w, const node_t *from, const node_t *to)
{
    const slice_t meta = SLICE_LIT("meta"), vtag = SLICE_LIT("vtag"), tag = SLICE_LIT("tag");
    const slice_t dependent = SLICE_LIT("dependent-vtags");
    const node_t *x = node_get(from, meta), *y = node_get(to, meta);
    slice_t before = text_at(x ? node_get(x, vtag) : NULL, tag);
    slice_t after = text_at(y ? node_get(y, vtag) : NULL, tag);
    if (before.ptr) {
        if (!slice_eq(before, after)) {
            write_test(w, "/meta/vtag/tag", before);
        }
        return;
    }
    x = x ? node_get(x, dependent) : NULL;
    y = y ? node_get(y, dependent) : NULL;
    for (size_t i = 0; item_at(x, i); i++) {
        before = text_at(item_at(x, i), tag);
        if (before.ptr && !slice_eq(before, text_at(item_at(y, i), tag))) {
            char path[64];
            buf_t text = BUF_INIT;
            buf_printf(&text, "/meta/dependent-vtags/%zu/tag", i);
            if (buf_failed(&text) || text.len >= sizeof path) {
                w->err = ERR_NOMEM;
            } else {
                memcpy(path, text.ptr, text.len);
                path[text.len] = '\0';
                write_test(w, path, before);
            }
            buf_release(&text);
            return;
        }
    }
}

err_t patch_json(const node_t *from, const node_t *to, size_t limit, buf_t *out)
{
    size_t start = out->len;
    size_t stop = limit > SIZE_MAX - start ? SIZE_MAX : start + limit;
    writer_t w = {.out = out, .path = BUF_INIT, .token = BUF_INIT, .stop = stop};
    const align_child_t x = {from, {NULL, 0}, 0}, y = {to, {NULL, 0}, 0};
    buf_append_char(out, '[');
    if (from != to) {
        write_guard(&w, from, to);
        change(&w, &x, &y, false);
    }
    bool over = is_over(&w);
    if (!over) {
        buf_append_char(out, ']');
        over = is_over(&w);
    }
    buf_release(&w.path);
    buf_release(&w.token);
    if (over) {
        out->len = start;
    }
    return w.err ? w.err : over ? ERR_LIMIT : ERR_OK;
}
