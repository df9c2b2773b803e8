#include "footprintd/base/hash.h"

#include <openssl/evp.h>
#include <stdatomic.h>
#include <sys/random.h>

err_t hasher_init(hasher_t *h)
{
    h->ctx = EVP_MD_CTX_new();
    h->failed = false;
    return h->ctx ? ERR_OK : ERR_NOMEM;
}

void hasher_release(hasher_t *h)
{
    EVP_MD_CTX_free(h->ctx);
    h->ctx = NULL;
}

void hasher_begin(hasher_t *h)
{
    h->failed = EVP_DigestInit_ex(h->ctx, EVP_sha256(), NULL) != 1;
}

void hasher_update(hasher_t *h, const void *bytes, size_t len)
{
    if (len && EVP_DigestUpdate(h->ctx, bytes, len) != 1) {
        h->failed = true;
    }
}

void hasher_update_slice(hasher_t *h, slice_t s)
{
    hasher_update(h, s.ptr, s.len);
}

err_t hasher_finish(hasher_t *h, digest_t *out)
{
    unsigned len = 0;
    if (EVP_DigestFinal_ex(h->ctx, out->bytes, &len) != 1 || len != DIGEST_SIZE) {
        h->failed = true;
    }
    return h->failed ? ERR_NOMEM : ERR_OK;
}

void tag_format(const digest_t *digest, char out[TAG_LEN + 1])
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint32_t bits = 0;
    unsigned have = 0;
    size_t n = 0;
    for (size_t i = 0; i < TAG_BYTES; i++) {
        bits = bits << 8 | digest->bytes[i];
        have += 8;
        while (have >= 6) {
            have -= 6;
            out[n++] = alphabet[bits >> have & 63];
        }
    }
    out[n++] = alphabet[bits << (6 - have) & 63];
    out[n] = '\0';
}

static uint64_t seed(void)
{
    /* Seeded once: peers choose keys (PID names, paths), but must not choose collisions. */
    static _Atomic uint64_t value;
    uint64_t v = atomic_load_explicit(&value, memory_order_relaxed);
    if (v) {
        return v;
    }
    uint64_t fresh = 0;
    if (getrandom(&fresh, sizeof fresh, GRND_NONBLOCK) != (ssize_t)sizeof fresh) {
        fresh = (uint64_t)(uintptr_t)&value;
    }
    fresh |= 1;
    uint64_t expected = 0;
    return atomic_compare_exchange_strong(&value, &expected, fresh) ? fresh : expected;
}

static uint64_t mix(uint64_t a, uint64_t b)
{
    __uint128_t product = (__uint128_t)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Multiply-and-fold over 8-byte words: fast, well spread, and unpredictable without the seed. */
uint64_t hash_bytes(const void *bytes, size_t len)
{
    const uint64_t k0 = 0x9e3779b97f4a7c15u, k1 = 0xd6e8feb86659fd93u;
    const char *p = bytes;
    uint64_t h = seed() ^ mix(len ^ k0, k1);
    while (len >= 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        h = mix(h ^ word, k1);
        p += 8;
        len -= 8;
    }
    uint64_t tail = 0;
    if (len) {
        memcpy(&tail, p, len);
    }
    return mix(h ^ tail ^ k0, k1 ^ seed());
}
