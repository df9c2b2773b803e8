#include "flood.h"

#include <stdint.h>

#define BURST_S 5
#define LINE    1000 /* thousandths */

void flood_init(flood_t *f, uint64_t per_s)
{
    *f = (flood_t){.per_s = per_s};
}

static flood_kind_t *find_kind(flood_t *f, const char *area, const char *fmt, uint64_t now_ms)
{
    size_t at = ((uintptr_t)fmt ^ (uintptr_t)area << 1) / 4 % FLOOD_KINDS;
    flood_kind_t *kind = &f->kinds[at];
    for (size_t i = 0; i < FLOOD_KINDS; i++) {
        kind = &f->kinds[(at + i) % FLOOD_KINDS];
        if (!kind->fmt) {
            *kind = (flood_kind_t){
                .fmt = fmt, .area = area, .left = f->per_s * BURST_S * LINE, .filled_ms = now_ms};
        }
        if (kind->fmt == fmt && kind->area == area) {
            return kind;
        }
    }
    return kind;
}

static void refill(const flood_t *f, flood_kind_t *kind, uint64_t now_ms)
{
    uint64_t most = f->per_s * BURST_S * LINE;
    uint64_t passed = now_ms - kind->filled_ms;
    uint64_t more = passed < BURST_S * 1000 ? passed * f->per_s * LINE / 1000 : most;
    kind->left = more < most - kind->left ? kind->left + more : most;
    kind->filled_ms = now_ms;
}

bool flood_admit(flood_t *f, log_level_t level, const char *area, const char *fmt, uint64_t now_ms)
{
    if (!f->per_s) {
        return true;
    }
    flood_kind_t *kind = find_kind(f, area, fmt, now_ms);
    refill(f, kind, now_ms);
    kind->level = level;
    if (kind->left >= LINE) {
        kind->left -= LINE;
        return true;
    }
    kind->omitted++;
    f->omitted++;
    return false;
}

bool flood_tell(flood_t *f, flood_kind_t *out)
{
    for (size_t i = 0; f->omitted && i < FLOOD_KINDS; i++) {
        flood_kind_t *kind = &f->kinds[i];
        if (kind->omitted) {
            *out = *kind;
            f->omitted -= kind->omitted;
            kind->omitted = 0;
            return true;
        }
    }
    return false;
}
