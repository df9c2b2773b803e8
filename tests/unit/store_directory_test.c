#include "footprintd/store/directory.h"

#include "footprintd/store/file.h"

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
/* cmocka.h wants the headers above. */
#include <cmocka.h>

typedef struct fixture {
    char dir[64];
    store_documents_t documents;
    findings_t findings;
} fixture_t;

static int setup(void **state)
{
    fixture_t *x = calloc(1, sizeof *x);
    assert_non_null(x);
    (void)snprintf(x->dir, sizeof x->dir, "/tmp/footprintd-store-XXXXXX");
    assert_non_null(mkdtemp(x->dir));
    store_documents_init(&x->documents);
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
    store_file_read_hook = NULL;
    findings_release(&x->findings);
    store_documents_release(&x->documents);
    assert_int_equal(nftw(x->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
    free(x);
    return 0;
}

static const char *path_of(const fixture_t *x, const char *name)
{
    static char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", x->dir, name);
    return path;
}

static void put(const fixture_t *x, const char *name, const char *text)
{
    FILE *file = fopen(path_of(x, name), "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void assert_document(const fixture_t *x, size_t i, const char *name, doc_format_t format,
                            const char *text)
{
    assert_true(i < x->documents.count);
    const store_document_t *d = &x->documents.items[i];
    assert_string_equal(d->name.ptr, path_of(x, name));
    assert_int_equal(d->format, format);
    assert_non_null(d->bytes.ptr);
    assert_true(slice_is(d->bytes, text));
}

static void assert_finding(const fixture_t *x, size_t i, const char *file, finding_code_t code,
                           const char *text)
{
    assert_true(i < x->findings.count);
    const finding_t *f = &x->findings.items[i];
    assert_true(slice_is(f->place.file, file ? path_of(x, file) : x->dir));
    assert_int_equal(f->code, code);
    assert_string_equal(f->text.ptr, text);
}

static err_t run(fixture_t *x, size_t documents, size_t bytes)
{
    store_limits_t limits = {documents, bytes};
    return store_directory_read(x->dir, &limits, &x->documents, &x->findings);
}

static void test_which_files(void **state)
{
    fixture_t *x = *state;
    put(x, "b.yml", "b");
    put(x, "a.yaml", "a");
    put(x, "a.json", "{}");
    put(x, "Z.yaml", "");
    put(x, ".hidden.yaml", "no");
    put(x, ".yaml", "no");
    put(x, "yaml", "no");
    put(x, "a.yaml~", "no");
    put(x, "a.yaml.bak", "no");
    put(x, "notes.md", "no");
    assert_int_equal(mkdir(path_of(x, "data"), 0755), 0);
    put(x, "data/costs.json", "no");
    assert_int_equal(symlink("data/costs.json", path_of(x, "link.json")), 0);
    assert_int_equal(run(x, 0, 0), ERR_OK);
    assert_int_equal(x->documents.count, 5);
    assert_document(x, 0, "Z.yaml", DOC_YAML, "");
    assert_document(x, 1, "a.json", DOC_JSON, "{}");
    assert_document(x, 2, "a.yaml", DOC_YAML, "a");
    assert_document(x, 3, "b.yml", DOC_YAML, "b");
    assert_document(x, 4, "link.json", DOC_JSON, "no");
    assert_int_equal(x->findings.count, 0);
}

static void test_empty_directory(void **state)
{
    fixture_t *x = *state;
    assert_int_equal(run(x, 0, 0), ERR_OK);
    assert_int_equal(x->documents.count, 0);
}

static void test_final_slash(void **state)
{
    fixture_t *x = *state;
    put(x, "a.yaml", "a");
    char dir[80];
    (void)snprintf(dir, sizeof dir, "%s/", x->dir);
    assert_int_equal(store_directory_read(dir, NULL, &x->documents, &x->findings), ERR_OK);
    assert_document(x, 0, "a.yaml", DOC_YAML, "a");
}

/* All of them are named, and what can be read is read. */
static void test_unreadable(void **state)
{
    fixture_t *x = *state;
    assert_int_equal(mkdir(path_of(x, "a.yaml"), 0755), 0);
    assert_int_equal(mkfifo(path_of(x, "b.yaml"), 0644), 0);
    assert_int_equal(symlink("nowhere", path_of(x, "c.json")), 0);
    put(x, "d.yaml", "d");
    assert_int_equal(run(x, 0, 0), ERR_DATA);
    assert_int_equal(x->findings.errors, 3);
    assert_finding(x, 0, "a.yaml", FINDING_UNREADABLE, "the file is not a regular file");
    assert_finding(x, 1, "b.yaml", FINDING_UNREADABLE, "the file is not a regular file");
    assert_finding(x, 2, "c.json", FINDING_UNREADABLE,
                   "the file cannot be opened: No such file or directory");
    assert_document(x, 3, "d.yaml", DOC_YAML, "d");
    assert_null(x->documents.items[0].bytes.ptr);
}

static void test_no_directory(void **state)
{
    fixture_t *x = *state;
    assert_int_equal(store_directory_read("/nonexistent", NULL, &x->documents, &x->findings),
                     ERR_IO);
    assert_int_equal(x->findings.errors, 1);
    assert_string_equal(x->findings.items[0].text.ptr,
                        "the directory cannot be read: No such file or directory");
    put(x, "file", "x");
    assert_int_equal(store_directory_read(path_of(x, "file"), NULL, &x->documents, &x->findings),
                     ERR_IO);
    assert_string_equal(x->findings.items[1].text.ptr,
                        "the directory cannot be read: Not a directory");
}

static void test_names_that_cannot_be_shown(void **state)
{
    fixture_t *x = *state;
    put(x, "a\nb.yaml", "a");
    put(x, "\xff.yaml", "a");
    put(x, "\xc3\xa4.yaml", "fine");
    assert_int_equal(run(x, 0, 0), ERR_DATA);
    assert_int_equal(x->findings.errors, 2);
    assert_finding(x, 0, NULL, FINDING_BAD_NAME,
                   "the name of a file holds control characters or is not UTF-8");
    assert_document(x, 0, "\xc3\xa4.yaml", DOC_YAML, "fine");
}

static void test_limits(void **state)
{
    fixture_t *x = *state;
    put(x, "a.yaml", "1234");
    put(x, "b.yaml", "12345");
    assert_int_equal(run(x, 2, 4), ERR_DATA);
    assert_int_equal(x->findings.count, 1);
    assert_finding(x, 0, "b.yaml", FINDING_LIMIT, "the file is longer than the limit of 4 bytes");
    assert_document(x, 0, "a.yaml", DOC_YAML, "1234");

    store_documents_release(&x->documents);
    store_documents_init(&x->documents);
    assert_int_equal(run(x, 1, 5), ERR_DATA);
    assert_int_equal(x->findings.count, 2);
    assert_finding(x, 1, NULL, FINDING_LIMIT, "more than the limit of 1 documents");
}

static const fixture_t *changing;
static unsigned changes_left;

static void change_it(const char *name)
{
    if (changes_left) {
        changes_left--;
        FILE *file = fopen(path_of(changing, name), "ae");
        assert_non_null(file);
        assert_true(fputs("+", file) >= 0);
        assert_int_equal(fclose(file), 0);
    }
}

static void test_changes_while_read(void **state)
{
    fixture_t *x = *state;
    put(x, "a.yaml", "a");
    changing = x;
    changes_left = 2;
    store_file_read_hook = change_it;
    assert_int_equal(run(x, 0, 0), ERR_OK);
    assert_document(x, 0, "a.yaml", DOC_YAML, "a++");
}

static void test_never_stops_changing(void **state)
{
    fixture_t *x = *state;
    put(x, "a.yaml", "a");
    changing = x;
    changes_left = 1000;
    store_file_read_hook = change_it;
    assert_int_equal(run(x, 0, 0), ERR_DATA);
    assert_true(changes_left > 900);
    assert_finding(x, 0, "a.yaml", FINDING_UNREADABLE, "the file changes while it is read");
}

/* What documents name, once, behind the documents; and what cannot be read is found. */
static void test_data_files(void **state)
{
    fixture_t *x = *state;
    put(x, "b.yaml",
        "cost-maps:\n  c: {costs-file: data/z.csv}\n  d: {costs-file: data/a.json}\n"
        "  e: {costs-file: data/none.csv}\n  f: {costs-file: ../x.csv}\n");
    put(x, "a.json",
        "{\"cost-maps\":{\"c\":{\"x\":[{}],\"costs-file\":\"data/a.json\"}},"
        "\"costs-file\":\"data/no.csv\"}");
    assert_int_equal(mkdir(path_of(x, "data"), 0755), 0);
    put(x, "data/z.csv", "z");
    put(x, "data/a.json", "a");
    put(x, "data/no.csv", "no");
    assert_int_equal(run(x, 0, 0), ERR_OK);
    assert_int_equal(x->documents.count, 4);
    assert_int_equal(x->documents.data_count, 2);
    assert_document(x, 2, "data/a.json", DOC_DATA, "a");
    assert_document(x, 3, "data/z.csv", DOC_DATA, "z");
    assert_true(slice_is(x->documents.items[3].file, "data/z.csv"));
    assert_true(slice_is(x->documents.items[1].file, "b.yaml"));
    model_source_t sources[4];
    assert_int_equal(store_sources(&x->documents, sources), 4);
    store_documents_release(&x->documents);
    store_documents_init(&x->documents);
    put(x, "data/z.csv",
        "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"
        "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz");
    assert_int_equal(run(x, 0, 150), ERR_DATA);
    assert_finding(x, 0, "data/z.csv", FINDING_LIMIT,
                   "the file is longer than the limit of 150 bytes");
    assert_int_equal(store_sources(&x->documents, sources), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_which_files, setup, teardown),
        cmocka_unit_test_setup_teardown(test_data_files, setup, teardown),
        cmocka_unit_test_setup_teardown(test_empty_directory, setup, teardown),
        cmocka_unit_test_setup_teardown(test_final_slash, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unreadable, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_directory, setup, teardown),
        cmocka_unit_test_setup_teardown(test_names_that_cannot_be_shown, setup, teardown),
        cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_changes_while_read, setup, teardown),
        cmocka_unit_test_setup_teardown(test_never_stops_changing, setup, teardown),
    };
    return cmocka_run_group_tests_name("store directory", tests, NULL, NULL);
}
