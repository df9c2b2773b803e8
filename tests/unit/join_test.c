/*
 * The join against a naive matcher that knows nothing of it: random documents, random databases,
 * and every boundary of every prefix and range, one address before and one behind.
 */
#include "footprintd/join/index.h"

#include "footprintd/net/range.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

/* ---- randomness with a seed that a failure can be repeated with ---- */

static uint64_t state;

static uint32_t rnd(uint32_t below)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(state >> 33) % below;
}

/* ---- naive matcher ---- */

typedef struct context {
    addr_t addr;
    const geo_record_t *country, *city, *asn; /* NULL: unknown */
    const model_network_map_t *map;
} context_t;

static bool in_v4(prefix4_t p, uint32_t a)
{
    return p.len == 0 || (a ^ p.addr) >> (32 - p.len) == 0;
}

static bool in_v6(prefix6_t p, u128_t a)
{
    for (unsigned bit = 0; bit < p.len; bit++) {
        uint64_t x = bit < 64 ? a.hi >> (63 - bit) : a.lo >> (127 - bit);
        uint64_t y = bit < 64 ? p.addr.hi >> (63 - bit) : p.addr.lo >> (127 - bit);
        if ((x ^ y) & 1) {
            return false;
        }
    }
    return true;
}

/* The PID of the longest prefix that holds the address. */
static const model_pid_t *naive_pid(const context_t *c)
{
    const model_pid_t *best = NULL;
    int longest = -1;
    for (size_t i = 0; i < c->map->pid_count; i++) {
        const model_pid_t *pid = &c->map->pids[i];
        if (c->addr.family == FAMILY_IPV4) {
            for (size_t k = 0; k < pid->v4_count; k++) {
                if (in_v4(pid->v4[k], c->addr.u.v4) && pid->v4[k].len > longest) {
                    longest = pid->v4[k].len;
                    best = pid;
                }
            }
        } else {
            for (size_t k = 0; k < pid->v6_count; k++) {
                if (in_v6(pid->v6[k], c->addr.u.v6) && pid->v6[k].len > longest) {
                    longest = pid->v6[k].len;
                    best = pid;
                }
            }
        }
    }
    return best;
}

static bool naive_value(const fp_values_t *v, size_t i, const context_t *c)
{
    switch (v->type) {
    case FP_IPV4CIDR:
        return c->addr.family == FAMILY_IPV4 && in_v4(v->u.v4[i], c->addr.u.v4);
    case FP_IPV6CIDR:
        return c->addr.family == FAMILY_IPV6 && in_v6(v->u.v6[i], c->addr.u.v6);
    case FP_ASN:
        return c->asn && c->asn->has_asn && c->asn->asn == v->u.asn[i];
    case FP_COUNTRYCODE:
        return c->country && c->country->country && c->country->country == v->u.code[i];
    case FP_SUBDIVISIONCODE:
        for (size_t s = 0; c->city && s < c->city->subdivision_count; s++) {
            if (c->city->subdivisions[s] == v->u.code[i]) {
                return true;
            }
        }
        return false;
    case FP_ALTOPID: {
        const model_pid_t *pid = naive_pid(c);
        return pid && slice_eq(pid->name, v->u.pid[i]);
    }
    default:
        return false;
    }
}

static bool naive_list(const fp_values_t *v, const context_t *c)
{
    for (size_t i = 0; i < v->count; i++) {
        if (naive_value(v, i, c)) {
            return true;
        }
    }
    return false;
}

static bool naive_covers(const fp_set_t *set, const context_t *c)
{
    for (size_t i = 0; i < set->count; i++) {
        const fp_constraint_t *constraint = &set->constraints[i];
        bool any = false;
        if (constraint->type != FP_UNION) {
            any = naive_list(constraint->values, c);
        }
        for (size_t m = 0; m < constraint->member_count && !any; m++) {
            any = naive_list(constraint->members[m], c);
        }
        if (!any) {
            return false;
        }
    }
    return true;
}

/* ---- random input ---- */

/* Few distinct bits, so that prefixes nest, touch and repeat. */
static uint32_t random_v4(void)
{
    uint32_t a = rnd(4) == 0 ? rnd(4) << 30 : 0xc0000000u;
    return a | rnd(8) << 21 | rnd(4) << 12 | rnd(4) << 6 | rnd(4);
}

