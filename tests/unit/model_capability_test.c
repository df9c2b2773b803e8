#include "fixture.h"
#include "prng.h"

#include "footprintd/model/capability.h"

/* ---- the table ---- */

static void test_table(void **state)
{
    (void)state;
    static const char *const names[] = {"FCI.DeliveryProtocol",
                                        "FCI.AcquisitionProtocol",
                                        "FCI.RedirectionMode",
                                        "FCI.Logging",
                                        "FCI.Metadata",
                                        "FCI.RedirectTarget",
                                        "FCI.Telemetry",
                                        "FCI.CapacityLimits",
                                        "FCI.DelegatedCredentials"};
    size_t n = sizeof names / sizeof *names;
    for (size_t i = 0; i < n; i++) {
        const capability_type_t *type = capability_type_find(slice_str(names[i]));
        assert_string_equal(type->name, names[i]);
        assert_ptr_equal(type, capability_type_at(i));
        assert_false(capability_type_is_opaque(type));
        bool once = !strcmp(names[i], "FCI.Telemetry") || !strcmp(names[i], "FCI.CapacityLimits");
        assert_int_equal(type->once, once);
        assert_int_equal(strncmp(type->reference, "RFC ", 4), 0);
    }
    assert_null(capability_type_at(n));
    static const char *const opaque[] = {"", "FCI.Metadat", "fci.Metadata", "FCI.Metadata ",
                                         "FCI.OcnSelection"};
    for (size_t i = 0; i < sizeof opaque / sizeof *opaque; i++) {
        const capability_type_t *type = capability_type_find(slice_str(opaque[i]));
        assert_non_null(type);
        assert_true(capability_type_is_opaque(type));
        assert_false(type->once);
    }
}

/* ---- filters: consistent, covers (RFC 9241 5.6) ---- */

