/*
 * HTTP Digest access authentication (RFC 7616), the server's side without I/O: qop=auth with
 * SHA-256, and MD5 where it is asked for.
 *
 * Nonces that are only handed out cost nothing: a nonce is the time, a number and a MAC over both
 * under a key of this process. Of those that were used with the right password a table remembers
 * which counts (nc) have come, so that none works twice. The table never grows. A nonce that it
 * cannot speak for any more is stale: the client gets another, and asks once more.
 */
#ifndef FOOTPRINTD_HTTP_DIGEST_H
#define FOOTPRINTD_HTTP_DIGEST_H

#include "footprintd/base/hash.h"

typedef enum digest_algorithm {
    DIGEST_SHA256,
    DIGEST_MD5,
    DIGEST_UNKNOWN, /* one that was never offered */
} digest_algorithm_t;

/* Bytes of a hash of the algorithm, and of the longest. */
#define DIGEST_HASH_MAX 32
size_t digest_hash_size(digest_algorithm_t algorithm);
/* "SHA-256", "MD5" */
const char *digest_algorithm_name(digest_algorithm_t algorithm);

/* ---- digest_parse.c: the Authorization field ---- */

/* Texts lie in the value that was parsed, or in the buffer. */
typedef struct digest_credentials {
    slice_t username; /* decoded, of username or username* */
    slice_t realm;
    slice_t nonce;
    slice_t uri;
    slice_t cnonce;
    uint32_t nc;
    slice_t nc_text; /* as it was written: it is hashed */
    digest_algorithm_t algorithm;
    uint8_t response[DIGEST_HASH_MAX]; /* digest_hash_size bytes of it */
} digest_credentials_t;

typedef enum digest_syntax {
    DIGEST_FINE,
    DIGEST_OTHER_SCHEME, /* not Digest: a challenge is the answer */
    DIGEST_MALFORMED,    /* 400 (RFC 7616 3.4) */
    DIGEST_NOT_OFFERED,  /* an algorithm, qop or userhash that no challenge has: a new challenge */
} digest_syntax_t;

/* scratch gets what has to be decoded, and must outlive the credentials. */
digest_syntax_t digest_parse(slice_t authorization, buf_t *scratch, digest_credentials_t *out);

/* ---- digest.c: hashes ---- */

/* H(user ":" realm ":" password) */
bool digest_ha1(digest_algorithm_t algorithm, slice_t user, slice_t realm, slice_t password,
                uint8_t out[DIGEST_HASH_MAX]);
/*
 * Whether the response is that of one who knows what ha1 is made of, for this method: compared in a
 * time that does not depend on where it differs. False also when memory is out.
 */
bool digest_response_fits(const digest_credentials_t *credentials, const uint8_t *ha1,
                          slice_t method);
/*
 * The value of Authentication-Info (RFC 7616 3.5): that we know the secret too. next: the nonce
 * that the client had better use from now on, or NULL. False, and nothing is written, when memory
 * is out.
 */
bool digest_write_info(const digest_credentials_t *credentials, const uint8_t *ha1,
                       const char *next, buf_t *out);

/* ---- digest_nonce.c ---- */

#define NONCE_BYTES   32 /* time and number, 8 each, and 16 of the MAC */
#define NONCE_LEN     43 /* as base64url without padding */
#define NONCE_WAYS    8
#define NONCE_SETS    512
#define NONCE_WINDOW  64 /* counts below the greatest that may still come */
#define NONCE_KEY_LEN 32

typedef struct nonce_use {
    uint64_t number;   /* 0: free */
    uint64_t greatest; /* nc */
    uint64_t seen;     /* bit i: greatest - i has come */
} nonce_use_t;

/* One thread at a time. */
typedef struct nonces {
    uint8_t key[NONCE_KEY_LEN];
    uint64_t lifetime; /* s */
    uint64_t last;     /* number that was handed out */
    nonce_use_t uses[NONCE_SETS][NONCE_WAYS];
    uint64_t forgotten[NONCE_SETS]; /* the greatest number whose use is not remembered */
} nonces_t;

typedef enum nonce_verdict {
    NONCE_FINE,   /* and noted: this count will not be fine again */
    NONCE_AGEING, /* the same, and in the second half of its life */
    NONCE_STALE,  /* too old, not ours, used with this count, or forgotten */
} nonce_verdict_t;

/* False when the system gives no random bytes. */
bool nonces_init(nonces_t *nonces, uint64_t lifetime_s);
/* now: seconds of any steady clock. False when memory is out. */
bool nonces_make(nonces_t *nonces, uint64_t now, char out[NONCE_LEN + 1]);
/* Of credentials whose response fits, and of no others: only those may cost memory. */
nonce_verdict_t nonces_use(nonces_t *nonces, slice_t nonce, uint32_t nc, uint64_t now);

#endif
