#include "http/whoami.h"

#include "footprintd/base/json.h"
#include "http/certificates.h"
#include "http/check.h"
#include "http/send.h"

#include <netdb.h>
#include <openssl/x509.h>

#define MEDIA_JSON "application/json"

bool whoami_is(slice_t path)
{
    return slice_is(path, WHOAMI_PATH);
}

static const char *means_name(principal_means_t means)
{
    switch (means) {
    case PRINCIPAL_ANONYMOUS:
        break;
    case PRINCIPAL_CERTIFICATE:
        return "certificate";
    case PRINCIPAL_DIGEST:
        return "digest";
    }
    return UCDN_ANONYMOUS;
}

/* As profiles want them written. */
static void write_certificate(const X509 *certificate, buf_t *out)
{
    unsigned char *der = NULL, digest[DIGEST_SIZE];
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
    bool made = len > 0 && EVP_Digest(der, (size_t)len, digest, NULL, EVP_sha256(), NULL) == 1;
    OPENSSL_free(der);
    if (made) {
        buf_t subject = BUF_INIT;
        buf_append_str(out, ",\"certificate\":{");
        if (certificate_subject(certificate, &subject)) {
            buf_append_str(out, "\"subject\":");
            json_write_string(out, buf_slice(&subject));
            buf_append_char(out, ',');
        }
        buf_release(&subject);
        buf_append_str(out, "\"spki-sha256\":\"");
        for (size_t i = 0; i < sizeof digest; i++) {
            buf_printf(out, "%02x", digest[i]);
        }
        buf_append_str(out, "\"}");
    }
}

static void write_answer(h2o_req_t *req, const principal_t *principal, buf_t *out)
{
    char peer[NI_MAXHOST];
    const SSL *ssl = conn_of_request(req)->ssl;
    const X509 *certificate = ssl ? SSL_get0_peer_certificate(ssl) : NULL;
    buf_append_str(out, "{\"ucdn\":");
    json_write_string(out, principal->profile->name);
    buf_printf(out, ",\"by\":\"%s\"", means_name(principal->means));
    if (principal->means == PRINCIPAL_DIGEST) {
        buf_append_str(out, ",\"user\":");
        json_write_string(out, principal->profile->user);
    }
    buf_append_str(out, ",\"peer\":");
    json_write_string(out, peer_of_request(req, peer));
    if (certificate) {
        write_certificate(certificate, out);
    }
    buf_append_str(out, "}\n");
}

static bool wants_login(const h2o_req_t *req)
{
    slice_t target = slice_of_iovec(req->input.path);
    return req->query_at != SIZE_MAX &&
           slice_is(slice_of(target.ptr + req->query_at, target.len - req->query_at), "?login");
}

void whoami_answer(h2o_req_t *req)
{
    const principal_t *principal = principal_of_request(req);
    bool head = false;
    if (!check_get(req, MEDIA_JSON, &head)) {
        return;
    }
    if (loop_of_request(req)->server->identity->configured && wants_login(req) &&
        principal->means == PRINCIPAL_ANONYMOUS) {
        identity_challenge(req, false);
        return;
    }
    buf_t out = BUF_INIT;
    write_answer(req, principal, &out);
    if (buf_failed(&out)) {
        send_busy(req);
    } else {
        h2o_iovec_t copy = h2o_strdup(&req->pool, out.ptr, out.len);
        send_text(req, 200, MEDIA_JSON, slice_of_iovec(copy));
    }
    buf_release(&out);
}
