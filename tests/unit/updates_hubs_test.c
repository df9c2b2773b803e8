/* Hubs of several classes: all of them go on to a generation, or none does. */
#include "fixture.h"

#include "failmalloc.h"
#include "footprintd/updates/hubs.h"
#include "updates/hub.h"

/* Three uCDNs, each with a document of its own, and what everybody sees. */
static snapshot_t *make(snapshot_t *previous, uint64_t generation, const char *address,
                        const char *more)
{
    static const char *const names[] = {"a", "b", "c"};
    view_profile_t profiles[3];
    fixture_file_t files[5];
    buf_t texts[4];
    for (size_t i = 0; i < 3; i++) {
        profiles[i] = (view_profile_t){
            .name = slice_str(names[i]), .all_capability_types = true, .geo_properties = true};
        for (int type = 0; type < FP_TYPE_COUNT; type++) {
            profiles[i].footprint_types[type] = true;
        }
    }
    for (size_t i = 0; i < 4; i++) {
        texts[i] = (buf_t)BUF_INIT;
        if (i < 3) {
            buf_printf(&texts[i], "audience: [%s]\n", names[i]);
        }
        buf_printf(&texts[i],
                   "footprints: {f%zu: {cidr: [%s.%zu/32]}}\n"
                   "capabilities:\n"
                   "  - {capability-type: FCI.DeliveryProtocol, capability-value:\n"
                   "     {delivery-protocols: [http/1.1]}, footprints: [f%zu]}\n%c",
                   i, address, i, i, '\0');
    }
    files[0] = (fixture_file_t){"a.yaml", texts[0].ptr};
    files[1] = (fixture_file_t){"b.yaml", texts[1].ptr};
    files[2] = (fixture_file_t){"c.yaml", texts[2].ptr};
    files[3] = (fixture_file_t){"d.yaml", texts[3].ptr};
    files[4] = (fixture_file_t){"e.yaml", more};
    findings_t findings;
    findings_init(&findings, 0);
    model_t *model = fixture_model(files, more ? 5 : 4, &findings);
    assert_non_null(model);
    findings_release(&findings);
    for (size_t i = 0; i < 4; i++) {
        buf_release(&texts[i]);
    }
    snapshot_options_t options = {
        .base_uri = SLICE_LIT(""), .profiles = profiles, .profile_count = 3};
    snapshot_t *s = NULL;
    assert_int_equal(snapshot_build_take(model, &options, previous, generation, &s), ERR_OK);
    return s;
}

typedef struct seen {
    size_t hubs;
    uint64_t least, most; /* generations */
} seen_t;

static void look(void *arg, hub_t *hub)
{
    seen_t *seen = arg;
    uint64_t generation = hub_generation(hub);
    seen->least = seen->hubs && seen->least < generation ? seen->least : generation;
    seen->most = seen->most > generation ? seen->most : generation;
    seen->hubs++;
}

static void assert_all_at(hubs_t *hubs, size_t count, uint64_t generation)
{
    seen_t seen = {0};
    hubs_each(hubs, look, &seen);
    assert_int_equal(seen.hubs, count);
    assert_int_equal(seen.least, generation);
    assert_int_equal(seen.most, generation);
}

static size_t hubs_told(snapshot_t *s)
{
    size_t told = 0;
    for (size_t i = 0; i < snapshot_class_count(s); i++) {
        told += snapshot_class_view(s, i)->hub != NULL;
    }
    return told;
}

