/*
 * Every allocation on the way from documents to answers fails once: the result is ERR_NOMEM, never
 * a model or a snapshot that lacks something, and nothing leaks.
 */
#include "fixture.h"

#include "failmalloc.h"

static const fixture_file_t files[] = {
    {"a.yaml", "version: 1\n"
               "footprints:\n"
               "  fra: &fra {cidr: [192.0.2.7/24, 2001:db8::/32], countrycode: [DE]}\n"
               "  copy: *fra\n"
               "  mix: {footprintunion: [{asn: [as64499]}, {altopid: [pid-a, pid-b]}]}\n"
               "  late: [{footprint-value: [{footprint-value: [as64499], footprint-type: asn}],\n"
               "          footprint-type: footprintunion}]\n"
               "capabilities:\n"
               "  - capability-type: FCI.DeliveryProtocol\n"
               "    capability-value: {delivery-protocols: [http/1.1, http/3]}\n"
               "    footprints: [fra, mix, late, copy]\n"
               "  - capability-type: FCI.Telemetry\n"
               "    capability-value: {sources: [{id: s, type: generic, metrics: [{name: m}],\n"
               "                                  configuration: {b: 1, a: 2}}]}\n"
               "    footprints: [everywhere]\n"
               "  - capability-type: FCI.CapacityLimits\n"
               "    capability-value: {limits: [{id: l, limit-type: egress, maximum-hard: 5,\n"
               "                                 telemetry-source: {id: s, metric: m}}]}\n"
               "    footprints: [fra]\n"
               "  - {capability-type: FCI.CapacityLimits, footprints: [mix, late],\n"
               "     capability-value: {limits: [{limit-type: sessions, maximum-hard: 5}]}}\n"
               "  - {capability-type: FCI.Metadata, capability-value: {metadata: [Cache]},\n"
               "     footprints: [{cidr: [192.0.2.0/24, 2001:db8:1::/48]}]}\n"
               "  - {capability-type: FCI.Metadata, capability-value: {metadata: []},\n"
               "     footprints: [fra]}\n"
               "network-maps:\n"
               "  main-map:\n"
               "    pids:\n"
               "      pid-a: {ipv4: [198.51.100.0/24]}\n"
               "      pid-b: {ipv6: [\"::/0\"]}\n"
               "cost-maps:\n"
               "  c: {network-map: main-map, cost-metric: routingcost, cost-mode: numerical,\n"
               "      costs: {pid-a: {pid-b: 1}}}\n"
               "  d: {network-map: main-map, cost-metric: hopcount, cost-mode: numerical,\n"
               "      default-cost: 7}\n"
               "topologies:\n"
               "  t: {network-map: main-map, public: true, elements: {e: {capacity: 3}},\n"
               "      nodes: {a: {pids: [pid-a], cidr: [10.0.0.0/8]}, b: {element: e}},\n"
               "      links: {ab: {from: a, to: b}},\n"
               "      paths: [{from: a, to: b, links: [ab]}]}\n"},
    {"b.json",
     "{\"audience\":[\"u2\",\"u1\"],\"advertisement\":\"ad\",\"capabilities\":[{"
     "\"capability-type\":\"FCI.Logging\",\"capability-value\":{\"record-type\":"
     "\"cdni_http_request_v1\",\"fields\":[\"S-SID\",\"\\u0073-ccid\"]},\"footprints\":["
     "\"fra\"]},{\"capability-type\":\"FCI.RedirectTarget\",\"capability-value\":{"
     "\"http-target\":{\"host\":\"h\"}},\"footprints\":[\"everywhere\"]},{"
     "\"capability-type\":\"FCI.DelegatedCredentials\",\"capability-value\":{"
     "\"number-delegated-certs-supported\":1,\"PrivateKeyEncryptionKey\":{\"kty\":\"EC\"}}"
     ",\"footprints\":[\"everywhere\"]}]}"}};

/* The same with errors: findings are made on the way. */
static const fixture_file_t wrong[] = {
    {"a.yaml", "footprints:\n"
               "  a: {asn: [64496, [x]], contrycode: [de]}\n"
               "  b: [{footprint-value: [], footprint-type: asn}]\n"
               "  c: {ipv4cidr: [192.0.2.0/24], ipv6cidr: [2001:db8::/32]}\n"
               "capabilities:\n"
               "  - capability-type: FCI.CapacityLimits\n"
               "    capability-value: {limits: [{id: l, limit-type: egress, maximum-hard: 5,\n"
               "                                 maximum-soft: 5}, {id: l}]}\n"
               "    footprints: [nowhere]\n"
               "  - capability-type: FCI.RedirectTarget\n"
               "    capability-value: {http-target: {host: h, path-prefix: /x}}\n"
               "    footprints: [everywhere]\n"},
    {"b.json", "{\"version\":2,\"footprints\":{\"a\":{\"asn\":[\"as1\"]}}} x"}};

