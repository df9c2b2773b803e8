/*
 * Bodies of requests for path vectors, and for costs beside them: any bytes are answered with 200,
 * 400 or 413; a 200 has exactly two parts, each of them JSON, the property map has the names of the
 * paths and no others, and what is followed is what is answered.
 */
#include "fuzz_snapshot.h"

static const char documents[] =
    "{\"network-maps\":{\"m\":{\"pids\":{\"a\":{\"ipv4\":[\"192.0.2.0/24\"],\"ipv6\":["
    "\"2001:db8::/32\"]},\"b\":{\"ipv4\":[\"0.0.0.0/0\"]},\"c\":{\"ipv6\":[\"::/0\"]}}}},"
    "\"cost-maps\":{\"r\":{\"network-map\":\"m\",\"cost-metric\":\"routingcost\",\"cost-mode\":"
    "\"numerical\",\"costs\":{\"a\":{\"a\":1,\"b\":2.5},\"c\":{\"b\":12345678901}}},\"d\":{"
    "\"network-map\":\"m\",\"cost-metric\":\"delay-ow\",\"cost-mode\":\"numerical\",\"calendar\":{"
    "\"interval-s\":28800,\"every\":\"day\"},\"costs\":{\"a\":{\"b\":7}}}},"
    "\"topologies\":{\"t\":{\"network-map\":\"m\",\"public\":true,\"aggregate\":true,"
    "\"max-reservable-bandwidth\":true,\"elements\":{\"e\":{\"capacity\":4}},\"nodes\":{"
    "\"x\":{\"pids\":[\"a\"],\"capacity\":5},\"y\":{\"pids\":[\"b\"],\"element\":\"e\"},\"z\":{},"
    "\"far\":{\"pids\":[\"c\"]}},\"links\":{\"xz\":{\"from\":\"x\",\"to\":\"z\",\"capacity\":3},"
    "\"zy\":{\"from\":\"z\",\"to\":\"y\"}}}}}";

#define DELIMITER "--part+part"

static snapshot_t *snapshot;

/* What stands in front of the next of these; *at goes behind it. */
static slice_t take_until(slice_t text, size_t *at, const char *end)
{
    const char *start = text.ptr + *at;
    const char *found = memmem(start, text.len - *at, end, strlen(end));
    FUZZ_CHECK(found);
    *at += (size_t)(found - start) + strlen(end);
    return slice_of(start, (size_t)(found - start));
}

static const json_value_t *parse(slice_t text, arena_t *arena)
{
    json_value_t *tree = NULL;
    json_error_t error;
    FUZZ_CHECK(!json_parse(text, 0, arena, &tree, &error));
    return tree;
}

/* Of a cost: a path, a number, null, or a list of these; counts the names in `seen`. */
static void check_names(const json_value_t *cost, const json_value_t *elements, size_t *seen)
{
    for (size_t i = 0; cost->kind == JSON_ARRAY && i < cost->u.array.count; i++) {
        check_names(&cost->u.array.items[i], elements, seen);
    }
    if (cost->kind == JSON_STRING) {
        FUZZ_CHECK(cost->u.text.len == 16);
        for (size_t i = 0; i < elements->u.object.count; i++) {
            slice_t name = elements->u.object.members[i].name;
            FUZZ_CHECK(name.len == 21 && memcmp(name.ptr, ".ane:", 5) == 0);
            if (memcmp(name.ptr + 5, cost->u.text.ptr, 16) == 0) {
                seen[i]++;
                return;
            }
        }
        FUZZ_CHECK(!"a name that the property map does not have");
    }
    FUZZ_CHECK(cost->kind == JSON_ARRAY || cost->kind == JSON_NUMBER || cost->kind == JSON_NULL);
}

static void check_all_names(const json_value_t *rows, const json_value_t *elements, arena_t *arena)
{
    size_t *seen = arena_array(arena, elements->u.object.count + 1, sizeof *seen);
    for (size_t i = 0; i < rows->u.object.count; i++) {
        const json_value_t *row = &rows->u.object.members[i].value;
        FUZZ_CHECK(row->u.object.count);
        for (size_t k = 0; k < row->u.object.count; k++) {
            check_names(&row->u.object.members[k].value, elements, seen);
        }
    }
    for (size_t i = 0; i < elements->u.object.count; i++) {
        FUZZ_CHECK(seen[i]);
    }
}

