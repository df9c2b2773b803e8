/*
 * Golden cases of property maps: tests/golden/propmap/NAME/, see the README there.
 * FPD_GOLDEN_WRITE=1 writes what the program says in place of what is expected, for review.
 */
#include "property_fixture.h"

#include "golden_cases.h"

#define GOLDEN    FPD_SOURCE_DIR "/tests/golden/propmap"
#define MAX_CASES 256

static bool writing;

static bool read_file(const char *name, const char *file, buf_t *out)
{
    char path[500], part[4096];
    (void)snprintf(path, sizeof path, "%s/%s/%s", GOLDEN, name, file);
    FILE *f = fopen(path, "re");
    size_t n;
    while (f && (n = fread(part, 1, sizeof part, f)) > 0) {
        buf_append(out, part, n);
    }
    if (f) {
        (void)fclose(f);
        buf_append_char(out, '\0');
    }
    return f != NULL;
}

static slice_t text_of(const buf_t *file)
{
    return slice_of(file->ptr, file->len - 1);
}

/* ---- databases ---- */

static const char *string_of(arena_t *arena, const json_value_t *v)
{
    return v ? arena_copy(arena, v->u.text).ptr : NULL;
}

static spot_t spot_of(arena_t *arena, const json_member_t *m)
{
    spot_t spot = {.prefix = arena_copy(arena, m->name).ptr};
    const json_value_t *list = json_get(&m->value, "subdivisions");
    const json_value_t *asn = json_get(&m->value, "asn");
    uint64_t number = 0;
    spot.country = string_of(arena, json_get(&m->value, "country"));
    for (size_t i = 0; list && i < list->u.array.count; i++) {
        spot.subdivisions = arena_printf(arena, "%s%s%.*s", i ? spot.subdivisions : "",
                                         i ? " " : "", SLICE_ARG(list->u.array.items[i].u.text))
                                .ptr;
    }
    assert_true(!asn || json_number_u64(asn->u.text, &number));
    spot.asn = (uint32_t)number;
    return spot;
}

/* {"parts": ["country", "city", "asn"], "places": {"192.0.2.0/24": {"country": "US"}}} */
static void read_places(arena_t *arena, const json_value_t *file, joined_options_t *options)
{
    static const char *const parts[ATTRIBUTE_SOURCE_COUNT] = {"country", "city", "asn"};
    const json_value_t *places = json_get(file, "places"), *list = json_get(file, "parts");
    spot_t *spots = arena_array(arena, places->u.object.count, sizeof *spots);
    for (size_t i = 0; i < places->u.object.count; i++) {
        spots[i] = spot_of(arena, &places->u.object.members[i]);
    }
    options->places = spots;
    options->place_count = places->u.object.count;
    for (size_t i = 0; i < list->u.array.count; i++) {
        for (unsigned p = 0; p < ATTRIBUTE_SOURCE_COUNT; p++) {
            options->parts |= slice_is(list->u.array.items[i].u.text, parts[p]) ? 1u << p : 0;
        }
    }
    assert_true(options->parts != 0);
}

/* ---- what is compared ---- */

static void mark_tag(const json_value_t *vtag)
{
    json_value_t *tag = (json_value_t *)(uintptr_t)json_get(vtag, "tag"); /* the test's own tree */
    if (tag) {
        assert_int_equal(tag->u.text.len, TAG_LEN);
        tag->u.text = SLICE_LIT("TAG");
    }
}

static void mark_tags(const json_value_t *answer)
{
    const json_value_t *meta = json_get(answer, "meta");
    const json_value_t *list = json_get(meta, "dependent-vtags");
    mark_tag(json_get(meta, "vtag"));
    for (size_t i = 0; list && i < list->u.array.count; i++) {
        mark_tag(&list->u.array.items[i]);
    }
}

static void indent(buf_t *out, unsigned depth)
{
    buf_printf(out, "\n%*s", (int)depth * 2, "");
}

