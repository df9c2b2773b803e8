/*
 * Histories as they are found: of older programs, of newer ones, and damaged in every way that
 * files are. Whatever cannot be used is told, and set aside makes room for a new one.
 */
#include "store_fixture.h"

#include "footprintd/store/backup.h"
#include "store/history_schema.h"
#include "store/history_sql.h"

#include <signal.h>
#include <sys/wait.h>

#define GENERATIONS 3

/* As the first released program made it: never to be changed. */
static const char first_schema[] =
    "CREATE TABLE generation (number INTEGER PRIMARY KEY CHECK (number > 0),"
    " parent INTEGER NOT NULL CHECK (parent < number), restores INTEGER NOT NULL,"
    " time_ms INTEGER NOT NULL, kind INTEGER NOT NULL, author TEXT NOT NULL,"
    " message TEXT NOT NULL, documents INTEGER NOT NULL, changed INTEGER NOT NULL,"
    " digest BLOB NOT NULL CHECK (length(digest) = 32)) STRICT;"
    "CREATE TABLE content (id INTEGER PRIMARY KEY,"
    " digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32), bytes BLOB NOT NULL) STRICT;"
    "CREATE TABLE document (id INTEGER PRIMARY KEY, name TEXT NOT NULL, since INTEGER NOT NULL,"
    " until INTEGER CHECK (until > since), content INTEGER NOT NULL REFERENCES content (id),"
    " UNIQUE (name, since)) STRICT;"
    "CREATE UNIQUE INDEX document_now ON document (name) WHERE until IS NULL;"
    "CREATE INDEX document_until ON document (until);"
    "CREATE INDEX document_content ON document (content);"
    "CREATE TABLE vtag (id INTEGER PRIMARY KEY, resource TEXT NOT NULL, since INTEGER NOT NULL,"
    " until INTEGER CHECK (until > since), tag TEXT NOT NULL, UNIQUE (resource, since)) STRICT;"
    "CREATE UNIQUE INDEX vtag_now ON vtag (resource) WHERE until IS NULL;"
    "CREATE INDEX vtag_until ON vtag (until);"
    "CREATE TABLE intent (file TEXT PRIMARY KEY,"
    " generation INTEGER NOT NULL REFERENCES generation (number),"
    " before BLOB CHECK (length(before) = 32), after BLOB CHECK (length(after) = 32),"
    " temporary TEXT NOT NULL) STRICT;"
    "CREATE INDEX intent_generation ON intent (generation);"
    "CREATE TABLE audit (id INTEGER PRIMARY KEY AUTOINCREMENT, time_ms INTEGER NOT NULL,"
    " who TEXT NOT NULL, what TEXT NOT NULL, outcome TEXT NOT NULL) STRICT;";

static void hex_of(const digest_t *digest, char out[2 * DIGEST_SIZE + 1])
{
    for (size_t i = 0; i < DIGEST_SIZE; i++) {
        (void)snprintf(out + 2 * i, 3, "%02x", digest->bytes[i]);
    }
}

/* The digest of a set of one document, as a generation has it. */
static void set_hex(const char *name, const char *text, char out[2 * DIGEST_SIZE + 1])
{
    hasher_t hasher;
    store_hash_t content = hash_of(text);
    digest_t digest;
    assert_int_equal(hasher_init(&hasher), ERR_OK);
    hasher_begin(&hasher);
    hasher_update(&hasher, name, strlen(name) + 1);
    hasher_update(&hasher, content.digest.bytes, DIGEST_SIZE);
    assert_int_equal(hasher_finish(&hasher, &digest), ERR_OK);
    hasher_release(&hasher);
    hex_of(&digest, out);
}

static sqlite3 *open_raw(const store_fixture_t *x)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(in_state(x, STORE_HISTORY_FILE), &db), SQLITE_OK);
    return db;
}

static void run(sqlite3 *db, const char *statements)
{
    char *error = NULL;
    if (sqlite3_exec(db, statements, NULL, NULL, &error) != SQLITE_OK) {
        fail_msg("%s: %s", statements, error);
    }
}

