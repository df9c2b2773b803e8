#include "http/tokens.h"

#include "footprintd/base/hex.h"
#include "footprintd/store/file.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdlib.h>

#define FILE_BYTES ((size_t)1 << 20)

/* Names come into logs and the history. */
static bool name_fits(slice_t name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!plain && !(c && strchr("-._@+", c))) {
            return false;
        }
    }
    return name.len > 0 && name.len <= TOKEN_NAME_MAX;
}

static bool role_parse(slice_t text, admin_role_t *out)
{
    for (int role = ADMIN_READER; role <= ADMIN_ADMIN; role++) {
        if (slice_is(text, admin_role_name((admin_role_t)role))) {
            *out = (admin_role_t)role;
            return true;
        }
    }
    return false;
}

/* Up to the next colon, which *rest then begins behind; false when there is none. */
static bool split(slice_t *rest, slice_t *field)
{
    const char *colon = rest->len ? memchr(rest->ptr, ':', rest->len) : NULL;
    if (!colon) {
        return false;
    }
    *field = slice_of(rest->ptr, (size_t)(colon - rest->ptr));
    *rest = slice_of(colon + 1, rest->len - field->len - 1);
    return true;
}

/* Never repeats what stands there: it may be a token. */
static const char *parse_line(slice_t line, const tokens_t *before, token_t *out)
{
    slice_t name, role;
    *out = (token_t){0};
    if (!split(&line, &name) || !split(&line, &role)) {
        return "not name:role:sha256-hex";
    }
    if (!name_fits(name)) {
        return "the name is not 1 to 64 letters, digits and -._@+";
    }
    if (!role_parse(role, &out->role)) {
        return "the role is not reader, editor or admin";
    }
    if (!hex_decode(line, out->digest.bytes, DIGEST_SIZE)) {
        return "the hash is not 64 hexadecimal digits";
    }
    if (tokens_find(before, &out->digest)) {
        return "the hash stands in a line before";
    }
    memcpy(out->name, name.ptr, name.len);
    return NULL;
}

static slice_t trimmed(slice_t s)
{
    while (s.len && (s.ptr[0] == ' ' || s.ptr[0] == '\t')) {
        s = slice_of(s.ptr + 1, s.len - 1);
    }
    while (s.len && strchr(" \t\r", s.ptr[s.len - 1]) && s.ptr[s.len - 1]) {
        s.len--;
    }
    return s;
}

static err_t add(tokens_t *tokens, const token_t *token)
{
    if (tokens->count == TOKENS_MAX) {
        return ERR_LIMIT;
    }
    token_t *grown = realloc(tokens->items, (tokens->count + 1) * sizeof *grown);
    if (!grown) {
        return ERR_NOMEM;
    }
    tokens->items = grown;
    grown[tokens->count++] = *token;
    return ERR_OK;
}

err_t tokens_parse(slice_t text, tokens_t *out, buf_t *why)
{
    tokens_t tokens = {NULL, 0};
    err_t err = ERR_OK;
    for (size_t number = 1; text.len && !err; number++) {
        const char *end = memchr(text.ptr, '\n', text.len);
        slice_t line = slice_of(text.ptr, end ? (size_t)(end - text.ptr) : text.len);
        size_t step = line.len + (end ? 1 : 0);
        text = slice_of(text.ptr + step, text.len - step);
        line = trimmed(line);
        if (!line.len || line.ptr[0] == '#') {
            continue;
        }
        token_t token;
        const char *wrong = parse_line(line, &tokens, &token);
        err = wrong ? ERR_SYNTAX : add(&tokens, &token);
        if (err) {
            buf_printf(why, "line %zu: %s", number,
                       wrong              ? wrong
                       : err == ERR_LIMIT ? "more tokens than a file may have"
                                          : err_text(err));
        }
    }
    if (err) {
        tokens_release(&tokens);
        return err;
    }
    *out = tokens;
    return ERR_OK;
}

err_t tokens_read(const char *file, tokens_t *out, buf_t *why)
{
    buf_t text = BUF_INIT, reason = BUF_INIT;
    err_t err = store_file_check_private(file, &reason);
    err = err ? err : store_file_read(AT_FDCWD, file, FILE_BYTES, &text, &reason);
    err = err ? err : tokens_parse(buf_slice(&text), out, &reason);
    if (err) {
        buf_printf(why, "tokens %s: %.*s", file,
                   SLICE_ARG(reason.len ? buf_slice(&reason) : slice_str(err_text(err))));
    }
    if (text.len) {
        OPENSSL_cleanse(text.ptr, text.len);
    }
    buf_release(&text);
    buf_release(&reason);
    return err;
}

err_t http_admin_check_tokens(const char *file, buf_t *why)
{
    tokens_t tokens = {NULL, 0};
    err_t err = tokens_read(file, &tokens, why);
    tokens_release(&tokens);
    return err;
}

void tokens_release(tokens_t *tokens)
{
    free(tokens->items);
    *tokens = (tokens_t){NULL, 0};
}

const token_t *tokens_find(const tokens_t *tokens, const digest_t *digest)
{
    size_t found = SIZE_MAX;
    for (size_t i = 0; i < tokens->count; i++) {
        size_t differs = CRYPTO_memcmp(&tokens->items[i].digest, digest, sizeof *digest) != 0;
        /* All ones when it differs: no branch on what was found. */
        size_t mask = (size_t)0 - differs;
        found = (found & mask) | (i & ~mask);
    }
    return found == SIZE_MAX ? NULL : &tokens->items[found];
}

/* b64token = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"=" */
static bool is_b64token(slice_t s)
{
    size_t len = s.len;
    while (len && s.ptr[len - 1] == '=') {
        len--;
    }
    for (size_t i = 0; i < len; i++) {
        char c = s.ptr[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!plain && !(c && strchr("-._~+/", c))) {
            return false;
        }
    }
    return len > 0;
}

bool tokens_bearer(slice_t authorization, slice_t *token)
{
    const slice_t scheme = SLICE_LIT("Bearer ");
    slice_t s = trimmed(authorization);
    if (s.len <= scheme.len || !slice_eq_nocase(slice_of(s.ptr, scheme.len), scheme)) {
        return false;
    }
    s = trimmed(slice_of(s.ptr + scheme.len, s.len - scheme.len));
    *token = s;
    return is_b64token(s);
}
