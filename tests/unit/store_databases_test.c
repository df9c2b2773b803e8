/*
 * Databases as a set: what is read once, what is read anew, and what a bad file leaves behind.
 */
#include "footprintd/store/databases.h"

#include "failmalloc.h"
#include "fpd_cmocka.h"
#include "mmdb_writer.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_ADDR UINT32_C(0xc0000201) /* 192.0.2.1 */

typedef struct fixture {
    char dir[64];
    char paths[ATTRIBUTE_SOURCE_COUNT][96];
    store_databases_options_t options;
    store_databases_t databases;
    findings_t findings;
} fixture_t;

static int setup(void **state)
{
    fixture_t *x = calloc(1, sizeof *x);
    assert_non_null(x);
    (void)snprintf(x->dir, sizeof x->dir, "/tmp/footprintd-mmdb-XXXXXX");
    assert_non_null(mkdtemp(x->dir));
    for (unsigned i = 0; i < ATTRIBUTE_SOURCE_COUNT; i++) {
        (void)snprintf(x->paths[i], sizeof x->paths[i], "%s/%s.mmdb", x->dir,
                       store_database_names[i]);
    }
    findings_init(&x->findings, 0);
    *state = x;
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

static int teardown(void **state)
{
    fixture_t *x = *state;
    store_databases_release(&x->databases);
    findings_release(&x->findings);
    assert_int_equal(nftw(x->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
    free(x);
    return 0;
}

/* A file that says the same of all of 192.0.2.0/24; a new file when `replace`, else rewritten. */
static void put(const char *path, const char *country, const char *subdivisions, uint32_t asn,
                bool replace)
{
    mmdb_writer_t w;
    buf_t bytes = BUF_INIT;
    char temporary[112];
    mmdb_writer_init(&w, 4, 24);
    uint32_t place = put_place(&w.data, country, subdivisions, asn);
    mmdb_writer_insert(&w, (u128_t){0, FIRST_ADDR & ~UINT32_C(0xff)}, 24, mmdb_data(place));
    mmdb_writer_finish(&w, &bytes);
    (void)snprintf(temporary, sizeof temporary, "%s.new", path);
    FILE *file = fopen(replace ? temporary : path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes.ptr, 1, bytes.len, file), bytes.len);
    assert_int_equal(fclose(file), 0);
    if (replace) {
        assert_int_equal(rename(temporary, path), 0);
    }
    buf_release(&bytes);
    mmdb_writer_release(&w);
}

static void put_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* The file system's clock may stand still between two writes: a version of its own for each. */
static void set_time(const char *path, time_t seconds)
{
    struct timespec times[2] = {{.tv_sec = seconds}, {.tv_sec = seconds}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* Loads over what is there; what was there is released when it succeeds. */
static err_t load(fixture_t *x)
{
    store_databases_t next = {0};
    findings_release(&x->findings);
    findings_init(&x->findings, 0);
    err_t err = store_databases_load(&x->options, &x->databases, &next, &x->findings);
    if (!err) {
        store_databases_release(&x->databases);
        x->databases = next;
    } else {
        assert_null(next.attributes);
    }
    return err;
}

static attribute_set_t known(const fixture_t *x)
{
    const attributes_t *a = x->databases.attributes;
    return attributes_at(a, attributes_id_v4(a, FIRST_ADDR));
}

static void assert_finding(const fixture_t *x, size_t i, finding_code_t code, const char *file,
                           const char *text)
{
    assert_true(i < x->findings.count);
    const finding_t *f = &x->findings.items[i];
    assert_int_equal(f->code, code);
    assert_true(slice_is(f->place.file, file));
    assert_string_equal(f->text.ptr, text);
}

static void test_none(void **state)
{
    fixture_t *x = *state;
    x->options.paths[ATTRIBUTE_CITY] = "";
    assert_int_equal(load(x), ERR_OK);
    assert_null(x->databases.attributes);
    assert_int_equal(load(x), ERR_OK);
    assert_null(x->databases.attributes);
}

static void test_all_three(void **state)
{
    fixture_t *x = *state;
    put(x->paths[ATTRIBUTE_COUNTRY], "DE", NULL, 0, false);
    put(x->paths[ATTRIBUTE_CITY], "DE", "BE", 0, false);
    put(x->paths[ATTRIBUTE_ASN], NULL, NULL, 64496, false);
    for (unsigned i = 0; i < ATTRIBUTE_SOURCE_COUNT; i++) {
        x->options.paths[i] = x->paths[i];
    }
    assert_int_equal(load(x), ERR_OK);
    attribute_set_t set = known(x);
    assert_int_equal(set.country, (uint64_t)'d' << 56 | (uint64_t)'e' << 48);
    assert_int_equal(set.subdivision_count, 1);
    assert_true(set.has_asn && set.asn == 64496);
    for (unsigned i = 0; i < ATTRIBUTE_SOURCE_COUNT; i++) {
        const attribute_info_t *info = attributes_info(x->databases.attributes,
                                                       (attribute_source_t)i);
        assert_non_null(info);
        assert_true(slice_is(info->file, x->paths[i]));
    }
    store_databases_check(x->databases.attributes, UINT64_MAX, time(NULL), &x->findings);
    assert_int_equal(x->findings.count, 0);
}

static void test_one_file_for_several(void **state)
{
    fixture_t *x = *state;
    put(x->paths[0], "DE", "BE", 64496, false);
    x->options.paths[ATTRIBUTE_COUNTRY] = x->options.paths[ATTRIBUTE_CITY] =
        x->options.paths[ATTRIBUTE_ASN] = x->paths[0];
    assert_int_equal(load(x), ERR_OK);
    attribute_set_t set = known(x);
    assert_true(set.country && set.subdivision_count == 1 && set.has_asn);
}

static void test_nothing_changed(void **state)
{
    fixture_t *x = *state;
    put(x->paths[0], "DE", NULL, 0, false);
    x->options.paths[0] = x->paths[0];
    assert_int_equal(load(x), ERR_OK);
    const attributes_t *first = x->databases.attributes;
    assert_int_equal(load(x), ERR_OK);
    assert_ptr_equal(x->databases.attributes, first);
}

static void test_replaced(void **state)
{
    fixture_t *x = *state;
    put(x->paths[0], "DE", NULL, 0, false);
    set_time(x->paths[0], 1000);
    x->options.paths[0] = x->paths[0];
    assert_int_equal(load(x), ERR_OK);
    attributes_t *first = attributes_ref(x->databases.attributes);
    /* Same size, same time of modification: another inode. */
    put(x->paths[0], "FR", NULL, 0, true);
    set_time(x->paths[0], 1000);
    assert_int_equal(load(x), ERR_OK);
    assert_ptr_not_equal(x->databases.attributes, first);
    assert_int_equal(known(x).country, (uint64_t)'f' << 56 | (uint64_t)'r' << 48);
    attributes_unref(first);
}

static void test_rewritten(void **state)
{
    fixture_t *x = *state;
    put(x->paths[0], "DE", NULL, 0, false);
    set_time(x->paths[0], 1000);
    x->options.paths[0] = x->paths[0];
    assert_int_equal(load(x), ERR_OK);
    put(x->paths[0], "FR", NULL, 0, false);
    set_time(x->paths[0], 2000);
    assert_int_equal(load(x), ERR_OK);
    assert_int_equal(known(x).country, (uint64_t)'f' << 56 | (uint64_t)'r' << 48);
}

static void test_identity_by_itself(void **state)
{
    (void)state;
    store_identity_t base[ATTRIBUTE_SOURCE_COUNT] = {
        {true, 1, 2, 3, {.tv_sec = 4, .tv_nsec = 5}, {.tv_sec = 6, .tv_nsec = 7}}};
    store_identity_t other[9][ATTRIBUTE_SOURCE_COUNT];
    for (size_t i = 0; i < 9; i++) {
        memcpy(other[i], base, sizeof base);
    }
    other[0][0].exists = false;
    other[1][0].device++;
    other[2][0].inode++;
    other[3][0].size++;
    other[4][0].modified.tv_sec++;
    other[5][0].modified.tv_nsec++;
    other[6][0].changed.tv_sec++;
    other[7][0].changed.tv_nsec++;
    other[8][2].exists = true;
    assert_true(store_databases_same(base, base));
    for (size_t i = 0; i < 9; i++) {
        assert_false(store_databases_same(base, other[i]));
    }
}

/* One of two is bad: the line says which and where, and the old attributes are all still there. */
static void test_bad_file_leaves_the_old(void **state)
{
    fixture_t *x = *state;
    put(x->paths[ATTRIBUTE_COUNTRY], "DE", NULL, 0, false);
    put(x->paths[ATTRIBUTE_ASN], NULL, NULL, 64496, false);
    x->options.paths[ATTRIBUTE_COUNTRY] = x->paths[ATTRIBUTE_COUNTRY];
    x->options.paths[ATTRIBUTE_ASN] = x->paths[ATTRIBUTE_ASN];
    assert_int_equal(load(x), ERR_OK);
    attributes_t *first = x->databases.attributes;
    put(x->paths[ATTRIBUTE_COUNTRY], "FR", NULL, 0, true);
    assert_int_equal(truncate(x->paths[ATTRIBUTE_ASN], 40), 0);
    assert_int_equal(load(x), ERR_DATA);
    assert_int_equal(x->findings.count, 1);
    assert_int_equal(x->findings.items[0].code, FINDING_BAD_DATABASE);
    assert_true(slice_is(x->findings.items[0].place.file, x->paths[ATTRIBUTE_ASN]));
    assert_ptr_equal(x->databases.attributes, first);
    assert_int_equal(known(x).country, (uint64_t)'d' << 56 | (uint64_t)'e' << 48);
    /* It is seen when it is good again. */
    put(x->paths[ATTRIBUTE_ASN], NULL, NULL, 64497, true);
    assert_int_equal(load(x), ERR_OK);
    assert_int_equal(known(x).asn, 64497);
    assert_int_equal(known(x).country, (uint64_t)'f' << 56 | (uint64_t)'r' << 48);
}

static void test_offset_is_said(void **state)
{
    fixture_t *x = *state;
    put(x->paths[0], "DE", NULL, 0, false);
    /* The zeros behind the tree: 24 nodes of 6 bytes. */
    FILE *file = fopen(x->paths[0], "r+e");
    assert_non_null(file);
    assert_int_equal(fseek(file, 24 * 6 + 3, SEEK_SET), 0);
    assert_int_equal(fputc('x', file), 'x');
    assert_int_equal(fclose(file), 0);
    x->options.paths[0] = x->paths[0];
    assert_int_equal(load(x), ERR_DATA);
    assert_finding(x, 0, FINDING_BAD_DATABASE, x->paths[0],
                   "the database byte 147: the 16 bytes behind the tree are not zeros");
}

/* All that are bad are told, and each once. */
static void test_all_that_are_bad(void **state)
{
    fixture_t *x = *state;
    put_text(x->paths[ATTRIBUTE_CITY], "no database\n");
    put(x->paths[ATTRIBUTE_ASN], NULL, NULL, 64496, false);
    x->options.paths[ATTRIBUTE_COUNTRY] = x->options.paths[ATTRIBUTE_CITY] =
        x->paths[ATTRIBUTE_CITY];
    x->options.paths[ATTRIBUTE_ASN] = x->dir;
    assert_int_equal(load(x), ERR_DATA);
    assert_int_equal(x->findings.count, 2);
    assert_int_equal(x->findings.items[0].code, FINDING_BAD_DATABASE);
    assert_finding(x, 1, FINDING_BAD_DATABASE, x->dir, "the database is not a regular file");
}

/* Also when nothing was ever read: an absent file is not the same as the file before. */
static void test_missing(void **state)
{
    fixture_t *x = *state;
    x->options.paths[ATTRIBUTE_CITY] = x->paths[ATTRIBUTE_CITY];
    assert_int_equal(load(x), ERR_DATA);
    assert_finding(x, 0, FINDING_UNREADABLE, x->paths[ATTRIBUTE_CITY],
                   "the database cannot be opened: No such file or directory");
}

static void test_limit(void **state)
{
    fixture_t *x = *state;
    x->options.limits.file_bytes = 10;
    put(x->paths[ATTRIBUTE_ASN], NULL, NULL, 64496, false);
    x->options.paths[ATTRIBUTE_ASN] = x->paths[ATTRIBUTE_ASN];
    assert_int_equal(load(x), ERR_DATA);
    assert_finding(x, 0, FINDING_LIMIT, x->paths[ATTRIBUTE_ASN],
                   "the database is longer than the limit of 10 bytes");
}

static void test_age(void **state)
{
    (void)state;
    attribute_info_t info = {.build_epoch = 1000000};
    assert_int_equal(store_database_age_days(&info, 1000000), 0);
    assert_int_equal(store_database_age_days(&info, 1000000 + 86399), 0);
    assert_int_equal(store_database_age_days(&info, 1000000 + 86400), 1);
    assert_int_equal(store_database_age_days(&info, 1000000 + 31 * 86400 + 5), 31);
    assert_int_equal(store_database_age_days(&info, 999999), 0);
    assert_int_equal(store_database_age_days(&info, -1), 0);
}

static void test_date(void **state)
{
    (void)state;
    char out[STORE_DATABASE_DATE_MAX];
    store_database_date(&(attribute_info_t){.build_epoch = 1700000000}, out);
    assert_string_equal(out, "2023-11-14");
    store_database_date(&(attribute_info_t){.build_epoch = UINT64_MAX}, out);
    assert_string_equal(out, "an unknown time");
}

/* The writer's databases are built at 1700000000. */
static void test_old(void **state)
{
    fixture_t *x = *state;
    put(x->paths[0], "DE", NULL, 0, false);
    x->options.paths[0] = x->paths[0];
    assert_int_equal(load(x), ERR_OK);
    const attributes_t *a = x->databases.attributes;
    store_databases_check(a, 30, 1700000000 + 30 * 86400 + 86399, &x->findings);
    assert_int_equal(x->findings.count, 0);
    store_databases_check(a, 30, 1700000000 + 31 * 86400, &x->findings);
    assert_int_equal(x->findings.count, 1);
    assert_finding(x, 0, FINDING_OLD_DATABASE, x->paths[0],
                   "geoip.country: the database was built on 2023-11-14, 31 days ago; more than "
                   "30 is old");
    store_databases_check(NULL, 30, 2000000000, &x->findings);
    assert_int_equal(x->findings.count, 1);
}

static void test_mute(void **state)
{
    fixture_t *x = *state;
    put(x->paths[ATTRIBUTE_COUNTRY], NULL, NULL, 64496, false);
    put(x->paths[ATTRIBUTE_CITY], "DE", NULL, 0, false);
    put(x->paths[ATTRIBUTE_ASN], "DE", "BE", 0, false);
    for (unsigned i = 0; i < ATTRIBUTE_SOURCE_COUNT; i++) {
        x->options.paths[i] = x->paths[i];
    }
    assert_int_equal(load(x), ERR_OK);
    store_databases_check(x->databases.attributes, UINT64_MAX, 0, &x->findings);
    assert_int_equal(x->findings.count, 3);
    static const char *const what[] = {"country codes", "subdivisions", "AS numbers"};
    for (unsigned i = 0; i < ATTRIBUTE_SOURCE_COUNT; i++) {
        char text[128];
        (void)snprintf(text, sizeof text, "geoip.%s: the database (Test) has no %s",
                       store_database_names[i], what[i]);
        assert_finding(x, i, FINDING_MUTE_DATABASE, x->paths[i], text);
    }
}

static void test_no_memory(void **state)
{
    fixture_t *x = *state;
    put(x->paths[0], "DE", "BE", 64496, false);
    x->options.paths[ATTRIBUTE_COUNTRY] = x->options.paths[ATTRIBUTE_ASN] = x->paths[0];
    for (size_t n = 1;; n++) {
        store_databases_t out = {0};
        findings_t findings;
        long before = failmalloc_live();
        findings_init(&findings, 0);
        failmalloc_arm(n);
        err_t err = store_databases_load(&x->options, NULL, &out, &findings);
        bool refused = failmalloc_disarm();
        if (!err) {
            assert_non_null(out.attributes);
        } else {
            assert_int_equal(err, ERR_NOMEM);
        }
        store_databases_release(&out);
        findings_release(&findings);
        assert_int_equal(failmalloc_live(), before);
        if (!refused) {
            assert_int_equal(err, ERR_OK);
            break;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_none, setup, teardown),
        cmocka_unit_test_setup_teardown(test_all_three, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_file_for_several, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nothing_changed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_replaced, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rewritten, setup, teardown),
        cmocka_unit_test(test_identity_by_itself),
        cmocka_unit_test_setup_teardown(test_bad_file_leaves_the_old, setup, teardown),
        cmocka_unit_test_setup_teardown(test_offset_is_said, setup, teardown),
        cmocka_unit_test_setup_teardown(test_all_that_are_bad, setup, teardown),
        cmocka_unit_test_setup_teardown(test_missing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_limit, setup, teardown),
        cmocka_unit_test(test_age),
        cmocka_unit_test(test_date),
        cmocka_unit_test_setup_teardown(test_old, setup, teardown),
        cmocka_unit_test_setup_teardown(test_mute, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_memory, setup, teardown),
    };
    return cmocka_run_group_tests_name("store_databases", tests, NULL, NULL);
}
