#include "http/polls.h"

#include "footprintd/alto/services.h"
#include "footprintd/log/log.h"
#include "footprintd/updates/tips.h"
#include "http/check.h"
#include "http/events.h"
#include "http/measure.h"
#include "http/send.h"
#include "http/tips.h"

#include <stdio.h>
#include <stdlib.h>

/* Polls that are answered in one turn of the loop. */
#define POLLS_PER_TURN 512

#define TOKEN_MAX 32

/* A request for an edge, in the memory of the request. */
typedef struct poll {
    h2o_req_t *req; /* NULL once it is answered */
    http_loop_t *loop;
    hub_t *hub;          /* of whoever asks; hubs live longer */
    h2o_linklist_t link; /* http_loop_t.polls */
    char token_text[TOKEN_MAX];
    slice_t token;
    uint64_t from, to;
    bool head;
    bool holds;    /* the view knows */
    bool admitted; /* its connection knows */
    uint64_t news;
    uint64_t began;     /* ms */
    hub_frame_t *frame; /* that is being made, or sent */
    slice_t *segments;
} poll_t;

void poll_refuse(h2o_req_t *req, int status, slice_t edge)
{
    buf_t text = BUF_INIT;
    alto_error_write(&(alto_error_t){.code = ALTO_E_INVALID_FIELD_VALUE,
                                     .field = SLICE_LIT("ug"),
                                     .value = edge.len && edge.ptr[0] == '/'
                                                  ? slice_of(edge.ptr + 1, edge.len - 1)
                                                  : edge,
                                     .has_value = true},
                     &text);
    if (buf_failed(&text)) {
        send_empty(req, status);
    } else {
        send_text(req, status, ALTO_MEDIA_ERROR,
                  slice_of_iovec(h2o_strdup(&req->pool, text.ptr, text.len)));
    }
    buf_release(&text);
}

static void refuse(const poll_t *p, h2o_req_t *req, int status)
{
    char edge[48];
    int len = snprintf(edge, sizeof edge, "%llu/%llu", (unsigned long long)p->from,
                       (unsigned long long)p->to);
    poll_refuse(req, status, slice_of(edge, (size_t)len));
}

/* ---- life ---- */

static void let_go(poll_t *p)
{
    p->req = NULL;
    if (h2o_linklist_is_linked(&p->link)) {
        h2o_linklist_unlink(&p->link);
    }
    if (p->holds) {
        (void)tips_hold(p->hub, p->token, false);
        count_add(&p->loop->counts->held_polls, UINT64_MAX);
        p->holds = false;
    }
}

static void on_dispose(void *chunk)
{
    poll_t *p = chunk;
    let_go(p);
    hub_frame_unref(p->frame);
    free(p->segments);
}

/* The request, which is answered now and not a poll any more. */
static h2o_req_t *take_request(poll_t *p)
{
    h2o_req_t *req = p->req;
    let_go(p);
    return req;
}

/* ---- answers ---- */

static void send_frame(poll_t *p, const frame_t *frame)
{
    h2o_req_t *req = take_request(p);
    measure_message(p->loop, true, frame, frame->size);
    char etag[48];
    int len = snprintf(etag, sizeof etag, "\"%llu-%llu\"", (unsigned long long)p->from,
                       (unsigned long long)p->to);
    slice_t *segments = calloc(frame->count + 1, sizeof *segments);
    if (!segments) {
        send_busy(req);
        return;
    }
    for (size_t i = 0; i < frame->count; i++) {
        segments[i] = slice_of(frame->pieces[i].ptr, frame->pieces[i].len);
    }
    p->segments = segments;
    send_edge(req, frame->media_type, slice_of(etag, (size_t)len), segments, frame->count,
              frame->size, p->head);
}

/* The frame may have to be made; those who wait for it are told by the news. */
static void try_frame(poll_t *p)
{
    bool failed;
    const frame_t *frame = hub_frame_get(p->frame, &failed);
    if (frame) {
        send_frame(p, frame);
    } else if (failed) {
        send_busy(take_request(p));
    } else if (hub_frame_claim(p->frame)) {
        events_make(p->loop, p->hub, p->frame);
    } else {
        hub_frame_await(p->frame);
        if (hub_frame_get(p->frame, &failed) || failed) {
            try_frame(p);
        }
    }
}

static bool accepts_patches(const h2o_req_t *req)
{
    return check_accept(req, ALTO_MEDIA_MERGE_PATCH) && check_accept(req, ALTO_MEDIA_JSON_PATCH);
}

