/*
 * TLS settings of a listener as an OpenSSL context: TLS 1.2 and 1.3 as RFC 9325 recommends, ALPN
 * for h2 and http/1.1 (RFC 7301), client certificates when they are wanted.
 */
#ifndef FOOTPRINTD_HTTP_TLS_H
#define FOOTPRINTD_HTTP_TLS_H

#include "footprintd/http/server.h"

#include <openssl/ssl.h>

/*
 * Reads certificate, key and CA. `number` tells listeners apart: a session of one is never resumed
 * on another (every context has its own session id context and its own random ticket keys, so that
 * tickets also end with a reload). On failure *why has one line that names the file.
 */
err_t tls_context_new(const http_listener_t *settings, unsigned number, SSL_CTX **out,
                      buf_t *why) FPD_MUST_CHECK;

/*
 * Clients' certificates (tls_clients.c). Whether that of a connection would be accepted with the
 * settings that are in force now: they may have been loaded again since its handshake.
 */
bool tls_is_still_valid(const SSL *ssl, SSL_CTX *now);
/* Whether no connection comes about without one. */
bool tls_requires_certificate(const SSL_CTX *ctx);
/* Seconds since 1970. */
int64_t tls_certificate_end(const X509 *certificate);

/*
 * conn.c: a handshake begins. The HTTP library keeps its SSL objects to itself, but gives each the
 * socket (an h2o_socket_t) as the data of its BIOs.
 */
void tls_on_handshake(void *socket, const SSL *ssl);
/*
 * A step of a handshake, or a message behind one, which is a TLS 1.3 client's KeyUpdate. False:
 * there are too many, and nothing more may be read.
 */
bool tls_on_message(void *socket);

/* Parts of tls_context_new. */
err_t tls_load_certificate(SSL_CTX *ctx, const http_certificate_t *pair, buf_t *why) FPD_MUST_CHECK;
err_t tls_load_clients(SSL_CTX *ctx, const http_listener_t *settings, buf_t *why) FPD_MUST_CHECK;
/* Further certificates, which are chosen by the name that the client asks for. */
err_t tls_load_names(SSL_CTX *ctx, const http_listener_t *settings, buf_t *why) FPD_MUST_CHECK;
/* False with a line in *why when the file cannot be opened. */
bool tls_is_readable(const char *what, slice_t path, buf_t *why);
/* The newest reason in OpenSSL's queue, which is emptied. */
const char *tls_reason(void);

/*
 * The HTTP library does not send the alert of a handshake that failed (RFC 8446 6.2), so clients
 * would only see the connection end. Right after a failure, on the same thread: the record to send,
 * valid until the thread's next handshake step; empty when there is none.
 */
slice_t tls_take_alert(void);

#endif
