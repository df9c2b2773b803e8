#include "http/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#define STAMP_BYTES 16

bool nonces_init(nonces_t *nonces, uint64_t lifetime_s)
{
    memset(nonces, 0, sizeof *nonces);
    nonces->lifetime = lifetime_s;
    return RAND_bytes(nonces->key, sizeof nonces->key) == 1;
}

static void put_u64(uint8_t *at, uint64_t value)
{
    for (int i = 7; i >= 0; i--) {
        at[i] = (uint8_t)value;
        value >>= 8;
    }
}

static uint64_t get_u64(const uint8_t *at)
{
    uint64_t value = 0;
    for (int i = 0; i < 8; i++) {
        value = value << 8 | at[i];
    }
    return value;
}

static bool sign(const nonces_t *nonces, const uint8_t stamp[STAMP_BYTES], uint8_t *mac)
{
    unsigned len = 0;
    return HMAC(EVP_sha256(), nonces->key, sizeof nonces->key, stamp, STAMP_BYTES, mac, &len) &&
           len == 32;
}

bool nonces_make(nonces_t *nonces, uint64_t now, char out[NONCE_LEN + 1])
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint8_t bytes[STAMP_BYTES + 32 + 1] = {0};
    put_u64(bytes, now);
    put_u64(bytes + 8, ++nonces->last);
    if (!sign(nonces, bytes, bytes + STAMP_BYTES)) {
        return false;
    }
    for (size_t i = 0; i < NONCE_LEN; i++) {
        size_t bit = 6 * i;
        unsigned both = (unsigned)bytes[bit / 8] << 8 | bytes[bit / 8 + 1];
        if (bit / 8 + 1 == NONCE_BYTES) {
            both &= 0xff00; /* the rest of the MAC is not sent */
        }
        out[i] = alphabet[both >> (10 - bit % 8) & 63];
    }
    out[NONCE_LEN] = '\0';
    return true;
}

static int base64url_value(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

static bool decode(slice_t text, uint8_t out[NONCE_BYTES])
{
    uint32_t bits = 0;
    unsigned have = 0;
    size_t n = 0;
    if (text.len != NONCE_LEN) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        int value = base64url_value(text.ptr[i]);
        if (value < 0) {
            return false;
        }
        bits = bits << 6 | (uint32_t)value;
        have += 6;
        if (have >= 8) {
            have -= 8;
            out[n++] = (uint8_t)(bits >> have);
        }
    }
    return (bits & ((1u << have) - 1)) == 0; /* one text for each nonce */
}

static bool is_ours(const nonces_t *nonces, slice_t text, uint64_t now, uint64_t *number,
                    uint64_t *age)
{
    uint8_t bytes[NONCE_BYTES], mac[32];
    if (!decode(text, bytes) || !sign(nonces, bytes, mac) ||
        CRYPTO_memcmp(mac, bytes + STAMP_BYTES, NONCE_BYTES - STAMP_BYTES) != 0) {
        return false;
    }
    uint64_t made = get_u64(bytes);
    *number = get_u64(bytes + 8);
    *age = now - made;
    return now >= made && *age <= nonces->lifetime;
}

/* Numbers only grow, so that what is forgotten is all below one number. */
static nonce_use_t *find_use(nonces_t *nonces, uint64_t number)
{
    size_t set = number % NONCE_SETS;
    nonce_use_t *uses = nonces->uses[set], *oldest = &uses[0];
    for (size_t i = 0; i < NONCE_WAYS; i++) {
        if (uses[i].number == number) {
            return &uses[i];
        }
        oldest = uses[i].number < oldest->number ? &uses[i] : oldest;
    }
    if (number <= nonces->forgotten[set]) {
        return NULL;
    }
    if (number < oldest->number) {
        /* Older than all that are remembered: it would be forgotten next. */
        nonces->forgotten[set] = number;
        return NULL;
    }
    nonces->forgotten[set] = oldest->number > nonces->forgotten[set] ? oldest->number
                                                                     : nonces->forgotten[set];
    *oldest = (nonce_use_t){.number = number};
    return oldest;
}

nonce_verdict_t nonces_use(nonces_t *nonces, slice_t nonce, uint32_t nc, uint64_t now)
{
    uint64_t number, age;
    if (!is_ours(nonces, nonce, now, &number, &age) || nc == 0) {
        return NONCE_STALE;
    }
    nonce_verdict_t fine = age > nonces->lifetime / 2 ? NONCE_AGEING : NONCE_FINE;
    nonce_use_t *use = find_use(nonces, number);
    if (!use) {
        return NONCE_STALE;
    }
    if (nc > use->greatest) {
        uint64_t step = nc - use->greatest;
        use->seen = (step < NONCE_WINDOW ? use->seen << step : 0) | 1;
        use->greatest = nc;
        return fine;
    }
    uint64_t back = use->greatest - nc;
    if (back >= NONCE_WINDOW || (use->seen >> back & 1)) {
        return NONCE_STALE;
    }
    use->seen |= 1ULL << back;
    return fine;
}
