/*
 * ALTO/SSE (RFC 8895): one update stream for several resources. Substream "s0" is the first
 * resource of the command line.
 *
 * A stream begins with a control event. Whatever goes wrong with a substream, the whole stream is
 * opened again: with the tag of every document that is held, so that the others cost nothing.
 */
#include "watch.h"

#include "sse_parser.h"
#include "watch_problem.h"

#include <stdio.h>
#include <stdlib.h>

#define TYPE_PARAMS  "application/alto-updatestreamparams+json"
#define TYPE_CONTROL "application/alto-updatestreamcontrol+json"
#define TYPES        WATCH_TYPE_SSE ",application/alto-error+json"
/* Streams in a row that end without a control event, until the way is left. */
#define SILENT_MAX 3
#define CLOSE_MS   2000

typedef struct stream {
    watch_channel_t base;
    char *name; /* the service's id */
    char *url;
    char *control; /* where to take leave; NULL: nowhere */
    sse_parser_t parser;
    bool begun; /* the control event was there */
    unsigned silent;
    int64_t opened_ms;
    buf_t why; /* of our own ending the stream */
    watch_request_t *leave;
} stream_t;

static bool end_stream(stream_t *s, const char *text)
{
    buf_append_str(&s->why, text);
    return false;
}

/* ---- the request ---- */

static void add_resource(const watch_follow_t *f, bool first, buf_t *out)
{
    buf_printf(out, "%s\"s%zu\":{\"resource-id\":", first ? "" : ",", f->index);
    json_write_string(out, slice_str(f->id));
    if (watch_doc_held(&f->doc) && f->doc.vtag.tag.ptr) {
        buf_append_str(out, ",\"tag\":");
        json_write_string(out, f->doc.vtag.tag);
    }
    if (f->input.len) {
        buf_append_str(out, ",\"input\":");
        buf_append_slice(out, buf_slice(&f->input));
    }
    buf_append_char(out, '}');
}

static void write_request(const stream_t *s, buf_t *out)
{
    bool first = true;
    const watch_t *w = s->base.watch;
    buf_append_str(out, "{\"add\":{");
    for (size_t i = 0; i < w->count; i++) {
        if (w->follows[i].channel == &s->base) {
            add_resource(&w->follows[i], first, out);
            first = false;
        }
    }
    buf_append_str(out, "}}");
}

/* ---- events ---- */

/* The resource of "s0", or NULL. */
static watch_follow_t *follow_of(const stream_t *s, slice_t substream)
{
    watch_t *w = s->base.watch;
    for (size_t i = 0; i < w->count; i++) {
        char id[24];
        (void)snprintf(id, sizeof id, "s%zu", i);
        if (slice_is(substream, id)) {
            return w->follows[i].channel == &s->base ? &w->follows[i] : NULL;
        }
    }
    return NULL;
}

/* The first control event: where to send requests about this stream, if there is such a place. */
static bool take_control_uri(stream_t *s, const json_value_t *event)
{
    const json_value_t *uri = json_get(event, "control-uri");
    if (!uri || (uri->kind != JSON_STRING && uri->kind != JSON_NULL)) {
        return end_stream(s, "the stream's first event has no control-uri");
    }
    free(s->control);
    s->control = uri->kind == JSON_STRING ? watch_url_resolve(s->url, uri->u.text) : NULL;
    s->begun = true;
    s->silent = 0;
    s->base.worked = true;
    s->base.lost = 0;
    return true;
}

/* Nothing more will come for a resource that was stopped, unless the stream is opened again. */
static bool take_stopped(stream_t *s, const json_value_t *event)
{
    const json_value_t *stopped = json_get(event, "stopped"),
                       *description = json_get(event, "description");
    size_t count = stopped && stopped->kind == JSON_ARRAY ? stopped->u.array.count : 0;
    for (size_t i = 0; i < count; i++) {
        const json_value_t *id = &stopped->u.array.items[i];
        const watch_follow_t *f = json_is_string(id) ? follow_of(s, id->u.text) : NULL;
        if (f) {
            buf_printf(&s->why, "the server has stopped %s", f->id);
            if (json_is_string(description)) {
                buf_append_str(&s->why, ": ");
                watch_problem_quote(description->u.text, &s->why);
            }
            return false;
        }
    }
    return true;
}

