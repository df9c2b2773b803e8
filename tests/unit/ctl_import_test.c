/*
 * Imports: rows of separated values, what formats look like, and that the footprints of a table say
 * of every address what its source says.
 */
#include "fixture.h"

#include "ctl/import_rows.h"
#include "ctl/import_table.h"
#include "failmalloc.h"
#include "prng.h"

/* ---- rows ---- */

/* Fields between bars, rows between slashes, a line and an error where there is one. */
static void rows_as(const char *text, char separator, const char *want)
{
    import_rows_t r;
    buf_t out = BUF_INIT;
    import_rows_init(&r, slice_str(text), separator);
    while (import_rows_next(&r)) {
        buf_printf(&out, "%s%u", out.len ? "/" : "", r.row_line);
        for (size_t i = 0; i < r.count; i++) {
            buf_printf(&out, "|%.*s", SLICE_ARG(r.fields[i]));
        }
        if (r.error) {
            buf_printf(&out, "!%u:%u %s", r.places[r.error_field].line,
                       import_rows_column(&r, r.error_field), r.error);
        }
    }
    buf_append_char(&out, '\0');
    assert_string_equal(out.ptr, want);
    buf_release(&out);
    import_rows_release(&r);
}

static void test_rows(void **state)
{
    (void)state;
    rows_as("", ',', "");
    rows_as("\n \r\n# a,b\n  # c\n", ',', "");
    rows_as("a,b\nc", ',', "1|a|b/2|c");
    rows_as("a, b ,\tc\t\r\n,\r\n", ',', "1|a|b|c/2||");
    rows_as("a;b,c", ';', "1|a|b,c");
    rows_as("a\t b\t\tc", '\t', "1|a|b||c");
    rows_as("\"a,b\",\"\",\"c\"\"d\"\"\"", ',', "1|a,b||c\"d\"");
    rows_as("\"a\"\"b\",\"c\"\"d\"", ',', "1|a\"b|c\"d");
    rows_as("\"a\r\nb\",c\nd", ',', "1|a\r\nb|c/3|d");
    rows_as(" \"a\" , b", ',', "1|a|b");
    rows_as("a\"b,c", ',', "1|a\"b|c");
    rows_as("a\rb\r", ',', "1|a\rb");
    rows_as("x,\"a\" b,c\nd", ',', "1|x|a|c!1:3 something stands behind a quoted field/2|d");
    rows_as("\xc3\xa4,\"a\nb", ',', "1|\xc3\xa4|a\nb!1:3 a quoted field does not end");
}

static void test_many_fields(void **state)
{
    (void)state;
    buf_t text = BUF_INIT;
    import_rows_t r;
    for (unsigned i = 0; i < 200; i++) {
        buf_append_str(&text, "a,");
    }
    import_rows_init(&r, buf_slice(&text), ',');
    assert_true(import_rows_next(&r));
    assert_int_equal(r.count, IMPORT_FIELDS_MAX);
    assert_string_equal(r.error, "there are too many fields");
    assert_false(import_rows_next(&r));
    import_rows_release(&r);
    buf_release(&text);
}

static void test_separator(void **state)
{
    (void)state;
    assert_int_equal(import_rows_separator(SLICE_LIT("a,b;c\td")), ',');
    assert_int_equal(import_rows_separator(SLICE_LIT("# a,b\na;b\tc\n1,2")), ';');
    assert_int_equal(import_rows_separator(SLICE_LIT("a\tb")), '\t');
    assert_int_equal(import_rows_separator(SLICE_LIT("a")), ',');
    assert_int_equal(import_rows_separator(SLICE_LIT("")), ',');
}

/* ---- guesses ---- */

static void test_guess(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int format; /* -1: cannot be told */
    } cases[] = {
        {"", -1},
        {"# nothing\n", -1},
        {"192.0.2.0/24\n", IMPORT_PREFIXES},
        {"; list\n 2001:db8::1 # host\n", IMPORT_PREFIXES},
        {"\xef\xbb\xbf"
         "10.0.0.1",
         IMPORT_PREFIXES},
        {"192.0.2.0/24,US,US-AL,Huntsville,\n", IMPORT_GEOFEED},
        {"# feed\r\n192.0.2.0/24, US\r\n", IMPORT_GEOFEED},
        {"footprint,prefix\n", IMPORT_CSV},
        {"Footprint;Type;Value\n", IMPORT_CSV},
        {"prefix\n192.0.2.0/24\n", IMPORT_CSV},
        {"name,address\n", -1},
        {"hello\n", -1},
        {"{\"capabilities\": []}", IMPORT_ADVERTISEMENT},
        {" [ ]", IMPORT_ADVERTISEMENT},
        {"{\"version\": 1, \"documents\": {\"a.json\": {}}}", IMPORT_BUNDLE},
        {"{\"version\":1,\"documents\":{\"a.json\":{\"capabilities\":[{\"capability-type\":1}]}}}",
         IMPORT_BUNDLE},
        {"{\"capabilities\": [{\"capability-type\": \"x\", \"documents\": 1}]}",
         IMPORT_ADVERTISEMENT},
        {"version: 1\ndocuments:\n  a.yaml: {version: 1}\n", IMPORT_BUNDLE},
        {"version: 1\nfootprints: {}\n", -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        import_format_t format = IMPORT_CSV;
        bool told = import_guess(slice_str(cases[i].text), &format);
        print_message("%s\n", cases[i].text);
        assert_int_equal(told ? (int)format : -1, cases[i].format);
    }
}

