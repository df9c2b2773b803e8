/*
 * Network maps of routing tables and graphs: tables that are damaged in every place, merging
 * against a naive longest match, costs against relaxing every link, and memory that runs out.
 */
#include "fixture.h"

#include "ctl/import_graph.h"
#include "ctl/import_routes.h"
#include "failmalloc.h"
#include "prng.h"

#define SEEDS FPD_SOURCE_DIR "/tests/fuzz/corpus/"

/* A seed without its first byte, which is the fuzzer's. */
static buf_t seed(const char *name)
{
    char path[500], part[4096];
    buf_t out = BUF_INIT;
    size_t n;
    (void)snprintf(path, sizeof path, SEEDS "%s", name);
    FILE *f = fopen(path, "re");
    assert_non_null(f);
    assert_int_not_equal(fgetc(f), EOF);
    while ((n = fread(part, 1, sizeof part, f)) > 0) {
        buf_append(&out, part, n);
    }
    (void)fclose(f);
    return out;
}

/* ---- tables ---- */

typedef struct run {
    import_data_t d;
    import_routes_t r;
    bool fine;
    err_t opened;
} run_t;

static void run_table(run_t *t, slice_t bytes, bool mrt, bool skip)
{
    import_stream_t *s = NULL;
    buf_t why = BUF_INIT;
    import_data_init(&t->d);
    import_routes_init(&t->r, &t->d, SLICE_LIT("netmap"));
    t->d.file = t->d.base = SLICE_LIT("table");
    t->d.name = SLICE_LIT("table.yaml");
    t->d.skip = skip;
    t->fine = false;
    t->opened = import_stream_open_memory(bytes, &s, &why);
    if (!t->opened) {
        t->fine = import_routes_document(&t->r, s, mrt, 0, SLICE_LIT(""));
    }
    import_stream_free(s);
    buf_release(&why);
}

static void end_table(run_t *t)
{
    import_routes_release(&t->r);
    import_data_release(&t->d);
}

static run_t table; /* too large for a stack frame */

/* Cut anywhere: an error, but for the ends of records. */
static void test_cut_tables(void **state)
{
    (void)state;
    buf_t whole = seed("routes/origin");
    unsigned fine = 0, skipped = 0;
    for (size_t n = 0; n <= whole.len; n++) {
        run_table(&table, slice_of(whole.ptr, n), true, false);
        assert_true(table.fine || table.d.errors.errors);
        fine += table.fine;
        end_table(&table);
        run_table(&table, slice_of(whole.ptr, n), true, true);
        skipped += table.fine;
        end_table(&table);
    }
    assert_int_equal(fine, 5); /* behind each of the five prefixes */
    assert_true(skipped > fine);
    buf_release(&whole);
}

/* Every byte is another one once: nothing but findings comes of it. */
static void test_damaged_tables(void **state)
{
    static const char *const names[] = {"routes/origin", "routes/add-path", "routes/gzip",
                                        "routes/bzip2"};
    (void)state;
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        buf_t whole = seed(names[k]);
        for (size_t i = 0; i < whole.len; i++) {
            for (unsigned bit = 0; bit < 8; bit += 7) {
                whole.ptr[i] = (char)(whole.ptr[i] ^ (1 << bit));
                run_table(&table, buf_slice(&whole), true, bit);
                assert_false(table.d.failed);
                assert_true(table.fine || table.d.errors.errors);
                end_table(&table);
                whole.ptr[i] = (char)(whole.ptr[i] ^ (1 << bit));
            }
        }
        buf_release(&whole);
    }
}

/* What is compressed, in members, says what the plain table says. */
static void test_compressed(void **state)
{
    static const char *const names[] = {"routes/gzip", "routes/bzip2"};
    (void)state;
    buf_t plain = seed("routes/origin"), text = BUF_INIT;
    run_table(&table, buf_slice(&plain), true, false);
    assert_true(table.fine);
    buf_append_slice(&text, buf_slice(&table.d.documents[0].text));
    end_table(&table);
    for (size_t k = 0; k < 2; k++) {
        buf_t packed = seed(names[k]);
        run_table(&table, buf_slice(&packed), true, false);
        assert_true(table.fine);
        assert_true(slice_eq(buf_slice(&table.d.documents[0].text), buf_slice(&text)));
        end_table(&table);
        for (size_t n = 5; n < packed.len; n += 7) {
            run_table(&table, slice_of(packed.ptr, n), true, false);
            assert_false(table.fine);
            end_table(&table);
        }
        buf_release(&packed);
    }
    buf_release(&plain);
    buf_release(&text);
}