static const struct {
    const char *type, *wanted;
    bool ok;
} consistent[] = {
    {"FCI.DeliveryProtocol", "{\"delivery-protocols\":[\"http/1.1\"]}", true},
    {"FCI.DeliveryProtocol", "{\"delivery-protocols\":[],\"more\":null}", true},
    {"FCI.DeliveryProtocol", "{\"delivery-protocols\":[\"not/registered\"]}", true},
    {"FCI.DeliveryProtocol", "{\"delivery-protocols\":\"http/1.1\"}", false},
    {"FCI.DeliveryProtocol", "{\"delivery-protocols\":[1]}", false},
    {"FCI.DeliveryProtocol", "{\"delivery-protocols\":[null]}", false},
    {"FCI.DeliveryProtocol", "{\"delivery-protocols\":null}", false},
    {"FCI.DeliveryProtocol", "{\"acquisition-protocols\":[]}", false},
    {"FCI.DeliveryProtocol", "{}", false},
    {"FCI.DeliveryProtocol", "[\"http/1.1\"]", false},
    {"FCI.DeliveryProtocol", "\"http/1.1\"", false},
    {"FCI.DeliveryProtocol", "7", false},
    {"FCI.AcquisitionProtocol", "{\"acquisition-protocols\":[]}", true},
    {"FCI.AcquisitionProtocol", "{\"delivery-protocols\":[]}", false},
    {"FCI.RedirectionMode", "{\"redirection-modes\":[\"DNS-I\"]}", true},
    {"FCI.RedirectionMode", "{\"redirection-modes\":{}}", false},
    {"FCI.Metadata", "{\"metadata\":[\"MI.Cache\"]}", true},
    {"FCI.Metadata", "{\"metadata\":[[]]}", false},
    {"FCI.Logging", "{\"record-type\":\"x\"}", true},
    {"FCI.Logging", "{\"record-type\":\"x\",\"fields\":[\"s-sid\"]}", true},
    {"FCI.Logging", "{\"record-type\":\"x\",\"fields\":\"s-sid\"}", false},
    {"FCI.Logging", "{\"record-type\":\"x\",\"fields\":[1]}", false},
    {"FCI.Logging", "{\"record-type\":\"x\",\"fields\":null}", false},
    {"FCI.Logging", "{\"record-type\":1}", false},
    {"FCI.Logging", "{\"fields\":[]}", false},
    {"FCI.Logging", "[]", false},
    {"FCI.RedirectTarget", "{}", true},
    {"FCI.RedirectTarget",
     "{\"redirecting-hosts\":[\"a\"],\"dns-target\":{\"host\":\"h\"},"
     "\"http-target\":{\"host\":\"h\",\"scheme\":\"x\",\"path-prefix\":\"p\","
     "\"include-redirecting-host\":false}}",
     true},
    {"FCI.RedirectTarget", "{\"dns-target\":{},\"http-target\":{}}", true},
    {"FCI.RedirectTarget", "{\"redirecting-hosts\":\"a\"}", false},
    {"FCI.RedirectTarget", "{\"dns-target\":\"h\"}", false},
    {"FCI.RedirectTarget", "{\"dns-target\":{\"host\":1}}", false},
    {"FCI.RedirectTarget", "{\"http-target\":[]}", false},
    {"FCI.RedirectTarget", "{\"http-target\":{\"host\":[]}}", false},
    {"FCI.RedirectTarget", "{\"http-target\":{\"scheme\":1}}", false},
    {"FCI.RedirectTarget", "{\"http-target\":{\"path-prefix\":1}}", false},
    {"FCI.RedirectTarget", "{\"http-target\":{\"include-redirecting-host\":\"true\"}}", false},
    {"FCI.RedirectTarget", "[]", false},
    {"FCI.CapacityLimits", "{\"limits\":[]}", true},
    {"FCI.CapacityLimits", "{\"limits\":[{\"limit-type\":\"egress\",\"maximum-hard\":0}]}", true},
    {"FCI.CapacityLimits",
     "{\"limits\":[{\"limit-type\":\"x\",\"maximum-hard\":18446744073709551615}]}", true},
    {"FCI.CapacityLimits",
     "{\"limits\":[{\"limit-type\":\"x\",\"maximum-hard\":18446744073709551616}]}", false},
    {"FCI.CapacityLimits", "{\"limits\":[{\"limit-type\":\"x\",\"maximum-hard\":-1}]}", false},
    {"FCI.CapacityLimits", "{\"limits\":[{\"limit-type\":\"x\",\"maximum-hard\":1.0}]}", false},
    {"FCI.CapacityLimits", "{\"limits\":[{\"limit-type\":\"x\",\"maximum-hard\":1e3}]}", false},
    {"FCI.CapacityLimits", "{\"limits\":[{\"limit-type\":\"x\",\"maximum-hard\":\"1\"}]}", false},
    {"FCI.CapacityLimits", "{\"limits\":[{\"limit-type\":\"x\"}]}", false},
    {"FCI.CapacityLimits", "{\"limits\":[{\"limit-type\":1,\"maximum-hard\":1}]}", false},
    {"FCI.CapacityLimits", "{\"limits\":[1]}", false},
    {"FCI.CapacityLimits", "{\"limits\":{}}", false},
    {"FCI.CapacityLimits", "{}", false},
    {"FCI.Telemetry", "{\"sources\":[]}", true},
    {"FCI.Telemetry",
     "{\"sources\":[{\"id\":\"i\",\"type\":\"t\",\"metrics\":[{\"name\":\"n\"}]}]}", true},
    {"FCI.Telemetry", "{\"sources\":[{\"id\":\"i\",\"type\":\"t\",\"metrics\":[]}]}", true},
    {"FCI.Telemetry", "{\"sources\":[{\"id\":\"i\",\"type\":\"t\"}]}", false},
    {"FCI.Telemetry", "{\"sources\":[{\"id\":1,\"type\":\"t\",\"metrics\":[]}]}", false},
    {"FCI.Telemetry", "{\"sources\":[{\"id\":\"i\",\"metrics\":[]}]}", false},
    {"FCI.Telemetry", "{\"sources\":[{\"id\":\"i\",\"type\":\"t\",\"metrics\":[{}]}]}", false},
    {"FCI.Telemetry", "{\"sources\":[{\"id\":\"i\",\"type\":\"t\",\"metrics\":[\"n\"]}]}", false},
    {"FCI.Telemetry", "{\"sources\":[{\"id\":\"i\",\"type\":\"t\",\"metrics\":{}}]}", false},
    {"FCI.Telemetry", "{\"sources\":{}}", false},
    {"FCI.DelegatedCredentials", "{\"number-delegated-certs-supported\":1}", true},
    {"FCI.DelegatedCredentials", "{\"number-delegated-certs-supported\":\"1\"}", false},
    {"FCI.DelegatedCredentials", "{\"number-delegated-certs-supported\":1.5}", false},
    {"FCI.DelegatedCredentials", "{}", false},
    {"FCI.Other", "7", true},
    {"FCI.Other", "[]", true},
    {"FCI.Other", "false", true},
    {"FCI.Other", "null", false},
};

