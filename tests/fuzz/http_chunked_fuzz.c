/*
 * Chunked bodies, as the guard decodes them: however the bytes arrive, the same data comes out, and
 * what is behind the body is left alone.
 */
#include "footprintd/base/bytes.h"

#include "fuzz.h"

#include <stdlib.h>
#include <sys/types.h>

/* The library's, which has no header for it; see guard/internal.h. */
struct phr_chunked_decoder {
    size_t bytes_left_in_chunk;
    char consume_trailer;
    char _hex_count;
    char _state;
};
ssize_t phr_decode_chunked(struct phr_chunked_decoder *decoder, char *buf, size_t *bufsz);

typedef struct decoded {
    char *bytes; /* data, then what is behind the body */
    size_t len;  /* of the data */
    ssize_t result;
} decoded_t;

/* In pieces of `step` bytes, each added behind what was decoded, as the library does it. */
static decoded_t decode(const uint8_t *data, size_t size, size_t step)
{
    struct phr_chunked_decoder decoder = {.consume_trailer = 1};
    decoded_t out = {.bytes = malloc(size + 1), .result = -2};
    FUZZ_CHECK(out.bytes);
    for (size_t at = 0; at < size && out.result == -2; at += step) {
        size_t len = size - at < step ? size - at : step;
        memcpy(out.bytes + out.len, data + at, len);
        out.result = phr_decode_chunked(&decoder, out.bytes + out.len, &len);
        out.len += len;
        if (out.result >= 0) {
            size_t rest = size - at < step ? 0 : size - at - step;
            memcpy(out.bytes + out.len + out.result, data + size - rest, rest);
            out.result += (ssize_t)rest;
        }
    }
    return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    decoded_t whole = decode(data, size, size ? size : 1);
    FUZZ_CHECK(whole.len <= size);
    for (size_t step = 1; step < 4; step++) {
        decoded_t pieces = decode(data, size, step);
        FUZZ_CHECK(pieces.result == whole.result);
        if (whole.result >= -1) {
            size_t behind = whole.result > 0 ? (size_t)whole.result : 0;
            FUZZ_CHECK(pieces.len == whole.len);
            FUZZ_CHECK(memcmp(pieces.bytes, whole.bytes, whole.len) == 0);
            FUZZ_CHECK(whole.result < 0 ||
                       memcmp(pieces.bytes + whole.len, data + size - behind, behind) == 0);
        }
        free(pieces.bytes);
    }
    free(whole.bytes);
    return 0;
}