static void test_memory(void **state)
{
    static const struct {
        const char *name;
        bool mrt;
    } cases[] = {{"routes/origin", true}, {"routes/cut", true}, {"routes/pfx2as", false}};
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        buf_t whole = seed(cases[k].name), want = BUF_INIT;
        run_table(&table, buf_slice(&whole), cases[k].mrt, true);
        assert_true(table.fine);
        buf_append_slice(&want, buf_slice(&table.d.documents[0].text));
        end_table(&table);
        long live = failmalloc_live();
        bool refused = true;
        size_t n = 1;
        for (; refused; n++) {
            failmalloc_arm(n);
            run_table(&table, buf_slice(&whole), cases[k].mrt, true);
            refused = failmalloc_disarm();
            bool nomem = table.d.failed || table.opened == ERR_NOMEM;
            assert_true(nomem != table.fine && (refused || table.fine));
            /* Some sorting can do without. */
            assert_true(nomem || slice_eq(buf_slice(&table.d.documents[0].text), buf_slice(&want)));
            end_table(&table);
            assert_int_equal(failmalloc_live(), live);
        }
        assert_true(n > 50);
        buf_release(&whole);
        buf_release(&want);
    }
}

/* ---- merging ---- */

#define ROUNDS 3000

/* A small world at the end of the address space of either family: prefixes of the last 6 bits. */
static prefix_t random_prefix(prng_t *rng, bool v6)
{
    unsigned len = (unsigned)prng_below(rng, 7), at = (unsigned)prng_below(rng, 64);
    at &= 0x3fu & ~(0x3fu >> len);
    prefix_t p = {.family = v6 ? FAMILY_IPV6 : FAMILY_IPV4};
    if (v6) {
        p.u.v6 = (prefix6_t){{UINT64_MAX, UINT64_MAX - 63 + at}, (uint8_t)(122 + len)};
    } else {
        p.u.v4 = (prefix4_t){UINT32_MAX - 63 + at, (uint8_t)(26 + len)};
    }
    return p;
}

/* The PID by longest match; IMPORT_NO_PID: none. */
static uint32_t match(const import_pids_t *p, unsigned family, unsigned at)
{
    uint32_t best = IMPORT_NO_PID;
    int longest = -1;
    for (size_t i = 0; i < p->prefix_count; i++) {
        const import_pid_prefix_t *x = &p->prefixes[i];
        unsigned host = (x->family == FAMILY_IPV4 ? 32u : 128u) - x->len;
        if (x->family == family && x->len > longest &&
            (x->addr.lo & 63) >> host == (uint64_t)at >> host) {
            longest = x->len;
            best = x->pid;
        }
    }
    return best;
}

static void test_merging(void **state)
{
    (void)state;
    prng_t rng = prng_start();
    size_t merged = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        import_data_t d;
        import_pids_t p;
        uint32_t before[FAMILY_COUNT][64];
        import_data_init(&d);
        import_pids_init(&p, &d, SLICE_LIT("netmap"));
        unsigned pids = 1 + (unsigned)prng_below(&rng, 3);
        for (uint64_t n = prng_below(&rng, 60); n > 0; n--) {
            static const char *const names[] = {"a", "b", "c"};
            prefix_t prefix = random_prefix(&rng, prng_below(&rng, 2));
            uint32_t pid = import_pids_find(&p, slice_str(names[prng_below(&rng, pids)]));
            assert_true(import_pids_add(&p, &prefix, pid, 0));
        }
        import_pids_sort(&p);
        size_t count = p.prefix_count;
        for (unsigned at = 0; at < 128; at++) {
            before[at / 64][at % 64] = match(&p, at / 64, at % 64);
        }
        assert_true(import_pids_merge(&p));
        assert_int_equal(count - p.prefix_count, p.merged);
        merged += p.merged;
        for (unsigned at = 0; at < 128; at++) {
            assert_int_equal(match(&p, at / 64, at % 64), before[at / 64][at % 64]);
        }
        size_t total = 0;
        for (size_t i = 0; i < p.count; i++) {
            total += p.pids[i].prefixes;
        }
        assert_int_equal(total, p.prefix_count);
        /* Merging again finds nothing. */
        size_t again = p.merged;
        assert_true(import_pids_merge(&p));
        assert_int_equal(p.merged, again);
        import_pids_release(&p);
        import_data_release(&d);
    }
    assert_true(merged > ROUNDS);
}

/* ---- graphs ---- */

