/*
 * The difference of two directories of documents, in one process, with made-up databases.
 *
 * usage: bench_difference [--rounds N] OLD NEW
 * The databases have as many ranges as those of cities that people use (1,000,000 of IPv4, 300,000
 * of IPv6) over 250 countries and 80,000 AS numbers. Prints lines "name value": processor time in
 * milliseconds, the median of N rounds where there are rounds, and the summary.
 */
#include "footprintd/lookup/difference.h"
#include "footprintd/config/inputs.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ROUNDS_MAX 99
#define RANGES4    1000000
#define RANGES6    300000
#define COUNTRIES  250
#define NUMBERS    80000

static void fail(const char *what, err_t err)
{
    (void)fprintf(stderr, "bench_difference: %s: %s\n", what, err_text(err));
    exit(1);
}

static double now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void *many(size_t count, size_t size)
{
    void *p = calloc(count, size);
    if (!p) {
        fail("tables", ERR_NOMEM);
    }
    return p;
}

static uint32_t next_random(uint32_t below)
{
    static uint64_t state = 1;
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(state >> 33) % below;
}

/* Ranges of about the same size all over IPv4 and 2000::/3. */
static geo_table_t make_table(bool country, size_t records)
{
    geo_table_t t = {.record_count = records};
    t.records = many(records, sizeof *t.records);
    for (size_t i = 1; i < records; i++) {
        geo_code_t code = (geo_code_t)('a' + i / 26) << 56 | (geo_code_t)('a' + i % 26) << 48;
        t.records[i].country = country ? code : 0;
        t.records[i].has_asn = !country;
        t.records[i].asn = country ? 0 : (uint32_t)i;
    }
    t.v4 = (geo_ranges4_t){many(RANGES4, sizeof(uint32_t)), many(RANGES4, sizeof(uint32_t)),
                           RANGES4};
    t.v6 = (geo_ranges6_t){many(RANGES6, sizeof(u128_t)), many(RANGES6, sizeof(uint32_t)), RANGES6};
    for (size_t i = 1; i < RANGES4; i++) {
        t.v4.start[i] = (uint32_t)(i * (UINT32_MAX / RANGES4)) + next_random(4000);
        t.v4.record[i] = 1 + (t.v4.record[i - 1] + next_random((uint32_t)records - 2)) %
                                 ((uint32_t)records - 1);
    }
    for (size_t i = 1; i < RANGES6; i++) {
        t.v6.start[i] = (u128_t){(UINT64_C(1) << 61) + i * ((UINT64_C(1) << 61) / RANGES6), 0};
        t.v6.record[i] = 1 + (t.v6.record[i - 1] + next_random((uint32_t)records - 2)) %
                                 ((uint32_t)records - 1);
    }
    return t;
}

static attributes_t *make_attributes(void)
{
    geo_table_t tables[ATTRIBUTE_SOURCE_COUNT] = {[ATTRIBUTE_COUNTRY] = make_table(true, COUNTRIES),
                                                  [ATTRIBUTE_ASN] = make_table(false, NUMBERS)};
    const bool present[ATTRIBUTE_SOURCE_COUNT] = {
        [ATTRIBUTE_COUNTRY] = true, [ATTRIBUTE_ASN] = true};
    attributes_t *out = NULL;
    err_t err = attributes_from_tables_take(tables, present, &out);
    if (err) {
        fail("attributes", err);
    }
    return out;
}

static int cmp_double(const void *px, const void *py)
{
    double x = *(const double *)px, y = *(const double *)py;
    return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
    size_t rounds = 7;
    if (argc == 5 && strcmp(argv[1], "--rounds") == 0) {
        rounds = strtoul(argv[2], NULL, 10);
        argv += 2;
        argc -= 2;
    }
    if (argc != 3 || !rounds || rounds > ROUNDS_MAX) {
        (void)fputs("usage: bench_difference [--rounds N] OLD NEW\n", stderr);
        return 2;
    }
    attributes_t *attributes = make_attributes();
    store_documents_t documents[2];
    model_t *models[2] = {NULL, NULL};
    join_index_t *joins[2] = {NULL, NULL};
    config_t config;
    findings_t findings;
    config_init(&config);
    findings_init(&findings, 0);
    for (int i = 0; i < 2; i++) {
        store_documents_init(&documents[i]);
        config.footprints = slice_str(argv[1 + i]);
        double start = now_ms();
        err_t err = config_read_model(&config, NULL, &documents[i], &findings, &models[i]);
        double read = now_ms();
        err = err ? err : join_build(models[i], attributes, &joins[i]);
        if (err) {
            fail(argv[1 + i], err);
        }
        (void)printf("model_ms %.1f\njoin_ms %.1f\nranges %zu\n", read - start, now_ms() - read,
                     joins[i]->ranges[0].count + joins[i]->ranges[1].count);
    }
    double times[ROUNDS_MAX];
    buf_t out = BUF_INIT;
    for (size_t i = 0; i < rounds; i++) {
        arena_t arena;
        difference_t *d = NULL;
        difference_options_t options = {.address_share = config.guard_address_share,
                                        .country_share = config.guard_country_share};
        arena_init(&arena, 0);
        double start = now_ms();
        err_t err = difference_make((difference_side_t){models[0], joins[0]},
                                    (difference_side_t){models[1], joins[1]}, attributes, &options,
                                    &arena, &d);
        if (err) {
            fail("difference", err);
        }
        times[i] = now_ms() - start;
        buf_clear(&out);
        difference_write_summary(d, &out);
        if (i + 1 == rounds) {
            (void)printf("rows %zu\n%.*s\n", d->coverage_count, SLICE_ARG(buf_slice(&out)));
        }
        arena_release(&arena);
    }
    qsort(times, rounds, sizeof *times, cmp_double);
    (void)printf("difference_ms %.1f\n", times[rounds / 2]);
    buf_release(&out);
    findings_release(&findings);
    for (int i = 0; i < 2; i++) {
        join_free(joins[i]);
        model_free(models[i]);
        store_documents_release(&documents[i]);
    }
    attributes_unref(attributes);
    config_release(&config);
    return 0;
}
