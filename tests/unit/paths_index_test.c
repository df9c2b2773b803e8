/* Paths of topologies: against all simple paths, and where addresses are attached. */
#include "fixture.h"

#include "footprintd/paths/index.h"

#include "failmalloc.h"
#include "prng.h"

static model_t *model_of(const char *text)
{
    findings_t findings;
    findings_init(&findings, 0);
    fixture_file_t file = {"a.yaml", text};
    model_t *model = fixture_model(&file, 1, &findings);
    if (!model) {
        buf_t line = BUF_INIT;
        finding_format(&findings.items[0], &line);
        fail_msg("%.*s\n%s", SLICE_ARG(buf_slice(&line)), text);
    }
    findings_release(&findings);
    return model;
}

static path_index_t *index_of(const model_topology_t *t)
{
    path_index_t *index = NULL;
    assert_int_equal(path_index_make(t, NULL, &index), ERR_OK);
    return index;
}

/* ---- against all simple paths ---- */

#define MOST 8

typedef struct walk {
    const model_topology_t *t;
    uint32_t to;
    bool seen[MOST];
    uint32_t arcs[MOST], best[MOST];
    size_t count, best_count;
    uint64_t metric, best_metric; /* UINT64_MAX: no path so far */
} walk_t;

/* As the header says: metric, number of links, then names from the end to the beginning. */
static bool better(const walk_t *w)
{
    if (w->metric != w->best_metric) {
        return w->metric < w->best_metric;
    }
    if (w->count != w->best_count) {
        return w->count < w->best_count;
    }
    for (size_t i = w->count; i-- > 0;) {
        const topology_link_t *x = topology_arc_link(w->t, w->arcs[i]);
        const topology_link_t *y = topology_arc_link(w->t, w->best[i]);
        int cmp = slice_cmp(x->name, y->name);
        if (cmp) {
            return cmp < 0;
        }
    }
    return false;
}

static void walk(walk_t *w, uint32_t at)
{
    if (at == w->to) {
        if (better(w)) {
            memcpy(w->best, w->arcs, sizeof w->best);
            w->best_count = w->count;
            w->best_metric = w->metric;
        }
        return;
    }
    w->seen[at] = true;
    for (uint32_t arc = 0; arc < 2 * w->t->link_count; arc++) {
        const topology_link_t *link = topology_arc_link(w->t, arc);
        if (topology_arc_from(w->t, arc) != at || (arc % 2 && link->one_way) ||
            w->seen[topology_arc_to(w->t, arc)]) {
            continue;
        }
        w->arcs[w->count++] = arc;
        w->metric += link->metric;
        walk(w, topology_arc_to(w->t, arc));
        w->metric -= link->metric;
        w->count--;
    }
    w->seen[at] = false;
}

static void check_pair(const path_index_t *index, const model_topology_t *t, uint32_t from,
                       uint32_t to)
{
    walk_t w = {.t = t, .to = to, .best_metric = UINT64_MAX};
    uint32_t arcs[MOST];
    size_t count = path_index_get(index, t, from, to, arcs);
    walk(&w, from);
    if (w.best_metric == UINT64_MAX) {
        assert_int_equal(count, PATH_NONE);
        return;
    }
    assert_int_equal(count, w.best_count);
    assert_memory_equal(arcs, w.best, count * sizeof *arcs);
}

/* Names in another order than numbers of nodes, so that order by name is seen. */
static void write_random(prng_t *prng, buf_t *text)
{
    unsigned nodes = 2 + (unsigned)prng_below(prng, MOST - 1);
    unsigned links = 1 + (unsigned)prng_below(prng, 14);
    buf_append_str(text, "version: 1\nnetwork-maps: {m: {pids: {p: {ipv4: [0.0.0.0/0]}}}}\n"
                         "topologies:\n  t:\n    network-map: m\n    public: true\n    nodes:\n");
    for (unsigned i = 0; i < nodes; i++) {
        buf_printf(text, "      n%u: {cidr: [10.%u.0.0/16]}\n", i * 7 % 10, i);
    }
    buf_append_str(text, "    links:\n");
    for (unsigned i = 0; i < links; i++) {
        unsigned from = (unsigned)prng_below(prng, nodes);
        unsigned to = (from + 1 + (unsigned)prng_below(prng, nodes - 1)) % nodes;
        buf_printf(text, "      l%u: {from: n%u, to: n%u, igp-metric: %u, one-way: %s}\n",
                   i * 11 % 23, from * 7 % 10, to * 7 % 10, (unsigned)prng_below(prng, 4),
                   prng_below(prng, 3) ? "false" : "true");
    }
    buf_append_char(text, '\0');
}

