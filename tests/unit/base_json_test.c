#include "footprintd/base/json.h"

#include "failmalloc.h"
#include "fpd_cmocka.h"
#include "prng.h"
#include "tight.h"

/* ---- the reader ---- */

/* The events of a text, one letter each, with the text of keys, strings and numbers. */
static void trace(slice_t text, unsigned depth_limit, buf_t *out)
{
    static const char letters[] = "!.{}[]ksntf0";
    json_reader_t r;
    slice_t tight = tight_copy(text);
    assert_int_equal(json_reader_init(&r, tight, depth_limit), ERR_OK);
    json_event_t event;
    do {
        event = json_reader_next(&r);
        buf_printf(out, "%c%u:%u", letters[event], r.line, r.column);
        if (event == JSON_EV_KEY || event == JSON_EV_STRING || event == JSON_EV_NUMBER) {
            buf_printf(out, "(%.*s)", SLICE_ARG(r.text));
        }
        buf_append_char(out, ' ');
    } while (event != JSON_EV_ERROR && event != JSON_EV_END);
    buf_append_char(out, '\0');
    json_reader_release(&r);
    tight_free(tight);
}

static void assert_trace(const char *text, const char *expected)
{
    buf_t b = BUF_INIT;
    trace(slice_str(text), 0, &b);
    assert_string_equal(b.ptr, expected);
    buf_release(&b);
}

static void events_and_positions(void **state)
{
    (void)state;
    assert_trace("{}", "{1:1 }1:2 .1:3 ");
    assert_trace("[]", "[1:1 ]1:2 .1:3 ");
    assert_trace(" 12 ", "n1:2(12) .1:5 ");
    assert_trace("[true,false,null]", "[1:1 t1:2 f1:7 01:13 ]1:17 .1:18 ");
    assert_trace("{\"a\":1,\n \"b\" : [\"x\" , {}]}\n",
                 "{1:1 k1:2(a) n1:6(1) k2:2(b) [2:8 s2:9(x) {2:15 }2:16 ]2:17 }2:18 .3:1 ");
    /* A carriage return is space; only the line feed behind it ends the line. */
    assert_trace("[\r\n1,\r\n\t2]", "[1:1 n2:1(1) n3:2(2) ]3:3 .3:4 ");
}

/* Columns count characters: of two, three and four bytes, and what escapes stand for does not. */
static void columns_count_characters(void **state)
{
    (void)state;
    assert_trace("[\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\",1]",
                 "[1:1 s1:2(\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80) n1:8(1) ]1:9 .1:10 ");
    assert_trace("{\"\xc3\xa9\":\"\\u00e9\",\n\"\xc3\xa9\":1}",
                 "{1:1 k1:2(\xc3\xa9) s1:6(\xc3\xa9) k2:1(\xc3\xa9) n2:5(1) }2:6 .2:7 ");
}

static void the_last_event_repeats(void **state)
{
    (void)state;
    json_reader_t r;
    assert_int_equal(json_reader_init(&r, SLICE_LIT("1 "), 0), ERR_OK);
    assert_int_equal(json_reader_next(&r), JSON_EV_NUMBER);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(json_reader_next(&r), JSON_EV_END);
        assert_int_equal(r.offset, 2);
    }
    json_reader_release(&r);
    assert_int_equal(json_reader_init(&r, SLICE_LIT("[1 2]"), 0), ERR_OK);
    assert_int_equal(json_reader_next(&r), JSON_EV_ARRAY);
    assert_int_equal(json_reader_next(&r), JSON_EV_NUMBER);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(json_reader_next(&r), JSON_EV_ERROR);
        assert_int_equal(r.offset, 3);
        assert_string_equal(r.error, "expected ',' or ']'");
        assert_false(json_reader_nomem(&r));
    }
    json_reader_release(&r);
}

static void text_points_into_the_input_when_it_can(void **state)
{
    (void)state;
    static const char text[] = "[\"plain\",\"esc\\taped\"]";
    json_reader_t r;
    assert_int_equal(json_reader_init(&r, slice_str(text), 0), ERR_OK);
    (void)json_reader_next(&r);
    assert_int_equal(json_reader_next(&r), JSON_EV_STRING);
    assert_ptr_equal(r.text.ptr, text + 2);
    assert_int_equal(json_reader_next(&r), JSON_EV_STRING);
    assert_true(slice_is(r.text, "esc\taped"));
    json_reader_release(&r);
}

/* ---- what is refused, where, and how it is said ---- */

static void assert_refused_n(slice_t text, uint32_t line, uint32_t column, size_t offset,
                             const char *message)
{
    arena_t arena;
    json_value_t *v = NULL;
    json_error_t e;
    char expected[200];
    arena_init(&arena, 0);
    slice_t tight = tight_copy(text);
    assert_int_equal(json_parse(text.ptr ? tight : text, 0, &arena, &v, &e), ERR_SYNTAX);
    tight_free(tight);
    (void)snprintf(expected, sizeof expected, "line %u column %u: %s", line, column, message);
    assert_string_equal(e.text, expected);
    assert_int_equal(e.line, line);
    assert_int_equal(e.column, column);
    assert_int_equal(e.offset, offset);
    assert_null(v);
    arena_release(&arena);
}

static void assert_refused(const char *text, uint32_t line, uint32_t column, size_t offset,
                           const char *message)
{
    assert_refused_n(slice_str(text), line, column, offset, message);
}

