/* What is verified when a database is opened: metadata, tree, values. */
#include "footprintd/geo/mmdb.h"

#include "geo_verdict.h"
#include "mmdb_writer.h"

#include <stdlib.h>

static const mmdb_side_t none = {MMDB_SIDE_NONE, 0};

/* The verdict on the writer's file has to be this one; `text` is in the reason, NULL for none. */
static void expect_line(mmdb_writer_t *w, err_t expected, const char *text, int line)
{
    buf_t file = BUF_INIT, why = BUF_INIT;
    mmdb_writer_finish(w, &file);
    err_t err = verdict(buf_slice(&file), &why);
    buf_append_char(&why, '\0');
    if (err != expected || (text && !strstr(why.ptr, text))) {
        fail_msg("line %d: %s: \"%s\"", line, err_text(err), why.ptr);
    }
    buf_release(&file);
    buf_release(&why);
    mmdb_writer_release(w);
}
#define expect(w, expected, text) expect_line((w), (expected), (text), __LINE__)

static mmdb_writer_t writer_v4(void)
{
    mmdb_writer_t w;
    mmdb_writer_init(&w, 4, 24);
    return w;
}

/* A database of IPv4 with one value; all addresses have it. */
static void expect_value_line(const void *bytes, size_t len, err_t expected, const char *text,
                              int line)
{
    mmdb_writer_t w = writer_v4();
    buf_append(&w.data, bytes, len);
    mmdb_writer_insert(&w, (u128_t){0, 0}, 0, mmdb_data(0));
    expect_line(&w, expected, text, line);
}
#define accept(literal) expect_value_line((literal), sizeof(literal) - 1, ERR_OK, NULL, __LINE__)
#define refuse(literal, text)                                                                      \
    expect_value_line((literal), sizeof(literal) - 1, ERR_DATA, (text), __LINE__)

/* Metadata with all members but one, which has `type` and `value`; type 0 leaves it out. */
static void put_members(buf_t *b, const char *changed, unsigned type, uint64_t value)
{
    static const struct {
        const char *key;
        unsigned type;
        uint64_t value;
    } members[] = {
        {"binary_format_major_version", 5, 2},
        {"binary_format_minor_version", 5, 0},
        {"build_epoch", 9, UINT64_MAX},
        {"database_type", 2, 0},
        {"ip_version", 5, 4},
        {"node_count", 6, 1},
        {"record_size", 5, 24},
    };
    size_t count = sizeof members / sizeof *members;
    put_map(b, (uint32_t)count - (changed && type == 0));
    for (size_t i = 0; i < count; i++) {
        bool change = changed && strcmp(changed, members[i].key) == 0;
        if (change && type == 0) {
            continue;
        }
        put_string(b, members[i].key);
        unsigned as = change ? type : members[i].type;
        if (as == 2) {
            put_string(b, "");
        } else if (as == 7) {
            put_map(b, 0);
        } else {
            put_uint(b, as, change ? value : members[i].value);
        }
    }
}

static void expect_member(const char *key, unsigned type, uint64_t value, err_t expected,
                          const char *text)
{
    mmdb_writer_t w = writer_v4();
    put_members(&w.metadata, key, type, value);
    expect(&w, expected, text);
}

static void test_metadata_members(void **state)
{
    (void)state;
    static const char *const keys[] = {"binary_format_major_version",
                                       "binary_format_minor_version",
                                       "build_epoch",
                                       "database_type",
                                       "ip_version",
                                       "node_count",
                                       "record_size"};
    expect_member(NULL, 0, 0, ERR_OK, NULL); /* description and languages may be absent */
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        expect_member(keys[i], 0, 0, ERR_DATA, keys[i]);
        expect_member(keys[i], 7, 0, ERR_DATA, keys[i]);
        expect_member(keys[i], 8, 1, ERR_DATA, keys[i]); /* a signed integer */
    }
    expect_member("node_count", 9, 1, ERR_DATA, "wrong type");
    expect_member("binary_format_major_version", 5, 1, ERR_DATA, "is 1,");
    expect_member("binary_format_major_version", 5, 3, ERR_DATA, "is 3,");
    expect_member("binary_format_minor_version", 5, 7, ERR_OK, NULL);
    expect_member("ip_version", 5, 5, ERR_DATA, "ip_version");
    expect_member("ip_version", 5, 0, ERR_DATA, "ip_version");
    expect_member("record_size", 5, 0, ERR_DATA, "record_size");
    expect_member("record_size", 5, 20, ERR_DATA, "record_size");
    expect_member("record_size", 5, 64, ERR_DATA, "record_size");
    expect_member("record_size", 5, 28, ERR_DATA, "fit");
    expect_member("node_count", 6, 0, ERR_DATA, "node_count");
    expect_member("node_count", 6, 2, ERR_DATA, "fit");
    expect_member("node_count", 6, UINT32_MAX, ERR_DATA, "fit");
}

