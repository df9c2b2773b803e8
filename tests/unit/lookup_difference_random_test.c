/*
 * Differences of random documents and databases, against a count of every address; and many rows.
 */
#include "lookup/difference_parts.h"

#include "difference_fixture.h"
#include "naive_join.h"

/* ---- against a count of every address ---- */

/* All that documents and databases tell apart lies in so many addresses from these on. */
#define UNIVERSE 512
static const u128_t universe[FAMILY_COUNT] = {{0, 0xc0000200}, {UINT64_C(0x20010db8) << 32, 0}};

#define FOOTPRINTS   5
#define CAPABILITIES 8

/* Lines of a document, which the other side has in common in part. */
typedef struct draft {
    char footprints[FOOTPRINTS][400];
    char capabilities[2][CAPABILITIES][300]; /* of two documents; "" for none */
} draft_t;

static void put_values(buf_t *out, unsigned kind)
{
    buf_append_char(out, '[');
    for (uint32_t i = 0, n = 1 + rnd(3); i < n; i++) {
        char text[PREFIX_TEXT_MAX];
        unsigned bits = rnd(10); /* of the hosts */
        uint32_t host = rnd(UNIVERSE) >> bits << bits;
        buf_append_str(out, i ? ", " : "");
        if (kind == 0 && rnd(2)) {
            (void)prefix_format_v6((prefix6_t){plus(universe[1], host), (uint8_t)(128 - bits)},
                                   text);
            buf_printf(out, "\"%s\"", text);
        } else if (kind == 0) {
            (void)prefix_format_v4(
                (prefix4_t){(uint32_t)universe[0].lo + host, (uint8_t)(32 - bits)}, text);
            buf_append_str(out, text);
        } else if (kind == 1) {
            buf_printf(out, "as%u", 64496 + rnd(6));
        } else {
            buf_append_str(out, kind == 2 ? countries[rnd(5)] : subdivisions[rnd(5)]);
        }
    }
    buf_append_char(out, ']');
}

static void keep_text(buf_t *text, char *out, size_t size)
{
    buf_append_char(text, '\0');
    assert_true(!buf_failed(text) && text->len <= size);
    memcpy(out, text->ptr, text->len);
    buf_release(text);
}

static void draft_footprint(draft_t *d, unsigned n)
{
    buf_t text = BUF_INIT;
    unsigned kind = rnd(5);
    buf_printf(&text, "  f%u: {", n);
    if (kind == 4) {
        unsigned first = rnd(4);
        buf_printf(&text, "footprintunion: [{%s: ", keys[first]);
        put_values(&text, first);
        buf_printf(&text, "}, {%s: ", keys[(first + 1) % 4]);
        put_values(&text, (first + 1) % 4);
        buf_append_str(&text, "}]");
    } else {
        buf_printf(&text, "%s: ", keys[kind]);
        put_values(&text, kind);
        if (rnd(3) == 0) {
            buf_printf(&text, ", %s: ", keys[(kind + 1) % 4]);
            put_values(&text, (kind + 1) % 4);
        }
    }
    buf_append_str(&text, "}\n");
    keep_text(&text, d->footprints[n], sizeof d->footprints[n]);
}

static void draft_capability(draft_t *d, unsigned document, unsigned n)
{
    static const char *const types[] = {
        "FCI.DeliveryProtocol, capability-value: {delivery-protocols: [http/1.1]}",
        "FCI.DeliveryProtocol, capability-value: {delivery-protocols: [https/1.1]}",
        "FCI.Metadata, capability-value: {metadata: []}",
        "FCI.RedirectionMode, capability-value: {redirection-modes: [DNS-I]}"};
    buf_t text = BUF_INIT;
    if (rnd(2)) {
        buf_printf(&text, "  - {capability-type: %s, footprints: [", types[rnd(4)]);
        if (rnd(12) == 0) {
            buf_append_str(&text, "everywhere");
        } else {
            buf_printf(&text, "f%u, f%u", rnd(FOOTPRINTS), rnd(FOOTPRINTS));
        }
        buf_append_str(&text, "]}\n");
    }
    keep_text(&text, d->capabilities[document][n], sizeof d->capabilities[document][n]);
}

/* Everything, or what the odds are against. */
static void draft_again(draft_t *d, bool all)
{
    for (unsigned i = 0; i < FOOTPRINTS; i++) {
        if (all || rnd(3) == 0) {
            draft_footprint(d, i);
        }
    }
    for (unsigned i = 0; i < 2 * CAPABILITIES; i++) {
        if (all || rnd(4) == 0) {
            draft_capability(d, i % 2, i / 2);
        }
    }
}

