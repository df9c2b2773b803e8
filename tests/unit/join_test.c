/*
 * The join against a naive matcher that knows nothing of it: random documents, random databases,
 * and every boundary of every prefix and range, one address before and one behind.
 */
#include "naive_join.h"

#include "footprintd/net/range.h"

/* ---- random documents ---- */

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

/* ---- the comparison ---- */

typedef struct probe_state {
    const model_t *model;
    const join_index_t *index;
    const attributes_t *attributes;
    geo_table_t tables[ATTRIBUTE_SOURCE_COUNT]; /* borrowed copies of the heads */
    bool present[ATTRIBUTE_SOURCE_COUNT];
    size_t probes;
} probe_state_t;

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
    size_t probes = 0;
    seed_random();
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
