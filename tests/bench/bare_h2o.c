/*
 * The anchor of the HTTP benchmarks: the least that a libh2o server does to answer from memory with
 * the fields that a cacheable resource has. No negotiation, no conditions, no limits, no snapshots.
 *
 * usage: bare_h2o [--port N] [--tls CERT KEY] [--get PATH FILE] [--copy PATH FILE] [--echo PATH]...
 * Answers PATH with the bytes of FILE, read once (get); with a copy of them made for the request
 * (copy); or with the body of the request (echo). On one loop; prints "ready URI"; ends with
 * SIGTERM.
 */
#include <arpa/inet.h>
#include <h2o.h>
#include <h2o/http1.h>
#include <h2o/http2.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static h2o_globalconf_t config;
static h2o_context_t context;
static h2o_accept_ctx_t accept_ctx;

typedef enum answer_mode { MODE_GET, MODE_COPY, MODE_ECHO } answer_mode_t;

typedef struct memory_handler {
    h2o_handler_t super;
    h2o_iovec_t body;
    answer_mode_t mode;
} memory_handler_t;

static int on_req(h2o_handler_t *handler, h2o_req_t *req)
{
    static h2o_generator_t generator = {NULL, NULL};
    const memory_handler_t *self = (memory_handler_t *)handler;
    h2o_iovec_t body = self->mode == MODE_ECHO ? req->entity : self->body;
    if (self->mode == MODE_COPY) {
        body.base = h2o_mem_alloc_shared(&req->pool, body.len, NULL);
        memcpy(body.base, self->body.base, body.len);
    }
    req->res.status = 200;
    req->res.reason = "OK";
    req->res.content_length = body.len;
    h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_CONTENT_TYPE, NULL,
                   H2O_STRLIT("application/alto-cdni+json"));
    h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_ETAG, NULL,
                   H2O_STRLIT("\"abcdefghijklmnopqrstuvwxyz0\""));
    h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_CACHE_CONTROL, NULL,
                   H2O_STRLIT("max-age=60"));
    h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_VARY, NULL,
                   H2O_STRLIT("Accept-Encoding"));
    h2o_start_response(req, &generator);
    h2o_send(req, &body, 1, H2O_SEND_STATE_FINAL);
    return 0;
}

static void on_acceptable(h2o_socket_t *listener, const char *err)
{
    for (int i = 0; !err && i < 16; i++) {
        h2o_socket_t *sock = h2o_evloop_socket_accept(listener);
        if (!sock) {
            break;
        }
        h2o_accept(&accept_ctx, sock);
    }
}

static h2o_iovec_t read_file(const char *name)
{
    FILE *file = fopen(name, "rb");
    long size = file && fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    char *bytes = size > 0 ? malloc((size_t)size) : NULL;
    if (!bytes || fseek(file, 0, SEEK_SET) != 0 ||
        fread(bytes, 1, (size_t)size, file) != (size_t)size) {
        (void)fprintf(stderr, "bare_h2o: %s cannot be read, or is empty\n", name);
        exit(1);
    }
    (void)fclose(file);
    return h2o_iovec_init(bytes, (size_t)size);
}

static void add_path(h2o_hostconf_t *host, const char *path, answer_mode_t mode, const char *file)
{
    h2o_pathconf_t *conf = h2o_config_register_path(host, path, 0);
    memory_handler_t *handler = (memory_handler_t *)h2o_create_handler(conf, sizeof *handler);
    handler->super.on_req = on_req;
    handler->mode = mode;
    handler->body = file ? read_file(file) : h2o_iovec_init(NULL, 0);
}

static SSL_CTX *make_tls(const char *certificate, const char *key)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    if (!ctx || SSL_CTX_use_certificate_chain_file(ctx, certificate) != 1 ||
        SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1) {
        (void)fprintf(stderr, "bare_h2o: the certificate or key is not usable\n");
        exit(1);
    }
    h2o_ssl_register_alpn_protocols(ctx, h2o_http2_alpn_protocols);
    return ctx;
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    h2o_config_init(&config);
    h2o_hostconf_t *host = h2o_config_register_host(&config, h2o_iovec_init(H2O_STRLIT("default")),
                                                    65535);
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--port") == 0 && i + 1 < argc) {
            address.sin_port = htons((uint16_t)strtoul(argv[++i], NULL, 10));
        } else if (strcmp(argv[i], "--tls") == 0 && i + 2 < argc) {
            accept_ctx.ssl_ctx = make_tls(argv[i + 1], argv[i + 2]);
            i += 2;
        } else if (strcmp(argv[i], "--get") == 0 && i + 2 < argc) {
            add_path(host, argv[i + 1], MODE_GET, argv[i + 2]);
            i += 2;
        } else if (strcmp(argv[i], "--copy") == 0 && i + 2 < argc) {
            add_path(host, argv[i + 1], MODE_COPY, argv[i + 2]);
            i += 2;
        } else if (strcmp(argv[i], "--echo") == 0 && i + 1 < argc) {
            add_path(host, argv[++i], MODE_ECHO, NULL);
        } else {
            (void)fprintf(stderr, "unknown argument: %s\n", argv[i]);
            return 2;
        }
    }
    (void)signal(SIGPIPE, SIG_IGN);
    int on = 1;
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, (struct sockaddr *)&address, len) != 0 || listen(fd, SOMAXCONN) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) != 0) {
        perror("bare_h2o");
        return 1;
    }
    h2o_context_init(&context, h2o_evloop_create(), &config);
    accept_ctx.ctx = &context;
    accept_ctx.hosts = config.hosts;
    h2o_socket_t *listener = h2o_evloop_socket_create(context.loop, fd, H2O_SOCKET_FLAG_DONT_READ);
    h2o_socket_read_start(listener, on_acceptable);
    (void)printf("ready http%s://127.0.0.1:%u\n", accept_ctx.ssl_ctx ? "s" : "",
                 (unsigned)ntohs(address.sin_port));
    (void)fflush(stdout);
    while (h2o_evloop_run(context.loop, INT32_MAX) == 0) {
    }
    return 1;
}