static void pretty(buf_t *out, const json_value_t *v, unsigned depth)
{
    if (v->kind == JSON_OBJECT && v->u.object.count) {
        for (size_t i = 0; i < v->u.object.count; i++) {
            buf_append_char(out, i ? ',' : '{');
            indent(out, depth + 1);
            json_write_string(out, v->u.object.members[i].name);
            buf_append_str(out, ": ");
            pretty(out, &v->u.object.members[i].value, depth + 1);
        }
        indent(out, depth);
        buf_append_char(out, '}');
    } else if (v->kind == JSON_ARRAY && v->u.array.count) {
        for (size_t i = 0; i < v->u.array.count; i++) {
            buf_append_char(out, i ? ',' : '[');
            indent(out, depth + 1);
            pretty(out, &v->u.array.items[i], depth + 1);
        }
        indent(out, depth);
        buf_append_char(out, ']');
    } else {
        json_write_value(out, v);
    }
}

static void compare(const char *name, const json_value_t *got, const json_value_t *want)
{
    if (want && json_value_equal(got, want)) {
        return;
    }
    buf_t text = BUF_INIT;
    pretty(&text, got, 0);
    buf_append_char(&text, '\n');
    if (writing) {
        char path[500];
        (void)snprintf(path, sizeof path, "%s/%s/expected.json", GOLDEN, name);
        FILE *f = fopen(path, "we");
        assert_non_null(f);
        assert_int_equal(fwrite(text.ptr, 1, text.len, f), text.len);
        assert_int_equal(fclose(f), 0);
    } else {
        fail_msg("%s is not as expected; it is:\n%.*s", name, SLICE_ARG(buf_slice(&text)));
    }
    buf_release(&text);
}

static void test_case(void **state)
{
    const char *name = *state;
    buf_t documents = BUF_INIT, places = BUF_INIT, request = BUF_INIT, expected = BUF_INIT;
    joined_options_t options = {0};
    arena_t arena;
    arena_init(&arena, 0);
    assert_true(read_file(name, "documents.yaml", &documents));
    if (read_file(name, "places.json", &places)) {
        read_places(&arena, fixture_json(&arena, text_of(&places)), &options);
    }
    snapshot_t *s = joined_one(documents.ptr, &options);
    buf_t answer = BUF_INIT;
    bool endpoints = read_file(name, "endpoints.json", &request);
    if (endpoints || read_file(name, "request.json", &request)) {
        alto_answer_t a;
        answer = fixture_post(s, endpoints ? "/endpoint-property" : "/propmap-filtered",
                              request.ptr, &a);
        assert_int_equal(a.status, 200);
    } else {
        answer = fixture_body(s, "/propmap");
        buf_append_char(&answer, '\0');
    }
    json_value_t *got = fixture_json(&arena, text_of(&answer));
    mark_tags(got);
    json_value_t *want = NULL;
    if (read_file(name, "expected.json", &expected)) {
        want = fixture_json(&arena, text_of(&expected));
    }
    compare(name, got, want);
    snapshot_unref(s);
    arena_release(&arena);
    buf_release(&documents);
    buf_release(&places);
    buf_release(&request);
    buf_release(&expected);
    buf_release(&answer);
}

int main(void)
{
    static struct CMUnitTest tests[MAX_CASES];
    struct dirent **entries;
    writing = getenv("FPD_GOLDEN_WRITE") != NULL;
    int n = scandir(GOLDEN, &entries, golden_visible, alphasort);
    if (n < 1 || n > MAX_CASES) {
        (void)fprintf(stderr, "there are no cases in " GOLDEN ", or too many\n");
        return 1;
    }
    for (int i = 0; i < n; i++) {
        tests[i] = (struct CMUnitTest){entries[i]->d_name, test_case, NULL, NULL,
                                       entries[i]->d_name};
    }
    int failed = _cmocka_run_group_tests("propmap", tests, (size_t)n, NULL, NULL);
    for (int i = 0; i < n; i++) {
        free(entries[i]);
    }
    free(entries);
    return failed;
}
