#include "healthcheck.h"

#include "check.h"
#include "footprintd/net/addr.h"
#include "options.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* For each step; whoever asks has a limit of his own for all of it. */
#define PATIENCE_S 5
#define ANSWER_MAX ((size_t)64 << 10)

typedef struct target {
    const config_listener_t *listener;
    const char *path;
    bool metrics; /* 200 is the one good answer; elsewhere any answer but an error of the server */
} target_t;

/* ---- whom to ask ---- */

static bool can_be_asked(const config_listener_t *l, bool tls)
{
    return l->tls == tls && !l->proxy_protocol && l->client_auth != CONFIG_CLIENT_AUTH_REQUIRED;
}

static bool choose(const config_t *c, target_t *out)
{
    for (int tls = 0; tls < 2; tls++) {
        if (c->metrics && can_be_asked(&c->metrics_listener, tls)) {
            *out = (target_t){&c->metrics_listener, "/livez", true};
            return true;
        }
    }
    for (int tls = 0; tls < 2; tls++) {
        for (size_t i = 0; i < c->listener_count; i++) {
            if (can_be_asked(&c->listeners[i], tls)) {
                *out = (target_t){&c->listeners[i], "/", false};
                return true;
            }
        }
    }
    return false;
}

/* The address that the listener has, or the loopback when it has them all. */
static bool address_of(slice_t text, struct sockaddr_storage *out, socklen_t *len)
{
    size_t colon = text.len;
    while (colon && text.ptr[colon - 1] != ':') {
        colon--;
    }
    uint16_t port;
    if (!colon || !port_parse(slice_of(text.ptr + colon, text.len - colon), &port) || !port) {
        return false;
    }
    slice_t host = slice_of(text.ptr, colon - 1);
    bool v6 = host.len > 1 && host.ptr[0] == '[';
    host = v6 ? slice_of(host.ptr + 1, host.len - 2) : host;
    char buffer[INET6_ADDRSTRLEN];
    if (host.len >= sizeof buffer) {
        return false;
    }
    memcpy(buffer, host.ptr, host.len);
    buffer[host.len] = '\0';
    memset(out, 0, sizeof *out);
    if (v6) {
        struct sockaddr_in6 *to = (struct sockaddr_in6 *)out;
        *to = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(port)};
        *len = sizeof *to;
        bool known = inet_pton(AF_INET6, buffer, &to->sin6_addr) == 1;
        if (IN6_IS_ADDR_UNSPECIFIED(&to->sin6_addr)) {
            to->sin6_addr = in6addr_loopback;
        }
        return known;
    }
    struct sockaddr_in *to = (struct sockaddr_in *)out;
    *to = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
    *len = sizeof *to;
    bool known = inet_pton(AF_INET, buffer, &to->sin_addr) == 1;
    if (to->sin_addr.s_addr == htonl(INADDR_ANY)) {
        to->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    }
    return known;
}

/* ---- asking ---- */

typedef struct line {
    int fd;
    SSL *ssl; /* NULL in cleartext */
} line_t;

static ssize_t line_write(const line_t *line, const char *bytes, size_t len)
{
    return line->ssl ? SSL_write(line->ssl, bytes, (int)len)
                     : send(line->fd, bytes, len, MSG_NOSIGNAL);
}

static ssize_t line_read(const line_t *line, char *bytes, size_t len)
{
    return line->ssl ? SSL_read(line->ssl, bytes, (int)len) : recv(line->fd, bytes, len, 0);
}

/* The server ends the connection behind its answer. */
static bool converse(const line_t *line, const target_t *target, buf_t *answer)
{
    buf_t request = BUF_INIT;
    char bytes[4096];
    buf_printf(&request,
               "GET %s HTTP/1.1\r\nHost: localhost\r\nUser-Agent: footprintd-healthcheck\r\n"
               "Connection: close\r\n\r\n",
               target->path);
    bool sent = !buf_failed(&request) &&
                line_write(line, request.ptr, request.len) == (ssize_t)request.len;
    ssize_t n = 1;
    while (sent && answer->len < ANSWER_MAX && (n = line_read(line, bytes, sizeof bytes)) > 0) {
        buf_append(answer, bytes, (size_t)n);
    }
    buf_release(&request);
    return sent && answer->len;
}

