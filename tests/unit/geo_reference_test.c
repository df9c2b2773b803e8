/*
 * Tables against libmaxminddb: the same answer at both ends of every network of a database, of
 * every network that the writer's samples and the published test files have.
 */
#include "footprintd/geo/table.h"

#include "geo_make.h"
#include "mmdb_samples.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <maxminddb.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ALL (GEO_COUNTRY | GEO_SUBDIVISION | GEO_ASN)

/* What libmaxminddb says, and of which network: the bits that are the same in all of it. */
static unsigned look_up(MMDB_s *ref, family_t family, u128_t addr, MMDB_lookup_result_s *out)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    int error = MMDB_SUCCESS;
    if (family == FAMILY_IPV4) {
        v4.sin_addr.s_addr = htonl((uint32_t)addr.lo);
        *out = MMDB_lookup_sockaddr(ref, (const struct sockaddr *)&v4, &error);
    } else {
        for (unsigned i = 0; i < 16; i++) {
            uint64_t half = i < 8 ? addr.hi : addr.lo;
            v6.sin6_addr.s6_addr[i] = (uint8_t)(half >> (56 - 8 * (i % 8)));
        }
        *out = MMDB_lookup_sockaddr(ref, (const struct sockaddr *)&v6, &error);
    }
    assert_int_equal(error, MMDB_SUCCESS);
    if (family == FAMILY_IPV4 && ref->metadata.ip_version == 6) {
        return out->netmask > 96 ? out->netmask - 96u : 0;
    }
    return out->netmask;
}

