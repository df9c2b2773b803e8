/*
 * The tokens of the admin interface: a file with lines of `name:role:sha256-hex`, of which the
 * server knows the hashes alone.
 */
#ifndef FOOTPRINTD_HTTP_TOKENS_H
#define FOOTPRINTD_HTTP_TOKENS_H

#include "footprintd/base/hash.h"
#include "footprintd/http/admin.h"

#define TOKEN_NAME_MAX 64
#define TOKENS_MAX     1000

typedef struct token {
    char name[TOKEN_NAME_MAX + 1];
    admin_role_t role;
    digest_t digest; /* SHA-256 of the token */
} token_t;

typedef struct tokens {
    token_t *items;
    size_t count;
} tokens_t;

/*
 * Empty lines and those that begin with '#' are left out. A name may come several times, so that a
 * token can be exchanged while the old one still works; a hash may not. On failure *why has one
 * line, which begins with the number of the bad one. ERR_SYNTAX, ERR_LIMIT, ERR_NOMEM.
 */
err_t tokens_parse(slice_t text, tokens_t *out, buf_t *why) FPD_MUST_CHECK;
/*
 * The same of a file, which nobody but its owner may write, and others than its group not read
 * either: ERR_DATA when they may, ERR_IO.
 */
err_t tokens_read(const char *file, tokens_t *out, buf_t *why) FPD_MUST_CHECK;
void tokens_release(tokens_t *tokens);

/*
 * The entry with this digest, or NULL, in a time that does not depend on which entry it is nor on
 * how much of a digest is right.
 */
const token_t *tokens_find(const tokens_t *tokens, const digest_t *digest);

/*
 * The token of an Authorization field (RFC 6750 2.1); false when it has another scheme, or is not
 * what the grammar says.
 */
bool tokens_bearer(slice_t authorization, slice_t *token);

#endif