static void test_metadata_shapes(void **state)
{
    (void)state;
    mmdb_writer_t w = writer_v4();
    put_array(&w.metadata, 0);
    expect(&w, ERR_DATA, "not a map");
    w = writer_v4();
    put_map(&w.metadata, 0);
    expect(&w, ERR_DATA, "has no binary_format_major_version");
    /* A member's type is that of what its pointer leads to; the first of equal keys counts. */
    w = writer_v4();
    put_members(&w.metadata, NULL, 0, 0);
    w.metadata.ptr[0] += 3;
    put_string(&w.metadata, "languages");
    uint32_t languages = (uint32_t)w.metadata.len;
    put_array(&w.metadata, 2);
    put_string(&w.metadata, "en");
    put_pointer(&w.metadata, languages + 2);
    put_string(&w.metadata, "node_count");
    put_uint(&w.metadata, 6, 77);
    put_string(&w.metadata, "other");
    put_pointer(&w.metadata, languages);
    expect(&w, ERR_OK, NULL);
    static const char *const keys[] = {"languages", "description"};
    for (unsigned i = 0; i < 2; i++) {
        w = writer_v4();
        put_members(&w.metadata, NULL, 0, 0);
        w.metadata.ptr[0] += 1;
        put_string(&w.metadata, keys[i]);
        put_head(&w.metadata, i == 0 ? 11 : 7, 1);
        if (i == 1) {
            put_string(&w.metadata, "en");
        }
        put_uint(&w.metadata, 5, 1);
        expect(&w, ERR_DATA, keys[i]);
    }
    w = writer_v4();
    put_members(&w.metadata, NULL, 0, 0);
    w.metadata.ptr[0] += 1;
    put_string(&w.metadata, "x");
    put_string(&w.metadata, "\xff");
    expect(&w, ERR_DATA, "UTF-8");
    /* Bytes behind the metadata are of no matter, a marker among them is. */
    w = writer_v4();
    put_members(&w.metadata, NULL, 0, 0);
    buf_append_str(&w.metadata, "tail");
    expect(&w, ERR_OK, NULL);
    w = writer_v4();
    put_members(&w.metadata, NULL, 0, 0);
    buf_append(&w.metadata, MMDB_MARKER, MMDB_MARKER_LEN);
    expect(&w, ERR_DATA, "behind the end");
}

static void test_last_marker_counts(void **state)
{
    (void)state;
    mmdb_writer_t w = writer_v4();
    put_string(&w.data, MMDB_MARKER "no metadata");
    w.data.ptr[0] = (char)(4 << 5 | (MMDB_MARKER_LEN + 11));
    mmdb_writer_insert(&w, (u128_t){0, 0}, 0, mmdb_data(0));
    expect(&w, ERR_OK, NULL);
    /* The marker begins 128 KiB before the end, or a byte too far. */
    for (size_t more = 0; more < 2; more++) {
        w = writer_v4();
        put_members(&w.metadata, NULL, 0, 0);
        size_t tail = 128 * 1024 - MMDB_MARKER_LEN - w.metadata.len + more;
        assert_true(buf_reserve(&w.metadata, tail));
        memset(w.metadata.ptr + w.metadata.len, 0, tail);
        w.metadata.len += tail;
        expect(&w, more ? ERR_DATA : ERR_OK, more ? "marker" : NULL);
    }
}

