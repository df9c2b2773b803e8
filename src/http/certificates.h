/*
 * Whose connection it is, by its client certificate: looked up once for each connection, and again
 * when profiles or TLS settings were loaded since.
 */
#ifndef FOOTPRINTD_HTTP_CERTIFICATES_H
#define FOOTPRINTD_HTTP_CERTIFICATES_H

#include "http/identity.h"

typedef enum certificate_verdict {
    CERTIFICATE_NONE,    /* it says nothing: there is none, or nobody's, or it is not valid now */
    CERTIFICATE_KNOWN,   /* *index */
    CERTIFICATE_REFUSED, /* not valid now, and without one there would be no connection */
} certificate_verdict_t;

certificate_verdict_t certificate_of_conn(http_conn_t *conn, size_t *index);

/* The subject as profiles want it (RFC 4514), in UTF-8; false when it has none. */
bool certificate_subject(const X509 *certificate, buf_t *out);

#endif
