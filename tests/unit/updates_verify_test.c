/*
 * patch_verify: what RFC 6902 and RFC 7396 say, case by case, and what it costs.
 */
#include "patch_trees.h"

#include "failmalloc.h"
#include "patch_reference.h"
#include "tight.h"
#include "updates/overlay.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static err_t verify_texts(patch_type_t type, slice_t from, slice_t patch, slice_t to, bool related)
{
    pair_t p;
    pair_plant(&p, from, to, related);
    slice_t tight = tight_copy(patch);
    err_t err = patch_verify(type, tight, p.from, p.to);
    tight_free(tight);
    pair_release(&p);
    return err;
}

static err_t verify_strings(patch_type_t type, const char *from, const char *patch, const char *to)
{
    err_t err = verify_texts(type, slice_str(from), slice_str(patch), slice_str(to), true);
    assert_int_equal(verify_texts(type, slice_str(from), slice_str(patch), slice_str(to), false),
                     err);
    return err;
}

/* ---- cases from files ---- */

static buf_t read_file(const char *path)
{
    buf_t text = BUF_INIT;
    FILE *f = fopen(path, "rb");
    char part[4096];
    size_t n;
    if (!f) {
        fail_msg("%s cannot be opened", path);
    }
    while ((n = fread(part, 1, sizeof part, f)) > 0) {
        buf_append(&text, part, n);
    }
    assert_int_equal(fclose(f), 0);
    return text;
}

static buf_t written(const json_value_t *v)
{
    buf_t text = BUF_INIT;
    json_write_value(&text, v);
    assert_false(buf_failed(&text));
    return text;
}

static bool has_nul_name(slice_t text)
{
    for (size_t i = 0; i + 6 <= text.len; i++) {
        if (memcmp(text.ptr + i, "\\u0000", 6) == 0) {
            return true;
        }
    }
    return false;
}

/* The reference is of the same opinion, where it has one. */
static void check_reference(bool merge, slice_t from, slice_t patch, slice_t to, bool right)
{
    if (has_nul_name(from) || has_nul_name(patch)) {
        return;
    }
    char *text = reference_apply(merge, patch.ptr, patch.len, from.ptr, from.len);
    bool equal = text && reference_equal(text, strlen(text), to.ptr, to.len);
    free(text);
    assert_int_equal(equal, right);
}

static void check_case(const char *name, patch_type_t type, const json_value_t *from,
                       const json_value_t *patch, const json_value_t *to, bool right)
{
    buf_t texts[3] = {written(from), written(patch), written(to)};
    slice_t a = buf_slice(&texts[0]), p = buf_slice(&texts[1]), b = buf_slice(&texts[2]);
    for (int related = 0; related < 2; related++) {
        err_t err = verify_texts(type, a, p, b, related);
        if (err != (right ? ERR_OK : ERR_DATA)) {
            fail_msg("%s: %s (%d) for %.*s", name, right ? "refused" : "accepted", (int)err,
                     SLICE_ARG(b));
        }
    }
    check_reference(type == PATCH_MERGE, a, p, b, right);
    for (size_t i = 0; i < 3; i++) {
        buf_release(&texts[i]);
    }
}

static void test_golden(void **state)
{
    (void)state;
    buf_t text = read_file(FPD_SOURCE_DIR "/tests/golden/updates/patches.json");
    arena_t arena;
    arena_init(&arena, 0);
    const json_value_t *cases = read_json(&arena, buf_slice(&text));
    assert_true(cases->u.array.count > 100);
    for (size_t i = 0; i < cases->u.array.count; i++) {
        const json_value_t *c = &cases->u.array.items[i];
        const json_value_t *to = json_get(c, "to"), *wrong = json_get(c, "wrong");
        const char *name = json_get(c, "name")->u.text.ptr;
        patch_type_t type = slice_is(json_get(c, "type")->u.text, "json") ? PATCH_JSON
                                                                          : PATCH_MERGE;
        assert_true(to || wrong->u.array.count);
        if (to) {
            check_case(name, type, json_get(c, "from"), json_get(c, "patch"), to, true);
        }
        for (size_t k = 0; k < wrong->u.array.count; k++) {
            check_case(name, type, json_get(c, "from"), json_get(c, "patch"),
                       &wrong->u.array.items[k], false);
        }
    }
    arena_release(&arena);
    buf_release(&text);
}

