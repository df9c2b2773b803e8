/* Held changes in the history: kept whole, and done in one transaction with what they become. */
#include "store_fixture.h"

#include "footprintd/store/held.h"

static const store_audit_t line = {
    .time_ms = 1, .who = {"ed", 2}, .what = {"edit", 4}, .outcome = {"held", 4}};

static const store_edit_change_t changes[] = {
    {.name = {"a.yaml", 6}, .bytes = {"version: 1\n", 11}},
    {.name = {"e.yaml", 6}, .bytes = {"", 0}, .before = {.present = true, .digest = {{7}}}},
    {.name = {"z.yaml", 6}, .remove = true, .before = {.present = true, .digest = {{9}}}},
};

static store_held_t make_held(int64_t due)
{
    return (store_held_t){.made_ms = 5,
                          .due = due,
                          .until = INT64_MAX,
                          .confirmed = true,
                          .author = SLICE_LIT("ed"),
                          .message = SLICE_LIT("why"),
                          .changes = changes,
                          .count = 3};
}

static uint64_t hold(store_fixture_t *x, int64_t due)
{
    const store_held_t held = make_held(due);
    uint64_t id = 0;
    assert_ok(x, store_held_add(x->h, &held, &line, &id, &x->why));
    return id;
}

static store_held_list_t list_of(store_fixture_t *x)
{
    store_held_list_t list;
    assert_ok(x, store_held_list(x->h, &x->arena, &list, &x->why));
    return list;
}

static int64_t next_of(store_fixture_t *x)
{
    int64_t due = 0;
    assert_ok(x, store_held_next(x->h, &due, &x->why));
    return due;
}

static void test_kept(void **state)
{
    store_fixture_t *x = *state;
    fixture_open(x);
    assert_int_equal(list_of(x).count, 0);
    assert_int_equal(next_of(x), INT64_MAX);
    uint64_t late = hold(x, 2000000000), early = hold(x, -5);
    fixture_reopen(x);
    store_held_list_t list = list_of(x);
    assert_int_equal(list.count, 2);
    assert_int_equal(list.items[0].id, early);
    assert_int_equal(list.items[0].due, -5);
    assert_int_equal(list.items[1].id, late);
    assert_null(list.items[1].changes[0].bytes.ptr);
    assert_int_equal(next_of(x), -5);
    store_held_t found;
    assert_ok(x, store_held_find(x->h, late, &x->arena, &found, &x->why));
    assert_int_equal(found.until, INT64_MAX);
    assert_int_equal(found.made_ms, 5);
    assert_true(found.confirmed && !found.undoes);
    assert_true(slice_is(found.author, "ed") && slice_is(found.message, "why"));
    assert_int_equal(found.failure.len, 0);
    assert_int_equal(found.count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_true(slice_eq(found.changes[i].name, changes[i].name));
        assert_true(found.changes[i].remove == changes[i].remove);
        assert_true(store_hash_eq(&found.changes[i].before, &changes[i].before));
        assert_true(changes[i].remove || slice_eq(found.changes[i].bytes, changes[i].bytes));
    }
    assert_int_equal(store_held_find(x->h, 77, &x->arena, &found, &x->why), ERR_NOT_FOUND);
    assert_why(x, "there is no held change 77");
}

/* One that failed is there, and is not the next; numbers are not given twice. */
static void test_failed_and_dropped(void **state)
{
    store_fixture_t *x = *state;
    fixture_open(x);
    uint64_t first = hold(x, 1), second = hold(x, 2);
    assert_ok(x, store_held_fail(x->h, first, SLICE_LIT("no"), &line, &x->why));
    assert_int_equal(next_of(x), 2);
    assert_true(slice_is(list_of(x).items[0].failure, "no"));
    assert_ok(x, store_held_drop(x->h, second, &line, &x->why));
    assert_int_equal(next_of(x), INT64_MAX);
    assert_int_equal(store_held_drop(x->h, second, &line, &x->why), ERR_NOT_FOUND);
    assert_why(x, "there is no held change 2");
    assert_int_equal(hold(x, 3), 3);
    store_audits_t audits;
    assert_ok(x, store_history_audits(x->h, 0, 100, &x->arena, &audits, &x->why));
    assert_int_equal(audits.count, 5); /* three held, one failed, one dropped */
}

