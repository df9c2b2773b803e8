#include "fixture.h"

#include "footprintd/alto/tree.h"

static buf_t text_of(const node_t *n)
{
    buf_t text = BUF_INIT;
    node_write(n, &text);
    assert_false(buf_failed(&text));
    assert_int_equal(text.len, n->size);
    buf_append_char(&text, '\0');
    return text;
}

static node_t *plant(nodes_t *nodes, const char *json)
{
    arena_t arena;
    arena_init(&arena, 0);
    node_t *n = nodes_json(nodes, fixture_json(&arena, slice_str(json)));
    arena_release(&arena);
    assert_non_null(n);
    return n;
}

static void test_text(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "null",
        "true",
        "-1.50e+3",
        "\"a\\\"b\\\\\\n\xc3\xa9,\"",
        "[]",
        "{}",
        "[1,\"x,y\",null,[],{}]",
        "[1,\"x,y\",null,\"\\\"\",\"a\"]",
        "{\"a\":{\"b\":[{\"c\":null}]},\"\":0,\"x\\\"\\u0001y\":[[]]}",
    };
    nodes_t nodes;
    nodes_init(&nodes, NULL, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buf_t text = text_of(plant(&nodes, cases[i]));
        assert_string_equal(text.ptr, cases[i]);
        buf_release(&text);
    }
    nodes_release(&nodes);
}

static void test_equal_content_is_one_node(void **state)
{
    (void)state;
    const char *json = "{\"a\":[1,2],\"b\":[{\"c\":\"d\"},{\"c\":\"d\"}],\"e\":{\"c\":\"d\"}}";
    nodes_t first, second;
    nodes_init(&first, NULL, NULL);
    node_t *a = plant(&first, json);
    assert_ptr_equal(plant(&first, json), a);
    nodes_init(&second, &first, NULL);
    node_t *b = plant(&second, json);
    assert_ptr_equal(a, b);
    assert_ptr_not_equal(plant(&second, "{\"a\":[1,2]}"), a);
    nodes_seal(&second);
    nodes_release(&first);
    /* What the older store had lives on. */
    buf_t text = text_of(b);
    assert_string_equal(text.ptr, json);
    buf_release(&text);
    const node_t *list = node_get(b, SLICE_LIT("b"));
    assert_int_equal(list->count, 2);
    assert_ptr_equal(list->parts.runs[0]->nodes[0], list->parts.runs[0]->nodes[1]);
    assert_ptr_equal(list->parts.runs[0]->nodes[0], node_get(b, SLICE_LIT("e")));
    assert_null(node_get(b, SLICE_LIT("f")));
    nodes_release(&second);
}

static void test_nulls(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        bool null_member;
    } cases[] = {{"null", false},
                 {"[null]", false},
                 {"[{\"a\":null}]", false},
                 {"{\"a\":null}", true},
                 {"{\"a\":{\"b\":{\"c\":null}}}", true},
                 {"{\"a\":[{\"b\":null}]}", false},
                 {"{\"a\":\"null\"}", false}};
    nodes_t nodes;
    nodes_init(&nodes, NULL, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        node_t *n = plant(&nodes, cases[i].json);
        assert_int_equal(n->has_null_member, cases[i].null_member);
        assert_int_equal(n->is_null, i == 0);
    }
    nodes_release(&nodes);
}

/* ---- parts ---- */

#define MANY 5000

/* [prefix of 0 ... MANY - 1] without number `gap`, of scalars or of objects. */
static node_t *plant_many(nodes_t *nodes, bool objects, unsigned gap)
{
    buf_t text = BUF_INIT;
    buf_append_char(&text, '[');
    for (unsigned i = 0; i < MANY; i++) {
        if (i != gap) {
            buf_printf(&text, objects ? "%s{\"n\":%u}" : "%s\"198.51.%u\"", text.len > 1 ? "," : "",
                       i);
        }
    }
    buf_append(&text, "]", 2);
    node_t *n = plant(nodes, text.ptr);
    buf_release(&text);
    return n;
}