static void published_file(const char *path, const char *from_name, const char *to_name,
                           const char *patch_name, patch_type_t type)
{
    buf_t text = read_file(path);
    /* One of the disabled tests has a member twice; where one has a NUL the reader is ours. */
    char *tidy = reference_tidy(text.ptr, text.len);
    arena_t arena;
    size_t ran = 0;
    arena_init(&arena, 0);
    const json_value_t *cases = read_json(&arena, tidy ? slice_str(tidy) : buf_slice(&text));
    bool many = cases->kind == JSON_ARRAY;
    for (size_t i = 0; i < (many ? cases->u.array.count : 1); i++) {
        const json_value_t *c = many ? &cases->u.array.items[i] : cases;
        const json_value_t *from = json_get(c, from_name), *patch = json_get(c, patch_name);
        const json_value_t *to = json_get(c, to_name);
        if (!from || !patch || json_get(c, "disabled")) {
            continue;
        }
        ran++;
        /* The third-party tests leave out what is expected where only a test is made. */
        bool right = !json_get(c, "error") && (to || !json_get(c, "name"));
        check_case(path, type, from, patch, to ? to : from, right);
    }
    assert_true(ran > 0);
    free(tidy);
    arena_release(&arena);
    buf_release(&text);
}

static void test_published(void **state)
{
    (void)state;
    static const struct {
        const char *path, *from, *to, *patch;
        patch_type_t type;
    } files[] = {
        {"patch/json-patch-negative.json", "doc", "none", "patch", PATCH_JSON},
        {"patch/rfc7396-appendix-a.json", "original", "result", "patch", PATCH_MERGE},
        {"patch/diff-edge-cases.json", "before", "wanted", "json-patch", PATCH_JSON},
        {"patch/diff-edge-cases.json", "before", "wanted", "merge-patch", PATCH_MERGE},
        {"patch/rfc8895-3-costmap.json", "before", "after", "json-patch", PATCH_JSON},
        {"patch/rfc8895-3-costmap.json", "before", "after", "merge-patch", PATCH_MERGE},
        {"patch/rfc8895-3-networkmap.json", "before", "after", "json-patch", PATCH_JSON},
        {"patch/rfc8895-3-networkmap.json", "before", "after", "merge-patch", PATCH_MERGE},
        {"patch/rfc9241-3.7.3-cdni.json", "before", "after", "json-patch", PATCH_JSON},
        {"patch/rfc9241-3.7.3-cdni.json", "before", "after", "merge-patch", PATCH_MERGE},
        {"third-party/json-patch-tests/tests.json", "doc", "expected", "patch", PATCH_JSON},
        {"third-party/json-patch-tests/spec_tests.json", "doc", "expected", "patch", PATCH_JSON},
    };
    const char *shared = getenv("FPD_SHARED");
    char path[4096];
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        assert_true(snprintf(path, sizeof path, "%s/vectors/updates/%s",
                             shared ? shared : FPD_SOURCE_DIR "/../shared",
                             files[i].path) < (int)sizeof path);
        if (access(path, R_OK) == 0) {
            published_file(path, files[i].from, files[i].to, files[i].patch, files[i].type);
        } else {
            print_message("%s is not there: nothing of it is tested\n", files[i].path);
        }
    }
}

/* ---- texts ---- */

static void test_text_that_is_no_json(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "[",
        "[]]",
        "[{\"op\":\"add\",\"op\":\"add\",\"path\":\"/a\",\"value\":1}]",
        "[{\"op\":\"add\",\"path\":\"/a\",\"value\":\"\xff\"}]",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_int_equal(verify_strings(PATCH_JSON, "{}", texts[i], "{}"), ERR_DATA);
        assert_int_equal(verify_strings(PATCH_MERGE, "{}", texts[i], "{}"), ERR_DATA);
    }
}

