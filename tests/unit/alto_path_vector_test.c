/* Answers with path vectors: groups against their definition, names, limits, failing memory. */
#include "fixture.h"

#include "alto/path_vector.h"

#include "failmalloc.h"
#include "prng.h"

#define TYPE  "\"cost-type\":{\"cost-mode\":\"array\",\"cost-metric\":\"ane-path\"}"
#define COSTS "/t-pv"

static const char head[] = "version: 1\nnetwork-maps: {m: {pids: {p: {ipv4: [0.0.0.0/0]}}}}\n"
                           "topologies:\n  t:\n    network-map: m\n    public: true\n"
                           "    max-reservable-bandwidth: true\n";

static const path_vector_content_t *content_of(const snapshot_t *s)
{
    return fixture_resource(s, COSTS)->content;
}

/* ---- groups, against their definition ---- */

#define NODES 8
#define LINKS 14
#define ENDS  4

typedef struct world {
    snapshot_t *snapshot;
    const path_vector_content_t *content;
    uint32_t from[ENDS], to[ENDS];
    size_t from_count, to_count;
    uint8_t passed[ENDS * ENDS]; /* where some pairs are not in the answer */
    bool masked;
} world_t;

static void make_world(world_t *w, prng_t *p, bool aggregate)
{
    buf_t text = BUF_INIT;
    buf_printf(&text, "%s    aggregate: %s\n    elements: {e: {}}\n    nodes:\n", head,
               aggregate ? "true" : "false");
    for (unsigned i = 0; i < NODES; i++) {
        buf_printf(&text, "      n%u: {cidr: [10.%u.0.0/16]", i, i);
        if (prng_below(p, 4) == 0) {
            buf_printf(&text, ", capacity: %u", 1 + (unsigned)prng_below(p, 9));
        }
        buf_append_str(&text, prng_below(p, 6) ? "}\n" : ", element: e}\n");
    }
    buf_append_str(&text, "    links:\n");
    for (unsigned i = 0; i < LINKS; i++) {
        unsigned from = (unsigned)prng_below(p, NODES);
        unsigned to = (from + 1 + (unsigned)prng_below(p, NODES - 1)) % NODES;
        buf_printf(&text, "      l%u: {from: n%u, to: n%u", i, from, to);
        if (prng_below(p, 4)) {
            buf_printf(&text, ", capacity: %u", 1 + (unsigned)prng_below(p, 9));
        }
        buf_append_str(&text, prng_below(p, 8) ? "}\n" : ", element: e}\n");
    }
    buf_append_char(&text, '\0');
    w->snapshot = fixture_one(text.ptr);
    w->content = content_of(w->snapshot);
    w->from_count = 1 + (size_t)prng_below(p, ENDS);
    w->to_count = 1 + (size_t)prng_below(p, ENDS);
    for (size_t i = 0; i < ENDS; i++) {
        w->from[i] = (uint32_t)prng_below(p, NODES);
        w->to[i] = prng_below(p, 9) ? (uint32_t)prng_below(p, NODES) : TOPOLOGY_NONE;
    }
    w->masked = prng_below(p, 2);
    for (size_t i = 0; i < ENDS * ENDS; i++) {
        w->passed[i] = (uint8_t)prng_below(p, 2);
    }
    buf_release(&text);
}

/* The elements of a path, by the index alone; PATH_NONE: there is none, or it is not asked for. */
static size_t expand(const world_t *w, size_t pair, uint32_t *out)
{
    const model_topology_t *t = w->content->topology;
    uint32_t arcs[NODES], from = w->from[pair / w->to_count], to = w->to[pair % w->to_count];
    bool left_out = w->masked && !w->passed[pair];
    size_t n = 0, count = to == TOPOLOGY_NONE || left_out
                              ? PATH_NONE
                              : path_index_get(w->content->index, t, from, to, arcs);
    if (count == PATH_NONE) {
        return PATH_NONE;
    }
    if (topology_node_shown(&t->nodes[from])) {
        out[n++] = 2 * LINKS + from;
    }
    for (size_t i = 0; i < count; i++) {
        uint32_t node = topology_arc_to(t, arcs[i]);
        out[n++] = arcs[i];
        if (topology_node_shown(&t->nodes[node])) {
            out[n++] = 2 * LINKS + node;
        }
    }
    return n;
}

static const topology_capacity_t *capacity_of(const model_topology_t *t, uint32_t element)
{
    return element < 2 * LINKS ? &t->links[element / 2].capacity
                               : &t->nodes[element - 2 * LINKS].capacity;
}

