/*
 * Look-ups: from an address to the id of its answer, to its attributes, and from text; beside them
 * in the same run what one would write without a join.
 *
 * usage: bench_lookup [--rounds N] COUNTRY CITY ASN DIRECTORY
 * First compares attributes with libmaxminddb, answers with longest-prefix matches, and tries with
 * a binary search. Then prints lines "name value": counts and bytes, and for each measurement
 * "FAMILY.CLIENTS.NAME median best" in nanoseconds of processor time an address. T are independent
 * look-ups, D ones whose key depends on the answer before.
 */
#include "lookup_anchors.h"

#include "footprintd/store/databases.h"
#include "footprintd/store/directory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define KEYS       (1u << 20)
#define KEYS_SLOW  (1u << 17) /* for what takes ten times as long */
#define CLIENTS    1000000u
#define CHECKED    50000u /* of each of the four lists of addresses */
#define ROUNDS_MAX 99

typedef struct keys {
    const char *clients;
    family_t family;
    uint32_t *v4;
    u128_t *v6;
    struct sockaddr_in *sock4;
    struct sockaddr_in6 *sock6;
    char *text;        /* without anything between them */
    uint32_t *text_at; /* one more: where the last one ends */
} keys_t;

static attributes_t *attributes;
static model_t *model;
static join_index_t *join;
static anchors_t anchors;

static void fail(const char *what)
{
    (void)fprintf(stderr, "bench_lookup: %s\n", what);
    exit(1);
}

static void *get_memory(size_t count, size_t size)
{
    void *p = calloc(count, size);
    if (!p) {
        fail("no memory");
    }
    return p;
}

static double now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static uint64_t rnd(void)
{
    static uint64_t state = 20241107;
    uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* ---- addresses ---- */

/* An address of an announced range: one of which something is known. */
static u128_t announced(family_t family)
{
    const join_ranges_t *r = attributes_ranges(attributes, family);
    size_t i;
    do {
        i = rnd() % r->count;
    } while (!attributes_at(attributes, r->id[i]).has_asn);
    u128_t a = join_ranges_start(r, i), last = join_ranges_last(r, i);
    if (a.hi == last.hi) {
        uint64_t span = last.lo - a.lo;
        a.lo += span == UINT64_MAX ? rnd() : rnd() % (span + 1);
        return a;
    }
    a.hi += rnd() % (last.hi - a.hi + 1);
    a.lo = rnd();
    return u128_cmp(a, last) > 0 ? last : a;
}

static void set_key(keys_t *k, size_t i, u128_t a)
{
    addr_t addr = {.family = k->family};
    if (k->family == FAMILY_IPV4) {
        k->v4[i] = addr.u.v4 = (uint32_t)a.lo;
        k->sock4[i].sin_family = AF_INET;
        k->sock4[i].sin_addr.s_addr = htonl((uint32_t)a.lo);
    } else {
        k->v6[i] = addr.u.v6 = a;
        k->sock6[i].sin6_family = AF_INET6;
        for (unsigned b = 0; b < 16; b++) {
            k->sock6[i].sin6_addr.s6_addr[b] = (uint8_t)((b < 8 ? a.hi : a.lo) >> 8 * (7 - b % 8));
        }
    }
    k->text_at[i + 1] = k->text_at[i] + (uint32_t)addr_format(&addr, k->text + k->text_at[i]);
}

/*
 * Random: IPv4 over the whole space, IPv6 over announced ranges. Zipf: a million clients in
 * announced ranges, the one of rank n as often as 1/n.
 */
static void make_keys(keys_t *k, const char *clients, family_t family)
{
    *k = (keys_t){.clients = clients, .family = family};
    k->v4 = get_memory(KEYS, sizeof *k->v4);
    k->v6 = get_memory(KEYS, sizeof *k->v6);
    k->sock4 = get_memory(KEYS, sizeof *k->sock4);
    k->sock6 = get_memory(KEYS, sizeof *k->sock6);
    k->text = get_memory(KEYS, ADDR_TEXT_MAX);
    k->text_at = get_memory(KEYS + 1, sizeof *k->text_at);
    if (strcmp(clients, "random") == 0) {
        for (size_t i = 0; i < KEYS; i++) {
            set_key(k, i, family == FAMILY_IPV4 ? (u128_t){0, rnd() >> 32} : announced(family));
        }
        return;
    }
    u128_t *client = get_memory(CLIENTS, sizeof *client);
    for (size_t i = 0; i < CLIENTS; i++) {
        client[i] = announced(family);
    }
    for (size_t i = 0; i < KEYS; i++) {
        /* The inverse of the integral of 1/x: close to the sum of 1/n. */
        double u = (double)(rnd() >> 11) * 0x1p-53;
        size_t rank = (size_t)(exp(u * log(CLIENTS + 1.0)) - 1);
        set_key(k, i, client[rank < CLIENTS ? rank : CLIENTS - 1]);
    }
    free(client);
}

static void free_keys(keys_t *k)
{
    free(k->v4);
    free(k->v6);
    free(k->sock4);
    free(k->sock6);
    free(k->text);
    free(k->text_at);
}

/* ---- what is measured: each returns a sum, so that nothing is left out ---- */

static const struct sockaddr *sock(const keys_t *k, size_t i)
{
    return k->family == FAMILY_IPV4 ? (const struct sockaddr *)(const void *)&k->sock4[i]
                                    : (const struct sockaddr *)(const void *)&k->sock6[i];
}

static u128_t left_aligned(const keys_t *k, size_t i)
{
    return k->family == FAMILY_IPV4 ? (u128_t){(uint64_t)k->v4[i] << 32, 0} : k->v6[i];
}

static u128_t right_aligned(const keys_t *k, size_t i)
{
    return k->family == FAMILY_IPV4 ? (u128_t){0, k->v4[i]} : k->v6[i];
}

static slice_t text_of(const keys_t *k, size_t i)
{
    return slice_of(k->text + k->text_at[i], k->text_at[i + 1] - k->text_at[i]);
}

static uint32_t answer_t_v4(const uint32_t *v4, size_t count)
{
    const join_index_t *j = join;
    uint32_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += join_answer_v4(j, v4[i]);
    }
    return sum;
}

