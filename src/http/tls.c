#include "http/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>

/* RFC 9325 4.2: ephemeral key exchange and AEAD only. */
static const char cipher_list[] = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
                                  "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
                                  "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
/* The same order for TLS 1.3: OpenSSL would begin with the costlier AES-256. */
static const char suites_list[] =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";

/* ALPN protocol lists in wire form; ours in the order of preference. */
static const unsigned char alpn_protocols[] = "\x02h2\x08http/1.1";

static int select_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                       const unsigned char *in, unsigned in_len, void *arg)
{
    (void)ssl;
    (void)arg;
    unsigned char *selected = NULL;
    if (SSL_select_next_proto(&selected, out_len, alpn_protocols, sizeof alpn_protocols - 1, in,
                              in_len) != OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_ALERT_FATAL; /* RFC 7301 3.2: no_application_protocol */
    }
    *out = selected;
    return SSL_TLSEXT_ERR_OK;
}

/* What the running handshake step wrote last, and whether that was a fatal alert. */
static _Thread_local struct {
    unsigned char bytes[64];
    size_t len;
    bool is_alert;
} last_write;

static long note_write(BIO *bio, int operation, const char *bytes, size_t len, int argi, long argl,
                       int result, size_t *processed)
{
    (void)bio;
    (void)argi;
    (void)argl;
    (void)processed;
    if (operation == BIO_CB_WRITE) {
        last_write.is_alert = false;
        last_write.len = len <= sizeof last_write.bytes ? len : 0;
        memcpy(last_write.bytes, bytes, last_write.len);
    }
    return result;
}

/* Not even what was read from the network already: that can be thousands of records. */
static long refuse_read(BIO *bio, int operation, const char *bytes, size_t len, int argi, long argl,
                        int result, size_t *processed)
{
    (void)bytes;
    (void)len;
    (void)argi;
    (void)argl;
    (void)processed;
    BIO_clear_retry_flags(bio); /* an error, and not the end of what there is so far */
    return operation == BIO_CB_READ ? -1 : result;
}

static void watch_handshake(const SSL *ssl, int where, int value)
{
    if (where & SSL_CB_HANDSHAKE_START) {
        BIO_set_callback_ex(SSL_get_wbio(ssl), note_write);
        tls_on_handshake(BIO_get_data(SSL_get_rbio(ssl)), ssl);
    } else if (where & SSL_CB_HANDSHAKE_DONE) {
        BIO_set_callback_ex(SSL_get_wbio(ssl), NULL);
    } else if (where == SSL_CB_ACCEPT_LOOP && !tls_on_message(BIO_get_data(SSL_get_rbio(ssl)))) {
        BIO_set_callback_ex(SSL_get_rbio(ssl), refuse_read);
    } else if ((where & SSL_CB_WRITE_ALERT) == SSL_CB_WRITE_ALERT) {
        last_write.is_alert = value >> 8 == SSL3_AL_FATAL;
    }
}

slice_t tls_take_alert(void)
{
    slice_t alert = slice_of((const char *)last_write.bytes,
                             last_write.is_alert ? last_write.len : 0);
    last_write.is_alert = false;
    return alert;
}

/* Never asks at the terminal: a key with a passphrase is an error. */
static int refuse_passphrase(char *buf, int size, int rwflag, void *arg)
{
    (void)buf;
    (void)size;
    (void)rwflag;
    *(bool *)arg = true;
    return -1;
}

const char *tls_reason(void)
{
    unsigned long code = ERR_peek_last_error();
    ERR_clear_error();
    const char *text = code ? ERR_reason_error_string(code) : NULL;
    return text ? text : "not usable";
}

/* OpenSSL's own words hide the reason. */
bool tls_is_readable(const char *what, slice_t path, buf_t *why)
{
    FILE *file = path.len ? fopen(path.ptr, "rbe") : NULL;
    if (file) {
        (void)fclose(file);
        return true;
    }
    if (path.len) {
        buf_printf(why, "%s %.*s: %s", what, SLICE_ARG(path), strerror(errno));
    } else {
        buf_printf(why, "%s: no file is given", what);
    }
    return false;
}

