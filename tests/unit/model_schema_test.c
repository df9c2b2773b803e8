/* docs/schema/footprints.schema.json names what the parser knows, and nothing else. */
#include "fixture.h"

static arena_t arena;
static const json_value_t *schema;

static const json_value_t *def(const char *name)
{
    const json_value_t *v = json_get(json_get(schema, "$defs"), name);
    if (!v) {
        fail_msg("the schema does not define %s", name);
    }
    return v;
}

static void check_closed(const json_value_t *object)
{
    const json_value_t *additional = json_get(object, "additionalProperties");
    assert_non_null(additional);
    assert_true(additional->kind == JSON_BOOL && !additional->u.boolean);
}

/* Every $ref leads somewhere, and every property that is not one has a description. */
static void check_tree(const json_value_t *v, bool properties)
{
    for (size_t i = 0; v->kind == JSON_ARRAY && i < v->u.array.count; i++) {
        check_tree(&v->u.array.items[i], false);
    }
    for (size_t i = 0; v->kind == JSON_OBJECT && i < v->u.object.count; i++) {
        const json_member_t *m = &v->u.object.members[i];
        if (slice_is(m->name, "$ref")) {
            slice_t ref = m->value.u.text;
            const json_value_t *at = schema;
            assert_memory_equal(ref.ptr, "#/", 2);
            ref = slice_of(ref.ptr + 2, ref.len - 2);
            while (ref.len) {
                const char *slash = memchr(ref.ptr, '/', ref.len);
                size_t n = slash ? (size_t)(slash - ref.ptr) : ref.len;
                at = json_get_slice(at, slice_of(ref.ptr, n));
                assert_non_null(at);
                ref = slice_of(ref.ptr + n + (slash != NULL), ref.len - n - (slash != NULL));
            }
        }
        check_tree(&m->value, slice_is(m->name, "properties"));
        if (properties && !json_get(&m->value, "description") && !json_get(&m->value, "$ref") &&
            !json_get(&m->value, "const") && !json_get(&m->value, "items")) {
            fail_msg("%.*s has no description", SLICE_ARG(m->name));
        }
    }
}

static void test_references(void **state)
{
    (void)state;
    check_tree(schema, false);
    assert_true(slice_is(json_get(schema, "$schema")->u.text,
                         "https://json-schema.org/draft/2020-12/schema"));
}

static void test_keys(void **state)
{
    (void)state;
    static const char *const names[KEY_LIST_COUNT] = {
        [KEYS_CAPABILITY] = "capability",
        [KEYS_FOOTPRINT] = "footprintTypes",
        [KEYS_RFC_FOOTPRINT] = "footprintObject",
        [KEYS_NETWORK_MAP] = "networkMap",
        [KEYS_PID] = "pid",
        [KEYS_COST_MAP] = "costMap",
        [KEYS_NAMED_FOOTPRINT] = "namedFootprintTypes",
        [KEYS_WITHDRAWAL] = "withdrawal",
        [KEYS_CALENDAR] = "calendar",
        [KEYS_TOPOLOGY] = "topology",
        [KEYS_TOPOLOGY_ELEMENT] = "topologyElement",
        [KEYS_TOPOLOGY_NODE] = "topologyNode",
        [KEYS_TOPOLOGY_LINK] = "topologyLink",
        [KEYS_TOPOLOGY_PATH] = "topologyPath",
    };
    for (unsigned list = 0; list < KEY_LIST_COUNT; list++) {
        const json_value_t *object = list == KEYS_DOCUMENT ? schema : def(names[list]);
        const json_value_t *properties = json_get(object, "properties");
        size_t n = 0;
        check_closed(object);
        for (; model_key_lists[list][n]; n++) {
            if (!json_get(properties, model_key_lists[list][n])) {
                fail_msg("the schema has no %s", model_key_lists[list][n]);
            }
        }
        assert_int_equal(properties->u.object.count, n);
    }
}

static bool enum_has(const json_value_t *list, const char *name)
{
    for (size_t i = 0; i < list->u.array.count; i++) {
        if (slice_is(list->u.array.items[i].u.text, name)) {
            return true;
        }
    }
    return false;
}

static void test_footprint_types(void **state)
{
    (void)state;
    const json_value_t *types = json_get(def("footprintTypes"), "properties");
    const json_value_t *names = json_get(
        json_get(json_get(def("footprintObject"), "properties"), "footprint-type"), "enum");
    const json_value_t *members = json_get(
        json_get(json_get(def("unionMemberObject"), "properties"), "footprint-type"), "enum");
    assert_int_equal(names->u.array.count, FP_TYPE_COUNT);
    assert_int_equal(members->u.array.count, FP_TYPE_COUNT - 1);
    for (unsigned i = 0; i < FP_TYPE_COUNT; i++) {
        assert_non_null(json_get(types, fp_type_infos[i].name));
        assert_true(enum_has(names, fp_type_infos[i].name));
        assert_int_equal(enum_has(members, fp_type_infos[i].name), i != FP_UNION);
    }
    /* What a document may say besides: cidr. */
    assert_int_equal(types->u.object.count, FP_TYPE_COUNT + 1);
    assert_non_null(json_get(types, "cidr"));
}