static model_t *draft_model(const draft_t *d)
{
    buf_t texts[2] = {BUF_INIT, BUF_INIT};
    buf_append_str(&texts[0], "version: 1\nfootprints:\n");
    for (unsigned i = 0; i < FOOTPRINTS; i++) {
        buf_append_str(&texts[0], d->footprints[i]);
    }
    buf_append_str(&texts[1], "version: 1\nadvertisement: other\n");
    for (unsigned k = 0; k < 2; k++) {
        bool any = false;
        for (unsigned i = 0; i < CAPABILITIES; i++) {
            const char *line = d->capabilities[k][i];
            buf_append_str(&texts[k], !any && *line ? "capabilities:\n" : "");
            buf_append_str(&texts[k], line);
            any |= *line != '\0';
        }
        buf_append_char(&texts[k], '\0');
    }
    const fixture_file_t files[] = {{"a.yaml", texts[0].ptr}, {"b.yaml", texts[1].ptr}};
    findings_t findings;
    findings_init(&findings, 0);
    model_t *model = fixture_model(files, 2, &findings);
    findings_release(&findings);
    buf_release(&texts[0]);
    buf_release(&texts[1]);
    return model;
}

typedef struct naive {
    const pair_t *p;
    geo_table_t tables[ATTRIBUTE_SOURCE_COUNT]; /* borrowed copies of the heads */
    bool present[ATTRIBUTE_SOURCE_COUNT];
} naive_t;

static bool naive_row(const model_t *m, const difference_coverage_t *row, const context_t *c)
{
    for (size_t a = 0; a < m->advertisement_count; a++) {
        const model_advertisement_t *ad = &m->advertisements[a];
        if (row->advertisement.len && !slice_eq(row->advertisement, ad->id)) {
            continue;
        }
        for (size_t i = 0; i < ad->count; i++) {
            const model_object_t *o = &ad->objects[i];
            if ((!row->type.len || slice_eq(row->type, o->capability->name)) &&
                naive_covers(&o->footprints, c)) {
                return true;
            }
        }
    }
    return false;
}

static fp_code_t naive_context(const naive_t *n, unsigned f, u128_t address, context_t *c)
{
    addr_t a = {.family = (family_t)f};
    if (f == FAMILY_IPV4) {
        a.u.v4 = (uint32_t)address.lo;
    } else {
        a.u.v6 = address;
    }
    *c = (context_t){.addr = a, .map = n->p->model[0]->default_map};
    c->country = n->present[0] ? naive_record(&n->tables[0], &a) : NULL;
    c->city = n->present[1] ? naive_record(&n->tables[1], &a) : NULL;
    c->asn = n->present[2] ? naive_record(&n->tables[2], &a) : NULL;
    /* Without a country database the one of cities would know; the tables here do not. */
    return c->country ? c->country->country : 0;
}

/* Numbers of a row in a country, or in all of them. */
static void check_moves(const difference_moves_t *got, unsigned f, const size_t want[2][2],
                        bool outside_before, bool outside_after)
{
    const difference_count_t whole = f ? (difference_count_t){{0, 0}, 1}
                                       : (difference_count_t){{0, UINT64_C(1) << 32}, 0};
    const struct {
        difference_count_t got;
        size_t inside;
        bool outside;
    } numbers[] = {{got->before, want[1][0] + want[1][1], outside_before},
                   {got->after, want[0][1] + want[1][1], outside_after},
                   {got->gained, want[0][1], !outside_before && outside_after},
                   {got->lost, want[1][0], outside_before && !outside_after}};
    for (size_t i = 0; i < 4; i++) {
        /* The whole of a family, less what is not covered in the universe. */
        u128_t n = {0, numbers[i].inside};
        uint32_t top = 0;
        if (numbers[i].outside) {
            n = plus(whole.n, (int64_t)numbers[i].inside - UNIVERSE);
            top = whole.top && numbers[i].inside == UNIVERSE;
        }
        assert_int_equal(numbers[i].got.n.hi, n.hi);
        assert_int_equal(numbers[i].got.n.lo, n.lo);
        assert_int_equal(numbers[i].got.top, top);
    }
}

static const fp_code_t *codes(void)
{
    static fp_code_t list[8];
    for (size_t i = 0; i < 5; i++) {
        list[i + 1] = code(countries[i]);
    }
    list[6] = code("fr");
    return list; /* [0]: not known */
}

