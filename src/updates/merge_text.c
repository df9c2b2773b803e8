/*
 * Merging into opaque objects without opening them, where one walk through the texts of what it was
 * and of what it is to be shows that it comes out so.
 */
#include "updates/overlay.h"

/* In one of the texts. */
typedef struct walk {
    json_reader_t reader;
    slice_t name, value; /* of the member, decoded; valid until the next step */
    json_event_t kind;   /* of the value, a scalar */
    bool more;
} walk_t;

typedef struct merging {
    walk_t from, to;
    table_t members; /* of the patch: name -> json_member_t */
    size_t set;      /* members of the patch that the other text was found to have */
    size_t removed;  /* and of those that it removes, what the first text was found to have */
} merging_t;

/* ---- texts ---- */

static bool is_scalar(json_event_t e)
{
    return e == JSON_EV_STRING || e == JSON_EV_NUMBER || e == JSON_EV_TRUE || e == JSON_EV_FALSE ||
           e == JSON_EV_NULL;
}

/* A name with escapes lies in the reader, and not as long as is needed. */
static bool is_plain(const walk_t *w)
{
    return w->name.ptr >= w->reader.input.ptr &&
           w->name.ptr < w->reader.input.ptr + w->reader.input.len;
}

/* False: there is something that is not that simple. */
static bool step(walk_t *w)
{
    json_event_t e = json_reader_next(&w->reader);
    w->more = e == JSON_EV_KEY;
    if (!w->more) {
        return e == JSON_EV_OBJECT_END;
    }
    w->name = w->reader.text;
    w->kind = json_reader_next(&w->reader);
    w->value = w->reader.text;
    return is_scalar(w->kind) && is_plain(w);
}

static bool begin(walk_t *w)
{
    return json_reader_next(&w->reader) == JSON_EV_OBJECT && step(w);
}

static bool same_scalars(const walk_t *x, const walk_t *y)
{
    bool has_text = x->kind == JSON_EV_STRING || x->kind == JSON_EV_NUMBER;
    return x->kind == y->kind && (!has_text || slice_eq(x->value, y->value));
}

/* null is none of the values that a patch can set. */
static bool has_value(const walk_t *w, const json_value_t *v)
{
    switch (v->kind) {
    case JSON_BOOL:
        return w->kind == (v->u.boolean ? JSON_EV_TRUE : JSON_EV_FALSE);
    case JSON_NUMBER:
        return w->kind == JSON_EV_NUMBER && slice_eq(w->value, v->u.text);
    case JSON_STRING:
        return w->kind == JSON_EV_STRING && slice_eq(w->value, v->u.text);
    default:
        return false;
    }
}

/* ---- the walk ---- */

static const json_value_t *patched(const merging_t *m, const walk_t *w)
{
    const json_member_t *member = w->more ? table_get(&m->members, w->name) : NULL;
    return member ? &member->value : NULL;
}

/* The length of what both texts go on with. */
static size_t common(const json_reader_t *x, const json_reader_t *y)
{
    const char *a = x->input.ptr + json_reader_at(x), *b = y->input.ptr + json_reader_at(y);
    size_t left = x->input.len - json_reader_at(x), other = y->input.len - json_reader_at(y), n = 0;
    left = left < other ? left : other;
    while (left - n >= 32 && memcmp(a + n, b + n, 32) == 0) {
        n += 32;
    }
    while (n < left && a[n] == b[n]) {
        n++;
    }
    return n;
}

/*
 * Both readers are behind members that are the same, so that what they make of the same bytes is:
 * one of them reads those. A member that the patch has and that is passed over so is not counted.
 */
static bool step_both(walk_t *from, walk_t *to)
{
    size_t begin = json_reader_at(&to->reader), whole = begin;
    size_t end = begin + common(&from->reader, &to->reader);
    bool good = step(to);
    while (good && to->more && json_reader_at(&to->reader) < end) {
        whole = json_reader_at(&to->reader);
        good = step(to);
    }
    json_reader_skip(&from->reader, whole - begin);
    return good && step(from);
}

/* One member of either side, or the same of both; false: it does not fit. */
static bool advance(merging_t *m)
{
    walk_t *from = &m->from, *to = &m->to;
    const json_value_t *old = patched(m, from);
    if (old && old->kind == JSON_NULL) {
        m->removed++;
        return step(from);
    }
    if (from->more && to->more && slice_eq(from->name, to->name)) {
        m->set += old != NULL;
        return old ? has_value(to, old) && step(from) && step(to)
                   : same_scalars(from, to) && step_both(from, to);
    }
    /* What the patch adds; a member that was there, too, is never passed over but with its own. */
    const json_value_t *added = patched(m, to);
    m->set++;
    return added && has_value(to, added) && step(to);
}

static err_t index_patch(merging_t *m, const json_value_t *patch, size_t *setting)
{
    err_t err = ERR_OK;
    *setting = 0;
    for (size_t i = 0; i < patch->u.object.count && !err; i++) {
        json_member_t *member = &patch->u.object.members[i];
        *setting += member->value.kind != JSON_NULL;
        err = table_put(&m->members, member->name, member, NULL);
    }
    return err;
}

static err_t walk(merging_t *m, const json_value_t *patch, bool *proven)
{
    size_t setting;
    err_t err = index_patch(m, patch, &setting);
    bool fits = !err && begin(&m->from) && begin(&m->to);
    while (fits && (m->from.more || m->to.more)) {
        fits = advance(m);
    }
    /* All of the patch was met: it says nothing of members that were passed over. */
    *proven = fits && m->set == setting && m->removed == patch->u.object.count - setting;
    bool nomem = json_reader_nomem(&m->from.reader) || json_reader_nomem(&m->to.reader);
    return err ? err : nomem ? ERR_NOMEM : ERR_OK;
}

static bool is_opaque_object(const node_t *n)
{
    return n && n->kind == NODE_TEXT && n->text.len && n->text.ptr[0] == '{';
}

err_t overlay_merge_text(const node_t *from, const json_value_t *patch, const node_t *to,
                         bool *proven)
{
    *proven = false;
    if (!is_opaque_object(from) || !is_opaque_object(to)) {
        return ERR_OK;
    }
    merging_t m = {.members = TABLE_INIT};
    err_t err = json_reader_init(&m.from.reader, from->text, OVERLAY_DEPTH);
    if (err) {
        return err;
    }
    err = json_reader_init(&m.to.reader, to->text, OVERLAY_DEPTH);
    if (!err) {
        err = walk(&m, patch, proven);
        json_reader_release(&m.to.reader);
    }
    json_reader_release(&m.from.reader);
    table_release(&m.members);
    return err;
}