err_t tls_load_certificate(SSL_CTX *ctx, const http_certificate_t *pair, buf_t *why)
{
    slice_t certificate = pair->certificate;
    slice_t key = pair->key;
    if (!tls_is_readable("certificate", certificate, why) || !tls_is_readable("key", key, why)) {
        return ERR_IO;
    }
    if (SSL_CTX_use_certificate_chain_file(ctx, certificate.ptr) != 1) {
        buf_printf(why, "certificate %.*s: %s", SLICE_ARG(certificate), tls_reason());
        return ERR_DATA;
    }
    bool passphrase = false;
    SSL_CTX_set_default_passwd_cb(ctx, refuse_passphrase);
    SSL_CTX_set_default_passwd_cb_userdata(ctx, &passphrase);
    int loaded = SSL_CTX_use_PrivateKey_file(ctx, key.ptr, SSL_FILETYPE_PEM);
    SSL_CTX_set_default_passwd_cb_userdata(ctx, NULL);
    if (loaded != 1) {
        bool mismatch = ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH ||
                        ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_TYPE_MISMATCH;
        const char *reason = tls_reason();
        if (passphrase) {
            buf_printf(why, "key %.*s: is encrypted with a passphrase", SLICE_ARG(key));
        } else if (mismatch) {
            buf_printf(why, "key %.*s: does not belong to certificate %.*s", SLICE_ARG(key),
                       SLICE_ARG(certificate));
        } else {
            buf_printf(why, "key %.*s: %s", SLICE_ARG(key), reason);
        }
        return ERR_DATA;
    }
    return ERR_OK;
}

static bool set_protocol(SSL_CTX *ctx, unsigned number)
{
    char groups[] = "X25519:P-256:P-384"; /* the macro below casts const away */
    unsigned char id[16];
    int len = snprintf((char *)id, sizeof id, "footprintd-%u", number);
    SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    /* What is shown is the file's chain: nothing is looked for among the authorities of clients. */
    (void)SSL_CTX_set_mode(ctx, SSL_MODE_NO_AUTO_CHAIN);
    /* Sessions live in tickets only: no cache that listeners could share. */
    (void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    (void)SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_alpn_select_cb(ctx, select_alpn, NULL);
    SSL_CTX_set_info_callback(ctx, watch_handshake);
    return len > 0 && SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
           SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_cipher_list(ctx, cipher_list) == 1 &&
           SSL_CTX_set_ciphersuites(ctx, suites_list) == 1 &&
           SSL_CTX_set1_groups_list(ctx, groups) == 1 &&
           SSL_CTX_set_session_id_context(
               ctx, id, len < (int)sizeof id ? (unsigned)len : (unsigned)sizeof id) == 1;
}

err_t http_listener_check_tls(const http_listener_t *settings, buf_t *why)
{
    SSL_CTX *ctx = NULL;
    err_t err = tls_context_new(settings, 0, &ctx, why);
    SSL_CTX_free(ctx);
    return err;
}

err_t tls_context_new(const http_listener_t *settings, unsigned number, SSL_CTX **out, buf_t *why)
{
    ERR_clear_error();
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    if (!ctx || !set_protocol(ctx, number)) {
        buf_printf(why, "TLS: %s", tls_reason());
        SSL_CTX_free(ctx);
        return ERR_NOMEM;
    }
    http_certificate_t first = {settings->certificate, settings->key};
    err_t err = tls_load_certificate(ctx, &first, why);
    err = err ? err : tls_load_names(ctx, settings, why);
    err = err ? err : tls_load_clients(ctx, settings, why);
    if (err) {
        SSL_CTX_free(ctx);
        return err;
    }
    *out = ctx;
    return ERR_OK;
}
