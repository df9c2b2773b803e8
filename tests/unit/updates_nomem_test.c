/* Streams, TIPS views and hubs, with every allocation refused once. */
#include "updates_fixture.h"

#include "nomem.h"

#include "footprintd/updates/hubs.h"

static const char *const documents[] = {
    "footprints: {a: {ipv4cidr: [192.0.2.0/24, 198.51.100.1/32]}}\n"
    "capabilities:\n"
    "  - {capability-type: FCI.DeliveryProtocol,\n"
    "     capability-value: {delivery-protocols: [https/1.1]}, footprints: [a]}\n",
    "footprints: {a: {ipv4cidr: [192.0.2.0/24, 198.51.100.2/32]}}\n"
    "capabilities:\n"
    "  - {capability-type: FCI.DeliveryProtocol,\n"
    "     capability-value: {delivery-protocols: [https/1.1]}, footprints: [a]}\n",
};

typedef struct trial {
    feeder_t f;
    hub_t *hub;
    hubs_t *hubs;
    stream_t *stream, *found;
    hub_refusal_t refusal;
    buf_t text;
    stream_event_t event;
    stream_state_t state;
    tips_edge_t edge;
    char token[23];
    unsigned number; /* of inputs, so that each is another */
    bool numbered;
} trial_t;

#define ENTRY "{\"resource-id\":\"cdni\"}"

/* An input between the two texts; another one each time, where it is numbered. */
static slice_t filter(trial_t *t, const char *before, const char *after)
{
    static char body[512];
    unsigned n = t->numbered ? ++t->number : 0;
    (void)snprintf(body, sizeof body,
                   "%s{\"resource-id\":\"propmap-filtered\",\"input\":{\"entities\":"
                   "[\"ipv4:192.0.%u.%u\"]}}%s",
                   before, n / 256 % 256, n % 256, after);
    return slice_str(body);
}

static err_t open_with(trial_t *t, slice_t body)
{
    return stream_open(t->f.hub, body, SLICE_LIT("x"), &t->refusal, &t->stream);
}

static err_t run_open(void *x)
{
    return open_with(x,
                     SLICE_LIT("{\"add\":{\"a\":" ENTRY ",\"b\":{\"resource-id\":\"netmap\"}}}"));
}

static err_t run_open_filtered(void *x)
{
    return open_with(x, filter(x, "{\"add\":{\"a\":", "}}"));
}

static void end_stream(void *x, err_t err)
{
    trial_t *t = x;
    assert_true(err || t->stream);
    assert_int_equal(t->refusal.status, 0);
    if (t->stream) {
        stream_end(t->stream);
        t->stream = NULL;
    }
    buf_release(&t->refusal.body);
    stream_event_release(&t->event);
    t->event = (stream_event_t)STREAM_EVENT_INIT;
    hub_tick(t->f.hub, fixture_clock_ms += 60000);
}

static void open_plain(void *x)
{
    trial_t *t = x;
    t->stream = feeder_open(&t->f, "{\"add\":{\"a\":" ENTRY "}}");
    stream_state_t state;
    buf_t first = stream_take(&t->f, t->stream, &state);
    const char *at = strstr(first.ptr, STREAM_PATH);
    assert_non_null(at);
    memcpy(t->token, at + sizeof STREAM_PATH - 1, 22);
    buf_release(&first);
}

static err_t control_with(trial_t *t, slice_t body)
{
    return stream_control(t->f.hub, slice_of(t->token, 22), body, SLICE_LIT("x"), &t->refusal,
                          &t->found);
}

static err_t run_control(void *x)
{
    return control_with(
        x, SLICE_LIT("{\"add\":{\"b\":{\"resource-id\":\"netmap\"}},\"remove\":[\"a\"]}"));
}

static err_t run_control_filtered(void *x)
{
    return control_with(x, filter(x, "{\"add\":{\"b\":", "}}"));
}

static void end_control(void *x, err_t err)
{
    trial_t *t = x;
    assert_true(err ? !t->found : t->found == t->stream);
    if (t->found) {
        stream_unref(t->found);
        t->found = NULL;
    }
    end_stream(x, ERR_OK);
}

static err_t run_next(void *x)
{
    trial_t *t = x;
    return stream_next(t->stream, &t->state, &t->event);
}

/* What could not be told is told when there is memory again. */
static void end_next(void *x, err_t err)
{
    trial_t *t = x;
    if (err) {
        stream_event_clear(&t->event);
        buf_t again = stream_take(&t->f, t->stream, &t->state);
        assert_int_equal(t->state, STREAM_EVENT);
        assert_non_null(strstr(again.ptr, "event: application/alto-cdni+json,a"));
        buf_release(&again);
    }
    if (t->event.make) {
        hub_frame_make(t->f.hub, t->event.make);
    }
    end_stream(x, ERR_OK);
}