static void check_row(const naive_t *n, const difference_coverage_t *row)
{
    const pair_t *p = n->p;
    for (unsigned f = 0; f < FAMILY_COUNT; f++) {
        size_t sum[2][2] = {{0}}, by[7][2][2] = {{{0}}};
        context_t c;
        for (uint32_t at = 0; at < UNIVERSE; at++) {
            fp_code_t country = naive_context(n, f, plus(universe[f], at), &c);
            bool before = naive_row(p->model[0], row, &c), after = naive_row(p->model[1], row, &c);
            sum[before][after]++;
            for (size_t k = 0; k < 7; k++) {
                by[k][before][after] += codes()[k] == country;
            }
        }
        (void)naive_context(n, f, (u128_t){0, 0}, &c);
        bool before = naive_row(p->model[0], row, &c), after = naive_row(p->model[1], row, &c);
        check_moves(&row->moves[f], f, (const size_t(*)[2])sum, before, after);
        for (size_t k = 0; k < row->country_count; k++) {
            size_t i = 0;
            while (codes()[i] != row->countries[k].code) {
                assert_true(++i < 7);
            }
            check_moves(&row->countries[k].moves[f], f, (const size_t(*)[2])by[i], !i && before,
                        !i && after);
            by[i][0][1] = by[i][1][0] = 0;
        }
        /* What is not listed does not move. */
        for (size_t i = 0; i < 7 && p->d->has_countries; i++) {
            assert_true(!by[i][0][1] && !by[i][1][0]);
        }
    }
}

/* Objects of one model that the other does not have. */
static size_t lacking(const model_t *x, const model_t *y)
{
    size_t n = 0;
    for (size_t a = 0; a < x->advertisement_count; a++) {
        for (size_t i = 0; i < x->advertisements[a].count; i++) {
            const model_object_t *o = &x->advertisements[a].objects[i];
            bool found = false;
            for (size_t b = 0; b < y->advertisement_count; b++) {
                for (size_t k = 0; k < y->advertisements[b].count; k++) {
                    const model_object_t *q = &y->advertisements[b].objects[k];
                    found |= slice_eq(x->advertisements[a].id, y->advertisements[b].id) &&
                             slice_eq(o->capability->name, q->capability->name) &&
                             slice_eq(o->capability->text, q->capability->text) &&
                             !fp_set_cmp(&o->footprints, &q->footprints);
                }
            }
            n += !found;
        }
    }
    return n;
}

static void check_mirror(const difference_t *x, const difference_t *y)
{
    assert_int_equal(x->same, y->same);
    assert_int_equal(x->footprint_tally.added, y->footprint_tally.removed);
    assert_int_equal(x->footprint_tally.removed, y->footprint_tally.added);
    assert_int_equal(x->footprint_tally.changed, y->footprint_tally.changed);
    assert_int_equal(x->object_tally.added, y->object_tally.removed);
    assert_int_equal(x->object_tally.removed, y->object_tally.added);
    assert_int_equal(x->object_tally.changed, y->object_tally.changed);
    assert_int_equal(x->advertisement_count, y->advertisement_count);
    for (size_t i = 0; i < x->advertisement_count; i++) {
        const difference_advertisement_t *a = &x->advertisements[i], *b = &y->advertisements[i];
        assert_int_equal(a->object_count, b->object_count);
        for (size_t k = 0; k < a->object_count; k++) {
            assert_ptr_equal(a->objects[k].before, b->objects[k].after);
            assert_ptr_equal(a->objects[k].after, b->objects[k].before);
        }
    }
    assert_int_equal(x->coverage_count, y->coverage_count);
    for (size_t i = 0; i < x->coverage_count; i++) {
        const difference_coverage_t *a = &x->coverage[i], *b = &y->coverage[i];
        assert_int_equal(a->countries_appeared, b->countries_vanished);
        assert_int_equal(a->countries_before, b->countries_after);
        assert_int_equal(a->country_count, b->country_count);
        for (unsigned f = 0; f < FAMILY_COUNT; f++) {
            assert_int_equal(difference_count_cmp(a->moves[f].before, b->moves[f].after), 0);
            assert_int_equal(difference_count_cmp(a->moves[f].gained, b->moves[f].lost), 0);
            assert_int_equal(difference_count_cmp(a->moves[f].lost, b->moves[f].gained), 0);
        }
    }
}

