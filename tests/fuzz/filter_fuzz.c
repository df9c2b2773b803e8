/*
 * Bodies of filter requests: any bytes are answered with 200, 400 or 413; a body is JSON, an error
 * has one of the four codes, and nothing is found that the full resource does not have.
 */
#include "fuzz_snapshot.h"

static const char documents[] =
    "{\"network-maps\":{\"netmap\":{\"pids\":{\"pid-a\":{\"ipv4\":[\"192.0.2.0/24\"],\"ipv6\":["
    "\"2001:db8::/32\"]},\"pid-b\":{\"ipv4\":[\"0.0.0.0/0\"]},\"c\":{\"ipv6\":[\"::/0\"]}}}},"
    "\"capabilities\":["
    "{\"capability-type\":\"FCI.DeliveryProtocol\",\"capability-value\":{\"delivery-protocols\":["
    "\"http/1.1\",\"https/1.1\"]},\"footprints\":[{\"asn\":[\"as64496\"]}]},"
    "{\"capability-type\":\"FCI.RedirectionMode\",\"capability-value\":{\"redirection-modes\":["
    "\"DNS-I\"]},\"footprints\":[\"everywhere\"]},"
    "{\"capability-type\":\"FCI.Logging\",\"capability-value\":{\"record-type\":\"a\",\"fields\":["
    "\"s-sid\"]},\"footprints\":[\"everywhere\"]},"
    "{\"capability-type\":\"FCI.Metadata\",\"capability-value\":{\"metadata\":[\"MI.Cache\"]},"
    "\"footprints\":[{\"altopid\":[\"pid-a\"]}]},"
    "{\"capability-type\":\"FCI.RedirectTarget\",\"capability-value\":{\"dns-target\":{\"host\":"
    "\"h\"}},\"footprints\":[\"everywhere\"]},"
    "{\"capability-type\":\"FCI.Telemetry\",\"capability-value\":{\"sources\":[{\"id\":\"s\","
    "\"type\":\"generic\",\"metrics\":[{\"name\":\"m\"}]}]},\"footprints\":[\"everywhere\"]},"
    "{\"capability-type\":\"FCI.CapacityLimits\",\"capability-value\":{\"limits\":[{\"limit-type\":"
    "\"egress\",\"maximum-hard\":18446744073709551615}]},\"footprints\":[\"everywhere\"]},"
    "{\"capability-type\":\"FCI.DelegatedCredentials\",\"capability-value\":{"
    "\"number-delegated-certs-supported\":5},\"footprints\":[\"everywhere\"]},"
    "{\"capability-type\":\"FCI.X\",\"capability-value\":{\"a\":[1,{\"b\":[[],null]},\"x\"]},"
    "\"footprints\":[\"everywhere\"]}]}";

static snapshot_t *snapshot;

static void check_error(const json_value_t *tree)
{
    const json_value_t *meta = json_get(tree, "meta");
    const json_value_t *code = json_get(meta, "code"), *value = json_get(meta, "value");
    bool known = false;
    FUZZ_CHECK(json_is_string(code));
    for (unsigned i = 0; i < ALTO_CODE_COUNT; i++) {
        known |= slice_is(code->u.text, alto_code_names[i]);
    }
    FUZZ_CHECK(known);
    FUZZ_CHECK(!value || (json_is_string(value) && json_is_string(json_get(meta, "field"))));
    FUZZ_CHECK(!value || value->u.text.len <= ALTO_ERROR_VALUE_MAX);
}

static void check_post(const char *path, slice_t request)
{
    const view_t *view = snapshot_view_public(snapshot);
    const resource_t *r = view_find(view, slice_str(path));
    const resource_t *full = view_find(view, slice_of(path, strlen(path) - strlen("-filtered")));
    const alto_limits_t limits = {.filter_entries = 20};
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
    if (answer.status == 413) {
        FUZZ_CHECK(!answer.media_type && !answer.size);
    } else {
        FUZZ_CHECK(!json_parse(buf_slice(&text), 0, &arena, &tree, &error));
        if (answer.status == 400) {
            check_error(tree);
        } else {
            FUZZ_CHECK(answer.status == 200);
            FUZZ_CHECK(text.len <= document_body(full->document, CODING_IDENTITY)->size);
        }
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
    check_post("/cdni-filtered", request);
    check_post("/netmap-filtered", request);
    return 0;
}