static err_t open_view(trial_t *t, slice_t body)
{
    const tips_client_t client = {SLICE_LIT("x"), SLICE_LIT("o"), SLICE_LIT("http://h")};
    return tips_open(t->f.hub, body, &client, &t->refusal, &t->text);
}

static err_t run_view(void *x)
{
    return open_view(x, SLICE_LIT(ENTRY));
}

static err_t run_view_filtered(void *x)
{
    return open_view(x, filter(x, "", ""));
}

static void end_view(void *x, err_t err)
{
    trial_t *t = x;
    assert_int_equal(t->refusal.status, 0);
    assert_true(err || t->text.len);
    buf_release(&t->text);
    fixture_clock_ms += 3600000;
    hub_tick(t->f.hub, fixture_clock_ms);
    hub_tick(t->f.hub, fixture_clock_ms += 60000);
}

static void view(void *x)
{
    trial_t *t = x;
    assert_int_equal(open_view(t, SLICE_LIT(ENTRY)), ERR_OK);
    const char *at = memmem(t->text.ptr, t->text.len, TIPS_PATH, sizeof TIPS_PATH - 1);
    assert_non_null(at);
    memcpy(t->token, at + sizeof TIPS_PATH - 1, 22);
    buf_release(&t->text);
}

static err_t run_next_edge(void *x)
{
    trial_t *t = x;
    return tips_next_edge(t->f.hub, slice_of(t->token, 22), SLICE_LIT(ENTRY), &t->refusal,
                          &t->text);
}

static err_t find(trial_t *t, uint64_t from, uint64_t to)
{
    tips_verdict_t verdict;
    err_t err = tips_find(t->f.hub, slice_of(t->token, 22), from, to, &verdict, &t->edge);
    assert_true(err || verdict == TIPS_FOUND);
    return err;
}

static err_t run_whole(void *x)
{
    return find(x, 0, 2);
}

static err_t run_step(void *x)
{
    return find(x, 1, 2);
}

static void end_edge(void *x, err_t err)
{
    trial_t *t = x;
    assert_true(err || t->edge.frame);
    hub_frame_unref(t->edge.frame);
    t->edge.frame = NULL;
    buf_append_char(&t->text, '.');
    end_view(x, ERR_OK);
}

static err_t run_hub(void *x)
{
    const hub_options_t options = {.now_ms = fixture_now_ms};
    return hub_new(&options, &((trial_t *)x)->hub);
}

static err_t run_hubs(void *x)
{
    const hub_options_t options = {.now_ms = fixture_now_ms};
    return hubs_new(&options, &((trial_t *)x)->hubs);
}

static void end_hub(void *x, err_t err)
{
    trial_t *t = x;
    (void)err;
    hub_free(t->hub);
    hubs_free(t->hubs);
    t->hub = NULL;
    t->hubs = NULL;
}

static err_t run_publish(void *x)
{
    trial_t *t = x;
    hub_publication_t report;
    return hub_publish(t->hub, t->f.snapshot, snapshot_view_public(t->f.snapshot), &report);
}

static void new_hub(void *x)
{
    assert_int_equal(run_hub(x), ERR_OK);
}

static const nomem_step_t steps[] = {
    {"open", NULL, run_open, end_stream, true, false},
    {"open with an input", NULL, run_open_filtered, end_stream, true, false},
    {"control", open_plain, run_control, end_control, true, false},
    {"control with an input", open_plain, run_control_filtered, end_control, true, false},
    {"next event", open_plain, run_next, end_next, true, false},
    {"view", NULL, run_view, end_view, true, false},
    {"view with an input", NULL, run_view_filtered, end_view, true, false},
    {"next edge", view, run_next_edge, end_view, true, false},
    {"whole document", view, run_whole, end_edge, true, false},
    {"step", view, run_step, end_edge, true, false},
    {"hub", NULL, run_hub, end_hub, false, false},
    {"hubs", NULL, run_hubs, end_hub, false, false},
    {"publication", new_hub, run_publish, end_hub, true, false},
};

static void test_steps(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        for (int numbered = 0; numbered < 2; numbered++) {
            trial_t t = {.refusal = HUB_REFUSAL_INIT,
                         .text = BUF_INIT,
                         .event = STREAM_EVENT_INIT,
                         .numbered = numbered == 1};
            feeder_init(&t.f, NULL);
            feeder_publish(&t.f, documents[0]);
            feeder_publish(&t.f, documents[1]);
            nomem_sweep(&steps[i], &t);
            feeder_release(&t.f);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