/* The members that a schema names are those that the type's validator knows, at every depth. */
static void check_members(const capability_type_t *type, const json_value_t *object, slice_t head,
                          slice_t tail)
{
    const json_value_t *properties = json_get(object, "properties");
    for (size_t i = 0; properties && i < properties->u.object.count; i++) {
        slice_t name = properties->u.object.members[i].name;
        arena_t own;
        findings_t f;
        json_value_t out;
        arena_init(&own, 0);
        findings_init(&f, 0);
        slice_t text = arena_printf(&own, "%.*s{\"%.*s\":0,\"no such member\":0}%.*s",
                                    SLICE_ARG(head), SLICE_ARG(name), SLICE_ARG(tail));
        capability_check_t check = {&f, SLICE_LIT("f"), SLICE_LIT(""), &own};
        (void)type->canonical(&check, fixture_json(&own, text), &out);
        size_t unknown = 0;
        for (size_t k = 0; k < f.count; k++) {
            unknown += f.items[k].code == FINDING_UNKNOWN_MEMBER;
        }
        if (unknown != 1) {
            fail_msg("%s does not know %.*s in %.*s", type->name, SLICE_ARG(name), SLICE_ARG(text));
        }
        findings_release(&f);
        arena_release(&own);
    }
}

static const json_value_t *at(const json_value_t *v, const char *name)
{
    const json_value_t *found = json_get(json_get(v, "properties"), name);
    assert_non_null(found);
    return found;
}

static void test_capability_types(void **state)
{
    (void)state;
    const json_value_t *type_property = at(def("capability"), "capability-type");
    const json_value_t *names = json_get(&json_get(type_property, "anyOf")->u.array.items[0],
                                         "enum");
    size_t n = 0;
    for (; capability_type_at(n); n++) {
        const capability_type_t *type = capability_type_at(n);
        assert_true(enum_has(names, type->name));
        const json_value_t *value = def(type->name);
        assert_true(json_get(value, "properties")->u.object.count > 0);
        check_members(type, value, SLICE_LIT(""), SLICE_LIT(""));
    }
    assert_int_equal(names->u.array.count, n);
    assert_int_equal(json_get(def("capability"), "allOf")->u.array.count, n);

    const capability_type_t *limits = capability_type_find(SLICE_LIT("FCI.CapacityLimits"));
    const json_value_t *limit = json_get(at(def("FCI.CapacityLimits"), "limits"), "items");
    check_members(limits, limit, SLICE_LIT("{\"limits\":["), SLICE_LIT("]}"));
    check_members(limits, at(limit, "telemetry-source"),
                  SLICE_LIT("{\"limits\":[{\"telemetry-source\":"), SLICE_LIT("}]}"));
    const capability_type_t *telemetry = capability_type_find(SLICE_LIT("FCI.Telemetry"));
    const json_value_t *source = json_get(at(def("FCI.Telemetry"), "sources"), "items");
    check_members(telemetry, source, SLICE_LIT("{\"sources\":["), SLICE_LIT("]}"));
    check_members(telemetry, json_get(at(source, "metrics"), "items"),
                  SLICE_LIT("{\"sources\":[{\"metrics\":["), SLICE_LIT("]}]}"));
    const capability_type_t *target = capability_type_find(SLICE_LIT("FCI.RedirectTarget"));
    static const char *const targets[] = {"dns-target", "http-target"};
    for (size_t i = 0; i < 2; i++) {
        const json_value_t *forms = json_get(at(def("FCI.RedirectTarget"), targets[i]), "anyOf");
        const json_value_t *form = &forms->u.array.items[forms->u.array.count - 1];
        slice_t head = arena_printf(&arena, "{\"%s\":", targets[i]);
        check_members(target, form, head, SLICE_LIT("}"));
    }
}

static int setup(void **state)
{
    (void)state;
    buf_t text = BUF_INIT;
    char part[4096];
    size_t n;
    FILE *file = fopen(FPD_SOURCE_DIR "/docs/schema/footprints.schema.json", "re");
    assert_non_null(file);
    while ((n = fread(part, 1, sizeof part, file)) > 0) {
        buf_append(&text, part, n);
    }
    (void)fclose(file);
    arena_init(&arena, 0);
    schema = fixture_json(&arena, buf_slice(&text));
    buf_release(&text);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_references),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_footprint_types),
        cmocka_unit_test(test_capability_types),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
