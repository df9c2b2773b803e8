/*
 * Edits of files: what they do and refuse, and then, at every step of an edit and of a recovery, a
 * crash, a person who edits the same file, and both at once.
 */
#include "store_fixture.h"

#include "store/edit_settle.h"

#include <dirent.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* What every test begins with: generation 1 is what lies in the directory. */
static void begin(store_fixture_t *x)
{
    put(x, "a.yaml", "a1");
    put(x, "b.yaml", "b1");
    put(x, "d.yaml", "d1");
    if (!x->h) {
        fixture_open(x);
    }
    (void)append(x, PAIRS("a.yaml", "a1", "b.yaml", "b1", "d.yaml", "d1"), "t1");
}

/* a.yaml is replaced, b.yaml removed, c.yaml made; d.yaml stays. */
static const char *const after_pairs[] = {"a.yaml", "a2", "c.yaml", "c2", "d.yaml", "d1", NULL};

static void three_changes(store_edit_change_t changes[3])
{
    changes[0] = (store_edit_change_t){
        .name = SLICE_LIT("a.yaml"), .before = hash_of("a1"), .bytes = SLICE_LIT("a2")};
    changes[1] = (store_edit_change_t){
        .name = SLICE_LIT("b.yaml"), .before = hash_of("b1"), .remove = true};
    changes[2] = (store_edit_change_t){
        .name = SLICE_LIT("c.yaml"), .before = hash_of(NULL), .bytes = SLICE_LIT("c2")};
}

static err_t edit_three(store_fixture_t *x, store_settlements_t *settled)
{
    store_edit_change_t changes[3];
    three_changes(changes);
    store_edit_t *e = NULL;
    err_t err = store_edit_prepare(x->documents, changes, 3, &e, &x->why);
    if (err) {
        assert_null(e);
        return err;
    }
    made_change_t m;
    make_change(&m, after_pairs, "t2");
    store_appended_t appended;
    err = commit_edit(x, e, &m.change, &appended, settled);
    store_edit_free(e);
    return err;
}

static size_t count_of(const store_fixture_t *x, const char *prefix)
{
    DIR *dir = opendir(x->documents);
    assert_non_null(dir);
    size_t n = 0;
    for (const struct dirent *d = readdir(dir); d; d = readdir(dir)) {
        n += strncmp(d->d_name, prefix, strlen(prefix)) == 0;
    }
    assert_int_equal(closedir(dir), 0);
    return n;
}

static void assert_no_temporaries(const store_fixture_t *x)
{
    assert_int_equal(count_of(x, ".fpd-edit-"), 0);
}

static void assert_no_intents(store_fixture_t *x)
{
    store_intents_t intents;
    assert_ok(x, store_history_intents(x->h, &x->arena, &intents, &x->why));
    assert_int_equal(intents.count, 0);
}

static void test_names(void **state)
{
    static const struct {
        const char *name, *why;
    } cases[] = {{"a.yaml", NULL},
                 {"a.yml", NULL},
                 {"\xc3\xa4 b.json", NULL},
                 {"", "is empty"},
                 {"a", "does not end in .yaml, .yml or .json"},
                 {"a.yaml~", "does not end in .yaml, .yml or .json"},
                 {"yaml", "does not end in .yaml, .yml or .json"},
                 {".yaml", "begins with a dot"},
                 {".a.yaml", "begins with a dot"},
                 {"..", "begins with a dot"},
                 {"../a.yaml", "holds a '/'"},
                 {"a/b.yaml", "holds a '/'"},
                 {"a/b.csv", NULL}, /* data files */
                 {"a b/c.json", NULL},
                 {"a/b/c.csv", "holds a '/'"},
                 {"../b.csv", "holds a '/'"},
                 {"a/.b.csv", "holds a '/'"},
                 {"a\nb.yaml", "holds control characters or is not UTF-8"},
                 {"\xff.yaml", "holds control characters or is not UTF-8"}};
    store_fixture_t *x = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(store_edit_name_check(slice_str(cases[i].name), &x->why), !cases[i].why);
        assert_string_equal(why_text(x), cases[i].why ? cases[i].why : "");
    }
    char name[STORE_EDIT_NAME_MAX + 2];
    memset(name, 'x', sizeof name);
    memcpy(name + STORE_EDIT_NAME_MAX - 5, ".yaml", 5);
    assert_true(store_edit_name_check(slice_of(name, STORE_EDIT_NAME_MAX), &x->why));
    memcpy(name + STORE_EDIT_NAME_MAX - 4, ".yaml", 5);
    assert_false(store_edit_name_check(slice_of(name, STORE_EDIT_NAME_MAX + 1), &x->why));
    assert_why(x, "is longer than 200 bytes");
    assert_false(store_edit_name_check(slice_of("a\0.yaml", 7), &x->why));
}