static void test_random(void **state)
{
    (void)state;
    prng_t prng = prng_start();
    for (unsigned round = 0; round < 400; round++) {
        buf_t text = BUF_INIT;
        write_random(&prng, &text);
        model_t *model = model_of(text.ptr);
        assert_int_equal(model->topology_count, 1);
        const model_topology_t *t = model->topologies;
        path_index_t *index = index_of(t);
        for (uint32_t from = 0; from < t->node_count; from++) {
            for (uint32_t to = 0; to < t->node_count; to++) {
                check_pair(index, t, from, to);
            }
        }
        path_index_unref(index);
        model_free(model);
        buf_release(&text);
    }
}

/* ---- what a document says of paths and places ---- */

static const char places[] = "version: 1\n"
                             "network-maps:\n"
                             "  m:\n"
                             "    pids:\n"
                             "      p-a: {ipv4: [10.0.0.0/8], ipv6: ['2001:db8::/32']}\n"
                             "      p-b: {ipv4: [10.1.0.0/16, 192.0.2.0/24]}\n"
                             "      p-c: {ipv4: [0.0.0.0/0]}\n"
                             "topologies:\n"
                             "  t:\n"
                             "    network-map: m\n"
                             "    public: true\n"
                             "    nodes:\n"
                             "      a: {pids: [p-a], cidr: [192.0.2.0/24]}\n"
                             "      b: {pids: [p-b], cidr: [10.0.0.0/9, '2001:db8:1::/48']}\n"
                             "      c: {}\n"
                             "      d: {cidr: [10.1.2.0/24]}\n"
                             "    links:\n"
                             "      ab: {from: a, to: b}\n"
                             "      bc: {from: b, to: c}\n"
                             "      ac: {from: a, to: c}\n"
                             "    paths:\n"
                             "      - {from: a, to: b, links: [ac, bc]}\n";

static uint32_t node_at(const path_index_t *index, const char *text)
{
    addr_t address;
    assert_int_equal(addr_parse(slice_str(text), &address), ERR_OK);
    return path_index_node(index, &address);
}

static void test_places(void **state)
{
    (void)state;
    enum { A, B, C, D };
    model_t *model = model_of(places);
    path_index_t *index = index_of(model->topologies);
    /* A prefix of a node wins over the same of a PID, and otherwise the longest does. */
    assert_int_equal(node_at(index, "192.0.2.1"), A);
    assert_int_equal(node_at(index, "10.127.0.1"), B);
    assert_int_equal(node_at(index, "10.128.0.1"), A);
    assert_int_equal(node_at(index, "10.1.2.3"), D);
    assert_int_equal(node_at(index, "10.1.3.3"), B);
    assert_int_equal(node_at(index, "2001:db8::1"), A);
    assert_int_equal(node_at(index, "2001:db8:1::1"), B);
    assert_int_equal(node_at(index, "198.51.100.1"), TOPOLOGY_NONE);
    assert_int_equal(node_at(index, "2001:db9::1"), TOPOLOGY_NONE);
    assert_int_equal(index->pid_nodes[0], A);
    assert_int_equal(index->pid_nodes[1], B);
    assert_int_equal(index->pid_nodes[2], TOPOLOGY_NONE);
    path_index_unref(index);
    model_free(model);
}

static void test_given(void **state)
{
    (void)state;
    enum { A, B, C, D };
    enum { AB, AC, BC };
    uint32_t arcs[8];
    model_t *model = model_of(places);
    const model_topology_t *t = model->topologies;
    path_index_t *index = index_of(t);
    /* Given, and only in this direction; link bc is gone along from its end. */
    assert_int_equal(path_index_get(index, t, A, B, arcs), 2);
    assert_int_equal(arcs[0], 2 * AC);
    assert_int_equal(arcs[1], 2 * BC + 1);
    assert_int_equal(path_index_get(index, t, B, A, arcs), 1);
    assert_int_equal(arcs[0], 2 * AB + 1);
    assert_int_equal(path_index_get(index, t, A, A, arcs), 0);
    assert_int_equal(path_index_get(index, t, A, D, arcs), PATH_NONE);
    assert_int_equal(path_index_get(index, t, D, A, arcs), PATH_NONE);
    /* Nobody asks for paths from nodes where nothing is. */
    assert_int_equal(path_index_get(index, t, C, A, arcs), PATH_NONE);
    path_index_unref(index);
    model_free(model);
}

/* ---- sharing ---- */

static void check_shared(const path_index_t *index, const char *from, const char *to, bool same)
{
    buf_t text = BUF_INIT;
    const char *at = strstr(places, from);
    assert_non_null(at);
    buf_append(&text, places, (size_t)(at - places));
    buf_append_str(&text, to);
    buf_append_str(&text, at + strlen(from));
    buf_append_char(&text, '\0');
    model_t *model = model_of(text.ptr);
    path_index_t *other = NULL;
    assert_int_equal(path_index_make(model->topologies, (path_index_t *)(uintptr_t)index, &other),
                     ERR_OK);
    assert_int_equal(other == index, same);
    path_index_unref(other);
    model_free(model);
    buf_release(&text);
}