static void check_same_text(const difference_t *x, const difference_t *y)
{
    buf_t a = BUF_INIT, b = BUF_INIT;
    difference_write_json(x, &a);
    difference_write_json(y, &b);
    buf_append_char(&a, '\0');
    buf_append_char(&b, '\0');
    assert_string_equal(a.ptr, b.ptr);
    buf_release(&a);
    buf_release(&b);
}

/* What was counted of a state makes the next difference walk changes alone: to the same end. */
static void check_totals(pair_t *p)
{
    difference_totals_t *first[2], *there[2], *back[2];
    difference_t *whole = NULL, *again = NULL, *reverse = NULL;
    assert_int_equal(difference_make_with(side(p, 0), side(p, 1), p->attributes, &rails, NULL,
                                          first, &p->arena, &whole),
                     ERR_OK);
    check_same_text(whole, p->d);
    assert_non_null(first[0]);
    assert_non_null(first[1]);
    /* There again, and back, each with what was counted of its beginning. */
    assert_int_equal(difference_make_with(side(p, 0), side(p, 1), p->attributes, &rails, first[0],
                                          there, &p->arena, &again),
                     ERR_OK);
    check_same_text(again, p->d);
    assert_null(there[0]);
    assert_int_equal(difference_make_with(side(p, 1), side(p, 0), p->attributes, &rails, there[1],
                                          back, &p->arena, &reverse),
                     ERR_OK);
    assert_int_equal(
        difference_make(side(p, 1), side(p, 0), p->attributes, &rails, &p->arena, &whole), ERR_OK);
    check_same_text(reverse, whole);
    assert_int_equal(difference_make_with(side(p, 0), side(p, 1), p->attributes, &rails, back[1],
                                          NULL, &p->arena, &again),
                     ERR_OK);
    check_same_text(again, p->d);
    difference_totals_free(first[0]);
    difference_totals_free(first[1]);
    difference_totals_free(there[1]);
    difference_totals_free(back[1]);
}

static void random_round(size_t *moving)
{
    pair_t p = {0};
    naive_t n = {.p = &p};
    arena_init(&p.arena, 0);
    geo_table_t taken[ATTRIBUTE_SOURCE_COUNT] = {{0}};
    for (unsigned i = 0; i < ATTRIBUTE_SOURCE_COUNT; i++) {
        n.present[i] = rnd(4) != 0;
        if (n.present[i]) {
            taken[i] = n.tables[i] = random_table_within(universe, UNIVERSE, (attribute_source_t)i);
        }
    }
    assert_int_equal(attributes_from_tables_take(taken, n.present, &p.attributes), ERR_OK);
    draft_t draft;
    draft_again(&draft, true);
    for (unsigned i = 0; i < 2; i++) {
        p.model[i] = draft_model(&draft);
        if (p.model[i]) {
            assert_int_equal(join_build(p.model[i], p.attributes, &p.join[i]), ERR_OK);
        }
        draft_again(&draft, false);
    }
    if (p.model[0] && p.model[1]) {
        assert_int_equal(make(&p, &rails), ERR_OK);
        for (size_t i = 0; i < p.d->coverage_count; i++) {
            check_row(&n, &p.d->coverage[i]);
            *moving += p.d->coverage[i].country_count > 0;
        }
        difference_tally_t t = p.d->object_tally;
        assert_int_equal(t.removed + t.changed, lacking(p.model[0], p.model[1]));
        assert_int_equal(t.added + t.changed, lacking(p.model[1], p.model[0]));
        check_totals(&p);
        difference_t *mirrored = NULL, *identical = NULL;
        assert_int_equal(
            difference_make(side(&p, 1), side(&p, 0), p.attributes, &rails, &p.arena, &mirrored),
            ERR_OK);
        check_mirror(p.d, mirrored);
        assert_int_equal(
            difference_make(side(&p, 1), side(&p, 1), p.attributes, &rails, &p.arena, &identical),
            ERR_OK);
        assert_true(identical->same && !identical->guard.asks);
        assert_int_equal(identical->coverage[0].country_count, 0);
    }
    release(&p);
}

static void test_against_every_address(void **unused)
{
    (void)unused;
    size_t moving = 0;
    seed_random();
    for (int round = 0; round < 60; round++) {
        random_round(&moving);
    }
    print_message("%zu rows with countries that move\n", moving);
    assert_true(moving > 50);
}

/* ---- many advertisements: more rows than fit in a word, more flows than are put down ---- */

#define ADS 80

