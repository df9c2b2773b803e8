#include "http/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

size_t digest_hash_size(digest_algorithm_t algorithm)
{
    return algorithm == DIGEST_MD5 ? 16 : 32;
}

const char *digest_algorithm_name(digest_algorithm_t algorithm)
{
    return algorithm == DIGEST_MD5 ? "MD5" : "SHA-256";
}

/* The texts with ':' between them. */
static bool hash_texts(digest_algorithm_t algorithm, const slice_t *texts, size_t count,
                       uint8_t out[DIGEST_HASH_MAX])
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    unsigned len = 0;
    bool ok = ctx &&
              EVP_DigestInit_ex(ctx, algorithm == DIGEST_MD5 ? EVP_md5() : EVP_sha256(), NULL) == 1;
    for (size_t i = 0; ok && i < count; i++) {
        ok = (i == 0 || EVP_DigestUpdate(ctx, ":", 1) == 1) &&
             (texts[i].len == 0 || EVP_DigestUpdate(ctx, texts[i].ptr, texts[i].len) == 1);
    }
    ok = ok && EVP_DigestFinal_ex(ctx, out, &len) == 1 && len == digest_hash_size(algorithm);
    EVP_MD_CTX_free(ctx);
    return ok;
}

bool digest_ha1(digest_algorithm_t algorithm, slice_t user, slice_t realm, slice_t password,
                uint8_t out[DIGEST_HASH_MAX])
{
    const slice_t texts[] = {user, realm, password};
    return hash_texts(algorithm, texts, 3, out);
}

static slice_t format_hex(const uint8_t *bytes, size_t size, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    return slice_of(out, 2 * size);
}

/* Of a response to a request, or with "" for the method that of an answer. */
static bool response_of(const digest_credentials_t *c, const uint8_t *ha1, slice_t method,
                        uint8_t hash[DIGEST_HASH_MAX])
{
    char hex1[2 * DIGEST_HASH_MAX], hex2[2 * DIGEST_HASH_MAX];
    size_t size = digest_hash_size(c->algorithm);
    const slice_t a2[] = {method, c->uri};
    if (!hash_texts(c->algorithm, a2, 2, hash)) {
        return false;
    }
    const slice_t all[] = {
        format_hex(ha1, size, hex1), c->nonce, c->nc_text, c->cnonce, SLICE_LIT("auth"),
        format_hex(hash, size, hex2)};
    return hash_texts(c->algorithm, all, 6, hash);
}

bool digest_response_fits(const digest_credentials_t *c, const uint8_t *ha1, slice_t method)
{
    uint8_t hash[DIGEST_HASH_MAX];
    return response_of(c, ha1, method, hash) &&
           CRYPTO_memcmp(hash, c->response, digest_hash_size(c->algorithm)) == 0;
}

/* RFC 9110 5.6.4 */
static void write_quoted(slice_t text, buf_t *out)
{
    buf_append_char(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '"' || text.ptr[i] == '\\') {
            buf_append_char(out, '\\');
        }
        buf_append_char(out, text.ptr[i]);
    }
    buf_append_char(out, '"');
}

bool digest_write_info(const digest_credentials_t *c, const uint8_t *ha1, const char *next,
                       buf_t *out)
{
    uint8_t hash[DIGEST_HASH_MAX];
    char hex[2 * DIGEST_HASH_MAX];
    if (!response_of(c, ha1, SLICE_LIT(""), hash)) {
        return false;
    }
    buf_append_str(out, "rspauth=\"");
    buf_append_slice(out, format_hex(hash, digest_hash_size(c->algorithm), hex));
    buf_append_str(out, "\", qop=auth, cnonce=");
    write_quoted(c->cnonce, out);
    buf_append_str(out, ", nc=");
    buf_append_slice(out, c->nc_text);
    if (next) {
        buf_printf(out, ", nextnonce=\"%s\"", next);
    }
    return !buf_failed(out);
}