static void expect_record(uint32_t record, unsigned side, unsigned record_size, err_t expected,
                          const char *text)
{
    mmdb_writer_t w;
    mmdb_writer_init(&w, 4, record_size);
    buf_append(&w.data, "\xa0\xa0\xa0", 3); /* three times the number 0 */
    uint32_t second = mmdb_writer_node(&w), third = mmdb_writer_node(&w);
    w.nodes[0].side[0] = (mmdb_side_t){MMDB_SIDE_NODE, second};
    /* The last node is one that nothing leads to. */
    w.nodes[side < 2 ? second : third].side[side & 1] = (mmdb_side_t){MMDB_SIDE_RAW, record};
    expect(&w, expected, text);
}

static void test_records(void **state)
{
    (void)state;
    static const unsigned sizes[] = {24, 28, 32};
    for (unsigned i = 0; i < 3; i++) {
        for (unsigned side = 0; side < 4; side++) {
            const uint32_t nodes = 3;
            expect_record(0, side, sizes[i], ERR_DATA, "root");
            expect_record(2, side, sizes[i], ERR_OK, NULL);
            expect_record(nodes, side, sizes[i], ERR_OK, NULL);
            expect_record(nodes + 1, side, sizes[i], ERR_DATA, "zeros");
            expect_record(nodes + 15, side, sizes[i], ERR_DATA, "zeros");
            expect_record(nodes + 16, side, sizes[i], ERR_OK, NULL);
            expect_record(nodes + 18, side, sizes[i], ERR_OK, NULL);
            expect_record(nodes + 19, side, sizes[i], ERR_DATA, "past the end");
            expect_record(UINT32_MAX >> (32 - sizes[i]), side, sizes[i], ERR_DATA, "past the end");
        }
    }
}

static void test_separator(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 16; i++) {
        mmdb_writer_t w = writer_v4();
        buf_t file = BUF_INIT, why = BUF_INIT;
        mmdb_writer_finish(&w, &file);
        file.ptr[6 + i] = 1;
        assert_int_equal(verdict(buf_slice(&file), &why), ERR_DATA);
        assert_true(why.len > 30 && memcmp(why.ptr, "byte ", 5) == 0);
        assert_int_equal(strtoul(why.ptr + 5, NULL, 10), 6 + i);
        mmdb_writer_release(&w);
        buf_release(&file);
        buf_release(&why);
    }
}

/* `count` nodes, each of which leads to the next one by the sides of the mask. */
static mmdb_writer_t chain(unsigned ip_version, unsigned count, unsigned sides)
{
    mmdb_writer_t w;
    mmdb_writer_init(&w, ip_version, 24);
    for (uint32_t node = 0; node + 1 < count; node++) {
        mmdb_side_t next = {MMDB_SIDE_NODE, mmdb_writer_node(&w)};
        w.nodes[node].side[0] = sides & 1 ? next : none;
        w.nodes[node].side[1] = sides & 2 ? next : none;
    }
    return w;
}

static void test_depth_of_the_tree(void **state)
{
    (void)state;
    for (unsigned sides = 1; sides <= 2; sides++) {
        mmdb_writer_t w = chain(4, 32, sides);
        expect(&w, ERR_OK, NULL);
        w = chain(4, 33, sides);
        expect(&w, ERR_DATA, "node 32 ");
        w = chain(6, 128, sides);
        expect(&w, ERR_OK, NULL);
        w = chain(6, 129, sides);
        expect(&w, ERR_DATA, "node 128 ");
        /* A node that leads to itself, and to one before it. */
        for (uint32_t to = 2; to <= 3; to++) {
            w = chain(4, 4, sides);
            w.nodes[3].side[0] = (mmdb_side_t){MMDB_SIDE_NODE, to};
            expect(&w, ERR_DATA, "deeper");
            w = chain(6, 4, sides);
            w.nodes[3].side[0] = (mmdb_side_t){MMDB_SIDE_NODE, to};
            expect(&w, ERR_DATA, "deeper");
        }
        /* Where nothing leads, a cycle is of no matter. */
        w = chain(4, 4, sides);
        uint32_t alone = mmdb_writer_node(&w);
        w.nodes[alone].side[0] = (mmdb_side_t){MMDB_SIDE_NODE, alone};
        expect(&w, ERR_OK, NULL);
    }
}

