#include "http/tls.h"

#include <openssl/x509v3.h>
#include <stdlib.h>

/* The certificates of a listener, each loaded into a context of its own. The first is the default.
 */
typedef struct names {
    SSL_CTX **items; /* without the first, which is the listener's own */
    size_t count;
} names_t;

static void free_names(void *parent, void *ptr, CRYPTO_EX_DATA *data, int index, long argl,
                       void *argp)
{
    names_t *names = ptr;
    (void)parent;
    (void)data;
    (void)index;
    (void)argl;
    (void)argp;
    for (size_t i = 0; names && i < names->count; i++) {
        SSL_CTX_free(names->items[i]);
    }
    if (names) {
        free(names->items);
        free(names);
    }
}

static int names_index = -1;
static pthread_once_t names_once = PTHREAD_ONCE_INIT;

static void register_index(void)
{
    names_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, free_names);
}

static bool fits(const SSL_CTX *ctx, const char *name)
{
    X509 *certificate = SSL_CTX_get0_certificate(ctx);
    return certificate && X509_check_host(certificate, name, 0, 0, NULL) == 1;
}

static bool use(SSL *ssl, SSL_CTX *ctx)
{
    STACK_OF(X509) *chain = NULL;
    (void)SSL_CTX_get0_chain_certs(ctx, &chain);
    return SSL_use_cert_and_key(ssl, SSL_CTX_get0_certificate(ctx), SSL_CTX_get0_privatekey(ctx),
                                chain, 1) == 1;
}

/*
 * RFC 6066 3: all certificates that have the name, of which the first of each kind of key is used.
 * With none, or without a name, it is the default.
 */
static int choose(SSL *ssl, void *arg)
{
    SSL_CTX *first = arg;
    const names_t *names = SSL_CTX_get_ex_data(first, names_index);
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    bool cleared = false;
    for (size_t i = names && name ? names->count + 1 : 0; i-- > 0;) {
        SSL_CTX *ctx = i ? names->items[i - 1] : first;
        if (!fits(ctx, name)) {
            continue;
        }
        if (!cleared) {
            SSL_certs_clear(ssl);
            cleared = true;
        }
        if (!use(ssl, ctx)) {
            return 0;
        }
    }
    return 1;
}

err_t tls_load_names(SSL_CTX *ctx, const http_listener_t *settings, buf_t *why)
{
    if (!settings->more_count) {
        return ERR_OK;
    }
    (void)pthread_once(&names_once, register_index);
    names_t *names = calloc(1, sizeof *names);
    SSL_CTX **items = calloc(settings->more_count, sizeof(SSL_CTX *));
    if (!names || !items || names_index < 0 || SSL_CTX_set_ex_data(ctx, names_index, names) != 1) {
        free(names);
        free(items);
        buf_append_str(why, err_text(ERR_NOMEM));
        return ERR_NOMEM;
    }
    names->items = items;
    for (size_t i = 0; i < settings->more_count; i++) {
        SSL_CTX *more = SSL_CTX_new(TLS_server_method());
        if (!more) {
            buf_append_str(why, err_text(ERR_NOMEM));
            return ERR_NOMEM;
        }
        items[names->count++] = more;
        err_t err = tls_load_certificate(more, &settings->more[i], why);
        if (err) {
            return err;
        }
    }
    SSL_CTX_set_cert_cb(ctx, choose, ctx);
    return ERR_OK;
}
