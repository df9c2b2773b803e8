/*
 * jansson as a second opinion: for thousands of texts, whole and broken, its verdict and its
 * content are ours. The differences that are known, and how a text is recognised as one:
 * - jansson has 64-bit integers and doubles: it refuses greater ones, as
 * json_error_numeric_overflow.
 * - jansson has no NUL in names: it refuses them, as json_error_null_byte_in_key.
 * - jansson takes a NUL byte between tokens for the end of the text: it accepts, and our error's
 *   offset is that of a NUL.
 */
/* Both have these names; ours step aside. */
#define JSON_NULL    OUR_NULL
#define JSON_STRING  OUR_STRING
#define JSON_ARRAY   OUR_ARRAY
#define JSON_OBJECT  OUR_OBJECT
#define json_error_t our_error_t
#define json_equal   our_equal
#include "footprintd/base/json.h"
#undef JSON_NULL
#undef JSON_STRING
#undef JSON_ARRAY
#undef JSON_OBJECT
#undef json_error_t
#undef json_equal

#include "fpd_cmocka.h"
#include "prng.h"
#include "tight.h"

#include <errno.h>
#include <jansson.h>

enum { ROUNDS = 40000 };

/* ---- texts ---- */

static void put_space(prng_t *rng, buf_t *b)
{
    while (prng_below(rng, 4) == 0) {
        buf_append_char(b, " \t\r\n"[prng_below(rng, 4)]);
    }
}

static void put_utf8(buf_t *b, uint32_t c)
{
    if (c < 0x800) {
        buf_append_char(b, (char)(0xc0 | c >> 6));
    } else if (c < 0x10000) {
        buf_append_char(b, (char)(0xe0 | c >> 12));
        buf_append_char(b, (char)(0x80 | (c >> 6 & 63)));
    } else {
        buf_append_char(b, (char)(0xf0 | c >> 18));
        buf_append_char(b, (char)(0x80 | (c >> 12 & 63)));
        buf_append_char(b, (char)(0x80 | (c >> 6 & 63)));
    }
    buf_append_char(b, (char)(0x80 | (c & 63)));
}

static uint32_t random_character(prng_t *rng)
{
    static const uint32_t starts[] = {0x80, 0x800, 0xe000, 0x10000};
    static const uint32_t ends[] = {0x800, 0xd800, 0x10000, 0x110000};
    size_t i = (size_t)prng_below(rng, 4);
    return starts[i] + (uint32_t)prng_below(rng, ends[i] - starts[i]);
}

static void put_string(prng_t *rng, buf_t *b)
{
    buf_append_char(b, '"');
    for (size_t n = (size_t)prng_below(rng, prng_below(rng, 8) ? 8 : 40); n > 0; n--) {
        uint32_t c;
        switch (prng_below(rng, 8)) {
        case 0:
            buf_append_char(b, '\\');
            buf_append_char(b, "\"\\/bfnrt"[prng_below(rng, 8)]);
            break;
        case 1:
            buf_printf(b, prng_below(rng, 2) ? "\\u%04x" : "\\u%04X",
                       (unsigned)prng_below(rng, 0x180));
            break;
        case 2:
            c = random_character(rng);
            if (c < 0x10000) {
                buf_printf(b, "\\u%04x", c);
            } else {
                buf_printf(b, "\\u%04X\\u%04x", 0xd800 + ((c - 0x10000) >> 10),
                           0xdc00 + ((c - 0x10000) & 0x3ff));
            }
            break;
        case 3:
            put_utf8(b, random_character(rng));
            break;
        default:
            c = 0x20 + (uint32_t)prng_below(rng, 0x60);
            buf_append_char(b, c == '"' || c == '\\' ? 'q' : (char)c);
            break;
        }
    }
    buf_append_char(b, '"');
}

static void put_number(prng_t *rng, buf_t *b)
{
    if (prng_below(rng, 3) == 0) {
        buf_append_char(b, '-');
    }
    uint64_t whole = prng_next(rng) >> prng_below(rng, 64);
    buf_append_u64(b, whole);
    if (prng_below(rng, 3) == 0) {
        buf_printf(b, ".%0*u", 1 + (int)prng_below(rng, 5), (unsigned)prng_below(rng, 100));
    }
    if (prng_below(rng, 4) == 0) {
        buf_printf(
            b, "%c%s%u", "eE" [prng_below(rng, 2)],
            (const char *const[]) { "", "+", "-" }[prng_below(rng, 3)],
            (unsigned)prng_below(rng, 330));
    }
}

