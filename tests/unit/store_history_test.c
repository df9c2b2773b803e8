/* The history as a caller sees it; what happens to it on bad disks is in the other store tests. */
#include "store_fixture.h"

#include "store/history_schema.h"

#include <pthread.h>
#include <sys/file.h>
#include <sys/wait.h>

static long ask_database(store_fixture_t *x, const char *statement)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *s = NULL;
    assert_int_equal(
        sqlite3_open_v2(in_state(x, STORE_HISTORY_FILE), &db, SQLITE_OPEN_READWRITE, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, statement, -1, &s, NULL), SQLITE_OK);
    int rc = sqlite3_step(s);
    assert_true(rc == SQLITE_ROW || rc == SQLITE_DONE);
    long answer = rc == SQLITE_ROW ? (long)sqlite3_column_int64(s, 0) : 0;
    assert_int_equal(sqlite3_finalize(s), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return answer;
}

static void test_empty(void **state)
{
    store_fixture_t *x = *state;
    fixture_open(x);
    store_generation_t g;
    assert_int_equal(store_history_newest(x->h, &x->arena, &g, &x->why), ERR_NOT_FOUND);
    assert_why(x, "history.db is empty");
    assert_int_equal(store_history_find(x->h, 1, &x->arena, &g, &x->why), ERR_NOT_FOUND);
    assert_why(x, "there is no generation 1");
    store_generations_t list;
    assert_ok(x, store_history_list(x->h, 0, 10, &x->arena, &list, &x->why));
    assert_int_equal(list.count, 0);
    assert_int_equal(list.total, 0);
}

