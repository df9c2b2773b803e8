/*
 * Bodies of requests for path vectors: any bytes are answered with 200, 400 or 413; a 200 has
 * exactly two parts, each of them JSON, and every name of a path is in the property map.
 */
#include "fuzz_snapshot.h"

static const char documents[] =
    "{\"network-maps\":{\"m\":{\"pids\":{\"a\":{\"ipv4\":[\"192.0.2.0/24\"],\"ipv6\":["
    "\"2001:db8::/32\"]},\"b\":{\"ipv4\":[\"0.0.0.0/0\"]},\"c\":{\"ipv6\":[\"::/0\"]}}}},"
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

static void check_names(const json_value_t *rows, const json_value_t *elements)
{
    for (size_t i = 0; i < rows->u.object.count; i++) {
        const json_value_t *row = &rows->u.object.members[i].value;
        for (size_t k = 0; k < row->u.object.count; k++) {
            const json_value_t *path = &row->u.object.members[k].value;
            FUZZ_CHECK(path->kind == JSON_ARRAY);
            for (size_t n = 0; n < path->u.array.count; n++) {
                char name[64] = ".ane:";
                slice_t text = path->u.array.items[n].u.text;
                FUZZ_CHECK(text.len == 16);
                memcpy(name + 5, text.ptr, text.len);
                FUZZ_CHECK(json_get(elements, name));
            }
        }
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
    check_names(json_get(costs, data), json_get(map, "property-map"));
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