static void test_consistent(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof consistent / sizeof *consistent; i++) {
        arena_t arena;
        arena_init(&arena, 0);
        const json_value_t *wanted = fixture_json(&arena, slice_str(consistent[i].wanted));
        if (capability_type_find(slice_str(consistent[i].type))->consistent(wanted) !=
            consistent[i].ok) {
            fail_msg("%s %s", consistent[i].type, consistent[i].wanted);
        }
        arena_release(&arena);
    }
}

#define LIMIT(type, hard) "{\"limit-type\":\"" type "\",\"maximum-hard\":" hard "}"
#define SOURCE(id, type, ...)                                                                      \
    "{\"id\":\"" id "\",\"type\":\"" type "\",\"metrics\":[" __VA_ARGS__ "]}"
#define METRIC(name) "{\"name\":\"" name "\"}"

static const struct {
    const char *type, *offered, *wanted;
    bool ok;
} covers[] = {
    {"FCI.DeliveryProtocol", "{\"delivery-protocols\":[\"a\",\"b\"]}",
     "{\"delivery-protocols\":[\"b\"]}", true},
    {"FCI.DeliveryProtocol", "{\"delivery-protocols\":[\"a\",\"b\"]}",
     "{\"delivery-protocols\":[\"b\",\"a\",\"b\"]}", true},
    {"FCI.DeliveryProtocol", "{\"delivery-protocols\":[\"a\",\"b\"]}",
     "{\"delivery-protocols\":[\"a\",\"c\"]}", false},
    {"FCI.DeliveryProtocol", "{\"delivery-protocols\":[\"a\"]}", "{\"delivery-protocols\":[\"A\"]}",
     false},
    {"FCI.DeliveryProtocol", "{\"delivery-protocols\":[]}", "{\"delivery-protocols\":[]}", true},
    {"FCI.DeliveryProtocol", "{\"delivery-protocols\":[\"a\"]}",
     "{\"delivery-protocols\":[],\"more\":1}", true},
    {"FCI.Logging", "{\"record-type\":\"r\",\"fields\":[]}",
     "{\"record-type\":\"r\",\"fields\":[\"s-sid\"]}", true},
    {"FCI.Logging", "{\"record-type\":\"r\"}", "{\"record-type\":\"R\"}", false},
    {"FCI.RedirectTarget", "{}", "{\"dns-target\":{\"host\":\"other\"}}", true},
    {"FCI.CapacityLimits", "{\"limits\":[" LIMIT("egress", "50") "]}",
     "{\"limits\":[" LIMIT("egress", "50") "]}", true},
    {"FCI.CapacityLimits", "{\"limits\":[" LIMIT("egress", "50") "]}",
     "{\"limits\":[" LIMIT("egress", "51") "]}", false},
    {"FCI.CapacityLimits", "{\"limits\":[" LIMIT("egress", "9") "," LIMIT("egress", "50") "]}",
     "{\"limits\":[" LIMIT("egress", "10") "]}", true},
    {"FCI.CapacityLimits", "{\"limits\":[" LIMIT("egress", "50") "]}",
     "{\"limits\":[" LIMIT("requests", "1") "]}", false},
    {"FCI.CapacityLimits", "{\"limits\":[" LIMIT("egress", "50") "]}",
     "{\"limits\":[" LIMIT("egress", "1") "," LIMIT("requests", "1") "]}", false},
    {"FCI.CapacityLimits", "{\"limits\":[" LIMIT("egress", "18446744073709551615") "]}",
     "{\"limits\":[" LIMIT("egress", "18446744073709551615") "]}", true},
    {"FCI.CapacityLimits", "{\"limits\":[" LIMIT("egress", "18446744073709551614") "]}",
     "{\"limits\":[" LIMIT("egress", "18446744073709551615") "]}", false},
    {"FCI.CapacityLimits", "{\"limits\":[]}", "{\"limits\":[]}", true},
    {"FCI.Telemetry", "{\"sources\":[" SOURCE("s", "t", METRIC("a") "," METRIC("b")) "]}",
     "{\"sources\":[" SOURCE("s", "t", METRIC("b")) "]}", true},
    {"FCI.Telemetry", "{\"sources\":[" SOURCE("s", "t", METRIC("a")) "]}",
     "{\"sources\":[" SOURCE("s", "t", METRIC("b")) "]}", false},
    {"FCI.Telemetry", "{\"sources\":[" SOURCE("s", "t", METRIC("a")) "]}",
     "{\"sources\":[" SOURCE("s", "u", METRIC("a")) "]}", false},
    {"FCI.Telemetry", "{\"sources\":[" SOURCE("s", "t", METRIC("a")) "]}",
     "{\"sources\":[" SOURCE("r", "t", METRIC("a")) "]}", false},
    {"FCI.Telemetry", "{\"sources\":[" SOURCE("s", "t", METRIC("a")) "]}",
     "{\"sources\":[" SOURCE("s", "t") "]}", true},
    {"FCI.DelegatedCredentials", "{\"number-delegated-certs-supported\":5}",
     "{\"number-delegated-certs-supported\":5}", true},
    {"FCI.DelegatedCredentials", "{\"number-delegated-certs-supported\":5}",
     "{\"number-delegated-certs-supported\":6}", false},
    {"FCI.Other", "{\"a\":1,\"b\":[1,2,{\"c\":3,\"d\":4}]}", "{\"b\":[{\"d\":4},1]}", true},
    {"FCI.Other", "{\"a\":1}", "{}", true},
    {"FCI.Other", "{\"a\":1}", "{\"b\":1}", false},
    {"FCI.Other", "{\"a\":1}", "{\"a\":2}", false},
    {"FCI.Other", "{\"a\":null}", "{\"a\":null}", true},
    {"FCI.Other", "{\"a\":10}", "{\"a\":10.0}", false},
    {"FCI.Other", "[1,2]", "[2,2,1]", true},
    {"FCI.Other", "[1]", "[]", true},
    {"FCI.Other", "[1]", "{}", false},
    {"FCI.Other", "{}", "[]", false},
    {"FCI.Other", "{}", "[1]", false},
    {"FCI.Other", "1", "{\"a\":1}", false},
    {"FCI.Other", "\"a\"", "\"a\"", true},
    {"FCI.Other", "true", "false", false},
    {"FCI.Other", "\"1\"", "1", false},
};