/* ---- tables ---- */

/* A small world, in which every address can be asked: 256 addresses of either family. */
#define WORLD  256
#define GROUPS 4
#define MAX    60

typedef struct entry {
    uint32_t first, last, group; /* GROUPS: in no place */
    unsigned len;                /* of the world's 8 bits */
} entry_t;

static void make_feed(prng_t *rng, unsigned count, bool v6, buf_t *out, entry_t *entries)
{
    static const char *const codes[GROUPS + 1] = {"aa", "BB", "cc", "dd", ""};
    for (unsigned i = 0; i < count; i++) {
        entry_t *e = &entries[i];
        bool fresh;
        do {
            e->len = (unsigned)prng_below(rng, 9);
            e->first = (uint32_t)prng_below(rng, WORLD) & (0xff00u >> e->len) & 0xff;
            e->last = e->first | (0xffu >> e->len);
            fresh = true;
            for (unsigned k = 0; k < i; k++) {
                fresh &= entries[k].first != e->first || entries[k].len != e->len;
            }
        } while (!fresh);
        e->group = (uint32_t)prng_below(rng, GROUPS + 1);
        if (v6) {
            buf_printf(out, "2600::%x/%u,%s,,,\n", e->first, 120 + e->len, codes[e->group]);
        } else {
            buf_printf(out, "8.8.8.%u/%u,%s,,,\n", e->first, 24 + e->len, codes[e->group]);
        }
    }
}

/* By the longest prefix. */
static uint32_t place_of(const entry_t *entries, unsigned count, uint32_t address)
{
    const entry_t *best = NULL;
    for (unsigned i = 0; i < count; i++) {
        const entry_t *e = &entries[i];
        if (e->first <= address && address <= e->last && (!best || e->len > best->len)) {
            best = e;
        }
    }
    return best ? best->group : GROUPS;
}

static bool has(const model_footprint_t *f, bool v6, uint32_t address)
{
    for (size_t s = 0; s < f->set_count; s++) {
        const fp_values_t *v = f->sets[s].constraints[0].values;
        for (size_t i = 0; i < v->count; i++) {
            uint32_t first = v6 ? (uint32_t)v->u.v6[i].addr.lo : v->u.v4[i].addr & 0xff;
            unsigned host = v6 ? 128 - v->u.v6[i].len : 32 - v->u.v4[i].len;
            if (first <= address && address <= first + (1u << host) - 1) {
                return true;
            }
        }
    }
    return false;
}

static model_t *model_of(const import_data_t *d)
{
    findings_t findings;
    model_t *model = NULL;
    model_source_t source = {SLICE_LIT("x.yaml"), DOC_YAML, buf_slice(&d->documents[0].text)};
    findings_init(&findings, 0);
    assert_int_equal(model_build(&source, 1, NULL, &findings, &model), ERR_OK);
    findings_release(&findings);
    return model;
}

static void check_feed(prng_t *rng, bool aggregate)
{
    entry_t entries[MAX];
    buf_t text = BUF_INIT;
    import_data_t d;
    bool v6 = prng_below(rng, 2);
    unsigned count = 1 + (unsigned)prng_below(rng, MAX - 1);
    make_feed(rng, count, v6, &text, entries);
    bool some = false;
    for (uint32_t a = 0; a < WORLD; a++) {
        some |= place_of(entries, count, a) != GROUPS;
    }
    import_data_init(&d);
    d.format = IMPORT_GEOFEED;
    d.aggregate = aggregate;
    d.file = d.base = SLICE_LIT("feed");
    d.name = SLICE_LIT("feed.yaml");
    assert_int_equal(import_run(&d, buf_slice(&text)), some);
    if (some) {
        static const char names[] = "aabbccdd";
        model_t *m = model_of(&d);
        for (uint32_t a = 0; a < WORLD; a++) {
            uint32_t place = place_of(entries, count, a);
            for (size_t i = 0; i < m->footprint_count; i++) {
                const model_footprint_t *f = &m->footprints[i];
                bool mine = place < GROUPS && !memcmp(f->name.ptr, names + 2 * place, 2);
                assert_int_equal(has(f, v6, a), mine);
            }
        }
        model_free(m);
    }
    import_data_release(&d);
    buf_release(&text);
}

