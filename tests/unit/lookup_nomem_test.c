/* Explanations of addresses and prefixes, with every allocation refused once. */
#include "fixture.h"

#include "nomem.h"

#include "footprintd/lookup/report.h"
#include "footprintd/lookup/spread.h"
#include "footprintd/net/addr.h"

static const char documents[] =
    "version: 1\n"
    "audience: [u]\n"
    "footprints:\n"
    "  near: {cidr: [192.0.2.0/25, 2001:db8::/33]}\n"
    "  here: {cidr: [192.0.2.128/25, 198.51.100.0/24, 2001:db8::/32]}\n"
    "  pids: {altopid: [pid-a]}\n"
    "  both: {cidr: [192.0.2.0/24], countrycode: [de, at]}\n"
    "capabilities:\n"
    "  - {capability-type: FCI.Metadata, capability-value: {metadata: [A]}, footprints: [near]}\n"
    "  - {capability-type: FCI.Metadata, capability-value: {metadata: [B]},\n"
    "     footprints: [here, pids, both]}\n"
    "  - {capability-type: FCI.Metadata, capability-value: {metadata: [C]},\n"
    "     footprints: [{cidr: [192.0.2.0/26]}]}\n"
    "network-maps:\n"
    "  m: {default: true, pids: {pid-a: {ipv4: [203.0.113.0/24], ipv6: [\"::/0\"]},\n"
    "                            pid-b: {ipv4: [0.0.0.0/0]}}}\n";

typedef struct trial {
    snapshot_t *snapshot;
    addr_t addr;
    prefix_t prefix;
    lookup_engine_t *engine;
    lookup_misses_t misses;
    report_t report;
    bool reported;
} trial_t;

static void make_engine(void *x)
{
    trial_t *t = x;
    const snapshot_t *s = t->snapshot;
    assert_int_equal(lookup_engine_new_borrow(snapshot_model(s), snapshot_attributes(s),
                                              snapshot_join(s), &t->engine),
                     ERR_OK);
}

static err_t run_engine(void *x)
{
    trial_t *t = x;
    const snapshot_t *s = t->snapshot;
    return lookup_engine_new_borrow(snapshot_model(s), snapshot_attributes(s), snapshot_join(s),
                                    &t->engine);
}

static err_t run_near(void *x)
{
    trial_t *t = x;
    const lookup_subject_t subject = lookup_subject(t->engine, &t->addr);
    err_t err = lookup_near_find(t->engine, &subject, &t->misses);
    assert_true(err || t->misses.count);
    return err ? err : lookup_near_footprint(t->engine, &subject, 0, &t->misses);
}

static err_t begin(trial_t *t)
{
    err_t err = report_init(&t->report, t->engine, "documents", 0);
    t->reported = true;
    t->report.why = true;
    return err;
}

static err_t run_address(void *x)
{
    trial_t *t = x;
    err_t err = begin(t);
    err = err ? err : report_json(&t->report, &t->addr);
    assert_true(err || t->report.out.len);
    return err ? err : report_find_misses(&t->report, &t->addr);
}

static err_t run_one_footprint(void *x)
{
    trial_t *t = x;
    err_t err = begin(t);
    t->report.why_one = true;
    return err ? err : report_json(&t->report, &t->addr);
}

static err_t run_prefix(void *x)
{
    trial_t *t = x;
    err_t err = begin(t);
    return err ? err : report_json_prefix(&t->report, &t->prefix, true);
}

static void write_text(report_t *r, buf_t *out)
{
    (void)r;
    buf_append_str(out, "text");
}

static err_t run_cached(void *x)
{
    trial_t *t = x;
    slice_t text;
    err_t err = begin(t);
    err = err ? err : report_cached(&t->report, 0, write_text, &text);
    assert_true(err || slice_is(text, "text"));
    return err;
}

static void end(void *x, err_t err)
{
    trial_t *t = x;
    (void)err;
    if (t->reported) {
        report_release(&t->report);
    }
    t->reported = false;
    lookup_misses_release(&t->misses);
    t->misses = (lookup_misses_t){0};
    lookup_engine_free(t->engine);
    t->engine = NULL;
}

static const nomem_step_t steps[] = {
    {"engine", NULL, run_engine, end, false, false},
    {"near misses", make_engine, run_near, end, false, false},
    {"address", make_engine, run_address, end, false, false},
    {"address and one footprint", make_engine, run_one_footprint, end, false, false},
    {"prefix", make_engine, run_prefix, end, false, false},
    {"text of an answer", make_engine, run_cached, end, false, true},
};

static void test_steps(void **state)
{
    (void)state;
    static const struct {
        const char *addr, *prefix;
    } subjects[] = {{"192.0.2.200", "192.0.2.0/24"}, {"2001:db8:8000::1", "2001:db8::/31"}};
    trial_t t = {.snapshot = fixture_one(documents)};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        for (size_t k = 0; k < 2; k++) {
            bool host_bits;
            assert_int_equal(addr_parse(slice_str(subjects[k].addr), &t.addr), ERR_OK);
            assert_int_equal(prefix_parse(slice_str(subjects[k].prefix), &t.prefix, &host_bits),
                             ERR_OK);
            nomem_sweep(&steps[i], &t);
        }
    }
    snapshot_unref(t.snapshot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