/* The /24s of each /16 of an advertisement, each in a country of its own. */
static attributes_t *many_countries(void)
{
    geo_table_t tables[ATTRIBUTE_SOURCE_COUNT] = {{0}};
    geo_table_t *t = &tables[ATTRIBUTE_COUNTRY];
    const size_t count = 1 + ADS * 256 + 1;
    t->record_count = 257;
    t->records = calloc(t->record_count, sizeof *t->records);
    t->v4 = (geo_ranges4_t){calloc(count, sizeof(uint32_t)), calloc(count, sizeof(uint32_t)),
                            count};
    t->v6 = (geo_ranges6_t){calloc(1, sizeof(u128_t)), calloc(1, sizeof(uint32_t)), 1};
    for (size_t i = 0; i < 256; i++) {
        const char text[] = {(char)('a' + i / 26), (char)('a' + i % 26), '\0'};
        t->records[i + 1].country = code(text);
    }
    for (uint32_t i = 0; i < ADS * 256; i++) {
        t->v4.start[i + 1] = UINT32_C(0x0a000000) + i * 256;
        t->v4.record[i + 1] = 1 + i % 256;
    }
    t->v4.start[count - 1] = UINT32_C(0x0a000000) + ADS * 65536;
    const bool present[ATTRIBUTE_SOURCE_COUNT] = {[ATTRIBUTE_COUNTRY] = true};
    attributes_t *out = NULL;
    assert_int_equal(attributes_from_tables_take(tables, present, &out), ERR_OK);
    return out;
}

static void test_many_rows(void **unused)
{
    (void)unused;
    attributes_t *attributes = many_countries();
    model_t *models[2] = {NULL, NULL};
    join_index_t *joins[2] = {NULL, NULL};
    for (unsigned s = 0; s < 2; s++) {
        static char texts[ADS][300];
        static char names[ADS][16];
        model_source_t sources[ADS];
        for (unsigned i = 0; i < ADS; i++) {
            (void)snprintf(names[i], sizeof names[i], "d%u.yaml", i);
            (void)snprintf(texts[i], sizeof texts[i],
                           "version: 1\nadvertisement: ad%02u\n"
                           "capabilities:\n"
                           "  - {capability-type: FCI.Metadata, capability-value: {metadata: []},\n"
                           "     footprints: [{footprint-type: ipv4cidr,\n"
                           "                   footprint-value: [10.%u.0.0/%u]}]}\n",
                           i, i, s && i == 77 ? 17 : 16);
            sources[i] = (model_source_t){slice_str(names[i]), DOC_YAML, slice_str(texts[i])};
        }
        findings_t findings;
        findings_init(&findings, 0);
        assert_int_equal(model_build(sources, ADS, NULL, &findings, &models[s]), ERR_OK);
        findings_release(&findings);
        assert_int_equal(join_build(models[s], attributes, &joins[s]), ERR_OK);
    }
    arena_t arena;
    arena_init(&arena, 0);
    difference_t *d = NULL;
    assert_int_equal(difference_make((difference_side_t){models[0], joins[0]},
                                     (difference_side_t){models[1], joins[1]}, attributes, &rails,
                                     &arena, &d),
                     ERR_OK);
    assert_int_equal(d->coverage_count, 1 + 2 * ADS);
    assert_int_equal(low(d->coverage[0].moves[0].lost), 32768);
    for (size_t i = 1; i < d->coverage_count; i++) {
        bool moved = slice_is(d->coverage[i].advertisement, "ad77");
        assert_int_equal(low(d->coverage[i].moves[0].before), 65536);
        assert_int_equal(low(d->coverage[i].moves[0].lost), moved ? 32768 : 0);
        assert_int_equal(d->coverage[i].countries_before, 256);
        assert_int_equal(d->coverage[i].countries_vanished, moved ? 128 : 0);
    }
    for (size_t i = 0; i < 128; i++) {
        const difference_country_t *c = &d->coverage[0].countries[i];
        assert_int_equal(low(c->moves[0].before), ADS * 256);
        assert_int_equal(low(c->moves[0].lost), 256);
        assert_int_equal(low(c->whole[0]), ADS * 256);
    }
    assert_int_equal(d->coverage[0].country_count, 128);
    assert_int_equal(d->advertisement_count, 1);
    arena_release(&arena);
    attributes_unref(attributes);
    for (unsigned s = 0; s < 2; s++) {
        join_free(joins[s]);
        model_free(models[s]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_every_address),
        cmocka_unit_test(test_many_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