static uint32_t answer_t_v6(const u128_t *v6, size_t count)
{
    const join_index_t *j = join;
    uint32_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += join_answer_v6(j, v6[i]);
    }
    return sum;
}

static uint32_t answer_t(const keys_t *k, size_t count)
{
    return k->family == FAMILY_IPV4 ? answer_t_v4(k->v4, count) : answer_t_v6(k->v6, count);
}

/* Ids have 31 bits, which the compiler does not know: the key waits for the last answer. */
static uint32_t answer_d(const keys_t *k, size_t count)
{
    const join_index_t *j = join;
    uint32_t sum = 0, last = 0;
    if (k->family == FAMILY_IPV4) {
        for (size_t i = 0; i < count; i++) {
            last = join_answer_v4(j, k->v4[i] ^ last >> 31);
            sum += last;
        }
    } else {
        for (size_t i = 0; i < count; i++) {
            last = join_answer_v6(j, (u128_t){k->v6[i].hi ^ last >> 31, k->v6[i].lo});
            sum += last;
        }
    }
    return sum;
}

static uint32_t add_attributes(uint32_t id)
{
    attribute_set_t set = attributes_at(attributes, id);
    uint32_t sum = (uint32_t)(set.country >> 48) + set.asn;
    for (size_t s = 0; s < set.subdivision_count; s++) {
        sum += (uint32_t)(set.subdivisions[s] >> 32);
    }
    return sum;
}

static uint32_t attributes_t_(const keys_t *k, size_t count)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += add_attributes(k->family == FAMILY_IPV4 ? attributes_id_v4(attributes, k->v4[i])
                                                       : attributes_id_v6(attributes, k->v6[i]));
    }
    return sum;
}

static uint32_t attributes_d(const keys_t *k, size_t count)
{
    uint32_t sum = 0, last = 0;
    for (size_t i = 0; i < count; i++) {
        last = k->family == FAMILY_IPV4
                   ? attributes_id_v4(attributes, k->v4[i] ^ last >> 31)
                   : attributes_id_v6(attributes, (u128_t){k->v6[i].hi ^ last >> 31, k->v6[i].lo});
        sum += add_attributes(last);
    }
    return sum;
}

static uint32_t text_parse(const keys_t *k, size_t count)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        addr_t addr;
        if (addr_parse(text_of(k, i), &addr)) {
            fail("an address is none");
        }
        sum += addr.u.v4;
    }
    return sum;
}

static uint32_t text_answer(const keys_t *k, size_t count)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        addr_t addr;
        if (addr_parse(text_of(k, i), &addr)) {
            fail("an address is none");
        }
        sum += join_answer(join, &addr);
    }
    return sum;
}