static void test_longest_prefix(void **state)
{
    (void)state;
    prng_t rng = prng_start();
    for (unsigned i = 0; i < 400; i++) {
        check_feed(&rng, i & 1);
    }
}

/* ---- progress ---- */

static void on_progress(void *arg, const char *doing, uint32_t line)
{
    buf_printf(arg, "%s %u\n", doing, line);
}

static void test_progress(void **state)
{
    (void)state;
    static const import_format_t formats[] = {IMPORT_PREFIXES, IMPORT_GEOFEED, IMPORT_CSV};
    static const char *const firsts[] = {"8.8.8.0/24\n", "8.8.8.0/24,us\n", "footprint,prefix\n"};
    static const char *const rows[] = {"8.8.8.0/24\n", "8.8.8.0/24,us\n", "a,8.8.8.0/24\n"};
    for (unsigned i = 0; i < 3; i++) {
        import_data_t d;
        buf_t text = BUF_INIT, seen = BUF_INIT;
        buf_append_str(&text, firsts[i]);
        for (unsigned n = 0; n < 40000; n++) {
            buf_append_str(&text, rows[i]);
        }
        import_data_init(&d);
        d.format = formats[i];
        d.file = d.base = d.footprint = SLICE_LIT("x");
        d.name = SLICE_LIT("x.yaml");
        d.progress = on_progress;
        d.arg = &seen;
        assert_true(import_run(&d, buf_slice(&text)));
        buf_append_char(&seen, '\0');
        assert_string_equal(seen.ptr, i == 2 ? "reading line 16385\nreading line 32769\nsorting "
                                               "0\nchecking 0\n"
                                             : "reading line 16384\nreading line 32768\nsorting "
                                               "0\nchecking 0\n");
        import_data_release(&d);
        buf_release(&text);
        buf_release(&seen);
    }
}

/* ---- memory ---- */

static bool run(import_format_t format, slice_t text)
{
    import_data_t d;
    import_data_init(&d);
    d.format = format;
    d.aggregate = true;
    d.skip = true;
    d.file = d.base = SLICE_LIT("x");
    d.name = SLICE_LIT("x.yaml");
    d.footprint = SLICE_LIT("x");
    bool fine = import_run(&d, text);
    /* Nothing is made of a part. */
    assert_int_equal(fine, !d.failed);
    import_data_release(&d);
    return fine;
}

static void test_nomem(void **state)
{
    (void)state;
    static const struct {
        import_format_t format;
        const char *text;
    } cases[] = {
        {IMPORT_CSV, "footprint,prefix,asn\na,8.8.8.0/24,\na,,1\nb,\"8.8.9.0/24\",\nb,x,\n"},
        {IMPORT_GEOFEED, "8.8.0.0/16,US\n8.8.8.0/24,DE\n8.8.9.0/24,\nx,DE\n"},
        {IMPORT_PREFIXES, "8.8.8.0/24\n8.8.8.1/32\n8.8.9.0/24\n2600::/32\nx\n"},
        {IMPORT_ADVERTISEMENT,
         "{\"capabilities\":[{\"capability-type\":\"FCI.RedirectionMode\",\"capability-value\":"
         "\"DNS-I\",\"footprints\":[{\"footprint-type\":\"ipv4cidr\",\"footprint-value\":"
         "[\"8.8.8.0/24\"]},{\"footprint-type\":\"footprintunion\",\"footprint-value\":[{"
         "\"footprint-type\":\"altopid\",\"footprint-value\":[\"pid-default\"]}]}]}]}"},
        {IMPORT_BUNDLE, "version: 1\ndocuments: {a.yaml: {version: 1}}\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (size_t n = 1;; n++) {
            failmalloc_arm(n);
            bool fine = run(cases[i].format, slice_str(cases[i].text));
            if (!failmalloc_disarm()) {
                assert_true(fine);
                break;
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),           cmocka_unit_test(test_many_fields),
        cmocka_unit_test(test_separator),      cmocka_unit_test(test_guess),
        cmocka_unit_test(test_longest_prefix), cmocka_unit_test(test_progress),
        cmocka_unit_test(test_nomem),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
