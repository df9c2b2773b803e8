#include "watch_http.h"

#include "watch_doc.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define CONNECT_MS    10000L
#define KEEPALIVE_S   30L
#define REDIRECTS_MAX 5L
#define POLL_MAX_MS   60000
/* Before, libcurl fails when it uses a connection again that began with HTTP/2 and without TLS. */
#define REUSE_VERSION  0x080000u
#define FAILURE_LENGTH (CURL_ERROR_SIZE + 64)

struct watch_request {
    watch_http_t *http;
    watch_request_t *next;
    CURL *easy;
    struct curl_slist *headers;
    watch_call_t call; /* without its borrowed texts, but for stream_type, which is static */
    buf_t sent;        /* the body */
    buf_t body;
    buf_t etag;
    char error[CURL_ERROR_SIZE];
    char failure[FAILURE_LENGTH];
    int64_t heard_ms;
    bool stopped; /* on_data said so */
    bool quiet;
    bool too_long;
};

struct watch_http {
    CURLM *multi;
    watch_http_options_t options;
    watch_request_t *requests;
};

int64_t watch_clock(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

watch_http_t *watch_http_new(const watch_http_options_t *options)
{
    watch_http_t *http = calloc(1, sizeof *http);
    if (!http || curl_global_init(CURL_GLOBAL_DEFAULT)) {
        free(http);
        return NULL;
    }
    http->options = *options;
    http->multi = curl_multi_init();
    if (!http->multi) {
        watch_http_free(http);
        return NULL;
    }
    return http;
}

static void request_free(watch_request_t *r)
{
    if (r->easy) {
        curl_easy_cleanup(r->easy);
    }
    curl_slist_free_all(r->headers);
    buf_release(&r->sent);
    buf_release(&r->body);
    buf_release(&r->etag);
    free(r);
}

static void unlink_request(watch_http_t *http, watch_request_t *request)
{
    for (watch_request_t **at = &http->requests; *at; at = &(*at)->next) {
        if (*at == request) {
            *at = request->next;
            (void)curl_multi_remove_handle(http->multi, request->easy);
            return;
        }
    }
}

void watch_http_cancel(watch_http_t *http, watch_request_t *request)
{
    if (request) {
        unlink_request(http, request);
        request_free(request);
    }
}

void watch_http_free(watch_http_t *http)
{
    if (!http) {
        return;
    }
    while (http->requests) {
        watch_http_cancel(http, http->requests);
    }
    if (http->multi) {
        (void)curl_multi_cleanup(http->multi);
    }
    curl_global_cleanup();
    free(http);
}

/* ---- what libcurl calls ---- */

static slice_t whole_type_of(CURL *easy)
{
    char *type = NULL;
    return curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &type) || !type ? SLICE_LIT("")
                                                                          : slice_str(type);
}

/* "text/event-stream; charset=utf-8" without its parameters. */
static slice_t media_type_of(CURL *easy)
{
    slice_t type = whole_type_of(easy);
    return slice_of(type.ptr, strcspn(type.ptr, "; \t"));
}

static size_t on_header(char *bytes, size_t size, size_t count, void *arg)
{
    watch_request_t *r = arg;
    slice_t line = slice_of(bytes, size * count), name = SLICE_LIT("etag:");
    r->heard_ms = watch_clock();
    if (line.len >= 5 && memcmp(line.ptr, "HTTP/", 5) == 0) {
        buf_clear(&r->etag); /* another answer, behind a redirection */
    } else if (line.len > name.len && slice_eq_nocase(slice_of(line.ptr, name.len), name)) {
        line = slice_of(line.ptr + name.len, line.len - name.len);
        while (line.len && (line.ptr[0] == ' ' || line.ptr[0] == '\t')) {
            line = slice_of(line.ptr + 1, line.len - 1);
        }
        line.len = line.len ? strcspn(line.ptr, "\r\n") : 0;
        buf_clear(&r->etag);
        buf_append_slice(&r->etag, line);
    }
    return size * count;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *arg)
{
    watch_request_t *r = arg;
    slice_t data = slice_of(bytes, size * count);
    long status = 0;
    r->heard_ms = watch_clock();
    (void)curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &status);
    if (r->call.stream_type && status == 200 &&
        slice_eq_nocase(media_type_of(r->easy), slice_str(r->call.stream_type))) {
        r->stopped = !r->call.on_data(r->call.arg, data);
        return r->stopped ? CURL_WRITEFUNC_ERROR : data.len;
    }
    r->too_long = data.len > WATCH_DOC_MAX - r->body.len;
    if (!r->too_long) {
        buf_append_slice(&r->body, data);
    }
    return r->too_long || buf_failed(&r->body) ? CURL_WRITEFUNC_ERROR : data.len;
}