static void test_modes(void **state)
{
    store_fixture_t *x = *state;
    mode_t old = umask(0);
    fixture_open(x);
    (void)append(x, PAIRS("a.yaml", "1"), "t");
    (void)umask(old);
    static const char *const files[] = {"history.db", "history.db-wal", "history.db-shm", "lock"};
    struct stat st;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        assert_int_equal(stat(in_state(x, files[i]), &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
    }
    assert_int_equal(stat(x->state, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    fixture_close(x);
    assert_int_equal(chmod(in_state(x, "history.db"), 0644), 0);
    fixture_open(x);
    assert_int_equal(stat(in_state(x, "history.db"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void test_append_and_read(void **state)
{
    store_fixture_t *x = *state;
    fixture_open(x);
    store_appended_t a = append(x, PAIRS("b.yaml", "2", "a.yaml", "1"), "t1");
    assert_int_equal(a.outcome, STORE_APPENDED);
    assert_int_equal(a.number, 1);
    a = append(x, PAIRS("a.yaml", "1", "c.json", "1"), "t2");
    assert_int_equal(a.number, 2);
    a = append(x, PAIRS("a.yaml", "", "b.yaml", "2", "c.json", "1"), "t3");
    assert_int_equal(a.number, 3);
    for (unsigned again = 0; again < 2; again++) {
        assert_string_equal(documents_of(x, 1), "a.yaml=1 b.yaml=2");
        assert_string_equal(documents_of(x, 2), "a.yaml=1 c.json=1");
        assert_string_equal(documents_of(x, 3), "a.yaml= b.yaml=2 c.json=1");
        assert_string_equal(vtags_of(x, 1), "a-map=t1 cdni=t1");
        assert_string_equal(vtags_of(x, 3), "a-map=t3 cdni=t3");
        assert_string_equal(documents_of(x, 4), "not found");
        assert_string_equal(vtags_of(x, 0), "not found");
        assert_int_equal(newest_of(x), 3);
        store_generation_t g;
        assert_ok(x, store_history_find(x->h, 2, &x->arena, &g, &x->why));
        assert_int_equal(g.number, 2);
        assert_int_equal(g.parent, 1);
        assert_int_equal(g.restores, 0);
        assert_int_equal(g.time_ms, 1790000000123);
        assert_int_equal(g.kind, STORE_KIND_EDIT);
        assert_string_equal(g.author.ptr, "jo");
        assert_string_equal(g.message.ptr, "why \xc3\xa4");
        assert_int_equal(g.documents, 2);
        assert_int_equal(g.changed, 2); /* b.yaml went, c.json came */
        fixture_reopen(x);
    }
    slice_t bytes;
    store_hash_t hash = hash_of("2");
    assert_ok(x, store_history_content(x->h, &hash.digest, &x->arena, &bytes, &x->why));
    assert_string_equal(bytes.ptr, "2");
    hash = hash_of("never");
    assert_int_equal(store_history_content(x->h, &hash.digest, &x->arena, &bytes, &x->why),
                     ERR_NOT_FOUND);
    fixture_close(x);
    assert_int_equal(ask_database(x, "SELECT count(*) FROM content"), 3);
    assert_int_equal(ask_database(x, "SELECT count(*) FROM document"), 5);
}

static void test_no_documents(void **state)
{
    store_fixture_t *x = *state;
    fixture_open(x);
    assert_int_equal(append(x, PAIRS("a.yaml", "1"), "t").number, 1);
    made_change_t m;
    make_change(&m, PAIRS("a.yaml", "1"), "t");
    m.change.document_count = m.change.vtag_count = 0;
    store_appended_t a;
    assert_ok(x, store_history_append(x->h, &m.change, &a, &x->why));
    assert_int_equal(a.number, 2);
    assert_string_equal(documents_of(x, 2), "");
    assert_string_equal(vtags_of(x, 2), "");
    assert_string_equal(vtags_of(x, 1), "a-map=t cdni=t");
    assert_ok(x, store_history_append(x->h, &m.change, &a, &x->why));
    assert_int_equal(a.outcome, STORE_SAME);
    fixture_reopen(x);
}

static void test_same(void **state)
{
    store_fixture_t *x = *state;
    fixture_open(x);
    (void)append(x, PAIRS("a.yaml", "1"), "t0");
    (void)append(x, PAIRS("a.yaml", "1", "b.yaml", "2"), "t1");
    store_appended_t a = append(x, PAIRS("b.yaml", "2", "a.yaml", "1"), "t1");
    assert_int_equal(a.outcome, STORE_SAME);
    assert_int_equal(a.number, 2);
    /* Other databases, the same documents. */
    a = append(x, PAIRS("b.yaml", "2", "a.yaml", "1"), "t2");
    assert_int_equal(a.outcome, STORE_RETAGGED);
    assert_int_equal(a.number, 2);
    assert_int_equal(newest_of(x), 2);
    assert_string_equal(vtags_of(x, 2), "a-map=t2 cdni=t2");
    assert_string_equal(vtags_of(x, 1), "a-map=t0 cdni=t0");
    a = append(x, PAIRS("b.yaml", "2", "a.yaml", "1"), "t3");
    assert_int_equal(a.outcome, STORE_RETAGGED);
    assert_string_equal(vtags_of(x, 2), "a-map=t3 cdni=t3");
    /* A vtag older than the newest generation ends where that begins. */
    a = append(x, PAIRS("a.yaml", "9"), "t3");
    a = append(x, PAIRS("a.yaml", "9"), "t4");
    assert_int_equal(a.outcome, STORE_RETAGGED);
    assert_string_equal(vtags_of(x, 2), "a-map=t3 cdni=t3");
    assert_string_equal(vtags_of(x, 3), "a-map=t4 cdni=t4");
    fixture_reopen(x);
}

/* An old set again is a new generation that costs no content. */
static void test_rollback(void **state)
{
    store_fixture_t *x = *state;
    fixture_open(x);
    (void)append(x, PAIRS("a.yaml", "1"), "t1");
    (void)append(x, PAIRS("a.yaml", "2"), "t2");
    made_change_t m;
    make_change(&m, PAIRS("a.yaml", "1"), "t1");
    m.change.kind = STORE_KIND_ROLLBACK;
    m.change.restores = 1;
    m.change.base = 2;
    m.change.time_ms = 5; /* the clock jumped back */
    store_appended_t a;
    assert_ok(x, store_history_append(x->h, &m.change, &a, &x->why));
    assert_int_equal(a.number, 3);
    store_generation_t first, third;
    assert_ok(x, store_history_find(x->h, 1, &x->arena, &first, &x->why));
    assert_ok(x, store_history_newest(x->h, &x->arena, &third, &x->why));
    assert_memory_equal(&first.digest, &third.digest, sizeof first.digest);
    assert_int_equal(third.number, 3);
    assert_int_equal(third.restores, 1);
    assert_int_equal(third.time_ms, 5);
    assert_int_equal(third.kind, STORE_KIND_ROLLBACK);
    fixture_close(x);
    assert_int_equal(ask_database(x, "SELECT count(*) FROM content"), 2);
}

static void test_base(void **state)
{
    store_fixture_t *x = *state;
    fixture_open(x);
    made_change_t m;
    make_change(&m, PAIRS("a.yaml", "1"), "t");
    store_appended_t a = {.number = 77};
    m.change.base = 1;
    assert_int_equal(store_history_append(x->h, &m.change, &a, &x->why), ERR_NOT_NOW);
    (void)append(x, PAIRS("a.yaml", "2"), "t");
    (void)append(x, PAIRS("a.yaml", "3"), "t");
    buf_clear(&x->why);
    assert_int_equal(store_history_append(x->h, &m.change, &a, &x->why), ERR_NOT_NOW);
    assert_why(x, "made from generation 1, and the newest is now 2");
    assert_int_equal(a.number, 77);
    assert_string_equal(documents_of(x, 2), "a.yaml=3");
    m.change.base = 2;
    assert_ok(x, store_history_append(x->h, &m.change, &a, &x->why));
    assert_int_equal(a.number, 3);
}

static void test_numbers(void **state)
{
    store_fixture_t *x = *state;
    fixture_open(x);
    made_change_t m;
    make_change(&m, PAIRS("a.yaml", "1"), "t");
    store_appended_t a;
    m.change.number = 40;
    assert_ok(x, store_history_append(x->h, &m.change, &a, &x->why));
    assert_int_equal(a.number, 40);
    make_change(&m, PAIRS("a.yaml", "2"), "t");
    m.change.number = 40;
    assert_int_equal(store_history_append(x->h, &m.change, &a, &x->why), ERR_RANGE);
    assert_why(x, "generation 40 is not above the newest, which is 40");
    m.change.number = 0;
    assert_ok(x, store_history_append(x->h, &m.change, &a, &x->why));
    assert_int_equal(a.number, 41);
    assert_string_equal(documents_of(x, 39), "not found");
    assert_string_equal(documents_of(x, 40), "a.yaml=1");
}

typedef void (*spoil_t)(made_change_t *m);

static void spoil_kind(made_change_t *m)
{
    m->change.kind = STORE_KIND_COUNT;
}
static void spoil_time(made_change_t *m)
{
    m->change.time_ms = UINT64_MAX;
}
static void spoil_author(made_change_t *m)
{
    m->change.author = SLICE_LIT("a\0b");
}
static void spoil_message(made_change_t *m)
{
    m->change.message = SLICE_LIT("\xff");
}
static void spoil_name(made_change_t *m)
{
    m->documents[0].name = SLICE_LIT("x/a.yaml");
}
static void spoil_no_name(made_change_t *m)
{
    m->documents[0].name = SLICE_LIT("");
}
static void spoil_twice(made_change_t *m)
{
    m->documents[0].name = m->documents[1].name;
}
static void spoil_vtags(made_change_t *m)
{
    m->vtags[0].resource = m->vtags[1].resource;
}
static void spoil_tag(made_change_t *m)
{
    m->vtags[0].tag = SLICE_LIT("\xc0");
}
static void spoil_audit(made_change_t *m)
{
    static const store_audit_t line = {.who = {"\xff", 1}};
    m->change.audit = &line;
}

static void test_bad_arguments(void **state)
{
    static const struct {
        spoil_t spoil;
        const char *why;
    } cases[] = {
        {spoil_kind, "out of range"},        {spoil_time, "out of range"},
        {spoil_author, "the author is not"}, {spoil_message, "the message is not"},
        {spoil_name, "'x/a.yaml' is no"},    {spoil_no_name, "'' is no"},
        {spoil_twice, "b.yaml is there"},    {spoil_vtags, "a-map is there"},
        {spoil_tag, "a tag is not"},         {spoil_audit, "who did it is not"},
    };
    store_fixture_t *x = *state;
    fixture_open(x);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        made_change_t m;
        make_change(&m, PAIRS("a.yaml", "1", "b.yaml", "2"), "t");
        cases[i].spoil(&m);
        store_appended_t a;
        assert_int_equal(store_history_append(x->h, &m.change, &a, &x->why), ERR_RANGE);
        assert_why(x, cases[i].why);
    }
    assert_int_equal(newest_of(x), 0);
}

static void test_list(void **state)
{
    store_fixture_t *x = *state;
    fixture_open(x);
    char text[16];
    for (unsigned i = 1; i <= 40; i++) {
        (void)snprintf(text, sizeof text, "%u", i);
        (void)append(x, PAIRS("a.yaml", text), "t");
    }
    store_generations_t list;
    assert_ok(x, store_history_list(x->h, 0, 35, &x->arena, &list, &x->why));
    assert_int_equal(list.count, 35);
    assert_int_equal(list.total, 40);
    assert_int_equal(list.items[0].number, 40);
    assert_int_equal(list.items[34].number, 6);
    assert_string_equal(list.items[34].author.ptr, "jo");
    assert_ok(x, store_history_list(x->h, 6, 35, &x->arena, &list, &x->why));
    assert_int_equal(list.count, 5);
    assert_int_equal(list.items[4].number, 1);
    assert_ok(x, store_history_list(x->h, 1, 35, &x->arena, &list, &x->why));
    assert_int_equal(list.count, 0);
}

static void test_retention(void **state)
{
    store_fixture_t *x = *state;
    x->options.keep = 3;
    fixture_open(x);
    (void)append(x, PAIRS("a.yaml", "old", "b.yaml", "always"), "t1");
    (void)append(x, PAIRS("a.yaml", "2", "b.yaml", "always"), "t2");
    (void)append(x, PAIRS("a.yaml", "old", "b.yaml", "always"), "t3");
    (void)append(x, PAIRS("a.yaml", "4", "b.yaml", "always"), "t4");
    (void)append(x, PAIRS("a.yaml", "5", "b.yaml", "always"), "t5");
    assert_string_equal(documents_of(x, 2), "not found");
    assert_string_equal(documents_of(x, 3), "a.yaml=old b.yaml=always");
    assert_string_equal(vtags_of(x, 3), "a-map=t3 cdni=t3");
    store_generations_t list;
    assert_ok(x, store_history_list(x->h, 0, 10, &x->arena, &list, &x->why));
    assert_int_equal(list.total, 3);
    slice_t bytes;
    store_hash_t gone = hash_of("2"), still = hash_of("old");
    assert_int_equal(store_history_content(x->h, &gone.digest, &x->arena, &bytes, &x->why),
                     ERR_NOT_FOUND);
    buf_clear(&x->why);
    assert_ok(x, store_history_content(x->h, &still.digest, &x->arena, &bytes, &x->why));
    (void)append(x, PAIRS("a.yaml", "6", "b.yaml", "always"), "t6");
    assert_int_equal(store_history_content(x->h, &still.digest, &x->arena, &bytes, &x->why),
                     ERR_NOT_FOUND);
    /* Fewer than before, and never none. */
    x->options.keep = 1;
    fixture_reopen(x);
    assert_int_equal(append(x, PAIRS("a.yaml", "6", "b.yaml", "always"), "t6").outcome, STORE_SAME);
    assert_int_equal(newest_of(x), 6);
    assert_string_equal(documents_of(x, 6), "a.yaml=6 b.yaml=always");
    assert_string_equal(documents_of(x, 5), "not found");
    fixture_close(x);
    assert_int_equal(ask_database(x, "SELECT count(*) FROM content"), 2);
    assert_int_equal(ask_database(x, "SELECT count(*) FROM document"), 2);
    assert_int_equal(ask_database(x, "SELECT count(*) FROM vtag"), 2);
}

/* Many generations of large contents: the file stays in proportion to what is kept. */
static void test_file_shrinks(void **state)
{
    store_fixture_t *x = *state;
    fixture_open(x);
    size_t size = (size_t)1 << 20;
    char *text = malloc(size + 1);
    assert_non_null(text);
    memset(text, 'x', size);
    text[size] = '\0';
    for (unsigned i = 0; i < 12; i++) {
        text[i] = 'y';
        (void)append(x, PAIRS("a.yaml", text), "t");
    }
    x->options.keep = 1;
    fixture_reopen(x);
    for (unsigned i = 12; i < 20; i++) {
        text[i] = 'y';
        (void)append(x, PAIRS("a.yaml", text), "t");
    }
    free(text);
    fixture_reopen(x);
    fixture_close(x);
    struct stat st;
    assert_int_equal(stat(in_state(x, STORE_HISTORY_FILE), &st), 0);
    assert_true(st.st_size < 8 << 20);
}

static size_t size_in_state(store_fixture_t *x, const char *name)
{
    struct stat st;
    assert_int_equal(stat(in_state(x, name), &st), 0);
    return (size_t)st.st_size;
}

/* A commit writes what is new once, to the log; the database gets it later, or at last. */
static void test_log(void **state)
{
    store_fixture_t *x = *state;
    fixture_open(x);
    size_t size = (size_t)6 << 20, longest = (size_t)64 << 20;
    char *text = calloc(1, size + 1);
    assert_non_null(text);
    memset(text, 'x', size);
    (void)append(x, PAIRS("a.yaml", text), "t");
    size_t log = size_in_state(x, STORE_HISTORY_FILE "-wal");
    assert_true(log > size && log < size + (size >> 2));
    assert_true(size_in_state(x, STORE_HISTORY_FILE) < size >> 2);
    store_history_checkpoint(x->h);
    assert_true(size_in_state(x, STORE_HISTORY_FILE) > size);
    size_t database = size_in_state(x, STORE_HISTORY_FILE);
    unsigned i = 0;
    for (; size_in_state(x, STORE_HISTORY_FILE) == database; i++) {
        assert_true(i * size < longest + size);
        text[i] = 'y';
        (void)append(x, PAIRS("a.yaml", text), "t");
    }
    assert_true(i * size > longest - size);
    free(text);
}

/* A change of one document of many, ten thousand times: rows follow the change, not the set. */
static void test_in_proportion(void **state)
{
    store_fixture_t *x = *state;
    fixture_open(x);
    char text[16];
    for (unsigned i = 0; i < 300; i++) {
        (void)snprintf(text, sizeof text, "%u", i);
        (void)append(x, PAIRS("a.yaml", text, "b.yaml", "b", "c.yaml", "c", "d.yaml", "d"), "t");
    }
    fixture_close(x);
    assert_int_equal(ask_database(x, "SELECT count(*) FROM document"), 303);
    assert_int_equal(ask_database(x, "SELECT count(*) FROM vtag"), 2);
}

static void *read_on(void *arg)
{
    store_fixture_t *x = arg;
    size_t wrong = 0;
    for (unsigned i = 0; i < 100; i++) {
        arena_t arena;
        arena_init(&arena, 0);
        buf_t why = BUF_INIT;
        store_generation_t newest;
        store_texts_t documents;
        store_generations_t list;
        err_t err = store_history_newest(x->h, &arena, &newest, &why);
        err = err ? err : store_history_documents(x->h, newest.number, &arena, &documents, &why);
        err = err ? err : store_history_list(x->h, 0, 5, &arena, &list, &why);
        wrong += err || documents.count != 1 || list.items[0].number < newest.number;
        buf_release(&why);
        arena_release(&arena);
    }
    return wrong ? x : NULL;
}

/* Readers see whole generations while another thread appends. */
static void test_threads(void **state)
{
    store_fixture_t *x = *state;
    fixture_open(x);
    (void)append(x, PAIRS("a.yaml", "0"), "t");
    pthread_t readers[2];
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&readers[i], NULL, read_on, x), 0);
    }
    char text[16];
    for (unsigned i = 1; i <= 100; i++) {
        (void)snprintf(text, sizeof text, "%u", i);
        (void)append(x, PAIRS("a.yaml", text), text);
    }
    for (size_t i = 0; i < 2; i++) {
        void *wrong;
        assert_int_equal(pthread_join(readers[i], &wrong), 0);
        assert_null(wrong);
    }
    assert_int_equal(newest_of(x), 101);
}

static void test_audit(void **state)
{
    store_fixture_t *x = *state;
    x->options.keep_audit = 3;
    fixture_open(x);
    made_change_t m;
    make_change(&m, PAIRS("a.yaml", "1"), "t");
    store_audit_t line = {.time_ms = 7,
                          .who = SLICE_LIT("jo"),
                          .what = SLICE_LIT("PUT /v1/documents/a.yaml"),
                          .outcome = SLICE_LIT("generation 1")};
    m.change.audit = &line;
    store_appended_t a;
    assert_ok(x, store_history_append(x->h, &m.change, &a, &x->why));
    /* A change that is refused leaves no line. */
    m.change.base = 99;
    assert_int_equal(store_history_append(x->h, &m.change, &a, &x->why), ERR_NOT_NOW);
    buf_clear(&x->why);
    line.outcome = SLICE_LIT("412");
    assert_ok(x, store_history_audit(x->h, &line, &x->why));
    fixture_reopen(x);
    store_audits_t list;
    assert_ok(x, store_history_audits(x->h, 0, 10, &x->arena, &list, &x->why));
    assert_int_equal(list.count, 2);
    assert_int_equal(list.items[0].id, 2);
    assert_string_equal(list.items[0].outcome.ptr, "412");
    assert_int_equal(list.items[1].id, 1);
    assert_int_equal(list.items[1].time_ms, 7);
    assert_string_equal(list.items[1].who.ptr, "jo");
    assert_string_equal(list.items[1].what.ptr, "PUT /v1/documents/a.yaml");
    for (unsigned i = 0; i < 5; i++) {
        assert_ok(x, store_history_audit(x->h, &line, &x->why));
    }
    assert_ok(x, store_history_audits(x->h, 0, 10, &x->arena, &list, &x->why));
    assert_int_equal(list.count, 3);
    assert_int_equal(list.items[0].id, 7);
    assert_ok(x, store_history_audits(x->h, 6, 10, &x->arena, &list, &x->why));
    assert_int_equal(list.count, 1);
    line.who = SLICE_LIT("\xff");
    assert_int_equal(store_history_audit(x->h, &line, &x->why), ERR_RANGE);
}

static void test_intents(void **state)
{
    store_fixture_t *x = *state;
    x->options.keep = 1;
    fixture_open(x);
    made_change_t m;
    make_change(&m, PAIRS("b.yaml", "2"), "t");
    store_intent_t intents[] = {
        {SLICE_LIT("b.yaml"), hash_of(NULL), hash_of("2"), SLICE_LIT(".fpd-edit-1.b.yaml")},
        {SLICE_LIT("a.yaml"), hash_of("1"), hash_of(NULL), SLICE_LIT(".fpd-edit-2.a.yaml")}};
    m.change.intents = intents;
    m.change.intent_count = 2;
    store_appended_t a;
    assert_ok(x, store_history_append(x->h, &m.change, &a, &x->why));
    fixture_reopen(x);
    store_intents_t list;
    assert_ok(x, store_history_intents(x->h, &x->arena, &list, &x->why));
    assert_int_equal(list.count, 2);
    assert_string_equal(list.items[0].file.ptr, "a.yaml");
    assert_true(store_hash_eq(&list.items[0].before, &intents[1].before));
    assert_true(store_hash_eq(&list.items[0].after, &intents[1].after));
    assert_string_equal(list.items[1].temporary.ptr, ".fpd-edit-1.b.yaml");
    assert_true(store_hash_eq(&list.items[1].after, &intents[0].after));

    /* Nothing else happens to these files meanwhile, and the content stays. */
    assert_int_equal(store_history_append(x->h, &m.change, &a, &x->why), ERR_NOT_NOW);
    assert_why(x, "an earlier edit of b.yaml is not finished");
    (void)append(x, PAIRS("c.yaml", "3"), "t");
    slice_t bytes;
    assert_ok(x, store_history_content(x->h, &intents[0].after.digest, &x->arena, &bytes, &x->why));
    assert_ok(x, store_history_intent_move(x->h, SLICE_LIT("b.yaml"), SLICE_LIT("other"), &x->why));
    slice_t settled[] = {SLICE_LIT("a.yaml"), SLICE_LIT("unknown.yaml")};
    assert_ok(x, store_history_intents_settle(x->h, settled, 2, &x->why));
    assert_ok(x, store_history_intents(x->h, &x->arena, &list, &x->why));
    assert_int_equal(list.count, 1);
    assert_string_equal(list.items[0].temporary.ptr, "other");
    settled[0] = SLICE_LIT("b.yaml");
    assert_ok(x, store_history_intents_settle(x->h, settled, 1, &x->why));
    (void)append(x, PAIRS("c.yaml", "4"), "t");
    assert_int_equal(
        store_history_content(x->h, &intents[0].after.digest, &x->arena, &bytes, &x->why),
        ERR_NOT_FOUND);
}

static void test_intents_agree(void **state)
{
    store_fixture_t *x = *state;
    fixture_open(x);
    made_change_t m;
    make_change(&m, PAIRS("b.yaml", "2"), "t");
    static const struct {
        const char *file, *after;
    } cases[] = {{"b.yaml", "3"}, {"b.yaml", NULL}, {"c.yaml", "2"}, {"../b.yaml", "2"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        store_intent_t intent = {slice_str(cases[i].file), hash_of("1"), hash_of(cases[i].after),
                                 SLICE_LIT("t")};
        m.change.intents = &intent;
        m.change.intent_count = 1;
        store_appended_t a;
        assert_int_equal(store_history_append(x->h, &m.change, &a, &x->why), ERR_RANGE);
    }
    assert_int_equal(newest_of(x), 0);
}

/* Neither in this process nor from another one. */
static void test_lock(void **state)
{
    store_fixture_t *x = *state;
    fixture_open(x);
    store_history_t *second = NULL;
    assert_int_equal(store_history_open(x->state, NULL, &second, &x->why), ERR_NOT_NOW);
    assert_null(second);
    char text[64];
    (void)snprintf(text, sizeof text, "is in use by another footprintd (process %ld)",
                   (long)getpid());
    assert_why(x, text);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit(store_history_open(x->state, NULL, &second, &x->why) == ERR_NOT_NOW ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    buf_t moved = BUF_INIT;
    assert_int_equal(store_history_set_aside(x->state, 1, &moved, &x->why), ERR_NOT_NOW);
    buf_release(&moved);
    buf_clear(&x->why);
    fixture_reopen(x);
}

static void test_no_directory(void **state)
{
    store_fixture_t *x = *state;
    put_path(x->state, "a file");
    store_history_t *h = NULL;
    assert_int_equal(store_history_open(x->state, NULL, &h, &x->why), ERR_IO);
    assert_why(x, "cannot be opened: Not a directory");
    assert_int_equal(store_history_open("/nonexistent/state", NULL, &h, &x->why), ERR_IO);
    assert_why(x, "the state directory /nonexistent/state cannot be made: No such file");
    assert_int_equal(unlink(x->state), 0);
    assert_int_equal(mkdir(x->state, 0700), 0);
    assert_int_equal(symlink("/etc/passwd", in_state(x, "history.db")), 0);
    assert_int_equal(store_history_open(x->state, NULL, &h, &x->why), ERR_IO);
    assert_why(x, "symbolic link");
    assert_int_equal(unlink(in_state(x, "history.db")), 0);
    assert_int_equal(mkfifo(in_state(x, "history.db"), 0600), 0);
    assert_int_equal(store_history_open(x->state, NULL, &h, &x->why), ERR_DATA);
    assert_why(x, "is not a regular file");
    assert_null(h);
}

static void spoil_with(store_fixture_t *x, const char *statements)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(in_state(x, STORE_HISTORY_FILE), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, statements, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* Each of them in a good database is told as what it is, and set aside makes room. */
static void test_contradictions(void **state)
{
    static const struct {
        const char *spoil;
        err_t err;
        const char *why;
    } cases[] = {
        {"UPDATE content SET bytes = x'41'", ERR_DATA, "generation 2 has not the content"},
        {"DELETE FROM document WHERE name = 'b.yaml'", ERR_DATA, "generation 2 has not the"},
        {"UPDATE document SET content = 99", ERR_DATA, "rows that are missing"},
        {"UPDATE document SET since = 7 WHERE until IS NULL", ERR_DATA,
         "generations that never were"},
        {"DELETE FROM generation WHERE number > 0", ERR_DATA, "generations that never were"},
        {"DROP TABLE vtag; DROP TABLE audit; DROP TABLE generation", ERR_DATA, "is damaged"},
        {"UPDATE generation SET kind = 9", ERR_DATA, "is damaged"},
        {"INSERT INTO intent VALUES ('a', 2, NULL, zeroblob(32), 't')", ERR_DATA,
         "the content of an edit is missing"},
        {"PRAGMA application_id = 7", ERR_DATA, "is no history of footprintd"},
        {"PRAGMA user_version = 99", ERR_RANGE, "newer footprintd (its schema has the version 99"},
    };
    store_fixture_t *x = *state;
    buf_t moved = BUF_INIT;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fixture_open(x);
        (void)append(x, PAIRS("a.yaml", "1"), "t");
        (void)append(x, PAIRS("a.yaml", "2", "b.yaml", "3"), "t");
        fixture_close(x);
        spoil_with(x, cases[i].spoil);
        assert_int_equal(store_history_open(x->state, NULL, &x->h, &x->why), cases[i].err);
        assert_null(x->h);
        assert_why(x, cases[i].why);
        assert_ok(x, store_history_set_aside(x->state, 100 + i, &moved, &x->why));
        struct stat st;
        buf_append_char(&moved, '\0');
        assert_int_equal(stat(moved.ptr, &st), 0);
        buf_clear(&moved);
    }
    buf_release(&moved);
    fixture_open(x);
    assert_int_equal(newest_of(x), 0);
}

/* An old generation that is damaged is told when it is asked for, and not served. */
static void test_old_damage(void **state)
{
    store_fixture_t *x = *state;
    fixture_open(x);
    (void)append(x, PAIRS("a.yaml", "1"), "t");
    (void)append(x, PAIRS("a.yaml", "2"), "t");
    fixture_close(x);
    spoil_with(x, "UPDATE content SET bytes = x'41' WHERE bytes = x'31'");
    fixture_open(x);
    store_texts_t documents;
    assert_int_equal(store_history_documents(x->h, 1, &x->arena, &documents, &x->why), ERR_DATA);
    assert_why(x, "is damaged: generation 1 has not the content that was stored");
    assert_string_equal(documents_of(x, 2), "a.yaml=2");
}

/* Any byte of the file: an error, or a history whose newest generation is right. */
static void test_flipped_bytes(void **state)
{
    store_fixture_t *x = *state;
    fixture_open(x);
    (void)append(x, PAIRS("a.yaml", "1"), "t");
    (void)append(x, PAIRS("a.yaml", "2", "b.yaml", "3"), "t");
    fixture_close(x);
    int fd = open(in_state(x, STORE_HISTORY_FILE), O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    unsigned refused = 0;
    for (off_t at = 0; at < st.st_size; at += at < 128 ? 1 : 211) {
        unsigned char byte, flipped;
        assert_int_equal(pread(fd, &byte, 1, at), 1);
        flipped = byte ^ 0x55;
        assert_int_equal(pwrite(fd, &flipped, 1, at), 1);
        err_t err = store_history_open(x->state, NULL, &x->h, &x->why);
        if (err) {
            refused++;
            assert_true(x->why.len > 0);
            buf_clear(&x->why);
        } else {
            uint64_t newest = newest_of(x);
            assert_true(newest <= 2);
            if (newest == 2) {
                assert_string_equal(documents_of(x, 2), "a.yaml=2 b.yaml=3");
            }
            fixture_close(x);
        }
        /* What SQLite may have written over it (its own counters) is put right as well. */
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    }
    assert_int_equal(close(fd), 0);
    assert_true(refused > 20);
}

static void test_not_a_database(void **state)
{
    store_fixture_t *x = *state;
    assert_int_equal(mkdir(x->state, 0700), 0);
    put_path(in_state(x, STORE_HISTORY_FILE),
             "this is not a database, and it is quite long: ....."
             "...................................................");
    assert_int_equal(store_history_open(x->state, NULL, &x->h, &x->why), ERR_DATA);
    assert_why(x, "is damaged: file is not a database");
}

/* From version to version: all of the way or nothing of it. */
static void test_upgrade(void **state)
{
    static const char *const first[] = {"CREATE TABLE one (a)"};
    static const char *const second[] = {"CREATE TABLE one (a)", "CREATE TABLE two (b);"
                                                                 "INSERT INTO two VALUES (7)"};
    static const char *const broken[] = {"CREATE TABLE one (a)", "CREATE TABLE three (c)",
                                         "INSERT INTO nowhere VALUES (7)"};
    store_fixture_t *x = *state;
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    assert_ok(x, history_schema_upgrade(db, "x", first, 1, &x->why));
    assert_ok(x, history_schema_upgrade(db, "x", first, 1, &x->why));
    assert_int_equal(history_schema_upgrade(db, "x", broken, 3, &x->why), ERR_DATA);
    buf_clear(&x->why);
    assert_int_equal(sqlite3_exec(db, "SELECT * FROM three", NULL, NULL, NULL), SQLITE_ERROR);
    assert_ok(x, history_schema_upgrade(db, "x", second, 2, &x->why));
    assert_int_equal(sqlite3_exec(db, "SELECT b FROM two", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(history_schema_upgrade(db, "x", first, 1, &x->why), ERR_RANGE);
    assert_why(x, "its schema has the version 2, this program knows 1");
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, store_setup, store_teardown)
        TEST(test_empty),        TEST(test_modes),         TEST(test_append_and_read),
        TEST(test_no_documents), TEST(test_same),          TEST(test_rollback),
        TEST(test_base),         TEST(test_numbers),       TEST(test_bad_arguments),
        TEST(test_list),         TEST(test_retention),     TEST(test_file_shrinks),
        TEST(test_log),          TEST(test_in_proportion), TEST(test_threads),
        TEST(test_audit),        TEST(test_intents),       TEST(test_intents_agree),
        TEST(test_lock),         TEST(test_no_directory),  TEST(test_contradictions),
        TEST(test_old_damage),   TEST(test_flipped_bytes), TEST(test_not_a_database),
        TEST(test_upgrade),
    };
    return cmocka_run_group_tests_name("store history", tests, NULL, NULL);
}
