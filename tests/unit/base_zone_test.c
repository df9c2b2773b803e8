/*
 * Time zones, against what the C library says of the same ones, and TZif data of every wrong kind.
 */
#include "footprintd/base/time.h"
#include "footprintd/base/zone.h"

#include "failmalloc.h"
#include "fpd_cmocka.h"
#include "prng.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *const names[] = {
    "Europe/Berlin",  "America/New_York",    "Asia/Tokyo",       "UTC",
    "Europe/Dublin",  "Australia/Lord_Howe", "America/Santiago", "Africa/Casablanca",
    "Asia/Kathmandu", "Pacific/Apia",        "Asia/Gaza",        "America/Havana"};

static int32_t offset_of_libc(int64_t at)
{
    struct tm tm;
    time_t t = at;
    assert_non_null(localtime_r(&t, &tm));
    return (int32_t)tm.tm_gmtoff;
}

static void check_span(const zone_t *z, int64_t at)
{
    zone_span_t s = zone_span(z, at);
    if (s.offset != offset_of_libc(at) || s.from > at || s.until <= at ||
        (s.from != INT64_MIN && s.offset != offset_of_libc(s.from)) ||
        (s.until != INT64_MAX && s.offset != offset_of_libc(s.until - 1))) {
        fail_msg("at %lld: %d", (long long)at, s.offset);
    }
    if (s.until != INT64_MAX) {
        zone_span_t next = zone_span(z, s.until);
        assert_int_equal(next.from, s.until);
    }
}

/* The process's zone is the reference's; ours does not look at it. */
static void test_reference(void **state)
{
    (void)state;
    prng_t random = prng_start();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        arena_t arena;
        zone_t z;
        arena_init(&arena, 0);
        assert_int_equal(zone_load(ZONE_DIRECTORY, slice_str(names[i]), &arena, &z), ERR_OK);
        assert_int_equal(setenv("TZ", names[i], 1), 0);
        tzset();
        for (unsigned k = 0; k < 3000; k++) {
            /* 1900 to 2200, and around changes */
            int64_t at = -2208988800 + (int64_t)prng_below(&random, UINT64_C(9467107200));
            check_span(&z, at);
            zone_span_t s = zone_span(&z, at);
            if (s.until != INT64_MAX && s.until < 7258118400) {
                check_span(&z, s.until);
                check_span(&z, s.until - 1);
            }
        }
        arena_release(&arena);
    }
    assert_int_equal(unsetenv("TZ"), 0);
    tzset();
}

static void test_ends(void **state)
{
    (void)state;
    static const zone_t utc;
    arena_t arena;
    zone_t z;
    zone_span_t s = zone_span(&utc, 5);
    assert_true(s.from == INT64_MIN && s.until == INT64_MAX && s.offset == 0);
    arena_init(&arena, 0);
    assert_int_equal(zone_load(ZONE_DIRECTORY, SLICE_LIT("Europe/Berlin"), &arena, &z), ERR_OK);
    s = zone_span(&z, INT64_MAX);
    assert_true(s.until == INT64_MAX && s.offset == 3600);
    s = zone_span(&z, INT64_MIN);
    assert_true(s.from == INT64_MIN && s.offset == 3208);
    arena_release(&arena);
}

static void test_names(void **state)
{
    (void)state;
    static const char *const good[] = {"UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires",
                                       "Etc/GMT+5", "America/Port-au-Prince"};
    static const char *const bad[] = {
        "",    "/etc/passwd",          "../x", "Europe/../x", "Europe/", "a//b", "a.b",
        "a b", "Europe/Berl\xc3\xadn", "a\\b", "right/../x"};
    arena_t arena;
    zone_t z;
    arena_init(&arena, 0);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(zone_name_valid(slice_str(good[i])));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(zone_name_valid(slice_str(bad[i])));
        assert_int_equal(zone_load(ZONE_DIRECTORY, slice_str(bad[i]), &arena, &z), ERR_RANGE);
    }
    assert_false(zone_name_valid(slice_of("a\0b", 3)));
    assert_int_equal(zone_load(ZONE_DIRECTORY, SLICE_LIT("Europe"), &arena, &z), ERR_NOT_FOUND);
    assert_int_equal(zone_load(ZONE_DIRECTORY, SLICE_LIT("Europe/Nowhere"), &arena, &z),
                     ERR_NOT_FOUND);
    assert_int_equal(zone_load(ZONE_DIRECTORY, SLICE_LIT("UTC/x"), &arena, &z), ERR_NOT_FOUND);
    arena_release(&arena);
}