/* ---- requests ---- */

static bool add_header(watch_request_t *r, const char *name, slice_t value)
{
    buf_t line = BUF_INIT;
    buf_printf(&line, "%s: %.*s", name, SLICE_ARG(value));
    buf_append_char(&line, '\0');
    struct curl_slist *more = buf_failed(&line) ? NULL : curl_slist_append(r->headers, line.ptr);
    buf_release(&line);
    r->headers = more ? more : r->headers;
    return more != NULL;
}

static bool set_headers(watch_request_t *r, const watch_call_t *call)
{
    bool ok = add_header(r, "Accept", slice_str(call->accept));
    if (call->content_type) {
        ok = ok && add_header(r, "Content-Type", slice_str(call->content_type));
    }
    if (call->if_none_match.len) {
        ok = ok && add_header(r, "If-None-Match", call->if_none_match);
    }
    return ok && curl_easy_setopt(r->easy, CURLOPT_HTTPHEADER, r->headers) == CURLE_OK;
}

static bool set_security(CURL *easy, const watch_http_options_t *o, bool tls)
{
    /* Nothing that began with TLS goes on without it. */
    return !curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") &&
           !curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, tls ? "https" : "http,https") &&
           (!o->cacert || !curl_easy_setopt(easy, CURLOPT_CAINFO, o->cacert)) &&
           (!o->cert || !curl_easy_setopt(easy, CURLOPT_SSLCERT, o->cert)) &&
           (!o->key || !curl_easy_setopt(easy, CURLOPT_SSLKEY, o->key));
}

static bool set_options(watch_request_t *r, const watch_call_t *call)
{
    const watch_http_options_t *o = &r->http->options;
    CURL *e = r->easy;
    bool tls = strncmp(call->url, "https:", 6) == 0, prior = o->prior_knowledge && !tls;
    long version = prior ? CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE : CURL_HTTP_VERSION_2TLS;
    bool ok = !curl_easy_setopt(e, CURLOPT_URL, call->url) && set_headers(r, call) &&
              set_security(e, o, tls) && !curl_easy_setopt(e, CURLOPT_HTTP_VERSION, version) &&
              !curl_easy_setopt(e, CURLOPT_USERAGENT, "footprintctl/" FPD_VERSION) &&
              !curl_easy_setopt(e, CURLOPT_ERRORBUFFER, r->error) &&
              !curl_easy_setopt(e, CURLOPT_PRIVATE, r);
    (void)curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(e, CURLOPT_WRITEDATA, r);
    (void)curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
    (void)curl_easy_setopt(e, CURLOPT_HEADERDATA, r);
    (void)curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(e, CURLOPT_PIPEWAIT, prior ? 0L : 1L);
    (void)curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    (void)curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
    (void)curl_easy_setopt(e, CURLOPT_TCP_KEEPIDLE, KEEPALIVE_S);
    (void)curl_easy_setopt(e, CURLOPT_TCP_KEEPINTVL, KEEPALIVE_S);
    (void)curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 1L);
    (void)curl_easy_setopt(e, CURLOPT_MAXREDIRS, REDIRECTS_MAX);
    (void)curl_easy_setopt(e, CURLOPT_POSTREDIR, (long)CURL_REDIR_POST_ALL);
    if (prior && curl_version_info(CURLVERSION_NOW)->version_num < REUSE_VERSION) {
        (void)curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, 1L);
        (void)curl_easy_setopt(e, CURLOPT_FORBID_REUSE, 1L);
    }
    if (!call->stream_type) { /* what is coded comes late */
        ok = ok && !curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, "");
    }
    if (call->content_type) {
        (void)curl_easy_setopt(e, CURLOPT_POST, 1L);
        (void)curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->sent.len);
        (void)curl_easy_setopt(e, CURLOPT_POSTFIELDS, r->sent.ptr ? r->sent.ptr : "");
    }
    return ok;
}

watch_request_t *watch_http_start(watch_http_t *http, const watch_call_t *call)
{
    watch_request_t *r = calloc(1, sizeof *r);
    if (!r) {
        return NULL;
    }
    r->http = http;
    r->call = *call;
    r->heard_ms = watch_clock();
    buf_append_slice(&r->sent, call->body);
    r->easy = curl_easy_init();
    if (!r->easy || buf_failed(&r->sent) || !set_options(r, call) ||
        curl_multi_add_handle(http->multi, r->easy)) {
        request_free(r);
        return NULL;
    }
    r->call.url = r->call.accept = r->call.content_type = NULL;
    r->call.body = r->call.if_none_match = (slice_t){NULL, 0};
    r->next = http->requests;
    http->requests = r;
    return r;
}

