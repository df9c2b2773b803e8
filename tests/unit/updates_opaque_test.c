/*
 * Opaque objects, such as the rows of cost maps: patches of them are those of the same objects as
 * trees, byte by byte, whether their texts can be compared member by member or have to be parsed.
 */
#include "patch_trees.h"

#include "failmalloc.h"
#include "prng.h"

enum { ROUNDS = 3000, NAMES = 60 };

static const char *const values[] = {
    "1",
    "2.5",
    "-1e+22",
    "null",
    "true",
    "\"\"",
    "\"a,b}\"",
    "\"\\\"]\\\\\"",
    "[]",
    "[1,2]",
    "[1,[2,\"]\",null],3]",
    "[1,[2,\"]\",null],4]",
    "[[1,2,3],[4,5,6],[7,8,9],[10,11,12],\"[\\\"\"]",
};
#define SCALARS 8
#define VALUES  (sizeof values / sizeof *values)

/* How a row is made: the order of its names, names with escapes, and values. */
typedef struct kind {
    bool rising, escapes;
    unsigned values; /* SCALARS, VALUES, or one more: objects, too */
} kind_t;

typedef struct row {
    unsigned names[NAMES]; /* of members, in their order */
    unsigned values[NAMES];
    unsigned count;
} row_t;

static void draw_row(row_t *row, const kind_t *kind, prng_t *p)
{
    unsigned density = 1 + (unsigned)prng_below(p, 10);
    row->count = 0;
    for (unsigned i = 0; i < NAMES; i++) {
        if (prng_below(p, 10) < density) {
            unsigned at = kind->rising ? row->count : (unsigned)prng_below(p, row->count + 1);
            row->names[row->count] = row->names[at];
            row->values[row->count] = row->values[at];
            row->names[at] = i;
            row->values[at] = (unsigned)prng_below(p, kind->values);
            row->count++;
        }
    }
}

/* Values change and members go; with `added`, some come, where their order is. */
static void edit_row(const row_t *from, row_t *to, const kind_t *kind, bool added, prng_t *p)
{
    uint64_t rate = 2 + prng_below(p, 40);
    bool removed = prng_below(p, 2), there[NAMES] = {false};
    to->count = 0;
    for (unsigned i = 0; i < from->count; i++) {
        there[from->names[i]] = true;
    }
    for (unsigned i = 0, next = 0; i < from->count; i++) {
        while (added && kind->rising && next < from->names[i]) {
            if (!there[next] && prng_below(p, rate) == 0) {
                to->names[to->count] = next;
                to->values[to->count++] = (unsigned)prng_below(p, kind->values);
            }
            next++;
        }
        next = from->names[i] + 1;
        if (removed && prng_below(p, rate) == 0) {
            continue;
        }
        to->names[to->count] = from->names[i];
        to->values[to->count++] = prng_below(p, rate) == 0 ? (unsigned)prng_below(p, kind->values)
                                                           : from->values[i];
    }
}

static buf_t write_row(const row_t *row, const kind_t *kind)
{
    buf_t text = BUF_INIT;
    for (unsigned i = 0; i < row->count; i++) {
        buf_printf(&text, "%s\"%s%02u\":%s", i ? "," : "{",
                   kind->escapes && row->names[i] % 7 == 0 ? "\\\\" : "p/~", row->names[i],
                   row->values[i] < VALUES ? values[row->values[i]] : "{\"x\":null,\"y\":1}");
    }
    buf_append_str(&text, row->count ? "}" : "{}");
    return text;
}

/* {"before":1,"row":...} with the row as one text. */
static const node_t *plant_opaque(nodes_t *nodes, slice_t row)
{
    const slice_t names[] = {SLICE_LIT("before"), SLICE_LIT("row")};
    node_t *children[] = {nodes_text(nodes, NULL, SLICE_LIT("1")), nodes_text(nodes, NULL, row)};
    const node_t *n = nodes_object(nodes, names, children, 2);
    assert_non_null(n);
    return n;
}

