/*
 * The history on a disk that fails, at every operation in turn, and without memory, at every
 * allocation in turn (SQLite's among them): an error says that nothing was changed, and it is so.
 */
#include "store_fixture.h"

#include "failmalloc.h"

#include <malloc.h>
#include <sqlite3.h>

/* ---- a file system between SQLite and the real one ---- */

static struct {
    sqlite3_vfs *real;
    unsigned long count;   /* operations so far */
    unsigned long fail_at; /* this one fails; 0: none */
    bool forever;          /* and all after it */
    int code;
    bool failed;
    unsigned long log_unsynced; /* writes to the log since it was last synced */
} disk;

typedef struct shim_file {
    sqlite3_file base;
    bool is_log;
    sqlite3_file real[]; /* as large as the real one wants */
} shim_file_t;

static sqlite3_file *real_of(sqlite3_file *file)
{
    return ((shim_file_t *)(void *)file)->real;
}

static bool fails(void)
{
    disk.count++;
    bool now = disk.fail_at &&
               (disk.count == disk.fail_at || (disk.forever && disk.count > disk.fail_at));
    disk.failed |= now;
    return now;
}

static int shim_close(sqlite3_file *f)
{
    return real_of(f)->pMethods ? real_of(f)->pMethods->xClose(real_of(f)) : SQLITE_OK;
}
static int shim_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
    return fails() ? SQLITE_IOERR_READ : real_of(f)->pMethods->xRead(real_of(f), p, n, at);
}
static int shim_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
    bool is_log = ((shim_file_t *)(void *)f)->is_log;
    if (fails()) {
        /* Half of it arrives. */
        (void)real_of(f)->pMethods->xWrite(real_of(f), p, n / 2, at);
        return disk.code;
    }
    disk.log_unsynced += is_log;
    return real_of(f)->pMethods->xWrite(real_of(f), p, n, at);
}
static int shim_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    return fails() ? SQLITE_IOERR_TRUNCATE : real_of(f)->pMethods->xTruncate(real_of(f), size);
}
static int shim_sync(sqlite3_file *f, int flags)
{
    if (fails()) {
        return SQLITE_IOERR_FSYNC;
    }
    disk.log_unsynced = ((shim_file_t *)(void *)f)->is_log ? 0 : disk.log_unsynced;
    return real_of(f)->pMethods->xSync(real_of(f), flags);
}
static int shim_size(sqlite3_file *f, sqlite3_int64 *size)
{
    return fails() ? SQLITE_IOERR_FSTAT : real_of(f)->pMethods->xFileSize(real_of(f), size);
}
static int shim_lock(sqlite3_file *f, int level)
{
    return real_of(f)->pMethods->xLock(real_of(f), level);
}
static int shim_unlock(sqlite3_file *f, int level)
{
    return real_of(f)->pMethods->xUnlock(real_of(f), level);
}
static int shim_reserved(sqlite3_file *f, int *out)
{
    return real_of(f)->pMethods->xCheckReservedLock(real_of(f), out);
}
static int shim_control(sqlite3_file *f, int op, void *arg)
{
    return real_of(f)->pMethods->xFileControl(real_of(f), op, arg);
}
static int shim_sector(sqlite3_file *f)
{
    return real_of(f)->pMethods->xSectorSize(real_of(f));
}
static int shim_traits(sqlite3_file *f)
{
    return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f));
}
static int shim_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **out)
{
    return fails() ? SQLITE_IOERR_SHMMAP
                   : real_of(f)->pMethods->xShmMap(real_of(f), page, size, extend, out);
}
static int shim_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
    return real_of(f)->pMethods->xShmLock(real_of(f), offset, n, flags);
}
static void shim_shm_barrier(sqlite3_file *f)
{
    real_of(f)->pMethods->xShmBarrier(real_of(f));
}
static int shim_shm_unmap(sqlite3_file *f, int remove_it)
{
    return real_of(f)->pMethods->xShmUnmap(real_of(f), remove_it);
}