/* ---- rules ---- */

static void test_rules(void **state)
{
    (void)state;
    static const char *const good[] = {"UTC0",
                                       "CET-1CEST,M3.5.0,M10.5.0/3",
                                       "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
                                       "IST-1GMT0,M10.5.0,M3.5.0/1",
                                       "EST5EDT,J60,300/-1:30:15",
                                       "<-02>2<-01>,M3.5.0/-1,M10.5.0/0"};
    static const char *const bad[] = {"",
                                      "C",
                                      "CET",
                                      "CET-25",
                                      "CET-1CEST",
                                      "<+1>-1x",
                                      "CET-1CEST,M3.5.0",
                                      "CET-1CEST,M13.5.0,M10.5.0",
                                      "CET-1CEST,M3.6.0,M10.5.0",
                                      "CET-1CEST,M3.5.7,M10.5.0",
                                      "CET-1CEST,J0,J5",
                                      "CET-1CEST,366,J5",
                                      "CET-1CEST,M3.5.0,M10.5.0/168",
                                      "CET-1CEST,M3.5.0,M10.5.0 ",
                                      "CET-1:60"};
    zone_rule_t rule;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        if (!zone_rule_parse(slice_str(good[i]), &rule)) {
            fail_msg("%s", good[i]);
        }
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (zone_rule_parse(slice_str(bad[i]), &rule)) {
            fail_msg("%s", bad[i]);
        }
    }
}

/* A zone that has a rule alone. */
static zone_span_t ruled(const char *text, const char *moment)
{
    zone_t z = {.has_rule = true, .rule_from = INT64_MIN};
    int64_t at;
    assert_true(zone_rule_parse(slice_str(text), &z.rule));
    assert_true(moment_parse(slice_str(moment), &at));
    return zone_span(&z, at);
}

static void check_ruled(const char *text, const char *moment, int32_t offset, const char *from,
                        const char *until)
{
    zone_span_t s = ruled(text, moment);
    buf_t made = BUF_INIT;
    moment_write(s.from, &made);
    buf_append_char(&made, ' ');
    moment_write(s.until, &made);
    buf_t want = BUF_INIT;
    buf_printf(&want, "%s %s", from, until);
    assert_int_equal(s.offset, offset);
    if (!slice_eq(buf_slice(&made), buf_slice(&want))) {
        fail_msg("%.*s for %s", SLICE_ARG(buf_slice(&made)), text);
    }
    buf_release(&made);
    buf_release(&want);
}

static void test_years(void **state)
{
    (void)state;
    check_ruled("CET-1CEST,M3.5.0,M10.5.0/3", "2026-11-26T00:00:00Z", 3600, "2026-10-25T01:00:00Z",
                "2027-03-28T01:00:00Z");
    check_ruled("CET-1CEST,M3.5.0,M10.5.0/3", "2026-10-25T00:59:59Z", 7200, "2026-03-29T01:00:00Z",
                "2026-10-25T01:00:00Z");
    check_ruled("EST5EDT,J60,300/0", "2024-02-29T12:00:00Z", -18000, "2023-10-28T04:00:00Z",
                "2024-03-01T07:00:00Z");
    check_ruled("EST5EDT,59,J300/0", "2024-03-05T12:00:00Z", -14400, "2024-02-29T07:00:00Z",
                "2024-10-27T04:00:00Z");
    /* Summer all year round. */
    assert_int_equal(ruled("XXX3EDT4,0/0,J365/23", "2024-01-01T04:00:00Z").offset, -14400);
    assert_int_equal(ruled("XXX3EDT4,0/0,J365/23", "2024-06-01T04:00:00Z").until, INT64_MAX);
}

/* ---- data ---- */