static void test_done_with_the_generation(void **state)
{
    store_fixture_t *x = *state;
    fixture_open(x);
    uint64_t id = hold(x, 1);
    made_change_t m;
    store_held_t undo = make_held(9);
    undo.undoes = true;
    make_change(&m, PAIRS("a.yaml", "1"), "t");
    m.change.held = id;
    m.change.hold = &undo;
    store_appended_t a;
    assert_ok(x, store_history_append(x->h, &m.change, &a, &x->why));
    store_held_list_t list = list_of(x);
    assert_int_equal(list.count, 1);
    assert_int_equal(list.items[0].id, a.held);
    assert_true(list.items[0].undoes);
    assert_int_equal(next_of(x), 9);
    /* Somebody dropped it at the last moment: nothing is made of it. */
    make_change(&m, PAIRS("a.yaml", "2"), "t");
    m.change.held = id;
    assert_int_equal(store_history_append(x->h, &m.change, &a, &x->why), ERR_NOT_FOUND);
    assert_why(x, "there is no held change 1");
    assert_int_equal(newest_of(x), 1);
    assert_string_equal(documents_of(x, 1), "a.yaml=1");
}

static void test_limit(void **state)
{
    store_fixture_t *x = *state;
    fixture_open(x);
    for (int i = 0; i < STORE_HELD_MAX; i++) {
        (void)hold(x, i);
    }
    const store_held_t held = make_held(1);
    uint64_t id = 0;
    assert_int_equal(store_held_add(x->h, &held, &line, &id, &x->why), ERR_LIMIT);
    assert_why(x, "1000 changes are held already");
    made_change_t m;
    store_appended_t a;
    make_change(&m, PAIRS("a.yaml", "1"), "t");
    m.change.hold = &held;
    assert_int_equal(store_history_append(x->h, &m.change, &a, &x->why), ERR_LIMIT);
    assert_why(x, "1000 changes are held already");
    assert_int_equal(newest_of(x), 0);
    /* The place of the one that is done is free. */
    m.change.held = 1;
    assert_ok(x, store_history_append(x->h, &m.change, &a, &x->why));
}

static void test_bad(void **state)
{
    store_fixture_t *x = *state;
    fixture_open(x);
    static const struct {
        store_edit_change_t change;
        int64_t due, until;
        const char *message;
    } bad[] = {
        {{.name = {"../a.yaml", 9}}, 1, 2, ""},  {{.name = {"a.txt", 5}}, 1, 2, ""},
        {{.name = {"a.yaml", 6}}, 2, 2, ""},     {{.name = {"a.yaml", 6}}, 3, 2, ""},
        {{.name = {"a.yaml", 6}}, 1, 2, "\xff"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        store_held_t held = make_held(bad[i].due);
        held.until = bad[i].until;
        held.message = slice_str(bad[i].message);
        held.changes = &bad[i].change;
        held.count = 1;
        uint64_t id = 0;
        assert_int_equal(store_held_add(x->h, &held, &line, &id, &x->why), ERR_RANGE);
        buf_clear(&x->why);
    }
    assert_int_equal(list_of(x).count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_kept, store_setup, store_teardown),
        cmocka_unit_test_setup_teardown(test_failed_and_dropped, store_setup, store_teardown),
        cmocka_unit_test_setup_teardown(test_done_with_the_generation, store_setup, store_teardown),
        cmocka_unit_test_setup_teardown(test_limit, store_setup, store_teardown),
        cmocka_unit_test_setup_teardown(test_bad, store_setup, store_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
