/* The manual pages of formats and the tables that the programs read with: neither has more. */
#include "footprintd/config/config.h"
#include "footprintd/config/ucdns.h"
#include "footprintd/model/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
/* cmocka.h wants the headers above. */
#include <cmocka.h>

/* A page without the backslashes of "\-". */
static char *read_page(const char *name)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/docs/man/%s", FPD_SOURCE_DIR, name);
    FILE *file = fopen(path, "re");
    if (!file) {
        fail_msg("%s cannot be opened", path);
        return NULL;
    }
    buf_t out = BUF_INIT;
    int c;
    while ((c = fgetc(file)) != EOF) {
        if (c != '\\') {
            buf_append_char(&out, (char)c);
        }
    }
    (void)fclose(file);
    buf_append_char(&out, '\0');
    assert_false(buf_failed(&out));
    return out.ptr;
}

/* The line of the entry, without its newline; it has to stand there once. */
static void assert_entry(const char *page, const char *name, const char *text)
{
    char start[128];
    (void)snprintf(start, sizeof start, "\n.TP\n.BR %s \" (", name);
    const char *at = strstr(page, start);
    if (!at || strstr(at + 1, start)) {
        fail_msg("%s is not described once", name);
        return;
    }
    at += strlen(start);
    slice_t line = slice_of(at, strcspn(at, "\n"));
    if (text[0] && !memmem(line.ptr, line.len, text, strlen(text))) {
        fail_msg("the entry of %s does not say: %s", name, text);
    }
}

static size_t count_entries(const char *page)
{
    size_t count = 0;
    for (const char *at = strstr(page, "\n.TP\n"); at; at = strstr(at + 1, "\n.TP\n")) {
        count++;
    }
    return count;
}

static void test_configuration(void **state)
{
    (void)state;
    char *page = read_page("footprintd.yaml.5");
    char text[128];
    size_t entries = 0;
    for (size_t i = 0; config_key_name(i); i++, entries++) {
        const char *initial = config_key_default(i);
        (void)snprintf(text, sizeof text, initial[0] ? "default %s)" : "%s", initial);
        assert_entry(page, config_key_name(i), text);
    }
    for (size_t i = 0; i < config_limit_count; i++, entries++) {
        const config_limit_info_t *info = &config_limit_infos[i];
        char name[64];
        (void)snprintf(name, sizeof name, "limits.%s", info->name);
        (void)snprintf(text, sizeof text, "number %llu to %llu, default %llu)",
                       (unsigned long long)info->min, (unsigned long long)info->max,
                       (unsigned long long)info->initial);
        assert_entry(page, name, text);
    }
    assert_int_equal(count_entries(page), entries);
    free(page);
}

static void test_document_format(void **state)
{
    (void)state;
    char *page = read_page("footprints.5");
    for (size_t list = 0; list < KEY_LIST_COUNT; list++) {
        for (size_t i = 0; model_key_lists[list][i]; i++) {
            if (!strstr(page, model_key_lists[list][i])) {
                fail_msg("%s is not described", model_key_lists[list][i]);
            }
        }
    }
    free(page);
}

static void test_profiles(void **state)
{
    (void)state;
    char *page = read_page("ucdns.yaml.5");
    size_t entries = 0;
    for (; ucdns_member_name(entries); entries++) {
        char name[64];
        const char *member = ucdns_member_name(entries), *map = ucdns_member_map(entries);
        (void)snprintf(name, sizeof name, "%s%s%s", map, map[0] ? "." : "", member);
        assert_entry(page, name, "");
    }
    /* The three kinds of certificates have no rows. */
    assert_int_equal(count_entries(page), entries + 3);
    free(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_configuration),
        cmocka_unit_test(test_document_format),
        cmocka_unit_test(test_profiles),
    };
    return cmocka_run_group_tests_name("manual pages", tests, NULL, NULL);
}
