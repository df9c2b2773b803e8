/*
 * Patches. The input is one JSON text, or two and a NUL byte between them. Of two, as documents,
 * patches of both types are made, which must lead from one to the other; they must not lead
 * elsewhere, and be no longer than their limit. Both are then taken as patches for each other and
 * for a document with a bit of everything: there is an answer, and it is the same for trees that
 * share nothing.
 */
#include "footprintd/updates/patch.h"

#include "fuzz.h"

/* As deep as documents may be. */
#define DEPTH 64

static const char document[] =
    "{\"meta\":{\"vtag\":{\"resource-id\":\"r\",\"tag\":\"t\"}},\"a\":[1,\"x,y\",null,[],{}],"
    "\"b\":{\"c\":[1,2,3,4,5,6,7],\"d\":[{\"k\":1,\"v\":[1]},{\"k\":2,\"v\":[]}]},\"\":{},"
    "\"a/b~c\":\"\\\"\",\"m\":{\"0\":0,\"1\":1,\"2\":2,\"3\":3,\"4\":4,\"5\":5,\"6\":6,\"7\":7,"
    "\"8\":8,\"9\":9,\"10\":0,\"11\":1,\"12\":2,\"13\":3,\"14\":4,\"15\":5,\"16\":6,\"17\":7,"
    "\"18\":8,\"19\":9}}";

/* NULL: it is no JSON. */
static const node_t *plant(nodes_t *nodes, slice_t text)
{
    arena_t arena;
    json_value_t *v = NULL;
    const node_t *n = NULL;
    arena_init(&arena, 0);
    if (!json_parse(text, DEPTH, &arena, &v, NULL)) {
        n = nodes_json(nodes, v);
        FUZZ_CHECK(n);
    }
    arena_release(&arena);
    return n;
}

/* Members may stand in another order, and then the trees are not one and yet equal. */
static bool same_value(const node_t *x, const node_t *y)
{
    arena_t arena;
    json_value_t *a = NULL, *b = NULL;
    buf_t text = BUF_INIT;
    arena_init(&arena, 0);
    node_write(x, &text);
    FUZZ_CHECK(!json_parse(buf_slice(&text), DEPTH, &arena, &a, NULL));
    buf_clear(&text);
    node_write(y, &text);
    FUZZ_CHECK(!json_parse(buf_slice(&text), DEPTH, &arena, &b, NULL));
    bool same = json_value_equal(a, b);
    buf_release(&text);
    arena_release(&arena);
    return same;
}

static void check_patch(patch_type_t type, const node_t *from, const node_t *to)
{
    buf_t out = BUF_INIT, again = BUF_INIT;
    err_t err = type == PATCH_JSON ? patch_json(from, to, SIZE_MAX, &out)
                                   : patch_merge(from, to, SIZE_MAX, &out);
    FUZZ_CHECK(!err || (type == PATCH_MERGE && err == ERR_RANGE));
    if (err) {
        FUZZ_CHECK(!out.len && (to->is_null || to->has_null_member));
        buf_release(&out);
        return;
    }
    FUZZ_CHECK(!patch_verify(type, buf_slice(&out), from, to));
    FUZZ_CHECK(same_value(from, to) || patch_verify(type, buf_slice(&out), from, from) == ERR_DATA);
    err = type == PATCH_JSON ? patch_json(from, to, out.len - 1, &again)
                             : patch_merge(from, to, out.len - 1, &again);
    FUZZ_CHECK(err == ERR_LIMIT && !again.len);
    buf_release(&out);
    buf_release(&again);
}

/* The same verdict whether or not the trees share what they can. */
static void check_verdict(slice_t patch, const node_t *from, const node_t *to, const node_t *alien)
{
    for (int type = PATCH_MERGE; type <= PATCH_JSON; type++) {
        err_t err = patch_verify((patch_type_t)type, patch, from, to);
        FUZZ_CHECK(err == ERR_OK || err == ERR_DATA);
        FUZZ_CHECK(patch_verify((patch_type_t)type, patch, from, alien) == err);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    slice_t first = slice_of((const char *)data, size), second = {NULL, 0};
    const char *cut = size ? memchr(first.ptr, '\0', size) : NULL;
    if (cut) {
        first.len = (size_t)(cut - first.ptr);
        second = slice_of(cut + 1, size - first.len - 1);
    }
    nodes_t nodes, later, others;
    nodes_init(&nodes, NULL, NULL);
    nodes_init(&later, &nodes, NULL);
    nodes_init(&others, NULL, NULL);
    const node_t *known = plant(&nodes, slice_str(document));
    const node_t *alien = plant(&others, slice_str(document));
    const node_t *from = plant(&nodes, first);
    const node_t *to = second.ptr ? plant(&later, second) : NULL;
    if (from && to) {
        check_patch(PATCH_JSON, from, to);
        check_patch(PATCH_MERGE, from, to);
        const node_t *other = plant(&others, second);
        check_verdict(first, from, to, other);
        check_verdict(second, from, to, other);
        check_verdict(first, known, to, other);
    }
    check_verdict(first, known, known, alien);
    nodes_release(&others);
    nodes_release(&later);
    nodes_release(&nodes);
    return 0;
}
