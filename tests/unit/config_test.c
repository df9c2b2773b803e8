#include "footprintd/config/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
/* cmocka.h wants the headers above. */
#include <cmocka.h>

#include "golden_cases.h"

/*
 * Golden cases: tests/golden/config/{valid,invalid}/NAME/config.yaml, and in expected.txt every
 * finding and, for what is valid, the configuration in force. FPD_GOLDEN_WRITE=1 writes them anew.
 */
#define GOLDEN FPD_SOURCE_DIR "/tests/golden/config"

static void read_file(const char *path, buf_t *out)
{
    FILE *file = fopen(path, "re");
    if (!file) {
        fail_msg("%s cannot be opened", path);
        return;
    }
    char part[4096];
    size_t n;
    while ((n = fread(part, 1, sizeof part, file)) > 0) {
        buf_append(out, part, n);
    }
    (void)fclose(file);
}

static void write_file(const char *path, slice_t text)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(text.ptr, 1, text.len, file), text.len);
    assert_int_equal(fclose(file), 0);
}

static void test_golden(void **state)
{
    const char *dir = *state;
    char path[512];
    buf_t text = BUF_INIT, got = BUF_INIT, want = BUF_INIT;
    (void)snprintf(path, sizeof path, "%s/%s/config.yaml", GOLDEN, dir);
    read_file(path, &text);
    config_t config;
    config_init(&config);
    findings_t findings;
    findings_init(&findings, 0);
    err_t err = config_parse(buf_slice(&text), SLICE_LIT("etc/config.yaml"), &config, &findings);
    findings_sort(&findings);
    for (size_t i = 0; i < findings.count; i++) {
        finding_format(&findings.items[i], &got);
        buf_append_str(&got, " ");
        buf_append_slice(&got, findings.items[i].pointer);
        buf_append_char(&got, '\n');
    }
    bool valid = strncmp(dir, "valid/", 6) == 0;
    assert_int_equal(err, valid ? ERR_OK : ERR_DATA);
    if (valid) {
        config_dump(&config, &got);
    }
    (void)snprintf(path, sizeof path, "%s/%s/expected.txt", GOLDEN, dir);
    if (getenv("FPD_GOLDEN_WRITE")) {
        write_file(path, buf_slice(&got));
    }
    read_file(path, &want);
    buf_append_char(&got, '\0');
    buf_append_char(&want, '\0');
    assert_string_equal(got.ptr, want.ptr);
    buf_release(&text);
    buf_release(&got);
    buf_release(&want);
    findings_release(&findings);
    config_release(&config);
}

/* The defaults of the table are what the configuration's reference says. */
static void test_defaults(void **state)
{
    (void)state;
    config_t c;
    config_init(&c);
    assert_int_equal(c.http_max_age_s, 60);
    assert_false(c.http_access_log);
    assert_int_equal(c.drain_s, 30);
    assert_int_equal(c.threads, 0);
    assert_int_equal(c.log_format, LOG_FORMAT_TEXT);
    assert_int_equal(c.log_level, LOG_LEVEL_INFO);
    assert_int_equal(c.limits.request_body_bytes, 1 << 20);
    assert_int_equal(c.geoip_max_age_days, 30);
    assert_true(c.watch_enabled);
    assert_int_equal(c.watch_debounce_ms, 100);
    assert_int_equal(c.propmap_max_get_bytes, 67108864);
    assert_int_equal(c.propmap_max_response_entities, 65536);
    assert_int_equal(c.updates_heartbeat_s, 15);
    assert_int_equal(c.updates_stall_s, 30);
    assert_int_equal(c.updates_log_bytes, 67108864);
    assert_false(c.updates_resume_from_tag);
    assert_int_equal(c.updates_streams_per_connection, 32);
    assert_int_equal(c.tips_poll_s, 0);
    assert_int_equal(c.tips_view_idle_s, 600);
    assert_int_equal(c.history_keep, 1000);
    assert_true(c.guard_address_share > 0.09 && c.guard_address_share < 0.11);
    assert_true(c.guard_country_share > 0.19 && c.guard_country_share < 0.21);
    config_release(&c);
}

static void note_path(void *arg, const char *key, slice_t path)
{
    buf_printf(arg, "%s=%.*s%s ", key, SLICE_ARG(path), path.ptr[path.len] == '\0' ? "" : "?");
}