static const node_t *plant_tree(nodes_t *nodes, slice_t row)
{
    buf_t text = BUF_INIT;
    buf_printf(&text, "{\"before\":1,\"row\":%.*s}", SLICE_ARG(row));
    const node_t *n = plant(nodes, buf_slice(&text));
    buf_release(&text);
    return n;
}

typedef err_t differ_t(const node_t *from, const node_t *to, size_t limit, buf_t *out);

/* A patch with something altered is what it is for a tree: refused, or right all the same. */
static void check_altered(patch_type_t type, const pair_t *opaque, const pair_t *tree,
                          slice_t patch, prng_t *p, size_t *refused)
{
    static const char bytes[] = "0123456789\"n~a{}[],:";
    buf_t text = BUF_INIT;
    buf_append_slice(&text, patch);
    size_t at = (size_t)prng_below(p, text.len);
    arena_t arena;
    arena_init(&arena, 0);
    if (prng_below(p, 2)) {
        text.ptr[at] = bytes[prng_below(p, sizeof bytes - 1)];
    } else {
        json_value_t *v = read_json(&arena, patch);
        json_value_t *row = v->kind == JSON_OBJECT && v->u.object.count
                                ? &v->u.object.members[0].value
                                : NULL;
        if (row && row->kind == JSON_OBJECT && row->u.object.count) {
            json_member_t *members = row->u.object.members;
            size_t i = (size_t)prng_below(p, row->u.object.count);
            unsigned kind = (unsigned)prng_below(p, 6);
            switch (kind) {
            case 0: /* it is missing */
                members[i] = members[--row->u.object.count];
                break;
            case 1: /* it goes */
                members[i].value.kind = JSON_NULL;
                break;
            case 2: /* it is another */
                members[i].value = (json_value_t){.kind = JSON_NUMBER,
                                                  .u = {.text = SLICE_LIT("7")}};
                break;
            default: /* one comes, goes, or becomes another */
                row->u.object.members = arena_array(&arena, row->u.object.count + 1,
                                                    sizeof *members);
                memcpy(row->u.object.members, members, row->u.object.count * sizeof *members);
                members = &row->u.object.members[row->u.object.count++];
                *members = row->u.object.members[i];
                members->name = kind == 3 ? SLICE_LIT("new")
                                          : arena_printf(&arena, "p/~%02u",
                                                         (unsigned)prng_below(p, NAMES));
                members->value.kind = kind == 4 ? JSON_NULL : members->value.kind;
            }
        }
        buf_clear(&text);
        json_write_value(&text, v);
    }
    err_t verdict = patch_verify(type, buf_slice(&text), tree->from, tree->to);
    err_t err = patch_verify(type, buf_slice(&text), opaque->from, opaque->to);
    if (err != verdict) {
        fail_msg("%d, and %d for a tree, for %.*s", (int)err, (int)verdict,
                 SLICE_ARG(buf_slice(&text)));
    }
    *refused += err != ERR_OK;
    arena_release(&arena);
    buf_release(&text);
}

static size_t refused_count;

/* True: there is a patch. */
static bool check(differ_t *differ, patch_type_t type, const pair_t *opaque, const pair_t *tree,
                  size_t limit, prng_t *p)
{
    buf_t x = BUF_INIT, y = BUF_INIT;
    err_t err = differ(opaque->from, opaque->to, limit, &x);
    if (err != differ(tree->from, tree->to, limit, &y) || !slice_eq(buf_slice(&x), buf_slice(&y))) {
        buf_t from = BUF_INIT, to = BUF_INIT;
        node_write(opaque->from, &from);
        node_write(opaque->to, &to);
        fail_msg("%.*s and %.*s for %.*s to %.*s", SLICE_ARG(buf_slice(&x)),
                 SLICE_ARG(buf_slice(&y)), SLICE_ARG(buf_slice(&from)), SLICE_ARG(buf_slice(&to)));
    }
    if (!err) {
        assert_int_equal(patch_verify(type, buf_slice(&x), opaque->from, opaque->to), ERR_OK);
        for (unsigned i = 0; i < 3; i++) {
            check_altered(type, opaque, tree, buf_slice(&x), p, &refused_count);
        }
    }
    buf_release(&x);
    buf_release(&y);
    return !err;
}