/* What the client gets is to be the text of `to`; strings are their characters. */
static void test_scalars(void **state)
{
    (void)state;
    static const struct {
        const char *from, *patch, *to;
        err_t err;
    } cases[] = {
        {"[1]", "[{\"op\":\"replace\",\"path\":\"/0\",\"value\":1.0}]", "[1.0]", ERR_OK},
        {"[1]", "[{\"op\":\"replace\",\"path\":\"/0\",\"value\":1.0}]", "[1]", ERR_DATA},
        {"[1]", "[{\"op\":\"replace\",\"path\":\"/0\",\"value\":1.0}]", "[1.00]", ERR_DATA},
        {"[1]", "[{\"op\":\"replace\",\"path\":\"/0\",\"value\":-0}]", "[0]", ERR_DATA},
        {"[1]", "[{\"op\":\"replace\",\"path\":\"/0\",\"value\":-0}]", "[-0]", ERR_OK},
        {"[1]", "[{\"op\":\"add\",\"path\":\"/-\",\"value\":1e400}]", "[1,1e400]", ERR_OK},
        {"[0]", "[{\"op\":\"test\",\"path\":\"/0\",\"value\":-0}]", "[0]", ERR_OK},
        {"{\"a\":-0}", "[{\"op\":\"test\",\"path\":\"/a\",\"value\":0}]", "{\"a\":-0}", ERR_OK},
        {"[123456789012345678901234567890]",
         "[{\"op\":\"test\",\"path\":\"/0\",\"value\":123456789012345678901234567890}]",
         "[123456789012345678901234567890]", ERR_OK},
        {"[123456789012345678901234567890]",
         "[{\"op\":\"test\",\"path\":\"/0\",\"value\":123456789012345678901234567891}]",
         "[123456789012345678901234567890]", ERR_DATA},
        {"[]", "[{\"op\":\"add\",\"path\":\"/-\",\"value\":\"\\u00e9\\/\"}]", "[\"\xc3\xa9/\"]",
         ERR_OK},
        {"[]", "[{\"op\":\"add\",\"path\":\"/-\",\"value\":\"e\xcc\x81\"}]", "[\"\xc3\xa9\"]",
         ERR_DATA},
        {"[\"1\"]", "[]", "[1]", ERR_DATA},
        {"[\"null\"]", "[]", "[null]", ERR_DATA},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(verify_strings(PATCH_JSON, cases[i].from, cases[i].patch, cases[i].to),
                         cases[i].err);
    }
}

/* A value that the tree has as text, written otherwise than we write. */
static void test_opaque_text(void **state)
{
    (void)state;
    static const struct {
        const char *patch, *to;
        err_t err;
    } cases[] = {
        {"[]", "{\"v\":{ \"a\": [1, {\"b\": \"\\u00e9\"}] }}", ERR_OK},
        {"[{\"op\":\"test\",\"path\":\"/v\",\"value\":{\"a\":[1,{\"b\":\"\xc3\xa9\"}]}}]",
         "{\"v\":{\"a\":[1,{\"b\":\"\xc3\xa9\"}]}}", ERR_OK},
        {"[{\"op\":\"test\",\"path\":\"/v\",\"value\":{\"a\":[1,{\"b\":1}]}}]",
         "{\"v\":{\"a\":[1,{\"b\":\"\xc3\xa9\"}]}}", ERR_DATA},
        {"[{\"op\":\"add\",\"path\":\"/v/a/1/c\",\"value\":2}]",
         "{\"v\":{\"a\":[1,{\"c\":2,\"b\":\"\\u00e9\"}]}}", ERR_OK},
        {"[{\"op\":\"add\",\"path\":\"/v/a/1/c\",\"value\":2}]",
         "{\"v\":{\"a\":[1,{\"b\":\"\\u00e9\"}]}}", ERR_DATA},
        {"[{\"op\":\"remove\",\"path\":\"/v/a/0\"},{\"op\":\"copy\",\"from\":\"/v\",\"path\":"
         "\"/w\"}]",
         "{\"v\":{\"a\":[{\"b\":\"\\u00e9\"}]},\"w\":{\"a\":[{\"b\":\"\\u00e9\"}]}}", ERR_OK},
        {"[{\"op\":\"replace\",\"path\":\"/v\",\"value\":{\"c\":1,\"a\":[]}}]",
         "{\"v\":{\"a\":[],\"c\":1}}", ERR_OK},
        {"[{\"op\":\"replace\",\"path\":\"/v\",\"value\":{\"c\":1,\"a\":[]}}]",
         "{\"v\":{\"a\":[],\"c\":1.0}}", ERR_DATA},
        {"[{\"op\":\"replace\",\"path\":\"/v\",\"value\":[]}]", "{\"v\":{}}", ERR_DATA},
    };
    const slice_t from = SLICE_LIT("{ \"a\": [ 1, {\"b\": \"\\u00e9\"} ] }"), name = SLICE_LIT("v");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int opaque = 0; opaque < 2; opaque++) {
            nodes_t nodes;
            nodes_init(&nodes, NULL, NULL);
            node_t *value = nodes_text(&nodes, NULL, from);
            const node_t *a = nodes_object(&nodes, &name, &value, 1);
            const node_t *b = plant(&nodes, slice_str(cases[i].to));
            if (opaque) {
                /* All that is behind {"v": */
                slice_t text = slice_of(cases[i].to + 5, strlen(cases[i].to) - 6);
                if (memchr(text.ptr, 'w', text.len)) {
                    nodes_release(&nodes);
                    continue;
                }
                value = nodes_text(&nodes, NULL, text);
                b = nodes_object(&nodes, &name, &value, 1);
            }
            assert_int_equal(patch_verify(PATCH_JSON, slice_str(cases[i].patch), a, b),
                             cases[i].err);
            nodes_release(&nodes);
        }
    }
}

