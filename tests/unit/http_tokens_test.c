#include "http/tokens.h"

#include "fpd_cmocka.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* SHA-256 of "abc" (FIPS 180-4), and of "". */
#define HASH_ABC   "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define HASH_EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static digest_t digest_of(slice_t text)
{
    hasher_t hasher;
    digest_t digest;
    assert_int_equal(hasher_init(&hasher), ERR_OK);
    hasher_begin(&hasher);
    hasher_update_slice(&hasher, text);
    assert_int_equal(hasher_finish(&hasher, &digest), ERR_OK);
    hasher_release(&hasher);
    return digest;
}

static void test_good(void **state)
{
    (void)state;
    static const char text[] =
        "# who may what\n"
        "\n"
        "ann:admin:" HASH_ABC "\r\n"
        "  bob.b-1_2@x+y:reader:"
        "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855 \t\n"
        "  # the end";
    tokens_t tokens;
    buf_t why = BUF_INIT;
    assert_int_equal(tokens_parse(SLICE_LIT(text), &tokens, &why), ERR_OK);
    assert_int_equal(tokens.count, 2);
    digest_t abc = digest_of(SLICE_LIT("abc")), empty = digest_of(SLICE_LIT(""));
    digest_t other = digest_of(SLICE_LIT("abd"));
    const token_t *found = tokens_find(&tokens, &abc);
    assert_non_null(found);
    assert_string_equal(found->name, "ann");
    assert_int_equal(found->role, ADMIN_ADMIN);
    found = tokens_find(&tokens, &empty);
    assert_non_null(found);
    assert_string_equal(found->name, "bob.b-1_2@x+y");
    assert_int_equal(found->role, ADMIN_READER);
    assert_null(tokens_find(&tokens, &other));
    /* One bit, at either end. */
    abc.bytes[0] ^= 1;
    assert_null(tokens_find(&tokens, &abc));
    abc.bytes[0] ^= 1;
    abc.bytes[DIGEST_SIZE - 1] ^= 0x80;
    assert_null(tokens_find(&tokens, &abc));
    tokens_release(&tokens);
    buf_release(&why);
}

static void test_none(void **state)
{
    (void)state;
    static const char *const rows[] = {"", "\n\n", "# a:reader:b", "   "};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        tokens_t tokens;
        buf_t why = BUF_INIT;
        assert_int_equal(tokens_parse(slice_str(rows[i]), &tokens, &why), ERR_OK);
        assert_int_equal(tokens.count, 0);
        tokens_release(&tokens);
        buf_release(&why);
    }
}

static void test_one_name_two_tokens(void **state)
{
    (void)state;
    tokens_t tokens;
    buf_t why = BUF_INIT;
    assert_int_equal(
        tokens_parse(SLICE_LIT("a:editor:" HASH_ABC "\na:editor:" HASH_EMPTY), &tokens, &why),
        ERR_OK);
    assert_int_equal(tokens.count, 2);
    tokens_release(&tokens);
    buf_release(&why);
}

static void test_bad(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *why;
    } rows[] = {
        {"secret", "line 1: not name:role:sha256-hex"},
        {"\nann:admin", "line 2: not name:role:sha256-hex"},
        {":admin:" HASH_ABC, "line 1: the name is not 1 to 64 letters, digits and -._@+"},
        {"a b:admin:" HASH_ABC, "line 1: the name is not 1 to 64 letters, digits and -._@+"},
        {"a\x1b[:admin:" HASH_ABC, "line 1: the name is not 1 to 64 letters, digits and -._@+"},
        {"a123456789b123456789c123456789d123456789e123456789f123456789g1234:admin:" HASH_ABC,
         "line 1: the name is not 1 to 64 letters, digits and -._@+"},
        {"a:root:" HASH_ABC, "line 1: the role is not reader, editor or admin"},
        {"a:Admin:" HASH_ABC, "line 1: the role is not reader, editor or admin"},
        {"a::" HASH_ABC, "line 1: the role is not reader, editor or admin"},
        {"a:admin:", "line 1: the hash is not 64 hexadecimal digits"},
        {"a:admin:" HASH_ABC "0", "line 1: the hash is not 64 hexadecimal digits"},
        {"a:admin:" HASH_ABC ":x", "line 1: the hash is not 64 hexadecimal digits"},
        {"a:admin:ga7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
         "line 1: the hash is not 64 hexadecimal digits"},
        {"a:admin:" HASH_ABC "\nb:reader:" HASH_ABC, "line 2: the hash stands in a line before"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        tokens_t tokens = {NULL, 0};
        buf_t why = BUF_INIT;
        assert_int_equal(tokens_parse(slice_str(rows[i].text), &tokens, &why), ERR_SYNTAX);
        assert_int_equal(why.len, strlen(rows[i].why));
        assert_memory_equal(why.ptr, rows[i].why, why.len);
        assert_null(tokens.items);
        buf_release(&why);
    }
}