static size_t shared_parts(const node_t *a, const node_t *b)
{
    size_t shared = 0;
    for (size_t i = 0; i < a->part_count; i++) {
        for (size_t k = 0; k < b->part_count; k++) {
            shared += a->kind == NODE_LIST ? a->parts.chunks[i].text == b->parts.chunks[k].text
                                           : a->parts.runs[i] == b->parts.runs[k];
        }
    }
    return shared;
}

static void test_a_change_costs_one_part(void **state)
{
    (void)state;
    for (int objects = 0; objects < 2; objects++) {
        nodes_t first, second;
        nodes_init(&first, NULL, NULL);
        node_t *a = plant_many(&first, objects, MANY);
        nodes_init(&second, &first, NULL);
        node_t *b = plant_many(&second, objects, 1234);
        assert_int_equal(a->count, MANY);
        assert_int_equal(b->count, MANY - 1);
        assert_true(a->part_count > 8);
        /* The change touches one part, or the two that it joins or parts. */
        assert_true(shared_parts(a, b) >= a->part_count - 2);
        nodes_release(&second);
        nodes_release(&first);
    }
}

static void test_scalars_of_a_chunk(void **state)
{
    (void)state;
    slice_t text = SLICE_LIT("\"a,\\\"b\",-1,true,\"\\\\\",null"), scalar;
    static const char *const want[] = {"\"a,\\\"b\"", "-1", "true", "\"\\\\\"", "null"};
    size_t at = 0, n = 0;
    while (node_chunk_next(text, &at, &scalar)) {
        assert_true(slice_is(scalar, want[n]));
        n++;
    }
    assert_int_equal(n, 5);
}

/* ---- resources ---- */

/* A list that is long enough to be cut, in a union, in an object of its own, and in a PID. */
static buf_t long_document(unsigned gap)
{
    buf_t yaml = BUF_INIT, list = BUF_INIT;
    for (unsigned i = 0; i < 2000; i++) {
        if (i != gap) {
            buf_printf(&list, "%s10.%u.%u.0/26", list.len ? "," : "", i / 256, i % 256);
        }
    }
    buf_printf(&yaml,
               "footprints:\n"
               "  a: {ipv4cidr: [%.*s]}\n"
               "  b: {footprintunion: [{ipv4cidr: [%.*s]}, {countrycode: [de]}]}\n"
               "capabilities:\n"
               "  - {capability-type: FCI.RedirectionMode,\n"
               "     capability-value: {redirection-modes: [DNS-I]}, footprints: [a, b]}\n"
               "network-maps:\n"
               "  netmap: {pids: {p: {ipv4: [%.*s]}}}\n",
               SLICE_ARG(buf_slice(&list)), SLICE_ARG(buf_slice(&list)),
               SLICE_ARG(buf_slice(&list)));
    buf_append_char(&yaml, '\0');
    buf_release(&list);
    return yaml;
}

static node_t *tree_of(const snapshot_t *s, const char *path, nodes_t *nodes)
{
    const resource_t *r = fixture_resource(s, path);
    node_t *root = NULL;
    assert_int_equal(r->kind->tree(r, SLICE_LIT(""), NULL, NULL, NULL, nodes, &root), ERR_OK);
    return root;
}

static void test_long_lists(void **state)
{
    (void)state;
    buf_t before = long_document(5000), after = long_document(777);
    snapshot_t *s = fixture_one(before.ptr);
    fixture_file_t file = {"a.yaml", after.ptr};
    snapshot_t *t = fixture_snapshot(&file, 1, s);
    static const char *const paths[] = {"/cdni", "/netmap", "/propmap"};
    nodes_t first, second;
    nodes_init(&first, NULL, NULL);
    nodes_init(&second, &first, NULL);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        node_t *a = tree_of(s, paths[i], &first), *b = tree_of(t, paths[i], &second);
        buf_t text = text_of(b), body = fixture_body(t, paths[i]);
        assert_int_equal(text.len - 1, body.len);
        assert_memory_equal(text.ptr, body.ptr, body.len);
        assert_ptr_not_equal(a, b);
        buf_release(&text);
        buf_release(&body);
    }
    const slice_t map = SLICE_LIT("network-map"), pid = SLICE_LIT("p"), ipv4 = SLICE_LIT("ipv4");
    const node_t *a = node_get(node_get(node_get(tree_of(s, "/netmap", &first), map), pid), ipv4);
    const node_t *b = node_get(node_get(node_get(tree_of(t, "/netmap", &second), map), pid), ipv4);
    assert_int_equal(a->count, 2000);
    assert_int_equal(b->count, 1999);
    assert_true(a->part_count > 3);
    assert_true(shared_parts(a, b) >= a->part_count - 2);
    nodes_release(&second);
    nodes_release(&first);
    snapshot_unref(t);
    snapshot_unref(s);
    buf_release(&before);
    buf_release(&after);
}

