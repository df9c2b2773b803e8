/* The Authorization field of HTTP Digest, and the nonces in it. */
#include "http/digest.h"

#include "fuzz.h"

static bool lies_in(slice_t part, slice_t whole)
{
    return part.len == 0 || (part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static nonces_t nonces;
    slice_t field = slice_of((const char *)data, size);
    digest_credentials_t c;
    buf_t scratch = BUF_INIT;
    if (digest_parse(field, &scratch, &c) == DIGEST_FINE) {
        const slice_t parts[] = {c.username, c.realm, c.nonce, c.uri, c.cnonce, c.nc_text};
        for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
            FUZZ_CHECK(lies_in(parts[i], field) || lies_in(parts[i], buf_slice(&scratch)));
        }
        FUZZ_CHECK(c.nc_text.len == 8);
        FUZZ_CHECK(!buf_failed(&scratch));
        /* Without our key, no nonce is ours. */
        FUZZ_CHECK(nonces_init(&nonces, 300));
        FUZZ_CHECK(nonces_use(&nonces, c.nonce, c.nc, 0) == NONCE_STALE);
    }
    buf_release(&scratch);
    return 0;
}
