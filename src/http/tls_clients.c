#include "http/tls.h"

#include "footprintd/log/log.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <time.h>

/* ---- who signs them, and what was revoked ---- */

/* Then all clients of its authority are refused, which nobody would understand. */
static void warn_if_over(const X509_CRL *crl, slice_t path)
{
    const ASN1_TIME *end = X509_CRL_get0_nextUpdate(crl);
    if (end && X509_cmp_time(end, NULL) < 0) {
        log_line(
            LOG_LEVEL_WARNING, "http",
            "client-crl %.*s: a list has run out: the certificates that it is about are refused",
            SLICE_ARG(path));
    }
}

static err_t add_crls(X509_STORE *store, slice_t path, buf_t *why)
{
    FILE *file = fopen(path.ptr, "rbe");
    size_t count = 0;
    X509_CRL *crl;
    ERR_clear_error();
    bool ok = file != NULL;
    while (ok && (crl = PEM_read_X509_CRL(file, NULL, NULL, NULL))) {
        ok = X509_STORE_add_crl(store, crl) == 1;
        warn_if_over(crl, path);
        X509_CRL_free(crl);
        count++;
    }
    /* Behind the last there is nothing that begins with -----BEGIN: an error that is none. */
    unsigned long code = ERR_peek_last_error();
    bool at_end = ok && ERR_GET_LIB(code) == ERR_LIB_PEM &&
                  ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
    if (file) {
        (void)fclose(file);
    }
    if (!at_end || !count) {
        const char *reason = at_end ? "has no certificate revocation list"
                                    : ERR_reason_error_string(code);
        buf_printf(why, "client-crl %.*s: %s", SLICE_ARG(path), reason ? reason : "not usable");
        ERR_clear_error();
        return ERR_DATA;
    }
    ERR_clear_error();
    /* Of every certificate in the chain: one without a list, or with an old one, is refused. */
    return X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL) == 1
               ? ERR_OK
               : ERR_NOMEM;
}

/*
 * OpenSSL reads a certificate's extensions when it first asks for one, and every thread would be
 * the first.
 */
static void settle_authorities(const SSL_CTX *ctx)
{
    STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(SSL_CTX_get_cert_store(ctx));
    for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
        X509 *certificate = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i));
        if (certificate) {
            (void)X509_check_purpose(certificate, -1, 0);
        }
    }
    ERR_clear_error();
}

err_t tls_load_clients(SSL_CTX *ctx, const http_listener_t *settings, buf_t *why)
{
    if (settings->client_auth == CLIENT_AUTH_NONE) {
        SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
        return ERR_OK;
    }
    slice_t ca = settings->client_ca;
    if (!tls_is_readable("client-ca", ca, why) ||
        (settings->client_crl.len && !tls_is_readable("client-crl", settings->client_crl, why))) {
        return ERR_IO;
    }
    STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(ca.ptr);
    if (!names || SSL_CTX_load_verify_file(ctx, ca.ptr) != 1) {
        sk_X509_NAME_pop_free(names, X509_NAME_free);
        buf_printf(why, "client-ca %.*s: %s", SLICE_ARG(ca), tls_reason());
        return ERR_DATA;
    }
    SSL_CTX_set_client_CA_list(ctx, names);
    int mode = SSL_VERIFY_PEER;
    if (settings->client_auth == CLIENT_AUTH_REQUIRED) {
        mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    }
    SSL_CTX_set_verify(ctx, mode, NULL);
    /*
     * A certificate is an identity: it is shown and checked in every handshake, and no ticket
     * carries it into another connection, listener or time.
     */
    (void)SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
    (void)SSL_CTX_set_num_tickets(ctx, 0);
    settle_authorities(ctx);
    return settings->client_crl.len
               ? add_crls(SSL_CTX_get_cert_store(ctx), settings->client_crl, why)
               : ERR_OK;
}

/* ---- the certificate of a connection ---- */

bool tls_requires_certificate(const SSL_CTX *ctx)
{
    return (SSL_CTX_get_verify_mode(ctx) & SSL_VERIFY_FAIL_IF_NO_PEER_CERT) != 0;
}

int64_t tls_certificate_end(const X509 *certificate)
{
    struct tm end;
    return ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) == 1 ? timegm(&end) : INT64_MIN;
}

bool tls_is_still_valid(const SSL *ssl, SSL_CTX *now)
{
    X509 *certificate = SSL_get0_peer_certificate(ssl);
    if (!certificate || SSL_get_verify_result(ssl) != X509_V_OK) {
        return false;
    }
    if (SSL_get_SSL_CTX(ssl) == now) {
        return true; /* nothing was loaded since the handshake */
    }
    X509_STORE_CTX *verify = X509_STORE_CTX_new();
    bool valid = verify &&
                 X509_STORE_CTX_init(verify, SSL_CTX_get_cert_store(now), certificate,
                                     SSL_get_peer_cert_chain(ssl)) == 1 &&
                 X509_STORE_CTX_set_default(verify, "ssl_client") == 1 &&
                 X509_verify_cert(verify) == 1;
    X509_STORE_CTX_free(verify);
    ERR_clear_error();
    return valid;
}