static uint32_t binary_t(const keys_t *k, size_t count)
{
    const join_ranges_t *r = &join->ranges[k->family];
    uint32_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += r->id[join_ranges_find(r, right_aligned(k, i))];
    }
    return sum;
}

static uint32_t mmdb_country(const keys_t *k, size_t count)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += mmdb_find(&anchors.country, sock(k, i));
    }
    return sum;
}

static uint32_t mmdb_both(const keys_t *k, size_t count)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        mmdb_answer_t a = mmdb_values(&anchors, sock(k, i));
        sum += a.asn + (unsigned char)a.country[0];
    }
    return sum;
}

static uint32_t lpm_radix(const keys_t *k, size_t count)
{
    uint32_t sum = 0;
    unsigned bits = k->family == FAMILY_IPV4 ? 32 : 128;
    for (size_t i = 0; i < count; i++) {
        sum += radix_get(&anchors.radix[k->family], left_aligned(k, i), bits);
    }
    return sum;
}

static uint32_t lpm_by_length(const keys_t *k, size_t count)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += by_length_get(&anchors.by_length[k->family], left_aligned(k, i));
    }
    return sum;
}

/* Two databases with their values, and the faster of the longest-prefix matches. */
static uint32_t obvious(const keys_t *k, size_t count)
{
    uint32_t sum = 0;
    unsigned bits = k->family == FAMILY_IPV4 ? 32 : 128;
    for (size_t i = 0; i < count; i++) {
        mmdb_answer_t a = mmdb_values(&anchors, sock(k, i));
        sum += a.asn + (unsigned char)a.country[0];
        sum += radix_get(&anchors.radix[k->family], left_aligned(k, i), bits);
    }
    return sum;
}

static const struct measure {
    const char *name;
    uint32_t (*run)(const keys_t *k, size_t count);
    size_t count;
} measures[] = {
    {"answer_t", answer_t, KEYS},
    {"answer_d", answer_d, KEYS},
    {"attributes_t", attributes_t_, KEYS},
    {"attributes_d", attributes_d, KEYS},
    {"text_parse", text_parse, KEYS},
    {"text_answer", text_answer, KEYS},
    {"binary_t", binary_t, KEYS},
    {"mmdb_country", mmdb_country, KEYS_SLOW},
    {"mmdb_both", mmdb_both, KEYS_SLOW},
    {"lpm_radix", lpm_radix, KEYS_SLOW},
    {"lpm_by_length", lpm_by_length, KEYS_SLOW},
    {"obvious", obvious, KEYS_SLOW},
};
#define MEASURES (sizeof measures / sizeof *measures)
#define LISTS    4

/* ---- correctness ---- */

static bool same_country(const char text[2], geo_code_t code)
{
    uint64_t folded = text[0] ? (uint64_t)(text[0] | 0x20) << 56 | (uint64_t)(text[1] | 0x20) << 48
                              : 0;
    return folded == code;
}

static bool has_set(uint32_t answer, uint32_t set)
{
    id_list_t list = join_answer_sets(join, answer);
    for (size_t i = 0; i < list.count; i++) {
        if (list.ids[i] == set) {
            return true;
        }
    }
    return false;
}

static void check_keys(const keys_t *k, size_t wrong[3])
{
    const join_ranges_t *r = &join->ranges[k->family];
    unsigned bits = k->family == FAMILY_IPV4 ? 32 : 128;
    for (size_t i = 0; i < KEYS; i++) {
        uint32_t answer = k->family == FAMILY_IPV4 ? join_answer_v4(join, k->v4[i])
                                                   : join_answer_v6(join, k->v6[i]);
        wrong[2] += answer != r->id[join_ranges_find(r, right_aligned(k, i))];
        if (i >= CHECKED) {
            continue;
        }
        uint32_t id = k->family == FAMILY_IPV4 ? attributes_id_v4(attributes, k->v4[i])
                                               : attributes_id_v6(attributes, k->v6[i]);
        attribute_set_t set = attributes_at(attributes, id);
        mmdb_answer_t expected = mmdb_values(&anchors, sock(k, i));
        wrong[0] += set.asn != expected.asn || !same_country(expected.country, set.country);
        uint32_t longest = radix_get(&anchors.radix[k->family], left_aligned(k, i), bits);
        wrong[1] += longest != by_length_get(&anchors.by_length[k->family], left_aligned(k, i)) ||
                    (longest && !has_set(answer, longest - 1));
    }
}

/* ---- the run ---- */

