#include "http/access_record.h"

#include "fpd_cmocka.h"

static void check(const access_record_t *record, const char *expected)
{
    buf_t out = BUF_INIT;
    access_record_write(record, &out);
    assert_false(buf_failed(&out));
    if (!slice_is(buf_slice(&out), expected)) {
        fail_msg("%.*s", SLICE_ARG(buf_slice(&out)));
    }
    buf_release(&out);
}

static const access_record_t plain = {
    .time = {1700000000, 123999},
    .peer = {"192.0.2.1", 9},
    .method = {"GET", 3},
    .path = {"/cdni", 5},
    .status = 200,
    .bytes = 12345678901,
    .protocol = "HTTP/2",
    .microseconds = 17,
};

static void test_fields(void **state)
{
    (void)state;
    check(&plain,
          "{\"time\":\"2023-11-14T22:13:20.123Z\",\"peer\":\"192.0.2.1\",\"method\":\"GET\","
          "\"path\":\"/cdni\",\"status\":200,\"bytes\":12345678901,\"protocol\":\"HTTP/2\","
          "\"microseconds\":17}");
}

static void test_id(void **state)
{
    (void)state;
    char longer[ACCESS_ID_MAX + 1];
    memset(longer, 'x', sizeof longer);
    access_record_t record = plain;
    record.id = slice_of(longer, sizeof longer);
    buf_t out = BUF_INIT;
    access_record_write(&record, &out);
    const char *found = memmem(out.ptr, out.len, ",\"request-id\":\"x", 16);
    assert_non_null(found);
    /* The name, the quotes, what is kept of it, and the brace. */
    assert_int_equal(out.ptr + out.len - found, 15 + ACCESS_ID_MAX + 2);
    buf_release(&out);
}

static void test_escapes(void **state)
{
    (void)state;
    access_record_t record = plain;
    record.path = SLICE_LIT("/\"\\\n\x7f\xc3\xa9/");
    check(&record,
          "{\"time\":\"2023-11-14T22:13:20.123Z\",\"peer\":\"192.0.2.1\",\"method\":\"GET\","
          "\"path\":\"/\\\"\\\\\\u000a\\u007f\\u00c3\\u00a9/\",\"status\":200,"
          "\"bytes\":12345678901,\"protocol\":\"HTTP/2\",\"microseconds\":17}");
}

static void test_long_paths_are_cut(void **state)
{
    (void)state;
    char path[ACCESS_PATH_MAX + 100];
    memset(path, 'p', sizeof path);
    access_record_t record = plain;
    record.path = slice_of(path, sizeof path);
    buf_t out = BUF_INIT;
    access_record_write(&record, &out);
    buf_append_char(&out, '\0');
    size_t count = 0;
    const char *at = strstr(out.ptr, "\"path\":\"");
    assert_non_null(at);
    for (at += 8; *at == 'p'; at++) {
        count++;
    }
    assert_int_equal(count, ACCESS_PATH_MAX);
    assert_int_equal(*at, '"');
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_id),
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_long_paths_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
