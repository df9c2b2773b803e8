/*
 * Bodies of update streams, of their control, and of TIPS: any bytes open something or are refused;
 * what is opened can be read to its end and leaves nothing behind; a refusal of 400 says why.
 */
#include "footprintd/updates/stream.h"
#include "footprintd/updates/tips.h"

#include "fuzz.h"

static const char documents[] =
    "{\"network-maps\":{\"netmap\":{\"pids\":{\"pid-a\":{\"ipv4\":[\"192.0.2.0/24\"]}}}},"
    "\"footprints\":{\"f\":{\"altopid\":[\"pid-a\"]}},\"capabilities\":["
    "{\"capability-type\":\"FCI.RedirectionMode\",\"capability-value\":{\"redirection-modes\":["
    "\"DNS-I\"]},\"footprints\":[\"f\"]}]}";

static hub_t *hub;
static uint64_t now;

/* Every input has a time of its own: no storm. */
static uint64_t now_ms(void)
{
    return now += 10000;
}

static void setup(void)
{
    const model_source_t source = {SLICE_LIT("fuzz"), DOC_JSON, slice_str(documents)};
    const snapshot_options_t options = {.base_uri = SLICE_LIT("")};
    const hub_options_t hub_options = {.substreams = 8, .now_ms = now_ms};
    findings_t findings;
    model_t *model = NULL;
    snapshot_t *snapshot = NULL;
    hub_publication_t report;
    findings_init(&findings, 0);
    FUZZ_CHECK(!model_build(&source, 1, NULL, &findings, &model));
    findings_release(&findings);
    FUZZ_CHECK(!snapshot_build_take(model, &options, NULL, 1, &snapshot));
    FUZZ_CHECK(!hub_new(&hub_options, &hub));
    FUZZ_CHECK(!hub_publish(hub, snapshot, snapshot_view_public(snapshot), &report));
    snapshot_unref(snapshot);
}

static void check_refusal(const hub_refusal_t *r)
{
    FUZZ_CHECK(r->status == 400 || r->status == 404 || r->status == 413 || r->status == 429 ||
               r->status == 503);
    FUZZ_CHECK((r->status == 400) == (r->body.len > 0));
    if (r->body.len) {
        arena_t arena;
        json_value_t *tree = NULL;
        json_error_t error;
        arena_init(&arena, 0);
        FUZZ_CHECK(!json_parse(buf_slice(&r->body), 0, &arena, &tree, &error));
        FUZZ_CHECK(json_is_string(json_get(json_get(tree, "meta"), "code")));
        arena_release(&arena);
    }
}

/* Every line of every event is a field that we know, whatever the ids are. */
static void check_head(slice_t head)
{
    FUZZ_CHECK(head.len > 7 && memcmp(head.ptr, "event: ", 7) == 0);
    const char *line = memchr(head.ptr, '\n', head.len);
    FUZZ_CHECK(line && (size_t)(head.ptr + head.len - line) >= 7);
    FUZZ_CHECK(memcmp(line, "\ndata: ", 7) == 0);
    const char *next = memchr(line + 1, '\n', (size_t)(head.ptr + head.len - line - 1));
    FUZZ_CHECK(!next || (next[1] == '\n' && next + 2 == head.ptr + head.len));
}

static void read_all(stream_t *s)
{
    stream_event_t event = STREAM_EVENT_INIT;
    stream_state_t state;
    do {
        FUZZ_CHECK(!stream_next(s, &state, &event));
        if (state == STREAM_MAKE) {
            hub_frame_make(hub, event.make);
        } else if (state == STREAM_EVENT) {
            check_head(buf_slice(&event.head));
        }
    } while (state == STREAM_EVENT || state == STREAM_MAKE);
    stream_event_release(&event);
}

static void check_opening(slice_t body)
{
    hub_refusal_t refusal = HUB_REFUSAL_INIT;
    stream_t *s = NULL;
    (void)stream_is_slow(body);
    FUZZ_CHECK(!stream_open(hub, body, SLICE_LIT("x"), &refusal, &s));
    if (s) {
        read_all(s);
        stream_close(s);
        stream_unref(s);
    } else {
        check_refusal(&refusal);
    }
    buf_release(&refusal.body);
}

static void check_control(slice_t body)
{
    const slice_t opening = SLICE_LIT("{\"add\":{\"a\":{\"resource-id\":\"cdni\"},"
                                      "\"b\":{\"resource-id\":\"netmap\"}}}");
    hub_refusal_t refusal = HUB_REFUSAL_INIT;
    stream_event_t event = STREAM_EVENT_INIT;
    stream_state_t state;
    stream_t *s = NULL, *found = NULL;
    FUZZ_CHECK(!stream_open(hub, opening, SLICE_LIT("x"), &refusal, &s) && s);
    FUZZ_CHECK(!stream_next(s, &state, &event) && state == STREAM_EVENT);
    const char *at = memmem(event.head.ptr, event.head.len, STREAM_PATH, sizeof STREAM_PATH - 1);
    FUZZ_CHECK(at);
    char token[22];
    memcpy(token, at + sizeof STREAM_PATH - 1, sizeof token);
    stream_event_release(&event);
    FUZZ_CHECK(!stream_control(hub, slice_of(token, sizeof token), body, SLICE_LIT("y"), &refusal,
                               &found));
    if (!found) {
        check_refusal(&refusal);
    }
    stream_unref(found);
    read_all(s);
    stream_close(s);
    stream_unref(s);
    buf_release(&refusal.body);
}

static void check_tips(slice_t body)
{
    hub_refusal_t refusal = HUB_REFUSAL_INIT;
    buf_t text = BUF_INIT;
    const tips_client_t client = {SLICE_LIT("x"), SLICE_LIT("o"), SLICE_LIT("http://h")};
    FUZZ_CHECK(!tips_open(hub, body, &client, &refusal, &text));
    if (text.len) {
        arena_t arena;
        json_value_t *tree = NULL;
        json_error_t error;
        arena_init(&arena, 0);
        FUZZ_CHECK(!json_parse(buf_slice(&text), 0, &arena, &tree, &error));
        arena_release(&arena);
    } else {
        check_refusal(&refusal);
    }
    buf_release(&text);
    buf_release(&refusal.body);
}

static void check_next_edge(slice_t body)
{
    hub_refusal_t refusal = HUB_REFUSAL_INIT;
    buf_t text = BUF_INIT;
    const tips_client_t client = {SLICE_LIT("x"), SLICE_LIT("o"), SLICE_LIT("")};
    FUZZ_CHECK(!tips_open(hub, SLICE_LIT("{\"resource-id\":\"cdni\"}"), &client, &refusal, &text));
    const char *at = memmem(text.ptr, text.len, TIPS_PATH, sizeof TIPS_PATH - 1);
    FUZZ_CHECK(at);
    char token[22];
    memcpy(token, at + sizeof TIPS_PATH - 1, sizeof token);
    buf_clear(&text);
    FUZZ_CHECK(!tips_next_edge(hub, slice_of(token, sizeof token), body, &refusal, &text));
    if (!text.len) {
        check_refusal(&refusal);
    }
    buf_release(&text);
    buf_release(&refusal.body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    slice_t body = slice_of((const char *)data, size);
    if (!hub) {
        setup();
    }
    check_opening(body);
    check_control(body);
    check_tips(body);
    check_next_edge(body);
    hub_tick(hub, now_ms() + 700000);
    hub_counters_t counters;
    hub_read_counters(hub, &counters);
    FUZZ_CHECK(counters.streams == 0);
    return 0;
}