static void test_shared(void **state)
{
    (void)state;
    model_t *model = model_of(places);
    path_index_t *index = index_of(model->topologies);
    model_free(model); /* it refers to nothing of it */
    check_shared(index, "public: true", "public: true", true);
    check_shared(index, "c: {}", "cc: {capacity: 3}\n      c: {}", false);
    check_shared(index, "c: {}", "c: {capacity: 3}", true);
    check_shared(index, "{from: b, to: c}", "{from: b, to: c, igp-metric: 2}", false);
    check_shared(index, "{from: b, to: c}", "{from: c, to: b}", false);
    check_shared(index, "ab: {from: a, to: b}", "ab: {from: a, to: d}", false);
    check_shared(index, "ab: {from: a, to: b}", "ab: {from: a, to: b, one-way: true}", false);
    check_shared(index, "10.1.2.0/24", "10.1.3.0/24", false);
    check_shared(index, "10.1.0.0/16", "10.1.0.0/17", false);
    check_shared(index, "2001:db8:1::/48", "2001:db8:2::/48", false);
    check_shared(index, "b: {pids: [p-b]", "b: {pids: [p-c]", false);
    path_index_unref(index);
}

/* ---- limits and failures ---- */

static void write_ring(buf_t *text, unsigned nodes, unsigned links, unsigned attached)
{
    buf_append_str(text, "version: 1\nnetwork-maps: {m: {pids: {p: {ipv4: [0.0.0.0/0]}}}}\n"
                         "topologies:\n  t:\n    network-map: m\n    public: true\n    nodes:\n");
    for (unsigned i = 0; i < nodes; i++) {
        buf_printf(text, i < attached ? "      n%u: {cidr: [10.%u.%u.0/24]}\n" : "      n%u: {}\n",
                   i, i >> 8, i & 255);
    }
    buf_append_str(text, "    links:\n");
    for (unsigned i = 0; i < links; i++) {
        buf_printf(text, "      l%u: {from: n%u, to: n%u}\n", i, i % nodes, (i + 1) % nodes);
    }
}

static void check_limit(unsigned nodes, unsigned links, unsigned attached, bool good)
{
    buf_t text = BUF_INIT;
    findings_t findings;
    findings_init(&findings, 0);
    write_ring(&text, nodes, links, attached);
    buf_append_char(&text, '\0');
    fixture_file_t file = {"a.yaml", text.ptr};
    model_t *model = fixture_model(&file, 1, &findings);
    assert_int_equal(model != NULL, good);
    if (!good) {
        assert_int_equal(findings.count, 1);
        assert_int_equal(findings.items[0].code, FINDING_LIMIT);
    }
    model_free(model);
    findings_release(&findings);
    buf_release(&text);
}

static void test_limits(void **state)
{
    (void)state;
    check_limit(4096, 4096, 10, true);
    check_limit(4097, 4096, 10, false);
    check_limit(100, 16384, 100, true);
    check_limit(100, 16385, 100, false);
    check_limit(1024, 16384, 1024, true);
    check_limit(1025, 16384, 1025, false);
}

static void test_nomem(void **state)
{
    (void)state;
    model_t *model = model_of(places);
    for (size_t n = 1;; n++) {
        long live = failmalloc_live();
        path_index_t *index = NULL;
        failmalloc_arm(n);
        err_t err = path_index_make(model->topologies, NULL, &index);
        if (!failmalloc_disarm()) {
            assert_int_equal(err, ERR_OK);
            path_index_unref(index);
            break;
        }
        assert_int_equal(err, ERR_NOMEM);
        assert_int_equal(failmalloc_live(), live);
    }
    model_free(model);
}

static void test_model_nomem(void **state)
{
    (void)state;
    const model_source_t source = {SLICE_LIT("a.yaml"), DOC_YAML, slice_str(places)};
    for (size_t n = 1;; n++) {
        long live = failmalloc_live();
        model_t *model = NULL;
        findings_t findings;
        findings_init(&findings, 0);
        failmalloc_arm(n);
        err_t err = model_build(&source, 1, NULL, &findings, &model);
        bool failed = failmalloc_disarm();
        findings_release(&findings);
        if (!failed) {
            assert_int_equal(err, ERR_OK);
            model_free(model);
            break;
        }
        assert_int_equal(err, ERR_NOMEM);
        assert_int_equal(failmalloc_live(), live);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),      cmocka_unit_test(test_places),
        cmocka_unit_test(test_given),       cmocka_unit_test(test_shared),
        cmocka_unit_test(test_limits),      cmocka_unit_test(test_nomem),
        cmocka_unit_test(test_model_nomem),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
