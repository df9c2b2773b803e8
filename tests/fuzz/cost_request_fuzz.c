/*
 * Bodies of requests to filtered cost maps and to the endpoint cost service: any bytes are answered
 * with 200, 400 or 413, as JSON; and what follows changes has the same.
 */
#include "fuzz_snapshot.h"

static const char documents[] =
    "{\"network-maps\":{\"m\":{\"pids\":{\"a\":{\"ipv4\":[\"192.0.2.0/24\"],\"ipv6\":["
    "\"2001:db8::/32\"]},\"b\":{\"ipv4\":[\"0.0.0.0/0\"]},\"c\":{\"ipv6\":[\"::/0\"]}}}},"
    "\"cost-maps\":{"
    "\"n\":{\"network-map\":\"m\",\"cost-metric\":\"routingcost\",\"cost-mode\":\"numerical\","
    "\"costs\":{\"a\":{\"a\":1,\"b\":2.5,\"c\":1e20},\"b\":{\"a\":2.5,\"c\":-4}}},"
    "\"o\":{\"network-map\":\"m\",\"cost-metric\":\"tput\",\"cost-mode\":\"ordinal\","
    "\"default-cost\":3,\"costs\":{\"a\":{\"a\":0}}},"
    "\"t\":{\"network-map\":\"m\",\"cost-metric\":\"tput\",\"cost-mode\":\"numerical\","
    "\"default-cost\":3,\"costs\":{\"a\":{\"a\":0}}},"
    "\"k\":{\"network-map\":\"m\",\"cost-metric\":\"priv:k\",\"cost-mode\":\"numerical\","
    "\"calendar\":{\"interval-s\":43200,\"every\":\"day\"},"
    "\"costs\":{\"a\":{\"a\":[0,null],\"b\":[1,2],\"c\":7},\"b\":{\"a\":[null,null]}}}}}";

static snapshot_t *snapshot;

static void check_tree(const resource_t *r, slice_t request, const alto_limits_t *limits,
                       const alto_answer_t *answer, slice_t text)
{
    nodes_t nodes;
    node_t *root = NULL;
    arena_t arena;
    alto_answer_t refused = {0};
    buf_t written = BUF_INIT;
    arena_init(&arena, 0);
    nodes_init(&nodes, NULL, NULL);
    FUZZ_CHECK(!r->kind->tree(r, request, limits, &arena, &refused, &nodes, &root));
    FUZZ_CHECK((root != NULL) == (answer->status == 200));
    FUZZ_CHECK(root || refused.status == answer->status);
    if (root) {
        node_write(root, &written);
        FUZZ_CHECK(slice_eq(buf_slice(&written), text) && root->size == text.len);
    }
    buf_release(&written);
    nodes_release(&nodes);
    arena_release(&arena);
}

static void check_post(const char *path, slice_t request)
{
    static const addr_t client = {FAMILY_IPV4, .u.v4 = 0xc0000201};
    const resource_t *r = view_find(snapshot_view_public(snapshot), slice_str(path));
    const alto_limits_t limits = {
        .filter_entries = 20, .cost_values = 50, .client = &client, .now = 1795651200};
    arena_t arena;
    alto_answer_t answer = {0};
    buf_t text = BUF_INIT;
    json_value_t *tree = NULL;
    json_error_t error;
    arena_init(&arena, 0);
    (void)r->kind->cost(r, request);
    FUZZ_CHECK(!r->kind->answer(r, request, &limits, &arena, &answer));
    for (size_t i = 0; i < answer.count; i++) {
        buf_append_slice(&text, answer.segments[i]);
    }
    FUZZ_CHECK(text.len == answer.size);
    FUZZ_CHECK(answer.status == 200 || answer.status == 400 || answer.status == 413);
    if (answer.status == 413) {
        FUZZ_CHECK(!answer.media_type && !answer.size);
    } else {
        FUZZ_CHECK(!json_parse(buf_slice(&text), 0, &arena, &tree, &error));
        const json_value_t *code = json_get(json_get(tree, "meta"), "code");
        FUZZ_CHECK((answer.status == 400) == json_is_string(code));
    }
    check_tree(r, request, &limits, &answer, buf_slice(&text));
    buf_release(&text);
    arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    slice_t request = slice_of((const char *)data, size);
    if (!snapshot) {
        snapshot = fuzz_snapshot(documents, 0);
    }
    check_post("/n-filtered", request);
    check_post("/endpoint-cost", request);
    return 0;
}