static void test_covers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof covers / sizeof *covers; i++) {
        arena_t arena;
        arena_init(&arena, 0);
        const capability_type_t *type = capability_type_find(slice_str(covers[i].type));
        const json_value_t *offered = fixture_json(&arena, slice_str(covers[i].offered));
        const json_value_t *wanted = fixture_json(&arena, slice_str(covers[i].wanted));
        assert_true(type->consistent(wanted));
        if (type->covers(offered, wanted) != covers[i].ok) {
            fail_msg("%s %s %s", covers[i].type, covers[i].offered, covers[i].wanted);
        }
        arena_release(&arena);
    }
}

/* ---- documents: the canonical form ---- */

static const struct {
    const char *type, *value, *canonical;
} forms[] = {
    {"FCI.DeliveryProtocol", "{\"delivery-protocols\":[\"https/1.1\",\"http/1.1\",\"https/1.1\"]}",
     "{\"delivery-protocols\":[\"http/1.1\",\"https/1.1\"]}"},
    {"FCI.AcquisitionProtocol",
     "{\"z\":{\"b\":1,\"a\":2},\"acquisition-protocols\":[],\"a\":[2,1]}",
     "{\"acquisition-protocols\":[],\"a\":[2,1],\"z\":{\"a\":2,\"b\":1}}"},
    {"FCI.RedirectionMode", "{\"redirection-modes\":[\"HTTP-I\",\"DNS-I\"]}",
     "{\"redirection-modes\":[\"DNS-I\",\"HTTP-I\"]}"},
    {"FCI.Logging", "{\"fields\":[\"S-SID\",\"s-ccid\",\"s-sid\"],\"record-type\":\"r\"}",
     "{\"record-type\":\"r\",\"fields\":[\"s-ccid\",\"s-sid\"]}"},
    {"FCI.Logging", "{\"fields\":[],\"record-type\":\"r\"}",
     "{\"record-type\":\"r\",\"fields\":[]}"},
    {"FCI.Metadata", "{\"metadata\":[\"MI.Cache\",\"Auth\",\"MI.Auth\"]}",
     "{\"metadata\":[\"MI.Auth\",\"MI.Cache\"]}"},
    {"FCI.RedirectTarget",
     "{\"http-target\":{\"include-redirecting-host\":true,\"path-prefix\":\"/"
     "\",\"scheme\":\"http\","
     "\"host\":\"h\"},\"dns-target\":{\"host\":\"d\"},\"redirecting-hosts\":[\"b\",\"a\",\"b\"]}",
     "{\"redirecting-hosts\":[\"a\",\"b\"],\"dns-target\":{\"host\":\"d\"},\"http-target\":{"
     "\"host\":"
     "\"h\",\"scheme\":\"http\",\"path-prefix\":\"/\",\"include-redirecting-host\":true}}"},
    {"FCI.RedirectTarget",
     "{\"http-target\":{},\"dns-target\":{\"host\":\"\"},"
     "\"redirecting-hosts\":[]}",
     "{}"},
    {"FCI.CapacityLimits",
     "{\"limits\":[" LIMIT("requests", "1") "," LIMIT("egress", "20") "," LIMIT(
         "egress", "3") ",{\"maximum-soft\":1,\"current\":5,\"maximum-hard\":2,\"limit-type\":"
                        "\"egress\",\"id\":\"i\","
                        "\"telemetry-source\":{\"metric\":\"m\",\"id\":\"s\"}}]}",
     "{\"limits\":[" LIMIT("egress", "3") "," LIMIT(
         "egress",
         "20") ",{\"id\":\"i\",\"limit-type\":\"egress\",\"maximum-hard\":2,\"maximum-soft\":1,"
               "\"telemetry-source\":{\"id\":\"s\",\"metric\":\"m\"}}," LIMIT("requests",
                                                                              "1") "]}"},
    {"FCI.Telemetry",
     "{\"sources\":[{\"configuration\":{\"b\":1,\"a\":2},\"metrics\":[{\"latency\":1,"
     "\"data-percentile\":2,\"time-granularity\":3,\"name\":\"n\"},{\"name\":\"a\"}],\"type\":"
     "\"t\","
     "\"id\":\"s\"}," SOURCE("r", "t") "]}",
     "{\"sources\":[" SOURCE(
         "r", "t") ",{\"id\":\"s\",\"type\":\"t\",\"metrics\":[{\"name\":\"a\"},"
                   "{\"name\":\"n\",\"time-granularity\":3,\"data-percentile\":2,\"latency\":1}],"
                   "\"configuration\":{\"a\":2,\"b\":1}}]}"},
    {"FCI.DelegatedCredentials",
     "{\"PrivateKeyEncryptionKey\":{\"y\":1,\"kty\":\"EC\"},\"number-delegated-certs-supported\":"
     "7}",
     "{\"number-delegated-certs-supported\":7,\"PrivateKeyEncryptionKey\":\"{\\\"kty\\\":"
     "\\\"EC\\\","
     "\\\"y\\\":1}\"}"},
    {"FCI.Other", "{\"b\":1e400,\"a\":[{\"d\":0.10,\"c\":-0},2,1]}",
     "{\"a\":[{\"c\":-0,\"d\":0.10},2,1],\"b\":1e400}"},
};