/* Publishes with the n-th allocation refused, for every n. */
static void sweep(hubs_t *hubs, snapshot_t *s, size_t before, uint64_t generation_before,
                  size_t after)
{
    hub_counters_t c, now;
    hub_publication_t report;
    hubs_read_counters(hubs, &c);
    size_t n = 1;
    for (;; n++) {
        failmalloc_arm(n);
        err_t err = hubs_publish(hubs, s, &report);
        bool refused = failmalloc_disarm();
        if (!err) {
            break; /* what the last ones are for is only estimated without them */
        }
        assert_true(refused && err == ERR_NOMEM);
        assert_all_at(hubs, before, generation_before);
        assert_int_equal(hubs_told(s), 0);
        hubs_read_counters(hubs, &now);
        assert_int_equal(now.publications, c.publications);
        assert_int_equal(now.versions, c.versions);
    }
    assert_true(n > 20);
    assert_all_at(hubs, after, snapshot_generation(s));
    assert_int_equal(hubs_told(s), after);
    hubs_read_counters(hubs, &now);
    assert_int_equal(now.publications, c.publications + after);
    assert_true(report.changed > 0 || !before);
    assert_true(now.versions >= c.versions + (report.changed ? report.changed : after));
}

static const char another[] = "audience: [a]\n"
                              "advertisement: other\n"
                              "capabilities:\n"
                              "  - {capability-type: FCI.RedirectionMode, capability-value:\n"
                              "     {redirection-modes: [DNS-I]}, footprints: [everywhere]}\n";

static void test_all_or_none(void **state)
{
    (void)state;
    hub_options_t options = {0};
    hubs_t *hubs = NULL;
    assert_int_equal(hubs_new(&options, &hubs), ERR_OK);
    snapshot_t *s[5];
    s[0] = make(NULL, 1, "192.0.2", NULL);
    sweep(hubs, s[0], 0, 0, 3);
    /* All of them change, */
    s[1] = make(s[0], 2, "198.51.100", NULL);
    sweep(hubs, s[1], 3, 1, 3);
    /* one has another resource, */
    s[2] = make(s[1], 3, "203.0.113", another);
    sweep(hubs, s[2], 3, 2, 3);
    /* which goes again. */
    s[3] = make(s[2], 4, "203.0.113", NULL);
    sweep(hubs, s[3], 3, 3, 3);
    /* As often as feeds have to grow. */
    for (uint64_t generation = 5; generation < 8; generation++) {
        s[4] = make(s[3], generation, generation % 2 ? "192.0.2" : "198.51.100", NULL);
        sweep(hubs, s[4], 3, generation - 1, 3);
        snapshot_unref(s[3]);
        s[3] = s[4];
    }
    hubs_free(hubs);
    for (size_t i = 0; i < 4; i++) {
        snapshot_unref(s[i]);
    }
}

static const node_t *root_of(snapshot_t *s, const char *name, const char *resource)
{
    hub_t *hub = snapshot_view_of(s, slice_str(name))->hub;
    feed_t *f = hub_get_feed(hub, slice_str(resource));
    assert_non_null(f);
    return feed_newest(f)->root;
}

/* What views have in common is in memory once, also in the versions that readers go on from. */
static void test_views_share_nodes(void **state)
{
    (void)state;
    hub_options_t options = {0};
    hub_publication_t report;
    hubs_t *hubs = NULL;
    snapshot_t *s[2] = {NULL, NULL};
    assert_int_equal(hubs_new(&options, &hubs), ERR_OK);
    for (size_t i = 0; i < 2; i++) {
        s[i] = make(i ? s[0] : NULL, i + 1, i ? "198.51.100" : "192.0.2", NULL);
        assert_int_equal(hubs_publish(hubs, s[i], &report), ERR_OK);
        const node_t *a = root_of(s[i], "a", "netmap");
        assert_ptr_equal(a, root_of(s[i], "b", "netmap"));
        assert_ptr_equal(a, root_of(s[i], "c", "netmap"));
        assert_ptr_not_equal(root_of(s[i], "a", "cdni"), root_of(s[i], "b", "cdni"));
    }
    hubs_free(hubs);
    snapshot_unref(s[0]);
    snapshot_unref(s[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all_or_none),
                                       cmocka_unit_test(test_views_share_nodes)};
    return cmocka_run_group_tests_name("hubs", tests, NULL, NULL);
}