/* A history of the first version: two generations of one document. */
static void make_first(store_fixture_t *x)
{
    char one[2 * DIGEST_SIZE + 1], two[2 * DIGEST_SIZE + 1], text[2048];
    store_hash_t hash_one = hash_of("1"), hash_two = hash_of("2");
    assert_int_equal(mkdir(x->state, 0700), 0);
    sqlite3 *db = open_raw(x);
    run(db, "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL");
    run(db, first_schema);
    hex_of(&hash_one.digest, one);
    hex_of(&hash_two.digest, two);
    (void)snprintf(text, sizeof text,
                   "INSERT INTO content VALUES (1, x'%s', x'31'), (2, x'%s', x'32');"
                   "INSERT INTO document VALUES (1, 'a.yaml', 1, 2, 1), (2, 'a.yaml', 2, NULL, 2);"
                   "INSERT INTO vtag VALUES (1, 'cdni', 1, 2, 't1'), (2, 'cdni', 2, NULL, 't2');"
                   "INSERT INTO audit VALUES (1, 5, 'jo', 'edit', 'done')",
                   one, two);
    run(db, text);
    set_hex("a.yaml", "1", one);
    set_hex("a.yaml", "2", two);
    (void)snprintf(text, sizeof text,
                   "INSERT INTO generation VALUES (1, 0, 0, 5, 3, '', '', 1, 1, x'%s'),"
                   " (2, 1, 0, 6, 1, 'jo', 'two', 1, 1, x'%s');"
                   "PRAGMA application_id = %d; PRAGMA user_version = 1",
                   one, two, HISTORY_APPLICATION_ID);
    run(db, text);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void assert_first(store_fixture_t *x)
{
    assert_int_equal(newest_of(x), 2);
    assert_string_equal(documents_of(x, 1), "a.yaml=1");
    assert_string_equal(documents_of(x, 2), "a.yaml=2");
    assert_string_equal(vtags_of(x, 1), "cdni=t1");
    assert_string_equal(vtags_of(x, 2), "cdni=t2");
    store_generation_t g;
    assert_ok(x, store_history_find(x->h, 2, &x->arena, &g, &x->why));
    assert_true(g.kind == STORE_KIND_EDIT && slice_is(g.author, "jo") &&
                slice_is(g.message, "two") && g.parent == 1);
    store_audits_t audits;
    assert_ok(x, store_history_audits(x->h, 0, 9, &x->arena, &audits, &x->why));
    assert_int_equal(audits.count, 1);
}

/* ---- versions ---- */

static int version_of(const store_fixture_t *x)
{
    int id = 0, version = 0;
    sqlite3 *db = open_raw(x);
    assert_int_equal(history_schema_read(db, &id, &version), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return version;
}

/* What the first program wrote is read, and numbers go on, whatever was added since. */
static void test_from_the_first(void **state)
{
    store_fixture_t *x = *state;
    make_first(x);
    fixture_open(x);
    assert_first(x);
    assert_int_equal(append(x, PAIRS("a.yaml", "3"), "t3").number, 3);
    fixture_reopen(x);
    assert_string_equal(documents_of(x, 3), "a.yaml=3");
    fixture_close(x);
    assert_int_equal(version_of(x), history_schema_count);
}

typedef struct copy {
    char *bytes;
    size_t len;
} copy_t;

static copy_t read_file(const char *path)
{
    copy_t copy = {NULL, 0};
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        assert_int_equal(fstat(fd, &st), 0);
        copy.bytes = malloc((size_t)st.st_size + 1);
        assert_non_null(copy.bytes);
        copy.len = (size_t)st.st_size;
        assert_int_equal(read(fd, copy.bytes, copy.len), (ssize_t)copy.len);
        (void)close(fd);
    }
    return copy;
}

static void write_file(const char *path, const copy_t *copy, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, copy->bytes, len), (ssize_t)len);
    (void)close(fd);
}

static bool copy_eq(const copy_t *a, const copy_t *b)
{
    return a->len == b->len && a->bytes && b->bytes && memcmp(a->bytes, b->bytes, a->len) == 0;
}