static void put_value(prng_t *rng, buf_t *b, unsigned depth)
{
    static const char *const words[] = {"true", "false", "null"};
    put_space(rng, b);
    uint64_t kind = prng_below(rng, depth ? 8 : 5);
    size_t count = (size_t)prng_below(rng, prng_below(rng, 8) ? 4 : 30);
    if (kind < 2) {
        put_number(rng, b);
    } else if (kind < 4) {
        put_string(rng, b);
    } else if (kind == 4) {
        buf_append_str(b, words[prng_below(rng, 3)]);
    } else {
        bool object = kind == 5 || kind == 6;
        buf_append_char(b, object ? '{' : '[');
        put_space(rng, b);
        for (size_t i = 0; i < count; i++) {
            if (i) {
                buf_append_char(b, ',');
                put_space(rng, b);
            }
            if (object) {
                put_string(rng, b);
                put_space(rng, b);
                buf_append_char(b, ':');
            }
            put_value(rng, b, depth - 1);
        }
        buf_append_char(b, object ? '}' : ']');
    }
    put_space(rng, b);
}

/* One change: a byte replaced, dropped or put in, the end cut off, or a piece said twice. */
static void mutate(prng_t *rng, buf_t *b)
{
    static const char bytes[] =
        "{}[]\",:\\ue0123456789.+-Eabtfn \t\n/\x00\x01\x1f\x7f\x80\xbf\xc0\xc3"
        "\xa0\xe0\xed\xef\xf0\xf4\xf5\xff";
    char byte = bytes[prng_below(rng, sizeof bytes - 1)];
    if (b->len == 0) {
        buf_append_char(b, byte);
        return;
    }
    size_t at = (size_t)prng_below(rng, b->len), more = (size_t)prng_below(rng, b->len - at);
    switch (prng_below(rng, 6)) {
    case 0:
    case 1:
        b->ptr[at] = byte;
        break;
    case 2:
        memmove(b->ptr + at, b->ptr + at + 1, b->len - at - 1);
        b->len--;
        break;
    case 3:
        assert_true(buf_reserve(b, 1));
        memmove(b->ptr + at + 1, b->ptr + at, b->len - at);
        b->ptr[at] = byte;
        b->len++;
        break;
    case 4:
        b->len = at;
        break;
    default:
        more = more > 20 ? 20 : more;
        assert_true(buf_reserve(b, more));
        memmove(b->ptr + at + more, b->ptr + at, b->len - at);
        b->len += more;
        break;
    }
}

/* ---- comparison ---- */

static void assert_same(const json_value_t *ours, json_t *theirs);

static void assert_same_number(slice_t text, json_t *theirs)
{
    char copy[512];
    assert_in_range(text.len, 1, sizeof copy - 1);
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    errno = 0;
    if (json_is_integer(theirs)) {
        assert_true(strtoll(copy, NULL, 10) == json_integer_value(theirs));
        assert_int_equal(errno, 0);
        assert_null(strpbrk(copy, ".eE"));
    } else {
        double value = strtod(copy, NULL), other = json_real_value(theirs);
        assert_true(json_is_real(theirs));
        assert_memory_equal(&value, &other, sizeof value);
        assert_non_null(strpbrk(copy, ".eE"));
    }
    uint64_t u64;
    bool plain = json_is_integer(theirs) && copy[0] != '-';
    assert_int_equal(json_number_u64(text, &u64), plain);
    if (plain) {
        assert_true(u64 == (uint64_t)json_integer_value(theirs));
    }
}

static void assert_same_object(const json_value_t *ours, json_t *theirs)
{
    assert_int_equal(ours->u.object.count, json_object_size(theirs));
    /* jansson keeps the order of the text when it iterates. */
    void *at = json_object_iter(theirs);
    for (size_t i = 0; i < ours->u.object.count; i++) {
        const json_member_t *m = &ours->u.object.members[i];
        assert_true(slice_is(m->name, json_object_iter_key(at)));
        assert_same(&m->value, json_object_iter_value(at));
        at = json_object_iter_next(theirs, at);
    }
}

