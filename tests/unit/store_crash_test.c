/*
 * kill -9 at random moments of a process that does nothing but edit: what it acknowledged is there,
 * nothing is half there, and files and history agree once the edit is recovered.
 *
 * Generation n follows from n alone, so that whoever comes after a crash knows what must be there.
 * FPD_TEST_ROUNDS sets how many processes are killed.
 */
#include "store_fixture.h"

#include "prng.h"

#include <signal.h>
#include <sys/wait.h>

#define FILES    5
#define TEXT_MAX 8192

static const char *const names[FILES] = {"a.yaml", "b.yaml", "c.yml", "d.json", "e.yaml"};

/* For each file the generation that its content is of; 0: there is none. */
typedef struct model {
    uint64_t of[FILES];
} model_t;

static size_t file_of(uint64_t n)
{
    prng_t p = {n};
    return prng_below(&p, FILES);
}

static void model_next(model_t *m, uint64_t n)
{
    prng_t p = {n * 31};
    size_t file = file_of(n);
    m->of[file] = m->of[file] && prng_below(&p, 4) == 0 ? 0 : n;
}

static model_t model_at(uint64_t n)
{
    model_t m = {{0}};
    for (uint64_t i = 1; i <= n; i++) {
        model_next(&m, i);
    }
    return m;
}

/* The content that generation n gives to its file. */
static slice_t text_of(uint64_t n, char out[TEXT_MAX])
{
    prng_t p = {n * 7};
    size_t len = (size_t)snprintf(out, TEXT_MAX, "generation %llu\n", (unsigned long long)n);
    size_t more = prng_below(&p, TEXT_MAX - len);
    memset(out + len, (int)('a' + n % 26), more);
    return slice_of(out, len + more);
}

static store_hash_t hash_at(uint64_t n)
{
    char text[TEXT_MAX + 1];
    if (!n) {
        return hash_of(NULL);
    }
    slice_t s = text_of(n, text);
    text[s.len] = '\0';
    return hash_of(text);
}

/* Appends generation n with its file; false: it did not work. */
static bool edit(store_fixture_t *x, uint64_t n)
{
    static char texts[FILES][TEXT_MAX];
    model_t m = model_at(n - 1);
    size_t file = file_of(n);
    store_edit_change_t change = {.name = slice_str(names[file]), .before = hash_at(m.of[file])};
    model_next(&m, n);
    store_text_t documents[FILES];
    size_t count = 0;
    for (size_t i = 0; i < FILES; i++) {
        if (m.of[i]) {
            documents[count++] = (store_text_t){.name = slice_str(names[i]),
                                                .bytes = text_of(m.of[i], texts[i])};
        }
        if (i == file) {
            change.remove = !m.of[i];
            change.bytes = change.remove ? (slice_t){NULL, 0} : documents[count - 1].bytes;
        }
    }
    char tag[32];
    (void)snprintf(tag, sizeof tag, "t%llu", (unsigned long long)n);
    store_vtag_t vtag = {SLICE_LIT("cdni"), slice_str(tag)};
    store_audit_t audit = {.time_ms = n, .who = SLICE_LIT("w"), .what = slice_str(tag)};
    store_change_t change_all = {.time_ms = n,
                                 .base = n - 1,
                                 .kind = STORE_KIND_EDIT,
                                 .documents = documents,
                                 .document_count = count,
                                 .vtags = &vtag,
                                 .vtag_count = 1,
                                 .audit = &audit};
    store_edit_t *e = NULL;
    if (store_edit_prepare(x->documents, &change, 1, &e, &x->why)) {
        return false;
    }
    store_appended_t appended;
    store_settlements_t settled;
    err_t err = commit_edit(x, e, &change_all, &appended, &settled);
    store_edit_free(e);
    return !err && appended.number == n && settled.count == 1 && !settled.kept && !settled.pending;
}

static void recover(store_fixture_t *x)
{
    store_settlements_t settled;
    assert_ok(x, store_edit_recover(x->h, x->documents, &x->arena, &settled, &x->why));
    assert_int_equal(settled.kept + settled.pending, 0);
    assert_true(settled.count <= 1);
}