static const sqlite3_io_methods shim_methods = {
    .iVersion = 2, /* no memory maps of the database */
    .xClose = shim_close,
    .xRead = shim_read,
    .xWrite = shim_write,
    .xTruncate = shim_truncate,
    .xSync = shim_sync,
    .xFileSize = shim_size,
    .xLock = shim_lock,
    .xUnlock = shim_unlock,
    .xCheckReservedLock = shim_reserved,
    .xFileControl = shim_control,
    .xSectorSize = shim_sector,
    .xDeviceCharacteristics = shim_traits,
    .xShmMap = shim_shm_map,
    .xShmLock = shim_shm_lock,
    .xShmBarrier = shim_shm_barrier,
    .xShmUnmap = shim_shm_unmap,
};

static int shim_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
    (void)vfs;
    shim_file_t *shim = (shim_file_t *)(void *)file;
    shim->base.pMethods = NULL;
    shim->real->pMethods = NULL;
    shim->is_log = (flags & SQLITE_OPEN_WAL) != 0;
    if (fails()) {
        return SQLITE_CANTOPEN;
    }
    int rc = disk.real->xOpen(disk.real, name, shim->real, flags, out);
    if (shim->real->pMethods) {
        shim->base.pMethods = &shim_methods;
    }
    return rc;
}

static int shim_delete(sqlite3_vfs *vfs, const char *name, int sync_directory)
{
    (void)vfs;
    return fails() ? SQLITE_IOERR_DELETE : disk.real->xDelete(disk.real, name, sync_directory);
}

/* SQLite's own memory comes from where ours does, and can be refused. */
static void *memory_take(int size)
{
    return malloc((size_t)size);
}
static void *memory_resize(void *p, int size)
{
    return realloc(p, (size_t)size);
}
static int memory_size(void *p)
{
    return p ? (int)malloc_usable_size(p) : 0;
}
static int memory_round(int size)
{
    return (size + 7) & ~7;
}
static int memory_init(void *p)
{
    (void)p;
    return SQLITE_OK;
}
static void memory_shutdown(void *p)
{
    (void)p;
}

static int group_setup(void **state)
{
    (void)state;
    static const sqlite3_mem_methods memory = {memory_take,     free,         memory_resize,
                                               memory_size,     memory_round, memory_init,
                                               memory_shutdown, NULL};
    static sqlite3_vfs shim;
    assert_int_equal(sqlite3_config(SQLITE_CONFIG_MALLOC, &memory), SQLITE_OK);
    assert_int_equal(sqlite3_initialize(), SQLITE_OK);
    disk.real = sqlite3_vfs_find(NULL);
    shim = *disk.real;
    shim.zName = "shim";
    shim.pNext = NULL;
    shim.szOsFile = (int)sizeof(shim_file_t) + disk.real->szOsFile;
    shim.xOpen = shim_open;
    shim.xDelete = shim_delete;
    assert_int_equal(sqlite3_vfs_register(&shim, 1), SQLITE_OK);
    return 0;
}

/* ---- what is tried ---- */

static const char *const first[] = {"a.yaml", "a1", "b.yaml", "b1", NULL};
static const char *const second[] = {"a.yaml", "a2", "b.yaml", "b1", NULL};
static const char *const third[] = {"a.yaml", "a3", "c.yaml", "c3", NULL};