static void test_each_path(void **state)
{
    (void)state;
    slice_t text = SLICE_LIT("listen:\n"
                             "  - {address: '127.0.0.1:0', tls: {certificate: c, key: k, "
                             "certificates: [{certificate: c2,"
                             " key: k2}]}}\n"
                             "  - {address: '127.0.0.1:1', tls: {certificate: /c3, key: k3}}\n"
                             "footprints: f\nstate: s\ngeoip: {asn: a}\nuser: u\n");
    config_t c;
    config_init(&c);
    findings_t f;
    findings_init(&f, 0);
    assert_int_equal(config_parse(text, SLICE_LIT("e/f.yaml"), &c, &f), ERR_OK);
    buf_t got = BUF_INIT;
    config_each_path(&c, note_path, &got);
    buf_append_char(&got, '\0');
    assert_string_equal(got.ptr, "listen[].tls.certificate=e/c listen[].tls.certificate=/c3 "
                                 "listen[].tls.key=e/k listen[].tls.key=e/k3 "
                                 "listen[].tls.certificates=e/c2 listen[].tls.certificates=e/k2 "
                                 "footprints=e/f state=e/s geoip.asn=e/a ");
    buf_release(&got);
    findings_release(&f);
    config_release(&c);
}

static void test_limits_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < config_limit_count; i++) {
        const config_limit_info_t *info = &config_limit_infos[i];
        assert_in_range(info->initial, info->min, info->max);
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(info->name, config_limit_infos[k].name);
            assert_int_not_equal(info->offset, config_limit_infos[k].offset);
        }
    }
    assert_int_equal(config_limit_count * sizeof(uint64_t), sizeof(config_limits_t));
}

static void test_paths(void **state)
{
    (void)state;
    static const struct {
        const char *file, *footprints, *want;
    } cases[] = {
        {"footprintd.yaml", "footprints", "footprints"},
        {"conf/footprintd.yaml", "../footprints", "conf/../footprints"},
        {"/etc/footprintd/footprintd.yaml", "footprints", "/etc/footprintd/footprints"},
        {"/etc/footprintd.yaml", "/srv/footprints", "/srv/footprints"},
        {"/footprintd.yaml", "f", "/f"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        buf_t text = BUF_INIT;
        buf_printf(&text, "listen: [{address: \"127.0.0.1:0\"}]\nfootprints: %s\n",
                   cases[i].footprints);
        config_t c;
        config_init(&c);
        findings_t f;
        findings_init(&f, 0);
        assert_int_equal(config_parse(buf_slice(&text), slice_str(cases[i].file), &c, &f), ERR_OK);
        assert_int_equal(f.count, 0);
        assert_true(slice_is(c.footprints, cases[i].want));
        findings_release(&f);
        config_release(&c);
        buf_release(&text);
    }
}

static void test_json_file(void **state)
{
    (void)state;
    config_t c;
    config_init(&c);
    findings_t f;
    findings_init(&f, 0);
    slice_t text = SLICE_LIT("{\"listen\":[{\"address\":\"127.0.0.1:0\"}],\"footprints\":\"f\","
                             "\"threads\":\t2}");
    assert_int_equal(config_parse(text, SLICE_LIT("c.json"), &c, &f), ERR_OK);
    assert_int_equal(c.threads, 2);
    findings_release(&f);
    config_release(&c);
}

static void test_load_unreadable(void **state)
{
    (void)state;
    static const char *const files[] = {"/nonexistent.yaml", "/"};
    static const char *const texts[] = {
        "/nonexistent.yaml: error: the file cannot be opened: No such file or directory "
        "[unreadable]",
        "/: error: the file is not a regular file [unreadable]"};
    for (size_t i = 0; i < 2; i++) {
        config_t c;
        config_init(&c);
        findings_t f;
        findings_init(&f, 0);
        assert_int_equal(config_load(files[i], &c, &f), ERR_DATA);
        assert_int_equal(f.count, 1);
        buf_t line = BUF_INIT;
        finding_format(&f.items[0], &line);
        buf_append_char(&line, '\0');
        assert_string_equal(line.ptr, texts[i]);
        buf_release(&line);
        findings_release(&f);
        config_release(&c);
    }
}

int main(void)
{
    static struct CMUnitTest tests[256] = {
        cmocka_unit_test(test_defaults),     cmocka_unit_test(test_each_path),
        cmocka_unit_test(test_limits_table), cmocka_unit_test(test_paths),
        cmocka_unit_test(test_json_file),    cmocka_unit_test(test_load_unreadable),
    };
    size_t own = 5;
    size_t count = golden_cases_add(GOLDEN, "valid", test_golden, tests, own, 256);
    count = golden_cases_add(GOLDEN, "invalid", test_golden, tests, count, 256);
    int failed = _cmocka_run_group_tests("config", tests, count, NULL, NULL);
    golden_cases_release(tests, own, count);
    if (count < own + 20) {
        (void)fprintf(stderr, "the golden cases are missing\n");
        return 1;
    }
    return failed;
}
