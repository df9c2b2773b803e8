#include "remote_http.h"

#include <curl/curl.h>
#include <stdlib.h>

#define CONNECT_MS  10000L
#define KEEPALIVE_S 15L
/* A generation with all its documents. */
#define ANSWER_MAX ((size_t)1 << 30)

struct remote_http {
    const char *method; /* of the next request; NULL: as its body says */
    remote_http_options_t options;
    CURL *easy;
    struct curl_slist *headers;
    buf_t body;
    bool too_long;
    char error[CURL_ERROR_SIZE];
};

remote_http_t *remote_http_new(const remote_http_options_t *options)
{
    remote_http_t *http = calloc(1, sizeof *http);
    if (!http || curl_global_init(CURL_GLOBAL_DEFAULT)) {
        free(http);
        return NULL;
    }
    http->options = *options;
    http->easy = curl_easy_init();
    if (!http->easy) {
        remote_http_free(http);
        return NULL;
    }
    return http;
}

void remote_http_free(remote_http_t *http)
{
    if (!http) {
        return;
    }
    if (http->easy) {
        curl_easy_cleanup(http->easy);
    }
    curl_slist_free_all(http->headers);
    buf_release(&http->body);
    curl_global_cleanup();
    free(http);
}

static size_t on_body(char *bytes, size_t size, size_t count, void *arg)
{
    remote_http_t *http = arg;
    http->too_long = size * count > ANSWER_MAX - http->body.len;
    if (!http->too_long) {
        buf_append(&http->body, bytes, size * count);
    }
    return http->too_long || buf_failed(&http->body) ? CURL_WRITEFUNC_ERROR : size * count;
}

static int on_progress(void *arg, curl_off_t dl_total, curl_off_t dl_now, curl_off_t ul_total,
                       curl_off_t ul_now)
{
    const remote_http_t *http = arg;
    (void)dl_total;
    (void)dl_now;
    (void)ul_total;
    (void)ul_now;
    http->options.waiting(http->options.waiting_arg);
    return 0;
}

static bool set_headers(remote_http_t *http, bool with_body)
{
    const char *const lines[] = {"Accept: application/json, application/problem+json, */*",
                                 with_body ? "Content-Type: application/json" : NULL};
    curl_slist_free_all(http->headers);
    http->headers = NULL;
    for (size_t i = 0; i < sizeof lines / sizeof *lines && lines[i]; i++) {
        struct curl_slist *more = curl_slist_append(http->headers, lines[i]);
        if (!more) {
            return false;
        }
        http->headers = more;
    }
    return !curl_easy_setopt(http->easy, CURLOPT_HTTPHEADER, http->headers);
}

static bool set_credentials(remote_http_t *http)
{
    CURL *e = http->easy;
    const remote_http_options_t *o = &http->options;
    if (o->user) {
        return !curl_easy_setopt(e, CURLOPT_HTTPAUTH, (long)CURLAUTH_DIGEST) &&
               !curl_easy_setopt(e, CURLOPT_USERNAME, o->user) &&
               !curl_easy_setopt(e, CURLOPT_PASSWORD, o->password);
    }
    return !o->token || (!curl_easy_setopt(e, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER) &&
                         !curl_easy_setopt(e, CURLOPT_XOAUTH2_BEARER, o->token));
}

static bool set_options(remote_http_t *http, const char *url, const slice_t *body)
{
    CURL *e = http->easy;
    const remote_http_options_t *o = &http->options;
    curl_easy_reset(e); /* the connection stays */
    bool ok = !curl_easy_setopt(e, CURLOPT_URL, url) && set_headers(http, body != NULL) &&
              !curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https") &&
              !curl_easy_setopt(e, CURLOPT_USERAGENT, "footprintctl/" FPD_VERSION) &&
              set_credentials(http) && !curl_easy_setopt(e, CURLOPT_ERRORBUFFER, http->error) &&
              (!o->cacert || !curl_easy_setopt(e, CURLOPT_CAINFO, o->cacert)) &&
              (!o->cert || !curl_easy_setopt(e, CURLOPT_SSLCERT, o->cert)) &&
              (!o->key || !curl_easy_setopt(e, CURLOPT_SSLKEY, o->key));
    (void)curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(e, CURLOPT_WRITEDATA, http);
    (void)curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    if (o->waiting) {
        (void)curl_easy_setopt(e, CURLOPT_NOPROGRESS, 0L);
        (void)curl_easy_setopt(e, CURLOPT_XFERINFOFUNCTION, on_progress);
        (void)curl_easy_setopt(e, CURLOPT_XFERINFODATA, http);
    }
    (void)curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, o->timeout_ms);
    (void)curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    (void)curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
    (void)curl_easy_setopt(e, CURLOPT_TCP_KEEPIDLE, KEEPALIVE_S);
    (void)curl_easy_setopt(e, CURLOPT_TCP_KEEPINTVL, KEEPALIVE_S);
    if (body) {
        (void)curl_easy_setopt(e, CURLOPT_POST, 1L);
        (void)curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body->len);
        (void)curl_easy_setopt(e, CURLOPT_POSTFIELDS, body->ptr ? body->ptr : "");
    }
    ok = ok && (!http->method || !curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, http->method));
    http->method = NULL;
    return ok;
}

static void read_answer(remote_http_t *http, remote_http_answer_t *answer)
{
    char *type = NULL;
    struct curl_header *etag = NULL;
    (void)curl_easy_getinfo(http->easy, CURLINFO_RESPONSE_CODE, &answer->status);
    if (!curl_easy_getinfo(http->easy, CURLINFO_CONTENT_TYPE, &type) && type) {
        answer->media_type = slice_of(type, strcspn(type, "; \t"));
    }
    if (!curl_easy_header(http->easy, "ETag", 0, CURLH_HEADER, -1, &etag)) {
        answer->etag = slice_str(etag->value);
    }
    answer->body = buf_slice(&http->body);
}

void remote_http_method(remote_http_t *http, const char *method)
{
    http->method = method;
}

void remote_http_ask(remote_http_t *http, const char *url, const slice_t *body,
                     remote_http_answer_t *answer)
{
    *answer = (remote_http_answer_t){.media_type = {"", 0}, .etag = {"", 0}};
    buf_clear(&http->body);
    http->error[0] = '\0';
    http->too_long = false;
    if (!set_options(http, url, body)) {
        answer->failure = err_text(ERR_NOMEM);
        return;
    }
    CURLcode code = curl_easy_perform(http->easy);
    if (!code) {
        read_answer(http, answer);
    } else if (http->too_long) {
        answer->failure = "the answer is longer than this program takes";
    } else {
        answer->failure = http->error[0] ? http->error : curl_easy_strerror(code);
    }
}

void remote_http_escape(slice_t text, buf_t *out)
{
    static const char digits[] = "0123456789ABCDEF";
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c && strchr(plain, c)) {
            buf_append_char(out, (char)c);
        } else {
            buf_append_char(out, '%');
            buf_append_char(out, digits[c >> 4]);
            buf_append_char(out, digits[c & 15]);
        }
    }
}