/* Never returns: opens, recovers, edits and acknowledges until it is killed. */
static void work(store_fixture_t *x, int acknowledge)
{
    (void)setenv("CMOCKA_TEST_ABORT", "1", 1);
    fixture_open(x);
    recover(x);
    for (uint64_t n = newest_of(x) + 1;; n++) {
        if (!edit(x, n)) {
            (void)fprintf(stderr, "generation %llu: %s\n", (unsigned long long)n, why_text(x));
            _exit(3);
        }
        arena_release(&x->arena);
        if (write(acknowledge, &n, sizeof n) != (ssize_t)sizeof n) {
            _exit(4);
        }
    }
}

/* Reads one more acknowledgement; false: there are no more. */
static bool acknowledged(int fd, uint64_t *n)
{
    uint64_t got;
    ssize_t len;
    do {
        len = read(fd, &got, sizeof got);
    } while (len < 0 && errno == EINTR);
    assert_true(len == 0 || len == (ssize_t)sizeof got);
    *n = len ? got : *n;
    return len != 0;
}

static uint64_t kill_one(store_fixture_t *x, prng_t *random, uint64_t last)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)close(ends[0]);
        work(x, ends[1]);
    }
    (void)close(ends[1]);
    /* After some edits, and somewhere in the next. */
    for (uint64_t k = prng_below(random, 12); k; k--) {
        assert_true(acknowledged(ends[0], &last));
    }
    volatile unsigned spin = (unsigned)prng_below(random, 3000000);
    while (spin) {
        spin--;
    }
    assert_int_equal(kill(child, SIGKILL), 0);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    while (acknowledged(ends[0], &last)) {
    }
    (void)close(ends[0]);
    return last;
}

static void assert_documents(store_fixture_t *x, uint64_t n)
{
    static char text[TEXT_MAX];
    store_texts_t documents;
    assert_ok(x, store_history_documents(x->h, n, &x->arena, &documents, &x->why));
    model_t m = model_at(n);
    size_t k = 0;
    for (size_t i = 0; i < FILES; i++) {
        if (m.of[i]) {
            assert_true(k < documents.count && slice_is(documents.items[k].name, names[i]));
            assert_true(slice_eq(documents.items[k++].bytes, text_of(m.of[i], text)));
        }
    }
    assert_int_equal(k, documents.count);
    char tag[32];
    (void)snprintf(tag, sizeof tag, "cdni=t%llu", (unsigned long long)n);
    assert_string_equal(vtags_of(x, n), tag);
}

static void assert_files(store_fixture_t *x, uint64_t n)
{
    model_t m = model_at(n);
    for (size_t i = 0; i < FILES; i++) {
        store_hash_t wanted = hash_at(m.of[i]), found;
        assert_ok(x, store_edit_look(x->documents, slice_str(names[i]), &found, &x->why));
        assert_true(store_hash_eq(&wanted, &found));
    }
}

static void test_killed(void **state)
{
    store_fixture_t *x = *state;
    const char *text = getenv("FPD_TEST_ROUNDS");
    unsigned rounds = text ? (unsigned)strtoul(text, NULL, 10) : 60;
    prng_t random = prng_start();
    uint64_t last = 0;
    unsigned ahead = 0;
    for (unsigned i = 0; i < rounds; i++) {
        last = kill_one(x, &random, last);
        fixture_open(x);
        uint64_t newest = newest_of(x);
        /* At most one was durable and could not say so any more. */
        assert_true(newest == last || newest == last + 1);
        ahead += newest != last;
        recover(x);
        assert_files(x, newest);
        for (uint64_t n = newest; n && n + 20 > newest; n--) {
            assert_documents(x, n);
        }
        if (newest) {
            assert_documents(x, 1 + prng_below(&random, newest));
        }
        store_audits_t audits;
        assert_ok(x, store_history_audits(x->h, 0, 1, &x->arena, &audits, &x->why));
        assert_int_equal(audits.count ? audits.items[0].id : 0, newest);
        fixture_close(x);
        arena_release(&x->arena);
        last = newest;
    }
    fixture_open(x);
    for (uint64_t n = 1; n <= last; n++) {
        assert_documents(x, n);
        arena_release(&x->arena);
    }
    printf("%u killed, %llu generations, %u of them durable without an acknowledgement\n", rounds,
           (unsigned long long)last, ahead);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_killed, store_setup, store_teardown),
    };
    return cmocka_run_group_tests_name("store crash", tests, NULL, NULL);
}
