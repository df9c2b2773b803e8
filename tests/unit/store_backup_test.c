/* Restoring that ends at any step: the history is the one or the other, and the files follow. */
#include "store_fixture.h"

#include "footprintd/store/backup.h"

#include <dirent.h>
#include <sys/wait.h>

static char file[96];

/* Generation 2 is in the backup; then the history and the files go on. */
static void begin(store_fixture_t *x)
{
    fixture_close(x);
    char command[256];
    (void)snprintf(command, sizeof command, "rm -rf %s %s/* %s/.fpd*", x->state, x->documents,
                   x->documents);
    assert_int_equal(system(command), 0);
    (void)snprintf(file, sizeof file, "%s/backup", x->dir);
    (void)unlink(file);
    fixture_open(x);
    (void)append(x, PAIRS("a.yaml", "1"), "t1");
    (void)append(x, PAIRS("a.yaml", "2", "b.yaml", "b"), "t2");
    assert_ok(x, store_backup_copy(x->state, file, &x->why));
    (void)append(x, PAIRS("a.yaml", "3", "c.yaml", "c"), "t3");
    fixture_close(x);
    put(x, "a.yaml", "3");
    put(x, "c.yaml", "c");
}

static err_t restore(store_fixture_t *x, store_restored_t *out)
{
    const store_restore_t r = {.file = file,
                               .state = x->state,
                               .documents = x->documents,
                               .time_ms = 7,
                               .who = SLICE_LIT("jo")};
    return store_backup_restore(&r, &x->arena, out, &x->why);
}

static bool is_empty_of(const char *path, const char *prefix)
{
    DIR *dir = opendir(path);
    assert_non_null(dir);
    bool found = false;
    for (const struct dirent *e = readdir(dir); e; e = readdir(dir)) {
        found |= strncmp(e->d_name, prefix, strlen(prefix)) == 0;
    }
    (void)closedir(dir);
    return !found;
}

static void assert_restored(store_fixture_t *x)
{
    assert_int_equal(newest_of(x), 2);
    assert_string_equal(documents_of(x, 1), "a.yaml=1");
    assert_string_equal(documents_of(x, 2), "a.yaml=2 b.yaml=b");
    assert_string_equal(vtags_of(x, 2), "a-map=t2 cdni=t2");
    assert_true(file_is(x, "a.yaml", "2"));
    assert_true(file_is(x, "b.yaml", "b"));
    assert_true(file_is(x, "c.yaml", NULL));
    assert_true(file_is(x, ".fpd-replaced-7/a.yaml", "3"));
    assert_true(file_is(x, ".fpd-replaced-7/c.yaml", "c"));
    assert_true(is_empty_of(x->documents, ".fpd-edit-"));
    assert_true(is_empty_of(x->state, ".fpd-copy-"));
}

static void test_restore(void **state)
{
    store_fixture_t *x = *state;
    store_restored_t done;
    begin(x);
    assert_ok(x, restore(x, &done));
    assert_int_equal(done.changes, 3);
    assert_int_equal(done.settled.count, 3);
    assert_int_equal(done.settled.kept + done.settled.pending, 0);
    assert_int_equal(done.info.generations, 2);
    fixture_open(x);
    assert_restored(x);
    store_audits_t audits;
    assert_ok(x, store_history_audits(x->h, 0, 1, &x->arena, &audits, &x->why));
    assert_true(audits.count == 1 && slice_is(audits.items[0].what, "restored generation 2"));
    assert_int_equal(append(x, PAIRS("a.yaml", "9"), "t9").number, 3);
}

static unsigned steps, end_at;

static void count_steps(const char *step, slice_t name)
{
    (void)step;
    (void)name;
    if (++steps == end_at) {
        _exit(7);
    }
}

/* The process ends at each step that changes the disk; a start finishes it, or nothing was done. */
static void test_ended(void **state)
{
    store_fixture_t *x = *state;
    unsigned done = 0, nothing = 0;
    for (end_at = 1;; end_at++) {
        begin(x);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            store_restored_t restored;
            store_edit_hook = count_steps;
            _exit(restore(x, &restored) == ERR_OK ? 0 : 1);
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 7));
        fixture_open(x);
        store_settlements_t settled;
        assert_ok(x, store_edit_recover(x->h, x->documents, &x->arena, &settled, &x->why));
        assert_int_equal(settled.pending + settled.kept, 0);
        if (newest_of(x) == 3) {
            nothing++;
            assert_true(file_is(x, "a.yaml", "3") && file_is(x, "c.yaml", "c"));
            assert_true(file_is(x, "b.yaml", NULL));
        } else {
            done++;
            assert_restored(x);
        }
        arena_release(&x->arena);
        if (WEXITSTATUS(status) == 0) {
            break;
        }
    }
    assert_true(nothing >= 2 && done >= 5);
}

/* A person's edit between the look and the write is theirs. */
static const store_fixture_t *saving;

static void save_first(const char *step, slice_t name)
{
    if (strcmp(step, "exchange") == 0 && slice_is(name, "a.yaml")) {
        put(saving, "a.yaml", "person");
    }
}

static void test_saved_meanwhile(void **state)
{
    store_fixture_t *x = *state;
    store_restored_t done;
    begin(x);
    saving = x;
    store_edit_hook = save_first;
    assert_ok(x, restore(x, &done));
    store_edit_hook = NULL;
    assert_int_equal(done.settled.kept, 1);
    assert_true(file_is(x, "a.yaml", "person"));
    assert_true(file_is(x, "b.yaml", "b"));
}

/* Only what fits is taken into memory, and nothing is left beside the history. */
static void test_limit(void **state)
{
    store_fixture_t *x = *state;
    begin(x);
    fixture_open(x);
    buf_t bytes = BUF_INIT;
    assert_int_equal(store_backup_read(x->h, 4096, &bytes, &x->why), ERR_LIMIT);
    assert_why(x, "more than the limit of 4096");
    assert_int_equal(bytes.len, 0);
    assert_ok(x, store_backup_read(x->h, (size_t)1 << 30, &bytes, &x->why));
    assert_memory_equal(bytes.ptr, "SQLite format 3", 16);
    assert_true(is_empty_of(x->state, ".fpd-copy-"));
    buf_release(&bytes);
}

/* Names that a URI would take for something else. */
static void test_odd_names(void **state)
{
    static const char *const names[] = {"a b", "a?mode=memory", "a#b", "a%41", "a'b", "\xc3\xa4"};
    store_fixture_t *x = *state;
    begin(x);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[128];
        store_history_t *h = NULL;
        store_backup_info_t info;
        (void)snprintf(path, sizeof path, "%s/%s", x->dir, names[i]);
        assert_ok(x, store_backup_copy(x->state, path, &x->why));
        assert_ok(x, store_backup_open(path, &h, &info, &x->why));
        assert_int_equal(info.newest, 3);
        /* It can only be read. */
        made_change_t m;
        store_appended_t appended;
        make_change(&m, PAIRS("a.yaml", "7"), "t");
        assert_int_not_equal(store_history_append(h, &m.change, &appended, &x->why), ERR_OK);
        buf_clear(&x->why);
        store_history_close(h);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, store_setup, store_teardown)
        TEST(test_restore), TEST(test_ended),     TEST(test_saved_meanwhile),
        TEST(test_limit),   TEST(test_odd_names),
    };
    return cmocka_run_group_tests_name("store backup", tests, NULL, NULL);
}