/* With both sides leading to the next node, a walk has 2^count leaves. */
static void test_shared_nodes_have_a_budget(void **state)
{
    (void)state;
    mmdb_writer_t w = chain(4, 16, 3);
    expect(&w, ERR_OK, NULL); /* 65,535 passes */
    w = chain(4, 17, 3);
    expect(&w, ERR_LIMIT, "shared");
    w = chain(4, 32, 3);
    expect(&w, ERR_LIMIT, "shared");
    w = chain(6, 128, 3);
    expect(&w, ERR_LIMIT, "shared");
    w = chain(6, 2, 3);
    w.nodes[1].side[0] = w.nodes[1].side[1] = (mmdb_side_t){MMDB_SIDE_NODE, 1};
    expect(&w, ERR_DATA, "deeper");
}

static void test_aliases(void **state)
{
    (void)state;
    mmdb_writer_t w;
    for (unsigned len = 96; len <= 97; len++) {
        mmdb_writer_init(&w, 6, 24);
        mmdb_writer_aliases(&w);
        mmdb_writer_alias(&w, (u128_t){UINT64_C(0x20010db8) << 32, 0}, len);
        /* IPv4 addresses have to fit behind it. */
        expect(&w, len == 96 ? ERR_OK : ERR_DATA, len == 96 ? NULL : "deeper");
    }
}

static void test_values(void **state)
{
    (void)state;
    accept("\x40");
    accept("\x43\xe2\x82\xac");
    accept("\x83\xff\xfe\xfd"); /* bytes are any bytes */
    accept("\x68\x40\x45\0\0\0\0\0\0");
    accept("\xa0");
    accept("\xa2\xff\xff");
    accept("\xc4\xff\xff\xff\xff");
    accept("\xe0");
    accept("\x04\x01\xff\xff\xff\xff");
    accept("\x08\x02\xff\xff\xff\xff\xff\xff\xff\xff");
    accept("\x10\x03"
           "0123456789abcdef");
    accept("\0\x04");
    accept("\0\x07");
    accept("\x01\x07");
    accept("\x04\x08\x3f\x80\0\0");
    accept("\xe1\x41x\x40");
    accept("\x5d\0"
           "12345678901234567890123456789");
    refuse("\x43\xe2\x82", "past the end");
    refuse("\x5d\0"
           "1234567890123456789012345678",
           "past the end");
    refuse("\x5d", "cut off");
    refuse("\x5e\0", "cut off");
    refuse("\x5f\0\0", "cut off");
    refuse("\x5f\xff\xff\xff", "past the end");
    refuse("\0", "cut off");
    refuse("\x43\xe2\x82\x28", "UTF-8");
    refuse("\x43\xed\xa0\x80", "UTF-8");
    refuse("\x67\x40\x45\0\0\0\0\0", "size");
    refuse("\x69\x40\x45\0\0\0\0\0\0\0", "size");
    refuse("\xa3\xff\xff\xff", "size");
    refuse("\xc5\xff\xff\xff\xff\xff", "size");
    refuse("\x05\x01\xff\xff\xff\xff\xff", "size");
    refuse("\x09\x02\xff\xff\xff\xff\xff\xff\xff\xff\xff", "size");
    refuse("\x11\x03"
           "0123456789abcdefg",
           "size");
    refuse("\x02\x07", "neither");
    refuse("\x03\x08\x3f\x80\0", "size");
    refuse("\x05\x08\x3f\x80\0\0\0", "size");
    refuse("\0\0", "does not exist");   /* extended, but 7 */
    refuse("\0\x05", "does not exist"); /* 12: a cache, never in files */
    refuse("\0\x06", "does not exist"); /* 13: an end, never in files */
    refuse("\0\x09", "does not exist"); /* 16 */
    refuse("\0\xff", "does not exist"); /* 262 */
    refuse("\xe1\x41x", "behind the end");
    refuse("\xe1\x42x", "past the end");
    refuse("\xe1\x40", "more entries");
    refuse("\xe2\x41x\x40", "more entries");
    refuse("\x02\x04\xa0", "more elements");
    refuse("\x1f\x04\xff\xff\xff", "more elements");
    refuse("\xe1\xa0\xa0", "not a string");
    refuse("\xe1\x83zzz\xa0", "not a string");
    refuse("\xe1\x42\xff\xff\xa0", "UTF-8");
}

