#include "fixture.h"
#include "prng.h"

#include "footprintd/alto/cdni.h"
#include "footprintd/alto/network_map.h"

/* ---- tags are a function of content alone ---- */

static const fixture_file_t base[] = {
    {"a.yaml", "version: 1\n"
               "footprints:\n"
               "  fra: {cidr: [192.0.2.0/24, 2001:db8::/32]}\n"
               "  ber: {countrycode: [de], asn: [as64496, as64497]}\n"
               "  mix: {footprintunion: [{asn: [as64499]}, {countrycode: [mx]}]}\n"
               "capabilities:\n"
               "  - capability-type: FCI.DeliveryProtocol\n"
               "    capability-value: {delivery-protocols: [http/1.1, https/1.1]}\n"
               "    footprints: [fra, ber]\n"
               "  - capability-type: FCI.OcnSelection\n"
               "    capability-value: {a: {x: 1, y: [1, 2]}, b: 2}\n"
               "    footprints: [mix]\n"
               "  - capability-type: FCI.CapacityLimits\n"
               "    capability-value: {limits: [{limit-type: egress, maximum-hard: 5},\n"
               "                                {limit-type: requests, maximum-hard: 7}]}\n"
               "    footprints: [fra, mix]\n"
               "network-maps:\n"
               "  main-map:\n"
               "    pids:\n"
               "      pid-a: {ipv4: [0.0.0.0/0, 198.51.100.0/24]}\n"
               "      pid-b: {ipv4: [192.0.2.0/24], ipv6: [\"::/0\"]}\n"}};

/* The same said otherwise: other files, names, order of keys, values, objects, another format. */
static const fixture_file_t otherwise[] = {
    {"00-maps.json",
     "{\"network-maps\":{\"main-map\":{\"pids\":{\"pid-b\":{\"ipv6\":[\"::/0\"],\"ipv4\":"
     "[\"192.0.2.0/24\",\"192.0.2.0/24\"]},\"pid-a\":{\"ipv4\":[\"198.51.100.0/24\",\"0.0.0.0/"
     "0\"]}},"
     "\"default\":true}}}"},
    {"50-capabilities.yaml",
     "capabilities:\n"
     "  - footprints: [zulu, yankee]\n"
     "    capability-value: {limits: [{maximum-hard: 7, limit-type: requests},\n"
     "                                {maximum-hard: 5, limit-type: egress}]}\n"
     "    capability-type: FCI.CapacityLimits\n"
     "  - {capability-type: FCI.OcnSelection, footprints: [zulu],\n"
     "     capability-value: {b: 2, a: {y: [1, 2], x: 1}}}\n"
     "  - {footprints: [x-ray], capability-type: FCI.DeliveryProtocol,\n"
     "     capability-value: {delivery-protocols: [https/1.1, http/1.1, https/1.1]}}\n"},
    {"60-more.yaml", "advertisement: cdni\n"
                     "capabilities:\n"
                     "  - capability-type: FCI.DeliveryProtocol\n"
                     "    capability-value: {delivery-protocols: [https/1.1, http/1.1]}\n"
                     "    footprints: [yankee]\n"},
    {"99-names.yaml", "footprints:\n"
                      "  zulu: {footprintunion: [{countrycode: [mx]}, {asn: [as64499]}]}\n"
                      "  yankee: [{ipv4cidr: [192.0.2.0/24]}]\n"
                      "  x-ray: {asn: [as64497, as64496], countrycode: [de]}\n"}};

/* "yankee" has one family there: both are put right by what a test appends. */
static const char both_families[] =
    "footprints:\n"
    "  zulu: {footprintunion: [{countrycode: [mx]}, {asn: [as64499, as64499]}]}\n"
    "  yankee: {cidr: [\"2001:db8:0:0::/32\", 192.0.2.0/24]}\n"
    "  x-ray: [{footprint-value: [as64497, as64496], footprint-type: asn},\n"
    "          {footprint-type: countrycode, footprint-value: [de]}]\n";

static void check_same(const snapshot_t *x, const snapshot_t *y, const char *path)
{
    assert_string_equal(fixture_tag(x, path), fixture_tag(y, path));
    buf_t a = fixture_body(x, path), b = fixture_body(y, path);
    assert_true(slice_eq(buf_slice(&a), buf_slice(&b)));
    buf_release(&a);
    buf_release(&b);
}

