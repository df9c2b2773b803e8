/*
 * Entity ids (RFC 9240 5.1.3, RFC 9241 6.1, RFC 9388 3): what is one, of which domain, and how it
 * is written canonically.
 */
#include "fixture.h"

#include "alto/entity.h"

/* The default map's id begins as an id of an IPv4 entity does. */
static const char documents[] =
    "network-maps:\n"
    "  \"ipv4:x\":\n"
    "    default: true\n"
    "    pids: {\"a:b\": {ipv4: [0.0.0.0/0]}, rest: {ipv6: [\"::/0\"]}}\n"
    "  spare:\n"
    "    pids: {all: {ipv4: [0.0.0.0/0], ipv6: [\"::/0\"]}}\n"
    "footprints:\n"
    "  pid: {altopid: [\"a:b\"]}\n"
    "capabilities:\n"
    "  - {capability-type: FCI.RedirectionMode, footprints: [pid],\n"
    "     capability-value: {redirection-modes: [DNS-I]}}\n";

typedef struct row {
    const char *id;
    const char *canonical; /* NULL: no entity id */
} row_t;

static const row_t rows[] = {
    {"ipv4:192.0.2.1", "ipv4:192.0.2.1"},
    {"ipv4:192.0.2.1/32", "ipv4:192.0.2.1"},
    {"ipv4:192.0.2.0/24", "ipv4:192.0.2.0/24"},
    {"ipv4:192.0.2.77/24", "ipv4:192.0.2.0/24"}, /* V11: masked */
    {"ipv4:192.0.2.77/0", "ipv4:0.0.0.0/0"},
    {"ipv4:0.0.0.0/0", "ipv4:0.0.0.0/0"},
    {"ipv4:255.255.255.255", "ipv4:255.255.255.255"},
    {"ipv4:192.0.2.256", NULL},
    {"ipv4:192.0.2.01", NULL},
    {"ipv4:192.0.2", NULL},
    {"ipv4:192.0.2.0/33", NULL},
    {"ipv4:192.0.2.0/024", NULL},
    {"ipv4:192.0.2.0/+24", NULL},
    {"ipv4:192.0.2.0/-1", NULL},
    {"ipv4:192.0.2.0/", NULL},
    {"ipv4:192.0.2.0/24/24", NULL},
    {"ipv4: 192.0.2.0", NULL},
    {"ipv4:192.0.2.0 ", NULL},
    {"ipv4:", NULL},
    {"ipv4", NULL},
    {"ipv4:2001:db8::1", NULL}, /* of the other family */
    {"ipv4:2001:db8::/32", NULL},
    {"ipv6:2001:db8::1", "ipv6:2001:db8::1"},
    {"ipv6:2001:DB8:0:0:0:0:0:1", "ipv6:2001:db8::1"},
    {"ipv6:2001:0db8::0001/128", "ipv6:2001:db8::1"},
    {"ipv6:2001:db8::1/64", "ipv6:2001:db8::/64"},
    {"ipv6:2001:db8::/32", "ipv6:2001:db8::/32"},
    {"ipv6:::/0", "ipv6:::/0"},
    {"ipv6:::", "ipv6:::"},
    {"ipv6:::ffff:192.0.2.1", "ipv6:::ffff:192.0.2.1"}, /* stays IPv6 */
    {"ipv6:::ffff:c000:201/128", "ipv6:::ffff:192.0.2.1"},
    {"ipv6:2001:db8::1%eth0", NULL},
    {"ipv6:fe80::1%251", NULL},
    {"ipv6:[2001:db8::1]", NULL},
    {"ipv6:2001:db8::/129", NULL},
    {"ipv6:2001:db8::/064", NULL},
    {"ipv6:2001:db8", NULL},
    {"ipv6:1::2::3", NULL},
    {"ipv6:192.0.2.1", NULL},
    {"ipv6:192.0.2.0/24", NULL},
    {"ipv6:", NULL},
    {"asn:as64496", "asn:as64496"},
    {"asn:as0", "asn:as0"},
    {"asn:as4294967295", "asn:as4294967295"},
    {"asn:as4294967296", NULL},
    {"asn:as99999999999", NULL},
    {"asn:AS64496", NULL},
    {"asn:64496", NULL},
    {"asn:as064496", NULL},
    {"asn:as1.2", NULL},
    {"asn:as", NULL},
    {"asn:", NULL},
    {"countrycode:us", "countrycode:us"},
    {"countrycode:zz", "countrycode:zz"}, /* V12: syntax alone */
    {"countrycode:US", NULL},
    {"countrycode:usa", NULL},
    {"countrycode:u", NULL},
    {"countrycode:u1", NULL},
    {"countrycode:", NULL},
    {"subdivisioncode:us-ny", "subdivisioncode:us-ny"},
    {"subdivisioncode:US-NY", "subdivisioncode:us-ny"}, /* this domain alone is folded */
    {"subdivisioncode:gb-eng", "subdivisioncode:gb-eng"},
    {"subdivisioncode:fr-75", "subdivisioncode:fr-75"},
    {"subdivisioncode:us-", NULL},
    {"subdivisioncode:us", NULL},
    {"subdivisioncode:us-nyyy", NULL},
    {"subdivisioncode:usny", NULL},
    {"subdivisioncode:u1-ny", NULL},
    {"subdivisioncode:us-n_", NULL},
    {"subdivisioncode:", NULL},
    {"ipv4:x.pid:a:b", "ipv4:x.pid:a:b"},         /* the longest domain, not the first colon */
    {"ipv4:x.pid:unknown", "ipv4:x.pid:unknown"}, /* V8: well-formed */
    {"ipv4:x.pid:a.b", "ipv4:x.pid:a.b"},         /* V8: the reserved '.' (RFC 7285 10.1) */
    {"ipv4:x.pid:-_@Z9", "ipv4:x.pid:-_@Z9"},
    {"ipv4:x.pid:a b", NULL},
    {"ipv4:x.pid:a/b", NULL},
    {"ipv4:x.pid:", NULL},
    {"ipv4:x.pid", NULL},
    {"ipv4:y.pid:a", NULL},
    {"spare.pid:all", NULL}, /* no advertisement uses it */
    {"netmap.pid:all", NULL},
    {"pid:a", NULL},
    {".pid:a", NULL},
    {"IPv4:192.0.2.1", NULL}, /* no domain: names have case */
    {"ipv5:192.0.2.1", NULL},
    {"ane:x", NULL},
    {"192.0.2.1", NULL},
    {":192.0.2.1", NULL},
    {"", NULL},
};