static void broken_structure_is_refused(void **state)
{
    (void)state;
    assert_refused("", 1, 1, 0, "unexpected end of the text");
    assert_refused_n(slice_of(NULL, 0), 1, 1, 0, "unexpected end of the text");
    assert_refused(" \n ", 2, 2, 3, "unexpected end of the text");
    assert_refused("[1,]", 1, 4, 3, "unexpected ']': expected a value");
    assert_refused("[,1]", 1, 2, 1, "unexpected ',': expected a value");
    assert_refused("[1", 1, 3, 2, "unexpected end of the text");
    assert_refused("[1}", 1, 3, 2, "unexpected '}': expected ',' or ']'");
    assert_refused("{\"a\":1]", 1, 7, 6, "unexpected ']': expected ',' or '}'");
    assert_refused("{\"a\":1,}", 1, 8, 7, "unexpected '}': expected a member name in quotes");
    assert_refused("{a:1}", 1, 2, 1, "unexpected 'a': expected a member name in quotes");
    assert_refused("{1:1}", 1, 2, 1, "unexpected '1': expected a member name in quotes");
    assert_refused("{\"a\" 1}", 1, 6, 5, "unexpected '1': expected ':'");
    assert_refused("{\"a\":}", 1, 6, 5, "unexpected '}': expected a value");
    assert_refused("{\"a\"", 1, 5, 4, "unexpected end of the text");
    assert_refused("}", 1, 1, 0, "unexpected '}': expected a value");
    assert_refused("1 2", 1, 3, 2, "unexpected '2': text behind the end of the value");
    assert_refused("[]]", 1, 3, 2, "unexpected ']': text behind the end of the value");
    assert_refused("{}\n{}", 2, 1, 3, "unexpected '{': text behind the end of the value");
    assert_refused("// x\n1", 1, 1, 0, "unexpected '/': expected a value");
    assert_refused("'a'", 1, 1, 0, "unexpected ''': expected a value");
    assert_refused("[\xc3\xa9]", 1, 2, 1, "unexpected '\xc3\xa9': expected a value");
    assert_refused("[\f1]", 1, 2, 1, "expected a value");
    assert_refused("[\xc2\xa0"
                   "1]",
                   1, 2, 1, "unexpected '\xc2\xa0': expected a value");
    assert_refused_n(slice_of("1\0", 2), 1, 2, 1, "text behind the end of the value");
    assert_refused_n(slice_of("\0", 1), 1, 1, 0, "expected a value");
}

static void broken_words_are_refused(void **state)
{
    (void)state;
    static const char *const words[] = {"tru",  "t",   "nul",       "fals",     "True",     "NULL",
                                        "None", "NaN", "-Infinity", "Infinity", "undefined"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        char text[20];
        arena_t arena;
        json_value_t *v = NULL;
        arena_init(&arena, 0);
        (void)snprintf(text, sizeof text, "[%s]", words[i]);
        assert_int_equal(json_parse(slice_str(text), 0, &arena, &v, NULL), ERR_SYNTAX);
        assert_int_equal(json_parse(slice_str(words[i]), 0, &arena, &v, NULL), ERR_SYNTAX);
        arena_release(&arena);
    }
    assert_refused("nulls", 1, 5, 4, "unexpected 's': text behind the end of the value");
    assert_refused("[truefalse]", 1, 6, 5, "unexpected 'f': expected ',' or ']'");
}

static void broken_numbers_are_refused(void **state)
{
    (void)state;
    assert_refused("01", 1, 1, 0, "a number may not begin with a zero");
    assert_refused("[-01]", 1, 3, 2, "a number may not begin with a zero");
    assert_refused("00", 1, 1, 0, "a number may not begin with a zero");
    assert_refused("-", 1, 2, 1, "a digit must follow the sign");
    assert_refused("-a", 1, 2, 1, "a digit must follow the sign");
    assert_refused("+1", 1, 1, 0, "unexpected '+': expected a value");
    assert_refused(".5", 1, 1, 0, "unexpected '.': expected a value");
    assert_refused("1.", 1, 3, 2, "a digit must follow the point");
    assert_refused("1.e5", 1, 3, 2, "a digit must follow the point");
    assert_refused("1e", 1, 3, 2, "a digit must follow the exponent");
    assert_refused("1e+", 1, 4, 3, "a digit must follow the exponent");
    assert_refused("1E-x", 1, 4, 3, "a digit must follow the exponent");
    assert_refused("0x10", 1, 2, 1, "unexpected 'x': text behind the end of the value");
    assert_refused("1_000", 1, 2, 1, "unexpected '_': text behind the end of the value");
    assert_refused("1.5.5", 1, 4, 3, "unexpected '.': text behind the end of the value");
}

