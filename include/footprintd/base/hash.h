/*
 * Hashes: SHA-256 for content, a fast keyed one for tables, and the text form of a tag.
 */
#ifndef FOOTPRINTD_BASE_HASH_H
#define FOOTPRINTD_BASE_HASH_H

#include "footprintd/base/bytes.h"

#define DIGEST_SIZE 32
#define TAG_BYTES   20 /* of the digest, in a vtag */
#define TAG_LEN     27 /* characters of base64url without padding */

typedef struct digest {
    uint8_t bytes[DIGEST_SIZE];
} digest_t;

typedef struct hasher {
    void *ctx; /* EVP_MD_CTX */
    bool failed;
} hasher_t;

/* SHA-256 (FIPS 180-4). One hasher may be finished and begun again any number of times. */
err_t hasher_init(hasher_t *h) FPD_MUST_CHECK;
void hasher_release(hasher_t *h);
void hasher_begin(hasher_t *h);
void hasher_update(hasher_t *h, const void *bytes, size_t len);
void hasher_update_slice(hasher_t *h, slice_t s);
/* ERR_NOMEM when any step since hasher_begin failed. */
err_t hasher_finish(hasher_t *h, digest_t *out) FPD_MUST_CHECK;
/* All of it at once. */
err_t digest_slice(slice_t s, digest_t *out) FPD_MUST_CHECK;
static inline bool digest_eq(const digest_t *a, const digest_t *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/*
 * The tag of a VersionTag (RFC 7285 10.3): the first TAG_BYTES bytes as base64url (RFC 4648 5)
 * without padding; out has TAG_LEN + 1 bytes and ends in a NUL.
 */
void tag_format(const digest_t *digest, char out[TAG_LEN + 1]);

/* base64url without padding (RFC 4648 5): writes and returns ceil(count * 4 / 3) characters. */
size_t base64url_write(const uint8_t *bytes, size_t count, char *out);

/*
 * Blocks as a key permutes them (AES-128), in their places: who does not know the key can tell
 * neither what they were nor, of what another key made, which are the same. ERR_NOMEM.
 */
#define BLOCK_SIZE 16
err_t blocks_permute(const uint8_t key[BLOCK_SIZE], uint8_t *blocks, size_t count) FPD_MUST_CHECK;

/* For hash tables in memory only: seeded once a process, never stored, never on the wire. */
uint64_t hash_bytes(const void *bytes, size_t len);

static inline uint64_t hash_slice(slice_t s)
{
    return hash_bytes(s.ptr, s.len);
}

#endif