static void start_over(store_fixture_t *x)
{
    fixture_close(x);
    assert_int_equal(nftw(x->dir, store_remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
    assert_int_equal(mkdir(x->dir, 0700), 0);
    assert_int_equal(mkdir(x->documents, 0755), 0);
    arena_release(&x->arena);
    x->options = (store_history_options_t){.keep = 2, .keep_audit = 1};
    fixture_open(x);
    (void)append(x, first, "t1");
    (void)append(x, second, "t2");
}

/* All that a transaction can do: another generation, intents, an audit line, pruning. */
static err_t append_third(store_fixture_t *x, store_appended_t *out)
{
    made_change_t m;
    make_change(&m, third, "t3");
    store_intent_t intents[] = {
        {SLICE_LIT("b.yaml"), hash_of("b1"), hash_of(NULL), SLICE_LIT(".fpd-edit-1.b.yaml")},
        {SLICE_LIT("c.yaml"), hash_of(NULL), hash_of("c3"), SLICE_LIT(".fpd-edit-2.c.yaml")}};
    store_audit_t audit = {.time_ms = 1, .who = SLICE_LIT("jo"), .what = SLICE_LIT("third")};
    m.change.intents = intents;
    m.change.intent_count = 2;
    m.change.audit = &audit;
    return store_history_append(x->h, &m.change, out, &x->why);
}

static void assert_state(store_fixture_t *x, bool appended)
{
    store_intents_t intents;
    store_audits_t audits;
    assert_ok(x, store_history_intents(x->h, &x->arena, &intents, &x->why));
    assert_ok(x, store_history_audits(x->h, 0, 9, &x->arena, &audits, &x->why));
    assert_int_equal(newest_of(x), appended ? 3 : 2);
    assert_int_equal(intents.count, appended ? 2 : 0);
    assert_int_equal(audits.count, appended ? 1 : 0);
    assert_string_equal(documents_of(x, 1), appended ? "not found" : "a.yaml=a1 b.yaml=b1");
    assert_string_equal(documents_of(x, 2), "a.yaml=a2 b.yaml=b1");
    assert_string_equal(vtags_of(x, 2), "a-map=t2 cdni=t2");
    if (appended) {
        assert_string_equal(documents_of(x, 3), "a.yaml=a3 c.yaml=c3");
        assert_string_equal(vtags_of(x, 3), "a-map=t3 cdni=t3");
    }
}

/* As if the process had been killed now: what is in the files, without a close. */
static void crash(store_fixture_t *x)
{
    char command[256];
    (void)snprintf(command, sizeof command, "cp -r %s %s/copy", x->state, x->dir);
    assert_int_equal(system(command), 0);
    fixture_close(x);
    (void)snprintf(command, sizeof command, "rm -r %s && mv %s/copy %s", x->state, x->dir,
                   x->state);
    assert_int_equal(system(command), 0);
    fixture_open(x);
}

static void disk_arm(unsigned long at, bool forever, int code)
{
    disk.count = 0;
    disk.failed = false;
    disk.fail_at = at;
    disk.forever = forever;
    disk.code = code;
}

static bool disk_disarm(void)
{
    disk.fail_at = 0;
    return disk.failed;
}

/* The disk fails at each operation of an append, for once, or for good until the restart. */
static void test_append_on_bad_disk(void **state)
{
    store_fixture_t *x = *state;
    unsigned failures = 0, there = 0;
    for (unsigned mode = 0; mode < 4; mode++) {
        bool forever = mode & 1;
        for (unsigned long n = 1;; n++) {
            start_over(x);
            store_appended_t a;
            disk_arm(n, forever, mode & 2 ? SQLITE_FULL : SQLITE_IOERR_WRITE);
            err_t err = append_third(x, &a);
            bool failed = disk.failed;
            if (!forever || !err) {
                (void)disk_disarm();
                assert_true(err == ERR_OK || (failed && err == ERR_IO && x->why.len > 0));
                buf_clear(&x->why);
                assert_state(x, err == ERR_OK);
                if (err) {
                    /* Life goes on, whether the process does or the next one takes over. */
                    if (n & 1) {
                        crash(x);
                        assert_state(x, false);
                    }
                    assert_ok(x, append_third(x, &a));
                    assert_state(x, true);
                }
                fixture_reopen(x);
                assert_state(x, true);
            } else {
                /*
                 * The process ends without a chance to mend anything. Where it was the last sync
                 * that failed, what it could not acknowledge may be there, and then whole.
                 */
                assert_int_equal(err, ERR_IO);
                buf_clear(&x->why);
                fixture_close(x);
                (void)disk_disarm();
                fixture_open(x);
                assert_state(x, newest_of(x) == 3);
                there += newest_of(x) == 3;
            }
            failures += err != ERR_OK;
            if (!failed) {
                break;
            }
        }
    }
    assert_true(failures > 20 && there < 8);
}

static void test_open_on_bad_disk(void **state)
{
    store_fixture_t *x = *state;
    for (unsigned fresh = 0; fresh < 2; fresh++) {
        for (unsigned long n = 1;; n++) {
            start_over(x);
            fixture_close(x);
            if (fresh) {
                assert_int_equal(unlink(in_state(x, STORE_HISTORY_FILE)), 0);
            }
            disk_arm(n, false, SQLITE_FULL);
            err_t err = store_history_open(x->state, &x->options, &x->h, &x->why);
            bool failed = disk_disarm();
            assert_true(err == ERR_OK || (failed && !x->h && x->why.len > 0));
            if (err && err != ERR_IO) {
                fail_msg("operation %lu: %s: %s", n, err_text(err), why_text(x));
            }
            buf_clear(&x->why);
            if (err) {
                fixture_open(x);
            }
            if (fresh) {
                assert_int_equal(newest_of(x), 0);
            } else {
                assert_state(x, false);
            }
            if (!failed) {
                break;
            }
        }
    }
}

/* What is acknowledged lies on the disk, not in a cache of the system. */
static void test_synced_when_acknowledged(void **state)
{
    store_fixture_t *x = *state;
    start_over(x);
    disk_arm(0, false, 0);
    disk.log_unsynced = 99;
    store_appended_t a;
    assert_ok(x, append_third(x, &a));
    assert_int_equal(disk.log_unsynced, 0);
    assert_true(disk.count > 0);
    store_audit_t line = {.time_ms = 1};
    disk.log_unsynced = 99;
    assert_ok(x, store_history_audit(x->h, &line, &x->why));
    assert_int_equal(disk.log_unsynced, 0);
    slice_t file = SLICE_LIT("b.yaml");
    disk.log_unsynced = 99;
    assert_ok(x, store_history_intents_settle(x->h, &file, 1, &x->why));
    assert_int_equal(disk.log_unsynced, 0);
}

/* From one allocation to the next, later in larger steps. */
static size_t further(size_t n)
{
    return n + 1 + n / 40;
}

static void test_append_without_memory(void **state)
{
    store_fixture_t *x = *state;
    unsigned failures = 0;
    for (size_t n = 1;; n = further(n)) {
        start_over(x);
        store_appended_t a;
        failmalloc_arm(n);
        err_t err = append_third(x, &a);
        bool refused = failmalloc_disarm();
        assert_true(err == ERR_OK || (refused && err == ERR_NOMEM));
        buf_clear(&x->why);
        assert_state(x, err == ERR_OK);
        failures += err != ERR_OK;
        fixture_reopen(x);
        assert_state(x, err == ERR_OK);
        if (!refused) {
            break;
        }
    }
    assert_true(failures > 20);
}

static void test_open_without_memory(void **state)
{
    store_fixture_t *x = *state;
    unsigned failures = 0;
    start_over(x);
    for (size_t n = 1;; n = further(n)) {
        fixture_close(x);
        buf_release(&x->why);
        long live = failmalloc_live();
        failmalloc_arm(n);
        err_t err = store_history_open(x->state, &x->options, &x->h, &x->why);
        bool refused = failmalloc_disarm();
        assert_true(err == ERR_OK || (refused && err == ERR_NOMEM));
        buf_release(&x->why);
        failures += err != ERR_OK;
        if (err) {
            assert_int_equal(failmalloc_live(), live);
            fixture_open(x);
        }
        assert_state(x, false);
        arena_release(&x->arena);
        buf_release(&x->why);
        if (!refused) {
            break;
        }
    }
    assert_true(failures > 20);
}

static err_t read_all(store_fixture_t *x, arena_t *arena)
{
    store_generation_t g;
    store_generations_t list;
    store_texts_t texts;
    store_vtags_t vtags;
    store_audits_t audits;
    store_intents_t intents;
    slice_t bytes;
    store_hash_t hash = hash_of("a3");
    err_t err = store_history_newest(x->h, arena, &g, &x->why);
    err = err ? err : store_history_list(x->h, 0, 9, arena, &list, &x->why);
    err = err ? err : store_history_documents(x->h, 3, arena, &texts, &x->why);
    err = err ? err : store_history_vtags(x->h, 3, arena, &vtags, &x->why);
    err = err ? err : store_history_audits(x->h, 0, 9, arena, &audits, &x->why);
    err = err ? err : store_history_intents(x->h, arena, &intents, &x->why);
    err = err ? err : store_history_content(x->h, &hash.digest, arena, &bytes, &x->why);
    if (!err) {
        assert_int_equal(g.number, 3);
        assert_int_equal(list.count + texts.count + vtags.count, 6);
        assert_string_equal(texts.items[1].bytes.ptr, "c3");
        assert_int_equal(audits.count + intents.count, 3);
        assert_string_equal(bytes.ptr, "a3");
    }
    return err;
}

static void test_read_without_memory(void **state)
{
    store_fixture_t *x = *state;
    start_over(x);
    store_appended_t a;
    assert_ok(x, append_third(x, &a));
    unsigned failures = 0;
    for (size_t n = 1;; n = further(n)) {
        fixture_reopen(x);
        arena_t arena;
        arena_init(&arena, 0);
        failmalloc_arm(n);
        err_t err = read_all(x, &arena);
        bool refused = failmalloc_disarm();
        assert_true(err == ERR_OK || (refused && err == ERR_NOMEM));
        arena_release(&arena);
        buf_clear(&x->why);
        assert_ok(x, read_all(x, &x->arena));
        arena_release(&x->arena);
        failures += err != ERR_OK;
        if (!refused) {
            break;
        }
    }
    assert_true(failures > 20);
}

static err_t edit(store_fixture_t *x, store_settlements_t *settled)
{
    store_edit_change_t changes[] = {
        {.name = SLICE_LIT("a.yaml"), .before = hash_of("a2"), .bytes = SLICE_LIT("a3")},
        {.name = SLICE_LIT("b.yaml"), .before = hash_of("b1"), .remove = true},
        {.name = SLICE_LIT("c.yaml"), .before = hash_of(NULL), .bytes = SLICE_LIT("c3")}};
    store_edit_t *e = NULL;
    err_t err = store_edit_prepare(x->documents, changes, 3, &e, &x->why);
    if (err) {
        return err;
    }
    made_change_t m;
    make_change(&m, third, "t3");
    store_appended_t a;
    err = commit_edit(x, e, &m.change, &a, settled);
    store_edit_free(e);
    return err;
}

/* An edit is done or not, and what memory was missing for afterwards is settled later. */
static void test_edit_without_memory(void **state)
{
    store_fixture_t *x = *state;
    unsigned failures = 0, pending = 0;
    for (size_t n = 1;; n = further(n)) {
        start_over(x);
        put(x, "a.yaml", "a2");
        put(x, "b.yaml", "b1");
        store_settlements_t settled = {0};
        failmalloc_arm(n);
        err_t err = edit(x, &settled);
        bool refused = failmalloc_disarm();
        assert_true(err == ERR_OK || (refused && err == ERR_NOMEM));
        assert_true(refused || !settled.pending);
        failures += err != ERR_OK;
        pending += settled.pending != 0;
        buf_clear(&x->why);
        failmalloc_arm(1 + n / 2);
        err_t recovered = store_edit_recover(x->h, x->documents, &x->arena, &settled, &x->why);
        (void)failmalloc_disarm();
        assert_true(recovered == ERR_OK || recovered == ERR_NOMEM);
        arena_release(&x->arena);
        buf_clear(&x->why);
        assert_ok(x, store_edit_recover(x->h, x->documents, &x->arena, &settled, &x->why));
        assert_int_equal(settled.pending + settled.kept, 0);
        assert_int_equal(newest_of(x), err ? 2 : 3);
        assert_true(file_is(x, "a.yaml", err ? "a2" : "a3"));
        assert_true(file_is(x, "b.yaml", err ? "b1" : NULL));
        assert_true(file_is(x, "c.yaml", err ? NULL : "c3"));
        if (!refused) {
            break;
        }
    }
    assert_true(failures > 20 && pending > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, store_setup, store_teardown)
        TEST(test_append_on_bad_disk),       TEST(test_open_on_bad_disk),
        TEST(test_synced_when_acknowledged), TEST(test_append_without_memory),
        TEST(test_open_without_memory),      TEST(test_read_without_memory),
        TEST(test_edit_without_memory),
    };
    return cmocka_run_group_tests_name("store faults", tests, group_setup, NULL);
}
