#include "fixture.h"

/* Which profiles share a view: those that see the same of these documents. */

static const char documents[] =
    "version: 1\n"
    "footprints:\n"
    "  metro: {ipv4cidr: [192.0.2.0/24]}\n"
    "  both: {footprintunion: [{countrycode: [de]}, {asn: [as64500]}]}\n"
    "capabilities:\n"
    "  - capability-type: FCI.DeliveryProtocol\n"
    "    capability-value: {delivery-protocols: [http/1.1]}\n"
    "    footprints: [metro]\n"
    "  - capability-type: FCI.RedirectionMode\n"
    "    capability-value: {redirection-modes: [DNS-I]}\n"
    "    footprints: [both]\n";

typedef struct understands {
    const char *name;
    const char *capabilities[4]; /* none: all */
    int without;                 /* a footprint type, or -1 */
    const char *like;            /* whose view it has; "": the public one */
} understands_t;

static const understands_t cases[] = {
    {"all", {NULL}, -1, ""},
    {"what-there-is", {"FCI.DeliveryProtocol", "FCI.RedirectionMode"}, -1, ""},
    {"more", {"FCI.DeliveryProtocol", "FCI.Logging", "FCI.RedirectionMode"}, -1, ""},
    {"no-pids", {NULL}, FP_ALTOPID, ""},
    {"no-modes", {"FCI.DeliveryProtocol"}, -1, "no-modes"},
    {"no-modes-either", {"FCI.DeliveryProtocol", "FCI.Metadata"}, FP_ALTOPID, "no-modes"},
    {"no-asn", {NULL}, FP_ASN, "no-asn"},
    {"no-union", {NULL}, FP_UNION, "no-union"},
};
#define CASES (sizeof cases / sizeof cases[0])

static void test_classes(void **state)
{
    (void)state;
    view_profile_t profiles[CASES];
    slice_t types[CASES][4];
    for (size_t i = 0; i < CASES; i++) {
        profiles[i] = (view_profile_t){
            .name = slice_str(cases[i].name), .capability_types = types[i], .geo_properties = true};
        for (size_t k = 0; cases[i].capabilities[k]; k++) {
            types[i][profiles[i].capability_type_count++] = slice_str(cases[i].capabilities[k]);
        }
        profiles[i].all_capability_types = !profiles[i].capability_type_count;
        for (int type = 0; type < FP_TYPE_COUNT; type++) {
            profiles[i].footprint_types[type] = type != cases[i].without;
        }
    }
    fixture_file_t file = {"a.yaml", documents};
    findings_t findings;
    findings_init(&findings, 0);
    model_t *model = fixture_model(&file, 1, &findings);
    assert_non_null(model);
    findings_release(&findings);
    snapshot_options_t options = {
        .base_uri = SLICE_LIT(""), .profiles = profiles, .profile_count = CASES};
    snapshot_t *s = NULL;
    assert_int_equal(snapshot_build_take(model, &options, NULL, 1, &s), ERR_OK);
    assert_int_equal(snapshot_class_count(s), 4);
    for (size_t i = 0; i < CASES; i++) {
        const view_t *view = snapshot_view_of(s, slice_str(cases[i].name));
        assert_non_null(view);
        assert_ptr_equal(view, cases[i].like[0] ? snapshot_view_of(s, slice_str(cases[i].like))
                                                : snapshot_view_public(s));
    }
    snapshot_unref(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_classes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
