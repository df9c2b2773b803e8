#include "http/share.h"

#include "fpd_cmocka.h"

static share_t share;

static void test_shares(void **state)
{
    (void)state;
    assert_true(share_take(&share, 1, 40, 100));
    assert_true(share_take(&share, 1, 35, 100));
    /* Three quarters are one's at the most, and the rest is another's. */
    assert_false(share_take(&share, 1, 1, 100));
    share_give(&share, 1, 1);
    assert_true(share_take(&share, 2, 25, 100));
    assert_false(share_take(&share, 3, 1, 100));
    share_give(&share, 3, 1);
    assert_int_equal(share_used(&share), 100);
    share_give(&share, 1, 75);
    assert_true(share_take(&share, 3, 75, 100));
    share_give(&share, 3, 75);
    share_give(&share, 2, 25);
    assert_int_equal(share_used(&share), 0);
}

/* Of a limit that is not enough for two, the first gets what it asks for. */
static void test_one_thing(void **state)
{
    (void)state;
    assert_true(share_take(&share, 1, 100, 100));
    assert_false(share_take(&share, 1, 1, 100));
    share_give(&share, 1, 101);
    assert_false(share_take(&share, 1, 101, 100));
    share_give(&share, 1, 101);
    assert_true(share_take(&share, 1 + SHARE_SLOTS, 1, 1));
    assert_false(share_take(&share, 1, 1, 1)); /* the same slot */
    share_give(&share, 1, 2);
    assert_int_equal(share_used(&share), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shares),
        cmocka_unit_test(test_one_thing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
