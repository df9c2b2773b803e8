#include "http/certificates.h"

#include "footprintd/base/json.h"
#include "footprintd/log/log.h"
#include "http/tls.h"

#include <openssl/bio.h>
#include <time.h>

bool certificate_subject(const X509 *certificate, buf_t *out)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    long len = -1;
    if (bio && X509_NAME_print_ex(bio, X509_get_subject_name(certificate), 0,
                                  XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0) {
        len = BIO_get_mem_data(bio, &text);
    }
    bool fine = len > 0 && utf8_valid(slice_of(text, (size_t)len));
    if (fine) {
        buf_append(out, text, (size_t)len);
    }
    BIO_free(bio);
    return fine && !buf_failed(out);
}

/* It was signed for someone, who will want to know why it does not work. */
static void tell_of(const X509 *certificate, bool ambiguous)
{
    buf_t subject = BUF_INIT;
    bool named = certificate_subject(certificate, &subject);
    log_line(LOG_LEVEL_INFO, "http", "the client certificate of '%.*s' %s",
             SLICE_ARG(named ? buf_slice(&subject) : SLICE_LIT("")),
             ambiguous ? "fits several uCDNs, and is none of them" : "is of no uCDN");
    buf_release(&subject);
}

static void look(http_conn_t *conn)
{
    http_loop_t *loop = conn->loop;
    X509 *certificate = SSL_get0_peer_certificate(conn->ssl);
    bool first = conn->certificate_of == 0;
    conn->certificate_of = loop->trust;
    conn->profile = UCDN_NONE;
    conn->certificate_lost = false;
    conn->certificate_end = INT64_MAX;
    if (!certificate) {
        return;
    }
    conn->certificate_lost = !tls_is_still_valid(conn->ssl, conn->listener->accept.ssl_ctx);
    if (conn->certificate_lost) {
        return;
    }
    bool ambiguous;
    conn->certificate_end = tls_certificate_end(certificate);
    conn->profile = ucdns_find_certificate(loop->identity->ucdns, certificate, &ambiguous);
    if (conn->profile == UCDN_NONE && first) {
        tell_of(certificate, ambiguous);
    }
}

certificate_verdict_t certificate_of_conn(http_conn_t *conn, size_t *index)
{
    if (!conn->ssl || !conn->listener->accept.ssl_ctx) {
        return CERTIFICATE_NONE;
    }
    if (conn->certificate_of != conn->loop->trust) {
        look(conn);
    }
    if (conn->certificate_lost || conn->certificate_end < (int64_t)time(NULL)) {
        return tls_requires_certificate(conn->listener->accept.ssl_ctx) ? CERTIFICATE_REFUSED
                                                                        : CERTIFICATE_NONE;
    }
    *index = conn->profile;
    return conn->profile == UCDN_NONE ? CERTIFICATE_NONE : CERTIFICATE_KNOWN;
}

static bool same_password(const ucdns_t *before, const ucdns_t *now, slice_t name)
{
    size_t old = ucdns_find(before, name), fresh = ucdns_find(now, name);
    if (old == UCDN_NONE || fresh == UCDN_NONE) {
        return false;
    }
    const ucdn_profile_t *a = ucdns_profile(before, old), *b = ucdns_profile(now, fresh);
    return slice_eq(a->user, b->user) && a->has_sha256 == b->has_sha256 &&
           a->has_md5 == b->has_md5 &&
           memcmp(&a->ha1_sha256, &b->ha1_sha256, sizeof a->ha1_sha256) == 0 &&
           memcmp(a->ha1_md5, b->ha1_md5, sizeof a->ha1_md5) == 0;
}

static bool same_passwords(const ucdns_t *before, const ucdns_t *now)
{
    for (size_t i = 0; i < ucdns_count(before); i++) {
        if (!same_password(before, now, ucdns_profile(before, i)->name)) {
            return false;
        }
    }
    return true;
}

/*
 * What its streams began with holds still, as far as a connection can tell: of several users'
 * streams it does not know whose they are. Whoever still may begins again.
 */
static bool holds(http_conn_t *conn, const ucdns_t *before)
{
    const ucdns_t *now = conn->loop->identity->ucdns;
    size_t index;
    if (conn->certificate_of && conn->profile != UCDN_NONE) {
        return !conn->several && certificate_of_conn(conn, &index) == CERTIFICATE_KNOWN &&
               slice_is(ucdns_profile(now, index)->name, conn->ucdn);
    }
    return before == NULL || (conn->several ? same_passwords(before, now)
                                            : same_password(before, now, slice_str(conn->ucdn)));
}

void identity_recheck(http_loop_t *loop, const ucdns_t *before)
{
    if (!loop->server->identity->configured) {
        return;
    }
    for (h2o_linklist_t *n = loop->conns.next; n != &loop->conns; n = n->next) {
        http_conn_t *conn = H2O_STRUCT_FROM_MEMBER(http_conn_t, link, n);
        if (conn->streams && conn->ucdn[0] && !holds(conn, before)) {
            conn_cut(conn);
        }
    }
}