static void load(char **argv)
{
    findings_t findings;
    findings_init(&findings, 0);
    const store_databases_options_t options = {
        .paths = {
            [ATTRIBUTE_COUNTRY] = argv[0], [ATTRIBUTE_CITY] = argv[1], [ATTRIBUTE_ASN] = argv[2]}};
    store_databases_t databases = {0};
    store_documents_t documents;
    store_documents_init(&documents);
    if (store_databases_load(&options, NULL, &databases, &findings) ||
        store_directory_read(argv[3], &(store_limits_t){0}, &documents, &findings)) {
        fail("databases or documents cannot be read");
    }
    attributes = databases.attributes;
    model_source_t *sources = get_memory(documents.count + 1, sizeof *sources);
    for (size_t i = 0; i < documents.count; i++) {
        const store_document_t *d = &documents.items[i];
        sources[i] = (model_source_t){d->name, d->format, d->bytes};
    }
    if (model_build(sources, documents.count, NULL, &findings, &model) ||
        join_build(model, attributes, &join)) {
        fail("no model or no join");
    }
    free(sources);
    store_documents_release(&documents);
    findings_release(&findings);
    anchors_open(argv[0], argv[2], model, join, &anchors);
}

static int cmp_double(const void *x, const void *y)
{
    double a = *(const double *)x, b = *(const double *)y;
    return a < b ? -1 : a > b;
}

static void measure(const keys_t keys[LISTS], size_t rounds)
{
    static double ns[LISTS][MEASURES][ROUNDS_MAX];
    for (size_t round = 0; round < rounds; round++) {
        for (size_t m = 0; m < MEASURES; m++) {
            for (size_t l = 0; l < LISTS; l++) {
                /* Once before: what ran in between took the cache. */
                uint32_t before = measures[m].run(&keys[l], measures[m].count);
                double begin = now_ns();
                uint32_t sum = measures[m].run(&keys[l], measures[m].count);
                ns[l][m][round] = (now_ns() - begin) / (double)measures[m].count;
                if (sum != before) {
                    fail("the same look-ups gave something else");
                }
            }
        }
    }
    for (size_t l = 0; l < LISTS; l++) {
        for (size_t m = 0; m < MEASURES; m++) {
            qsort(ns[l][m], rounds, sizeof ns[l][m][0], cmp_double);
            (void)printf("%s.%s.%s %.3f %.3f\n", keys[l].family == FAMILY_IPV4 ? "v4" : "v6",
                         keys[l].clients, measures[m].name, ns[l][m][rounds / 2], ns[l][m][0]);
        }
    }
}

int main(int argc, char **argv)
{
    size_t rounds = 9;
    int at = 1;
    if (argc == 7 && strcmp(argv[1], "--rounds") == 0) {
        rounds = strtoul(argv[2], NULL, 10);
        at = 3;
    }
    if (argc != at + 4 || rounds < 1 || rounds > ROUNDS_MAX) {
        (void)fprintf(stderr, "usage: bench_lookup [--rounds N] COUNTRY CITY ASN DIRECTORY\n");
        return 2;
    }
    load(argv + at);
    static keys_t keys[LISTS];
    size_t wrong[3] = {0};
    for (size_t l = 0; l < LISTS; l++) {
        make_keys(&keys[l], l % 2 ? "zipf" : "random", l < 2 ? FAMILY_IPV4 : FAMILY_IPV6);
        check_keys(&keys[l], wrong);
    }
    (void)printf("checked %u\nwrong_attributes %zu\nwrong_prefixes %zu\n", CHECKED * LISTS,
                 wrong[0], wrong[1]);
    (void)printf("searched %u\nwrong_ids %zu\n", KEYS * LISTS, wrong[2]);
    (void)printf("prefixes %zu\nanswers %zu\nclasses %zu\n", anchors.prefixes, join->answer_count,
                 join->stats.classes);
    (void)printf("ranges4 %zu\nranges6 %zu\n", join->ranges[0].count, join->ranges[1].count);
    (void)printf("table4_bytes %zu\ntable6_bytes %zu\nattributes_bytes %zu\n",
                 trie_bytes(&join->table4.t), trie_bytes(&join->table6.t),
                 attributes_table_bytes(attributes));
    measure(keys, rounds);
    for (size_t l = 0; l < LISTS; l++) {
        free_keys(&keys[l]);
    }
    anchors_close(&anchors);
    join_free(join);
    model_free(model);
    attributes_unref(attributes);
    return wrong[0] || wrong[1] || wrong[2];
}