/* Costs in files, one of each form. */
static const fixture_file_t costs[] = {
    {"a.yaml", "network-maps: {m: {pids: {a: {ipv4: [0.0.0.0/0]}, b: {ipv6: ['::/0']}}}}\n"
               "cost-maps:\n"
               "  c: {network-map: m, cost-metric: delay-ow:p95, cost-mode: numerical,\n"
               "      costs-file: d/c.csv, cost-source: sla, parameters: {link: [x]}}\n"
               "  j: {network-map: m, cost-metric: priv:j, cost-mode: ordinal, default-cost: 9,\n"
               "      costs-file: d/j.json}\n"},
    {"d/c.csv", "x,a,b\na,1,\"2.5\"\nb,,0.125\n"},
    {"d/j.json", "{\"a\":{\"a\":1},\"b\":{}}"}};

/* Costs that are computed, several network maps with costs of the same metric, other directories.
 */
static const fixture_file_t spaces[] = {
    {"a.yaml", "directories: {north: 'https://north.example/'}\n"
               "network-maps:\n"
               "  m: {default: true, pids: {a: {ipv4: [0.0.0.0/0]}, b: {ipv6: ['::/0']}}}\n"
               "  n: {pids: {c: {ipv4: [0.0.0.0/0]}, d: {ipv6: ['::/0']}}}\n"
               "cost-maps:\n"
               "  hops: {network-map: m, cost-metric: hopcount, cost-mode: numerical,\n"
               "         neighbors: {a: [b]}}\n"
               "  km: {network-map: m, cost-metric: 'priv:km', cost-mode: numerical,\n"
               "       coordinates: {a: [1, 2], b: [3, 4]}}\n"
               "  mr: {network-map: m, cost-metric: routingcost, cost-mode: numerical,\n"
               "       costs: {a: {b: 1}}}\n"
               "  nr: {network-map: n, cost-metric: routingcost, cost-mode: numerical,\n"
               "       costs: {c: {d: 1}}}\n"},
    {"b.yaml", "audience: [u]\n"
               "footprints: {x: {ipv4cidr: [192.0.2.0/24]}}\n"
               "cost-maps:\n"
               "  nh: {network-map: n, cost-metric: hopcount, cost-mode: numerical,\n"
               "       neighbors: {c: [d]}}\n"}};

/* Every kind of error. */
static const fixture_file_t wrong_costs[] = {
    {"a.yaml", "network-maps: {m: {pids: {a: {ipv4: [0.0.0.0/0]}, b: {ipv6: ['::/0']}}}}\n"
               "cost-maps:\n"
               "  c: {network-map: m, cost-metric: hopcount, cost-mode: numerical,\n"
               "      costs-file: d/c.csv}\n"
               "  j: {network-map: m, cost-metric: unheard, cost-mode: ordinal,\n"
               "      costs: {a: {a: 1.5, c: 1}}}\n"
               "  n: {network-map: m, cost-metric: unheard, cost-mode: ordinal,\n"
               "      costs-file: d/none.json}\n"},
    {"d/c.csv", "source,destination,cost\na,b,1\na,b,2\n"}};

static err_t build(const fixture_file_t *given, size_t count, snapshot_t *previous,
                   snapshot_t **out)
{
    model_source_t sources[3];
    for (size_t i = 0; i < count; i++) {
        bool is_data = strchr(given[i].name, '/') != NULL;
        sources[i] = (model_source_t){slice_str(given[i].name),
                                      is_data ? DOC_DATA : fixture_format(given[i].name),
                                      slice_str(given[i].text)};
    }
    findings_t findings;
    findings_init(&findings, 0);
    model_t *model = NULL;
    err_t err = model_build(sources, count, NULL, &findings, &model);
    if (!err) {
        snapshot_options_t options = {.base_uri = SLICE_LIT("http://alto.example")};
        err = snapshot_build_take(model, &options, previous, 1, out);
    }
    findings_release(&findings);
    return err;
}

/* Refuses the n-th allocation and all after it, for every n; `want` is the end of it. */
static void sweep(const fixture_file_t *given, size_t count, snapshot_t *previous, err_t want)
{
    long live = failmalloc_live();
    size_t n = 1;
    for (;; n++) {
        snapshot_t *s = NULL;
        failmalloc_arm(n);
        err_t err = build(given, count, previous, &s);
        bool refused = failmalloc_disarm();
        if (err != (refused ? ERR_NOMEM : want)) {
            fail_msg("allocation %zu: %s", n, err_text(err));
        }
        snapshot_unref(s);
        assert_int_equal(failmalloc_live(), live);
        if (!refused) {
            break;
        }
    }
    assert_true(n > 50);
}