static void test_same_content(void **state)
{
    (void)state;
    fixture_file_t files[4];
    memcpy(files, otherwise, sizeof files);
    snapshot_t *x = fixture_snapshot(base, 1, NULL);
    files[3].text = both_families;
    snapshot_t *y = fixture_snapshot(files, 4, NULL);
    static const char *const paths[] = {"/cdni", "/main-map", "/", "/directory"};
    for (size_t i = 0; i < 4; i++) {
        check_same(x, y, paths[i]);
    }
    assert_int_equal(snapshot_view_public(x)->count, snapshot_view_public(y)->count);
    snapshot_unref(y);
    /* And it is content: one family less is another advertisement, and the same map. */
    y = fixture_snapshot(otherwise, 4, NULL);
    assert_string_not_equal(fixture_tag(x, "/cdni"), fixture_tag(y, "/cdni"));
    check_same(x, y, "/main-map");
    snapshot_unref(y);
    snapshot_unref(x);
}

/* Files in any order, under any name. */
static void test_order_of_files(void **state)
{
    (void)state;
    prng_t p = prng_start();
    snapshot_t *x = fixture_snapshot(otherwise, 4, NULL);
    static const char *const yaml_names[] = {"a.yaml", "b.yml", "zz.yaml", "0.yaml"};
    for (unsigned round = 0; round < 20; round++) {
        fixture_file_t files[4];
        for (size_t i = 0; i < 4; i++) {
            size_t k = prng_below(&p, i + 1);
            files[i] = files[k];
            files[k] = otherwise[i];
        }
        for (size_t i = 0; i < 4; i++) {
            files[i].name = files[i].text[0] == '{' ? "m.json" : yaml_names[i];
        }
        snapshot_t *y = fixture_snapshot(files, 4, NULL);
        check_same(x, y, "/cdni");
        check_same(x, y, "/main-map");
        check_same(x, y, "/");
        snapshot_unref(y);
    }
    snapshot_unref(x);
}

/* Text with one part replaced. */
static char *edited(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    assert_non_null(at);
    size_t n = strlen(text) - strlen(from) + strlen(to) + 1;
    char *out = malloc(n);
    assert_non_null(out);
    (void)snprintf(out, n, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    return out;
}

static void test_changes(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to;
        bool cdni, map;
    } edits[] = {
        {"http/1.1, https/1.1", "https/1.1", true, false},
        {"192.0.2.0/24, 2001", "192.0.2.0/25, 2001", true, false},
        {"2001:db8::/32", "2001:db8::/33", true, false},
        {"[de]", "[at]", true, false},
        {"as64497", "as64498", true, false},
        {"[mx]", "[ca]", true, false},
        {"x: 1", "x: 2", true, false},
        {"x: 1", "x: 1.0", true, false},
        {"y: [1, 2]", "y: [2, 1]", true, false},
        {"b: 2", "b: \"2\"", true, false},
        {"maximum-hard: 7", "maximum-hard: 8", true, false},
        {"[fra, ber]", "[fra]", true, false},
        {"[fra, ber]", "[fra, ber, everywhere]", true, false},
        {"[fra, mix]", "[everywhere]", true, false},
        {"FCI.OcnSelection", "FCI.ForwardTarget", true, false},
        {"ipv4: [192.0.2.0/24]", "ipv4: [192.0.2.0/25]", false, true},
        {"198.51.100.0/24]", "198.51.100.0/25]", false, true},
        {"ipv6: [\"::/0\"]", "ipv6: [\"::/0\", \"::1/128\"]", false, true},
        {"pid-b", "pid-c", false, true},
        {"pid-b: {", "pid-c: {}\n      pid-b: {", false, true},
        /* No change of content. */
        {"version: 1\n", "", false, false},
        {"version: 1\n", "# a comment\n", false, false},
        {"fra:", "\"fra\":", false, false},
        {"http/1.1, https/1.1", "https/1.1, http/1.1", false, false},
        {"[fra, ber]", "[ber, fra]", false, false},
    };
    for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
        snapshot_t *x = fixture_snapshot(base, 1, NULL);
        char *text = edited(base[0].text, edits[i].from, edits[i].to);
        fixture_file_t file = {"a.yaml", text};
        snapshot_t *y = fixture_snapshot(&file, 1, x);
        bool cdni = strcmp(fixture_tag(x, "/cdni"), fixture_tag(y, "/cdni")) != 0;
        bool map = strcmp(fixture_tag(x, "/main-map"), fixture_tag(y, "/main-map")) != 0;
        if (cdni != edits[i].cdni || map != edits[i].map) {
            fail_msg("%s -> %s: cdni %d map %d", edits[i].from, edits[i].to, cdni, map);
        }
        /* Tags and bytes change together. */
        buf_t a = fixture_body(x, "/cdni"), b = fixture_body(y, "/cdni");
        assert_int_equal(slice_eq(buf_slice(&a), buf_slice(&b)), !cdni);
        buf_release(&a);
        buf_release(&b);
        snapshot_unref(x);
        snapshot_unref(y);
        free(text);
    }
}