static void broken_strings_are_refused(void **state)
{
    (void)state;
    assert_refused("[\n\"abc", 2, 1, 2, "string without a closing quote");
    assert_refused("\"abc\\\"", 1, 1, 0, "string without a closing quote");
    assert_refused("\"", 1, 1, 0, "string without a closing quote");
    assert_refused("{\"a", 1, 2, 1, "string without a closing quote");
    assert_refused("\"a\nb\"", 1, 3, 2, "control character in a string");
    assert_refused("\"\xc3\xa9\tb\"", 1, 3, 3, "control character in a string");
    assert_refused("\"\\x\"", 1, 2, 1, "unknown escape");
    assert_refused("\"\\", 1, 2, 1, "unknown escape");
    assert_refused("\"\\U0041\"", 1, 2, 1, "unknown escape");
    assert_refused_n(slice_of("\"\\\0\"", 4), 1, 2, 1, "unknown escape");
    assert_refused("\"\\u12\"", 1, 2, 1, "\\u takes four hexadecimal digits");
    assert_refused("\"\\u12", 1, 2, 1, "\\u takes four hexadecimal digits");
    assert_refused("\"\\u12g4\"", 1, 2, 1, "\\u takes four hexadecimal digits");
    assert_refused("\"\\u+123\"", 1, 2, 1, "\\u takes four hexadecimal digits");
    assert_refused("\"ab\\ud800\"", 1, 4, 3, "half of a surrogate pair");
    assert_refused("\"\\udc00\"", 1, 2, 1, "half of a surrogate pair");
    assert_refused("\"\\udc00\\ud800\"", 1, 2, 1, "half of a surrogate pair");
    assert_refused("\"\\ud800\\ud800\"", 1, 2, 1, "half of a surrogate pair");
    assert_refused("\"\\ud800\\u0041\"", 1, 2, 1, "half of a surrogate pair");
    assert_refused("\"\\ud800xudc00\"", 1, 2, 1, "half of a surrogate pair");
    assert_refused("\"\\ud800\\n\"", 1, 2, 1, "half of a surrogate pair");
    assert_refused("\"\\ud800\\udc0", 1, 2, 1, "half of a surrogate pair");
    assert_refused("\"a\xff\"", 1, 3, 2, "invalid UTF-8");
    assert_refused("[\xff]", 1, 2, 1, "invalid UTF-8");
    /* The character that is none begins where its first byte is. */
    assert_refused("\"\xc3\xa9\xc0\xaf\"", 1, 3, 3, "invalid UTF-8");
    assert_refused("\"ab\xe0\x9f\xbf\"", 1, 4, 3, "invalid UTF-8");
    assert_refused("\"ab\xed\xa0\x80\"", 1, 4, 3, "invalid UTF-8");
    assert_refused("\"ab\xf0\x8f\xbf\xbf\"", 1, 4, 3, "invalid UTF-8");
    assert_refused("\"ab\xf4\x90\x80\x80\"", 1, 4, 3, "invalid UTF-8");
    assert_refused("\"ab\xe2\x82", 1, 4, 3, "invalid UTF-8");
    assert_refused("\xef\xbb\xbf{}", 1, 1, 0, "a byte order mark is not allowed");
}

static void duplicate_names_are_refused(void **state)
{
    (void)state;
    assert_refused("{\"a\":1,\"a\":1}", 1, 8, 7, "duplicate member \"a\", first on line 1");
    assert_refused("{\"\":1,\"\":1}", 1, 7, 6, "duplicate member \"\", first on line 1");
    assert_refused("[{\"\xc3\xa9\":1,\n\"b\":2,\n  \"\\u00e9\":3}]", 3, 3, 19,
                   "duplicate member \"\xc3\xa9\", first on line 1");
    /* Behind characters of several bytes the offset is the name's own. */
    assert_refused("{\"x\":\"\xe2\x82\xac\xf0\x9f\x98\x80\",\"x\":3}", 1, 11, 15,
                   "duplicate member \"x\", first on line 1");
    assert_refused("{\"a\\u0000\\n\":1,\"a\\u0000\\n\":1}", 1, 16, 15,
                   "duplicate member \"a??\", first on line 1");
    assert_refused("{\"k123456789012345678901234567890123456789012345678901234567890\":1,"
                   "\"k123456789012345678901234567890123456789012345678901234567890\":1}",
                   1, 68, 67,
                   "duplicate member \"k12345678901234567890123456789012345678901234567...\", "
                   "first on line 1");
    /* Neither a nested object's names nor names that begin alike are the same. */
    arena_t arena;
    json_value_t *v = NULL;
    arena_init(&arena, 0);
    assert_int_equal(json_parse(SLICE_LIT("{\"a\":{\"a\":{\"a\":1}},\"ab\":1,\"a\\u0000\":1,\"b\":"
                                          "[{\"a\":1},{\"a\":1}],\"A\":1}"),
                                0, &arena, &v, NULL),
                     ERR_OK);
    arena_release(&arena);
}

/* An object of `count` members, with one more that has the name of member `again` (none: -1). */
static void make_object(buf_t *b, size_t count, long again)
{
    buf_append_char(b, '{');
    for (size_t i = 0; i < count; i++) {
        buf_printf(b, "%s\"name-%zu\":%zu", i ? "," : "", i, i);
    }
    if (again >= 0) {
        buf_printf(b, ",\"name-%ld\":0", again);
    }
    buf_append_char(b, '}');
}

static void duplicates_are_found_in_objects_of_any_size(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 2, 7, 8, 9, 10, 16, 17, 31, 32, 33, 1000, 100000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (int where = -1; where < 3; where++) {
            buf_t b = BUF_INIT;
            arena_t arena;
            json_value_t *v = NULL;
            arena_init(&arena, 0);
            long again = where < 0 ? -1 : where == 0 ? 0 : (long)(sizes[i] - 1) / (3 - where);
            make_object(&b, sizes[i], again);
            err_t err = json_parse(buf_slice(&b), 0, &arena, &v, NULL);
            assert_int_equal(err, where < 0 ? ERR_OK : ERR_SYNTAX);
            if (!err) {
                assert_int_equal(v->u.object.count, sizes[i]);
                const json_member_t *last = &v->u.object.members[sizes[i] - 1];
                assert_ptr_equal(json_get_slice(v, last->name), &last->value);
            }
            arena_release(&arena);
            buf_release(&b);
        }
    }
}