static void test_a_nul_is_no_end(void **state)
{
    (void)state;
    tokens_t tokens;
    buf_t why = BUF_INIT;
    assert_int_equal(tokens_parse(SLICE_LIT("a\0b:admin:" HASH_ABC), &tokens, &why), ERR_SYNTAX);
    buf_release(&why);
}

static void test_limit(void **state)
{
    (void)state;
    buf_t text = BUF_INIT, why = BUF_INIT;
    for (int i = 0; i <= TOKENS_MAX; i++) {
        buf_printf(&text, "a:reader:%064x\n", (unsigned)i);
    }
    tokens_t tokens;
    assert_int_equal(tokens_parse(buf_slice(&text), &tokens, &why), ERR_LIMIT);
    buf_release(&text);
    buf_release(&why);
}

static void test_file(void **state)
{
    (void)state;
    static const struct {
        mode_t mode;
        err_t err;
    } rows[] = {{0600, ERR_OK},   {0400, ERR_OK},   {0640, ERR_OK},   {0440, ERR_OK},
                {0644, ERR_DATA}, {0604, ERR_DATA}, {0660, ERR_DATA}, {0602, ERR_DATA},
                {0601, ERR_DATA}, {0610, ERR_DATA}};
    char path[] = "/tmp/tokens-test-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    static const char text[] = "ann:admin:" HASH_ABC "\n";
    assert_int_equal(write(fd, text, sizeof text - 1), sizeof text - 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        tokens_t tokens = {NULL, 0};
        buf_t why = BUF_INIT;
        assert_int_equal(fchmod(fd, rows[i].mode), 0);
        assert_int_equal(tokens_read(path, &tokens, &why), rows[i].err);
        assert_int_equal(tokens.count, rows[i].err ? 0 : 1);
        assert_int_equal(why.len > 0, rows[i].err != ERR_OK);
        tokens_release(&tokens);
        buf_release(&why);
    }
    (void)close(fd);
    (void)unlink(path);
    tokens_t tokens;
    buf_t why = BUF_INIT;
    assert_int_equal(tokens_read(path, &tokens, &why), ERR_IO);
    assert_true(why.len > 0);
    buf_release(&why);
}

static void test_bearer(void **state)
{
    (void)state;
    static const struct {
        const char *field;
        const char *token; /* NULL: none */
    } rows[] = {
        {"Bearer abc", "abc"},
        {"bearer  a-b.c_d~e+f/g==  ", "a-b.c_d~e+f/g=="},
        {"Bearer", NULL},
        {"Bearer ", NULL},
        {"Bearer =", NULL},
        {"Bearer a b", NULL},
        {"Bearer a,b", NULL},
        {"Bearer a=b", NULL},
        {"Bearer \"a\"", NULL},
        {"Basic YTpi", NULL},
        {"Bearerabc", NULL},
        {"abc", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        slice_t token = SLICE_LIT("");
        bool is = tokens_bearer(slice_str(rows[i].field), &token);
        assert_int_equal(is, rows[i].token != NULL);
        assert_true(!is || slice_is(token, rows[i].token));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),  cmocka_unit_test(test_none),
        cmocka_unit_test(test_bad),   cmocka_unit_test(test_one_name_two_tokens),
        cmocka_unit_test(test_limit), cmocka_unit_test(test_a_nul_is_no_end),
        cmocka_unit_test(test_file),  cmocka_unit_test(test_bearer),
    };
    return cmocka_run_group_tests_name("tokens", tests, NULL, NULL);
}