static void test_tag_form(void **state)
{
    (void)state;
    snapshot_t *s = fixture_snapshot(base, 1, NULL);
    const char *tag = fixture_tag(s, "/cdni");
    assert_int_equal(strlen(tag), TAG_LEN);
    assert_int_equal(
        strspn(tag, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), TAG_LEN);
    buf_t body = fixture_body(s, "/cdni");
    buf_append_char(&body, '\0');
    buf_t want = BUF_INIT;
    buf_printf(&want,
               "{\"meta\":{\"vtag\":{\"resource-id\":\"cdni\",\"tag\":\"%s\"}},"
               "\"cdni-advertisement\":",
               tag);
    assert_int_equal(strncmp(body.ptr, want.ptr, want.len), 0);
    buf_release(&body);
    buf_release(&want);
    snapshot_unref(s);
}

/* ---- network maps that altopid footprints name ---- */

static const char with_pid[] = "footprints: {p: {altopid: [pid-a]}}\n"
                               "capabilities:\n"
                               "  - capability-type: FCI.DeliveryProtocol\n"
                               "    capability-value: {delivery-protocols: [http/1.1]}\n"
                               "    footprints: [p]\n"
                               "network-maps:\n"
                               "  main-map: {pids: {pid-a: {ipv4: [0.0.0.0/0, 192.0.2.0/24]}}}\n";

static void test_dependent_tags(void **state)
{
    (void)state;
    snapshot_t *x = fixture_one(with_pid);
    char *text = edited(with_pid, "192.0.2.0/24", "192.0.2.0/25");
    snapshot_t *y = fixture_one(text);
    assert_string_not_equal(fixture_tag(x, "/main-map"), fixture_tag(y, "/main-map"));
    assert_string_not_equal(fixture_tag(x, "/cdni"), fixture_tag(y, "/cdni"));
    free(text);
    snapshot_unref(y);
    /* The id of the map is a part too. */
    text = edited(with_pid, "main-map", "other-map");
    y = fixture_one(text);
    assert_string_equal(fixture_tag(x, "/main-map"), fixture_tag(y, "/other-map"));
    assert_string_not_equal(fixture_tag(x, "/cdni"), fixture_tag(y, "/cdni"));
    free(text);
    snapshot_unref(y);
    buf_t body = fixture_body(x, "/cdni"), want = BUF_INIT;
    buf_append_char(&body, '\0');
    buf_printf(&want, "\"dependent-vtags\":[{\"resource-id\":\"main-map\",\"tag\":\"%s\"}]",
               fixture_tag(x, "/main-map"));
    buf_append_char(&want, '\0');
    assert_non_null(strstr(body.ptr, want.ptr));
    buf_release(&body);
    buf_release(&want);
    snapshot_unref(x);
}

/* ---- publishing again ---- */

static void test_sharing(void **state)
{
    (void)state;
    snapshot_t *x = fixture_snapshot(base, 1, NULL);
    document_t *cdni = fixture_resource(x, "/cdni")->document;
    document_t *map = fixture_resource(x, "/main-map")->document;
    assert_int_equal(document_compress(cdni, NULL, NULL), ERR_OK);
    const body_t *gzip = document_body(cdni, CODING_GZIP);
    assert_non_null(gzip);
    fixture_file_t files[4];
    memcpy(files, otherwise, sizeof files);
    files[3].text = both_families;
    snapshot_t *y = fixture_snapshot(files, 4, x);
    assert_ptr_equal(fixture_resource(y, "/cdni")->document, cdni);
    assert_ptr_equal(fixture_resource(y, "/main-map")->document, map);
    assert_ptr_equal(fixture_resource(y, "/")->document, fixture_resource(x, "/")->document);
    assert_ptr_equal(fixture_resource(y, "/")->document,
                     fixture_resource(y, "/directory")->document);
    /* The filter of the new snapshot answers from its own. */
    snapshot_unref(x);
    assert_ptr_equal(document_body(cdni, CODING_GZIP), gzip);
    alto_answer_t answer;
    buf_t whole = fixture_post(y, "/cdni-filtered", "{\"cdni-capabilities\":[]}", &answer);
    buf_t body = fixture_body(y, "/cdni");
    assert_int_equal(answer.size, body.len);
    assert_memory_equal(whole.ptr, body.ptr, body.len);
    buf_release(&whole);
    buf_release(&body);
    /* A part changes: the map stays the same document, fragments stay the same bytes. */
    char *text = edited(base[0].text, "maximum-hard: 7", "maximum-hard: 8");
    fixture_file_t file = {"a.yaml", text};
    const cdni_content_t *before = fixture_resource(y, "/cdni")->content;
    snapshot_t *z = fixture_snapshot(&file, 1, y);
    const cdni_content_t *after = fixture_resource(z, "/cdni")->content;
    assert_ptr_equal(fixture_resource(z, "/main-map")->document, map);
    assert_ptr_not_equal(fixture_resource(z, "/cdni")->document, cdni);
    size_t shared = 0;
    for (size_t i = 0; i < after->fragment_count; i++) {
        for (size_t k = 0; k < before->fragment_count; k++) {
            shared += after->fragments[i] == before->fragments[k];
        }
    }
    assert_int_equal(after->fragment_count, before->fragment_count);
    assert_int_equal(shared, before->fragment_count - 1);
    snapshot_unref(y);
    buf_t last = fixture_body(z, "/cdni");
    buf_append_char(&last, '\0');
    assert_non_null(strstr(last.ptr, "\"maximum-hard\":8"));
    buf_release(&last);
    snapshot_unref(z);
    free(text);
}

