#include "updates_fixture.h"

#include "patch_reference.h"

#include <pthread.h>
#include <sched.h>

/*
 * Publishing, catching up, opening, reading, control and TIPS at the same time: no reader misses a
 * change, gets one twice, or sees a document that never was. Meant for ThreadSanitizer.
 */

#define GENERATIONS 60
#define READERS     3
#define COPIES      3

static atomic_bool over;
static atomic_uint round_trips;

/* Every other generation changes the map too. */
static buf_t document(unsigned i)
{
    buf_t yaml = BUF_INIT;
    buf_printf(&yaml,
               "footprints: {a: {ipv4cidr: [192.0.2.0/24, 198.51.100.%u/32]}, p: {altopid: [x]}}\n"
               "capabilities:\n"
               "  - capability-type: FCI.DeliveryProtocol\n"
               "    capability-value: {delivery-protocols: [https/1.1]}\n"
               "    footprints: [a, p]\n"
               "network-maps: {netmap: {pids: {x: {ipv4: [203.0.113.%u/32]}}}}\n",
               i % 256, i / 2 % 256);
    buf_append_char(&yaml, '\0');
    return yaml;
}

static bool never(void *arg)
{
    (void)arg;
    return false;
}

static void *updater(void *arg)
{
    feeder_t *f = arg;
    while (!atomic_load(&over)) {
        hub_catch_up(f->hub, never, NULL);
        hub_tick(f->hub, fixture_clock_ms);
        sched_yield();
    }
    return NULL;
}

/* ---- a client ---- */

typedef struct copy {
    char id;
    buf_t text; /* of the document, as the client has made it */
} copy_t;

/* The tag in front of which this text stands; "" when there is none. */
static void tag_behind(const buf_t *text, const char *what, char out[TAG_LEN + 1])
{
    const char *at = text->len ? strstr(text->ptr, what) : NULL;
    out[0] = '\0';
    if (at) {
        memcpy(out, at + strlen(what), TAG_LEN);
        out[TAG_LEN] = '\0';
    }
}

/* The copy that has changed; NULL for a control event. */
static const copy_t *take_event(copy_t *copies, size_t count, const buf_t *event)
{
    const char *comma = strchr(event->ptr, ',');
    const char *line = strchr(event->ptr, '\n');
    if (!comma || comma > line) {
        return NULL;
    }
    copy_t *c = NULL;
    for (size_t i = 0; i < count; i++) {
        c = copies[i].id == comma[1] ? &copies[i] : c;
    }
    assert_non_null(c);
    const char *data = line + strlen("\ndata: ");
    buf_t payload = BUF_INIT, next = BUF_INIT;
    buf_append(&payload, data, strlen(data) - 2);
    bool json = strstr(event->ptr, "json-patch+json") == event->ptr + strlen("event: application/");
    bool merge = strstr(event->ptr, "merge-patch+json") ==
                 event->ptr + strlen("event: application/");
    if (json || merge) {
        assert_true(c->text.len > 0);
        char *made = reference_apply(merge, payload.ptr, payload.len, c->text.ptr, c->text.len - 1);
        assert_non_null(made); /* the guard of another version would make it fail */
        buf_append(&next, made, strlen(made));
        free(made);
    } else {
        buf_append_slice(&next, buf_slice(&payload));
    }
    buf_append_char(&next, '\0');
    buf_release(&c->text);
    c->text = next;
    buf_release(&payload);
    return c;
}

/* An advertisement comes behind the map that it was made of. */
static void check_dependency(const copy_t *map, const copy_t *cdni)
{
    char of_map[TAG_LEN + 1], used[TAG_LEN + 1];
    tag_behind(&map->text, "\"tag\":\"", of_map);
    tag_behind(&cdni->text, "\"dependent-vtags\":[{\"resource-id\":\"netmap\",\"tag\":\"", used);
    assert_string_equal(of_map, used);
}

static void read_stream(feeder_t *f, stream_t *s, copy_t *copies, size_t count)
{
    stream_state_t state = STREAM_EVENT;
    while (state == STREAM_EVENT) {
        buf_t event = stream_take(f, s, &state);
        if (state == STREAM_EVENT) {
            const copy_t *changed = take_event(copies, count, &event);
            if (changed && changed->id != 'n') {
                check_dependency(&copies[1], changed);
            }
        }
        buf_release(&event);
    }
}