static void canonical(arena_t *arena, const char *type, slice_t value, buf_t *out)
{
    findings_t f;
    findings_init(&f, 0);
    json_value_t made;
    capability_check_t check = {&f, SLICE_LIT("f"), SLICE_LIT(""), arena};
    const json_value_t *in = fixture_json(arena, value);
    if (!capability_type_find(slice_str(type))->canonical(&check, in, &made)) {
        fail_msg("%s %.*s is refused", type, SLICE_ARG(value));
    }
    buf_clear(out);
    json_write_value(out, &made);
    findings_release(&f);
}

static void test_canonical(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        arena_t arena;
        arena_init(&arena, 0);
        buf_t once = BUF_INIT, twice = BUF_INIT;
        canonical(&arena, forms[i].type, slice_str(forms[i].value), &once);
        canonical(&arena, forms[i].type, buf_slice(&once), &twice);
        buf_append_char(&once, '\0');
        buf_append_char(&twice, '\0');
        assert_string_equal(once.ptr, forms[i].canonical);
        assert_string_equal(twice.ptr, forms[i].canonical);
        buf_release(&once);
        buf_release(&twice);
        arena_release(&arena);
    }
}

/* Members of objects in another order. */
static void shuffle(prng_t *p, json_value_t *v)
{
    if (v->kind == JSON_ARRAY) {
        for (size_t i = 0; i < v->u.array.count; i++) {
            shuffle(p, &v->u.array.items[i]);
        }
    } else if (v->kind == JSON_OBJECT) {
        for (size_t n = v->u.object.count; n > 0; n--) {
            size_t k = prng_below(p, n);
            json_member_t m = v->u.object.members[k];
            v->u.object.members[k] = v->u.object.members[n - 1];
            v->u.object.members[n - 1] = m;
            shuffle(p, &v->u.object.members[n - 1].value);
        }
    }
}