/* Where the size takes one more byte; the last byte that is there, and one too few. */
static void test_sizes(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {28, 29, 284, 285, 65820, 65821, 100000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (unsigned cut = 0; cut < 2; cut++) {
            mmdb_writer_t w = writer_v4();
            put_head(&w.data, 2, sizes[i]);
            assert_true(buf_reserve(&w.data, sizes[i]));
            memset(w.data.ptr + w.data.len, 'x', sizes[i]);
            w.data.len += sizes[i] - cut;
            mmdb_writer_insert(&w, (u128_t){0, 0}, 0, mmdb_data(0));
            expect(&w, cut ? ERR_DATA : ERR_OK, cut ? "past the end" : NULL);
        }
    }
}

static void test_pointers(void **state)
{
    (void)state;
    /* [pointer, 0] to the second element, which follows the pointer. */
    accept("\x02\x04\x20\x04\xa0");
    accept("\x02\x04\x38\0\0\0\x07\xa0");
    refuse("\x02\x04\x20\x05\xa0", "out of the section");
    refuse("\x02\x04\x38\xff\xff\xff\xff\xa0", "out of the section");
    refuse("\x01\x04\x38\0\0\0", "cut off");
    refuse("\x02\x04\x20\x04\x20\x06\xa0", "leads to a pointer");
    /* Keys. */
    accept("\xe2\x41x\xa0\x20\x01\xa0");
    refuse("\xe2\x41x\xa0\x20\x03\xa0", "not a string");
    refuse("\xe2\x41x\x20\x07\x20\x03\xa0\xa0", "not a string");
    /* Values that contain themselves. */
    refuse("\x01\x04\x20\0", "itself");
    refuse("\xe1\x41x\x20\0", "itself");
    refuse("\x01\x04\x01\x04\x20\x02", "itself");
    refuse("\xe1\x41x\xe1\x41y\x20\x03", "itself");
    /* Of each length, with what is added to it. */
    static const uint32_t targets[] = {5, 2047, 2048, 526335, 526336, 600000};
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        for (unsigned bytes = 1; bytes <= 4; bytes++) {
            bool fits = bytes == 1   ? targets[i] < 2048
                        : bytes == 2 ? targets[i] >= 2048 && targets[i] < 526336
                                     : bytes == 4 || targets[i] >= 526336;
            for (unsigned cut = 0; fits && cut < 2; cut++) {
                /* To the last byte of the section, and to the one behind it. */
                mmdb_writer_t w = writer_v4();
                put_pointer_of(&w.data, targets[i], bytes);
                assert_true(buf_reserve(&w.data, targets[i] + 1));
                memset(w.data.ptr + w.data.len, 0xa0, targets[i] + 1 - w.data.len);
                w.data.len = targets[i] + 1 - cut;
                mmdb_writer_insert(&w, (u128_t){0, 0}, 0, mmdb_data(0));
                expect(&w, cut ? ERR_DATA : ERR_OK, cut ? "out of the section" : NULL);
            }
        }
    }
}

/* `depth` arrays in one another, the innermost empty; each by a pointer to the one before. */
static uint32_t put_nested(buf_t *b, unsigned depth, bool pointers)
{
    uint32_t at = (uint32_t)b->len;
    for (unsigned i = 1; i <= depth; i++) {
        uint32_t here = (uint32_t)b->len;
        put_array(b, pointers ? i > 1 : i < depth);
        if (pointers && i > 1) {
            put_pointer(b, at);
        }
        at = pointers ? here : at;
    }
    return at;
}

