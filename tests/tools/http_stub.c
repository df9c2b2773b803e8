/*
 * A server of made-up resources over the real HTTP area: for tests of what the real resources do
 * not show (large bodies, slow answers, full queues) and for measurements.
 *
 * usage: http_stub [--port N] [--threads N] [--tls CERT KEY] [--client-ca FILE optional|required]
 *                  [--access-log] [--option NAME=N]... [--admin TOKENS]
 * Prints "admin URI", if there is such an interface, and "ready URI" on standard output; SIGHUP
 * publishes a new snapshot and reads certificates again, SIGTERM drains.
 */
#include "footprintd/base/json.h"
#include "footprintd/http/admin.h"
#include "footprintd/log/log.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* ---- a snapshot of our own ---- */

#define RESOURCES 8

struct snapshot {
    atomic_uint refs;
    uint64_t generation;
    view_t view;
    resource_t resources[RESOURCES];
    document_t documents[RESOURCES];
    body_t bodies[RESOURCES][CODING_COUNT];
    slice_t *segments[RESOURCES];
    char *text; /* what all segments point into */
};

static atomic_uint live_snapshots;

snapshot_t *snapshot_ref(snapshot_t *s)
{
    (void)atomic_fetch_add(&s->refs, 1);
    return s;
}

void snapshot_unref(snapshot_t *s)
{
    if (atomic_fetch_sub(&s->refs, 1) != 1) {
        return;
    }
    for (size_t i = 0; i < RESOURCES; i++) {
        free(s->segments[i]);
    }
    free(s->text);
    table_release(&s->view.by_path);
    free(s);
    (void)atomic_fetch_sub(&live_snapshots, 1);
}

const view_t *snapshot_view_public(const snapshot_t *s)
{
    return &s->view;
}

const view_t *snapshot_view_of(const snapshot_t *s, slice_t name)
{
    (void)name;
    return &s->view;
}

const resource_t *view_find(const view_t *view, slice_t path)
{
    return table_get(&view->by_path, path);
}

uint64_t snapshot_generation(const snapshot_t *s)
{
    return s->generation;
}

/* ---- kinds ---- */

static err_t answer_echo(const resource_t *resource, slice_t request, const alto_limits_t *limits,
                         arena_t *arena, alto_answer_t *out)
{
    (void)resource;
    (void)limits;
    slice_t *segments = arena_array(arena, 1, sizeof *segments);
    if (!segments) {
        return ERR_NOMEM;
    }
    segments[0] = arena_copy(arena, request);
    bool bad = slice_is(request, "bad");
    *out = (alto_answer_t){.status = bad ? 400 : 200,
                           .media_type = bad ? ALTO_MEDIA_ERROR : "application/x-echo+json",
                           .size = request.len,
                           .segments = segments,
                           .count = request.len ? 1 : 0};
    return arena_failed(arena) ? ERR_NOMEM : ERR_OK;
}

static uint64_t milliseconds_of(slice_t request)
{
    uint64_t ms = 0;
    for (size_t i = 0; i < request.len && request.ptr[i] >= '0' && request.ptr[i] <= '9'; i++) {
        ms = ms * 10 + (uint64_t)(request.ptr[i] - '0');
    }
    return ms < 10000 ? ms : 10000;
}

/* Sleeps for as many milliseconds as the body says, then echoes. */
static err_t answer_slow(const resource_t *resource, slice_t request, const alto_limits_t *limits,
                         arena_t *arena, alto_answer_t *out)
{
    uint64_t ms = milliseconds_of(request);
    struct timespec time = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
    (void)nanosleep(&time, NULL);
    return answer_echo(resource, request, limits, arena, out);
}

static uint64_t cost_slow(const resource_t *resource, slice_t request)
{
    (void)resource;
    return milliseconds_of(request) * 1000 + 5000;
}

static const resource_kind_t kind_get = {.name = "get", .media_type = "application/x-get+json"};
static const resource_kind_t kind_echo = {.name = "echo",
                                          .media_type = "application/x-echo+json",
                                          .accepts = "application/x-in+json",
                                          .accepts_compat = "application/x-in",
                                          .answer = answer_echo};