static void check_parts(slice_t text, const char *data, arena_t *arena)
{
    size_t at = 0;
    FUZZ_CHECK(!take_until(text, &at, DELIMITER "\r\n").len);
    (void)take_until(text, &at, "\r\n\r\n");
    const json_value_t *costs = parse(take_until(text, &at, "\r\n" DELIMITER "\r\n"), arena);
    (void)take_until(text, &at, "\r\n\r\n");
    const json_value_t *map = parse(take_until(text, &at, "\r\n" DELIMITER "--\r\n"), arena);
    FUZZ_CHECK(at == text.len);
    FUZZ_CHECK(json_get(costs, data) && json_get(map, "property-map"));
    check_all_names(json_get(costs, data), json_get(map, "property-map"), arena);
}

/* As an update stream asks: nobody's address is known. */
static void check_tree(const resource_t *r, slice_t request, const alto_limits_t *limits)
{
    alto_limits_t known = *limits;
    arena_t arena;
    nodes_t nodes;
    alto_answer_t answer = {0}, refused = {0};
    node_t *root = NULL;
    buf_t want = BUF_INIT, got = BUF_INIT;
    known.client = NULL;
    known.now = 1800000000;
    arena_init(&arena, 0);
    nodes_init(&nodes, NULL, NULL);
    FUZZ_CHECK(!r->kind->answer(r, request, &known, &arena, &answer));
    FUZZ_CHECK(!r->kind->tree(r, request, &known, &arena, &refused, &nodes, &root));
    FUZZ_CHECK((root != NULL) == (answer.status == 200));
    FUZZ_CHECK(root || refused.status == answer.status);
    for (size_t i = 0; root && i < answer.count; i++) {
        buf_append_slice(&want, answer.segments[i]);
    }
    if (root) {
        message_write(r->kind->message, root, &got);
        FUZZ_CHECK(slice_eq(buf_slice(&got), buf_slice(&want)));
    }
    buf_release(&want);
    buf_release(&got);
    nodes_release(&nodes);
    arena_release(&arena);
}

static void check_post(const char *path, const char *data, slice_t request)
{
    static const addr_t client = {FAMILY_IPV4, .u.v4 = 0xc0000201};
    static const uint8_t key[BLOCK_SIZE] = {7};
    const resource_t *r = view_find(snapshot_view_public(snapshot), slice_str(path));
    const alto_limits_t limits = {
        .filter_entries = 20, .cost_values = 50, .client = &client, .ane_key = key};
    arena_t arena;
    alto_answer_t answer = {0};
    buf_t text = BUF_INIT;
    arena_init(&arena, 0);
    (void)r->kind->cost(r, request);
    FUZZ_CHECK(!r->kind->answer(r, request, &limits, &arena, &answer));
    for (size_t i = 0; i < answer.count; i++) {
        buf_append_slice(&text, answer.segments[i]);
    }
    FUZZ_CHECK(text.len == answer.size);
    if (answer.status == 200) {
        check_parts(buf_slice(&text), data, &arena);
    } else if (answer.status == 400) {
        const json_value_t *code = json_get(json_get(parse(buf_slice(&text), &arena), "meta"),
                                            "code");
        FUZZ_CHECK(json_is_string(code));
    } else {
        FUZZ_CHECK(answer.status == 413 && !answer.media_type && !answer.size);
    }
    buf_release(&text);
    arena_release(&arena);
    check_tree(r, request, &limits);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    slice_t request = slice_of((const char *)data, size);
    if (!snapshot) {
        snapshot = fuzz_snapshot(documents, 0);
    }
    check_post("/t-pv", "cost-map", request);
    check_post("/t-endpoint-cost-pv", "endpoint-cost-map", request);
    return 0;
}
