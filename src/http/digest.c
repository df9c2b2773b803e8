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

bool digest_response_fits(const digest_credentials_t *c, const uint8_t *ha1, slice_t method)
{
    uint8_t hash[DIGEST_HASH_MAX];
    char hex1[2 * DIGEST_HASH_MAX], hex2[2 * DIGEST_HASH_MAX];
    size_t size = digest_hash_size(c->algorithm);
    const slice_t a2[] = {method, c->uri};
    if (!hash_texts(c->algorithm, a2, 2, hash)) {
        return false;
    }
    const slice_t all[] = {
        format_hex(ha1, size, hex1), c->nonce, c->nc_text, c->cnonce, SLICE_LIT("auth"),
        format_hex(hash, size, hex2)};
    return hash_texts(c->algorithm, all, 6, hash) && CRYPTO_memcmp(hash, c->response, size) == 0;
}