static void assert_same(const json_value_t *ours, json_t *theirs)
{
    switch (ours->kind) {
    case OUR_NULL:
        assert_true(json_is_null(theirs));
        break;
    case JSON_BOOL:
        assert_true(json_is_boolean(theirs));
        assert_int_equal(ours->u.boolean, json_is_true(theirs));
        break;
    case JSON_NUMBER:
        assert_same_number(ours->u.text, theirs);
        break;
    case OUR_STRING:
        assert_true(json_is_string(theirs));
        assert_true(slice_eq(ours->u.text,
                             slice_of(json_string_value(theirs), json_string_length(theirs))));
        break;
    case OUR_ARRAY:
        assert_true(json_is_array(theirs));
        assert_int_equal(ours->u.array.count, json_array_size(theirs));
        for (size_t i = 0; i < ours->u.array.count; i++) {
            assert_same(&ours->u.array.items[i], json_array_get(theirs, i));
        }
        break;
    case OUR_OBJECT:
        assert_true(json_is_object(theirs));
        assert_same_object(ours, theirs);
        break;
    }
}

typedef struct tally {
    size_t accepted, refused, excluded;
} tally_t;

static void compare(slice_t text, tally_t *tally)
{
    const size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL;
    arena_t arena;
    json_value_t *ours = NULL;
    json_error_t their_error;
    our_error_t our_error = {.text = ""};
    arena_init(&arena, 0);
    slice_t tight = tight_copy(text);
    err_t err = json_parse(tight, 1024, &arena, &ours, &our_error);
    tight_free(tight);
    json_t *theirs = json_loadb(text.ptr ? text.ptr : "", text.len, flags, &their_error);
    enum json_error_code code = json_error_code(&their_error);
    if (!theirs && (code == json_error_numeric_overflow || code == json_error_null_byte_in_key)) {
        tally->excluded++;
    } else if (theirs && err && our_error.offset < text.len && text.ptr[our_error.offset] == '\0') {
        tally->excluded++;
    } else if ((theirs == NULL) != (err != ERR_OK)) {
        print_message("%.*s\n", SLICE_ARG(text));
        fail_msg("ours: %s; jansson: %s", err ? our_error.text : "accepted",
                 theirs ? "accepted" : their_error.text);
    } else if (theirs) {
        tally->accepted++;
        assert_same(ours, theirs);
    } else {
        tally->refused++;
        assert_int_equal(err, ERR_SYNTAX);
    }
    json_decref(theirs);
    arena_release(&arena);
}

static void whole_texts(void **state)
{
    (void)state;
    prng_t rng = prng_start();
    tally_t tally = {0, 0, 0};
    for (size_t i = 0; i < ROUNDS / 4; i++) {
        buf_t b = BUF_INIT;
        put_value(&rng, &b, 5);
        compare(buf_slice(&b), &tally);
        buf_release(&b);
    }
    print_message("%zu accepted, %zu refused, %zu excluded\n", tally.accepted, tally.refused,
                  tally.excluded);
    assert_true(tally.accepted > ROUNDS / 8);
    assert_true(tally.excluded < ROUNDS / 8);
}

static void broken_texts(void **state)
{
    (void)state;
    prng_t rng = prng_start();
    tally_t tally = {0, 0, 0};
    for (size_t i = 0; i < ROUNDS; i++) {
        buf_t b = BUF_INIT;
        put_value(&rng, &b, 3);
        for (uint64_t n = 1 + prng_below(&rng, 3); n > 0; n--) {
            mutate(&rng, &b);
        }
        compare(buf_slice(&b), &tally);
        buf_release(&b);
    }
    print_message("%zu accepted, %zu refused, %zu excluded\n", tally.accepted, tally.refused,
                  tally.excluded);
    assert_true(tally.accepted > ROUNDS / 40 && tally.refused > ROUNDS / 4);
    assert_true(tally.excluded < ROUNDS / 8);
}

/* Texts of a few bytes, all of them that an alphabet of JSON's own characters allows. */
static void all_short_texts(void **state)
{
    (void)state;
    static const char alphabet[] = "{}[]\",:\\0-1.e ";
    const size_t letters = sizeof alphabet - 1;
    tally_t tally = {0, 0, 0};
    for (size_t len = 0; len <= 5; len++) {
        size_t all = 1;
        for (size_t i = 0; i < len; i++) {
            all *= letters;
        }
        for (size_t n = 0; n < all; n++) {
            char text[5];
            size_t rest = n;
            for (size_t i = 0; i < len; i++, rest /= letters) {
                text[i] = alphabet[rest % letters];
            }
            compare(slice_of(text, len), &tally);
        }
    }
    assert_true(tally.accepted > 1000 && tally.refused > 100000 && tally.excluded == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_texts),
        cmocka_unit_test(broken_texts),
        cmocka_unit_test(all_short_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
