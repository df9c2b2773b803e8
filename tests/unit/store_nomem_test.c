/* Held changes, backups and what is read one by one, with every allocation refused once. */
#include "store_fixture.h"

#include "nomem.h"

#include "footprintd/store/backup.h"
#include "footprintd/store/held.h"

static const store_audit_t line = {
    .time_ms = 1, .who = {"ed", 2}, .what = {"edit", 4}, .outcome = {"held", 4}};
static const store_edit_change_t changes[] = {
    {.name = {"a.yaml", 6}, .bytes = {"version: 1\n", 11}},
    {.name = {"z.yaml", 6}, .remove = true, .before = {.present = true, .digest = {{9}}}},
};
static const store_held_t change = {.made_ms = 5,
                                    .due = 7,
                                    .until = INT64_MAX,
                                    .author = {"ed", 2},
                                    .message = {"why", 3},
                                    .changes = changes,
                                    .count = 2};

static char file[96];
static store_history_t *copy;
static buf_t bytes;
static uint64_t id;

static void hold(void *state)
{
    store_fixture_t *x = state;
    assert_ok(x, store_held_add(x->h, &change, &line, &id, &x->why));
}

static err_t run_held_add(void *state)
{
    store_fixture_t *x = state;
    return store_held_add(x->h, &change, &line, &id, &x->why);
}

static err_t run_held_list(void *state)
{
    store_fixture_t *x = state;
    store_held_list_t list;
    err_t err = store_held_list(x->h, &x->arena, &list, &x->why);
    assert_true(err || list.count == 1);
    return err;
}

static err_t run_held_find(void *state)
{
    store_fixture_t *x = state;
    store_held_t held;
    err_t err = store_held_find(x->h, id, &x->arena, &held, &x->why);
    assert_true(err || held.count == 2);
    return err;
}

static err_t run_held_fail(void *state)
{
    store_fixture_t *x = state;
    return store_held_fail(x->h, id, SLICE_LIT("it was not to be"), &line, &x->why);
}

static err_t run_held_drop(void *state)
{
    store_fixture_t *x = state;
    return store_held_drop(x->h, id, &line, &x->why);
}

/* What failed has changed nothing: held changes are all there, or none. */
static void end_held(void *state, err_t err)
{
    store_fixture_t *x = state;
    store_held_list_t list;
    (void)err;
    arena_release(&x->arena);
    buf_clear(&x->why);
    assert_ok(x, store_held_list(x->h, &x->arena, &list, &x->why));
    assert_true(list.count <= 1);
    for (size_t i = 0; i < list.count; i++) {
        assert_int_equal(list.items[i].count, 2);
        assert_ok(x, store_held_drop(x->h, list.items[i].id, &line, &x->why));
    }
    arena_release(&x->arena);
}

static err_t run_find(void *state)
{
    store_fixture_t *x = state;
    store_generation_t g;
    err_t err = store_history_find(x->h, 2, &x->arena, &g, &x->why);
    assert_true(err || g.number == 2);
    return err;
}

static err_t run_audit(void *state)
{
    store_fixture_t *x = state;
    return store_history_audit(x->h, &line, &x->why);
}

static err_t run_look(void *state)
{
    store_fixture_t *x = state;
    store_hash_t hash;
    err_t err = store_edit_look(x->documents, SLICE_LIT("a.yaml"), &hash, &x->why);
    assert_true(err || hash.present);
    return err;
}

static void end_read(void *state, err_t err)
{
    store_fixture_t *x = state;
    (void)err;
    arena_release(&x->arena);
    buf_release(&x->why);
    buf_release(&bytes);
    store_history_close(copy);
    copy = NULL;
}

static err_t run_backup(void *state)
{
    store_fixture_t *x = state;
    err_t err = store_backup_read(x->h, SIZE_MAX, &bytes, &x->why);
    assert_true(err || bytes.len);
    return err;
}

static void remove_copy(void *state)
{
    (void)state;
    (void)unlink(file);
}

static err_t run_copy(void *state)
{
    store_fixture_t *x = state;
    return store_backup_copy(x->state, file, &x->why);
}

static void make_copy(void *state)
{
    store_fixture_t *x = state;
    (void)unlink(file);
    assert_ok(x, store_backup_copy(x->state, file, &x->why));
}

static err_t run_open(void *state)
{
    store_fixture_t *x = state;
    store_backup_info_t info;
    err_t err = store_backup_open(file, &copy, &info, &x->why);
    assert_true(err || info.generations == 2);
    return err;
}

/* The state is free for it only while nobody has it. */
static err_t restore(store_fixture_t *x, bool dry_run)
{
    const store_restore_t r = {.file = file,
                               .state = x->state,
                               .documents = x->documents,
                               .time_ms = 7,
                               .who = SLICE_LIT("jo"),
                               .dry_run = dry_run};
    store_restored_t out;
    return store_backup_restore(&r, &x->arena, &out, &x->why);
}

static void close_for_restore(void *state)
{
    make_copy(state);
    fixture_close(state);
}

static err_t run_restore_dry(void *state)
{
    return restore(state, true);
}

static err_t run_restore(void *state)
{
    return restore(state, false);
}

/* Whatever came of it, a start makes a whole of it. */
static void end_restore(void *state, err_t err)
{
    store_fixture_t *x = state;
    end_read(state, err);
    fixture_open(x);
    store_settlements_t settled;
    assert_ok(x, store_edit_recover(x->h, x->documents, &x->arena, &settled, &x->why));
    assert_int_equal(settled.pending + settled.kept, 0);
    assert_int_equal(newest_of(x), 2);
    assert_true(file_is(x, "a.yaml", "2"));
    end_read(state, err);
}

static const nomem_step_t steps[] = {
    {"held: add", NULL, run_held_add, end_held, true, true},
    {"held: list", hold, run_held_list, end_held, true, false},
    {"held: find", hold, run_held_find, end_held, true, false},
    {"held: drop", hold, run_held_drop, end_held, true, true},
    {"held: fail", hold, run_held_fail, end_held, true, true},
    {"generation", NULL, run_find, end_read, true, false},
    {"audit", NULL, run_audit, end_read, true, true},
    {"look at a file", NULL, run_look, end_read, true, true},
    {"backup", NULL, run_backup, end_read, true, false},
    {"backup to a file", remove_copy, run_copy, end_read, true, false},
    {"backup, opened", make_copy, run_open, end_read, true, false},
    {"restore, dry", close_for_restore, run_restore_dry, end_restore, true, false},
    {"restore", close_for_restore, run_restore, end_restore, true, true},
};

static void test_steps(void **state)
{
    store_fixture_t *x = *state;
    (void)snprintf(file, sizeof file, "%s/backup", x->dir);
    fixture_open(x);
    (void)append(x, PAIRS("a.yaml", "1"), "t1");
    (void)append(x, PAIRS("a.yaml", "2", "b.yaml", "b"), "t2");
    put(x, "a.yaml", "2");
    put(x, "b.yaml", "b");
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        nomem_sweep(&steps[i], x);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_steps, store_setup, store_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
