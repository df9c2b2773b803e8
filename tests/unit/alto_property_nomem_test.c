/*
 * Every allocation of the property maps fails once, with databases: always ERR_NOMEM, nothing is
 * lost, and nothing that lacks something is answered.
 */
#include "property_fixture.h"

#include "failmalloc.h"

static const char documents[] =
    "footprints:\n"
    "  metro: {cidr: [192.0.2.0/24, \"2001:db8::/32\"]}\n"
    "  block: {cidr: [192.0.2.64/26]}\n"
    "  named: {asn: [as64496, as64497], countrycode: [de]}\n"
    "  union: {footprintunion: [{subdivisioncode: [us-ny]}, {countrycode: [mx]}]}\n"
    "  pid: {altopid: [pid-a]}\n"
    "capabilities:\n"
    "  - {capability-type: FCI.Metadata, capability-value: {metadata: [MI.A]},\n"
    "     footprints: [metro, named]}\n"
    "  - {capability-type: FCI.Metadata, capability-value: {metadata: [MI.B]},\n"
    "     footprints: [block, union, pid]}\n"
    "  - {capability-type: FCI.Metadata, capability-value: {metadata: [MI.C]},\n"
    "     footprints: [everywhere]}\n"
    "network-maps:\n"
    "  netmap:\n"
    "    pids:\n"
    "      pid-a: {ipv4: [192.0.2.0/25]}\n"
    "      pid-b: {ipv4: [0.0.0.0/0], ipv6: [\"::/0\"]}\n";

static const spot_t spots[] = {{"192.0.2.0/24", "DE", NULL, 64496},
                               {"192.0.2.32/28", NULL, NULL, 64497},
                               {"198.51.100.0/24", "US", "NY", 0},
                               {"2001:db8::/33", "MX", NULL, 64498}};

static attributes_t *databases(void)
{
    return places_attributes(spots, sizeof spots / sizeof *spots, PART_ALL);
}

static model_t *model_of(void)
{
    const fixture_file_t file = {"a.yaml", documents};
    findings_t findings;
    findings_init(&findings, 0);
    model_t *model = fixture_model(&file, 1, &findings);
    assert_non_null(model);
    findings_release(&findings);
    return model;
}

static void test_build(void **state)
{
    (void)state;
    attributes_t *attributes = databases();
    const size_t limits[] = {0, 100}; /* offered, and too big to be */
    long live = failmalloc_live();
    for (size_t k = 0; k < 2; k++) {
        size_t n = 1;
        for (;; n++) {
            snapshot_t *s = NULL;
            model_t *model = model_of();
            const snapshot_options_t options = {.attributes = attributes,
                                                .propmap_max_get_bytes = limits[k]};
            failmalloc_arm(n);
            err_t err = snapshot_build_take(model, &options, NULL, 1, &s);
            bool refused = failmalloc_disarm();
            assert_int_equal(err, refused ? ERR_NOMEM : ERR_OK);
            snapshot_unref(s);
            assert_int_equal(failmalloc_live(), live);
            if (!refused) {
                break;
            }
        }
        assert_true(n > 100);
    }
    attributes_unref(attributes);
}

#define PLAIN   "\"ipv4:192.0.2.1\",\"ipv6:2001:db8::1\",\"asn:as64496\",\"netmap.pid:pid-a\""
#define NESTED  "\"ipv4:192.0.2.0/24\",\"ipv4:192.0.2.65/26\",\"ipv4:192.0.2.1\",\"ipv6:::/0\""
#define LISTING ",\"properties\":[]}"

static const struct {
    const char *request;
    int status;
} posts[] = {
    {"{\"entities\":[" PLAIN "]}", 200},
    {"{\"entities\":[" PLAIN "]" LISTING, 200},
    {"{\"entities\":[" NESTED "]}", 200},
    {"{\"entities\":[" NESTED "," PLAIN "]" LISTING, 200},
    {"{\"entities\":[\"netmap.pid:pid-a\"],\"properties\":[\"cdni.cdni-capabilities\"]}", 200},
    {"{\"entities\":[]" LISTING, 200},
    {"{\"entities\":[\"ipv4:192.0.2.1/33\"]}", 400},
    {"{\"entities\":[[{}]]}", 400},
    {"{\"entities\":[],\"properties\":[\"x\"]}", 400},
    {"{", 400},
};

static void test_answers(void **state)
{
    (void)state;
    const joined_options_t options = {.places = spots, .place_count = sizeof spots / sizeof *spots};
    snapshot_t *s = joined_one(documents, &options);
    const resource_t *r = fixture_resource(s, "/propmap-filtered");
    long live = failmalloc_live();
    for (size_t i = 0; i < sizeof posts / sizeof *posts; i++) {
        alto_answer_t whole;
        buf_t want = fixture_post(s, "/propmap-filtered", posts[i].request, &whole);
        assert_int_equal(whole.status, posts[i].status);
        size_t n = 1;
        for (;; n++) {
            arena_t arena;
            alto_answer_t answer = {0};
            arena_init(&arena, 0);
            failmalloc_arm(n);
            err_t err = r->kind->answer(r, slice_str(posts[i].request), NULL, &arena, &answer);
            bool refused = failmalloc_disarm();
            assert_int_equal(err, refused ? ERR_NOMEM : ERR_OK);
            if (!refused) {
                assert_int_equal(answer.status, posts[i].status);
                assert_int_equal(answer.size, want.len - 1);
            }
            arena_release(&arena);
            if (!refused) {
                break;
            }
        }
        assert_true(n > 1);
        buf_release(&want);
        assert_int_equal(failmalloc_live(), live);
    }
    snapshot_unref(s);
}

/* The same with an arena that has a limit, as requests have. */
static void test_arena_limits(void **state)
{
    (void)state;
    const joined_options_t options = {.places = spots, .place_count = sizeof spots / sizeof *spots};
    snapshot_t *s = joined_one(documents, &options);
    const resource_t *r = fixture_resource(s, "/propmap-filtered");
    for (size_t i = 0; i < sizeof posts / sizeof *posts; i++) {
        bool done = false;
        for (size_t limit = 0; !done; limit += 64) {
            arena_t arena;
            alto_answer_t answer = {0};
            arena_init(&arena, limit + 1);
            err_t err = r->kind->answer(r, slice_str(posts[i].request), NULL, &arena, &answer);
            assert_true(err == ERR_NOMEM || err == ERR_OK);
            done = !err;
            if (done) {
                assert_int_equal(answer.status, posts[i].status);
            }
            arena_release(&arena);
            assert_true(limit < 1u << 20);
        }
    }
    snapshot_unref(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_build),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_arena_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