static void test_opaque_array(void **state)
{
    (void)state;
    nodes_t nodes;
    nodes_init(&nodes, NULL, NULL);
    const node_t *from = nodes_text(&nodes, NULL, SLICE_LIT("[ 1, [\"\\u00e9\"] ]"));
    const node_t *to = nodes_text(&nodes, NULL, SLICE_LIT("[[ \"\xc3\xa9\" , 2]]"));
    slice_t patch = SLICE_LIT("[{\"op\":\"add\",\"path\":\"/1/-\",\"value\":2},{\"op\":\"remove\","
                              "\"path\":\"/0\"}]");
    assert_int_equal(patch_verify(PATCH_JSON, patch, from, to), ERR_OK);
    assert_int_equal(patch_verify(PATCH_JSON, SLICE_LIT("[]"), from, to), ERR_DATA);
    to = plant(&nodes, SLICE_LIT("[1,[\"\xc3\xa9\"]]"));
    assert_int_equal(patch_verify(PATCH_JSON, SLICE_LIT("[]"), from, to), ERR_OK);
    assert_int_equal(patch_verify(PATCH_JSON, SLICE_LIT("[]"), to, from), ERR_OK);
    nodes_release(&nodes);
}

static void test_merge_into_opaque_text(void **state)
{
    (void)state;
    nodes_t nodes;
    nodes_init(&nodes, NULL, NULL);
    const node_t *from = nodes_text(&nodes, NULL, SLICE_LIT("{\"a\":{\"b\":1, \"c\":2}}"));
    const node_t *to = plant(&nodes, SLICE_LIT("{\"a\":{\"c\":2}}"));
    assert_int_equal(patch_verify(PATCH_MERGE, SLICE_LIT("{\"a\":{\"b\":null}}"), from, to),
                     ERR_OK);
    assert_int_equal(patch_verify(PATCH_MERGE, SLICE_LIT("{\"a\":{\"b\":0}}"), from, to), ERR_DATA);
    from = nodes_text(&nodes, NULL, SLICE_LIT("{\"a\":"));
    assert_int_equal(patch_verify(PATCH_MERGE, SLICE_LIT("{\"a\":1}"), from, to), ERR_DATA);
    assert_int_equal(patch_verify(PATCH_JSON, SLICE_LIT("[]"), from, to), ERR_DATA);
    nodes_release(&nodes);
}

/* ---- hostile patches ---- */