static void test_edit(void **state)
{
    store_fixture_t *x = *state;
    begin(x);
    assert_int_equal(chmod(in_documents(x, "a.yaml"), 0640), 0);
    if (geteuid() == 0) {
        assert_int_equal(chown(in_documents(x, "a.yaml"), 12345, 54321), 0);
    }
    mode_t old = umask(027);
    store_settlements_t settled;
    assert_ok(x, edit_three(x, &settled));
    (void)umask(old);
    assert_int_equal(settled.count, 3);
    assert_int_equal(settled.kept + settled.pending, 0);
    assert_string_equal(settled.items[1].file.ptr, "b.yaml");
    assert_int_equal(settled.items[1].settled, STORE_SETTLED_DONE);
    assert_int_equal(settled.items[1].why.len, 0);
    assert_true(file_is(x, "a.yaml", "a2"));
    assert_true(file_is(x, "b.yaml", NULL));
    assert_true(file_is(x, "c.yaml", "c2"));
    assert_true(file_is(x, "d.yaml", "d1"));
    struct stat st;
    assert_int_equal(stat(in_documents(x, "a.yaml"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    if (geteuid() == 0) {
        assert_int_equal(st.st_uid, 12345);
        assert_int_equal(st.st_gid, 54321);
    }
    assert_int_equal(stat(in_documents(x, "c.yaml"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640); /* 0644 less 027 */
    assert_no_temporaries(x);
    assert_no_intents(x);
    assert_string_equal(documents_of(x, 2), "a.yaml=a2 c.yaml=c2 d.yaml=d1");
}

/* A data file: its directory is made, its temporary lies with the others, and links are refused. */
static void test_data_files(void **state)
{
    store_fixture_t *x = *state;
    begin(x);
    static const char *const one[] = {"a.yaml", "a1",         "b.yaml", "b1", "d.yaml",
                                      "d1",     "data/c.csv", "c1",     NULL};
    static const char *const two[] = {"a.yaml", "a1",         "b.yaml", "b1", "d.yaml",
                                      "d1",     "data/c.csv", "c2",     NULL};
    const store_edit_change_t changes[] = {
        {.name = SLICE_LIT("data/c.csv"), .before = hash_of(NULL), .bytes = SLICE_LIT("c1")},
        {.name = SLICE_LIT("data/c.csv"), .before = hash_of("c1"), .bytes = SLICE_LIT("c2")}};
    for (size_t i = 0; i < 2; i++) {
        store_edit_t *e = NULL;
        store_settlements_t settled;
        store_appended_t appended;
        made_change_t m;
        assert_ok(x, store_edit_prepare(x->documents, &changes[i], 1, &e, &x->why));
        assert_int_equal(count_of(x, ".fpd-edit-"), 1);
        make_change(&m, i ? two : one, "t");
        assert_ok(x, commit_edit(x, e, &m.change, &appended, &settled));
        store_edit_free(e);
        assert_int_equal(settled.kept + settled.pending, 0);
        store_hash_t now, want = hash_of(i ? "c2" : "c1");
        assert_ok(x, store_edit_look(x->documents, SLICE_LIT("data/c.csv"), &now, &x->why));
        assert_true(store_hash_eq(&now, &want));
        assert_no_temporaries(x);
        assert_no_intents(x);
    }
    char from[512], to[512];
    (void)snprintf(from, sizeof from, "%s/data", x->documents);
    (void)snprintf(to, sizeof to, "%s/real", x->documents);
    assert_int_equal(rename(from, to), 0);
    assert_int_equal(symlink("real", from), 0);
    store_edit_t *e = NULL;
    const store_edit_change_t change = {
        .name = SLICE_LIT("data/c.csv"), .before = hash_of("c2"), .bytes = SLICE_LIT("c3")};
    assert_int_equal(store_edit_prepare(x->documents, &change, 1, &e, &x->why), ERR_RANGE);
    assert_non_null(strstr(why_text(x), "is managed elsewhere"));
    assert_no_temporaries(x);
}

/* What is given up leaves no directories behind; one that was there stays. */
static void test_directories_given_up(void **state)
{
    store_fixture_t *x = *state;
    begin(x);
    struct stat st;
    char there[512];
    (void)snprintf(there, sizeof there, "%s/there", x->documents);
    assert_int_equal(mkdir(there, 0755), 0);
    store_edit_change_t changes[] = {
        {.name = SLICE_LIT("data/c.csv"), .before = hash_of(NULL), .bytes = SLICE_LIT("c1")},
        {.name = SLICE_LIT("data/d.csv"), .before = hash_of(NULL), .bytes = SLICE_LIT("d1")},
        {.name = SLICE_LIT("there/e.csv"), .before = hash_of(NULL), .bytes = SLICE_LIT("e1")},
        {.name = SLICE_LIT("other/f.csv"), .before = hash_of(NULL), .bytes = SLICE_LIT("f1")},
        {.name = SLICE_LIT("a.yaml"),
         .before = hash_of("somebody else's"),
         .bytes = SLICE_LIT("a2")}};
    for (size_t count = 4; count <= 5; count++) {
        store_edit_t *e = NULL;
        err_t err = store_edit_prepare(x->documents, changes, count, &e, &x->why);
        assert_int_equal(err, count == 5 ? ERR_NOT_NOW : ERR_OK);
        store_edit_free(e);
        assert_int_not_equal(stat(in_documents(x, "data"), &st), 0);
        assert_int_not_equal(stat(in_documents(x, "other"), &st), 0);
        assert_int_equal(stat(there, &st), 0);
        assert_no_temporaries(x);
    }
}

/* Contents that are there already make neither files nor intents. */
static void test_nothing_to_do(void **state)
{
    store_fixture_t *x = *state;
    begin(x);
    struct stat before, after;
    assert_int_equal(stat(in_documents(x, "a.yaml"), &before), 0);
    store_edit_change_t changes[] = {
        {.name = SLICE_LIT("a.yaml"), .before = hash_of("a1"), .bytes = SLICE_LIT("a1")},
        {.name = SLICE_LIT("z.yaml"), .before = hash_of(NULL), .remove = true}};
    store_edit_t *e = NULL;
    assert_ok(x, store_edit_prepare(x->documents, changes, 2, &e, &x->why));
    made_change_t m;
    make_change(&m, PAIRS("a.yaml", "a1", "b.yaml", "b1", "d.yaml", "d1"), "t1");
    store_appended_t appended;
    store_settlements_t settled;
    assert_ok(x, commit_edit(x, e, &m.change, &appended, &settled));
    store_edit_free(e);
    assert_int_equal(appended.outcome, STORE_SAME);
    assert_int_equal(settled.count, 0);
    assert_int_equal(stat(in_documents(x, "a.yaml"), &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    store_edit_free(NULL);
}

/* The files were broken, the generation served is what is put: the files follow all the same. */
static void test_same_as_served(void **state)
{
    store_fixture_t *x = *state;
    begin(x);
    put(x, "a.yaml", "broken");
    store_edit_change_t change = {
        .name = SLICE_LIT("a.yaml"), .before = hash_of("broken"), .bytes = SLICE_LIT("a1")};
    store_edit_t *e = NULL;
    assert_ok(x, store_edit_prepare(x->documents, &change, 1, &e, &x->why));
    made_change_t m;
    make_change(&m, PAIRS("a.yaml", "a1", "b.yaml", "b1", "d.yaml", "d1"), "t1");
    store_appended_t appended;
    store_settlements_t settled;
    assert_ok(x, commit_edit(x, e, &m.change, &appended, &settled));
    store_edit_free(e);
    assert_int_equal(appended.outcome, STORE_SAME);
    assert_int_equal(settled.count, 1);
    assert_true(file_is(x, "a.yaml", "a1"));
}

static void assert_refused(store_fixture_t *x, const store_edit_change_t *changes, size_t count,
                           err_t expected, const char *why)
{
    store_edit_t *e = NULL;
    assert_int_equal(store_edit_prepare(x->documents, changes, count, &e, &x->why), expected);
    assert_null(e);
    assert_why(x, why);
    assert_no_temporaries(x);
}

static void test_refused(void **state)
{
    store_fixture_t *x = *state;
    begin(x);
    store_edit_change_t changes[4];
    three_changes(changes);
    changes[3] = (store_edit_change_t){
        .name = SLICE_LIT("d.yaml"), .before = hash_of("d0"), .bytes = SLICE_LIT("d2")};
    assert_refused(x, changes, 4, ERR_NOT_NOW, "the file d.yaml was changed by somebody else");
    changes[3].before = hash_of(NULL);
    assert_refused(x, changes, 4, ERR_NOT_NOW, "the file d.yaml was changed by somebody else");
    changes[3] = changes[0];
    assert_refused(x, changes, 4, ERR_RANGE, "the file a.yaml is there twice");
    changes[3].name = SLICE_LIT("../x.yaml");
    assert_refused(x, changes, 4, ERR_RANGE, "the file ../x.yaml holds a '/'");
    changes[3].name = SLICE_LIT("new.yaml");
    assert_refused(x, changes, 4, ERR_NOT_NOW, "the file new.yaml was changed by somebody else");
    assert_int_equal(mkdir(in_documents(x, "new.yaml"), 0755), 0);
    assert_refused(x, changes, 4, ERR_RANGE, "the file new.yaml is not a regular file");
    store_edit_t *e = NULL;
    assert_int_equal(store_edit_prepare("/nonexistent", changes, 1, &e, &x->why), ERR_IO);
    assert_why(x, "the directory /nonexistent cannot be opened: No such file or directory");
    /* A generation that is refused leaves the files as they were. */
    assert_ok(x, store_edit_prepare(x->documents, changes, 3, &e, &x->why));
    made_change_t m;
    make_change(&m, after_pairs, "t2");
    m.change.base = 7;
    store_appended_t appended;
    store_settlements_t settled;
    assert_int_equal(commit_edit(x, e, &m.change, &appended, &settled), ERR_NOT_NOW);
    assert_int_equal(count_of(x, ".fpd-edit-"), 2);
    store_edit_free(e);
    assert_no_temporaries(x);
    assert_true(file_is(x, "a.yaml", "a1"));
    assert_true(file_is(x, "b.yaml", "b1"));
    assert_true(file_is(x, "c.yaml", NULL));
}

static void test_look(void **state)
{
    store_fixture_t *x = *state;
    put(x, "a.yaml", "a1");
    store_hash_t seen, wanted = hash_of("a1");
    assert_ok(x, store_edit_look(x->documents, SLICE_LIT("a.yaml"), &seen, &x->why));
    assert_true(store_hash_eq(&seen, &wanted));
    assert_ok(x, store_edit_look(x->documents, SLICE_LIT("b.yaml"), &seen, &x->why));
    assert_false(seen.present);
    assert_int_equal(store_edit_look(x->documents, SLICE_LIT("../x.yaml"), &seen, &x->why),
                     ERR_RANGE);
    assert_why(x, "the file ../x.yaml holds a '/'");
    assert_int_equal(store_edit_look("/nonexistent", SLICE_LIT("a.yaml"), &seen, &x->why), ERR_IO);
    assert_why(x, "the directory /nonexistent cannot be opened");
}

static void test_symbolic_links(void **state)
{
    store_fixture_t *x = *state;
    begin(x);
    char outside[128];
    (void)snprintf(outside, sizeof outside, "%s/outside", x->dir);
    put_path(outside, "a1");
    assert_int_equal(unlink(in_documents(x, "a.yaml")), 0);
    assert_int_equal(symlink("../outside", in_documents(x, "a.yaml")), 0);
    store_edit_change_t changes[3];
    three_changes(changes);
    assert_refused(x, changes, 3, ERR_RANGE,
                   "the file a.yaml is a symbolic link to ../outside: it is managed elsewhere, "
                   "change it where it comes from");
    changes[0].remove = true;
    assert_refused(x, changes, 3, ERR_RANGE, "is a symbolic link");
    changes[0].before = hash_of(NULL);
    assert_refused(x, changes, 3, ERR_RANGE, "is a symbolic link");
    assert_true(file_is(x, "../outside", "a1"));
}

/* Before anything is committed, also of an edit that only removes. */
static void test_read_only_directory(void **state)
{
    store_fixture_t *x = *state;
    begin(x);
    bool root = geteuid() == 0;
    store_edit_change_t changes[3];
    three_changes(changes);
    assert_int_equal(chmod(x->dir, 0755), 0);
    assert_int_equal(chmod(x->documents, 0555), 0);
    assert_true(!root || seteuid(12345) == 0);
    assert_refused(x, changes, 3, ERR_RANGE, "cannot be written: Permission denied");
    assert_refused(x, changes + 1, 1, ERR_RANGE, "cannot be written: Permission denied");
    assert_true(!root || seteuid(0) == 0);
    assert_int_equal(chmod(x->documents, 0755), 0);
    assert_true(file_is(x, "b.yaml", "b1"));
}

/* A limit of the process in the place of a full disk: the same failure of the same call. */
static void test_disk_full(void **state)
{
    store_fixture_t *x = *state;
    begin(x);
    static char big[200000];
    memset(big, 'x', sizeof big);
    store_edit_change_t changes[3];
    three_changes(changes);
    changes[2].bytes = slice_of(big, sizeof big);
    struct rlimit old, low = {100000, RLIM_INFINITY};
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    low.rlim_max = old.rlim_max;
    void (*before)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
    assert_refused(x, changes, 3, ERR_IO, "the file c.yaml cannot be written: File too large");
    /* The history, likewise: nothing is changed, and it goes on. */
    made_change_t m;
    make_change(&m, PAIRS("a.yaml", "a2"), "t");
    m.documents[0].bytes = slice_of(big, sizeof big);
    store_appended_t appended;
    assert_int_equal(store_history_append(x->h, &m.change, &appended, &x->why), ERR_IO);
    assert_why(x, "history.db cannot be ");
    assert_int_equal(newest_of(x), 1);
    assert_string_equal(documents_of(x, 1), "a.yaml=a1 b.yaml=b1 d.yaml=d1");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    (void)signal(SIGXFSZ, before);
    assert_true(file_is(x, "a.yaml", "a1"));
    store_settlements_t settled;
    assert_ok(x, edit_three(x, &settled));
    fixture_reopen(x);
    assert_int_equal(newest_of(x), 2);
}

/* ---- at every step: a crash, a person, or both ---- */

#define STEPS 11 /* of the edit of three files when nobody interferes */

typedef enum person {
    NOBODY,
    SAVES,    /* an editor that renames */
    SAVES_IN, /* one that writes into the file */
    REMOVES,
    LINKS, /* puts a symbolic link there */
    PERSONS
} person_t;

static struct {
    store_fixture_t *x;
    unsigned steps; /* so far */
    unsigned at;    /* the step that counts, from 1; 0: none */
    unsigned crash; /* at that step (1) or so many less one later; 0: never */
    person_t person;
    const char *file;
} plan;

static void act(void)
{
    char from[512];
    (void)snprintf(from, sizeof from, "%s", in_documents(plan.x, ".saved~"));
    switch (plan.person) {
    case SAVES:
        put_path(from, "person");
        assert_int_equal(rename(from, in_documents(plan.x, plan.file)), 0);
        break;
    case SAVES_IN:
        put(plan.x, plan.file, "person");
        break;
    case REMOVES:
        (void)unlink(in_documents(plan.x, plan.file));
        break;
    case LINKS:
        (void)unlink(in_documents(plan.x, plan.file));
        assert_int_equal(symlink("/nonexistent", in_documents(plan.x, plan.file)), 0);
        break;
    case NOBODY:
    case PERSONS:
        break;
    }
}

static void on_step(const char *step, slice_t file)
{
    (void)step;
    (void)file;
    if (++plan.steps == plan.at) {
        act();
    }
    if (plan.crash && plan.steps == plan.at + plan.crash - 1) {
        _exit(0);
    }
}

static void edit_by_plan(store_fixture_t *x)
{
    store_settlements_t settled = {0};
    err_t err = edit_three(x, &settled);
    /* Somebody was there before the commit. */
    assert_true(err == ERR_OK || ((err == ERR_NOT_NOW || err == ERR_RANGE) && plan.person));
    assert_int_equal(settled.pending, 0);
}

static void recover_by_plan(store_fixture_t *x)
{
    store_settlements_t settled;
    assert_ok(x, store_edit_recover(x->h, x->documents, &x->arena, &settled, &x->why));
    assert_int_equal(settled.pending, 0);
}

/* In a process of its own when it may crash. True: it came to its end. */
static bool run_plan(store_fixture_t *x, void (*run)(store_fixture_t *x))
{
    plan.x = x;
    plan.steps = 0;
    if (!plan.crash) {
        store_edit_hook = on_step;
        run(x);
        store_edit_hook = NULL;
        return true;
    }
    fixture_close(x); /* a database is not to be carried over a fork */
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)setenv("CMOCKA_TEST_ABORT", "1", 1); /* a failure must not run the other tests here */
        store_edit_hook = on_step;
        fixture_open(x);
        run(x);
        _exit(7);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 7));
    fixture_open(x);
    return WEXITSTATUS(status) == 7;
}

static void start_over(store_fixture_t *x)
{
    fixture_close(x);
    assert_int_equal(nftw(x->dir, store_remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
    assert_int_equal(mkdir(x->dir, 0700), 0);
    assert_int_equal(mkdir(x->documents, 0755), 0);
    arena_release(&x->arena);
    begin(x);
}

static void assert_one(store_fixture_t *x, const char *name, const char *text)
{
    if (!plan.person || strcmp(name, plan.file) != 0) {
        assert_true(file_is(x, name, text));
        return;
    }
    char target[32];
    switch (plan.person) {
    case SAVES:
    case SAVES_IN:
        assert_true(file_is(x, name, "person"));
        break;
    case REMOVES: /* of a file that was still to come: that had no effect */
        assert_true(file_is(x, name, NULL) ||
                    (strcmp(name, "c.yaml") == 0 && file_is(x, name, text)));
        break;
    case LINKS:
        assert_int_equal(readlink(in_documents(x, name), target, sizeof target), 12);
        break;
    case NOBODY:
    case PERSONS:
        break;
    }
}

static void assert_settled(store_fixture_t *x)
{
    bool committed = newest_of(x) == 2;
    assert_one(x, "a.yaml", committed ? "a2" : "a1");
    assert_one(x, "b.yaml", committed ? NULL : "b1");
    assert_one(x, "c.yaml", committed ? "c2" : NULL);
    assert_true(file_is(x, "d.yaml", "d1"));
    assert_no_temporaries(x);
    assert_int_equal(count_of(x, ".fpd-kept-"), 0);
    assert_no_intents(x);
    if (committed) {
        assert_string_equal(documents_of(x, 2), "a.yaml=a2 c.yaml=c2 d.yaml=d1");
    }
}

/* Every step of an edit, everybody, every file, with and without a crash at that moment. */
static void every_step(store_fixture_t *x, unsigned most_crashes)
{
    static const char *const files[] = {"a.yaml", "b.yaml", "c.yaml"};
    /* None, at that moment, and up to so many steps later. */
    static const unsigned crashes[PERSONS] = {
        [NOBODY] = 2, [SAVES] = 5, [SAVES_IN] = 2, [REMOVES] = 3, [LINKS] = 3};
    unsigned committed = 0, undone = 0;
    for (unsigned p = 0; p < PERSONS; p++) {
        for (unsigned f = 0; f < (p == NOBODY ? 1 : 3); f++) {
            for (unsigned crash = 0; crash < crashes[p] && crash <= most_crashes; crash++) {
                plan.person = (person_t)p;
                plan.file = files[f];
                plan.crash = crash;
                for (plan.at = 1; plan.at <= STEPS; plan.at++) {
                    start_over(x);
                    if (!run_plan(x, edit_by_plan)) {
                        recover_by_plan(x);
                    }
                    assert_settled(x);
                    committed += newest_of(x) == 2;
                    undone += newest_of(x) == 1;
                }
            }
        }
    }
    assert_true(committed > 50 && undone > (most_crashes ? 20 : 5));
}

static void test_every_step(void **state)
{
    every_step(*state, UINT_MAX);
}

/* As if all files were old: what they hold is known by their times. */
static void test_every_step_of_old_files(void **state)
{
    int64_t before = store_quiet_ns;
    store_quiet_ns = INT64_MIN;
    every_step(*state, 0);
    store_quiet_ns = before;
}

/* A crash at every step, then one at every step of the recovery: the next recovery ends it. */
static void test_every_step_of_recovery(void **state)
{
    store_fixture_t *x = *state;
    plan.person = NOBODY;
    plan.crash = 1;
    unsigned twice = 0;
    for (unsigned first = 1;; first++) {
        bool edited = false, recovered = false;
        for (unsigned second = 1; !recovered; second++) {
            start_over(x);
            plan.at = first;
            edited = run_plan(x, edit_by_plan);
            plan.at = second;
            recovered = run_plan(x, recover_by_plan);
            twice += !edited && !recovered;
            recover_by_plan(x);
            assert_settled(x);
        }
        if (edited) {
            break;
        }
    }
    assert_true(twice > 20);
}

/* The steps of a recovery that has to write both files again. */
#define RECOVERY_STEPS 10

/* Dies right after the commit, and what was to be put in place is lost as well. */
static void lose_after_commit(store_fixture_t *x)
{
    plan.person = NOBODY;
    plan.crash = 1;
    plan.at = 4; /* write, write, commit, exchange */
    assert_false(run_plan(x, edit_by_plan));
    assert_int_equal(count_of(x, ".fpd-edit-"), 2);
    char command[128];
    (void)snprintf(command, sizeof command, "rm %s/.fpd-edit-*", x->documents);
    assert_int_equal(system(command), 0);
}

/* The history has what is lost; a person and a crash during the recovery lose nothing either. */
static void test_temporaries_lost(void **state)
{
    store_fixture_t *x = *state;
    for (unsigned p = NOBODY; p <= SAVES; p++) {
        for (unsigned crash = 1; crash < 4; crash++) {
            for (unsigned at = 1; at <= RECOVERY_STEPS; at++) {
                start_over(x);
                assert_int_equal(chmod(in_documents(x, "a.yaml"), 0600), 0);
                lose_after_commit(x);
                plan.person = (person_t)p;
                plan.file = "a.yaml";
                plan.at = at;
                plan.crash = crash;
                bool recovered = run_plan(x, recover_by_plan);
                assert_int_equal(recovered, at + crash - 1 > RECOVERY_STEPS);
                recover_by_plan(x);
                assert_settled(x);
                struct stat st;
                assert_int_equal(stat(in_documents(x, "a.yaml"), &st), 0);
                assert_true(p || (st.st_mode & 0777) == 0600);
            }
        }
    }
}

static void lose_temporaries(const char *step, slice_t file)
{
    (void)file;
    if (strcmp(step, "exchange") == 0) {
        char command[128];
        (void)snprintf(command, sizeof command, "rm -f %s/.fpd-edit-*", plan.x->documents);
        assert_int_equal(system(command), 0);
    }
}

/* Written in pieces of 512 KiB. */
static void test_large_contents(void **state)
{
    store_fixture_t *x = *state;
    static const size_t sizes[] = {512 << 10, (512 << 10) + 1, 1 << 20, 1300000};
    plan.x = x;
    plan.person = NOBODY;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char *text = malloc(sizes[i] + 1);
        assert_non_null(text);
        for (size_t k = 0; k < sizes[i]; k++) {
            text[k] = (char)('!' + k % 89);
        }
        text[sizes[i]] = '\0';
        start_over(x);
        const store_edit_change_t change = {.name = SLICE_LIT("a.yaml"),
                                            .before = hash_of("a1"),
                                            .bytes = slice_of(text, sizes[i])};
        store_edit_t *e = NULL;
        assert_ok(x, store_edit_prepare(x->documents, &change, 1, &e, &x->why));
        made_change_t m;
        make_change(&m, PAIRS("a.yaml", text, "b.yaml", "b1", "d.yaml", "d1"), "t2");
        store_appended_t appended;
        store_settlements_t settled;
        assert_ok(x, commit_edit(x, e, &m.change, &appended, &settled));
        store_edit_free(e);
        assert_int_equal(settled.kept + settled.pending, 0);
        store_hash_t now, want = hash_of(text);
        assert_ok(x, store_edit_look(x->documents, SLICE_LIT("a.yaml"), &now, &x->why));
        assert_true(store_hash_eq(&now, &want));
        free(text);
    }
}

static err_t prepare_known(store_fixture_t *x, const char *before, const store_stamp_t *stamp)
{
    const store_edit_change_t change = {.name = SLICE_LIT("a.yaml"),
                                        .before = hash_of(before),
                                        .stamp = stamp,
                                        .bytes = SLICE_LIT("a3")};
    store_edit_t *e = NULL;
    err_t err = store_edit_prepare(x->documents, &change, 1, &e, &x->why);
    store_edit_free(e);
    buf_clear(&x->why);
    return err;
}

/* A file that is what it was is not read again; any write shows, unless it was too near. */
static void test_known_by_its_stamp(void **state)
{
    store_fixture_t *x = *state;
    begin(x);
    store_stamp_t stamp;
    buf_t text = BUF_INIT;
    int64_t quiet = store_quiet_ns;
    assert_ok(x, store_file_read_stamped(AT_FDCWD, in_documents(x, "a.yaml"), 100, &text, &stamp,
                                         &x->why));
    assert_true(slice_is(buf_slice(&text), "a1"));
    buf_release(&text);
    /* What a reading would say is not what it is told. */
    store_quiet_ns = INT64_MIN;
    assert_int_equal(prepare_known(x, "not a1", &stamp), ERR_OK);
    assert_int_equal(prepare_known(x, "not a1", NULL), ERR_NOT_NOW);
    store_quiet_ns = INT64_MAX;
    assert_int_equal(prepare_known(x, "not a1", &stamp), ERR_NOT_NOW);
    assert_int_equal(prepare_known(x, "a1", &stamp), ERR_OK);
    /* As long, at the same time by its own account, and another. */
    store_quiet_ns = INT64_MIN;
    const struct timespec times[] = {stamp.st.st_atim, stamp.st.st_mtim};
    do {
        put(x, "a.yaml", "a2");
        assert_int_equal(utimensat(AT_FDCWD, in_documents(x, "a.yaml"), times, 0), 0);
        struct stat st;
        assert_int_equal(stat(in_documents(x, "a.yaml"), &st), 0);
        if (st.st_ctim.tv_nsec != stamp.st.st_ctim.tv_nsec) { /* the clock has ticked */
            break;
        }
    } while (true);
    assert_int_equal(prepare_known(x, "a1", &stamp), ERR_NOT_NOW);
    assert_int_equal(prepare_known(x, "a2", &stamp), ERR_OK);
    /* And another file. */
    assert_int_equal(unlink(in_documents(x, "a.yaml")), 0);
    assert_int_equal(prepare_known(x, "a1", &stamp), ERR_NOT_NOW);
    store_quiet_ns = quiet;
}

/* What is committed is done, and every file of it pending until it is settled, or recovered. */
static void test_committed_and_not_settled(void **state)
{
    store_fixture_t *x = *state;
    begin(x);
    plan.x = x;
    plan.person = NOBODY;
    store_edit_change_t changes[3];
    three_changes(changes);
    store_edit_t *e = NULL;
    assert_ok(x, store_edit_prepare(x->documents, changes, 3, &e, &x->why));
    made_change_t m;
    make_change(&m, after_pairs, "t2");
    store_appended_t appended;
    store_settlements_t settled;
    assert_ok(x, store_edit_commit(e, x->h, &m.change, &x->arena, &appended, &settled, &x->why));
    assert_int_equal(settled.count, 3);
    assert_int_equal(settled.pending, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(settled.items[i].settled, STORE_SETTLED_PENDING);
    }
    assert_true(file_is(x, "a.yaml", "a1"));
    store_edit_free(e); /* as when the process ends */
    assert_ok(x, store_edit_recover(x->h, x->documents, &x->arena, &settled, &x->why));
    assert_int_equal(settled.count, 3);
    assert_int_equal(settled.pending + settled.kept, 0);
    assert_settled(x);
}

/* An edit that the system refuses to finish stays, and holds up the next one of the same file. */
static void test_pending(void **state)
{
    store_fixture_t *x = *state;
    begin(x);
    plan.x = x;
    plan.person = NOBODY;
    store_edit_hook = lose_temporaries;
    store_settlements_t settled;
    assert_ok(x, edit_three(x, &settled));
    store_edit_hook = NULL;
    assert_int_equal(settled.pending, 2);
    assert_int_equal(settled.items[0].settled, STORE_SETTLED_PENDING);
    assert_string_equal(settled.items[0].why.ptr, "cannot be replaced: No such file or directory");
    assert_int_equal(settled.items[1].settled, STORE_SETTLED_DONE);
    store_edit_change_t change = {
        .name = SLICE_LIT("a.yaml"), .before = hash_of("a1"), .bytes = SLICE_LIT("a3")};
    store_edit_t *e = NULL;
    assert_ok(x, store_edit_prepare(x->documents, &change, 1, &e, &x->why));
    made_change_t m;
    make_change(&m, PAIRS("a.yaml", "a3"), "t3");
    store_appended_t appended;
    assert_int_equal(commit_edit(x, e, &m.change, &appended, &settled), ERR_NOT_NOW);
    assert_why(x, "an earlier edit of a.yaml is not finished");
    store_edit_free(e);
    assert_ok(x, store_edit_recover(x->h, x->documents, &x->arena, &settled, &x->why));
    assert_int_equal(settled.count, 2);
    assert_int_equal(settled.pending, 0);
    assert_settled(x);
}

/* A person's edit while the server was down is told. */
static void test_kept_is_told(void **state)
{
    store_fixture_t *x = *state;
    begin(x);
    plan.person = NOBODY;
    plan.crash = 1;
    plan.at = 4;
    assert_false(run_plan(x, edit_by_plan));
    put(x, "a.yaml", "person");
    store_settlements_t settled;
    assert_ok(x, store_edit_recover(x->h, x->documents, &x->arena, &settled, &x->why));
    assert_int_equal(settled.count, 3);
    assert_int_equal(settled.kept, 1);
    assert_string_equal(settled.items[0].file.ptr, "a.yaml");
    assert_int_equal(settled.items[0].settled, STORE_SETTLED_KEPT);
    assert_string_equal(settled.items[0].why.ptr,
                        "was changed by somebody else at the same time: that was kept");
    assert_true(file_is(x, "a.yaml", "person"));
    assert_true(file_is(x, "c.yaml", "c2"));
    assert_no_temporaries(x);
    assert_ok(x, store_edit_recover(x->h, x->documents, &x->arena, &settled, &x->why));
    assert_int_equal(settled.count, 0);
}

static void save_twice(const char *step, slice_t file)
{
    if (!slice_is(file, "a.yaml")) {
        return;
    }
    if (strcmp(step, "exchange") == 0 && ++plan.steps == 1) {
        put(plan.x, "a.yaml", "first");
    } else if (strcmp(step, "look") == 0) {
        put(plan.x, "a.yaml", "second");
    }
}

/* A person saves before and after the exchange: the second is what they want, no text is lost. */
static void test_saved_twice(void **state)
{
    store_fixture_t *x = *state;
    begin(x);
    plan.x = x;
    plan.steps = 0;
    store_edit_hook = save_twice;
    store_settlements_t settled;
    assert_ok(x, edit_three(x, &settled));
    assert_int_equal(settled.kept, 1);
    assert_non_null(strstr(settled.items[0].why.ptr, "; what it was changed to before is in .fpd"));
    bool second = file_is(x, "a.yaml", "second");
    assert_true(second);
    assert_int_equal(count_of(x, ".fpd-kept-"), 1);
    assert_no_temporaries(x);
    assert_no_intents(x);
}

/* Somebody who writes into the file slowly: it is open, and has what it had. */
static int opened = -1;

static void open_for_writing(const char *step, slice_t file)
{
    if (opened < 0 && slice_is(file, plan.file) && strcmp(step, "exchange") == 0) {
        opened = open(in_documents(plan.x, plan.file), O_WRONLY);
        assert_true(opened >= 0);
    }
}

static void test_open_for_writing(void **state)
{
    store_fixture_t *x = *state;
    static const char *const files[] = {"a.yaml", "b.yaml"}; /* replaced, removed */
    for (size_t i = 0; i < 2; i++) {
        start_over(x);
        store_edit_change_t changes[3];
        three_changes(changes);
        opened = open(in_documents(x, files[i]), O_WRONLY);
        char why[64];
        (void)snprintf(why, sizeof why, "the file %s is being written by somebody else", files[i]);
        assert_refused(x, changes, 3, ERR_NOT_NOW, why);
        assert_int_equal(close(opened), 0);
        /* After that look, before the files change places. */
        opened = -1;
        plan.x = x;
        plan.file = files[i];
        store_edit_hook = open_for_writing;
        store_settlements_t settled;
        assert_ok(x, edit_three(x, &settled));
        store_edit_hook = NULL;
        assert_int_equal(settled.kept, 1);
        assert_int_equal(write(opened, "person", 6), 6);
        assert_int_equal(close(opened), 0);
        assert_true(file_is(x, files[i], "person"));
        assert_no_temporaries(x);
        assert_no_intents(x);
    }
}

/* Likewise, and the process dies with the files exchanged. */
static void test_open_for_writing_and_crash(void **state)
{
    store_fixture_t *x = *state;
    begin(x);
    plan.person = NOBODY;
    plan.crash = 1;
    plan.at = 5; /* write, write, commit, exchange, look */
    assert_false(run_plan(x, edit_by_plan));
    glob_t found;
    char pattern[512];
    (void)snprintf(pattern, sizeof pattern, "%s/.fpd-edit-*.a.yaml", x->documents);
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    assert_int_equal(found.gl_pathc, 1);
    opened = open(found.gl_pathv[0], O_WRONLY);
    assert_true(opened >= 0);
    globfree(&found);
    store_settlements_t settled;
    assert_ok(x, store_edit_recover(x->h, x->documents, &x->arena, &settled, &x->why));
    assert_int_equal(settled.kept, 1);
    assert_int_equal(write(opened, "person", 6), 6);
    assert_int_equal(close(opened), 0);
    assert_true(file_is(x, "a.yaml", "person"));
    assert_no_temporaries(x);
    assert_no_intents(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, store_setup, store_teardown)
        TEST(test_names),
        TEST(test_edit),
        TEST(test_data_files),
        TEST(test_directories_given_up),
        TEST(test_nothing_to_do),
        TEST(test_same_as_served),
        TEST(test_refused),
        TEST(test_look),
        TEST(test_symbolic_links),
        TEST(test_read_only_directory),
        TEST(test_disk_full),
        TEST(test_every_step),
        TEST(test_every_step_of_old_files),
        TEST(test_every_step_of_recovery),
        TEST(test_temporaries_lost),
        TEST(test_large_contents),
        TEST(test_known_by_its_stamp),
        TEST(test_committed_and_not_settled),
        TEST(test_pending),
        TEST(test_kept_is_told),
        TEST(test_saved_twice),
        TEST(test_open_for_writing),
        TEST(test_open_for_writing_and_crash),
    };
    return cmocka_run_group_tests_name("store edit", tests, NULL, NULL);
}