/* ---- every byte, every place ---- */

/*
 * A string of plain letters with one other byte in it: at every place of a length that covers whole
 * words and rests of them, each byte must be seen for what it is.
 */
static void every_byte_at_every_place_of_a_string(void **state)
{
    (void)state;
    for (size_t len = 1; len <= 26; len++) {
        for (size_t at = 0; at < len; at++) {
            for (unsigned byte = 0; byte < 256; byte++) {
                char text[32];
                memset(text, 'x', sizeof text);
                text[0] = '"';
                text[1 + at] = (char)byte;
                text[1 + len] = '"';
                buf_t b = BUF_INIT;
                trace(slice_of(text, len + 2), 0, &b);
                bool plain = byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
                bool quote_at_end = byte == '"' && at == len;
                assert_int_equal(b.ptr[0] == 's' && strstr(b.ptr, " .1:") != NULL,
                                 plain || quote_at_end);
                buf_release(&b);
            }
        }
    }
}

/* RFC 3629 4, spelt out the slow way. */
static bool model_utf8(const unsigned char *p, size_t len)
{
    for (size_t i = 0; i < len;) {
        size_t n = p[i] < 0x80       ? 1
                   : p[i] >> 5 == 6  ? 2
                   : p[i] >> 4 == 14 ? 3
                   : p[i] >> 3 == 30 ? 4
                                     : 0;
        if (n == 0 || n > len - i) {
            return false;
        }
        uint32_t c = n == 1 ? p[i] : p[i] & (0xffu >> (n + 1));
        for (size_t k = 1; k < n; k++) {
            if (p[i + k] >> 6 != 2) {
                return false;
            }
            c = c << 6 | (p[i + k] & 63);
        }
        static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
        if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) {
            return false;
        }
        i += n;
    }
    return true;
}

static void assert_utf8_alike(const unsigned char *p, size_t len)
{
    char text[16] = "\"";
    bool expected = model_utf8(p, len);
    slice_t tight = tight_copy(slice_of((const char *)p, len));
    bool valid = utf8_valid(tight);
    tight_free(tight);
    if (valid != expected) {
        fail_msg("utf8_valid: %02x %02x %02x %02x, %zu bytes", p[0], p[1], p[2], p[3], len);
    }
    memcpy(text + 1, p, len);
    text[1 + len] = '"';
    json_reader_t r;
    assert_int_equal(json_reader_init(&r, slice_of(text, len + 2), 0), ERR_OK);
    bool accepted = json_reader_next(&r) == JSON_EV_STRING && json_reader_next(&r) == JSON_EV_END;
    json_reader_release(&r);
    if (accepted != expected) {
        fail_msg("reader: %02x %02x %02x %02x, %zu bytes", p[0], p[1], p[2], p[3], len);
    }
}

/* Every lead byte with every second byte, and around every bound of the bytes behind these. */
static void utf8_is_strict(void **state)
{
    (void)state;
    static const unsigned char edges[] = {0x22 + 1, 0x7f, 0x80, 0x81, 0x8f, 0x90, 0x9f,
                                          0xa0,     0xbf, 0xc0, 0xc2, 0xed, 0xff};
    size_t count = sizeof edges;
    for (unsigned a = 0x80; a < 256; a++) {
        unsigned char p[4] = {(unsigned char)a, 0, 0, 0};
        assert_utf8_alike(p, 1);
        for (unsigned b = 0x60; b < 256; b++) {
            p[1] = (unsigned char)b;
            assert_utf8_alike(p, 2);
            for (size_t i = 0; i < count; i++) {
                p[2] = edges[i];
                assert_utf8_alike(p, 3);
                for (size_t j = 0; a >= 0xe0 && j < count; j++) {
                    p[3] = edges[j];
                    assert_utf8_alike(p, 4);
                }
            }
        }
    }
}

static void utf8_is_checked_at_every_place(void **state)
{
    (void)state;
    for (size_t len = 0; len < 40; len++) {
        for (size_t at = 0; at < len; at++) {
            char *text = malloc(len);
            assert_non_null(text);
            memset(text, 'x', len);
            assert_true(utf8_valid(slice_of(text, len)));
            text[at] = '\x80';
            assert_false(utf8_valid(slice_of(text, len)));
            text[at] = '\xc3';
            assert_false(utf8_valid(slice_of(text, len)));
            if (at + 1 < len) {
                text[at + 1] = '\xa9';
                assert_true(utf8_valid(slice_of(text, len)));
            }
            free(text);
        }
    }
    assert_true(utf8_valid(slice_of(NULL, 0)));
}

static void a_cut_keeps_characters_whole(void **state)
{
    (void)state;
    /* Bytes: a 0, e-acute 1-2, euro 3-5, grin 6-9, z 10. */
    slice_t s = SLICE_LIT("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z");
    static const size_t expected[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11, 11};
    for (size_t max = 0; max < sizeof expected / sizeof *expected; max++) {
        slice_t cut = utf8_truncate(s, max);
        assert_int_equal(cut.len, expected[max]);
        assert_ptr_equal(cut.ptr, s.ptr);
    }
    assert_int_equal(utf8_truncate(slice_of(NULL, 0), 4).len, 0);
}

