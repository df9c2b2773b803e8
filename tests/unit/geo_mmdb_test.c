#include "footprintd/geo/mmdb.h"

#include "failmalloc.h"
#include "geo/read.h"
#include "geo_verdict.h"
#include "mmdb_samples.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void test_samples_open(void **state)
{
    (void)state;
    const char *name;
    for (size_t i = 0;; i++) {
        buf_t file = BUF_INIT, why = BUF_INIT;
        if (!(name = mmdb_sample(i, &file))) {
            break;
        }
        mmdb_t *db;
        assert_int_equal(mmdb_open_bytes(buf_slice(&file), NULL, &db, &why), ERR_OK);
        const mmdb_info_t *info = mmdb_info(db);
        assert_true(slice_is(info->database_type, "Test"));
        assert_int_equal(info->build_epoch, 1700000000);
        assert_true(info->ip_version == 4 || info->ip_version == 6);
        assert_true(info->node_count > 0);
        if (strcmp(name, "city-v6-28") == 0) {
            assert_int_equal(info->ip_version, 6);
            assert_int_equal(info->record_size, 28);
        }
        mmdb_free(db);
        assert_int_equal(verdict(buf_slice(&file), &why), ERR_OK);
        buf_release(&file);
        buf_release(&why);
    }
    mmdb_free(NULL);
}

/* The fuzz target begins with the files of this writer. FPD_WRITE_CORPUS=1 writes them. */
static void test_corpus_is_the_samples(void **state)
{
    (void)state;
    const char *name;
    for (size_t i = 0;; i++) {
        buf_t file = BUF_INIT, path = BUF_INIT;
        if (!(name = mmdb_sample(i, &file))) {
            break;
        }
        buf_printf(&path, "%s/tests/fuzz/corpus/mmdb/%s", FPD_SOURCE_DIR, name);
        bool write = getenv("FPD_WRITE_CORPUS") != NULL;
        FILE *f = fopen(path.ptr, write ? "wb" : "rb");
        assert_non_null(f);
        if (write) {
            assert_int_equal(fwrite(file.ptr, 1, file.len, f), file.len);
        } else {
            char *bytes = malloc(file.len + 1);
            assert_non_null(bytes);
            assert_int_equal(fread(bytes, 1, file.len + 1, f), file.len);
            assert_memory_equal(bytes, file.ptr, file.len);
            free(bytes);
        }
        assert_int_equal(fclose(f), 0);
        buf_release(&file);
        buf_release(&path);
    }
}

/* Every bit and every whole byte, one after the other. */
static void test_every_flipped_byte(void **state)
{
    (void)state;
    buf_t why = BUF_INIT;
    for (size_t i = 0;; i++) {
        buf_t file = BUF_INIT;
        if (!mmdb_sample(i, &file)) {
            break;
        }
        size_t refused = 0;
        for (size_t at = 0; at < file.len; at++) {
            for (unsigned flip = 0; flip <= 8; flip++) {
                char mask = (char)(flip < 8 ? 1u << flip : 0xff);
                file.ptr[at] ^= mask;
                refused += verdict(buf_slice(&file), &why) != ERR_OK;
                file.ptr[at] ^= mask;
            }
        }
        assert_true(refused > 1000 && refused < 9 * file.len);
        buf_release(&file);
    }
    buf_release(&why);
}

static void test_every_truncation(void **state)
{
    (void)state;
    buf_t why = BUF_INIT;
    for (size_t i = 0;; i++) {
        buf_t file = BUF_INIT;
        if (!mmdb_sample(i, &file)) {
            break;
        }
        for (size_t len = 0; len < file.len; len++) {
            assert_int_equal(verdict(slice_of(file.ptr, len), &why), ERR_DATA);
        }
        assert_int_equal(verdict(buf_slice(&file), &why), ERR_OK);
        buf_release(&file);
    }
    buf_release(&why);
}

/* A file of its own in a folder of its own. */
typedef struct scratch {
    char folder[64];
    char path[96];
} scratch_t;

static scratch_t scratch_make(slice_t bytes)
{
    scratch_t s;
    (void)snprintf(s.folder, sizeof s.folder, "/tmp/fpd-mmdb-test-XXXXXX");
    assert_non_null(mkdtemp(s.folder));
    (void)snprintf(s.path, sizeof s.path, "%s/db", s.folder);
    FILE *f = fopen(s.path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes.ptr, 1, bytes.len, f), bytes.len);
    assert_int_equal(fclose(f), 0);
    return s;
}

static void scratch_remove(const scratch_t *s)
{
    (void)unlink(s->path);
    assert_int_equal(rmdir(s->folder), 0);
}