/* Copied into itself time and again: 2^200 values, of which nobody walks more than a path. */
static void test_copies_of_copies(void **state)
{
    (void)state;
    buf_t patch = BUF_INIT;
    buf_append_char(&patch, '[');
    for (int i = 0; i < 200; i++) {
        buf_printf(&patch, "%s{\"op\":\"copy\",\"from\":\"\",\"path\":\"/%c\"}", i ? "," : "",
                   "ab"[i & 1]);
        buf_printf(&patch, ",{\"op\":\"add\",\"path\":\"/%c/c\",\"value\":%d}", "ab"[i & 1], i);
    }
    size_t whole = patch.len;
    buf_append_str(&patch, "]");
    slice_t from = SLICE_LIT("{}");
    assert_int_equal(
        verify_texts(PATCH_JSON, from, buf_slice(&patch), SLICE_LIT("{\"a\":{},\"b\":{}}"), true),
        ERR_DATA);
    patch.len = whole;
    buf_append_str(&patch, ",{\"op\":\"test\",\"path\":\"/b\",\"value\":{\"a\":{\"a\":1}}}]");
    assert_int_equal(verify_texts(PATCH_JSON, from, buf_slice(&patch), from, true), ERR_DATA);
    patch.len = whole;
    buf_append_str(&patch,
                   ",{\"op\":\"remove\",\"path\":\"/a\"},{\"op\":\"remove\",\"path\":\"/b\"}]");
    assert_int_equal(verify_texts(PATCH_JSON, from, buf_slice(&patch), from, true), ERR_OK);
    buf_release(&patch);
}

static buf_t nested(const char *open, const char *inner, const char *close, unsigned depth)
{
    buf_t text = BUF_INIT;
    for (unsigned i = 0; i < depth; i++) {
        buf_append_str(&text, open);
    }
    buf_append_str(&text, inner);
    for (unsigned i = 0; i < depth; i++) {
        buf_append_str(&text, close);
    }
    return text;
}

static void test_depth(void **state)
{
    (void)state;
    /* As deep as documents may be, twice over, and then too deep. */
    for (unsigned depth = 60; depth <= 140; depth += 20) {
        buf_t to = nested("{\"a\":", "{}", "}", depth), patch = BUF_INIT;
        buf_printf(&patch, "[{\"op\":\"add\",\"path\":\"\",\"value\":%.*s}]",
                   SLICE_ARG(buf_slice(&to)));
        err_t err = depth < 125 ? ERR_OK : ERR_DATA;
        assert_int_equal(
            verify_texts(PATCH_JSON, SLICE_LIT("1"), buf_slice(&patch), buf_slice(&to), false),
            err);
        assert_int_equal(
            verify_texts(PATCH_MERGE, SLICE_LIT("1"), buf_slice(&to), buf_slice(&to), false), err);
        /* Without a patch, from another store, and with one change far below. */
        assert_int_equal(
            verify_texts(PATCH_JSON, buf_slice(&to), SLICE_LIT("[]"), buf_slice(&to), false), err);
        buf_t from = nested("{\"a\":", "1", "}", depth), path = nested("/a", "", "", depth);
        buf_clear(&patch);
        buf_printf(&patch, "[{\"op\":\"replace\",\"path\":\"%.*s\",\"value\":{}}]",
                   SLICE_ARG(buf_slice(&path)));
        assert_int_equal(
            verify_texts(PATCH_JSON, buf_slice(&from), buf_slice(&patch), buf_slice(&to), true),
            err);
        buf_release(&from);
        buf_release(&path);
        buf_release(&patch);
        buf_release(&to);
    }
    buf_t deep = nested("[", "", "]", 100000);
    assert_int_equal(
        verify_texts(PATCH_JSON, SLICE_LIT("1"), buf_slice(&deep), SLICE_LIT("1"), true), ERR_DATA);
    assert_int_equal(
        verify_texts(PATCH_MERGE, SLICE_LIT("1"), buf_slice(&deep), SLICE_LIT("1"), true),
        ERR_DATA);
    buf_release(&deep);
}

/* ---- long lists and big objects ---- */

/* [0, 1, ... count), or {"m0":{"n":0}, ...}; without those that are multiples of `gap`, but for 0.
 */
static buf_t many(bool object, unsigned count, unsigned gap)
{
    buf_t text = BUF_INIT;
    buf_append_str(&text, object ? "{\"x\":{" : "{\"x\":[");
    for (unsigned i = 0; i < count; i++) {
        if (!i || i % gap) {
            buf_printf(&text, object ? "%s\"m%u\":{\"n\":%u}" : "%s%u", i ? "," : "", i, i);
        }
    }
    buf_append_str(&text, object ? "}}" : "]}");
    return text;
}

