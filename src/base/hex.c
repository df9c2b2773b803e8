#include "footprintd/base/hex.h"

int hex_byte(slice_t text)
{
    int high = text.len >= 2 ? hex_value(text.ptr[0]) : -1;
    int low = high >= 0 ? hex_value(text.ptr[1]) : -1;
    return low >= 0 ? high * 16 + low : -1;
}

bool hex_decode(slice_t text, uint8_t *out, size_t size)
{
    if (text.len != 2 * size) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        int byte = hex_byte(slice_of(text.ptr + 2 * i, 2));
        if (byte < 0) {
            return false;
        }
        out[i] = (uint8_t)byte;
    }
    return true;
}