static geo_code_t lower(geo_code_t before, const MMDB_entry_data_s *data)
{
    char text[8] = {0};
    unsigned used = 0;
    if (before) {
        text[0] = (char)(before >> 56);
        text[1] = (char)(before >> 48);
        text[2] = '-';
        used = 3;
    }
    assert_true(used + data->data_size < sizeof text);
    for (uint32_t i = 0; i < data->data_size; i++) {
        char c = data->utf8_string[i];
        text[used + i] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
    return geo_code(text);
}

static geo_record_t expected_record(MMDB_lookup_result_s *result)
{
    geo_record_t r = {0};
    MMDB_entry_data_s data;
    if (!result->found_entry) {
        return r;
    }
    if (!MMDB_get_value(&result->entry, &data, "country", "iso_code", NULL) && data.has_data) {
        r.country = lower(0, &data);
    }
    for (unsigned i = 0; i < GEO_SUBDIVISIONS_MAX && r.country; i++) {
        const char index[2] = {(char)('0' + i), '\0'};
        if (!MMDB_get_value(&result->entry, &data, "subdivisions", index, "iso_code", NULL) &&
            data.has_data) {
            r.subdivisions[r.subdivision_count++] = lower(r.country, &data);
        }
    }
    if (!MMDB_get_value(&result->entry, &data, "autonomous_system_number", NULL) && data.has_data) {
        r.asn = data.type == MMDB_DATA_TYPE_UINT16 ? data.uint16 : data.uint32;
        r.has_asn = r.asn != 0;
    }
    return r;
}

/* The record at the end of a path of bits; a path ends where there is no node any more. */
static uint64_t record_at(MMDB_s *ref, u128_t addr, unsigned len)
{
    uint64_t record = 0;
    for (unsigned i = 0; i < len && record < ref->metadata.node_count; i++) {
        MMDB_search_node_s node;
        assert_int_equal(MMDB_read_node(ref, (uint32_t)record, &node), MMDB_SUCCESS);
        bool bit = i < 64 ? addr.hi >> (63 - i) & 1 : addr.lo >> (127 - i) & 1;
        record = bit ? node.right_record : node.left_record;
    }
    return record;
}

/*
 * The one documented difference: addresses of IPv6 that stand for IPv4 have nothing, in ::/96 and
 * where a block leads to the node of ::/96.
 */
static bool stands_for_ipv4(MMDB_s *ref, u128_t addr)
{
    if (addr.hi == 0 && addr.lo <= UINT32_MAX) {
        return true;
    }
    uint64_t root = record_at(ref, (u128_t){0, 0}, 96);
    return root < ref->metadata.node_count &&
           ((addr.hi == 0 && addr.lo >> 32 == 0xffff && record_at(ref, addr, 96) == root) ||
            (addr.hi >> 48 == 0x2002 && record_at(ref, addr, 16) == root) ||
            (addr.hi >> 32 == 0x20010000 && record_at(ref, addr, 32) == root));
}

static void compare_at(MMDB_s *ref, const geo_table_t *t, family_t family, u128_t addr)
{
    MMDB_lookup_result_s result;
    (void)look_up(ref, family, addr, &result);
    geo_record_t expected = expected_record(&result);
    if (family == FAMILY_IPV6 && stands_for_ipv4(ref, addr)) {
        memset(&expected, 0, sizeof expected);
    }
    const geo_record_t *got = family == FAMILY_IPV4 ? geo_find_v4(t, (uint32_t)addr.lo)
                                                    : geo_find_v6(t, addr);
    if (!geo_record_eq(got, &expected)) {
        addr_t a = {.family = family};
        char text[ADDR_TEXT_MAX];
        if (family == FAMILY_IPV4) {
            a.u.v4 = (uint32_t)addr.lo;
        } else {
            a.u.v6 = addr;
        }
        (void)addr_format(&a, text);
        fail_msg("%s: not as libmaxminddb has it", text);
    }
}

/* Both ends of every network, one after the other; returns their number. */
static size_t compare_family(MMDB_s *ref, const geo_table_t *t, family_t family)
{
    unsigned bits = family == FAMILY_IPV4 ? 32 : 128;
    u128_t addr = {0, 0};
    for (size_t networks = 1;; networks++) {
        MMDB_lookup_result_s result;
        unsigned host = bits - look_up(ref, family, addr, &result);
        u128_t last = addr;
        last.lo |= host >= 64 ? UINT64_MAX : (UINT64_C(1) << host) - 1;
        last.hi |= host >= 128 ? UINT64_MAX : host > 64 ? (UINT64_C(1) << (host - 64)) - 1 : 0;
        compare_at(ref, t, family, addr);
        compare_at(ref, t, family, last);
        bool end = bits == 32 ? last.lo >= UINT32_MAX
                              : last.hi == UINT64_MAX && last.lo == UINT64_MAX;
        if (end) {
            return networks;
        }
        addr = (u128_t){last.hi + (last.lo == UINT64_MAX), last.lo + 1};
    }
}

/* Where the table has a boundary, which the networks of the other reader need not have. */
static void compare_boundaries(MMDB_s *ref, const geo_table_t *t)
{
    for (size_t i = 0; i < t->v4.count; i++) {
        compare_at(ref, t, FAMILY_IPV4, (u128_t){0, t->v4.start[i]});
        compare_at(ref, t, FAMILY_IPV4, (u128_t){0, (uint32_t)(t->v4.start[i] - 1)});
    }
    for (size_t i = 0; i < t->v6.count && ref->metadata.ip_version == 6; i++) {
        u128_t a = t->v6.start[i];
        compare_at(ref, t, FAMILY_IPV6, a);
        compare_at(ref, t, FAMILY_IPV6, (u128_t){a.hi - (a.lo == 0), a.lo - 1});
    }
}

static void compare_file(const char *path)
{
    buf_t why = BUF_INIT;
    mmdb_t *db;
    MMDB_s ref;
    geo_table_t t;
    if (mmdb_open(path, NULL, &db, &why)) {
        fail_msg("%s: %.*s", path, SLICE_ARG(buf_slice(&why)));
    }
    assert_int_equal(geo_table_build(db, ALL, &t), ERR_OK);
    assert_null(geo_table_check(&t, ALL));
    assert_int_equal(MMDB_open(path, MMDB_MODE_MMAP, &ref), MMDB_SUCCESS);
    size_t networks = compare_family(&ref, &t, FAMILY_IPV4);
    assert_true(networks >= t.v4.count);
    if (ref.metadata.ip_version == 6) {
        networks += compare_family(&ref, &t, FAMILY_IPV6);
    }
    compare_boundaries(&ref, &t);
    assert_true(networks >= 1);
    MMDB_close(&ref);
    geo_table_release(&t);
    mmdb_free(db);
    buf_release(&why);
}

static void test_samples(void **state)
{
    (void)state;
    for (size_t i = 0;; i++) {
        buf_t file = BUF_INIT;
        if (!mmdb_sample(i, &file)) {
            break;
        }
        char path[] = "/tmp/fpd-geo-reference-XXXXXX";
        int fd = mkstemp(path);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, file.ptr, file.len), (ssize_t)file.len);
        assert_int_equal(close(fd), 0);
        compare_file(path);
        assert_int_equal(unlink(path), 0);
        buf_release(&file);
    }
}

/* Every *.mmdb of the folder but those that are broken on purpose. */
static size_t compare_folder(const char *folder)
{
    size_t files = 0;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir));) {
        const char *end = strstr(entry->d_name, ".mmdb");
        if (!end || end[5] != '\0' || strcasestr(entry->d_name, "broken") ||
            strcasestr(entry->d_name, "invalid")) {
            continue;
        }
        char path[4096];
        assert_true(snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) < (int)sizeof path);
        compare_file(path);
        files++;
    }
    assert_int_equal(closedir(dir), 0);
    return files;
}

/* The published ones, and what make_mmdb.sh has written when FPD_MMDB names its folder. */
static void test_databases(void **state)
{
    (void)state;
    const char *shared = getenv("FPD_SHARED"), *real_scale = getenv("FPD_MMDB");
    char folder[4096];
    assert_true(snprintf(folder, sizeof folder, "%s/data/maxmind-test/test-data",
                         shared ? shared : FPD_SOURCE_DIR "/../shared") < (int)sizeof folder);
    if (access(folder, R_OK) == 0) {
        assert_true(compare_folder(folder) >= 36);
    } else {
        print_message("published test files are not there: nothing of them is tested\n");
    }
    if (real_scale) {
        assert_true(compare_folder(real_scale) >= 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples),
        cmocka_unit_test(test_databases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
