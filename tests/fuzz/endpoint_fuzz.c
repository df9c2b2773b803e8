/*
 * Bodies of requests to the endpoint property service: any bytes are answered with 200, 400 or 413;
 * a body is JSON without a name twice, an error has one of the codes. What is said of an endpoint
 * is what the property map says of that entity.
 */
#include "footprintd/alto/endpoint_property.h"

#include "fuzz_snapshot.h"

#define MOST 64

static const char documents[] =
    "{\"network-maps\":{\"ipv4:x\":{\"pids\":{\"a:b\":{\"ipv4\":[\"192.0.2.0/25\"]},"
    "\"rest\":{\"ipv4\":[\"0.0.0.0/0\"],\"ipv6\":[\"2001:db8::/33\"]}}},"
    "\"m\":{\"default\":true,\"pids\":{\"v6\":{\"ipv6\":[\"::/0\",\"2001:db8::/32\"]}}}}}";

static snapshot_t *snapshot;

static int post(const char *path, slice_t request, arena_t *arena, const json_value_t **tree)
{
    const resource_t *r = view_find(snapshot_view_public(snapshot), slice_str(path));
    alto_answer_t answer = {0};
    buf_t text = BUF_INIT;
    json_error_t error;
    json_value_t *value = NULL;
    FUZZ_CHECK(r && r->kind->cost(r, request) < 1000000);
    FUZZ_CHECK(!r->kind->answer(r, request, NULL, arena, &answer));
    for (size_t i = 0; i < answer.count; i++) {
        buf_append_slice(&text, answer.segments[i]);
    }
    FUZZ_CHECK(text.len == answer.size && (text.len || answer.status == 413));
    FUZZ_CHECK(!text.len ||
               !json_parse(arena_copy(arena, buf_slice(&text)), 0, arena, &value, &error));
    buf_release(&text);
    *tree = value;
    return answer.status;
}

static void check_error(const json_value_t *tree)
{
    const json_value_t *code = json_get(json_get(tree, "meta"), "code");
    bool known = false;
    for (unsigned i = 0; i < ALTO_CODE_COUNT; i++) {
        known |= json_is_string(code) && slice_is(code->u.text, alto_code_names[i]);
    }
    FUZZ_CHECK(known);
}

/* The entity has the same spelling: that of the client. */
static void check_endpoint(const json_member_t *m, arena_t *arena)
{
    buf_t request = BUF_INIT;
    const json_value_t *tree = NULL;
    buf_append_str(&request, "{\"properties\":[],\"entities\":[");
    json_write_string(&request, m->name);
    buf_append_str(&request, "]}");
    FUZZ_CHECK(post("/propmap-filtered", buf_slice(&request), arena, &tree) == 200);
    const json_value_t *map = json_get(tree, "property-map");
    const json_value_t *entity = json_get_slice(map, m->name);
    for (size_t i = 0; i < m->value.u.object.count; i++) {
        const json_member_t *property = &m->value.u.object.members[i];
        const json_value_t *value = json_get_slice(entity, property->name);
        FUZZ_CHECK(property->value.kind == JSON_STRING);
        FUZZ_CHECK(value && json_value_equal(value, &property->value));
    }
    buf_release(&request);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const json_value_t *tree = NULL;
    arena_t arena;
    if (!snapshot) {
        snapshot = fuzz_snapshot(documents, MOST);
    }
    arena_init(&arena, 0);
    int status = post("/endpoint-property", slice_of((const char *)data, size), &arena, &tree);
    FUZZ_CHECK(status == 200 || status == 400 || status == 413);
    if (status == 400) {
        check_error(tree);
    } else if (status == 200) {
        const json_value_t *members = json_get(tree, "endpoint-properties");
        FUZZ_CHECK(members->u.object.count > 0 && members->u.object.count <= MOST);
        for (size_t i = 0; i < members->u.object.count; i++) {
            check_endpoint(&members->u.object.members[i], &arena);
        }
    }
    arena_release(&arena);
    return 0;
}