typedef struct change {
    buf_t patch;
    pair_t pair;
} change_t;

/* Removes every multiple of gap, but for 0. */
static void change_many(change_t *c, bool object, unsigned count, unsigned gap, bool descending)
{
    buf_t from = many(object, count, count), to = many(object, count, gap);
    unsigned last = (count - 1) / gap;
    c->patch = (buf_t)BUF_INIT;
    for (unsigned i = 0; i < last; i++) {
        unsigned index = descending ? (last - i) * gap : (i + 1) * gap - (object ? 0 : i);
        buf_printf(&c->patch, "%s{\"op\":\"remove\",\"path\":\"/x/%s%u\"}", i ? "," : "[",
                   object ? "m" : "", index);
    }
    buf_append_char(&c->patch, ']');
    assert_false(buf_failed(&c->patch));
    pair_plant(&c->pair, buf_slice(&from), buf_slice(&to), true);
    buf_release(&from);
    buf_release(&to);
}

static void change_release(change_t *c)
{
    pair_release(&c->pair);
    buf_release(&c->patch);
}

static void test_many(void **state)
{
    (void)state;
    static const unsigned gaps[] = {1, 2, 3, 7, 100, 999, 19999};
    for (int kind = 0; kind < 4; kind++) {
        for (size_t i = 0; i < sizeof gaps / sizeof *gaps; i++) {
            change_t c;
            change_many(&c, kind & 1, 20000, gaps[i], kind & 2);
            assert_int_equal(patch_verify(PATCH_JSON, buf_slice(&c.patch), c.pair.from, c.pair.to),
                             ERR_OK);
            assert_int_equal(patch_verify(PATCH_JSON, SLICE_LIT("[]"), c.pair.from, c.pair.to),
                             ERR_DATA);
            assert_int_equal(
                patch_verify(PATCH_JSON, buf_slice(&c.patch), c.pair.from, c.pair.from), ERR_DATA);
            change_release(&c);
        }
    }
}

/*
 * A few changes in a big document take memory, and so time, for what they touch: of a list of
 * 200,000 its chunks' places and some chunks; of an object of 20,000 the names of some runs.
 */
static void test_cost_follows_the_change(void **state)
{
    (void)state;
    for (int object = 0; object < 2; object++) {
        change_t c;
        overlay_t o;
        arena_t arena;
        unsigned count = object ? 20000 : 200000;
        change_many(&c, object, count, count / 3, true);
        arena_init(&arena, 0);
        overlay_init(&o, c.pair.from);
        const json_value_t *patch = read_json(&arena, buf_slice(&c.patch));
        assert_int_equal(patch->u.array.count, 2 + (count % 3 != 0));
        assert_int_equal(overlay_apply_json(&o, patch, c.pair.to), ERR_OK);
        assert_int_equal(overlay_compare(&o, o.root, item_of_node(c.pair.to), true, 0), ERR_OK);
        assert_true(o.arena.total < (object ? 20000 : 500000));
        size_t names = 0;
        for (const overlay_object_t *x = o.objects; x; x = x->next) {
            assert_false(x->rest_known);
            names += x->own.count + x->other.count;
        }
        assert_true(names < 20000 / 5);
        overlay_release(&o);
        arena_release(&arena);
        change_release(&c);
    }
}

/* Operations on members that both versions have alike, which are looked for by name all the same.
 */
