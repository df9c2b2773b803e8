/*
 * HTTP for the subscriber: any number of requests at a time, over libcurl. Beside
 * remote_http.c the only file that includes it. Private to src/ctl.
 *
 * Callbacks run inside watch_http_step. A callback for data may change state but must neither start
 * nor cancel requests; on_done may do both.
 */
#ifndef FPD_CTL_WATCH_HTTP_H
#define FPD_CTL_WATCH_HTTP_H

#include "footprintd/base/bytes.h"

typedef struct watch_http watch_http_t;
typedef struct watch_request watch_request_t;

typedef struct watch_http_options {
    const char *cacert; /* each NULL: libcurl's default */
    const char *cert;
    const char *key;
    bool prior_knowledge; /* HTTP/2 from the first byte where there is no TLS */
} watch_http_options_t;

typedef struct watch_answer {
    long status;         /* 0: none came, and failure says why */
    const char *failure; /* of the transport, also in the middle of an answer; NULL: none */
    bool quiet;          /* it was given up after quiet_ms */
    bool for_good;       /* the failure is not one of the kind that passes */
    slice_t media_type;  /* without parameters */
    slice_t whole_type;  /* with them */
    slice_t etag;
    slice_t body; /* empty for what went to on_data */
    const char *url;
    int64_t retry_after_s; /* 0: the server did not say */
} watch_answer_t;

typedef struct watch_call {
    const char *url;
    const char *accept;
    const char *content_type; /* of the body; NULL: GET */
    slice_t body;
    slice_t if_none_match;
    /* What goes to on_data as it comes: the body of a 200 of this media type. NULL: none. */
    const char *stream_type;
    int64_t quiet_ms;                         /* without a byte until it is given up; 0: for ever */
    bool (*on_data)(void *arg, slice_t data); /* false: no more of it, on_done comes next */
    /* The request is gone afterwards. Everything in the answer dies with it. */
    void (*on_done)(void *arg, const watch_answer_t *answer);
    void *arg;
} watch_call_t;

/* NULL when there is no memory. */
watch_http_t *watch_http_new(const watch_http_options_t *options);
/* Cancels all requests. */
void watch_http_free(watch_http_t *http);
/* NULL when there is no memory. What the call points to is copied, but for arg. */
watch_request_t *watch_http_start(watch_http_t *http, const watch_call_t *call);
/* Without on_done. */
void watch_http_cancel(watch_http_t *http, watch_request_t *request);
/* Waits for the network, for fd to be readable or for the time, and works off what there is. */
void watch_http_step(watch_http_t *http, int fd, int64_t timeout_ms);

/* A reference against a base, as one http or https URL; the caller frees. NULL: it is none. */
char *watch_url_resolve(const char *base, slice_t reference);

/* Milliseconds that only go up. */
int64_t watch_clock(void);

#endif