/* What no second try would mend: a certificate, the URL itself. */
static bool never_mends(CURLcode code)
{
    return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CERTPROBLEM ||
           code == CURLE_SSL_CACERT_BADFILE || code == CURLE_SSL_ISSUER_ERROR ||
           code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_URL_MALFORMAT ||
           code == CURLE_TOO_MANY_REDIRECTS;
}

static void finish(watch_http_t *http, watch_request_t *r, CURLcode code)
{
    watch_answer_t answer = {.media_type = media_type_of(r->easy),
                             .whole_type = whole_type_of(r->easy),
                             .etag = buf_slice(&r->etag),
                             .body = buf_slice(&r->body),
                             .quiet = r->quiet,
                             .for_good = never_mends(code)};
    curl_off_t retry_after = 0;
    char *url = NULL;
    (void)curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &answer.status);
    (void)curl_easy_getinfo(r->easy, CURLINFO_RETRY_AFTER, &retry_after);
    (void)curl_easy_getinfo(r->easy, CURLINFO_EFFECTIVE_URL, &url);
    answer.retry_after_s = retry_after;
    answer.url = url ? url : "";
    if (r->too_long) {
        (void)snprintf(r->failure, sizeof r->failure,
                       "the answer is longer than this program takes");
    } else if (code && !r->stopped && !r->failure[0]) {
        (void)snprintf(r->failure, sizeof r->failure, "%s",
                       r->error[0] ? r->error : curl_easy_strerror(code));
    }
    answer.failure = r->failure[0] ? r->failure : NULL;
    if (answer.failure && !r->call.stream_type) {
        answer.status = 0; /* a part of an answer is none */
    }
    unlink_request(http, r);
    r->call.on_done(r->call.arg, &answer);
    request_free(r);
}

static void give_up_quiet(watch_http_t *http, int64_t now)
{
    for (watch_request_t *r = http->requests; r; r = r->next) {
        if (r->call.quiet_ms && now - r->heard_ms >= r->call.quiet_ms) {
            r->quiet = true;
            (void)snprintf(r->failure, sizeof r->failure, "nothing came for %.1f s",
                           (double)r->call.quiet_ms / 1000);
            finish(http, r, CURLE_OPERATION_TIMEDOUT);
            return; /* the list may be another one now */
        }
    }
}

static int64_t until_quiet(const watch_http_t *http, int64_t now, int64_t timeout)
{
    for (const watch_request_t *r = http->requests; r; r = r->next) {
        int64_t left = r->call.quiet_ms ? r->heard_ms + r->call.quiet_ms - now : timeout;
        timeout = left < timeout ? left : timeout;
    }
    return timeout < 0 ? 0 : timeout < POLL_MAX_MS ? timeout : POLL_MAX_MS;
}

void watch_http_step(watch_http_t *http, int fd, int64_t timeout_ms)
{
    struct curl_waitfd extra = {.fd = fd, .events = CURL_WAIT_POLLIN};
    int running, left;
    int wait = (int)until_quiet(http, watch_clock(), timeout_ms);
    /* Work only behind the waiting: what callbacks change must be seen before the next wait. */
    (void)curl_multi_poll(http->multi, &extra, 1, wait, NULL);
    (void)curl_multi_perform(http->multi, &running);
    CURLMsg *message = curl_multi_info_read(http->multi, &left);
    while (message) {
        char *request = NULL;
        CURLcode code = message->data.result;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &request);
        finish(http, (watch_request_t *)(void *)request, code);
        message = curl_multi_info_read(http->multi, &left);
    }
    give_up_quiet(http, watch_clock());
}

char *watch_url_resolve(const char *base, slice_t reference)
{
    CURLU *url = curl_url();
    buf_t text = BUF_INIT;
    char *found = NULL, *copy = NULL;
    buf_append_slice(&text, reference);
    buf_append_char(&text, '\0');
    if (url && !buf_failed(&text) && strlen(text.ptr) == reference.len &&
        (!base || !curl_url_set(url, CURLUPART_URL, base, 0)) &&
        !curl_url_set(url, CURLUPART_URL, text.ptr, 0) &&
        !curl_url_get(url, CURLUPART_URL, &found, 0) &&
        (strncmp(found, "http://", 7) == 0 || strncmp(found, "https://", 8) == 0)) {
        copy = strdup(found);
    }
    curl_free(found);
    curl_url_cleanup(url);
    buf_release(&text);
    return copy;
}
