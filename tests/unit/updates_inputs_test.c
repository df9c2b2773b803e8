/* Inputs of POST resources that are followed: which of them are the same. */
#include "updates_fixture.h"

#define DOCUMENT                                                                                   \
    "network-maps: {netmap: {pids: {p: {ipv4: [192.0.2.0/24]}, q: {ipv4: [0.0.0.0/0]}}}}\n"

#define COST(mode) "{\"cost-mode\":\"" mode "\",\"cost-metric\":\"routingcost\"}"
#define COSTS(id, first, second)                                                                   \
    "\"" id                                                                                        \
    "\":{\"resource-id\":\"num-routingcost-filtered\",\"input\":{\"multi-cost-types\":[" COST(     \
        first) "," COST(second) "]}}"

/* Lists that others count along are no sets: what is followed is what would be answered. */
static void test_order_of_types(void **state)
{
    (void)state;
    feeder_t f;
    feeder_init(&f, NULL);
    feeder_publish(&f, DOCUMENT);
    stream_t *s = feeder_open(
        &f, "{\"add\":{" COSTS("a", "ordinal", "numerical") "," COSTS(
                "b", "numerical", "ordinal") "," COSTS("c", "ordinal", "ordinal") "}}");
    static const char *const types[] = {COST("ordinal") "," COST("numerical"),
                                        COST("numerical") "," COST("ordinal"),
                                        COST("ordinal") "," COST("ordinal")};
    stream_skip(&f, s, CONTROL_EVENT);
    for (size_t i = 0; i < 3; i++) {
        char event[64], want[256];
        (void)snprintf(event, sizeof event, "application/alto-costmap+json,%c", 'a' + (int)i);
        (void)snprintf(want, sizeof want, "\"multi-cost-types\":[%s]", types[i]);
        buf_t data = stream_expect(&f, s, event);
        assert_non_null(strstr(data.ptr, want));
        buf_release(&data);
    }
    stream_end(s);
    feeder_release(&f);
}

/* Others are, and members have no order: so asked, it is one document. */
static void test_same(void **state)
{
    (void)state;
    feeder_t f;
    hub_counters_t counters;
    feeder_init(&f, NULL);
    feeder_publish(&f, DOCUMENT);
    stream_t *s = feeder_open(
        &f,
        "{\"add\":{\"a\":{\"resource-id\":\"netmap-filtered\",\"input\":{\"pids\":[\"p\",\"q\"],"
        "\"address-types\":[\"ipv4\"]}},\"b\":{\"resource-id\":\"netmap-filtered\",\"input\":{"
        "\"address-types\":[\"ipv4\"],\"pids\":[\"q\",\"p\",\"q\"]}}}}");
    hub_read_counters(f.hub, &counters);
    assert_int_equal(counters.inputs, 1);
    stream_end(s);
    feeder_release(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_of_types),
        cmocka_unit_test(test_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