static void test_files(void **state)
{
    (void)state;
    buf_t file = BUF_INIT, why = BUF_INIT;
    assert_non_null(mmdb_sample(0, &file));
    scratch_t s = scratch_make(buf_slice(&file));
    mmdb_t *db = NULL;
    mmdb_limits_t limits = {.file_bytes = file.len};
    assert_int_equal(mmdb_open(s.path, &limits, &db, &why), ERR_OK);

    /* Overwritten in place, it stays as it was. */
    FILE *f = fopen(s.path, "wb");
    assert_non_null(f);
    assert_int_equal(fclose(f), 0);
    assert_true(slice_is(mmdb_info(db)->database_type, "Test"));
    geo_table_t table;
    assert_int_equal(geo_table_build(db, GEO_COUNTRY, &table), ERR_OK);
    geo_table_release(&table);
    mmdb_free(db);
    db = NULL;
    assert_int_equal(mmdb_open(s.path, NULL, &db, &why), ERR_DATA);
    assert_non_null(memmem(why.ptr, why.len, "marker", 6));
    scratch_remove(&s);

    s = scratch_make(buf_slice(&file));
    limits.file_bytes--;
    buf_clear(&why);
    assert_int_equal(mmdb_open(s.path, &limits, &db, &why), ERR_LIMIT);
    assert_non_null(memmem(why.ptr, why.len, "limit of", 8));
    assert_int_equal(mmdb_open_bytes(buf_slice(&file), &limits, &db, &why), ERR_LIMIT);
    scratch_remove(&s);

    buf_clear(&why);
    assert_int_equal(mmdb_open(s.path, NULL, &db, &why), ERR_IO);
    assert_int_equal(errno, ENOENT);
    assert_non_null(memmem(why.ptr, why.len, "No such file", 12));
    assert_null(memmem(why.ptr, why.len, s.path, strlen(s.path)));
    assert_null(db);
    buf_release(&file);
    buf_release(&why);
}

/*
 * What happens to a file while it is read; NULL for none. It is the scratch file and no other that
 * is changed, whatever is opened, and a test that fails leaves nothing set.
 */
static void (*change)(const char *path);
static const char *change_path;

static void on_read(const char *path)
{
    if (change && path == change_path) {
        change(path);
    }
}

static int set_change(void **state)
{
    (void)state;
    read_file_hook = on_read;
    return 0;
}

static int unset_change(void **state)
{
    (void)state;
    read_file_hook = NULL;
    change = NULL;
    change_path = NULL;
    return 0;
}

static void append_a_byte(const char *path)
{
    FILE *f = fopen(path, "ab");
    assert_non_null(f);
    assert_int_equal(fputc('x', f), 'x');
    assert_int_equal(fclose(f), 0);
}

static void remove_all_bytes(const char *path)
{
    assert_int_equal(truncate(path, 0), 0);
}

static void test_files_that_change(void **state)
{
    (void)state;
    void (*const changes[])(const char *) = {append_a_byte, remove_all_bytes};
    buf_t file = BUF_INIT;
    assert_non_null(mmdb_sample(0, &file));
    for (unsigned i = 0; i < 2; i++) {
        buf_t why = BUF_INIT;
        mmdb_t *db = NULL;
        scratch_t s = scratch_make(buf_slice(&file));
        change_path = s.path;
        change = changes[i];
        err_t err = mmdb_open(s.path, NULL, &db, &why);
        change = NULL;
        scratch_remove(&s);
        assert_int_equal(err, ERR_DATA);
        assert_non_null(memmem(why.ptr, why.len, "changes while", 13));
        assert_null(db);
        buf_release(&why);
    }
    buf_release(&file);
}

static void test_only_regular_files(void **state)
{
    (void)state;
    scratch_t s = scratch_make(SLICE_LIT("x"));
    mmdb_t *db = NULL;
    assert_int_equal(unlink(s.path), 0);
    assert_int_equal(mkfifo(s.path, 0600), 0);
    const char *const paths[] = {s.path, s.folder, "/dev/null"};
    for (unsigned i = 0; i < 3; i++) {
        buf_t why = BUF_INIT;
        assert_int_equal(mmdb_open(paths[i], NULL, &db, &why), ERR_DATA);
        assert_non_null(memmem(why.ptr, why.len, "not a regular file", 18));
        buf_release(&why);
    }
    assert_null(db);
    scratch_remove(&s);
}

static void test_without_memory(void **state)
{
    (void)state;
    for (size_t i = 0;; i++) {
        buf_t file = BUF_INIT;
        if (!mmdb_sample(i, &file)) {
            break;
        }
        scratch_t s = scratch_make(buf_slice(&file));
        for (unsigned from_file = 0; from_file < 2; from_file++) {
            long live = failmalloc_live();
            for (size_t n = 1;; n++) {
                buf_t why = BUF_INIT;
                mmdb_t *db = NULL;
                failmalloc_arm(n);
                err_t err = from_file ? mmdb_open(s.path, NULL, &db, &why)
                                      : mmdb_open_bytes(buf_slice(&file), NULL, &db, &why);
                bool refused = failmalloc_disarm();
                mmdb_free(db);
                buf_release(&why);
                assert_int_equal(failmalloc_live(), live);
                assert_int_equal(err, refused ? ERR_NOMEM : ERR_OK);
                if (!refused) {
                    assert_true(n > 4);
                    break;
                }
                assert_null(db);
            }
        }
        scratch_remove(&s);
        buf_release(&file);
    }
}

