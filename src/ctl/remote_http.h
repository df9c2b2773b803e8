/*
 * HTTP for the commands that talk to the admin interface: one request after the other, each waited
 * for, over one connection. Private to src/ctl.
 */
#ifndef FPD_CTL_REMOTE_HTTP_H
#define FPD_CTL_REMOTE_HTTP_H

#include "footprintd/base/bytes.h"

typedef struct remote_http remote_http_t;

typedef struct remote_http_options {
    const char *cacert; /* each NULL: libcurl's default */
    const char *cert;
    const char *key;
    const char *token; /* of every request */
    long timeout_ms;   /* of a whole request; 0: none */
    /* Now and then while an answer is waited for; NULL: nobody wants to know. */
    void (*waiting)(void *arg);
    void *waiting_arg;
    const char *user; /* in place of a token: HTTP Digest */
    const char *password;
} remote_http_options_t;

typedef struct remote_http_answer {
    long status;        /* 0: none came, and failure says why */
    slice_t media_type; /* without parameters */
    slice_t etag;
    slice_t body;
    const char *failure;
} remote_http_answer_t;

/* NULL when there is no memory. The options' texts are borrowed. */
remote_http_t *remote_http_new(const remote_http_options_t *options);
void remote_http_free(remote_http_t *http);
/* Of the next request alone, in place of what follows from its body: "DELETE". */
void remote_http_method(remote_http_t *http, const char *method);
/*
 * GET without a body, else POST of JSON. What *answer points to lives until the next request.
 * Redirections are not followed: the token is for this server.
 */
void remote_http_ask(remote_http_t *http, const char *url, const slice_t *body,
                     remote_http_answer_t *answer);
/* The text with everything escaped that has a meaning in a URL. */
void remote_http_escape(slice_t text, buf_t *out);

#endif
