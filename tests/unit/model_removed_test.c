/*
 * Names that the documents before defined, and these do not: what findings say of each reference.
 */
#include "fixture.h"

#define FILES 3

static const fixture_file_t before[FILES] = {
    {"dir/metro.yaml", "version: 1\nfootprints:\n\n  metro: {ipv4cidr: [192.0.2.0/24]}\n"},
    {"dir/maps.yaml", "version: 1\nnetwork-maps:\n  mine:\n    default: true\n    pids:\n"
                      "      pid-a: {ipv4: [0.0.0.0/0], ipv6: [\"::/0\"]}\n"
                      "      pid-b: {ipv4: [192.0.2.0/24]}\n"},
    {"dir/uses.yaml", "version: 1\nfootprints:\n  by-pid: {altopid: [pid-b]}\n"
                      "capabilities:\n"
                      "  - {capability-type: FCI.Metadata, capability-value: {metadata: [MI.A]},\n"
                      "     footprints: [metro, by-pid]}\n"
                      "  - {capability-type: FCI.Metadata, capability-value: {metadata: [MI.B]},\n"
                      "     footprints: [metro, metr]}\n"
                      "cost-maps:\n  num-routingcost:\n    network-map: mine\n"
                      "    cost-metric: routingcost\n    cost-mode: numerical\n"
                      "    costs: {pid-a: {pid-b: 1}}\n"}};

static model_t *build(const fixture_file_t *files, size_t count, const model_t *old,
                      findings_t *findings)
{
    model_source_t sources[FILES];
    for (size_t i = 0; i < count; i++) {
        sources[i] = (model_source_t){slice_str(files[i].name), DOC_YAML, slice_str(files[i].text)};
    }
    const model_options_t options = {.before = old};
    model_t *model = NULL;
    (void)!model_build(sources, count, &options, findings, &model);
    return model;
}

static model_t *build_before(void)
{
    findings_t findings;
    fixture_file_t files[FILES];
    memcpy(files, before, sizeof files);
    buf_t text = BUF_INIT;
    /* Without the name that never was. */
    slice_t whole = slice_str(before[2].text);
    const char *at = strstr(before[2].text, ", metr]");
    buf_append(&text, whole.ptr, (size_t)(at - whole.ptr));
    buf_append_str(&text, at + strlen(", metr"));
    buf_append_char(&text, '\0');
    files[2].text = text.ptr;
    findings_init(&findings, 0);
    model_t *model = build(files, FILES, NULL, &findings);
    assert_non_null(model);
    findings_release(&findings);
    buf_release(&text);
    return model;
}

/* Error i, whatever is warned of. */
static void expect(const findings_t *f, size_t error, const char *text)
{
    buf_t line = BUF_INIT;
    size_t i = 0;
    for (;; i++) {
        assert_true(i < f->count);
        if (finding_infos[f->items[i].code].severity == SEVERITY_ERROR && !error--) {
            break;
        }
    }
    finding_format(&f->items[i], &line);
    buf_append_char(&line, '\0');
    assert_string_equal(line.ptr, text);
    buf_release(&line);
}

static void test_footprints(void **unused)
{
    (void)unused;
    findings_t f;
    findings_init(&f, 0);
    model_t *old = build_before();
    assert_null(build(before + 1, 2, old, &f));
    assert_int_equal(f.errors, 3);
    expect(&f, 0,
           "dir/uses.yaml:6:19: error: no document defines footprint 'metro' any more: it was in "
           "metro.yaml:4 before this change [unknown-footprint]");
    expect(&f, 1,
           "dir/uses.yaml:8:19: error: no document defines footprint 'metro' any more: it was in "
           "metro.yaml:4 before this change [unknown-footprint]");
    expect(&f, 2,
           "dir/uses.yaml:8:26: error: no document defines footprint 'metr' [unknown-footprint]");
    findings_release(&f);
    model_free(old);
}

/* Another map without the PID; and no map at all, when the one by default takes its place. */
static void test_maps(void **unused)
{
    (void)unused;
    model_t *old = build_before();
    fixture_file_t files[FILES] = {before[0], {"dir/maps.yaml", NULL}, before[2]};
    static const char *const maps[] = {
        "version: 1\nnetwork-maps:\n  mine:\n    default: true\n    pids:\n"
        "      pid-a: {ipv4: [0.0.0.0/0], ipv6: [\"::/0\"]}\n",
        "version: 1\n"};
    for (size_t i = 0; i < 2; i++) {
        findings_t f;
        findings_init(&f, 0);
        files[1].text = maps[i];
        assert_null(build(files, FILES, old, &f));
        assert_int_equal(f.errors, 3);
        expect(&f, 0,
               i ? "dir/uses.yaml:3:22: error: the default network map 'netmap' has no PID 'pid-b' "
                   "any more: it was in maps.yaml before this change [unknown-pid]"
                 : "dir/uses.yaml:3:22: error: the default network map 'mine' has no PID 'pid-b' "
                   "any more: it was in maps.yaml before this change (did you mean 'pid-a'?) "
                   "[unknown-pid]");
        expect(
            &f, 2,
            i ? "dir/uses.yaml:11:18: error: no document defines network map 'mine' any more: it "
                "was in maps.yaml before this change [unknown-network-map]"
              : "dir/uses.yaml:14:21: error: network map 'mine' has no PID 'pid-b' any more: it "
                "was in maps.yaml before this change (did you mean 'pid-a'?) [unknown-pid]");
        findings_release(&f);
    }
    model_free(old);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_footprints),
        cmocka_unit_test(test_maps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