static void escapes_are_decoded(void **state)
{
    (void)state;
    assert_trace("\"\\\"\\\\\\/\"", "s1:1(\"\\/) .1:9 ");
    assert_trace("\"\\b\\f\\n\\r\\t\"", "s1:1(\b\f\n\r\t) .1:13 ");
    assert_trace("\"\\u0041\\u00E9\\u20aC\\uD83D\\uDe00\\uffff\"",
                 "s1:1(A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xef\xbf\xbf) .1:39 ");
    assert_trace("\"\\ud800\\udc00\\udbff\\udfff\"",
                 "s1:1(\xf0\x90\x80\x80\xf4\x8f\xbf\xbf) .1:27 ");
    assert_trace("\"\\u007f\\u0080\\u07ff\\u0800\"",
                 "s1:1(\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80) .1:27 ");
    arena_t arena;
    json_value_t *v = NULL;
    arena_init(&arena, 0);
    assert_int_equal(json_parse(SLICE_LIT("\"a\\u0000b\""), 0, &arena, &v, NULL), ERR_OK);
    assert_true(slice_eq(v->u.text, slice_of("a\0b", 3)));
    arena_release(&arena);
}

/* ---- depth ---- */

static err_t parse_nested(size_t depth, unsigned limit, unsigned kinds, json_error_t *e)
{
    /* Bit i % 8 of kinds: whether level i is an object. */
    buf_t b = BUF_INIT;
    arena_t arena;
    json_value_t *v = NULL;
    for (size_t i = 0; i < depth; i++) {
        buf_append_str(&b, kinds >> i % 8 & 1 ? "{\"a\":" : "[");
    }
    buf_append_str(&b, "1");
    for (size_t i = depth; i-- > 0;) {
        buf_append_char(&b, kinds >> i % 8 & 1 ? '}' : ']');
    }
    arena_init(&arena, 0);
    err_t err = json_parse(buf_slice(&b), limit, &arena, &v, e);
    if (!err) {
        buf_t written = BUF_INIT;
        json_write_value(&written, v);
        assert_true(slice_eq(buf_slice(&written), buf_slice(&b)));
        assert_true(json_value_equal(v, v));
        buf_release(&written);
    }
    arena_release(&arena);
    buf_release(&b);
    return err;
}

static void depth_is_limited(void **state)
{
    (void)state;
    static const struct {
        unsigned limit, effective;
    } cases[] = {{0, JSON_DEPTH_DEFAULT},
                 {1, 1},
                 {2, 2},
                 {63, 63},
                 {64, 64},
                 {65, 65},
                 {128, 128},
                 {1024, 1024},
                 {1025, 1024},
                 {5000, 1024}};
    static const unsigned kinds[] = {0x00, 0xff, 0xaa, 0x55, 0x36};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
            json_error_t e;
            assert_int_equal(parse_nested(cases[i].effective, cases[i].limit, kinds[k], &e),
                             ERR_OK);
            assert_int_equal(parse_nested(cases[i].effective + 1, cases[i].limit, kinds[k], &e),
                             ERR_SYNTAX);
            assert_non_null(strstr(e.text, "nested too deeply"));
        }
    }
    json_error_t e;
    assert_int_equal(parse_nested(1000000, 1024, 0, &e), ERR_SYNTAX);
    assert_int_equal(e.offset, 1024);
}

/* The bits that remember objects and arrays are set anew when a level is used again. */
static void levels_are_used_again(void **state)
{
    (void)state;
    assert_trace("[{},[],{},[[]],[{}]]",
                 "[1:1 {1:2 }1:3 [1:5 ]1:6 {1:8 }1:9 [1:11 [1:12 ]1:13 ]1:14 [1:16 {1:17 }1:18 "
                 "]1:19 ]1:20 .1:21 ");
    assert_refused("[{},[}]", 1, 6, 5, "unexpected '}': expected a value");
}

/* ---- the tree ---- */

static json_value_t *parse(arena_t *arena, const char *text)
{
    json_value_t *v = NULL;
    json_error_t e = {.text = ""};
    if (json_parse(slice_str(text), 0, arena, &v, &e)) {
        fail_msg("%s: %s", text, e.text);
    }
    return v;
}

static void the_tree_has_kinds_values_and_positions(void **state)
{
    (void)state;
    arena_t arena;
    arena_init(&arena, 0);
    const json_value_t *v = parse(
        &arena, "{\"s\":\"x\",\n \"n\":-1.50e+3,\"t\":true,\"f\":false,\"0\":null,"
                "\n\"a\":[1,[],{}], \"o\":{\"p\":{}}}");
    assert_int_equal(v->kind, JSON_OBJECT);
    assert_int_equal(v->u.object.count, 7);
    const json_member_t *m = v->u.object.members;
    assert_true(slice_is(m[0].name, "s") && slice_is(m[0].value.u.text, "x"));
    assert_int_equal(m[1].line, 2);
    assert_int_equal(m[1].column, 2);
    assert_int_equal(m[1].value.line, 2);
    assert_int_equal(m[1].value.column, 6);
    assert_int_equal(m[1].value.kind, JSON_NUMBER);
    assert_true(slice_is(m[1].value.u.text, "-1.50e+3"));
    assert_true(m[2].value.kind == JSON_BOOL && m[2].value.u.boolean);
    assert_true(m[3].value.kind == JSON_BOOL && !m[3].value.u.boolean);
    assert_int_equal(m[4].value.kind, JSON_NULL);
    const json_value_t *a = json_get(v, "a");
    assert_int_equal(a->kind, JSON_ARRAY);
    assert_int_equal(a->line, 3);
    assert_int_equal(a->column, 5);
    assert_int_equal(a->u.array.count, 3);
    assert_true(slice_is(a->u.array.items[0].u.text, "1"));
    assert_int_equal(a->u.array.items[1].kind, JSON_ARRAY);
    assert_int_equal(a->u.array.items[1].u.array.count, 0);
    assert_int_equal(a->u.array.items[2].kind, JSON_OBJECT);
    assert_int_equal(a->u.array.items[2].column, 11);
    assert_int_equal(json_get(json_get(json_get(v, "o"), "p"), "q") == NULL, 1);
    assert_null(json_get(NULL, "a"));
    assert_null(json_get(a, "a"));
    assert_true(json_is_string(&m[0].value));
    assert_false(json_is_string(a) || json_is_string(NULL));
    arena_release(&arena);
}

