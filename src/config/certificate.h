/*
 * What certificates are known by, as keys of a table: equal when the names are, however they are
 * written. A key begins with a letter of its kind.
 */
#ifndef FPD_CONFIG_CERTIFICATE_H
#define FPD_CONFIG_CERTIFICATE_H

#include "footprintd/base/bytes.h"

#include <openssl/x509.h>

/* In a row: what it is written as in the file, and what else is said of it to a person. */
typedef enum certificate_kind {
    CERTIFICATE_SUBJECT,
    CERTIFICATE_SAN,
    CERTIFICATE_SPKI,
    CERTIFICATE_KINDS
} certificate_kind_t;

extern const char *const certificate_kind_names[CERTIFICATE_KINDS];

/*
 * Appends the key of a name as an operator writes it. On failure a static text says why (it ends a
 * sentence that begins with the value); NULL when it worked. Failures of memory show in the buffer.
 */
const char *certificate_key_parse(certificate_kind_t kind, slice_t text, buf_t *out);

/* Called with each key of a certificate; false ends the walk. */
typedef bool certificate_visit_t(void *arg, slice_t key);

/* False when memory is out or a visit said so. A part that cannot be read has no key. */
bool certificate_keys(X509 *certificate, certificate_visit_t *visit, void *arg);

/* ---- subject.c ---- */

/* RFC 4514; as certificate_key_parse. */
const char *subject_key_parse(slice_t text, buf_t *out);
/* False when the name has none: a value is no text, or there are too many. */
bool subject_key_of(const X509_NAME *name, buf_t *out);

#endif