static void *reader(void *arg)
{
    feeder_t *f = arg;
    bool last = false;
    while (!last) {
        last = atomic_load(&over);
        copy_t copies[COPIES] = {{'c', BUF_INIT}, {'n', BUF_INIT}, {'f', BUF_INIT}};
        stream_t *s = feeder_open(f, "{\"add\":{\"c\":{\"resource-id\":\"cdni\"},"
                                     "\"n\":{\"resource-id\":\"netmap\"},"
                                     "\"f\":{\"resource-id\":\"cdni-filtered\",\"input\":"
                                     "{\"cdni-capabilities\":[]}}}}");
        for (int i = 0; i < 20; i++) {
            read_stream(f, s, copies, COPIES);
            sched_yield();
        }
        if (last) {
            hub_catch_up(f->hub, never, NULL);
            read_stream(f, s, copies, COPIES);
            for (size_t i = 0; i < COPIES; i++) {
                buf_t want = fixture_body(f->snapshot, i == 1 ? "/netmap" : "/cdni");
                assert_true(reference_equal(copies[i].text.ptr, copies[i].text.len - 1, want.ptr,
                                            want.len));
                buf_release(&want);
            }
        }
        stream_end(s);
        for (size_t i = 0; i < COPIES; i++) {
            buf_release(&copies[i].text);
        }
        (void)atomic_fetch_add(&round_trips, 1);
    }
    return NULL;
}

/* Control requests and TIPS from another thread. */
static void *meddler(void *arg)
{
    feeder_t *f = arg;
    unsigned n = 0;
    while (!atomic_load(&over)) {
        stream_t *s = feeder_open(f, "{\"add\":{\"c\":{\"resource-id\":\"cdni\"}}}");
        char token[64], body[128];
        stream_token(f, s, token);
        for (int i = 0; i < 10; i++) {
            hub_refusal_t refusal = HUB_REFUSAL_INIT;
            stream_t *found = NULL;
            char old[16] = "c";
            if (i) {
                (void)snprintf(old, sizeof old, "x%u", n);
            }
            (void)snprintf(body, sizeof body,
                           "{\"add\":{\"x%u\":{\"resource-id\":\"netmap\"}},\"remove\":[\"%s\"]}",
                           n + 1, old);
            n++;
            assert_int_equal(stream_control(f->hub, slice_str(token), slice_str(body),
                                            SLICE_LIT("m"), &refusal, &found),
                             ERR_OK);
            assert_int_equal(refusal.status, 0);
            stream_unref(found);
        }
        buf_t text = BUF_INIT;
        hub_refusal_t refusal = HUB_REFUSAL_INIT;
        const tips_client_t client = {SLICE_LIT("m"), SLICE_LIT("o"), SLICE_LIT("http://h")};
        assert_int_equal(
            tips_open(f->hub, SLICE_LIT("{\"resource-id\":\"cdni\"}"), &client, &refusal, &text),
            ERR_OK);
        assert_true(text.len > 0);
        buf_release(&text);
        stream_end(s);
    }
    return NULL;
}

static void test_race(void **state)
{
    (void)state;
    feeder_t f;
    hub_options_t options = {.log_bytes = 4000, .opens_per_s = 1000000, .bookmark_s = -1};
    pthread_t threads[READERS + 2];
    feeder_init(&f, &options);
    buf_t yaml = document(0);
    feeder_publish(&f, yaml.ptr);
    buf_release(&yaml);
    atomic_store(&over, false);
    assert_int_equal(pthread_create(&threads[0], NULL, updater, &f), 0);
    assert_int_equal(pthread_create(&threads[1], NULL, meddler, &f), 0);
    for (int i = 0; i < READERS; i++) {
        assert_int_equal(pthread_create(&threads[2 + i], NULL, reader, &f), 0);
    }
    for (unsigned i = 1; i < GENERATIONS; i++) {
        yaml = document(i);
        feeder_publish(&f, yaml.ptr);
        buf_release(&yaml);
        sched_yield();
    }
    atomic_store(&over, true);
    for (int i = 0; i < READERS + 2; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_true(atomic_load(&round_trips) >= READERS);
    feeder_release(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_race)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