static void the_tree_does_not_need_the_text(void **state)
{
    (void)state;
    static const char source[] = "{\"name\":[\"plain\",\"esc\\t\",12.5,true]}";
    char *text = malloc(sizeof source);
    assert_non_null(text);
    memcpy(text, source, sizeof source);
    arena_t arena;
    json_value_t *v = NULL;
    arena_init(&arena, 0);
    assert_int_equal(json_parse(slice_str(text), 0, &arena, &v, NULL), ERR_OK);
    memset(text, '#', sizeof source);
    free(text);
    buf_t b = BUF_INIT;
    json_write_value(&b, v);
    assert_true(slice_eq(buf_slice(&b), slice_str(source)));
    buf_release(&b);
    arena_release(&arena);
}

static void the_limit_of_the_arena_holds(void **state)
{
    (void)state;
    enum { ITEMS = 200000 };
    buf_t b = BUF_INIT;
    buf_append_char(&b, '[');
    for (size_t i = 0; i < ITEMS; i++) {
        buf_append_str(&b, i ? ",{}" : "{}");
    }
    buf_append_char(&b, ']');
    arena_t arena;
    json_value_t *v = NULL;
    json_error_t e;
    arena_init(&arena, 64 * 1024);
    assert_int_equal(json_parse(buf_slice(&b), 0, &arena, &v, &e), ERR_NOMEM);
    assert_non_null(strstr(e.text, "out of memory"));
    /* What waits outside the arena stops growing as well, soon after 64 KiB of values. */
    assert_true(e.offset < buf_slice(&b).len / 10);
    arena_release(&arena);
    arena_init(&arena, 0);
    assert_int_equal(json_parse(buf_slice(&b), 0, &arena, &v, &e), ERR_OK);
    assert_int_equal(v->u.array.count, ITEMS);
    arena_release(&arena);
    buf_release(&b);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    buf_t text = BUF_INIT;
    buf_append_str(&text, "[\"esc\\taped\",");
    make_object(&text, 60, -1);
    for (size_t i = 0; i < 300; i++) {
        buf_append_str(&text, ",[1,\"two\",{\"three\":null}]");
    }
    buf_append_char(&text, ']');
    long before = failmalloc_live();
    size_t n = 1;
    for (;; n++) {
        arena_t arena;
        json_value_t *v = NULL;
        json_error_t e = {.text = ""};
        arena_init(&arena, 0);
        failmalloc_arm(n);
        err_t err = json_parse(buf_slice(&text), 0, &arena, &v, &e);
        bool refused = failmalloc_disarm();
        arena_release(&arena);
        assert_int_equal(failmalloc_live(), before);
        if (!refused) {
            assert_int_equal(err, ERR_OK);
            break;
        }
        assert_int_equal(err, ERR_NOMEM);
        assert_null(v);
        assert_non_null(strstr(e.text, "out of memory"));
    }
    assert_true(n > 8);
    buf_release(&text);
}

static void the_reader_says_that_memory_is_out(void **state)
{
    (void)state;
    json_reader_t r;
    failmalloc_arm(1);
    assert_int_equal(json_reader_init(&r, SLICE_LIT("1"), 0), ERR_NOMEM);
    assert_true(failmalloc_disarm());
    json_reader_release(&r);
    assert_int_equal(json_reader_init(&r, SLICE_LIT("\"\\n\""), 0), ERR_OK);
    failmalloc_arm(1);
    assert_int_equal(json_reader_next(&r), JSON_EV_ERROR);
    assert_true(failmalloc_disarm());
    assert_true(json_reader_nomem(&r));
    assert_string_equal(r.error, "out of memory");
    json_reader_release(&r);
}

/* ---- numbers, equality, kinds ---- */

static void plain_integers_are_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t value;
    } good[] = {{"0", 0},
                {"7", 7},
                {"4294967296", UINT64_C(4294967296)},
                {"18446744073709551615", UINT64_MAX}};
    static const char *const bad[] = {"",
                                      "-0",
                                      "-1",
                                      "1.0",
                                      "1e2",
                                      "00",
                                      "01",
                                      "+1",
                                      " 1",
                                      "1 ",
                                      "x",
                                      "18446744073709551616",
                                      "99999999999999999999",
                                      "100000000000000000000",
                                      "1/",
                                      "1:"};
    uint64_t value;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(json_number_u64(slice_str(good[i].text), &value));
        assert_true(value == good[i].value);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        value = 42;
        assert_false(json_number_u64(slice_str(bad[i]), &value));
        assert_true(value == 42);
    }
}