/* A backup of then is read as well, and its file stays as it is. */
static void test_backup_of_the_first(void **state)
{
    store_fixture_t *x = *state;
    make_first(x);
    char path[128];
    (void)snprintf(path, sizeof path, "%s/backup", x->dir);
    assert_int_equal(rename(in_state(x, STORE_HISTORY_FILE), path), 0);
    copy_t before = read_file(path);
    store_backup_info_t info;
    assert_ok(x, store_backup_open(path, &x->h, &info, &x->why));
    assert_first(x);
    assert_true(info.generations == 2 && info.oldest == 1 && info.newest == 2);
    fixture_close(x);
    const store_restore_t r = {.file = path, .state = x->state, .time_ms = 1};
    store_restored_t done;
    assert_ok(x, store_backup_restore(&r, &x->arena, &done, &x->why));
    copy_t after = read_file(path);
    assert_true(copy_eq(&before, &after));
    free(before.bytes);
    free(after.bytes);
    fixture_open(x);
    assert_string_equal(documents_of(x, 2), "a.yaml=2");
    assert_int_equal(append(x, PAIRS("a.yaml", "3"), "t3").number, 3);
}

static void die(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)context;
    (void)count;
    (void)values;
    (void)kill(getpid(), SIGKILL);
}

/* Made anew for each of them. */
static void make_first_again(store_fixture_t *x)
{
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf %s", x->state);
    assert_int_equal(system(command), 0);
    make_first(x);
}

static void kill_upgrade(store_fixture_t *x, const char *const *scripts, unsigned count)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        sqlite3 *db = open_raw(x);
        (void)sqlite3_create_function(db, "die", 0, SQLITE_UTF8, NULL, die, NULL, NULL);
        /* So that what is half done is in the file, not in memory. */
        run(db, "PRAGMA cache_size = 1; PRAGMA cache_spill = 1");
        (void)!history_schema_upgrade(db, "x", scripts, count, &x->why);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* Of the version before, whole, and the upgrade goes on. */
static void assert_upgrades(store_fixture_t *x)
{
    assert_int_equal(version_of(x), 1);
    fixture_open(x);
    assert_first(x);
    fixture_close(x);
    assert_int_equal(version_of(x), history_schema_count);
}

/* Killed at steps of an upgrade, and at the end of each of our own. */
static void test_killed_in_an_upgrade(void **state)
{
    static const char *const dying[][3] = {
        {first_schema, "SELECT die(); CREATE TABLE more (a)", "CREATE TABLE last (a)"},
        {first_schema, "CREATE TABLE more (a); DELETE FROM content; SELECT die()", ""},
        {first_schema, "CREATE TABLE more (a); UPDATE generation SET author = 'x'", "SELECT die()"},
    };
    store_fixture_t *x = *state;
    for (size_t i = 0; i < sizeof dying / sizeof *dying; i++) {
        make_first_again(x);
        kill_upgrade(x, dying[i], 3);
        assert_upgrades(x);
    }
    for (unsigned i = 1; i < history_schema_count; i++) {
        const char *scripts[16];
        assert_true(history_schema_count < sizeof scripts / sizeof *scripts);
        memcpy(scripts, history_schema, history_schema_count * sizeof *scripts);
        buf_t text = BUF_INIT;
        buf_printf(&text, "%s SELECT die()", history_schema[i]);
        buf_append_char(&text, '\0');
        scripts[i] = text.ptr;
        make_first_again(x);
        kill_upgrade(x, scripts, history_schema_count);
        assert_upgrades(x);
        buf_release(&text);
    }
}

/* The log stays behind: the process ends without closing. */
static void leave_log(store_fixture_t *x, const char *more)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        fixture_open(x);
        (void)append(x, PAIRS("a.yaml", "1"), "t");
        (void)append(x, PAIRS("a.yaml", "2", "b.yaml", "3"), "t");
        (void)append(x, PAIRS("a.yaml", "4"), "t");
        if (more) {
            run(x->h->db, more);
        }
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

#define LOG_FILE STORE_HISTORY_FILE "-wal"

/* Not a byte of it is changed, nor of its log, which holds the version here. */
static void test_newer(void **state)
{
    store_fixture_t *x = *state;
    leave_log(x, "CREATE TABLE news (a); PRAGMA user_version = 99");
    copy_t file = read_file(in_state(x, STORE_HISTORY_FILE)),
           log = read_file(in_state(x, LOG_FILE));
    assert_true(log.len > 0);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(store_history_open(x->state, NULL, &x->h, &x->why), ERR_RANGE);
        assert_null(x->h);
        char text[96];
        (void)snprintf(text, sizeof text,
                       "newer footprintd (its schema has the version 99, this "
                       "program knows %u)",
                       history_schema_count);
        assert_why(x, text);
    }
    copy_t file_now = read_file(in_state(x, STORE_HISTORY_FILE)),
           log_now = read_file(in_state(x, LOG_FILE));
    assert_true(copy_eq(&file, &file_now) && copy_eq(&log, &log_now));
    free(file.bytes);
    free(log.bytes);
    free(file_now.bytes);
    free(log_now.bytes);
    /* Gone back to this version by whoever knows how, it is all there. */
    sqlite3 *db = open_raw(x);
    char text[64];
    (void)snprintf(text, sizeof text, "DROP TABLE news; PRAGMA user_version = %u",
                   history_schema_count);
    run(db, text);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    fixture_open(x);
    assert_string_equal(documents_of(x, GENERATIONS), "a.yaml=4");
}

