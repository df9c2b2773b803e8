#include "certificate.h"

#include "footprintd/base/hash.h"
#include "footprintd/base/hex.h"
#include "footprintd/net/addr.h"

#include <openssl/evp.h>
#include <openssl/x509v3.h>

const char *const certificate_kind_names[CERTIFICATE_KINDS] = {"subject", "san", "spki-sha256"};

static void append_lower(buf_t *out, slice_t text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        buf_append_char(out, c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c);
    }
}

static void dns_key(slice_t name, buf_t *out)
{
    buf_append_char(out, 'd');
    append_lower(out, name);
}

/* RFC 5280 7.5: the host of an address compares without case, what is before it does not. */
static void email_key(slice_t address, buf_t *out)
{
    const char *at = address.len ? memrchr(address.ptr, '@', address.len) : NULL;
    size_t local = at ? (size_t)(at - address.ptr) : 0;
    buf_append_char(out, 'e');
    buf_append(out, address.ptr, local);
    append_lower(out, slice_of(address.ptr + local, address.len - local));
}

static void uri_key(slice_t uri, buf_t *out)
{
    buf_append_char(out, 'u');
    buf_append_slice(out, uri);
}

static void key_key(const void *digest, buf_t *out)
{
    buf_append_char(out, 'k');
    buf_append(out, digest, DIGEST_SIZE);
}

/* ---- as an operator writes them ---- */

static bool skip_start(slice_t *text, const char *start)
{
    size_t len = strlen(start);
    if (text->len <= len || !slice_eq_nocase(slice_of(text->ptr, len), slice_str(start))) {
        return false;
    }
    *text = slice_of(text->ptr + len, text->len - len);
    return true;
}

/* Of what an IA5String may hold, without blanks. */
static bool is_printable(slice_t text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] <= ' ' || text.ptr[i] > '~') {
            return false;
        }
    }
    return text.len > 0;
}

static const char *ip_key(slice_t text, buf_t *out)
{
    uint32_t v4;
    u128_t v6;
    buf_append_char(out, 'i');
    if (!addr_parse_v4(text, &v4)) {
        for (int shift = 24; shift >= 0; shift -= 8) {
            buf_append_char(out, (char)(v4 >> shift));
        }
        return NULL;
    }
    if (addr_parse_v6(text, &v6)) {
        return "has no IP address behind ip:";
    }
    for (int shift = 56; shift >= 0; shift -= 8) {
        buf_append_char(out, (char)(v6.hi >> shift));
    }
    for (int shift = 56; shift >= 0; shift -= 8) {
        buf_append_char(out, (char)(v6.lo >> shift));
    }
    return NULL;
}

static const char *san_key(slice_t text, buf_t *out)
{
    if (!is_printable(text)) {
        return "has characters that no alternative name has";
    }
    if (skip_start(&text, "dns:")) {
        dns_key(text, out);
    } else if (skip_start(&text, "email:")) {
        if (!memchr(text.ptr, '@', text.len)) {
            return "has no address behind email:";
        }
        email_key(text, out);
    } else if (skip_start(&text, "uri:")) {
        if (!memchr(text.ptr, ':', text.len)) {
            return "has no URI behind uri:";
        }
        uri_key(text, out);
    } else if (skip_start(&text, "ip:")) {
        return ip_key(text, out);
    } else {
        return "does not begin with dns:, uri:, email: or ip:";
    }
    return NULL;
}

/* 64 hexadecimal digits, or the 44 characters of base64 that RFC 7469 pins have. */
static const char *spki_key(slice_t text, buf_t *out)
{
    uint8_t bytes[DIGEST_SIZE + 1];
    bool base64 = text.len == 44 && text.ptr[43] == '=' && text.ptr[42] != '=' &&
                  EVP_DecodeBlock(bytes, (const unsigned char *)text.ptr, 44) == DIGEST_SIZE + 1;
    if (!base64 && !hex_decode(text, bytes, DIGEST_SIZE)) {
        return "is neither 64 hexadecimal digits nor the base64 of 32 bytes";
    }
    key_key(bytes, out);
    return NULL;
}

const char *certificate_key_parse(certificate_kind_t kind, slice_t text, buf_t *out)
{
    return kind == CERTIFICATE_SUBJECT ? subject_key_parse(text, out)
           : kind == CERTIFICATE_SAN   ? san_key(text, out)
                                       : spki_key(text, out);
}

/* ---- of certificates ---- */

static bool general_name_key(const GENERAL_NAME *name, buf_t *out)
{
    int type;
    const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &type);
    if (type != GEN_DNS && type != GEN_EMAIL && type != GEN_URI && type != GEN_IPADD) {
        return false;
    }
    slice_t text = slice_of((const char *)ASN1_STRING_get0_data(value),
                            (size_t)ASN1_STRING_length(value));
    if (type == GEN_DNS) {
        dns_key(text, out);
    } else if (type == GEN_EMAIL) {
        email_key(text, out);
    } else if (type == GEN_URI) {
        uri_key(text, out);
    } else {
        buf_append_char(out, 'i');
        buf_append_slice(out, text);
    }
    return true;
}

static bool visit_names(X509 *certificate, buf_t *key, certificate_visit_t *visit, void *arg)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    bool going = true;
    for (int i = 0; names && going && i < sk_GENERAL_NAME_num(names); i++) {
        buf_clear(key);
        if (general_name_key(sk_GENERAL_NAME_value(names, i), key)) {
            going = !buf_failed(key) && visit(arg, buf_slice(key));
        }
    }
    GENERAL_NAMES_free(names);
    return going;
}

static bool visit_key(X509 *certificate, buf_t *key, certificate_visit_t *visit, void *arg)
{
    unsigned char *der = NULL;
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
    unsigned char digest[DIGEST_SIZE];
    bool made = len > 0 && EVP_Digest(der, (size_t)len, digest, NULL, EVP_sha256(), NULL) == 1;
    OPENSSL_free(der);
    buf_clear(key);
    if (!made) {
        return true;
    }
    key_key(digest, key);
    return !buf_failed(key) && visit(arg, buf_slice(key));
}

bool certificate_keys(X509 *certificate, certificate_visit_t *visit, void *arg)
{
    buf_t key = BUF_INIT;
    bool going = true;
    if (subject_key_of(X509_get_subject_name(certificate), &key)) {
        going = !buf_failed(&key) && visit(arg, buf_slice(&key));
    }
    going = going && visit_names(certificate, &key, visit, arg) &&
            visit_key(certificate, &key, visit, arg);
    buf_release(&key);
    return going;
}