static void assert_equality(const char *a, const char *b, bool expected)
{
    arena_t arena;
    arena_init(&arena, 0);
    const json_value_t *x = parse(&arena, a), *y = parse(&arena, b);
    if (json_value_equal(x, y) != expected || json_value_equal(y, x) != expected) {
        fail_msg("%s and %s: expected %d", a, b, expected);
    }
    arena_release(&arena);
}

static void assert_sameness(const char *a, const char *b, bool expected)
{
    arena_t arena;
    arena_init(&arena, 0);
    const json_value_t *x = parse(&arena, a), *y = parse(&arena, b);
    if (json_value_same(x, y) != expected || json_value_same(y, x) != expected) {
        fail_msg("%s and %s: expected %d", a, b, expected);
    }
    arena_release(&arena);
}

static void numbers_are_the_same_by_value(void **state)
{
    (void)state;
    static const char *const same[][2] = {{"1", "1.0"},
                                          {"1", "1e0"},
                                          {"1", "10e-1"},
                                          {"100", "1E+2"},
                                          {"-0.0", "0e9"},
                                          {"0.10", "1e-1"},
                                          {"-1.50", "-15e-1"},
                                          {"[1.0]", "[1]"},
                                          {"0", "0e1000000"},
                                          {"1e9999", "10e9998"},
                                          {"{\"a\":2.0,\"b\":1}", "{\"b\":1e0,\"a\":2}"}};
    static const char *const other[][2] = {{"1", "-1"},
                                           {"1", "10"},
                                           {"0.1", "0.10000000000000000001"},
                                           {"12345678901234567890123", "12345678901234567890124"},
                                           {"1e1", "1e-1"},
                                           {"1", "\"1\""},
                                           {"[1.0,2]", "[2,1]"}};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        assert_sameness(same[i][0], same[i][1], true);
    }
    for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
        assert_sameness(other[i][0], other[i][1], false);
    }
}

static void equality(void **state)
{
    (void)state;
    static const char *const distinct[] = {"null",
                                           "true",
                                           "false",
                                           "0",
                                           "1",
                                           "-1",
                                           "1.0",
                                           "1e0",
                                           "10",
                                           "12345678901234567890123",
                                           "12345678901234567890124",
                                           "\"\"",
                                           "\"0\"",
                                           "\"a\"",
                                           "\"A\"",
                                           "\"a\\u0000\"",
                                           "[]",
                                           "{}",
                                           "[[]]",
                                           "[1]",
                                           "[1,2]",
                                           "[2,1]",
                                           "[1,2,3]",
                                           "{\"a\":1}",
                                           "{\"a\":2}",
                                           "{\"b\":1}",
                                           "{\"a\":1,\"b\":1}",
                                           "{\"a\":[1,{\"b\":2}]}",
                                           "{\"a\":[1,{\"b\":3}]}"};
    size_t count = sizeof distinct / sizeof *distinct;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            assert_equality(distinct[i], distinct[j], i == j);
        }
    }
    assert_equality("-0", "0", true);
    assert_equality("-0.0", "0.0", false);
    assert_equality("\"\\u0061\"", "\"a\"", true);
    assert_equality("{\"a\":1,\"b\":[{\"c\":1,\"d\":2}]}", "{\"b\":[{\"d\":2,\"c\":1}],\"a\":1}",
                    true);
}

/* Fisher and Yates. */
static void shuffle(prng_t *rng, json_member_t *m, size_t count)
{
    for (size_t i = count; i > 1; i--) {
        size_t j = (size_t)prng_below(rng, i);
        json_member_t swap = m[i - 1];
        m[i - 1] = m[j];
        m[j] = swap;
    }
}

static void the_order_of_members_does_not_matter(void **state)
{
    (void)state;
    static const size_t sizes[] = {2, 3, 16, 17, 18, 100, 20000};
    prng_t rng = prng_start();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        buf_t b = BUF_INIT;
        arena_t arena;
        json_value_t *x = NULL, *y = NULL;
        arena_init(&arena, 0);
        make_object(&b, sizes[i], -1);
        assert_int_equal(json_parse(buf_slice(&b), 0, &arena, &x, NULL), ERR_OK);
        assert_int_equal(json_parse(buf_slice(&b), 0, &arena, &y, NULL), ERR_OK);
        long before = failmalloc_live();
        shuffle(&rng, y->u.object.members, sizes[i]);
        assert_true(json_value_equal(x, y));
        json_member_t *m = &y->u.object.members[prng_below(&rng, sizes[i])];
        slice_t kept = m->value.u.text;
        m->value.u.text = SLICE_LIT("-7");
        assert_false(json_value_equal(x, y));
        m->value.u.text = kept;
        kept = m->name;
        m->name = SLICE_LIT("other");
        assert_false(json_value_equal(x, y));
        m->name = kept;
        assert_true(json_value_equal(y, x));
        if (sizes[i] <= 100) {
            failmalloc_arm(1);
            bool equal = json_value_equal(x, y);
            (void)failmalloc_disarm();
            assert_true(equal);
        }
        assert_int_equal(failmalloc_live(), before);
        arena_release(&arena);
        buf_release(&b);
    }
}

static void kinds_have_names(void **state)
{
    (void)state;
    assert_string_equal(json_kind_name(JSON_NULL), "null");
    assert_string_equal(json_kind_name(JSON_BOOL), "boolean");
    assert_string_equal(json_kind_name(JSON_NUMBER), "number");
    assert_string_equal(json_kind_name(JSON_STRING), "string");
    assert_string_equal(json_kind_name(JSON_ARRAY), "array");
    assert_string_equal(json_kind_name(JSON_OBJECT), "object");
}