static bool open_line(const target_t *target, line_t *line)
{
    struct sockaddr_storage address;
    socklen_t len;
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    if (!address_of(target->listener->address, &address, &len)) {
        (void)fprintf(stderr, "footprintd: the port of %.*s is not known beforehand\n",
                      SLICE_ARG(target->listener->address));
        return false;
    }
    line->fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    /* On Linux the limit of sending is that of connecting, too. */
    if (line->fd < 0 ||
        setsockopt(line->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) != 0 ||
        setsockopt(line->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0 ||
        connect(line->fd, (const struct sockaddr *)&address, len) != 0) {
        (void)fprintf(stderr, "footprintd: %.*s does not answer: %s\n",
                      SLICE_ARG(target->listener->address), strerror(errno));
        return false;
    }
    return true;
}

/* Its certificate is not looked at: who answers at this address is the server, or nobody is. */
static bool ask_over_tls(line_t *line, const target_t *target, buf_t *answer)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    line->ssl = ctx ? SSL_new(ctx) : NULL;
    bool answered = line->ssl && SSL_set_fd(line->ssl, line->fd) == 1 &&
                    SSL_connect(line->ssl) == 1 && converse(line, target, answer);
    SSL_free(line->ssl);
    SSL_CTX_free(ctx);
    ERR_clear_error();
    return answered;
}

/* "HTTP/1.1 200 OK": 200; 0 for anything else. */
static int status_of(const buf_t *answer)
{
    static const char start[] = "HTTP/1.1 ";
    size_t at = sizeof start - 1;
    int status = 0;
    if (answer->len < at + 3 || memcmp(answer->ptr, start, at) != 0) {
        return 0;
    }
    for (size_t i = at; i < at + 3; i++) {
        if (answer->ptr[i] < '0' || answer->ptr[i] > '9') {
            return 0;
        }
        status = status * 10 + (answer->ptr[i] - '0');
    }
    return status;
}

static void tell(const buf_t *answer)
{
    static const char gap[] = "\r\n\r\n";
    const char *end = memmem(answer->ptr, answer->len, gap, sizeof gap - 1);
    if (end) {
        const char *body = end + sizeof gap - 1;
        (void)fwrite(body, 1, answer->len - (size_t)(body - answer->ptr), stderr);
    }
}

static int ask(const target_t *target)
{
    line_t line = {.fd = -1, .ssl = NULL};
    buf_t answer = BUF_INIT;
    int code = EXIT_REFUSED;
    if (open_line(target, &line)) {
        bool answered = target->listener->tls ? ask_over_tls(&line, target, &answer)
                                              : converse(&line, target, &answer);
        int status = answered && !buf_failed(&answer) ? status_of(&answer) : 0;
        if (!status) {
            (void)fprintf(stderr, "footprintd: %.*s gives no answer of HTTP\n",
                          SLICE_ARG(target->listener->address));
        } else if (target->metrics ? status == 200 : status < 500) {
            code = EXIT_FINE;
        } else {
            (void)fprintf(stderr, "footprintd: %.*s%s answers %d\n",
                          SLICE_ARG(target->listener->address), target->path, status);
            tell(&answer);
        }
    }
    if (line.fd >= 0) {
        (void)close(line.fd);
    }
    buf_release(&answer);
    return code;
}

int healthcheck(const char *config_file)
{
    config_t config;
    findings_t findings;
    target_t target;
    int code = EXIT_REFUSED;
    config_init(&config);
    findings_init(&findings, 0);
    err_t err = config_load(config_file, &config, &findings);
    if (err) {
        check_print_findings(&findings);
        (void)fprintf(stderr, "footprintd: the configuration %s was refused: %s\n", config_file,
                      err_text(err));
    } else if (!choose(&config, &target)) {
        (void)fprintf(stderr, "footprintd: every listener wants a client certificate or the PROXY "
                              "protocol: 'metrics' would be one that can be asked\n");
    } else {
        code = ask(&target);
    }
    findings_release(&findings);
    config_release(&config);
    return code;
}
