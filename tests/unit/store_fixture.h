/*
 * A directory of documents and a state directory that die with the test, and a history in it.
 * Everything that goes wrong fails the test and says why.
 */
#ifndef FPD_TESTS_STORE_FIXTURE_H
#define FPD_TESTS_STORE_FIXTURE_H

#include "fpd_cmocka.h"

#include "footprintd/store/edit.h"
#include "footprintd/store/history.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct store_fixture {
    char dir[48];
    char state[64];
    char documents[64];
    store_history_options_t options;
    store_history_t *h;
    arena_t arena;
    buf_t why; /* ends in a NUL after why_text */
} store_fixture_t;

#define assert_ok(x, call)                                                                         \
    do {                                                                                           \
        err_t assert_ok_err = (call);                                                              \
        if (assert_ok_err) {                                                                       \
            fail_msg("%s: %s: %s", #call, err_text(assert_ok_err), why_text(x));                   \
        }                                                                                          \
    } while (0)

/* The whole of *why, which is empty afterwards. */
static inline const char *why_text(store_fixture_t *x)
{
    static char text[1024];
    (void)snprintf(text, sizeof text, "%.*s", SLICE_ARG(buf_slice(&x->why)));
    buf_clear(&x->why);
    return text;
}

#define assert_why(x, part)                                                                        \
    do {                                                                                           \
        const char *assert_why_text = why_text(x);                                                 \
        if (!strstr(assert_why_text, part)) {                                                      \
            fail_msg("'%s' is not in '%s'", part, assert_why_text);                                \
        }                                                                                          \
    } while (0)

static inline void fixture_open(store_fixture_t *x)
{
    assert_null(x->h);
    assert_ok(x, store_history_open(x->state, &x->options, &x->h, &x->why));
}

static inline void fixture_close(store_fixture_t *x)
{
    store_history_close(x->h);
    x->h = NULL;
}

static inline void fixture_reopen(store_fixture_t *x)
{
    fixture_close(x);
    fixture_open(x);
}

static inline int store_setup(void **state)
{
    store_fixture_t *x = calloc(1, sizeof *x);
    assert_non_null(x);
    /* Thousands of commits: in memory where that is possible, as fsync is what they cost. */
    (void)snprintf(x->dir, sizeof x->dir, "%s/footprintd-store-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(x->dir));
    (void)snprintf(x->state, sizeof x->state, "%s/state", x->dir);
    (void)snprintf(x->documents, sizeof x->documents, "%s/documents", x->dir);
    assert_int_equal(mkdir(x->documents, 0755), 0);
    arena_init(&x->arena, 0);
    *state = x;
    return 0;
}

static inline int store_remove_one(const char *path, const struct stat *st, int flag,
                                   struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

static inline int store_teardown(void **state)
{
    store_fixture_t *x = *state;
    fixture_close(x);
    store_edit_hook = NULL;
    arena_release(&x->arena);
    buf_release(&x->why);
    assert_int_equal(nftw(x->dir, store_remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
    free(x);
    return 0;
}

static inline const char *in_documents(const store_fixture_t *x, const char *name)
{
    static char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", x->documents, name);
    return path;
}

static inline const char *in_state(const store_fixture_t *x, const char *name)
{
    static char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", x->state, name);
    return path;
}

static inline void put_path(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static inline void put(const store_fixture_t *x, const char *name, const char *text)
{
    put_path(in_documents(x, name), text);
}

/* text of NULL: there is no such file. */
static inline bool file_is(const store_fixture_t *x, const char *name, const char *text)
{
    FILE *file = fopen(in_documents(x, name), "re");
    if (!file) {
        return !text && errno == ENOENT;
    }
    char got[512];
    size_t n = fread(got, 1, sizeof got, file);
    (void)fclose(file);
    return text && n == strlen(text) && memcmp(got, text, n) == 0;
}

static inline store_hash_t hash_of(const char *text)
{
    store_hash_t hash = {.present = text != NULL};
    if (text) {
        hasher_t hasher;
        assert_int_equal(hasher_init(&hasher), ERR_OK);
        hasher_begin(&hasher);
        hasher_update(&hasher, text, strlen(text));
        assert_int_equal(hasher_finish(&hasher, &hash.digest), ERR_OK);
        hasher_release(&hasher);
    }
    return hash;
}

/* A change of up to 8 documents, given as name, text, ..., NULL. */
typedef struct made_change {
    store_change_t change;
    store_text_t documents[8];
    store_vtag_t vtags[2];
} made_change_t;

static inline void make_change(made_change_t *m, const char *const *pairs, const char *tag)
{
    *m = (made_change_t){0};
    size_t n = 0;
    for (; pairs[2 * n]; n++) {
        assert_true(n < 8);
        m->documents[n].name = slice_str(pairs[2 * n]);
        m->documents[n].bytes = slice_str(pairs[2 * n + 1]);
    }
    m->vtags[0] = (store_vtag_t){SLICE_LIT("cdni"), slice_str(tag)};
    m->vtags[1] = (store_vtag_t){SLICE_LIT("a-map"), slice_str(tag)};
    m->change = (store_change_t){
        .time_ms = 1790000000123,
        .kind = STORE_KIND_EDIT,
        .author = SLICE_LIT("jo"),
        .message = SLICE_LIT("why \xc3\xa4"),
        .documents = m->documents,
        .document_count = n,
        .vtags = m->vtags,
        .vtag_count = 2,
    };
}

#define PAIRS(...) ((const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

/* Commits an edit, and settles its files. */
static inline err_t commit_edit(store_fixture_t *x, store_edit_t *e, const store_change_t *change,
                                store_appended_t *appended, store_settlements_t *settled)
{
    err_t err = store_edit_commit(e, x->h, change, &x->arena, appended, settled, &x->why);
    if (!err) {
        store_edit_settle(e, x->h, &x->arena, settled);
    }
    return err;
}

static inline store_appended_t append(store_fixture_t *x, const char *const *pairs, const char *tag)
{
    made_change_t m;
    make_change(&m, pairs, tag);
    store_appended_t appended = {.number = 0};
    assert_ok(x, store_history_append(x->h, &m.change, &appended, &x->why));
    return appended;
}

/* "a.yaml=1 b.yaml=2": the documents of a generation; or the error's text. */
static inline const char *documents_of(store_fixture_t *x, uint64_t number)
{
    static char text[1024];
    store_texts_t documents;
    arena_t arena;
    arena_init(&arena, 0);
    err_t err = store_history_documents(x->h, number, &arena, &documents, &x->why);
    size_t n = (size_t)snprintf(text, sizeof text, "%s", err ? err_text(err) : "");
    for (size_t i = 0; i < documents.count && !err; i++) {
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%.*s=%.*s", i ? " " : "",
                              SLICE_ARG(documents.items[i].name),
                              SLICE_ARG(documents.items[i].bytes));
    }
    arena_release(&arena);
    buf_clear(&x->why);
    return text;
}

static inline const char *vtags_of(store_fixture_t *x, uint64_t number)
{
    static char text[1024];
    store_vtags_t vtags;
    arena_t arena;
    arena_init(&arena, 0);
    err_t err = store_history_vtags(x->h, number, &arena, &vtags, &x->why);
    size_t n = (size_t)snprintf(text, sizeof text, "%s", err ? err_text(err) : "");
    for (size_t i = 0; i < vtags.count && !err; i++) {
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%.*s=%.*s", i ? " " : "",
                              SLICE_ARG(vtags.items[i].resource), SLICE_ARG(vtags.items[i].tag));
    }
    arena_release(&arena);
    buf_clear(&x->why);
    return text;
}

static inline uint64_t newest_of(store_fixture_t *x)
{
    store_generation_t g = {0};
    err_t err = store_history_newest(x->h, &x->arena, &g, &x->why);
    assert_true(err == ERR_OK || err == ERR_NOT_FOUND);
    buf_clear(&x->why);
    return err ? 0 : g.number;
}

#endif
