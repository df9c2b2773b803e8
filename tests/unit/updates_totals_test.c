#include "fixture.h"

#include "updates/totals.h"

/* What all hubs may have together, and one of several of it. */

static hub_totals_t *totals_of(size_t limit, size_t classes)
{
    hub_totals_t *t = NULL;
    const hub_options_t options = {.streams = limit,
                                   .views = limit,
                                   .inputs = limit,
                                   .input_bytes = limit,
                                   .log_bytes = limit,
                                   .opens_per_s = 1,
                                   .full_bytes_per_s = 100};
    assert_int_equal(totals_new(&options, 1000, &t), ERR_OK);
    atomic_store(&t->classes, classes);
    return t;
}

static void test_one_class_has_all(void **state)
{
    (void)state;
    hub_totals_t *t = totals_of(8, 1);
    atomic_store(&t->used[TOTAL_STREAMS], 7);
    assert_true(totals_has_room(t, TOTAL_STREAMS, 7));
    atomic_store(&t->used[TOTAL_STREAMS], 8);
    assert_false(totals_has_room(t, TOTAL_STREAMS, 8));
    assert_int_equal(totals_share(t, TOTAL_LOG_BYTES), 8);
    totals_free(t);
}

static void test_one_of_several_leaves_room(void **state)
{
    (void)state;
    hub_totals_t *t = totals_of(8, 4);
    atomic_store(&t->used[TOTAL_VIEWS], 6);
    assert_true(totals_has_room(t, TOTAL_VIEWS, 5));
    assert_false(totals_has_room(t, TOTAL_VIEWS, 6));
    assert_true(totals_has_room(t, TOTAL_VIEWS, 0));
    atomic_store(&t->used[TOTAL_VIEWS], 8);
    assert_false(totals_has_room(t, TOTAL_VIEWS, 2));
    /* Of what is only kept, whoever has more than his part gives it back. */
    assert_int_equal(totals_share(t, TOTAL_LOG_BYTES), 6);
    atomic_store(&t->used[TOTAL_LOG_BYTES], 9);
    assert_int_equal(totals_share(t, TOTAL_LOG_BYTES), 2);
    totals_free(t);
}

static void test_meters_are_for_all(void **state)
{
    (void)state;
    hub_totals_t *t = totals_of(8, 4);
    unsigned opened = 0;
    while (totals_spend(t, &t->opens, 1000, 1)) {
        opened++;
    }
    assert_int_equal(opened, 4);
    assert_true(totals_spend(t, &t->full_bytes, 1000, 400));
    totals_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_class_has_all),
        cmocka_unit_test(test_one_of_several_leaves_room),
        cmocka_unit_test(test_meters_are_for_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