static void test_member_order_is_no_content(void **state)
{
    (void)state;
    prng_t p = prng_start();
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        for (unsigned round = 0; round < 20; round++) {
            arena_t arena;
            arena_init(&arena, 0);
            buf_t text = BUF_INIT, made = BUF_INIT;
            json_value_t *value = fixture_json(&arena, slice_str(forms[i].value));
            shuffle(&p, value);
            json_write_value(&text, value);
            canonical(&arena, forms[i].type, buf_slice(&text), &made);
            assert_true(slice_is(buf_slice(&made), forms[i].canonical));
            buf_release(&text);
            buf_release(&made);
            arena_release(&arena);
        }
    }
}

/* Limits and metrics that differ in their least member only still have one order. */
static void test_ties(void **state)
{
    (void)state;
    static const char *const limits[] = {
        LIMIT("egress", "1"),
        "{\"limit-type\":\"egress\",\"maximum-hard\":1,\"telemetry-source\":{\"id\":\"a\","
        "\"metric\":"
        "\"m\"}}",
        "{\"limit-type\":\"egress\",\"maximum-hard\":1,\"telemetry-source\":{\"id\":\"b\","
        "\"metric\":"
        "\"m\"}}",
        "{\"limit-type\":\"egress\",\"maximum-hard\":1,\"x\":[true,null]}",
        "{\"limit-type\":\"egress\",\"maximum-hard\":1,\"x\":[true,1]}",
        "{\"limit-type\":\"egress\",\"maximum-hard\":1,\"x\":[true]}",
    };
    size_t n = sizeof limits / sizeof *limits;
    prng_t p = prng_start();
    buf_t first = BUF_INIT;
    for (unsigned round = 0; round < 50; round++) {
        size_t order[8];
        for (size_t i = 0; i < n; i++) {
            size_t k = prng_below(&p, i + 1);
            order[i] = order[k];
            order[k] = i;
        }
        arena_t arena;
        arena_init(&arena, 0);
        buf_t text = BUF_INIT, made = BUF_INIT;
        buf_append_str(&text, "{\"limits\":[");
        for (size_t i = 0; i < n; i++) {
            buf_append_str(&text, i ? "," : "");
            buf_append_str(&text, limits[order[i]]);
        }
        buf_append_str(&text, "]}");
        canonical(&arena, "FCI.CapacityLimits", buf_slice(&text), &made);
        if (!round) {
            buf_append_slice(&first, buf_slice(&made));
        }
        assert_true(slice_eq(buf_slice(&made), buf_slice(&first)));
        buf_release(&text);
        buf_release(&made);
        arena_release(&arena);
    }
    buf_release(&first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_consistent),
        cmocka_unit_test(test_covers),
        cmocka_unit_test(test_canonical),
        cmocka_unit_test(test_member_order_is_no_content),
        cmocka_unit_test(test_ties),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