static void test_names_in_shared_runs(void **state)
{
    (void)state;
    static const struct {
        const char *patch;
        err_t err;
    } cases[] = {
        {"[{\"op\":\"remove\",\"path\":\"/x/m100\"}]", ERR_OK},
        {"[{\"op\":\"remove\",\"path\":\"/x/m100\"},{\"op\":\"test\",\"path\":\"/x/m1/n\","
         "\"value\":1}]",
         ERR_OK},
        {"[{\"op\":\"remove\",\"path\":\"/x/m100\"},{\"op\":\"test\",\"path\":\"/x/m1/n\","
         "\"value\":2}]",
         ERR_DATA},
        {"[{\"op\":\"remove\",\"path\":\"/x/m100\"},{\"op\":\"remove\",\"path\":\"/x/m1\"}]",
         ERR_DATA},
        {"[{\"op\":\"remove\",\"path\":\"/x/m1\"}]", ERR_DATA},
        {"[{\"op\":\"remove\",\"path\":\"/x/m100\"},{\"op\":\"remove\",\"path\":\"/x/m1\"},"
         "{\"op\":\"add\",\"path\":\"/x/m1\",\"value\":{\"n\":1}}]",
         ERR_OK},
        {"[{\"op\":\"move\",\"from\":\"/x/m100\",\"path\":\"/x/m1\"},{\"op\":\"add\",\"path\":"
         "\"/x/m1\",\"value\":{\"n\":1}}]",
         ERR_OK},
        {"[{\"op\":\"move\",\"from\":\"/x/m100\",\"path\":\"/x/m1\"}]", ERR_DATA},
        {"[{\"op\":\"move\",\"from\":\"/x/m100\",\"path\":\"/x/none\"}]", ERR_DATA},
        {"[{\"op\":\"remove\",\"path\":\"/x/m100\"},{\"op\":\"remove\",\"path\":\"/x/m1\"},{\"op\":"
         "\"add\",\"path\":\"/x/none\",\"value\":1}]",
         ERR_DATA},
        {"[{\"op\":\"remove\",\"path\":\"/x/none\"}]", ERR_DATA},
        /* Through other names, so that another object than thought is compared in the end. */
        {"[{\"op\":\"remove\",\"path\":\"/x/m100\"},{\"op\":\"move\",\"from\":\"/x\",\"path\":"
         "\"/y\"},{\"op\":\"replace\",\"path\":\"/y/m3/n\",\"value\":3},{\"op\":\"copy\",\"from\":"
         "\"/y\",\"path\":\"/x\"},{\"op\":\"remove\",\"path\":\"/y/m4\"},{\"op\":\"remove\","
         "\"path\":\"/y\"}]",
         ERR_OK},
    };
    change_t c;
    change_many(&c, true, 200, 100, true);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(
            patch_verify(PATCH_JSON, slice_str(cases[i].patch), c.pair.from, c.pair.to),
            cases[i].err);
    }
    /* Compared in between with what shares nothing. */
    const node_t *x = node_get(c.pair.to, SLICE_LIT("x"));
    for (int i = 0; i < 2; i++) {
        buf_t patch = BUF_INIT;
        buf_append_str(&patch, "[{\"op\":\"test\",\"path\":\"/x/m1/n\",\"value\":1},{\"op\":"
                               "\"remove\",\"path\":\"/x/m100\"},{\"op\":\"test\",\"path\":"
                               "\"/x\",\"value\":");
        node_write(i ? x : node_get(c.pair.from, SLICE_LIT("x")), &patch);
        buf_append_str(&patch, "}]");
        assert_int_equal(patch_verify(PATCH_JSON, buf_slice(&patch), c.pair.from, c.pair.to),
                         i ? ERR_OK : ERR_DATA);
        buf_release(&patch);
    }
    static const char merge[] = "{\"x\":{\"m100\":null,\"m1\":{\"n\":1},\"none\":null}}";
    assert_int_equal(patch_verify(PATCH_MERGE, slice_str(merge), c.pair.from, c.pair.to), ERR_OK);
    assert_int_equal(patch_verify(PATCH_MERGE, SLICE_LIT("{\"x\":{\"m100\":null,\"m1\":null}}"),
                                  c.pair.from, c.pair.to),
                     ERR_DATA);
    assert_int_equal(patch_verify(PATCH_MERGE,
                                  SLICE_LIT("{\"x\":{\"m100\":null,\"m1\":{\"n\":2}}}"),
                                  c.pair.from, c.pair.to),
                     ERR_DATA);
    change_release(&c);
}

/* ---- memory ---- */

static void sweep(patch_type_t type, slice_t patch, const node_t *from, const node_t *to,
                  err_t verdict)
{
    long live = failmalloc_live();
    for (size_t n = 1;; n++) {
        failmalloc_arm(n);
        err_t err = patch_verify(type, patch, from, to);
        bool refused = failmalloc_disarm();
        assert_int_equal(err, refused ? ERR_NOMEM : verdict);
        assert_int_equal(failmalloc_live(), live);
        if (!refused) {
            return;
        }
    }
}

