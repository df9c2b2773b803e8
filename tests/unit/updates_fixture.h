/*
 * A hub that is fed with documents, with a clock of its own, and a reader that does what a client
 * does: it parses events, applies patches with an applier of its own, and holds every result
 * against what is served. For tests of src/updates.
 */
#ifndef FPD_TESTS_UPDATES_FIXTURE_H
#define FPD_TESTS_UPDATES_FIXTURE_H

#include "fixture.h"

#include "footprintd/updates/hub.h"
#include "footprintd/updates/stream.h"
#include "footprintd/updates/tips.h"

static uint64_t fixture_clock_ms = 1000;

static inline uint64_t fixture_now_ms(void)
{
    return fixture_clock_ms;
}

typedef struct feeder {
    hub_t *hub;
    snapshot_t *snapshot;
    uint64_t generation;
    hub_publication_t last;
} feeder_t;

static inline void feeder_init(feeder_t *f, const hub_options_t *options)
{
    hub_options_t o = options ? *options : (hub_options_t){0};
    o.now_ms = fixture_now_ms;
    *f = (feeder_t){0};
    assert_int_equal(hub_new(&o, &f->hub), ERR_OK);
}

/* The next generation, of one document. */
static inline void feeder_publish(feeder_t *f, const char *yaml)
{
    fixture_file_t file = {"a.yaml", yaml};
    findings_t findings;
    findings_init(&findings, 0);
    model_t *model = fixture_model(&file, 1, &findings);
    if (!model) {
        buf_t text = BUF_INIT;
        finding_format(&findings.items[0], &text);
        fail_msg("%.*s in %s", SLICE_ARG(buf_slice(&text)), yaml);
    }
    findings_release(&findings);
    snapshot_options_t options = {.base_uri = SLICE_LIT("")};
    snapshot_t *next = NULL;
    assert_int_equal(snapshot_build_take(model, &options, f->snapshot, ++f->generation, &next),
                     ERR_OK);
    if (f->snapshot) {
        snapshot_unref(f->snapshot);
    }
    f->snapshot = next;
    assert_int_equal(hub_publish(f->hub, next, snapshot_view_public(next), &f->last), ERR_OK);
    assert_int_equal(f->last.refused, 0);
    hub_tell_news(f->hub);
}

static inline void feeder_release(feeder_t *f)
{
    hub_free(f->hub);
    if (f->snapshot) {
        snapshot_unref(f->snapshot);
    }
}

/* A stream that is opened as it must be. */
static inline stream_t *feeder_open(feeder_t *f, const char *body)
{
    hub_refusal_t refusal = HUB_REFUSAL_INIT;
    stream_t *s = NULL;
    assert_int_equal(stream_open(f->hub, slice_str(body), SLICE_LIT("192.0.2.1"), &refusal, &s),
                     ERR_OK);
    if (!s) {
        fail_msg("refused with %d: %.*s", refusal.status, SLICE_ARG(buf_slice(&refusal.body)));
    }
    buf_release(&refusal.body);
    return s;
}

static inline void stream_end(stream_t *s)
{
    stream_close(s);
    stream_unref(s);
}

/* The next event as text, "" when there is none; makes frames that have to be made. */
static inline buf_t stream_take(feeder_t *f, stream_t *s, stream_state_t *state)
{
    buf_t text = BUF_INIT;
    stream_event_t event = STREAM_EVENT_INIT;
    do {
        assert_int_equal(stream_next(s, state, &event), ERR_OK);
        if (*state == STREAM_MAKE) {
            hub_frame_make(f->hub, event.make);
        }
    } while (*state == STREAM_MAKE);
    if (*state == STREAM_EVENT) {
        buf_append_slice(&text, buf_slice(&event.head));
        for (size_t i = 0; event.frame && i < event.frame->count; i++) {
            const frame_piece_t *p = &event.frame->pieces[i];
            buf_append(&text, p->ptr, p->len);
            if (p->ends_line) {
                buf_append_str(&text, "\ndata: ");
            }
        }
        if (event.frame) {
            buf_append_str(&text, "\n\n");
        }
    }
    stream_event_release(&event);
    buf_append_char(&text, '\0');
    return text;
}

/* The next event has to be there and to begin like this; its data, which the caller frees. */
static inline buf_t stream_expect(feeder_t *f, stream_t *s, const char *event)
{
    stream_state_t state;
    buf_t text = stream_take(f, s, &state), data = BUF_INIT;
    if (state != STREAM_EVENT) {
        fail_msg("%s does not come, but state %d", event, (int)state);
    }
    char start[256];
    int n = snprintf(start, sizeof start, "event: %s\ndata: ", event);
    if (strncmp(text.ptr, start, (size_t)n) != 0) {
        fail_msg("%s does not come, but %.300s", event, text.ptr);
    }
    /* Lines of data are joined by line feeds; the event ends in an empty line. */
    for (const char *at = text.ptr + n; *at;) {
        size_t len = strcspn(at, "\n");
        buf_append(&data, at, len);
        at += len + 1;
        if (!strncmp(at, "data: ", 6)) {
            buf_append_char(&data, '\n');
            at += 6;
        } else {
            assert_string_equal(at, "\n");
            at++;
        }
    }
    buf_append_char(&data, '\0');
    buf_release(&text);
    return data;
}

static inline void stream_skip(feeder_t *f, stream_t *s, const char *event)
{
    buf_t data = stream_expect(f, s, event);
    buf_release(&data);
}

/* A patch of either kind, whichever is smaller. */
static inline void stream_skip_patch(feeder_t *f, stream_t *s, const char *id)
{
    stream_state_t state;
    char json[128], merge[128];
    buf_t text = stream_take(f, s, &state);
    int json_len = snprintf(json, sizeof json, "event: application/json-patch+json,%s\n", id);
    int merge_len = snprintf(merge, sizeof merge, "event: application/merge-patch+json,%s\n", id);
    if (strncmp(text.ptr, json, (size_t)json_len) != 0 &&
        strncmp(text.ptr, merge, (size_t)merge_len) != 0) {
        fail_msg("a patch of %s does not come, but %.300s", id, text.ptr);
    }
    buf_release(&text);
}

static inline void stream_expect_nothing(feeder_t *f, stream_t *s)
{
    stream_state_t state;
    buf_t text = stream_take(f, s, &state);
    if (state != STREAM_IDLE) {
        fail_msg("something comes: %.300s", text.ptr);
    }
    buf_release(&text);
}

#define CONTROL_EVENT "application/alto-updatestreamcontrol+json"
#define CDNI_EVENT    "application/alto-cdni+json"
#define MAP_EVENT     "application/alto-networkmap+json"
#define PROP_EVENT    "application/alto-propmap+json"
#define JSON_EVENT    "application/json-patch+json"
#define MERGE_EVENT   "application/merge-patch+json"

/* The token of a stream, from its first event. */
static inline void stream_token(feeder_t *f, stream_t *s, char out[64])
{
    buf_t data = stream_expect(f, s, CONTROL_EVENT);
    static const char start[] = "{\"control-uri\":\"" STREAM_PATH;
    assert_memory_equal(data.ptr, start, sizeof start - 1);
    size_t len = strcspn(data.ptr + sizeof start - 1, "\"");
    assert_int_equal(len, 22);
    memcpy(out, data.ptr + sizeof start - 1, len);
    out[len] = '\0';
    buf_release(&data);
}

#endif
