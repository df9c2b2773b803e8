#include "footprintd/base/json.h"

#include "base/scan.h"

bool utf8_valid(slice_t s)
{
    size_t i = 0;
    while (i < s.len) {
        if (s.len - i >= 8 && !(scan_load(s.ptr + i) & SCAN_HIGHS)) {
            i += 8;
            continue;
        }
        size_t step = utf8_step(s.ptr + i, s.len - i);
        if (!step) {
            return false;
        }
        i += step;
    }
    return true;
}

slice_t utf8_truncate(slice_t s, size_t max)
{
    if (s.len <= max) {
        return s;
    }
    size_t cut = max;
    while (cut && utf8_is_continuation(s.ptr[cut])) {
        cut--;
    }
    return slice_of(s.ptr, cut);
}
