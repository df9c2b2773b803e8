#include "footprintd/base/hash.h"

#include <openssl/evp.h>
#include <stdatomic.h>
#include <sys/random.h>
#include <time.h>

/* The algorithm is looked up once: that costs twice as much as hashing a short text. */
err_t hasher_init(hasher_t *h)
{
    h->failed = true; /* until hasher_begin */
    h->ctx = EVP_MD_CTX_new();
    if (h->ctx && EVP_DigestInit_ex(h->ctx, EVP_sha256(), NULL) != 1) {
        hasher_release(h);
    }
    return h->ctx ? ERR_OK : ERR_NOMEM;
}

void hasher_release(hasher_t *h)
{
    EVP_MD_CTX_free(h->ctx);
    h->ctx = NULL;
}

void hasher_begin(hasher_t *h)
{
    h->failed = EVP_DigestInit_ex(h->ctx, NULL, NULL) != 1;
}

void hasher_update(hasher_t *h, const void *bytes, size_t len)
{
    if (len && !h->failed && EVP_DigestUpdate(h->ctx, bytes, len) != 1) {
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
    bool done = !h->failed && EVP_DigestFinal_ex(h->ctx, out->bytes, &len) == 1;
    h->failed = true; /* until the next hasher_begin */
    return done && len == DIGEST_SIZE ? ERR_OK : ERR_NOMEM;
}

err_t digest_slice(slice_t s, digest_t *out)
{
    hasher_t h;
    err_t err = hasher_init(&h);
    if (!err) {
        hasher_begin(&h);
        hasher_update_slice(&h, s);
        err = hasher_finish(&h, out);
        hasher_release(&h);
    }
    return err;
}

size_t base64url_write(const uint8_t *bytes, size_t count, char *out)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint32_t bits = 0;
    unsigned have = 0;
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        bits = bits << 8 | bytes[i];
        have += 8;
        while (have >= 6) {
            have -= 6;
            out[n++] = alphabet[bits >> have & 63];
        }
    }
    if (have) {
        out[n++] = alphabet[bits << (6 - have) & 63];
    }
    return n;
}

void tag_format(const digest_t *digest, char out[TAG_LEN + 1])
{
    out[base64url_write(digest->bytes, TAG_BYTES, out)] = '\0';
}

err_t blocks_permute(const uint8_t key[BLOCK_SIZE], uint8_t *blocks, size_t count)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    bool good = ctx && EVP_EncryptInit_ex(ctx, EVP_aes_128_ecb(), NULL, key, NULL) == 1 &&
                EVP_CIPHER_CTX_set_padding(ctx, 0) == 1;
    /* The library counts in int. */
    const size_t most = (size_t)1 << 20;
    for (size_t at = 0; good && at < count; at += most) {
        size_t n = count - at < most ? count - at : most;
        uint8_t *part = blocks + at * BLOCK_SIZE;
        int len = 0;
        good = EVP_EncryptUpdate(ctx, part, &len, part, (int)(n * BLOCK_SIZE)) == 1;
    }
    EVP_CIPHER_CTX_free(ctx);
    return good ? ERR_OK : ERR_NOMEM;
}

/*
 * Seeded once: peers choose keys (PID names, paths), but must not choose collisions. Whichever
 * thread comes first decides.
 */
static uint64_t seed(void)
{
    static _Atomic uint64_t value;
    uint64_t v = atomic_load_explicit(&value, memory_order_relaxed);
    if (v) {
        return v;
    }
    uint64_t fresh = 0;
    if (getrandom(&fresh, sizeof fresh, GRND_NONBLOCK) != (ssize_t)sizeof fresh) {
        struct timespec now = {0, 0};
        (void)clock_gettime(CLOCK_REALTIME, &now);
        fresh = (uint64_t)(uintptr_t)&value ^ (uint64_t)now.tv_sec << 32 ^ (uint64_t)now.tv_nsec;
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

static uint64_t load64(const char *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

static uint32_t load32(const char *p)
{
    uint32_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

/*
 * Multiply and fold, a word at a time. The multiplier is secret as well as the start: with a public
 * one, differences between inputs could be chosen that vanish in the fold whatever the start is.
 */
uint64_t hash_bytes(const void *bytes, size_t len)
{
    const uint64_t k0 = UINT64_C(0x9e3779b97f4a7c15), k1 = UINT64_C(0xd6e8feb86659fd93);
    const uint64_t start = seed(), factor = mix(start ^ k1, k0) | 1;
    const char *p = bytes;
    uint64_t h = start ^ len * k0;
    size_t left = len;
    for (; left > 8; left -= 8, p += 8) {
        h = mix(h ^ load64(p), factor);
    }
    /* The rest, 0 to 8 bytes; loads may overlap, as the length is in the start. */
    uint64_t tail = 0;
    if (len >= 8) {
        tail = load64(p + left - 8);
    } else if (left >= 4) {
        tail = (uint64_t)load32(p) << 32 | load32(p + left - 4);
    } else if (left) {
        tail = (uint64_t)(unsigned char)p[0] << 16 | (uint64_t)(unsigned char)p[left / 2] << 8 |
               (unsigned char)p[left - 1];
    }
    h = mix(h ^ tail, factor);
    return mix(h ^ start, k1);
}