static void hold(poll_t *p)
{
    if (p->head) {
        refuse(p, take_request(p), 404);
    } else if (!accepts_patches(p->req)) {
        refuse(p, take_request(p), 415);
    } else if (p->loop->drain_began) {
        send_later(take_request(p), 503);
    } else if (!p->admitted && !(p->admitted = events_admit(p->req))) {
        send_later(take_request(p), 429);
    } else if (!p->holds) {
        p->holds = tips_hold(p->hub, p->token, true);
        count_add(&p->loop->counts->held_polls, p->holds);
    }
}

/* Answers it, or leaves it waiting. */
static void look(poll_t *p)
{
    tips_verdict_t verdict = TIPS_NO_VIEW;
    tips_edge_t edge;
    if (p->frame) {
        try_frame(p);
        return;
    }
    if (tips_find(p->hub, p->token, p->from, p->to, &verdict, &edge)) {
        send_busy(take_request(p));
        return;
    }
    switch (verdict) {
    case TIPS_FOUND:
        p->frame = edge.frame;
        if (check_accept(p->req, edge.media_type)) {
            try_frame(p);
        } else {
            refuse(p, take_request(p), 415);
        }
        break;
    case TIPS_HOLD:
        hold(p);
        break;
    case TIPS_NO_VIEW:
        send_empty(take_request(p), 404);
        break;
    case TIPS_NOT_FOUND:
        refuse(p, take_request(p), 404);
        break;
    case TIPS_GONE:
        refuse(p, take_request(p), 410);
        break;
    case TIPS_EARLY:
        refuse(p, take_request(p), 425);
        break;
    }
}

void poll_edge(h2o_req_t *req, slice_t token, uint64_t from, uint64_t to, bool head)
{
    http_loop_t *loop = loop_of_request(req);
    poll_t *p = h2o_mem_alloc_shared(&req->pool, sizeof *p, on_dispose);
    *p = (poll_t){.req = req,
                  .loop = loop,
                  .hub = hub_of_request(req),
                  .from = from,
                  .to = to,
                  .head = head,
                  .news = loop->news,
                  .began = h2o_now(loop->ctx.loop)};
    size_t len = token.len < TOKEN_MAX ? token.len : TOKEN_MAX;
    memcpy(p->token_text, token.ptr, len);
    p->token = slice_of(p->token_text, len);
    h2o_linklist_insert(&loop->polls, &p->link);
    look(p);
}

/* ---- news ---- */

/* The list goes around: who was looked at stands at its end. */
void tips_on_news(http_loop_t *loop)
{
    for (int n = 0; n < POLLS_PER_TURN; n++) {
        poll_t *p = H2O_STRUCT_FROM_MEMBER(poll_t, link, loop->polls.next);
        if (h2o_linklist_is_empty(&loop->polls) || p->news == loop->news) {
            return;
        }
        p->news = loop->news;
        h2o_linklist_unlink(&p->link);
        h2o_linklist_insert(&loop->polls, &p->link);
        look(p);
    }
    if (!h2o_timeout_is_linked(&loop->more_news)) {
        h2o_timeout_link(loop->ctx.loop, &loop->ctx.zero_timeout, &loop->more_news);
    }
}

void tips_drain(http_loop_t *loop)
{
    while (!h2o_linklist_is_empty(&loop->polls)) {
        poll_t *p = H2O_STRUCT_FROM_MEMBER(poll_t, link, loop->polls.next);
        send_later(take_request(p), 503);
    }
}

/* RFC 9569 7.2 has no end of waiting; where proxies have one, updates.poll-s comes before it. */
void tips_sweep(http_loop_t *loop, uint64_t now_ms)
{
    uint64_t limit = (uint64_t)loop->server->options.poll_s * 1000;
    h2o_linklist_t *next;
    for (h2o_linklist_t *n = loop->polls.next; limit && n != &loop->polls; n = next) {
        poll_t *p = H2O_STRUCT_FROM_MEMBER(poll_t, link, n);
        next = n->next;
        if (now_ms - p->began > limit) {
            send_poll_over(take_request(p));
        }
    }
}

void tips_log(http_loop_t *loop)
{
    size_t held = 0;
    for (h2o_linklist_t *n = loop->polls.next; n != &loop->polls; n = n->next) {
        held++;
    }
    if (held) {
        log_line(LOG_LEVEL_INFO, "tips", "loop %u: held-polls=%zu", loop->index, held);
    }
}

void tips_init(http_loop_t *loop)
{
    h2o_linklist_init_anchor(&loop->polls);
}
