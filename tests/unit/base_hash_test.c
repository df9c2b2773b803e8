#include "footprintd/base/hash.h"

#include "fpd_cmocka.h"
#include "prng.h"

static void assert_digest(const digest_t *d, const char *hex)
{
    char text[DIGEST_SIZE * 2 + 1];
    for (size_t i = 0; i < DIGEST_SIZE; i++) {
        (void)snprintf(text + 2 * i, 3, "%02x", d->bytes[i]);
    }
    assert_string_equal(text, hex);
}

/* The examples of FIPS 180-4, and the empty message. */
static void sha256_known_answers(void **state)
{
    (void)state;
    static const struct {
        const char *text, *hex;
    } cases[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    hasher_t h;
    assert_int_equal(hasher_init(&h), ERR_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        digest_t d;
        hasher_begin(&h);
        hasher_update_slice(&h, slice_str(cases[i].text));
        assert_int_equal(hasher_finish(&h, &d), ERR_OK);
        assert_digest(&d, cases[i].hex);
    }
    hasher_release(&h);
}

static void sha256_of_a_million_in_pieces(void **state)
{
    (void)state;
    char piece[997];
    memset(piece, 'a', sizeof piece);
    hasher_t h;
    digest_t d;
    assert_int_equal(hasher_init(&h), ERR_OK);
    hasher_begin(&h);
    for (size_t left = 1000000; left;) {
        size_t n = left < sizeof piece ? left : sizeof piece;
        hasher_update(&h, piece, n);
        hasher_update(&h, NULL, 0);
        left -= n;
    }
    assert_int_equal(hasher_finish(&h, &d), ERR_OK);
    assert_digest(&d, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    hasher_release(&h);
}

static void begin_forgets_what_came_before(void **state)
{
    (void)state;
    hasher_t h;
    digest_t d;
    assert_int_equal(hasher_init(&h), ERR_OK);
    hasher_begin(&h);
    hasher_update_slice(&h, SLICE_LIT("left over"));
    hasher_begin(&h);
    hasher_update_slice(&h, SLICE_LIT("abc"));
    assert_int_equal(hasher_finish(&h, &d), ERR_OK);
    assert_digest(&d, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    hasher_release(&h);
    hasher_release(&h);
}

static void a_finish_without_begin_fails(void **state)
{
    (void)state;
    hasher_t h;
    digest_t d;
    assert_int_equal(hasher_init(&h), ERR_OK);
    hasher_update_slice(&h, SLICE_LIT("abc"));
    assert_int_equal(hasher_finish(&h, &d), ERR_NOMEM);
    hasher_begin(&h);
    assert_int_equal(hasher_finish(&h, &d), ERR_OK);
    /* And a second one. */
    assert_int_equal(hasher_finish(&h, &d), ERR_NOMEM);
    hasher_release(&h);
}

/* RFC 4648 5: the alphabet in order, then the four bits that 160 leaves for the last character. */
static void a_tag_is_base64url_of_twenty_bytes(void **state)
{
    (void)state;
    char tag[TAG_LEN + 1];
    digest_t d;
    memset(d.bytes, 0xff, sizeof d.bytes);
    tag_format(&d, tag);
    assert_string_equal(tag, "__________________________8");
    memset(d.bytes, 0, sizeof d.bytes);
    d.bytes[TAG_BYTES] = 0xff; /* not part of it */
    tag_format(&d, tag);
    assert_string_equal(tag, "AAAAAAAAAAAAAAAAAAAAAAAAAAA");
    for (size_t i = 0; i < sizeof d.bytes; i++) {
        d.bytes[i] = (uint8_t)(i * 13 + 200);
    }
    tag_format(&d, tag);
    assert_string_equal(tag, "yNXi7_wJFiMwPUpXZHF-i5ilsr8");
    assert_int_equal(strlen(tag), TAG_LEN);
}

static void equal_bytes_hash_alike_at_any_address(void **state)
{
    (void)state;
    char text[64], moved[80];
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = (char)(i * 37);
    }
    for (size_t len = 0; len <= sizeof text; len++) {
        uint64_t hash = hash_bytes(text, len);
        for (size_t shift = 0; shift < 16; shift++) {
            memset(moved, 0xaa, sizeof moved);
            memcpy(moved + shift, text, len);
            assert_true(hash_bytes(moved + shift, len) == hash);
        }
    }
    assert_true(hash_slice(slice_of(NULL, 0)) == hash_bytes("", 0));
}

/* Strings of zeros differ in nothing but their length. */
static void the_length_counts(void **state)
{
    (void)state;
    static const char zeros[40];
    for (size_t a = 0; a <= sizeof zeros; a++) {
        for (size_t b = 0; b < a; b++) {
            assert_true(hash_bytes(zeros, a) != hash_bytes(zeros, b));
        }
    }
}

/* Each bit of the input moves about half of the output, the low bits as well as the high ones. */
static void every_bit_of_the_input_spreads(void **state)
{
    (void)state;
    prng_t rng = prng_start();
    for (size_t len = 1; len <= 24; len++) {
        for (size_t bit = 0; bit < len * 8; bit++) {
            unsigned flips[64] = {0};
            enum { ROUNDS = 256 };
            for (unsigned round = 0; round < ROUNDS; round++) {
                unsigned char text[24];
                for (size_t i = 0; i < len; i++) {
                    text[i] = (unsigned char)prng_next(&rng);
                }
                uint64_t before = hash_bytes(text, len);
                text[bit / 8] ^= (unsigned char)(1 << bit % 8);
                uint64_t changed = before ^ hash_bytes(text, len);
                for (unsigned i = 0; i < 64; i++) {
                    flips[i] += changed >> i & 1;
                }
            }
            for (unsigned i = 0; i < 64; i++) {
                assert_in_range(flips[i], ROUNDS / 8, ROUNDS * 7 / 8);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_known_answers),
        cmocka_unit_test(sha256_of_a_million_in_pieces),
        cmocka_unit_test(begin_forgets_what_came_before),
        cmocka_unit_test(a_finish_without_begin_fails),
        cmocka_unit_test(a_tag_is_base64url_of_twenty_bytes),
        cmocka_unit_test(equal_bytes_hash_alike_at_any_address),
        cmocka_unit_test(the_length_counts),
        cmocka_unit_test(every_bit_of_the_input_spreads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