static const resource_kind_t kind_slow = {.name = "slow",
                                          .media_type = "application/x-echo+json",
                                          .accepts = "application/x-in+json",
                                          .answer = answer_slow,
                                          .cost = cost_slow};

/* ---- resources ---- */

#define TEXT_SIZE ((size_t)5 << 20)

static void fill_text(char *text, uint64_t generation)
{
    uint32_t state = (uint32_t)generation * 2654435761u + 1;
    for (size_t i = 0; i < TEXT_SIZE; i++) {
        state = state * 1664525 + 1013904223;
        text[i] = (char)('a' + (state >> 24) % 26);
    }
}

static void add_body(struct snapshot *s, size_t i, coding_t coding, size_t size, size_t count)
{
    body_t *body = &s->bodies[i][coding];
    slice_t *segments = s->segments[i];
    size_t at = 0;
    for (size_t k = 0; k < count; k++) {
        size_t end = size * (k + 1) / count;
        segments[k] = slice_of(s->text + at, end - at);
        at = end;
    }
    *body = (body_t){.size = size, .count = count, .segments = segments};
    atomic_store(&s->documents[i].bodies[coding], body);
}

static void add(struct snapshot *s, const char *path, const resource_kind_t *kind, size_t size,
                size_t count)
{
    size_t i = s->view.count++;
    resource_t *resource = &s->resources[i];
    *resource = (resource_t){.kind = kind, .id = slice_str(path + 1), .path = slice_str(path)};
    if (size) {
        document_t *document = &s->documents[i];
        static const char *const suffixes[CODING_COUNT] = {"", ";gz", ";br"};
        for (size_t c = 0; c < CODING_COUNT; c++) {
            document->etag_lens[c] = (uint8_t)snprintf(
                document->etags[c], ETAG_MAX, "\"generation-%llu%s\"",
                (unsigned long long)s->generation, suffixes[c]);
        }
        s->segments[i] = calloc(count + CODING_COUNT, sizeof(slice_t));
        if (!s->segments[i]) {
            abort();
        }
        add_body(s, i, CODING_IDENTITY, size, count);
        resource->document = document;
    }
    if (table_put(&s->view.by_path, resource->path, resource, NULL)) {
        abort();
    }
}

/* A coded body is the first bytes of the plain one: clients here do not decode. */
static void add_coded(struct snapshot *s, coding_t coding, size_t size)
{
    size_t i = s->view.count - 1;
    body_t *body = &s->bodies[i][coding];
    slice_t *segments = &s->segments[i][s->bodies[i][CODING_IDENTITY].count + coding];
    segments[0] = slice_of(s->text, size);
    *body = (body_t){.size = size, .count = 1, .segments = segments};
    atomic_store(&s->documents[i].bodies[coding], body);
}

static snapshot_t *make_snapshot(uint64_t generation)
{
    struct snapshot *s = calloc(1, sizeof *s);
    char *text = malloc(TEXT_SIZE);
    if (!s || !text) {
        abort();
    }
    (void)atomic_fetch_add(&live_snapshots, 1);
    fill_text(text, generation);
    s->text = text;
    s->generation = generation;
    atomic_store(&s->refs, 1);
    s->view.resources = s->resources;
    add(s, "/", &kind_get, 512, 1);
    add(s, "/1k", &kind_get, 1024, 1);
    add(s, "/100k", &kind_get, (size_t)100 << 10, 1);
    add(s, "/2m", &kind_get, (size_t)2 << 20, 1);
    add(s, "/5m", &kind_get, TEXT_SIZE, 1000);
    add(s, "/coded", &kind_get, 4096, 3);
    add_coded(s, CODING_GZIP, 1500);
    add_coded(s, CODING_BROTLI, 1200);
    add(s, "/echo", &kind_echo, 0, 0);
    add(s, "/slow", &kind_slow, 0, 0);
    return s;
}

/* ---- the admin interface ---- */

/* Says that it has begun, and waits until somebody writes to the FIFO that the body names. */
static void wait_for_fifo(slice_t body)
{
    char path[1024];
    char byte;
    (void)snprintf(path, sizeof path, "%.*s", SLICE_ARG(body));
    (void)printf("answering %s\n", path);
    (void)fflush(stdout);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    (void)!read(fd, &byte, 1);
    (void)close(fd);
}