static uint32_t public_of(const model_topology_t *t, uint32_t element)
{
    return element < 2 * LINKS ? t->links[element / 2].element
                               : t->nodes[element - 2 * LINKS].element;
}

#define ELEMENTS (2 * LINKS + NODES)

/* Which pairs' paths each element is in. */
static void find_users(const world_t *w, uint32_t users[ELEMENTS])
{
    for (size_t pair = 0; pair < w->from_count * w->to_count; pair++) {
        uint32_t path[2 * NODES];
        size_t n = expand(w, pair, path);
        for (size_t i = 0; n != PATH_NONE && i < n; i++) {
            users[path[i]] |= 1u << pair;
        }
    }
}

static void check_table(const world_t *w, const path_table_t *table, bool aggregate)
{
    const model_topology_t *t = w->content->topology;
    uint32_t users[ELEMENTS] = {0}, place[ELEMENTS];
    bool used[ELEMENTS] = {false};
    find_users(w, users);
    for (size_t pair = 0; pair < w->from_count * w->to_count; pair++) {
        uint32_t path[2 * NODES];
        size_t n = expand(w, pair, path), k = 0, length;
        const uint32_t *at;
        assert_int_equal(path_table_get(table, pair, &at, &length), n != PATH_NONE);
        if (n == PATH_NONE) {
            assert_int_equal(length, 0);
            continue;
        }
        /* Each is where its group begins on this path, or the group was there. */
        for (size_t i = 0; i < n; i++) {
            uint32_t e = path[i];
            bool there = false;
            for (size_t j = 0; j < k; j++) {
                there |= used[e] && at[j] == place[e];
                for (size_t b = 0; b < i && !used[e]; b++) {
                    there |= aggregate && users[path[b]] == users[e] && at[j] == place[path[b]] &&
                             public_of(t, e) == TOPOLOGY_NONE &&
                             public_of(t, path[b]) == TOPOLOGY_NONE;
                }
            }
            if (!there) {
                assert_true(k < length);
                place[e] = at[k++];
            } else if (!used[e]) {
                for (size_t b = 0; b < i; b++) {
                    if (users[path[b]] == users[e] && public_of(t, path[b]) == TOPOLOGY_NONE) {
                        place[e] = place[path[b]];
                    }
                }
            }
            used[e] = true;
        }
        assert_int_equal(k, length);
    }
    /* Two are one exactly when they always go together and neither is public. */
    for (uint32_t x = 0; x < ELEMENTS; x++) {
        topology_capacity_t least = {0, false};
        for (uint32_t y = 0; used[x] && y < ELEMENTS; y++) {
            if (!used[y]) {
                continue;
            }
            bool one = x == y ||
                       (aggregate && users[x] == users[y] && public_of(t, x) == TOPOLOGY_NONE &&
                        public_of(t, y) == TOPOLOGY_NONE);
            assert_int_equal(place[x] == place[y], one);
            const topology_capacity_t *c = capacity_of(t, y);
            if (one && c->known && (!least.known || c->value < least.value)) {
                least = *c;
            }
        }
        if (used[x]) {
            const ane_t *ane = &table->anes[place[x]];
            assert_int_equal(ane->capacity.known, least.known);
            assert_int_equal(ane->capacity.value, least.value);
            assert_int_equal(ane->element, public_of(t, x));
        }
    }
    for (size_t x = 0; x < table->ane_count; x++) {
        for (size_t y = 0; y < x; y++) {
            assert_memory_not_equal(table->anes[x].name, table->anes[y].name, ANE_NAME_LEN);
        }
    }
}

static void test_random(void **state)
{
    (void)state;
    static const uint8_t key[BLOCK_SIZE] = "sixteen bytes...";
    prng_t p = prng_start();
    for (unsigned round = 0; round < 400; round++) {
        bool aggregate = round % 4 != 0;
        world_t w;
        path_table_t table;
        make_world(&w, &p, aggregate);
        const cost_side_t from = {NULL, w.from, w.from_count}, to = {NULL, w.to, w.to_count};
        assert_int_equal(path_table_fill(&table, w.content, &from, &to, w.masked ? w.passed : NULL,
                                         round % 2 ? key : NULL),
                         ERR_OK);
        check_table(&w, &table, aggregate);
        path_table_release(&table);
        snapshot_unref(w.snapshot);
    }
}

/* ---- names ---- */