static void test_snapshot(void **state)
{
    (void)state;
    snapshot_t *s = fixture_snapshot(base, 1, NULL);
    assert_int_equal(snapshot_generation(s), 1);
    assert_int_equal(snapshot_model(s)->advertisement_count, 1);
    assert_ptr_equal(snapshot_ref(s), s);
    snapshot_unref(s);
    const view_t *view = snapshot_view_public(s);
    for (size_t i = 0; i < view->count; i++) {
        const resource_t *r = &view->resources[i];
        assert_true(i == 0 || slice_cmp(view->resources[i - 1].path, r->path) < 0);
        assert_ptr_equal(view_find(view, r->path), r);
        assert_int_equal(resource_is_post(r), r->document == NULL);
        bool service = r->kind->service != SERVICE_RESOURCE;
        assert_int_equal(resource_is_post(r) && !service,
                         r->kind->answer != NULL && r->kind->cost != NULL);
        assert_true(service || slice_is(r->id, "directory") || r->kind->tree);
        if (slice_is(r->id, "directory")) {
            continue;
        }
        assert_true(r->path.ptr[0] == '/' &&
                    slice_eq(r->id, slice_of(r->path.ptr + 1, r->path.len - 1)));
    }
    assert_null(view_find(view, SLICE_LIT("/none")));
    assert_null(view_find(view, SLICE_LIT("")));
    assert_null(view_find(view, SLICE_LIT("cdni")));
    assert_null(view_find(view, SLICE_LIT("/cdni/")));
    snapshot_unref(s);
    snapshot_unref(NULL);
}

static void test_base_uri(void **state)
{
    (void)state;
    findings_t f;
    findings_init(&f, 0);
    model_t *model = fixture_model(base, 1, &f);
    assert_non_null(model);
    findings_release(&f);
    snapshot_options_t options = {.base_uri = SLICE_LIT("https://alto.dcdn.example/x")};
    snapshot_t *s = NULL;
    assert_int_equal(snapshot_build_take(model, &options, NULL, 7, &s), ERR_OK);
    assert_int_equal(snapshot_generation(s), 7);
    buf_t body = fixture_body(s, "/");
    buf_append_char(&body, '\0');
    assert_non_null(strstr(body.ptr, "\"cdni\":{\"uri\":\"https://alto.dcdn.example/x/cdni\""));
    assert_non_null(strstr(body.ptr, "\"uri\":\"https://alto.dcdn.example/x/main-map-filtered\""));
    buf_release(&body);
    snapshot_unref(s);
}

/* ---- withheld documents show nowhere, not even their ids ---- */