static void member(buf_t *out, const char *name, slice_t value)
{
    buf_printf(out, "%s\"%s\":", out->len > 1 ? "," : "", name);
    json_write_string(out, value);
}

/* Everything that it was given, as JSON. */
static void admin_stub(void *arg, const admin_request_t *request, admin_response_t *response)
{
    (void)arg;
    buf_t *out = &response->body;
    response->status = request->route->endpoint == ADMIN_CHANGES ? 201 : 200;
    if (request->route->endpoint == ADMIN_DIFF) {
        wait_for_fifo(request->body);
    } else if (request->route->endpoint == ADMIN_STATUS) {
        response->status = 0; /* forgets to answer */
        return;
    } else if (request->route->endpoint == ADMIN_AUDIT) {
        response->status = 204;
        return;
    } else if (request->route->endpoint == ADMIN_GENERATION_LIST) {
        buf_t size = BUF_INIT;
        (void)admin_query_get(request, "size", &size);
        buf_append_char(&size, '\0');
        for (unsigned long n = buf_failed(&size) ? 0 : strtoul(size.ptr, NULL, 10); n; n--) {
            buf_append_char(out, 'x');
        }
        buf_release(&size);
        return;
    }
    buf_append_char(out, '{');
    member(out, "method", request->method);
    member(out, "path", request->path);
    member(out, "query", request->query);
    member(out, "content-type", request->content_type);
    member(out, "if-match", request->if_match);
    member(out, "if-none-match", request->if_none_match);
    member(out, "user", request->user);
    member(out, "peer", request->peer);
    member(out, "role", slice_str(admin_role_name(request->role)));
    member(out, "name", request->name);
    buf_printf(out, ",\"body\":%zu}", request->body.len);
    if (request->route->endpoint == ADMIN_DOCUMENT_GET) {
        (void)snprintf(response->etag, sizeof response->etag, "\"made-up\"");
    }
    if (response->status == 201) {
        response->location = arena_printf(&response->arena, "/v1/generations/%d", 7);
        response->retry_after = 3;
    }
}

/* ---- the program ---- */

static void set_option(http_options_t *options, const char *text)
{
    static const struct {
        const char *name;
        size_t offset;
        bool is_size;
    } names[] = {
        {"max-body=", offsetof(http_options_t, max_body_bytes), true},
        {"max-connections=", offsetof(http_options_t, max_connections), true},
        {"request-timeout=", offsetof(http_options_t, request_timeout_s), false},
        {"handshake-timeout=", offsetof(http_options_t, handshake_timeout_s), false},
        {"send-timeout=", offsetof(http_options_t, send_timeout_s), false},
        {"worker-queue=", offsetof(http_options_t, worker_queue), true},
        {"h2-control-per-s=", offsetof(http_options_t, guard.control_per_s), true},
        {"h2-resets-per-s=", offsetof(http_options_t, guard.resets_per_s), true},
        {"header-block-s=", offsetof(http_options_t, guard.header_s), true},
        {"body-bytes=", offsetof(http_options_t, guard.total_body_bytes), true},
        {"body-bytes-per-s=", offsetof(http_options_t, guard.body_bytes_per_s), true},
        {"new-connections-per-s=", offsetof(http_options_t, guard.new_connections_per_s), true},
        {"connections-per-address=", offsetof(http_options_t, guard.connections_per_address), true},
        {"connections-per-network=", offsetof(http_options_t, guard.connections_per_network), true},
        {"new-connections-per-network-s=",
         offsetof(http_options_t, guard.new_connections_per_network_s), true},
        {"streams-per-address=", offsetof(http_options_t, guard.streams_per_address), true},
        {"handshakes-per-address=", offsetof(http_options_t, guard.handshakes_per_address), true},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        size_t len = strlen(names[i].name);
        if (strncmp(text, names[i].name, len) == 0) {
            unsigned long value = strtoul(text + len, NULL, 10);
            char *field = (char *)options + names[i].offset;
            if (names[i].is_size) {
                *(size_t *)(void *)field = value;
            } else {
                *(unsigned *)(void *)field = (unsigned)value;
            }
            return;
        }
    }
    (void)fprintf(stderr, "no such option: %s\n", text);
    exit(2);
}

