#include "http/listener.h"

#include "fpd_cmocka.h"

#include <unistd.h>

static err_t open_at(const char *address, listener_t *listener, buf_t *why)
{
    http_listener_t settings = {.address = slice_str(address)};
    return listener_init(listener, &settings, 0, why);
}

static void test_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *address;
        const char *uri; /* the start of it, up to the port */
    } rows[] = {
        {"127.0.0.1:0", "http://127.0.0.1:"},
        {"[::1]:0", "http://[::1]:"},
        {"0.0.0.0:0", "http://0.0.0.0:"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        listener_t listener;
        buf_t why = BUF_INIT;
        assert_int_equal(open_at(rows[i].address, &listener, &why), ERR_OK);
        assert_int_equal(strncmp(listener.uri, rows[i].uri, strlen(rows[i].uri)), 0);
        assert_string_not_equal(listener.uri + strlen(rows[i].uri), "0"); /* the port picked */
        assert_true(listener.fd >= 0);
        assert_int_equal(why.len, 0);
        listener_close(&listener);
        assert_int_equal(listener.fd, -1);
        listener_release(&listener);
    }
}

static void test_not_addresses(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "127.0.0.1",
        ":80",
        "127.0.0.1:",
        "127.0.0.1:65536",
        "127.0.0.1:8x",
        "localhost:80",
        "::1:80",
        "[::1]",
        "[::1:80",
        "[127.0.0.1]:80",
        "[]:80",
        "1.2.3:80",
        "127.0.0.1:080000",
        "127.0.0.1 :80",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        listener_t listener;
        buf_t why = BUF_INIT;
        assert_int_equal(open_at(rows[i], &listener, &why), ERR_SYNTAX);
        buf_append_char(&why, '\0');
        assert_non_null(strstr(why.ptr, "not an address and port"));
        assert_null(strchr(why.ptr, '\n'));
        buf_release(&why);
    }
}

static void test_port_taken(void **state)
{
    (void)state;
    listener_t first, second;
    buf_t why = BUF_INIT;
    assert_int_equal(open_at("127.0.0.1:0", &first, &why), ERR_OK);
    const char *address = first.uri + strlen("http://");
    assert_int_equal(open_at(address, &second, &why), ERR_IO);
    buf_t expected = BUF_INIT;
    buf_printf(&expected, "listen %s: Address already in use", address);
    assert_true(slice_eq(buf_slice(&why), buf_slice(&expected)));
    buf_release(&expected);
    buf_release(&why);
    listener_release(&first);
}

/* A socket that was opened before, by this process or by who started it. */
static void test_given_socket(void **state)
{
    (void)state;
    buf_t why = BUF_INIT;
    int fd = 0;
    assert_int_equal(http_listen(SLICE_LIT("127.0.0.1:0"), &fd, &why), ERR_OK);
    assert_true(fd > STDERR_FILENO);
    listener_t listener, second;
    http_listener_t settings = {.address = SLICE_LIT("127.0.0.1:0"), .fd = fd};
    assert_int_equal(listener_init(&listener, &settings, 0, &why), ERR_OK);
    assert_int_not_equal(listener.fd, fd);
    slice_t address = slice_str(listener.uri + strlen("http://"));
    assert_true(http_listens_at(fd, address));
    assert_true(http_listens_at(listener.fd, address));
    /* It is that port and no other. */
    int none = 0;
    assert_int_equal(http_listen(address, &none, &why), ERR_IO);
    assert_int_equal(why.ptr[0], 'l');
    buf_clear(&why);
    settings = (http_listener_t){.address = address, .fd = listener.fd};
    assert_int_equal(listener_init(&second, &settings, 0, &why), ERR_OK);
    assert_string_equal(second.uri, listener.uri);
    buf_t other = BUF_INIT;
    buf_printf(&other, "127.0.0.2%s", strrchr(listener.uri, ':'));
    assert_false(http_listens_at(listener.fd, buf_slice(&other)));
    buf_clear(&other);
    buf_printf(&other, "[::1]%s", strrchr(listener.uri, ':'));
    assert_false(http_listens_at(listener.fd, buf_slice(&other)));
    assert_false(http_listens_at(listener.fd, SLICE_LIT("127.0.0.1:1")));
    assert_false(http_listens_at(listener.fd, SLICE_LIT("nowhere")));
    assert_false(http_listens_at(STDERR_FILENO, address));
    assert_int_equal(http_listen(SLICE_LIT("nowhere"), &none, &why), ERR_SYNTAX);
    (void)close(fd);
    listener_release(&second);
    listener_release(&listener);
    buf_release(&other);
    buf_release(&why);
}

static void test_given_socket_v6(void **state)
{
    (void)state;
    buf_t why = BUF_INIT;
    int fd = 0;
    assert_int_equal(http_listen(SLICE_LIT("[::1]:0"), &fd, &why), ERR_OK);
    listener_t listener;
    http_listener_t settings = {.address = SLICE_LIT("[::1]:0"), .fd = fd};
    assert_int_equal(listener_init(&listener, &settings, 0, &why), ERR_OK);
    assert_true(http_listens_at(fd, slice_str(listener.uri + strlen("http://"))));
    assert_false(http_listens_at(fd, SLICE_LIT("[::2]:1")));
    listener_release(&listener);
    (void)close(fd);
    buf_release(&why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),       cmocka_unit_test(test_not_addresses),
        cmocka_unit_test(test_port_taken),      cmocka_unit_test(test_given_socket),
        cmocka_unit_test(test_given_socket_v6),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