static bool take_control(stream_t *s, slice_t data)
{
    arena_t arena;
    arena_init(&arena, 0);
    json_value_t *event;
    json_error_t error;
    bool fine;
    if (json_parse(data, 0, &arena, &event, &error)) {
        fine = end_stream(s, "a control event is not JSON");
    } else if (!s->begun) {
        fine = take_control_uri(s, event);
    } else {
        fine = take_stopped(s, event);
    }
    arena_release(&arena);
    return fine;
}

/* After too many bad patches the resource goes another way, and this stream on without it. */
static void leave_if_hopeless(watch_follow_t *f)
{
    if (watch_feed_hopeless(f)) {
        watch_say(f->id, "%u patches in a row failed: it leaves the update stream", f->bad_patches);
        f->bad_patches = 0;
        f->ways &= ~(1u << WATCH_SSE);
        f->life_ms = f->channel->life_ms;
        f->channel = NULL;
    }
}

static bool take_update(stream_t *s, const sse_event_name_t *name, slice_t data)
{
    watch_follow_t *f = follow_of(s, name->substream);
    watch_kind_t kind = watch_kind_of(name->media_type);
    const watch_update_t update = {kind, name->media_type, name->content_id, data};
    bool parts = f && kind != WATCH_FULL && watch_message_is(buf_slice(&f->media_type));
    if (!f || (name->content_id.ptr && !parts)) {
        buf_append_str(&s->why, "an event is for the substream '");
        watch_problem_quote(name->data_id, &s->why);
        return end_stream(s, "', which was not asked for");
    }
    if (kind == WATCH_FULL && !watch_media_same(buf_slice(&f->media_type), name->media_type)) {
        buf_append_str(&s->why, "an event has the media type '");
        watch_problem_quote(name->media_type, &s->why);
        buf_printf(&s->why, "', and not that of %s", f->id);
        return false;
    }
    buf_t why = BUF_INIT;
    bool taken = watch_feed_take(f, &update, &why);
    if (!taken) {
        buf_printf(&s->why, "%s: a %s event was refused, a full copy is wanted: ", f->id,
                   watch_kind_name(kind));
        buf_append_slice(&s->why, buf_slice(&why));
        leave_if_hopeless(f);
    }
    buf_release(&why);
    return taken;
}

static bool on_event(void *arg, slice_t type, slice_t data)
{
    stream_t *s = arg;
    if (s->base.watch->ending) {
        return true; /* nobody wants it any more */
    }
    sse_event_name_t name = sse_event_name(type);
    if (slice_eq_nocase(name.media_type, SLICE_LIT(TYPE_CONTROL))) {
        return take_control(s, data);
    }
    return s->begun ? take_update(s, &name, data)
                    : end_stream(s, "the stream does not begin with a control event");
}

static bool on_data(void *arg, slice_t bytes)
{
    stream_t *s = arg;
    watch_channel_alive(&s->base); /* comments count, too */
    if (sse_parser_feed(&s->parser, bytes)) {
        return true;
    }
    return s->parser.error ? end_stream(s, s->parser.error) : false;
}

/* ---- life ---- */

/* False when all went other ways. */
static bool has_resources(const stream_t *s)
{
    const watch_t *w = s->base.watch;
    for (size_t i = 0; i < w->count; i++) {
        if (w->follows[i].channel == &s->base) {
            return true;
        }
    }
    return false;
}