static void expect_depth(unsigned depth, bool pointers, bool inner_first, unsigned limit,
                         err_t expected)
{
    mmdb_writer_t w = writer_v4();
    buf_t file = BUF_INIT, why = BUF_INIT;
    uint32_t at = put_nested(&w.data, depth, pointers);
    w.nodes[0].side[1] = mmdb_data(at);
    if (inner_first) {
        w.nodes[0].side[0] = mmdb_data(0);
    }
    mmdb_writer_finish(&w, &file);
    mmdb_limits_t limits = {.depth = limit};
    mmdb_t *db = NULL;
    err_t err = mmdb_open_bytes(buf_slice(&file), &limits, &db, &why);
    assert_int_equal(err, expected);
    mmdb_free(db);
    mmdb_writer_release(&w);
    buf_release(&file);
    buf_release(&why);
}

static void test_depth_of_values(void **state)
{
    (void)state;
    for (unsigned variant = 0; variant < 4; variant++) {
        bool pointers = variant & 1, inner_first = variant & 2;
        expect_depth(64, pointers, inner_first, 0, ERR_OK);
        expect_depth(65, pointers, inner_first, 0, ERR_LIMIT);
        expect_depth(5, pointers, inner_first, 5, ERR_OK);
        expect_depth(6, pointers, inner_first, 5, ERR_LIMIT);
        expect_depth(250, pointers, inner_first, 1000000, ERR_OK);
        expect_depth(251, pointers, inner_first, 1000000, ERR_LIMIT);
        expect_depth(100000, pointers, inner_first, UINT32_MAX, ERR_LIMIT);
    }
}

/* Each level has the level below twice: 2^60 values for who decodes what every pointer leads to. */
static void test_pointers_are_followed_once(void **state)
{
    (void)state;
    mmdb_writer_t w = writer_v4();
    uint32_t below = 0;
    put_map(&w.data, 0);
    for (unsigned i = 0; i < 60; i++) {
        uint32_t here = (uint32_t)w.data.len;
        put_map(&w.data, 2);
        put_string(&w.data, "country");
        put_pointer(&w.data, below);
        put_string(&w.data, "subdivisions");
        put_pointer(&w.data, below);
        below = here;
    }
    mmdb_writer_insert(&w, (u128_t){0, 0}, 0, mmdb_data(below));
    expect(&w, ERR_OK, NULL);
}

/*
 * Strings that hide the heads of arrays, each of which has all strings that follow: read as arrays,
 * 20,000 of them would have 200 million elements.
 */
static void test_overlapping_values_have_a_budget(void **state)
{
    (void)state;
    mmdb_writer_t w = writer_v4();
    const uint32_t count = 20000, size = 5;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t elements = count - 1 - i - 285;
        put_head(&w.data, 2, 4);
        elements = i < count - 1000 ? elements : 0;
        /* 0x1e 0x04: an array whose size has two more bytes, below 0x80 each to be UTF-8. */
        buf_append(&w.data, "\x1e\x04", 2);
        buf_append_char(&w.data, (char)(elements >> 8 & 0x7f));
        buf_append_char(&w.data, (char)(elements & 0x7f));
    }
    uint32_t at = (uint32_t)w.data.len;
    put_array(&w.data, count - 2000);
    for (uint32_t i = 0; i < count - 2000; i++) {
        put_pointer(&w.data, i * size + 1);
    }
    mmdb_writer_insert(&w, (u128_t){0, 0}, 0, mmdb_data(at));
    expect(&w, ERR_LIMIT, "overlap");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_metadata_members),
        cmocka_unit_test(test_metadata_shapes),
        cmocka_unit_test(test_last_marker_counts),
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_separator),
        cmocka_unit_test(test_depth_of_the_tree),
        cmocka_unit_test(test_shared_nodes_have_a_budget),
        cmocka_unit_test(test_aliases),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_pointers),
        cmocka_unit_test(test_depth_of_values),
        cmocka_unit_test(test_pointers_are_followed_once),
        cmocka_unit_test(test_overlapping_values_have_a_budget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
