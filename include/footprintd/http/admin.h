/*
 * The HTTP half of the admin interface: a listener of its own, tokens, roles and routes. What the
 * answers are is the application's: it gives a function, which a worker calls.
 *
 * By the time that `answer` is called the token is known, the route exists, the role suffices, and
 * the body is neither too large nor of a type that the route does not take. HTTP adds the rest:
 * Cache-Control, 304 for a GET whose ETag the client has, and the answer to HEAD.
 */
#ifndef FOOTPRINTD_HTTP_ADMIN_H
#define FOOTPRINTD_HTTP_ADMIN_H

#include "footprintd/base/arena.h"
#include "footprintd/http/server.h"

#define ADMIN_MEDIA_JSON    "application/json"
#define ADMIN_MEDIA_PROBLEM "application/problem+json" /* RFC 9457 */
#define ADMIN_MEDIA_YAML    "application/yaml"         /* RFC 9512 */
#define ADMIN_MEDIA_CSV     "text/csv"                 /* RFC 4180: a data file */

/* Each may do what those before it may. */
typedef enum admin_role { ADMIN_READER, ADMIN_EDITOR, ADMIN_ADMIN } admin_role_t;

/* "reader", "editor", "admin" */
const char *admin_role_name(admin_role_t role);

typedef enum admin_endpoint {
    ADMIN_STATUS,
    ADMIN_DOCUMENT_LIST,
    ADMIN_DOCUMENT_GET,
    ADMIN_DOCUMENT_PUT,
    ADMIN_DOCUMENT_DELETE,
    ADMIN_CHANGES,
    ADMIN_CHECK,
    ADMIN_DIFF,
    ADMIN_GENERATION_LIST,
    ADMIN_GENERATION_GET,
    ADMIN_ROLLBACK,
    ADMIN_COSTS,
    ADMIN_HELD_LIST,
    ADMIN_HELD_GET,
    ADMIN_HELD_DROP,
    ADMIN_EXPLAIN,
    ADMIN_RELOAD,
    ADMIN_AUDIT,
    ADMIN_BACKUP,
    ADMIN_ENDPOINT_COUNT
} admin_endpoint_t;

/* Which bodies a route takes. */
typedef enum admin_body {
    ADMIN_BODY_NONE,     /* one that is there is not looked at */
    ADMIN_BODY_JSON,     /* 415 unless application/json; none at all is the answer's affair */
    ADMIN_BODY_DOCUMENT, /* JSON or YAML under any of its names, or text/plain */
} admin_body_t;

typedef struct admin_route {
    admin_endpoint_t endpoint;
    const char *method;
    const char *path; /* "/v1/documents/{name}": the braces stand for one segment that is not "" */
    admin_role_t role;
    admin_body_t body;
} admin_route_t;

/* The one table of what there is. */
extern const admin_route_t admin_routes[ADMIN_ENDPOINT_COUNT];

typedef struct admin_request {
    slice_t method; /* "GET"; HEAD is given as GET */
    slice_t path;   /* "/v1/documents/dach.yaml", decoded, without query */
    slice_t query;  /* decoded by admin_query_get */
    slice_t body;
    slice_t content_type;
    slice_t if_match; /* the header's value, "" when absent; several lines are joined by commas */
    slice_t if_none_match;
    slice_t user; /* the name of the token: who it was */
    slice_t peer;
    admin_role_t role;
    const admin_route_t *route;
    slice_t name; /* what stands where the route's path has braces; "" when it has none */
} admin_request_t;

typedef struct admin_response {
    int status;             /* 0: 500 */
    const char *media_type; /* static; NULL: application/json */
    buf_t body;
    char etag[72];        /* with its quotes; "" for none */
    slice_t location;     /* static, or in the arena; "" for none */
    unsigned retry_after; /* seconds; 0: none */
    bool batches;         /* 429: more batches of costs than there may be */
    arena_t arena;        /* lives until the answer is sent */
} admin_response_t;

typedef struct http_admin_options {
    http_listener_t listener;
    slice_t tokens_file;   /* path, with a NUL behind it; read by http_server_new */
    size_t max_body_bytes; /* default 64 MiB */
    void *arg;
    /*
     * On a worker of the admin interface's own; it may take long. The request's memory lives until
     * it returns.
     */
    void (*answer)(void *arg, const admin_request_t *request, admin_response_t *response);
} http_admin_options_t;

/*
 * The first parameter of that name, its value decoded (percent-encoding, and '+' for a space) and
 * appended to out; an escape that is none stays as it is. False when there is none.
 */
bool admin_query_get(const admin_request_t *request, const char *name, buf_t *out);

/*
 * Makes the response problem details (RFC 9457), whatever its body was: type about:blank, the
 * status with its title, the detail, and `code`, a stable word for programs.
 */
void admin_error(admin_response_t *response, int status, const char *code, const char *fmt, ...)
    FPD_PRINTF(4, 5);

/* Adds a member to the problem details that admin_error made: its value is JSON text. */
void admin_error_member(admin_response_t *response, const char *name, slice_t json);

/* Whether the file of tokens can be used; if not, *why has one line. */
err_t http_admin_check_tokens(const char *file, buf_t *why) FPD_MUST_CHECK;

/* ---- the server's side, see http_options_t.admin ---- */

/* "http://127.0.0.1:8081", with the port that was picked; "" without an admin interface. */
slice_t http_server_admin_uri(const http_server_t *server);
/* Reads the tokens again; on failure the old ones stay and *why has one line. */
err_t http_server_reload_tokens(http_server_t *server, buf_t *why) FPD_MUST_CHECK;

typedef struct http_admin_counters {
    uint64_t requests; /* with a token that is known */
    uint64_t wrong_tokens;
    uint64_t refused; /* 503: too many waited for a worker */
} http_admin_counters_t;

http_admin_counters_t http_server_admin_counters(http_server_t *server);

#endif
