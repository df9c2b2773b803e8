/*
 * Data of time zones: any bytes are refused, or are a zone that says of every moment what holds,
 * and from when until when.
 */
#include "footprintd/base/zone.h"

#include "fuzz.h"

static void check(const zone_t *zone, int64_t at)
{
    zone_span_t s = zone_span(zone, at);
    FUZZ_CHECK(s.offset >= -90000 && s.offset <= 93600);
    FUZZ_CHECK(s.from <= at && (at < s.until || s.until == INT64_MAX));
    FUZZ_CHECK(s.from == INT64_MIN || zone_span(zone, s.from).offset == s.offset);
    FUZZ_CHECK(s.until == INT64_MAX || zone_span(zone, s.until - 1).offset == s.offset);
    FUZZ_CHECK(s.until == INT64_MAX || zone_span(zone, s.until).from <= s.until);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int64_t moments[] = {INT64_MIN,  -62135596800, -1,           0,
                                      1795651200, 4102444800,   253402300799, INT64_MAX};
    zone_t zone;
    arena_t arena;
    arena_init(&arena, 0);
    if (!zone_parse(slice_of((const char *)data, size), &arena, &zone)) {
        for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
            check(&zone, moments[i]);
        }
        for (size_t i = 0; i < zone.count && i < 50; i++) {
            check(&zone, zone.times[i]);
        }
    }
    arena_release(&arena);
    return 0;
}