static void ended(stream_t *s, const watch_answer_t *answer)
{
    const watch_options_t *o = &s->base.watch->options;
    if (!s->why.len) {
        buf_append_str(&s->why, answer->failure ? answer->failure : "the stream ended");
    }
    if (watch_clock() - s->opened_ms >= o->retry_max_ms) {
        watch_backoff_reset(&s->base.backoff);
    }
    s->silent += !s->begun;
    if (s->silent >= SILENT_MAX || !has_resources(s)) {
        watch_channel_fail(&s->base, buf_slice(&s->why));
    } else {
        watch_channel_retry(&s->base, 0, buf_slice(&s->why));
    }
}

static void on_done(void *arg, const watch_answer_t *answer)
{
    stream_t *s = arg;
    s->base.request = NULL;
    sse_parser_release(&s->parser);
    if (s->base.watch->ending) {
        s->base.open = s->leave != NULL;
    } else if (answer->status != 200 && !answer->quiet) {
        watch_channel_problem(&s->base, answer);
    } else if (answer->status == 200 &&
               !slice_eq_nocase(answer->media_type, SLICE_LIT(WATCH_TYPE_SSE))) {
        watch_channel_fail(&s->base, SLICE_LIT("the answer is no event stream"));
    } else {
        ended(s, answer);
    }
}

static void tick(watch_channel_t *c)
{
    stream_t *s = (stream_t *)c;
    buf_t body = BUF_INIT;
    c->due_ms = WATCH_NEVER;
    write_request(s, &body);
    watch_call_t call = {.url = s->url,
                         .accept = TYPES,
                         .content_type = TYPE_PARAMS,
                         .body = buf_slice(&body),
                         .stream_type = WATCH_TYPE_SSE,
                         .quiet_ms = c->watch->options.idle_ms,
                         .on_data = on_data,
                         .on_done = on_done,
                         .arg = s};
    sse_parser_init(&s->parser, WATCH_DOC_MAX);
    s->parser.on_event = on_event;
    s->parser.arg = s;
    s->begun = false;
    s->opened_ms = watch_clock();
    buf_clear(&s->why);
    c->request = buf_failed(&body) ? NULL : watch_http_start(c->watch->http, &call);
    if (!c->request) {
        watch_channel_retry(c, 0, slice_str(err_text(ERR_NOMEM)));
    }
    buf_release(&body);
}

static void on_left(void *arg, const watch_answer_t *answer)
{
    stream_t *s = arg;
    (void)answer;
    s->leave = NULL;
    s->base.open = false;
}

/* `remove: []` closes the stream (RFC 8895 7.6); the server can forget it at once. */
static void close_stream(watch_channel_t *c)
{
    stream_t *s = (stream_t *)c;
    watch_call_t call = {.url = s->control,
                         .accept = "application/alto-error+json",
                         .content_type = TYPE_PARAMS,
                         .body = SLICE_LIT("{\"remove\":[]}"),
                         .quiet_ms = CLOSE_MS,
                         .on_done = on_left,
                         .arg = s};
    if (c->request && s->begun && s->control) {
        s->leave = watch_http_start(c->watch->http, &call);
    }
    c->open = s->leave != NULL;
}

static void free_stream(watch_channel_t *c)
{
    stream_t *s = (stream_t *)c;
    watch_http_cancel(c->watch->http, s->leave);
    sse_parser_release(&s->parser);
    buf_release(&s->why);
    free(s->control);
    free(s->name);
    free(s->url);
}

const watch_way_t watch_way_sse = {WATCH_SSE, "sse", tick, close_stream, free_stream};

watch_channel_t *watch_sse_new(watch_t *w, const watch_ird_entry_t *service)
{
    stream_t *s = calloc(1, sizeof *s);
    if (!s) {
        return NULL;
    }
    s->name = strndup(service->id.ptr, service->id.len);
    s->url = watch_url_resolve(w->ird_url, service->uri);
    if (!s->name || !s->url) {
        free(s->name);
        free(s->url);
        free(s);
        return NULL;
    }
    watch_channel_add(w, &s->base, &watch_way_sse, s->name);
    return &s->base;
}