static u128_t random_v6(void)
{
    u128_t a = {UINT64_C(0x20010db8) << 32 | (uint64_t)rnd(4) << 30 | rnd(4) << 15, rnd(8)};
    a.lo |= (uint64_t)rnd(3) << 62;
    if (rnd(6) == 0) {
        a.hi = (uint64_t)rnd(4) << 62;
    }
    return a;
}

static void append_prefix(buf_t *out, bool v6)
{
    char text[PREFIX_TEXT_MAX];
    if (v6) {
        unsigned len = rnd(5) == 0 ? rnd(129) : 30 + rnd(99);
        u128_t a = random_v6();
        if (len < 64) {
            a = (u128_t){len ? a.hi >> (64 - len) << (64 - len) : 0, 0};
        } else if (len < 128) {
            a.lo = len == 64 ? 0 : a.lo >> (128 - len) << (128 - len);
        }
        (void)prefix_format_v6((prefix6_t){a, (uint8_t)len}, text);
    } else {
        unsigned len = rnd(5) == 0 ? rnd(33) : 8 + rnd(25);
        uint32_t a = random_v4();
        a = len ? a >> (32 - len) << (32 - len) : 0;
        (void)prefix_format_v4((prefix4_t){a, (uint8_t)len}, text);
    }
    buf_printf(out, "\"%s\"", text);
}

static const char *const countries[] = {"de", "at", "us", "mx", "gb"};
static const char *const subdivisions[] = {"us-ny", "us-nj", "gb-eng", "gb-wbk", "de-by"};
static const char *const pids[] = {"p0", "p1", "p2", "p3", "pid-default"};

static void append_list(buf_t *out, unsigned kind)
{
    buf_append_char(out, '[');
    for (uint32_t i = 0, n = 1 + rnd(4); i < n; i++) {
        buf_append_str(out, i ? ", " : "");
        switch (kind) {
        case 0:
            append_prefix(out, rnd(2));
            break;
        case 1:
            buf_printf(out, "as%u", 64496 + rnd(6));
            break;
        case 2:
            buf_append_str(out, countries[rnd(5)]);
            break;
        case 3:
            buf_append_str(out, subdivisions[rnd(5)]);
            break;
        default:
            buf_append_str(out, pids[rnd(5)]);
            break;
        }
    }
    buf_append_char(out, ']');
}

static const char *const keys[] = {"cidr", "asn", "countrycode", "subdivisioncode", "altopid"};

static void append_footprint(buf_t *out, unsigned n)
{
    buf_printf(out, "  f%u:\n", n);
    bool any = false;
    unsigned one = rnd(5);
    for (unsigned kind = 0; kind < 5; kind++) {
        if (kind == one || rnd(6) == 0) {
            buf_printf(out, "    %s: ", keys[kind]);
            append_list(out, kind);
            buf_append_char(out, '\n');
            any = true;
        }
    }
    if (!any || rnd(3) == 0) {
        buf_append_str(out, "    footprintunion:\n");
        for (uint32_t i = 0, k = 1 + rnd(3); i < k; i++) {
            unsigned kind = rnd(5);
            buf_printf(out, "      - {%s: ", keys[kind]);
            append_list(out, kind);
            buf_append_str(out, "}\n");
        }
    }
}

/*
 * A random document; the ones that say what no address can meet (a cidr of one family beside a
 * union of the other) are refused by the model and drawn again.
 */