int main(int argc, char **argv)
{
    http_listener_t listener = {.client_auth = CLIENT_AUTH_NONE};
    http_options_t options = {.listeners = &listener, .listener_count = 1, .max_age_s = 60};
    http_admin_options_t admin = {.listener = {.address = SLICE_LIT("127.0.0.1:0")},
                                  .answer = admin_stub};
    guard_options_init(&options.guard);
    const char *port = "0";
    unsigned drain_s = 5;
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        if (strcmp(word, "--access-log") == 0) {
            options.access_log = true;
        } else if (strcmp(word, "--port") == 0 && i + 1 < argc) {
            port = argv[++i];
        } else if (strcmp(word, "--threads") == 0 && i + 1 < argc) {
            options.threads = (unsigned)strtoul(argv[++i], NULL, 10);
        } else if (strcmp(word, "--drain") == 0 && i + 1 < argc) {
            drain_s = (unsigned)strtoul(argv[++i], NULL, 10);
        } else if (strcmp(word, "--admin") == 0 && i + 1 < argc) {
            admin.tokens_file = slice_str(argv[++i]);
            options.admin = &admin;
        } else if (strcmp(word, "--admin-max-body") == 0 && i + 1 < argc) {
            admin.max_body_bytes = strtoul(argv[++i], NULL, 10);
        } else if (strcmp(word, "--option") == 0 && i + 1 < argc) {
            set_option(&options, argv[++i]);
        } else if (strcmp(word, "--tls") == 0 && i + 2 < argc) {
            listener.tls = true;
            listener.certificate = slice_str(argv[++i]);
            listener.key = slice_str(argv[++i]);
        } else if (strcmp(word, "--client-ca") == 0 && i + 2 < argc) {
            listener.client_ca = slice_str(argv[++i]);
            listener.client_auth = strcmp(argv[++i], "required") == 0 ? CLIENT_AUTH_REQUIRED
                                                                      : CLIENT_AUTH_OPTIONAL;
        } else {
            (void)fprintf(stderr, "unknown argument: %s\n", word);
            return 2;
        }
    }
    char address[64];
    (void)snprintf(address, sizeof address, "127.0.0.1:%s", port);
    listener.address = slice_str(address);

    sigset_t signals;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGHUP);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
    if (log_start(2, LOG_FORMAT_TEXT, LOG_LEVEL_INFO)) {
        return 1;
    }
    http_server_t *server;
    buf_t why = BUF_INIT;
    if (http_server_new(&options, &server, &why)) {
        (void)fprintf(stderr, "http_stub: %.*s\n", SLICE_ARG(buf_slice(&why)));
        buf_release(&why);
        log_stop();
        return 1;
    }
    uint64_t generation = 1;
    snapshot_t *snapshot = make_snapshot(generation);
    if (http_server_start(server, snapshot)) {
        return 1;
    }
    snapshot_unref(snapshot);
    if (options.admin) {
        (void)printf("admin %.*s\n", SLICE_ARG(http_server_admin_uri(server)));
    }
    (void)printf("ready %.*s\n", SLICE_ARG(http_server_uri(server, 0)));
    (void)fflush(stdout);
    int number = 0;
    while (sigwait(&signals, &number) == 0 && number == SIGHUP) {
        snapshot = make_snapshot(++generation);
        http_server_publish(server, snapshot);
        snapshot_unref(snapshot);
        buf_clear(&why);
        if (http_server_reload_tls(server, &why)) {
            (void)fprintf(stderr, "http_stub: %.*s\n", SLICE_ARG(buf_slice(&why)));
        }
    }
    if (!http_server_drain(server, drain_s)) {
        log_flush();
        _exit(3);
    }
    http_server_free(server);
    buf_release(&why);
    log_stop();
    unsigned left = atomic_load(&live_snapshots);
    if (left) {
        (void)fprintf(stderr, "http_stub: %u snapshots left\n", left);
    }
    return left ? 4 : 0;
}