/* ---- damage ---- */

static void make_some(store_fixture_t *x)
{
    fixture_open(x);
    (void)append(x, PAIRS("a.yaml", "1"), "t");
    (void)append(x, PAIRS("a.yaml", "2", "b.yaml", "3"), "t");
    (void)append(x, PAIRS("a.yaml", "4"), "t");
    fixture_close(x);
}

static uint64_t aside;

/* It is told as damage, set aside as it is, and a new one begins in its place. */
static void assert_set_aside(store_fixture_t *x, const char *what)
{
    copy_t before = read_file(in_state(x, STORE_HISTORY_FILE));
    err_t err = store_history_open(x->state, NULL, &x->h, &x->why);
    if (err != ERR_DATA) {
        fail_msg("%s: %s: %s", what, err_text(err), why_text(x));
    }
    assert_null(x->h);
    assert_true(x->why.len > 0);
    buf_clear(&x->why);
    buf_t moved = BUF_INIT;
    assert_ok(x, store_history_set_aside(x->state, ++aside, &moved, &x->why));
    buf_append_char(&moved, '\0');
    copy_t kept = read_file(moved.ptr);
    /* But for SQLite's counters in the header, and the rest of a last page. */
    assert_true(kept.len >= before.len && kept.len - before.len < 4096);
    if (before.len > 100) {
        assert_memory_equal(kept.bytes + 100, before.bytes + 100, before.len - 100);
    }
    free(kept.bytes);
    free(before.bytes);
    buf_release(&moved);
    fixture_open(x);
    assert_int_equal(newest_of(x), 0);
    assert_int_equal(append(x, PAIRS("a.yaml", "9"), "t").number, 1);
    fixture_close(x);
    assert_int_equal(unlink(in_state(x, STORE_HISTORY_FILE)), 0);
}

static bool opens_whole(store_fixture_t *x)
{
    err_t err = store_history_open(x->state, NULL, &x->h, &x->why);
    buf_clear(&x->why);
    if (!err) {
        assert_string_equal(documents_of(x, GENERATIONS), "a.yaml=4");
        fixture_close(x);
    }
    return err == ERR_OK;
}

static void test_cut(void **state)
{
    store_fixture_t *x = *state;
    make_some(x);
    copy_t file = read_file(in_state(x, STORE_HISTORY_FILE));
    assert_false(store_history_is_cut(x->state));
    /* At the ends of pages, one byte before and after, and within. */
    for (size_t page = 0; page < file.len; page += 4096) {
        static const size_t more[] = {0, 1, 2, 99, 100, 1000, 4095};
        for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
            char what[64];
            size_t len = page + more[i];
            if (len > 1) {
                (void)snprintf(what, sizeof what, "cut to %zu of %zu bytes", len, file.len);
                write_file(in_state(x, STORE_HISTORY_FILE), &file, len);
                assert_false(store_history_is_cut(x->state));
                if (page + 4096 == file.len && opens_whole(x)) {
                    continue; /* nothing of it was in use */
                }
                write_file(in_state(x, STORE_HISTORY_FILE), &file, len);
                assert_set_aside(x, what);
            }
        }
    }
    assert_false(store_history_is_cut(x->state)); /* there is none */
    write_file(in_state(x, STORE_HISTORY_FILE), &file, 1);
    assert_true(store_history_is_cut(x->state));
    write_file(in_state(x, STORE_HISTORY_FILE), &file, 0);
    assert_true(store_history_is_cut(x->state));
    buf_t moved = BUF_INIT;
    assert_ok(x, store_history_set_aside(x->state, ++aside, &moved, &x->why));
    buf_release(&moved);
    assert_false(store_history_is_cut(x->state));
    free(file.bytes);
}