static model_t *random_model(buf_t *text)
{
    for (;;) {
        buf_clear(text);
        buf_append_str(text, "footprints:\n");
        unsigned count = 1 + rnd(8);
        for (unsigned n = 0; n < count; n++) {
            append_footprint(text, n);
        }
        buf_append_str(text, "capabilities:\n"
                             "  - capability-type: FCI.RedirectionMode\n"
                             "    capability-value: {redirection-modes: [DNS-I]}\n"
                             "    footprints: [");
        for (unsigned n = 0; n < count; n++) {
            buf_printf(text, "%sf%u", n ? ", " : "", n);
        }
        buf_append_str(text, "]\nnetwork-maps:\n  netmap:\n    pids:\n");
        for (unsigned p = 0; p < 5; p++) {
            buf_printf(text, "      %s: {ipv4: [", pids[p]);
            if (p < 4 && rnd(3)) {
                append_prefix(text, false);
            } else if (p == 4) {
                buf_append_str(text, "0.0.0.0/0");
            }
            buf_append_str(text, "], ipv6: [");
            if (p < 4 && rnd(3)) {
                append_prefix(text, true);
            }
            buf_append_str(text, "]}\n");
        }
        assert_false(buf_failed(text));
        findings_t findings;
        findings_init(&findings, 0);
        model_source_t source = {SLICE_LIT("random.yaml"), DOC_YAML, buf_slice(text)};
        model_t *model = NULL;
        err_t err = model_build(&source, 1, NULL, &findings, &model);
        for (size_t i = 0; err && i < findings.count; i++) {
            finding_code_t code = findings.items[i].code;
            if (finding_infos[code].severity == SEVERITY_ERROR && code != FINDING_NULL_FOOTPRINT &&
                code != FINDING_DUPLICATE_PREFIX) {
                fail_msg("%.*s\n%.*s", SLICE_ARG(findings.items[i].text),
                         SLICE_ARG(buf_slice(text)));
            }
        }
        findings_release(&findings);
        if (!err) {
            return model;
        }
    }
}

static geo_code_t code(const char *text)
{
    geo_code_t c = 0;
    for (size_t i = 0; text[i]; i++) {
        c |= (geo_code_t)(unsigned char)text[i] << (56 - 8 * i);
    }
    return c;
}

/* Random ranges over a few records. */
static geo_table_t random_table(attribute_source_t source)
{
    geo_table_t t = {0};
    t.record_count = 7;
    t.records = calloc(t.record_count, sizeof *t.records);
    assert_non_null(t.records);
    for (size_t i = 1; i < t.record_count; i++) {
        geo_record_t *r = &t.records[i];
        if (source == ATTRIBUTE_COUNTRY) {
            r->country = i < 6 ? code(countries[i - 1]) : code("fr");
        } else if (source == ATTRIBUTE_CITY) {
            r->subdivisions[0] = code(subdivisions[rnd(5)]);
            r->subdivision_count = 1;
            if (rnd(2)) {
                r->subdivisions[r->subdivision_count++] = code(subdivisions[rnd(5)]);
            }
        } else {
            r->has_asn = true;
            r->asn = 64495 + (uint32_t)i;
        }
    }
    join_ranges_t r4, r6;
    join_ranges_init(&r4, FAMILY_IPV4);
    join_ranges_init(&r6, FAMILY_IPV6);
    u128_t at4 = {0, 0}, at6 = {0, 0};
    for (int i = 0; i < 40; i++) {
        assert_int_equal(join_ranges_append(&r4, at4, rnd(7)), ERR_OK);
        assert_int_equal(join_ranges_append(&r6, at6, rnd(7)), ERR_OK);
        u128_t next4 = {0, random_v4()}, next6 = random_v6();
        if (u128_cmp(next4, at4) > 0) {
            at4 = next4;
        }
        if (u128_cmp(next6, at6) > 0) {
            at6 = next6;
        }
    }
    t.v4 = (geo_ranges4_t){r4.start4, r4.id, r4.count};
    t.v6 = (geo_ranges6_t){r6.start6, r6.id, r6.count};
    return t;
}

/* ---- the comparison ---- */

typedef struct probe_state {
    const model_t *model;
    const join_index_t *index;
    const attributes_t *attributes;
    geo_table_t tables[ATTRIBUTE_SOURCE_COUNT]; /* borrowed copies of the heads */
    bool present[ATTRIBUTE_SOURCE_COUNT];
    size_t probes;
} probe_state_t;

static const geo_record_t *naive_record(const geo_table_t *t, const addr_t *a)
{
    uint32_t record = 0;
    if (a->family == FAMILY_IPV4) {
        for (size_t i = 0; i < t->v4.count && t->v4.start[i] <= a->u.v4; i++) {
            record = t->v4.record[i];
        }
    } else {
        for (size_t i = 0; i < t->v6.count && u128_cmp(t->v6.start[i], a->u.v6) <= 0; i++) {
            record = t->v6.record[i];
        }
    }
    return &t->records[record];
}