static void test_build(void **state)
{
    (void)state;
    sweep(files, 2, NULL, ERR_OK);
    sweep(costs, 3, NULL, ERR_OK);
    sweep(spaces, 2, NULL, ERR_OK);
}

static void test_build_with_previous(void **state)
{
    (void)state;
    snapshot_t *previous = NULL;
    assert_int_equal(build(files, 2, NULL, &previous), ERR_OK);
    sweep(files, 2, previous, ERR_OK);
    sweep(files, 1, previous, ERR_OK);
    snapshot_unref(previous);
}

static void test_findings(void **state)
{
    (void)state;
    sweep(wrong, 2, NULL, ERR_DATA);
    sweep(wrong_costs, 2, NULL, ERR_DATA);
}

#define COST(mode) "\"cost-type\":{\"cost-mode\":\"" mode "\",\"cost-metric\":\"routingcost\"}"

static void test_answers(void **state)
{
    (void)state;
    static const struct {
        const char *path, *request;
        int status;
    } posts[] = {
        {"/cdni-filtered", "{\"cdni-capabilities\":[]}", 200},
        {"/cdni-filtered",
         "{\"cdni-capabilities\":[{\"capability-type\":\"FCI.DeliveryProtocol\",\"capability-"
         "value\":{"
         "\"delivery-protocols\":[\"\\u0068ttp/1.1\"]}},{\"capability-type\":\"FCI.X\","
         "\"capability-value\":1}]}",
         200},
        {"/cdni-filtered", "{\"cdni-capabilities\":[{\"capability-type\":7}]}", 400},
        {"/cdni-filtered", "{\"cdni-capabilities\":[[7]]}", 400},
        {"/cdni-filtered", "{", 400},
        {"/main-map-filtered", "{\"pids\":[\"pid-a\"],\"address-types\":[\"ipv4\"]}", 200},
        {"/main-map-filtered", "{\"pids\":[]}", 200},
        {"/main-map-filtered", "{\"pids\":[{}]}", 400},
        {"/c-filtered", "{" COST("numerical") "}", 200},
        {"/c-filtered", "{" COST("ordinal") ",\"constraints\":[\"ge 1\"]}", 200},
        {"/c-filtered",
         "{" COST("numerical") ",\"pids\":{\"srcs\":[\"pid-a\"],\"dsts\":[\"pid-b\",\"x\"]}}", 200},
        {"/c-filtered", "{" COST("numerical") ",\"pids\":{\"srcs\":[],\"dsts\":[[]]}}", 400},
        {"/endpoint-cost",
         "{" COST("ordinal") ",\"endpoints\":{\"srcs\":[\"ipv4:198.51.100.1\"],\"dsts\":["
                             "\"ipv6:::1\",\"ipv6:::1\",\"ipv4:1.2.3.4\"]}}",
         200},
        {"/endpoint-cost", "{" COST("numerical") ",\"endpoints\":{}}", 400},
    };
    snapshot_t *s = NULL;
    assert_int_equal(build(files, 2, NULL, &s), ERR_OK);
    long live = failmalloc_live();
    for (size_t i = 0; i < sizeof posts / sizeof *posts; i++) {
        const resource_t *r = fixture_resource(s, posts[i].path);
        for (size_t n = 1;; n++) {
            arena_t arena;
            alto_answer_t answer = {0};
            arena_init(&arena, 0);
            failmalloc_arm(n);
            err_t err = r->kind->answer(r, slice_str(posts[i].request), NULL, &arena, &answer);
            bool refused = failmalloc_disarm();
            assert_int_equal(err, refused ? ERR_NOMEM : ERR_OK);
            assert_true(refused || answer.status == posts[i].status);
            arena_release(&arena);
            assert_int_equal(failmalloc_live(), live);
            if (!refused) {
                break;
            }
        }
    }
    snapshot_unref(s);
}

static void test_compression(void **state)
{
    (void)state;
    snapshot_t *s = NULL;
    assert_int_equal(build(files, 2, NULL, &s), ERR_OK);
    document_t *d = fixture_resource(s, "/cdni")->document;
    for (size_t n = 1;; n++) {
        failmalloc_arm(n);
        err_t err = document_compress(d, NULL, NULL);
        bool refused = failmalloc_disarm();
        assert_int_equal(err, refused ? ERR_NOMEM : ERR_OK);
        if (!refused) {
            assert_true(n > 4);
            break;
        }
    }
    assert_non_null(document_body(d, CODING_GZIP));
    assert_non_null(document_body(d, CODING_BROTLI));
    snapshot_unref(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_build),       cmocka_unit_test(test_build_with_previous),
        cmocka_unit_test(test_findings),    cmocka_unit_test(test_answers),
        cmocka_unit_test(test_compression),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