static void put(buf_t *out, uint64_t value, size_t len)
{
    for (size_t i = len; i-- > 0;) {
        buf_append_char(out, i < 8 ? (char)(value >> 8 * i) : '\0');
    }
}

typedef struct tzif {
    char version;
    uint32_t leaps, types;
    int64_t times[2];
    uint8_t indices[2];
    int32_t offsets[2];
    const char *footer;
} tzif_t;

static buf_t make(const tzif_t *t)
{
    buf_t out = BUF_INIT;
    for (unsigned pass = 0; pass < 2; pass++) {
        buf_append_str(&out, "TZif");
        buf_append_char(&out, t->version);
        put(&out, 0, 15);
        put(&out, 0, 4);
        put(&out, 0, 4);
        put(&out, pass ? t->leaps : 0, 4);
        put(&out, pass ? 2 : 0, 4);
        put(&out, pass ? t->types : 0, 4);
        put(&out, 0, 4);
    }
    put(&out, (uint64_t)t->times[0], 8);
    put(&out, (uint64_t)t->times[1], 8);
    put(&out, t->indices[0], 1);
    put(&out, t->indices[1], 1);
    for (uint32_t i = 0; i < t->types; i++) {
        put(&out, (uint32_t)t->offsets[i], 4);
        put(&out, 0, 2);
    }
    for (uint32_t i = 0; i < t->leaps; i++) {
        put(&out, 0, 12);
    }
    buf_append_str(&out, t->footer);
    return out;
}

static err_t parse(const tzif_t *t, arena_t *arena, zone_t *z)
{
    buf_t data = make(t);
    err_t err = zone_parse(buf_slice(&data), arena, z);
    buf_release(&data);
    return err;
}

static void test_data(void **state)
{
    (void)state;
    const tzif_t good = {'2', 0, 2, {100, 200}, {1, 0}, {0, 3600}, "\nUTC0\n"};
    arena_t arena;
    zone_t z;
    arena_init(&arena, 0);
    assert_int_equal(parse(&good, &arena, &z), ERR_OK);
    assert_int_equal(zone_span(&z, 99).offset, 0);
    assert_int_equal(zone_span(&z, 100).offset, 3600);
    assert_int_equal(zone_span(&z, 199).until, 200);
    assert_int_equal(zone_span(&z, 200).until, INT64_MAX);
    tzif_t t[] = {good, good, good, good, good, good, good, good, good};
    t[0].version = '\0';
    t[1].leaps = 1;
    t[2].types = 0;
    t[3].times[1] = 100;
    t[4].indices[0] = 2;
    t[5].offsets[0] = 93600;
    t[6].footer = "\nUTC\n";
    t[7].footer = "UTC0\n";
    t[8].footer = "\n";
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        assert_int_equal(parse(&t[i], &arena, &z), ERR_SYNTAX);
    }
    tzif_t none = good;
    none.footer = "\n\n";
    assert_int_equal(parse(&none, &arena, &z), ERR_OK);
    assert_false(z.has_rule);
    /* Cut anywhere, it is wrong, and nothing behind it is read. */
    buf_t data = make(&good);
    for (size_t n = 0; n < data.len; n++) {
        char *copy = malloc(n + 1);
        memcpy(copy, data.ptr, n);
        if (!zone_parse(slice_of(copy, n), &arena, &z)) {
            fail_msg("%zu bytes", n);
        }
        free(copy);
    }
    buf_release(&data);
    arena_release(&arena);
}

static void test_nomem(void **state)
{
    (void)state;
    for (size_t n = 1;; n++) {
        arena_t arena;
        zone_t z;
        arena_init(&arena, 0);
        failmalloc_arm(n);
        err_t err = zone_load(ZONE_DIRECTORY, SLICE_LIT("Europe/Berlin"), &arena, &z);
        bool refused = failmalloc_disarm();
        arena_release(&arena);
        assert_int_equal(err, refused ? ERR_NOMEM : ERR_OK);
        if (!refused) {
            assert_true(n > 1);
            break;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference), cmocka_unit_test(test_ends),
        cmocka_unit_test(test_names),     cmocka_unit_test(test_rules),
        cmocka_unit_test(test_years),     cmocka_unit_test(test_data),
        cmocka_unit_test(test_nomem),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