static context_t context_of(const probe_state_t *p, const addr_t *a)
{
    context_t c = {.addr = *a, .map = p->model->default_map};
    c.country = p->present[0] ? naive_record(&p->tables[0], a) : NULL;
    c.city = p->present[1] ? naive_record(&p->tables[1], a) : NULL;
    c.asn = p->present[2] ? naive_record(&p->tables[2], a) : NULL;
    return c;
}

static void check_answer(const probe_state_t *p, const addr_t *a)
{
    context_t c = context_of(p, a);
    id_list_t sets = join_answer_sets(p->index, join_answer(p->index, a));
    size_t next = 0;
    char text[ADDR_TEXT_MAX];
    (void)addr_format(a, text);
    for (uint32_t s = 0; s < p->index->set_count; s++) {
        bool listed = next < sets.count && sets.ids[next] == s;
        next += listed;
        if (listed != naive_covers(p->index->sets[s], &c)) {
            fail_msg("%s: footprint set %u is %slisted", text, s, listed ? "" : "not ");
        }
    }
    assert_int_equal(next, sets.count);
}

static void check_attributes(const probe_state_t *p, const addr_t *a)
{
    context_t c = context_of(p, a);
    attribute_set_t set = attributes_at(p->attributes, attributes_id(p->attributes, a));
    assert_true(set.country == (c.country ? c.country->country : 0));
    assert_int_equal(set.subdivision_count, c.city ? c.city->subdivision_count : 0);
    for (size_t i = 0; i < set.subdivision_count; i++) {
        assert_true(set.subdivisions[i] == c.city->subdivisions[i]);
    }
    assert_int_equal(set.has_asn, c.asn && c.asn->has_asn);
    assert_int_equal(set.asn, c.asn ? c.asn->asn : 0);
}

/* The scope holds the address, has one answer, and is the widest that does. */
static void check_scope(const probe_state_t *p, const addr_t *a)
{
    prefix_t scope = join_scope(p->index, a);
    uint32_t answer = join_answer(p->index, a);
    const join_ranges_t *r = &p->index->ranges[a->family];
    u128_t address = a->family == FAMILY_IPV4 ? (u128_t){0, a->u.v4} : a->u.v6;
    size_t i = join_ranges_find(r, address);
    assert_int_equal(r->id[i], answer);
    unsigned len = a->family == FAMILY_IPV4 ? scope.u.v4.len : scope.u.v6.len;
    range_set_t range, block, wider;
    for (int widen = 0; widen < 2; widen++) {
        prefix_t q = scope;
        if (widen && len == 0) {
            break;
        }
        if (a->family == FAMILY_IPV4) {
            q.u.v4.len = (uint8_t)(len - (unsigned)widen);
            q.u.v4.addr = q.u.v4.len ? a->u.v4 >> (32 - q.u.v4.len) << (32 - q.u.v4.len) : 0;
        } else {
            char text[PREFIX_TEXT_MAX + ADDR_TEXT_MAX];
            size_t n = addr_format(a, text);
            n += (size_t)snprintf(text + n, 8, "/%u", len - (unsigned)widen);
            assert_int_equal(prefix_parse(slice_of(text, n), &q, NULL), ERR_OK);
        }
        range_set_init(&range, a->family);
        range_set_init(&block, a->family);
        range_set_init(&wider, a->family);
        assert_int_equal(range_set_add(&range, join_ranges_start(r, i), join_ranges_last(r, i)), 0);
        assert_int_equal(range_set_add_prefix(&block, &q), 0);
        assert_int_equal(range_set_subtract(&block, &range, &wider), 0);
        assert_int_equal(wider.count == 0, !widen);
        range_set_release(&range);
        range_set_release(&block);
        range_set_release(&wider);
    }
}

static void probe(probe_state_t *p, family_t family, u128_t address)
{
    addr_t a = {.family = family};
    if (family == FAMILY_IPV4) {
        a.u.v4 = (uint32_t)address.lo;
    } else {
        a.u.v6 = address;
    }
    p->probes++;
    check_answer(p, &a);
    check_attributes(p, &a);
    check_scope(p, &a);
}

static u128_t plus(u128_t a, int64_t n)
{
    uint64_t lo = a.lo + (uint64_t)n;
    a.hi += n > 0 ? lo < a.lo : -(uint64_t)(lo > a.lo);
    a.lo = lo;
    return a;
}