static void test_header(void **state)
{
    store_fixture_t *x = *state;
    make_some(x);
    copy_t file = read_file(in_state(x, STORE_HISTORY_FILE));
    memset(file.bytes, 0xa5, 100);
    write_file(in_state(x, STORE_HISTORY_FILE), &file, file.len);
    assert_set_aside(x, "garbage for a header");
    memset(file.bytes, 0, file.len);
    write_file(in_state(x, STORE_HISTORY_FILE), &file, file.len);
    assert_set_aside(x, "zeroes");
    free(file.bytes);
}

static void test_tables(void **state)
{
    static const char *const tables[] = {"generation", "content", "document", "vtag",
                                         "intent",     "audit",   "held",     "held_change"};
    store_fixture_t *x = *state;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        make_some(x);
        char text[64];
        sqlite3 *db = open_raw(x);
        (void)snprintf(text, sizeof text, "DROP TABLE %s", tables[i]);
        run(db, text);
        assert_int_equal(sqlite3_close(db), SQLITE_OK);
        assert_set_aside(x, tables[i]);
    }
}

/* Each page in turn becomes garbage: found, or not one that the newest generation needs. */
static void test_pages(void **state)
{
    store_fixture_t *x = *state;
    make_some(x);
    copy_t file = read_file(in_state(x, STORE_HISTORY_FILE));
    unsigned found = 0;
    for (size_t at = 0; at < file.len; at += 4096) {
        char page[4096];
        memcpy(page, file.bytes + at, sizeof page);
        memset(file.bytes + at, 0x5a, sizeof page);
        write_file(in_state(x, STORE_HISTORY_FILE), &file, file.len);
        memcpy(file.bytes + at, page, sizeof page);
        err_t err = store_history_open(x->state, NULL, &x->h, &x->why);
        assert_true(err == ERR_OK || (err == ERR_DATA && x->why.len));
        buf_clear(&x->why);
        if (!err) {
            assert_string_equal(documents_of(x, newest_of(x)), "a.yaml=4");
            fixture_close(x);
        }
        found += err != ERR_OK;
    }
    assert_true(found > 5);
    free(file.bytes);
}

/* A log that is damaged, or cut: what it had from there on is lost, and what is left is whole. */
static void test_log(void **state)
{
    static const char *const wanted[GENERATIONS + 1] = {"not found", "a.yaml=1",
                                                        "a.yaml=2 b.yaml=3", "a.yaml=4"};
    store_fixture_t *x = *state;
    leave_log(x, NULL);
    copy_t file = read_file(in_state(x, STORE_HISTORY_FILE)),
           log = read_file(in_state(x, LOG_FILE));
    assert_true(log.len > 4096);
    unsigned seen[GENERATIONS + 1] = {0}, refused = 0;
    for (size_t at = 0; at < log.len; at += at < 64 ? 7 : 1013) {
        for (unsigned cut = 0; cut < 2; cut++) {
            log.bytes[at] ^= 0x55;
            write_file(in_state(x, STORE_HISTORY_FILE), &file, file.len);
            write_file(in_state(x, LOG_FILE), &log, cut ? at : log.len);
            log.bytes[at] ^= 0x55;
            (void)unlink(in_state(x, STORE_HISTORY_FILE "-shm"));
            err_t err = store_history_open(x->state, NULL, &x->h, &x->why);
            assert_true(err == ERR_OK || (err == ERR_DATA && x->why.len));
            buf_clear(&x->why);
            refused += err != ERR_OK;
            if (!err) {
                uint64_t newest = newest_of(x);
                assert_true(newest <= GENERATIONS);
                seen[newest]++;
                if (newest) {
                    assert_string_equal(documents_of(x, newest), wanted[newest]);
                }
                assert_int_equal(append(x, PAIRS("z.yaml", "z"), "t").number, newest + 1);
                fixture_close(x);
            }
        }
    }
    assert_true(seen[0] + refused > 0 && seen[1] && seen[2]);
    free(file.bytes);
    free(log.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, store_setup, store_teardown)
        TEST(test_from_the_first),
        TEST(test_backup_of_the_first),
        TEST(test_killed_in_an_upgrade),
        TEST(test_newer),
        TEST(test_cut),
        TEST(test_header),
        TEST(test_tables),
        TEST(test_pages),
        TEST(test_log),
    };
    return cmocka_run_group_tests_name("store damage", tests, NULL, NULL);
}