/* ---- the writer ---- */

static void only_what_must_be_is_escaped(void **state)
{
    (void)state;
    static const char *const escapes[32] = {
        "\\u0000", "\\u0001", "\\u0002", "\\u0003", "\\u0004", "\\u0005", "\\u0006", "\\u0007",
        "\\b",     "\\t",     "\\n",     "\\u000b", "\\f",     "\\r",     "\\u000e", "\\u000f",
        "\\u0010", "\\u0011", "\\u0012", "\\u0013", "\\u0014", "\\u0015", "\\u0016", "\\u0017",
        "\\u0018", "\\u0019", "\\u001a", "\\u001b", "\\u001c", "\\u001d", "\\u001e", "\\u001f"};
    for (unsigned c = 0; c < 0x80; c++) {
        char self[2] = {(char)c, '\0'};
        const char *escape = c < 32 ? escapes[c] : c == '"' ? "\\\"" : c == '\\' ? "\\\\" : self;
        for (size_t len = 1; len < 20; len++) {
            for (size_t at = 0; at < len; at++) {
                char text[20];
                buf_t out = BUF_INIT, expected = BUF_INIT;
                memset(text, 'x', sizeof text);
                text[at] = (char)c;
                json_write_string(&out, slice_of(text, len));
                buf_printf(&expected, "\"%.*s%s%.*s\"", (int)at, text, escape, (int)(len - at - 1),
                           text + at + 1);
                assert_int_equal(out.len, expected.len);
                assert_memory_equal(out.ptr, expected.ptr, out.len);
                buf_release(&out);
                buf_release(&expected);
            }
        }
    }
}

static void characters_beyond_ascii_stand_for_themselves(void **state)
{
    (void)state;
    static const char text[] =
        "\x7f\xc2\x80\xe2\x80\xa8\xe2\x80\xa9\xef\xbb\xbf\xef\xbf\xbf\xf4\x8f\xbf\xbf";
    buf_t out = BUF_INIT;
    json_write_string(&out, slice_str(text));
    assert_int_equal(out.len, sizeof text + 1);
    assert_memory_equal(out.ptr + 1, text, sizeof text - 1);
    buf_clear(&out);
    json_write_string(&out, slice_of(NULL, 0));
    assert_true(slice_is(buf_slice(&out), "\"\""));
    buf_release(&out);
}

static void text_is_compact_and_numbers_verbatim(void **state)
{
    (void)state;
    arena_t arena;
    arena_init(&arena, 0);
    const json_value_t *v = parse(
        &arena, " { \"b\" : [ 1.50 , -0 , 1E+5 , 123456789012345678901234567890 ] ,\n"
                "\"a\" : { } , \"c\" : [ ] , \"d\" : [ true , false , null , \"\\u0009\" ] } ");
    buf_t out = BUF_INIT;
    json_write_value(&out, v);
    assert_true(slice_is(buf_slice(&out),
                         "{\"b\":[1.50,-0,1E+5,123456789012345678901234567890],\"a\":{},\"c\":[],"
                         "\"d\":[true,false,null,\"\\t\"]}"));
    buf_release(&out);
    arena_release(&arena);
}

static void a_writer_fails_as_its_buffer_does(void **state)
{
    (void)state;
    arena_t arena;
    arena_init(&arena, 0);
    const json_value_t *v = parse(&arena, "{\"a\":[\"x\",1,true]}");
    buf_t out = BUF_INIT;
    failmalloc_arm(1);
    json_write_value(&out, v);
    assert_true(failmalloc_disarm());
    assert_true(buf_failed(&out));
    buf_clear(&out);
    json_write_value(&out, v);
    assert_true(slice_is(buf_slice(&out), "{\"a\":[\"x\",1,true]}"));
    buf_release(&out);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_and_positions),
        cmocka_unit_test(columns_count_characters),
        cmocka_unit_test(the_last_event_repeats),
        cmocka_unit_test(text_points_into_the_input_when_it_can),
        cmocka_unit_test(broken_structure_is_refused),
        cmocka_unit_test(broken_words_are_refused),
        cmocka_unit_test(broken_numbers_are_refused),
        cmocka_unit_test(broken_strings_are_refused),
        cmocka_unit_test(duplicate_names_are_refused),
        cmocka_unit_test(duplicates_are_found_in_objects_of_any_size),
        cmocka_unit_test(every_byte_at_every_place_of_a_string),
        cmocka_unit_test(utf8_is_strict),
        cmocka_unit_test(utf8_is_checked_at_every_place),
        cmocka_unit_test(a_cut_keeps_characters_whole),
        cmocka_unit_test(escapes_are_decoded),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(levels_are_used_again),
        cmocka_unit_test(the_tree_has_kinds_values_and_positions),
        cmocka_unit_test(the_tree_does_not_need_the_text),
        cmocka_unit_test(the_limit_of_the_arena_holds),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(the_reader_says_that_memory_is_out),
        cmocka_unit_test(plain_integers_are_numbers),
        cmocka_unit_test(numbers_are_the_same_by_value),
        cmocka_unit_test(equality),
        cmocka_unit_test(the_order_of_members_does_not_matter),
        cmocka_unit_test(kinds_have_names),
        cmocka_unit_test(only_what_must_be_is_escaped),
        cmocka_unit_test(characters_beyond_ascii_stand_for_themselves),
        cmocka_unit_test(text_is_compact_and_numbers_verbatim),
        cmocka_unit_test(a_writer_fails_as_its_buffer_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