/* What is to be said of the files that MaxMind publishes for tests of readers. */
static const struct {
    const char *path;
    err_t verdict;
    const char *reason; /* part of ours, or why it is accepted */
} published[] = {
#define BAD "bad-data/libmaxminddb/libmaxminddb-"
    {BAD "corrupt-search-tree.mmdb", ERR_DATA, "leads back to the root"},
    {BAD "deep-array-nesting.mmdb", ERR_LIMIT, "nested deeper than 64"},
    {BAD "deep-nesting.mmdb", ERR_LIMIT, "nested deeper than 64"},
    {BAD "empty-array-last-in-metadata.mmdb", ERR_OK, "legal: an array may be empty, and last"},
    {BAD "empty-map-last-in-metadata.mmdb", ERR_OK, "legal: a map may be empty, and last"},
    {BAD "metadata-marker-only.mmdb", ERR_DATA, "behind the end of the section"},
    {BAD "offset-integer-overflow.mmdb", ERR_DATA, "a pointer leads out of the section"},
    {BAD "oversized-array.mmdb", ERR_DATA, "more elements than bytes are left"},
    {BAD "oversized-map.mmdb", ERR_DATA, "more entries than bytes are left"},
    {BAD "separator-record-max-left.mmdb", ERR_DATA, "into the zeros behind the tree"},
    {BAD "separator-record-min-left.mmdb", ERR_DATA, "into the zeros behind the tree"},
    {BAD "separator-record-min-right.mmdb", ERR_DATA, "into the zeros behind the tree"},
    {BAD "uint64-max-epoch.mmdb", ERR_OK, "legal: the epoch has 64 bits, all of them"},
#undef BAD
#define BAD "bad-data/maxminddb-golang/"
    {BAD "cyclic-data-structure.mmdb", ERR_DATA, "runs past the end"}, /* of its metadata */
    {BAD "invalid-bytes-length.mmdb", ERR_DATA, "more entries than bytes are left"},
    {BAD "invalid-data-record-offset.mmdb", ERR_DATA, "not UTF-8"},
    {BAD "invalid-map-key-length.mmdb", ERR_DATA, "runs past the end"},
    {BAD "invalid-string-length.mmdb", ERR_DATA, "a pointer is cut off"},
    {BAD "metadata-is-an-uint128.mmdb", ERR_DATA, "runs past the end"},
    {BAD "unexpected-bytes.mmdb", ERR_DATA, "behind the end of the section"},
#undef BAD
    /* The tree is that of a longer file: its size ends in the data. */
    {"bad-data/maxminddb-python/bad-unicode-in-map-key.mmdb", ERR_DATA, "are not zeros"},
    {"test-data/GeoIP2-City-Test-Broken-Double-Format.mmdb", ERR_DATA, "size that its type"},
    {"test-data/GeoIP2-City-Test-Invalid-Node-Count.mmdb", ERR_DATA, "do not fit"},
    {"test-data/MaxMind-DB-test-broken-pointers-24.mmdb", ERR_DATA, "past the end of the data"},
    {"test-data/MaxMind-DB-test-broken-search-tree-24.mmdb", ERR_DATA, "back to the root"},
    {"test-data/maps-with-pointers.raw", ERR_DATA, "no metadata marker"},
};

static void test_published_files(void **state)
{
    (void)state;
    const char *shared = getenv("FPD_SHARED");
    buf_t folder = BUF_INIT;
    buf_printf(&folder, "%s/data/maxmind-test", shared ? shared : FPD_SOURCE_DIR "/../shared");
    if (access(folder.ptr, R_OK) != 0) {
        print_message("published test files are not there: nothing of them is tested\n");
        buf_release(&folder);
        return;
    }
    for (size_t i = 0; i < sizeof published / sizeof *published; i++) {
        buf_t path = BUF_INIT, why = BUF_INIT;
        buf_printf(&path, "%s/%s", folder.ptr, published[i].path);
        mmdb_t *db = NULL;
        err_t err = mmdb_open(path.ptr, NULL, &db, &why);
        buf_append_char(&why, '\0');
        if (err != published[i].verdict || (err && !strstr(why.ptr, published[i].reason))) {
            fail_msg("%s: %s: \"%s\"", published[i].path, err_text(err), why.ptr);
        }
        mmdb_free(db);
        buf_release(&path);
        buf_release(&why);
    }
    buf_release(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples_open),
        cmocka_unit_test(test_corpus_is_the_samples),
        cmocka_unit_test(test_every_flipped_byte),
        cmocka_unit_test(test_every_truncation),
        cmocka_unit_test(test_files),
        cmocka_unit_test_setup_teardown(test_files_that_change, set_change, unset_change),
        cmocka_unit_test(test_only_regular_files),
        cmocka_unit_test(test_without_memory),
        cmocka_unit_test(test_published_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