typedef struct world {
    buf_t from, to;
    pair_t opaque, tree;
} world_t;

static void make_world(world_t *w, const kind_t *kind, bool added, prng_t *p)
{
    row_t from, to;
    draw_row(&from, kind, p);
    edit_row(&from, &to, kind, added, p);
    w->from = write_row(&from, kind);
    w->to = write_row(&to, kind);
    nodes_init(&w->opaque.first, NULL, NULL);
    nodes_init(&w->opaque.second, &w->opaque.first, NULL);
    w->opaque.from = plant_opaque(&w->opaque.first, buf_slice(&w->from));
    w->opaque.to = plant_opaque(&w->opaque.second, buf_slice(&w->to));
    nodes_init(&w->tree.first, NULL, NULL);
    nodes_init(&w->tree.second, &w->tree.first, NULL);
    w->tree.from = plant_tree(&w->tree.first, buf_slice(&w->from));
    w->tree.to = plant_tree(&w->tree.second, buf_slice(&w->to));
}

static void release_world(world_t *w)
{
    pair_release(&w->opaque);
    pair_release(&w->tree);
    buf_release(&w->from);
    buf_release(&w->to);
}

static void test_as_trees(void **state)
{
    (void)state;
    prng_t random = prng_start();
    size_t merged = 0;
    for (size_t i = 0; i < ROUNDS; i++) {
        const kind_t kind = {
            prng_below(&random, 3) > 0, prng_below(&random, 8) == 0,
            (unsigned[]){SCALARS, SCALARS, VALUES, VALUES + 1}[prng_below(&random, 4)]};
        world_t w;
        make_world(&w, &kind, prng_below(&random, 2), &random);
        assert_true(check(patch_json, PATCH_JSON, &w.opaque, &w.tree, SIZE_MAX, &random));
        merged += check(patch_merge, PATCH_MERGE, &w.opaque, &w.tree, SIZE_MAX, &random);
        for (unsigned k = 0; k < 3; k++) {
            size_t limit = (size_t)prng_below(&random, w.to.len + 100);
            (void)check(patch_json, PATCH_JSON, &w.opaque, &w.tree, limit, &random);
            (void)check(patch_merge, PATCH_MERGE, &w.opaque, &w.tree, limit, &random);
        }
        release_world(&w);
    }
    assert_in_range(merged, ROUNDS / 10, ROUNDS - 1);
    assert_true(refused_count > ROUNDS);
}

static void test_no_memory(void **state)
{
    (void)state;
    prng_t random = prng_start();
    differ_t *const differs[] = {patch_json, patch_merge};
    for (size_t i = 0; i < 40; i++) {
        const kind_t kind = {i % 4 > 0, i % 8 == 1, i % 2 ? SCALARS : VALUES};
        world_t w;
        make_world(&w, &kind, true, &random);
        for (size_t k = 0; k < 2; k++) {
            buf_t want = BUF_INIT;
            err_t verdict = differs[k](w.opaque.from, w.opaque.to, SIZE_MAX, &want);
            long live = failmalloc_live();
            bool refused = true;
            for (long n = 1; refused; n++) {
                buf_t out = BUF_INIT;
                failmalloc_arm(n);
                err_t err = differs[k](w.opaque.from, w.opaque.to, SIZE_MAX, &out);
                refused = failmalloc_disarm();
                assert_int_equal(err, refused ? ERR_NOMEM : verdict);
                buf_release(&out);
                assert_int_equal(failmalloc_live(), live);
            }
            refused = !verdict;
            for (long n = 1; refused; n++) {
                failmalloc_arm(n);
                err_t err = patch_verify(k ? PATCH_MERGE : PATCH_JSON, buf_slice(&want),
                                         w.opaque.from, w.opaque.to);
                refused = failmalloc_disarm();
                assert_int_equal(err, refused ? ERR_NOMEM : ERR_OK);
                assert_int_equal(failmalloc_live(), live);
            }
            buf_release(&want);
        }
        release_world(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_trees),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