static const property_map_content_t *content(const snapshot_t *s)
{
    return fixture_resource(s, "/propmap-filtered")->content;
}

static void test_ids(void **state)
{
    (void)state;
    snapshot_t *s = fixture_one(documents);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        entity_t e;
        bool ok = entity_parse(content(s), slice_str(rows[i].id), &e);
        if (ok != (rows[i].canonical != NULL)) {
            fail_msg("'%s' is %san entity id", rows[i].id, ok ? "" : "not ");
        }
        if (!ok) {
            continue;
        }
        buf_t text = BUF_INIT;
        entity_text(&e, &text);
        if (!slice_is(buf_slice(&text), rows[i].canonical)) {
            fail_msg("'%s' is written %.*s", rows[i].id, SLICE_ARG(buf_slice(&text)));
        }
        assert_true(slice_is(e.spelling, rows[i].id));
        /* Canonical text is an id, of the same entity. */
        entity_t again;
        buf_t back = BUF_INIT;
        assert_true(entity_parse(content(s), buf_slice(&text), &again));
        entity_text(&again, &back);
        assert_true(slice_eq(buf_slice(&text), buf_slice(&back)));
        assert_ptr_equal(again.domain, e.domain);
        buf_release(&text);
        buf_release(&back);
    }
    snapshot_unref(s);
}

/* 1 to 64 characters (RFC 7285 10.1). */
static void test_pid_length(void **state)
{
    (void)state;
    snapshot_t *s = fixture_one(documents);
    char id[128] = "ipv4:x.pid:";
    size_t head = strlen(id);
    entity_t e;
    memset(id + head, 'p', 65);
    assert_true(entity_parse(content(s), slice_of(id, head + 64), &e));
    assert_false(entity_parse(content(s), slice_of(id, head + 65), &e));
    snapshot_unref(s);
}

/* Ids come from JSON strings, which hold any character. */
static void test_any_bytes(void **state)
{
    (void)state;
    snapshot_t *s = fixture_one(documents);
    static const char *const heads[] = {
        "ipv4:", "ipv6:", "asn:", "countrycode:", "subdivisioncode:", "ipv4:x.pid:"};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            char id[32];
            size_t n = strlen(heads[i]);
            memcpy(id, heads[i], n);
            id[n] = (char)byte;
            entity_t e;
            bool ok = entity_parse(content(s), slice_of(id, n + 1), &e);
            bool name = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
                        (byte >= 'a' && byte <= 'z') ||
                        (byte && strchr("-_:@.", (int)byte) != NULL);
            assert_int_equal(ok, i == 5 && name);
        }
    }
    snapshot_unref(s);
}

static prefix_t prefix_of(const char *text)
{
    prefix_t p;
    assert_int_equal(prefix_parse(slice_str(text), &p, NULL), ERR_OK);
    return p;
}

static void test_contains(void **state)
{
    (void)state;
    static const struct {
        const char *outer, *inner;
        bool contains;
    } pairs[] = {
        {"0.0.0.0/0", "255.255.255.255/32", true},   {"192.0.2.0/24", "192.0.2.0/24", true},
        {"192.0.2.0/24", "192.0.2.128/25", true},    {"192.0.2.0/24", "192.0.3.0/25", false},
        {"192.0.2.128/25", "192.0.2.0/24", false},   {"192.0.2.1/32", "192.0.2.1/32", true},
        {"192.0.2.1/32", "192.0.2.0/32", false},     {"::/0", "2001:db8::1/128", true},
        {"2001:db8::/64", "2001:db8::/65", true},    {"2001:db8::/64", "2001:db8:0:1::/65", false},
        {"2001:db8::/65", "2001:db8::/64", false},   {"2001:db8::1/128", "2001:db8::1/128", true},
        {"2001:db8::/127", "2001:db8::1/128", true}, {"2001:db8::2/127", "2001:db8::1/128", false},
        {"2001:db8::/32", "2001:db9::/64", false},   {"2001:db8:1::/96", "2001:db8::/128", false},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        prefix_t outer = prefix_of(pairs[i].outer), inner = prefix_of(pairs[i].inner);
        assert_int_equal(entity_prefix_contains(&outer, &inner), pairs[i].contains);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_pid_length),
        cmocka_unit_test(test_any_bytes),
        cmocka_unit_test(test_contains),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
