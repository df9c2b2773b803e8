#include "align.h"

/*
 * Opaque objects by their texts: where few of very many members differ, as in the rows of a cost
 * map, only those that do become nodes.
 */

typedef struct members {
    const char *at, *end;
    slice_t key, value;
    bool involved; /* there is something that only a parser knows */
} members_t;

static members_t members_of(slice_t text)
{
    return (members_t){.at = text.ptr + 1, .end = text.ptr + text.len};
}

static const char *skip_string(const char *at, const char *end)
{
    for (at++; at < end && *at != '"'; at++) {
        at += *at == '\\';
    }
    return at + 1;
}

static const char *skip_array(const char *at, const char *end)
{
    size_t depth = 0;
    while (at < end) {
        if (*at == '"') {
            at = skip_string(at, end);
            continue;
        }
        depth += *at == '[';
        depth -= *at == ']';
        at++;
        if (!depth) {
            break;
        }
    }
    return at;
}

static const char *skip_scalar(const char *at, const char *end)
{
    while (at < end && *at != ',' && *at != '}') {
        at++;
    }
    return at;
}

/* The key, and its quotes and its colon. */
static bool take_key(members_t *m)
{
    const char *at = m->at + 1;
    while (at < m->end && *at != '"' && *at != '\\') {
        at++;
    }
    m->key = slice_of(m->at + 1, (size_t)(at - m->at) - 1);
    m->at = at + 2;
    return m->at < m->end && *at == '"';
}

/* The next member; false: there is none, or it is too involved. */
static bool next(members_t *m)
{
    if (*m->at == '}') {
        return false;
    }
    m->at += *m->at == ',';
    if (!take_key(m) || *m->at == '{') {
        m->involved = true;
        return false;
    }
    const char *begin = m->at;
    m->at = *begin == '"'   ? skip_string(begin, m->end)
            : *begin == '[' ? skip_array(begin, m->end)
                            : skip_scalar(begin, m->end);
    m->involved = m->at >= m->end;
    m->value = slice_of(begin, (size_t)(m->at - begin));
    return !m->involved;
}

/* How many bytes are the same. */
static size_t same_bytes(const char *x, const char *y, size_t len)
{
    size_t n = 0;
    for (uint64_t a, b; n + sizeof a <= len; n += sizeof a) {
        memcpy(&a, x + n, sizeof a);
        memcpy(&b, y + n, sizeof b);
        if (a != b) {
            break;
        }
    }
    while (n < len && x[n] == y[n]) {
        n++;
    }
    return n;
}

/*
 * Behind two members that are the same: as long as the texts are, members of one are those of the
 * other, and only one is read. The byte behind the last one that is passed over is the same, too.
 */
static void skip_same(members_t *x, members_t *y)
{
    size_t left_x = (size_t)(x->end - x->at), left_y = (size_t)(y->end - y->at);
    const char *begin = x->at;
    const char *end = begin + same_bytes(begin, y->at, left_x < left_y ? left_x : left_y);
    members_t m = *x;
    while (next(&m) && m.at < end) {
        *x = m;
    }
    y->at += x->at - begin;
}

/* A member of one side, or of each. */
static err_t add(nodes_t *store, const members_t *x, const members_t *y, alignment_t *out)
{
    align_child_t from = {NULL, {NULL, 0}, 0}, to = from;
    if (x) {
        from = (align_child_t){nodes_text(store, NULL, x->value), x->key, 0};
    }
    if (y) {
        to = (align_child_t){nodes_text(store, NULL, y->value), y->key, 0};
    }
    if (store->failed) {
        return ERR_NOMEM;
    }
    align_pairs_t *list = !y ? &out->removed : !x ? &out->added : &out->changed;
    return alignment_add(out, list, x ? &from : NULL, y ? &to : NULL);
}

/* Whether keys from this one on are in the order of their bytes. */
static bool rises(members_t m)
{
    for (slice_t last = m.key; next(&m); last = m.key) {
        if (slice_cmp(last, m.key) >= 0) {
            return false;
        }
    }
    return !m.involved;
}

/* Member by member as long as keys are the same, and from there on merged: both must rise then. */
static err_t align_all(nodes_t *store, members_t *x, members_t *y, alignment_t *out)
{
    err_t err = ERR_OK;
    bool more_x = next(x), more_y = next(y), merging = false;
    while ((more_x || more_y) && !err) {
        bool same = more_x && more_y && slice_eq(x->key, y->key);
        if (!same && !merging && !((!more_x || rises(*x)) && (!more_y || rises(*y)))) {
            return ERR_RANGE;
        }
        merging |= !same;
        int order = same ? 0 : !more_x ? 1 : !more_y ? -1 : slice_cmp(x->key, y->key);
        if (order || !slice_eq(x->value, y->value)) {
            err = add(store, order <= 0 ? x : NULL, order >= 0 ? y : NULL, out);
        } else {
            skip_same(x, y);
        }
        more_x = order <= 0 ? next(x) : more_x;
        more_y = order >= 0 ? next(y) : more_y;
        err = err ? err : x->involved || y->involved ? ERR_RANGE : ERR_OK;
    }
    return x->involved || y->involved ? ERR_RANGE : err;
}

static bool is_opaque_object(const node_t *n)
{
    return n->kind == NODE_TEXT && n->text.len > 2 && n->text.ptr[0] == '{';
}

err_t align_opaque(nodes_t *store, const node_t *from, const node_t *to, alignment_t *out)
{
    if (!is_opaque_object(from) || !is_opaque_object(to)) {
        return ERR_RANGE;
    }
    members_t x = members_of(from->text), y = members_of(to->text);
    err_t err = align_all(store, &x, &y, out);
    if (err == ERR_RANGE) {
        out->changed.count = out->removed.count = out->added.count = 0;
    }
    return err;
}