static void relax(const import_graph_t *g, uint32_t pid, import_metric_t metric, uint64_t *out)
{
    for (size_t i = 0; i < g->node_count; i++) {
        out[i] = g->nodes[i].pid == pid ? 0 : IMPORT_UNREACHABLE;
    }
    for (size_t round = 0; round < g->node_count; round++) {
        for (size_t i = 0; i < g->link_count; i++) {
            const import_link_t *l = &g->links[i];
            uint64_t step = metric == IMPORT_HOPCOUNT ? 1 : l->metric;
            if (out[l->from] != IMPORT_UNREACHABLE && out[l->from] + step < out[l->to]) {
                out[l->to] = out[l->from] + step;
            }
        }
    }
}

/* Tables of links and nodes, of which some are PIDs and some share one. */
static void random_tables(prng_t *rng, unsigned nodes, buf_t *links, buf_t *places)
{
    buf_append_str(links, "from,to,metric\n");
    buf_append_str(places, "node,prefix,pid\n");
    for (uint64_t n = prng_below(rng, 3 * nodes); n > 0; n--) {
        buf_printf(links, "n%u,n%u,%u\n", (unsigned)prng_below(rng, nodes),
                   (unsigned)prng_below(rng, nodes), (unsigned)prng_below(rng, 6));
    }
    for (unsigned i = 0; i < nodes; i++) {
        static const char *const pids[] = {"", "x", "y"};
        buf_printf(places, "n%u,%s%u%s,%s\n", i, prng_below(rng, 2) ? "10." : "172.", i, ".0.0/16",
                   pids[prng_below(rng, 3)]);
    }
}

static void test_costs(void **state)
{
    (void)state;
    prng_t rng = prng_start();
    size_t reached = 0;
    for (unsigned round = 0; round < 500; round++) {
        import_data_t d;
        import_graph_t g;
        buf_t links = BUF_INIT, places = BUF_INIT;
        uint64_t want[40];
        import_paths_t paths;
        import_data_init(&d);
        import_graph_init(&g, &d, SLICE_LIT("netmap"));
        g.symmetric = prng_below(&rng, 2);
        random_tables(&rng, 2 + (unsigned)prng_below(&rng, 30), &links, &places);
        assert_true(import_graph_csv(&g, buf_slice(&links), buf_slice(&places), SLICE_LIT("n")));
        assert_int_equal(d.errors.errors, 0);
        assert_true(import_graph_finish(&g) && import_paths_init(&paths, &g));
        for (uint32_t pid = 0; pid < g.pids.count; pid++) {
            for (unsigned m = 0; m < IMPORT_METRIC_COUNT; m++) {
                relax(&g, pid, (import_metric_t)m, want);
                import_paths_from(&paths, pid, (import_metric_t)m);
                for (size_t i = 0; i < g.node_count; i++) {
                    assert_true(paths.distances[i] == want[i]);
                    reached += want[i] != IMPORT_UNREACHABLE;
                }
            }
        }
        import_paths_release(&paths);
        import_graph_release(&g);
        import_data_release(&d);
        buf_release(&links);
        buf_release(&places);
    }
    assert_true(reached > 10000);
}

static bool run_graph(import_data_t *d, slice_t text, bool files)
{
    import_graph_t g;
    import_data_init(d);
    import_graph_init(&g, d, SLICE_LIT("netmap"));
    d->file = d->base = SLICE_LIT("graph");
    d->name = SLICE_LIT("graph.yaml");
    d->aggregate = true;
    g.to_files = files;
    g.metrics[IMPORT_HOPCOUNT] = g.metrics[IMPORT_IGP] = true;
    bool fine = import_graph_json(&g, text) && import_graph_finish(&g) &&
                import_graph_document(&g, false);
    import_graph_release(&g);
    return fine;
}

static void test_memory_of_graphs(void **state)
{
    (void)state;
    for (unsigned files = 0; files < 2; files++) {
        buf_t text = seed("graph/json");
        long live = failmalloc_live();
        bool refused = true;
        size_t n = 1;
        for (; refused; n++) {
            import_data_t d;
            failmalloc_arm(n);
            bool fine = run_graph(&d, buf_slice(&text), files);
            refused = failmalloc_disarm();
            assert_true(d.failed != fine && (refused || fine));
            import_data_release(&d);
            assert_int_equal(failmalloc_live(), live);
        }
        assert_true(n > 50);
        buf_release(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut_tables),       cmocka_unit_test(test_damaged_tables),
        cmocka_unit_test(test_compressed),       cmocka_unit_test(test_memory),
        cmocka_unit_test(test_merging),          cmocka_unit_test(test_costs),
        cmocka_unit_test(test_memory_of_graphs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