/* What a POST is answered with, and what its tree says. */
static void test_filtered(void **state)
{
    (void)state;
    snapshot_t *s = fixture_one(
        "footprints:\n"
        "  a: {cidr: [192.0.2.0/24, \"2001:db8::/32\"]}\n"
        "capabilities:\n"
        "  - {capability-type: FCI.RedirectionMode,\n"
        "     capability-value: {redirection-modes: [DNS-I]}, footprints: [a]}\n"
        "  - {capability-type: FCI.Metadata, capability-value: {metadata: [MI.Cache]},\n"
        "     footprints: [a, everywhere]}\n"
        "network-maps:\n"
        "  netmap: {pids: {p: {ipv4: [192.0.2.0/24]}, q: {ipv6: [\"2001:db8::/32\"]}}}\n");
    static const struct {
        const char *path, *input;
        int status;
    } cases[] = {
        {"/cdni-filtered", "{\"cdni-capabilities\":[]}", 200},
        {"/cdni-filtered",
         "{\"cdni-capabilities\":[{\"capability-type\":\"FCI.Metadata\",\"capability-value\":{"
         "\"metadata\":[]}}]}",
         200},
        {"/cdni-filtered",
         "{\"cdni-capabilities\":[{\"capability-type\":\"FCI.None\",\"capability-value\":{}}]}",
         200},
        {"/cdni-filtered", "{}", 400},
        {"/cdni-filtered", "[", 400},
        {"/netmap-filtered", "{\"pids\":[]}", 200},
        {"/netmap-filtered", "{\"pids\":[\"q\",\"none\"]}", 200},
        {"/netmap-filtered", "{\"pids\":[\"q\"],\"address-types\":[\"ipv4\"]}", 200},
        {"/netmap-filtered", "{\"pids\":1}", 400},
        {"/propmap-filtered", "{\"entities\":[\"ipv4:192.0.2.7\"],\"properties\":[]}", 200},
        {"/propmap-filtered", "{\"entities\":[\"ipv4:192.0.2.0/23\"],\"properties\":[]}", 200},
        {"/propmap-filtered", "{\"entities\":[7]}", 400},
        {"/endpoint-property",
         "{\"properties\":[\"netmap.pid\"],\"endpoints\":[\"ipv4:192.0.2.7\"]}", 200},
        {"/endpoint-property", "{\"properties\":[\"netmap.pid\"],\"endpoints\":[]}", 400},
    };
    nodes_t nodes;
    nodes_init(&nodes, NULL, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const resource_t *r = fixture_resource(s, cases[i].path);
        alto_answer_t answer, refused = {.status = 0};
        arena_t arena;
        node_t *root = NULL;
        arena_init(&arena, 0);
        buf_t want = fixture_post(s, cases[i].path, cases[i].input, &answer);
        assert_int_equal(answer.status, cases[i].status);
        assert_int_equal(
            r->kind->tree(r, slice_str(cases[i].input), NULL, &arena, &refused, &nodes, &root),
            ERR_OK);
        assert_int_equal(root != NULL, cases[i].status == 200);
        if (root) {
            buf_t text = text_of(root);
            assert_string_equal(text.ptr, want.ptr);
            buf_release(&text);
        } else {
            assert_int_equal(refused.status, cases[i].status);
            assert_int_equal(refused.size, want.len - 1);
        }
        buf_release(&want);
        arena_release(&arena);
    }
    nodes_release(&nodes);
    snapshot_unref(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_equal_content_is_one_node),
        cmocka_unit_test(test_nulls),
        cmocka_unit_test(test_a_change_costs_one_part),
        cmocka_unit_test(test_scalars_of_a_chunk),
        cmocka_unit_test(test_long_lists),
        cmocka_unit_test(test_filtered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