static void probe_around(probe_state_t *p, family_t family, u128_t at)
{
    for (int64_t n = -1; n <= 1; n++) {
        probe(p, family, plus(at, n));
    }
}

static void probe_all(probe_state_t *p)
{
    for (unsigned family = 0; family < FAMILY_COUNT; family++) {
        const join_ranges_t *r = &p->index->ranges[family];
        const join_ranges_t *q = attributes_ranges(p->attributes, (family_t)family);
        for (size_t i = 0; i < r->count; i++) {
            probe_around(p, (family_t)family, join_ranges_start(r, i));
            assert_true(i == 0 || r->id[i] != r->id[i - 1]);
        }
        for (size_t i = 0; i < q->count; i++) {
            probe_around(p, (family_t)family, join_ranges_start(q, i));
        }
        for (int i = 0; i < 50; i++) {
            probe(p, (family_t)family, family ? random_v6() : (u128_t){0, random_v4()});
        }
    }
    /* Every edge of every prefix that is written anywhere. */
    for (size_t s = 0; s < p->index->set_count; s++) {
        const fp_set_t *set = p->index->sets[s];
        for (size_t c = 0; c < set->count; c++) {
            const fp_values_t *v = set->constraints[c].values;
            for (size_t i = 0; v && i < v->count; i++) {
                if (v->type == FP_IPV4CIDR) {
                    uint32_t host = v->u.v4[i].len ? ~(UINT32_MAX << (32 - v->u.v4[i].len)) : ~0u;
                    host = v->u.v4[i].len == 32 ? 0 : host;
                    probe_around(p, FAMILY_IPV4, (u128_t){0, v->u.v4[i].addr});
                    probe_around(p, FAMILY_IPV4, (u128_t){0, v->u.v4[i].addr | host});
                } else if (v->type == FP_IPV6CIDR) {
                    probe_around(p, FAMILY_IPV6, v->u.v6[i].addr);
                }
            }
        }
    }
}

static void one_round(size_t *probes)
{
    buf_t text = BUF_INIT;
    probe_state_t p = {0};
    attributes_t *attributes = NULL;
    join_index_t *index = NULL;
    for (unsigned i = 0; i < ATTRIBUTE_SOURCE_COUNT; i++) {
        p.present[i] = rnd(4) != 0;
        if (p.present[i]) {
            p.tables[i] = random_table((attribute_source_t)i);
        }
    }
    model_t *model = random_model(&text);
    geo_table_t taken[ATTRIBUTE_SOURCE_COUNT];
    memcpy(taken, p.tables, sizeof taken);
    assert_int_equal(attributes_from_tables_take(taken, p.present, &attributes), ERR_OK);
    assert_int_equal(join_build(model, attributes, &index), ERR_OK);
    p.model = model;
    p.index = index;
    p.attributes = attributes;
    probe_all(&p);
    *probes += p.probes;
    join_free(index);
    attributes_unref(attributes);
    model_free(model);
    buf_release(&text);
}

static void test_against_naive_matcher(void **unused)
{
    (void)unused;
    const char *given = getenv("FPD_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    size_t probes = 0;
    print_message("FPD_SEED=%llu\n", (unsigned long long)seed);
    state = seed;
    for (int round = 0; round < 150; round++) {
        one_round(&probes);
    }
    print_message("%zu addresses\n", probes);
    assert_true(probes > 10000);
}

static void test_no_documents(void **unused)
{
    (void)unused;
    findings_t findings;
    model_t *model = NULL;
    join_index_t *index = NULL;
    findings_init(&findings, 0);
    assert_int_equal(model_build(NULL, 0, NULL, &findings, &model), ERR_OK);
    assert_int_equal(join_build(model, NULL, &index), ERR_OK);
    assert_int_equal(join_answer_v4(index, 0xc0000201), 0);
    assert_int_equal(join_answer_v6(index, (u128_t){~0ull, ~0ull}), 0);
    assert_int_equal(join_answer_sets(index, 0).count, 0);
    addr_t a = {.family = FAMILY_IPV4, .u.v4 = 0xc0000201};
    assert_int_equal(join_scope(index, &a).u.v4.len, 0);
    join_free(index);
    model_free(model);
    findings_release(&findings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_documents),
        cmocka_unit_test(test_against_naive_matcher),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
