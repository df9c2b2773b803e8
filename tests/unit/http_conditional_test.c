#include "http/conditional.h"

#include "fpd_cmocka.h"

#define ID CODING_IDENTITY
#define GZ CODING_GZIP
#define BR CODING_BROTLI
#define NO CONDITIONAL_NO_MATCH

static void test_if_none_match(void **state)
{
    (void)state;
    static const slice_t etags[CODING_COUNT] = {
        [CODING_IDENTITY] = {"\"tag\"", 5},
        [CODING_GZIP] = {"\"tag;gz\"", 8},
        [CODING_BROTLI] = {"\"tag;br\"", 8},
    };
    static const struct {
        const char *line;
        coding_t selected;
        int expected;
    } rows[] = {
        {"\"tag\"", ID, ID},
        {"W/\"tag\"", ID, ID},
        {"\"tag\"", GZ, ID},
        {"\"tag;gz\"", ID, GZ},
        {"W/\"tag;br\"", ID, BR},
        {"*", ID, ID},
        {"*", GZ, GZ},
        {" * ", BR, BR},
        {"\"old\", \"tag\"", ID, ID},
        {"\"old\",W/\"older\",\"tag;gz\"", GZ, GZ},
        {"\"tag\", \"tag;gz\"", GZ, GZ},
        {"\"tag;br\", \"tag;gz\"", ID, BR},
        {"\"a,b\", \"tag\"", ID, ID},
        {"\"a\\\", \"tag\"", ID, ID},
        {"\"\", \"tag\"", ID, ID},
        {",,\"tag\",", ID, ID},
        {"", ID, NO},
        {"\"old\"", ID, NO},
        {"tag", ID, NO},
        {"\"tag", ID, NO},
        {"tag\"", ID, NO},
        {"w/\"tag\"", ID, NO},
        {"W/ \"tag\"", ID, NO},
        {"\"TAG\"", ID, NO},
        {"\"tag \"", ID, NO},
        {"\"tag\"x", ID, NO},
        {"\"tag\"x, \"tag;gz\"", ID, GZ},
        {"tag, \"tag\"", ID, ID},
        {"*, \"tag\"", ID, NO},
        {"*x", ID, NO},
        {"\"ta\tg\", \"tag\"", ID, ID},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int got = conditional_none_match(slice_str(rows[i].line), etags, rows[i].selected);
        if (got != rows[i].expected) {
            fail_msg("row %zu: %s: got %d", i, rows[i].line, got);
        }
    }
    assert_int_equal(conditional_none_match(slice_of(NULL, 0), etags, CODING_IDENTITY), NO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_if_none_match),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
