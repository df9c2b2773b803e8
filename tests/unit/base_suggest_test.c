#include "footprintd/base/suggest.h"

#include "fpd_cmocka.h"
#include "prng.h"

static const char *suggestion(const char *word, const char *const *candidates)
{
    static char text[80];
    suggest_t s;
    suggest_init(&s, slice_str(word));
    for (; *candidates; candidates++) {
        suggest_offer(&s, slice_str(*candidates));
    }
    if (!s.best.ptr) {
        return NULL;
    }
    (void)snprintf(text, sizeof text, "%.*s", SLICE_ARG(s.best));
    return text;
}

#define SUGGESTION(word, ...) suggestion((word), (const char *const[]){__VA_ARGS__, NULL})

static void the_nearest_word_is_found(void **state)
{
    (void)state;
    const char *const types[] = {
        "ipv4cidr", "ipv6cidr",       "asn", "countrycode", "subdivisioncode",
        "altopid",  "footprintunion", NULL};
    assert_string_equal(suggestion("ipv4cdir", types), "ipv4cidr");
    assert_string_equal(suggestion("ipv6-cidr", types), "ipv6cidr");
    assert_string_equal(suggestion("countycode", types), "countrycode");
    assert_string_equal(suggestion("contrycod", types), "countrycode");
    assert_string_equal(suggestion("as", types), "asn");
    assert_string_equal(suggestion("asnn", types), "asn");
    assert_string_equal(suggestion("foot-print-union", types), "footprintunion");
    assert_null(suggestion("cidr", types));
    assert_null(suggestion("zipcode", types));
}

/* One edit up to 4 bytes, two up to 8, three above: the last that counts and the first that not. */
static void near_enough_depends_on_the_length(void **state)
{
    (void)state;
    assert_non_null(SUGGESTION("abcd", "abcx"));
    assert_null(SUGGESTION("abcd", "abxy"));
    assert_non_null(SUGGESTION("abcde", "abcxy"));
    assert_null(SUGGESTION("abcde", "abxyz"));
    assert_non_null(SUGGESTION("abcdefgh", "abcdefxy"));
    assert_null(SUGGESTION("abcdefgh", "abcdexyz"));
    assert_non_null(SUGGESTION("abcdefghi", "abcdefxyz"));
    assert_null(SUGGESTION("abcdefghi", "abcdewxyz"));
    assert_non_null(SUGGESTION("abcdefghi", "abcdefghixyz"));
    assert_null(SUGGESTION("abcdefghi", "abcdefghiwxyz"));
}

static void swapped_neighbours_are_one_edit(void **state)
{
    (void)state;
    assert_non_null(SUGGESTION("abcd", "abdc"));
    assert_non_null(SUGGESTION("abcd", "bacd"));
    assert_null(SUGGESTION("abcd", "badc"));
}

static void case_costs_less_than_letters(void **state)
{
    (void)state;
    assert_string_equal(SUGGESTION("SUBDIVISIONCODE", "subdivisioncode"), "subdivisioncode");
    assert_string_equal(SUGGESTION("Asn", "asm", "asn"), "asn");
    assert_string_equal(SUGGESTION("fci.Metadata", "FCI.Metadata", "fci.Metadate"), "FCI.Metadata");
    /* Case differences on top of the edits that are allowed. */
    assert_string_equal(SUGGESTION("ABCX", "abcd"), "abcd");
}

static void the_order_of_offers_does_not_matter(void **state)
{
    (void)state;
    assert_string_equal(SUGGESTION("ucdn-c", "ucdn-b", "ucdn-a"), "ucdn-a");
    assert_string_equal(SUGGESTION("ucdn-c", "ucdn-a", "ucdn-b"), "ucdn-a");
}

static void words_without_a_common_letter_are_no_suggestion(void **state)
{
    (void)state;
    assert_null(SUGGESTION("a", "b"));
    assert_null(SUGGESTION("", "b"));
    assert_null(SUGGESTION("b", ""));
    assert_string_equal(SUGGESTION("a", "A"), "A");
    assert_string_equal(SUGGESTION("a", "ab"), "ab");
}

static void long_words_are_not_compared(void **state)
{
    (void)state;
    char word[66], other[66];
    memset(word, 'w', sizeof word);
    word[64] = '\0';
    memcpy(other, word, sizeof word);
    other[10] = 'x';
    assert_string_equal(SUGGESTION(word, other), other);
    word[64] = 'w';
    word[65] = '\0';
    assert_null(SUGGESTION(word, other));
    assert_null(SUGGESTION(other, word));
}

/* The whole matrix, by the definition. */
static unsigned model_distance(const char *a, size_t n, const char *b, size_t m)
{
    unsigned d[13][13];
    for (size_t i = 0; i <= n; i++) {
        for (size_t j = 0; j <= m; j++) {
            if (i == 0 || j == 0) {
                d[i][j] = 100 * (unsigned)(i + j);
                continue;
            }
            char x = a[i - 1], y = b[j - 1];
            unsigned change = x == y ? 0 : (x | 32) == (y | 32) ? 1 : 100;
            unsigned best = d[i - 1][j - 1] + change;
            best = d[i - 1][j] + 100 < best ? d[i - 1][j] + 100 : best;
            best = d[i][j - 1] + 100 < best ? d[i][j - 1] + 100 : best;
            if (i > 1 && j > 1 && x == b[j - 2] && a[i - 2] == y && d[i - 2][j - 2] + 100 < best) {
                best = d[i - 2][j - 2] + 100;
            }
            d[i][j] = best;
        }
    }
    return d[n][m];
}

static void the_band_loses_nothing(void **state)
{
    (void)state;
    prng_t rng = prng_start();
    size_t near = 0, far = 0;
    for (unsigned round = 0; round < 200000; round++) {
        char a[12], b[12];
        size_t n = 1 + (size_t)prng_below(&rng, sizeof a),
               m = 1 + (size_t)prng_below(&rng, sizeof b);
        for (size_t i = 0; i < n; i++) {
            a[i] = "abA"[prng_below(&rng, 3)];
        }
        for (size_t i = 0; i < m; i++) {
            b[i] = "abA"[prng_below(&rng, 3)];
        }
        suggest_t s;
        suggest_init(&s, slice_of(a, n));
        suggest_offer(&s, slice_of(b, m));
        unsigned expected = model_distance(a, n, b, m);
        unsigned edits = n <= 4 ? 1 : n <= 8 ? 2 : 3;
        size_t longer = n > m ? n : m;
        if (expected < (edits + 1) * 100 && expected < longer * 100) {
            assert_ptr_equal(s.best.ptr, b);
            assert_int_equal(s.distance, expected);
            near++;
        } else {
            assert_null(s.best.ptr);
            far++;
        }
    }
    assert_true(near > 1000 && far > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nearest_word_is_found),
        cmocka_unit_test(near_enough_depends_on_the_length),
        cmocka_unit_test(swapped_neighbours_are_one_edit),
        cmocka_unit_test(case_costs_less_than_letters),
        cmocka_unit_test(the_order_of_offers_does_not_matter),
        cmocka_unit_test(words_without_a_common_letter_are_no_suggestion),
        cmocka_unit_test(long_words_are_not_compared),
        cmocka_unit_test(the_band_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
