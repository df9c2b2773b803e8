#include "http/rates.h"

#include "fpd_cmocka.h"

/* What a uCDN may ask for, with the clock in the test's hands. */

#define SECOND UINT64_C(1000000000)
#define START  (1000 * SECOND)

static ucdns_t *table_of(const char *text)
{
    findings_t findings;
    ucdns_t *ucdns = NULL;
    findings_init(&findings, 0);
    assert_int_equal(ucdns_parse(slice_str(text), SLICE_LIT("ucdns.yaml"), &ucdns, &findings),
                     ERR_OK);
    assert_int_equal(findings.count, 0);
    findings_release(&findings);
    return ucdns;
}

typedef struct fixture {
    ucdns_t *ucdns;
    rates_t *rates;
} fixture_t;

static fixture_t fixture(const char *text, const rate_limits_t *limits, const fixture_t *before)
{
    static const rate_limits_t none = {{0}};
    fixture_t f = {table_of(text), NULL};
    assert_int_equal(rates_new(f.ucdns, limits ? limits : &none, before ? before->rates : NULL,
                               before ? before->ucdns : NULL, &f.rates),
                     ERR_OK);
    return f;
}

static void release(fixture_t *f)
{
    rates_unref(f->rates);
    ucdns_unref(f->ucdns);
}

static const rate_t *rate_of(const fixture_t *f, const char *name)
{
    return rates_of(f->rates, ucdns_find(f->ucdns, slice_str(name)));
}

#define PROFILE(name, rates) name ": {certificates: [{san: dns:" name ".example}]" rates "}\n"

/* Why the last request was refused. */
static rate_kind_t what;

static unsigned take_all(const rate_t *rate, uint64_t now, uint64_t *retry_s)
{
    unsigned taken = 0;
    while (taken < 100000 && rate_take_request(rate, now, &what, retry_s)) {
        taken++;
    }
    return taken;
}

static void test_requests(void **state)
{
    (void)state;
    fixture_t f = fixture(PROFILE("a", ", rates: {requests-per-s: 10}") PROFILE("b", ""), NULL,
                          NULL);
    uint64_t retry_s = 0;
    assert_null(rate_of(&f, "b"));
    const rate_t *a = rate_of(&f, "a");
    assert_int_equal(take_all(a, START, &retry_s), 10);
    assert_int_equal(what, RATE_REQUESTS);
    assert_int_equal(retry_s, 1);
    assert_int_equal(take_all(a, START + SECOND / 2, &retry_s), 5);
    assert_int_equal(take_all(a, START + 10 * SECOND, &retry_s), 10);
    assert_int_equal(atomic_load(&a->account->refused), 3);
    release(&f);
}

/* Paid for afterwards: the one request that was too much is answered whole, the next one waits. */
static void test_amounts(void **state)
{
    (void)state;
    fixture_t f = fixture(PROFILE("a", ", rates: {entities-per-s: 100, bytes-per-s: 1000}"), NULL,
                          NULL);
    const rate_t *a = rate_of(&f, "a");
    uint64_t retry_s = 0;
    rate_add(a, RATE_ENTITIES, 100, START);
    assert_true(rate_take_request(a, START, &what, &retry_s));
    rate_add(a, RATE_ENTITIES, 250, START);
    assert_false(rate_take_request(a, START, &what, &retry_s));
    assert_int_equal(retry_s, 3);
    assert_int_equal(what, RATE_ENTITIES);
    assert_false(rate_take_request(a, START + 2 * SECOND, &what, &retry_s));
    assert_int_equal(retry_s, 1);
    assert_true(rate_take_request(a, START + 2 * SECOND + SECOND / 2, &what, &retry_s));
    rate_add(a, RATE_BYTES, 1001, START + 9 * SECOND);
    assert_false(rate_take_request(a, START + 9 * SECOND, &what, &retry_s));
    assert_int_equal(retry_s, 1);
    assert_int_equal(what, RATE_BYTES);
    /* However much it was: an hour, and never an overflow. */
    rate_add(a, RATE_BYTES, UINT64_MAX, START + 20 * SECOND);
    rate_add(a, RATE_BYTES, UINT64_MAX, START + 20 * SECOND);
    assert_false(rate_take_request(a, START + 20 * SECOND, &what, &retry_s));
    assert_int_equal(retry_s, 3599);
    assert_true(rate_take_request(a, START + 3620 * SECOND, &what, &retry_s));
    release(&f);
}

static void test_limits_of_the_server(void **state)
{
    (void)state;
    static const rate_limits_t limits = {{[RATE_REQUESTS] = 3, [RATE_BYTES] = 7}};
    fixture_t f = fixture(PROFILE("a", ", rates: {requests-per-s: 5}") PROFILE("b", ""), &limits,
                          NULL);
    uint64_t retry_s;
    assert_int_equal(take_all(rate_of(&f, "a"), START, &retry_s), 5);
    assert_int_equal(take_all(rate_of(&f, "b"), START, &retry_s), 3);
    assert_int_equal(rate_of(&f, "a")->limits.per_s[RATE_BYTES], 7);
    assert_int_equal(rate_of(&f, "a")->limits.per_s[RATE_ENTITIES], 0);
    release(&f);
}

/* What was had stays had, whatever the profiles are read again for. */
static void test_reload(void **state)
{
    (void)state;
    fixture_t f = fixture(PROFILE("a", ", rates: {requests-per-s: 2}"), NULL, NULL);
    uint64_t retry_s;
    assert_int_equal(take_all(rate_of(&f, "a"), START, &retry_s), 2);
    fixture_t next = fixture(PROFILE("new", ", rates: {requests-per-s: 1}")
                                 PROFILE("a", ", rates: {requests-per-s: 2}"),
                             NULL, &f);
    release(&f);
    assert_int_equal(take_all(rate_of(&next, "a"), START, &retry_s), 0);
    assert_int_equal(take_all(rate_of(&next, "new"), START, &retry_s), 1);
    fixture_t without = fixture(PROFILE("a", ""), NULL, &next);
    release(&next);
    assert_null(rate_of(&without, "a"));
    release(&without);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_amounts),
        cmocka_unit_test(test_limits_of_the_server),
        cmocka_unit_test(test_reload),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
