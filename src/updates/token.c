#include "hub.h"

#include <sys/random.h>

err_t secret_make(uint8_t *out, size_t len)
{
    return getrandom(out, len, 0) == (ssize_t)len ? ERR_OK : ERR_IO;
}

/* Unguessable (RFC 8895 7.1), and so never used again. */
err_t token_make(char out[TOKEN_LEN + 1])
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint8_t bytes[TOKEN_LEN];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes) {
        return ERR_IO;
    }
    for (size_t i = 0; i < TOKEN_LEN; i++) {
        out[i] = digits[bytes[i] & 63];
    }
    out[TOKEN_LEN] = '\0';
    return ERR_OK;
}