static snapshot_t *line_of_nodes(unsigned nodes, unsigned every)
{
    buf_t text = BUF_INIT;
    buf_printf(&text, "%s    nodes:\n", head);
    for (unsigned i = 0; i < nodes; i++) {
        buf_printf(&text, i % every ? "      n%u: {}\n" : "      n%u: {cidr: [10.%u.%u.0/24]}\n", i,
                   i / every >> 8, i / every & 255);
    }
    buf_append_str(&text, "    links:\n");
    for (unsigned i = 0; i + 1 < nodes; i++) {
        buf_printf(&text, "      l%u: {from: n%u, to: n%u}\n", i, i, i + 1);
    }
    buf_append_char(&text, '\0');
    snapshot_t *s = fixture_one(text.ptr);
    buf_release(&text);
    return s;
}

static buf_t ask(const snapshot_t *s, const char *request, const uint8_t *key,
                 alto_answer_t *answer)
{
    const alto_limits_t limits = {.ane_key = key};
    return fixture_post_limited(s, "/t-endpoint-cost-pv", slice_str(request), &limits, answer);
}

/* Of one request, names are those of the key and of nothing else. */
static void test_names(void **state)
{
    (void)state;
    static const char request[] =
        "{" TYPE ",\"endpoints\":{\"srcs\":[\"ipv4:10.0.0.1\"],\"dsts\":[\"ipv4:10.0.3.1\"]}}";
    static const uint8_t one[BLOCK_SIZE] = {1}, two[BLOCK_SIZE] = {2};
    const uint8_t *const keys[] = {NULL, one, two};
    buf_t texts[3];
    snapshot_t *s = line_of_nodes(5, 1), *again = line_of_nodes(5, 1);
    for (size_t i = 0; i < 3; i++) {
        alto_answer_t answer;
        texts[i] = ask(s, request, keys[i], &answer);
        assert_int_equal(answer.status, 200);
        assert_int_equal(answer.entities, 1);
        buf_t same = ask(again, request, keys[i], &answer);
        assert_string_equal(texts[i].ptr, same.ptr);
        buf_release(&same);
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(texts[i].ptr, texts[k].ptr);
        }
    }
    for (size_t i = 0; i < 3; i++) {
        buf_release(&texts[i]);
    }
    snapshot_unref(s);
    snapshot_unref(again);
}

/* FIPS 197, appendix C.1: that the permutation is the one it is said to be. */
static void test_permutation(void **state)
{
    (void)state;
    uint8_t key[BLOCK_SIZE], blocks[2 * BLOCK_SIZE];
    static const uint8_t want[BLOCK_SIZE] = {0x69, 0xc4, 0xe0, 0xd8, 0x6a, 0x7b, 0x04, 0x30,
                                             0xd8, 0xcd, 0xb7, 0x80, 0x70, 0xb4, 0xc5, 0x5a};
    for (unsigned i = 0; i < BLOCK_SIZE; i++) {
        key[i] = (uint8_t)i;
        blocks[i] = blocks[BLOCK_SIZE + i] = (uint8_t)(17 * i);
    }
    assert_int_equal(blocks_permute(key, blocks, 2), ERR_OK);
    assert_memory_equal(blocks, want, BLOCK_SIZE);
    assert_memory_equal(blocks + BLOCK_SIZE, want, BLOCK_SIZE);
}

/* ---- limits and failures ---- */

static void test_too_many_elements(void **state)
{
    (void)state;
    snapshot_t *s = line_of_nodes(4096, 64);
    buf_t request = BUF_INIT;
    alto_answer_t answer;
    buf_append_str(&request, "{" TYPE ",\"endpoints\":{");
    for (unsigned side = 0; side < 2; side++) {
        buf_append_str(&request, side ? "],\"dsts\":[" : "\"srcs\":[");
        for (unsigned i = 0; i < 64; i++) {
            buf_printf(&request, "%s\"ipv4:10.0.%u.1\"", i ? "," : "", i);
        }
    }
    buf_append_str(&request, "]}}");
    buf_append_char(&request, '\0');
    buf_t text = ask(s, request.ptr, NULL, &answer);
    assert_int_equal(answer.status, 413);
    assert_int_equal(answer.size, 0);
    buf_release(&text);
    buf_release(&request);
    snapshot_unref(s);
}

/* ---- beside other costs, and as a tree ---- */