static void test_nomem(void **state)
{
    (void)state;
    buf_t text = read_file(FPD_SOURCE_DIR "/tests/golden/updates/patches.json");
    arena_t arena;
    arena_init(&arena, 0);
    const json_value_t *cases = read_json(&arena, buf_slice(&text));
    for (size_t i = 0; i < cases->u.array.count; i++) {
        const json_value_t *c = &cases->u.array.items[i], *to = json_get(c, "to");
        buf_t from = written(json_get(c, "from")), patch = written(json_get(c, "patch"));
        buf_t result = written(to ? to : json_get(c, "from"));
        pair_t pair;
        pair_plant(&pair, buf_slice(&from), buf_slice(&result), i & 1);
        sweep(slice_is(json_get(c, "type")->u.text, "json") ? PATCH_JSON : PATCH_MERGE,
              buf_slice(&patch), pair.from, pair.to, to ? ERR_OK : ERR_DATA);
        pair_release(&pair);
        buf_release(&from);
        buf_release(&patch);
        buf_release(&result);
    }
    arena_release(&arena);
    buf_release(&text);
    for (int object = 0; object < 2; object++) {
        change_t c;
        change_many(&c, object, 3000, 200, true);
        sweep(PATCH_JSON, buf_slice(&c.patch), c.pair.from, c.pair.to, ERR_OK);
        if (object) {
            sweep(PATCH_MERGE, SLICE_LIT("{\"x\":{\"m5\":{\"n\":5},\"none\":1}}"), c.pair.from,
                  c.pair.to, ERR_DATA);
        }
        change_release(&c);
    }
}

/* Memory is out at every place where the overlay takes some of its arena. */
static void run_out(patch_type_t type, const json_value_t *patch, const pair_t *p, err_t verdict)
{
    for (size_t limit = 64;; limit += 1 + limit / 32) {
        overlay_t o;
        overlay_init(&o, p->from);
        o.arena.limit = limit;
        err_t err = type == PATCH_JSON ? overlay_apply_json(&o, patch, p->to)
                                       : overlay_apply_merge(&o, patch, p->to);
        err = err ? err : overlay_compare(&o, o.root, item_of_node(p->to), true, 0);
        bool refused = arena_failed(&o.arena);
        overlay_release(&o);
        assert_int_equal(err, refused ? ERR_NOMEM : verdict);
        if (!refused) {
            return;
        }
    }
}

static void test_arena_runs_out(void **state)
{
    (void)state;
    buf_t text = read_file(FPD_SOURCE_DIR "/tests/golden/updates/patches.json");
    arena_t arena;
    arena_init(&arena, 0);
    const json_value_t *cases = read_json(&arena, buf_slice(&text));
    for (size_t i = 0; i < cases->u.array.count; i++) {
        const json_value_t *c = &cases->u.array.items[i], *to = json_get(c, "to");
        buf_t from = written(json_get(c, "from")), result = written(to ? to : json_get(c, "from"));
        pair_t pair;
        pair_plant(&pair, buf_slice(&from), buf_slice(&result), false);
        run_out(slice_is(json_get(c, "type")->u.text, "json") ? PATCH_JSON : PATCH_MERGE,
                json_get(c, "patch"), &pair, to ? ERR_OK : ERR_DATA);
        pair_release(&pair);
        buf_release(&from);
        buf_release(&result);
    }
    change_t c;
    change_many(&c, false, 3000, 200, true);
    run_out(PATCH_JSON, read_json(&arena, buf_slice(&c.patch)), &c.pair, ERR_OK);
    change_release(&c);
    arena_release(&arena);
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_published),
        cmocka_unit_test(test_text_that_is_no_json),
        cmocka_unit_test(test_scalars),
        cmocka_unit_test(test_opaque_text),
        cmocka_unit_test(test_opaque_array),
        cmocka_unit_test(test_merge_into_opaque_text),
        cmocka_unit_test(test_copies_of_copies),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_cost_follows_the_change),
        cmocka_unit_test(test_names_in_shared_runs),
        cmocka_unit_test(test_nomem),
        cmocka_unit_test(test_arena_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
