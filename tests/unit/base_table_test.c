#include "footprintd/base/table.h"

#include "failmalloc.h"
#include "fpd_cmocka.h"
#include "prng.h"

static void an_empty_table_has_nothing(void **state)
{
    (void)state;
    table_t t = TABLE_INIT;
    assert_null(table_get(&t, SLICE_LIT("a")));
    assert_null(table_get(&t, slice_of(NULL, 0)));
    table_release(&t);
}

static void put_adds_and_replaces(void **state)
{
    (void)state;
    table_t t = TABLE_INIT;
    int a, b, c;
    void *old = &c;
    assert_int_equal(table_put(&t, SLICE_LIT("x"), &a, &old), ERR_OK);
    assert_null(old);
    assert_int_equal(table_put(&t, slice_of(NULL, 0), &b, NULL), ERR_OK);
    assert_int_equal(table_put(&t, slice_of("x\0", 2), &c, NULL), ERR_OK);
    assert_int_equal(t.count, 3);
    assert_ptr_equal(table_get(&t, SLICE_LIT("x")), &a);
    assert_ptr_equal(table_get(&t, SLICE_LIT("")), &b);
    assert_ptr_equal(table_get(&t, slice_of("x\0", 2)), &c);
    assert_int_equal(table_put(&t, SLICE_LIT("x"), &b, &old), ERR_OK);
    assert_ptr_equal(old, &a);
    assert_ptr_equal(table_get(&t, SLICE_LIT("x")), &b);
    assert_int_equal(t.count, 3);
    table_release(&t);
    assert_null(table_get(&t, SLICE_LIT("x")));
}

/* The key of the last put counts, so that the memory of an earlier one may go with its value. */
static void a_replaced_entry_takes_the_new_key(void **state)
{
    (void)state;
    table_t t = TABLE_INIT;
    int a, b;
    char first[] = "key";
    assert_int_equal(table_put(&t, slice_str(first), &a, NULL), ERR_OK);
    assert_int_equal(table_put(&t, SLICE_LIT("key"), &b, NULL), ERR_OK);
    memset(first, '#', sizeof first);
    assert_ptr_equal(table_get(&t, SLICE_LIT("key")), &b);
    table_release(&t);
}

static void many_keys_against_an_array(void **state)
{
    (void)state;
    enum { KEYS = 5000 };
    static char keys[KEYS][20];
    static int values[KEYS][2];
    static int *model[KEYS];
    prng_t rng = prng_start();
    table_t t = TABLE_INIT;
    size_t count = 0;
    for (int i = 0; i < KEYS; i++) {
        (void)snprintf(keys[i], sizeof keys[i], "pid-%d", i);
        model[i] = NULL;
    }
    for (size_t round = 0; round < 20000; round++) {
        size_t k = (size_t)prng_below(&rng, KEYS);
        int *value = &values[k][prng_below(&rng, 2)];
        void *old = NULL;
        assert_int_equal(table_put(&t, slice_str(keys[k]), value, &old), ERR_OK);
        assert_ptr_equal(old, model[k]);
        count += model[k] == NULL;
        model[k] = value;
        assert_int_equal(t.count, count);
        k = (size_t)prng_below(&rng, KEYS);
        assert_ptr_equal(table_get(&t, slice_str(keys[k])), model[k]);
    }
    for (size_t k = 0; k < KEYS; k++) {
        assert_ptr_equal(table_get(&t, slice_str(keys[k])), model[k]);
    }
    /* Probing ends only because slots stay free. */
    assert_true(t.count * 3 <= (t.mask + 1) * 2);
    table_release(&t);
}

static void a_failed_growth_changes_nothing(void **state)
{
    (void)state;
    static char keys[100][20];
    long before = failmalloc_live();
    table_t t = TABLE_INIT;
    int value;
    size_t refusals = 0;
    for (int i = 0; i < 100; i++) {
        (void)snprintf(keys[i], sizeof keys[i], "%d", i);
        failmalloc_arm(1);
        err_t err = table_put(&t, slice_str(keys[i]), &value, NULL);
        if (failmalloc_disarm()) {
            refusals++;
            assert_int_equal(err, ERR_NOMEM);
            assert_int_equal(t.count, i);
            assert_null(table_get(&t, slice_str(keys[i])));
            for (int j = 0; j < i; j++) {
                assert_ptr_equal(table_get(&t, slice_str(keys[j])), &value);
            }
            err = table_put(&t, slice_str(keys[i]), &value, NULL);
        }
        assert_int_equal(err, ERR_OK);
    }
    assert_in_range(refusals, 4, 6);
    table_release(&t);
    assert_int_equal(failmalloc_live(), before);
}

/* A table that is full up to its bound has room for what it holds already. */
static void replacing_never_grows(void **state)
{
    (void)state;
    static char keys[64][20];
    table_t t = TABLE_INIT;
    int value;
    for (int i = 0; i < 64; i++) {
        (void)snprintf(keys[i], sizeof keys[i], "%d", i);
        assert_int_equal(table_put(&t, slice_str(keys[i]), &value, NULL), ERR_OK);
        size_t before = failmalloc_count();
        assert_int_equal(table_put(&t, slice_str(keys[0]), &value, NULL), ERR_OK);
        assert_int_equal(failmalloc_count(), before);
    }
    table_release(&t);
}

/* Against an array, with chains that go around the end. */
static void removed_keys_are_gone_and_no_other(void **state)
{
    (void)state;
    static char keys[500][20];
    bool there[500] = {false};
    int values[500];
    table_t t = TABLE_INIT;
    size_t count = 0;
    uint32_t random = 1;
    for (int i = 0; i < 500; i++) {
        (void)snprintf(keys[i], sizeof keys[i], "key %d", i);
    }
    assert_null(table_remove(&t, SLICE_LIT("none")));
    for (int round = 0; round < 20000; round++) {
        random = random * 1664525 + 1013904223;
        size_t i = random >> 16;
        i %= 500;
        if (random & 256) {
            assert_int_equal(table_put(&t, slice_str(keys[i]), &values[i], NULL), ERR_OK);
            count += !there[i];
            there[i] = true;
        } else {
            assert_ptr_equal(table_remove(&t, slice_str(keys[i])), there[i] ? &values[i] : NULL);
            count -= there[i];
            there[i] = false;
        }
        assert_int_equal(t.count, count);
        if (round % 500 == 0) {
            for (size_t k = 0; k < 500; k++) {
                assert_ptr_equal(table_get(&t, slice_str(keys[k])), there[k] ? &values[k] : NULL);
            }
        }
    }
    table_release(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_table_has_nothing),
        cmocka_unit_test(put_adds_and_replaces),
        cmocka_unit_test(a_replaced_entry_takes_the_new_key),
        cmocka_unit_test(many_keys_against_an_array),
        cmocka_unit_test(a_failed_growth_changes_nothing),
        cmocka_unit_test(replacing_never_grows),
        cmocka_unit_test(removed_keys_are_gone_and_no_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
