/*
 * Listening sockets: opened once by http_server_new, shared by all loops, and the TLS settings that
 * belong to each. Knows nothing of the HTTP library.
 */
#ifndef FOOTPRINTD_HTTP_LISTENER_H
#define FOOTPRINTD_HTTP_LISTENER_H

#include "footprintd/http/server.h"

#include <openssl/ssl.h>

/* Whose it is. */
typedef enum listener_role {
    LISTENER_PUBLIC, /* clients' */
    LISTENER_ADMIN,
    LISTENER_METRICS,
    LISTENER_ROLE_COUNT
} listener_role_t;

typedef struct listener {
    listener_role_t role;
    http_listener_t settings; /* lies in the arena */
    arena_t arena;
    char *uri; /* "http://127.0.0.1:8080", with the port that was picked */
    int fd;
    SSL_CTX *ssl_ctx; /* NULL for cleartext; guarded by the server's lock once loops run */
} listener_t;

#define LISTENER_INIT                                                                              \
    {                                                                                              \
        .fd = -1                                                                                   \
    }

/* Copies the settings, opens the socket, reads the certificates. One line in *why on failure. */
err_t listener_init(listener_t *listener, const http_listener_t *settings, unsigned number,
                    buf_t *why) FPD_MUST_CHECK;
/* Closes the socket; loops have their own duplicates. Any number of times. */
void listener_close(listener_t *listener);
void listener_release(listener_t *listener);

#endif