static void test_withheld(void **state)
{
    (void)state;
    static const fixture_file_t files[] = {
        {"hidden.yaml",
         "audience: [secret-ucdn]\n"
         "advertisement: secret-ad\n"
         "footprints: {secret-site: {asn: [as64510]}}\n"
         "capabilities:\n"
         "  - capability-type: FCI.SecretCertificate\n"
         "    capability-value: {secret-value: 1}\n"
         "    footprints: [secret-site]\n"
         "network-maps:\n"
         "  secret-map: {default: false, pids: {secret-pid: {ipv4: [0.0.0.0/0]}}}\n"},
        {"hidden-in-cdni.yaml", "audience: [secret-ucdn]\n"
                                "capabilities:\n"
                                "  - capability-type: FCI.DeliveryProtocol\n"
                                "    capability-value: {delivery-protocols: [http/1.1]}\n"
                                "    footprints: [secret-site, everywhere]\n"},
        {"open.yaml", "network-maps:\n"
                      "  open-map: {default: true, pids: {pid-a: {ipv4: [0.0.0.0/0]}}}\n"
                      "capabilities:\n"
                      "  - capability-type: FCI.Metadata\n"
                      "    capability-value: {metadata: []}\n"
                      "    footprints: [everywhere]\n"}};
    snapshot_t *s = fixture_snapshot(files, 3, NULL);
    snapshot_t *without = fixture_snapshot(files + 2, 1, NULL);
    const view_t *view = snapshot_view_public(s);
    assert_int_equal(view->count, snapshot_view_public(without)->count);
    for (size_t i = 0; i < view->count; i++) {
        const resource_t *r = &view->resources[i];
        buf_t path = BUF_INIT;
        buf_append_slice(&path, r->path);
        buf_append_char(&path, '\0');
        assert_null(strstr(path.ptr, "secret"));
        if (r->document) {
            check_same(s, without, path.ptr);
            buf_t body = fixture_bytes(r->document, CODING_IDENTITY);
            buf_append_char(&body, '\0');
            assert_null(strstr(body.ptr, "secret"));
            assert_null(strstr(body.ptr, "as64510"));
            assert_null(strstr(body.ptr, "http/1.1"));
            buf_release(&body);
        }
        buf_release(&path);
    }
    alto_answer_t answer;
    buf_t text = fixture_post(
        s, "/cdni-filtered",
        "{\"cdni-capabilities\":[{\"capability-type\":\"FCI.DeliveryProtocol\","
        "\"capability-value\":{\"delivery-protocols\":[]}}]}",
        &answer);
    assert_non_null(strstr(text.ptr, "\"capabilities-with-footprints\":[]"));
    buf_release(&text);
    snapshot_unref(s);
    snapshot_unref(without);
}

/* ---- great bodies share their fragments ---- */

static void test_great_body(void **state)
{
    (void)state;
    buf_t text = BUF_INIT;
    buf_append_str(&text, "footprints:\n  big: {ipv6cidr: [");
    for (unsigned i = 0; i < 60000; i++) {
        buf_printf(&text, "\"2001:db8:%x:%x::/64\",", i / 1000, i % 1000);
    }
    buf_append_str(&text, "]}\ncapabilities:\n"
                          "  - capability-type: FCI.DeliveryProtocol\n"
                          "    capability-value: {delivery-protocols: [http/1.1]}\n"
                          "    footprints: [big]\n"
                          "  - capability-type: FCI.AcquisitionProtocol\n"
                          "    capability-value: {acquisition-protocols: [http/1.1]}\n"
                          "    footprints: [big]\n");
    buf_append_char(&text, '\0');
    snapshot_t *s = fixture_one(text.ptr);
    document_t *d = document_ref(fixture_resource(s, "/cdni")->document);
    const body_t *body = document_body(d, CODING_IDENTITY);
    assert_true(body->size > BODY_FLAT_MAX);
    assert_null(body->flat);
    /* The list of values stands there twice, in the same fragments. */
    const cdni_content_t *content = fixture_resource(s, "/cdni")->content;
    assert_int_equal(content->objects[0].count, content->objects[1].count);
    for (size_t i = 1; i < content->objects[0].count; i++) {
        assert_ptr_equal(content->segments[content->objects[0].first + i].ptr,
                         content->segments[content->objects[1].first + i].ptr);
    }
    /* The document outlives its snapshot. */
    snapshot_unref(s);
    buf_t bytes = fixture_bytes(d, CODING_IDENTITY);
    arena_t arena;
    arena_init(&arena, 0);
    const json_value_t *tree = fixture_json(&arena, buf_slice(&bytes));
    const json_value_t *list = json_get(json_get(tree, "cdni-advertisement"),
                                        "capabilities-with-footprints");
    assert_int_equal(list->u.array.count, 2);
    for (size_t i = 0; i < 2; i++) {
        const json_value_t *values = json_get(
            &json_get(&list->u.array.items[i], "footprints")->u.array.items[0], "footprint-value");
        assert_int_equal(values->u.array.count, 60000);
    }
    arena_release(&arena);
    buf_release(&bytes);
    document_unref(d);
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_content),   cmocka_unit_test(test_order_of_files),
        cmocka_unit_test(test_changes),        cmocka_unit_test(test_tag_form),
        cmocka_unit_test(test_dependent_tags), cmocka_unit_test(test_sharing),
        cmocka_unit_test(test_snapshot),       cmocka_unit_test(test_base_uri),
        cmocka_unit_test(test_withheld),       cmocka_unit_test(test_great_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