#define PATHS   "{\"cost-mode\":\"array\",\"cost-metric\":\"ane-path\"}"
#define ROUTING "{\"cost-mode\":\"numerical\",\"cost-metric\":\"routingcost\"}"
#define RANKS   "{\"cost-mode\":\"ordinal\",\"cost-metric\":\"routingcost\"}"
#define ASKED(types, srcs, dsts)                                                                   \
    "{" types ",\"ane-property-names\":[\"persistent-entity-id\",\"max-reservable-bandwidth\"],"   \
    "\"endpoints\":{\"srcs\":[" srcs "],\"dsts\":[" dsts "]}}"
#define FROM "\"ipv4:10.0.0.1\""
#define TO   "\"ipv4:10.1.0.1\",\"ipv4:10.2.0.1\",\"ipv4:10.3.0.1\""

static const char *const requests[] = {
    ASKED("\"cost-type\":" PATHS, FROM, TO),
    ASKED("\"multi-cost-types\":[" PATHS "," ROUTING "],\"constraints\":[\"[1] le 5\"]", FROM, TO),
    ASKED("\"cost-type\":" RANKS, FROM, TO),
};
#define REQUESTS (sizeof requests / sizeof *requests)

/* What is followed is what is answered, byte for byte. */
static void test_trees(void **state)
{
    (void)state;
    static const uint8_t key[BLOCK_SIZE] = {9};
    const alto_limits_t limits = {.ane_key = key};
    prng_t p = prng_start();
    for (unsigned round = 0; round < 40; round++) {
        world_t w;
        make_world(&w, &p, round % 2);
        const resource_t *r = fixture_resource(w.snapshot, "/t-endpoint-cost-pv");
        for (size_t i = 0; i < REQUESTS; i++) {
            alto_answer_t answer, refused;
            buf_t want = ask(w.snapshot, requests[i], key, &answer), got = BUF_INIT;
            nodes_t nodes;
            arena_t arena;
            node_t *root = NULL;
            assert_int_equal(answer.status, 200);
            arena_init(&arena, 0);
            nodes_init(&nodes, NULL, NULL);
            assert_int_equal(
                r->kind->tree(r, slice_str(requests[i]), &limits, &arena, &refused, &nodes, &root),
                ERR_OK);
            message_write(r->kind->message, root, &got);
            buf_append_char(&got, '\0');
            assert_string_equal(got.ptr, want.ptr);
            nodes_release(&nodes);
            arena_release(&arena);
            buf_release(&want);
            buf_release(&got);
        }
        snapshot_unref(w.snapshot);
    }
}

static void fail_answer(const resource_t *r, slice_t request)
{
    for (size_t n = 1;; n++) {
        long live = failmalloc_live();
        arena_t arena;
        alto_answer_t answer;
        arena_init(&arena, 0);
        failmalloc_arm(n);
        err_t err = r->kind->answer(r, request, NULL, &arena, &answer);
        bool failed = failmalloc_disarm();
        assert_int_equal(err, failed ? ERR_NOMEM : ERR_OK);
        assert_true(failed || answer.status == 200);
        arena_release(&arena);
        assert_int_equal(failmalloc_live(), live);
        if (!failed) {
            break;
        }
    }
}

static void fail_tree(const resource_t *r, slice_t request)
{
    for (size_t n = 1;; n++) {
        long live = failmalloc_live();
        arena_t arena;
        alto_answer_t refused;
        nodes_t nodes;
        node_t *root = NULL;
        arena_init(&arena, 0);
        nodes_init(&nodes, NULL, NULL);
        failmalloc_arm(n);
        err_t err = r->kind->tree(r, request, NULL, &arena, &refused, &nodes, &root);
        bool failed = failmalloc_disarm();
        assert_int_equal(err, failed ? ERR_NOMEM : ERR_OK);
        nodes_release(&nodes);
        arena_release(&arena);
        assert_int_equal(failmalloc_live(), live);
        if (!failed) {
            break;
        }
    }
}

static void test_nomem(void **state)
{
    (void)state;
    prng_t p = prng_start();
    world_t w;
    make_world(&w, &p, true);
    const resource_t *r = fixture_resource(w.snapshot, "/t-endpoint-cost-pv");
    for (size_t i = 0; i < REQUESTS; i++) {
        fail_answer(r, slice_str(requests[i]));
        fail_tree(r, slice_str(requests[i]));
    }
    snapshot_unref(w.snapshot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),      cmocka_unit_test(test_names),
        cmocka_unit_test(test_permutation), cmocka_unit_test(test_too_many_elements),
        cmocka_unit_test(test_trees),       cmocka_unit_test(test_nomem),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
