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
 * The HTTP library does not send the alert of a handshake that failed (RFC 8446 6.2), so clients
 * would only see the connection end. Right after a failure, on the same thread: the record to send,
 * valid until the thread's next handshake step; empty when there is none.
 */
slice_t tls_take_alert(void);

#endif
