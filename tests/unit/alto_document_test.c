#include "fixture.h"
#include "prng.h"

#include "footprintd/alto/fragments.h"

#include <brotli/decode.h>
#include <pthread.h>
#include <zlib.h>

/* ---- helpers ---- */

static char *copy_of(slice_t s)
{
    char *p = malloc(s.len ? s.len : 1);
    assert_non_null(p);
    if (s.len) {
        memcpy(p, s.ptr, s.len);
    }
    return p;
}

static document_t *document_of(slice_t text)
{
    body_t *body = NULL;
    document_t *d = NULL;
    assert_int_equal(body_new_flat_take(copy_of(text), text.len, &body), ERR_OK);
    assert_int_equal(document_new_take("abcdefghijklmnopqrstuvwxyz0", body, &d), ERR_OK);
    return d;
}

static void gunzip(slice_t in, slice_t want)
{
    z_stream z = {0};
    char *out = malloc(want.len + 1);
    assert_non_null(out);
    assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
    z.next_in = (Bytef *)(uintptr_t)in.ptr;
    z.avail_in = (uInt)in.len;
    z.next_out = (Bytef *)out;
    z.avail_out = (uInt)want.len + 1;
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
    assert_int_equal(z.avail_in, 0);
    assert_true(slice_eq(slice_of(out, z.total_out), want));
    (void)inflateEnd(&z);
    free(out);
}

static void unbrotli(slice_t in, slice_t want)
{
    size_t n = want.len + 1;
    uint8_t *out = malloc(n);
    assert_non_null(out);
    assert_int_equal(BrotliDecoderDecompress(in.len, (const uint8_t *)in.ptr, &n, out),
                     BROTLI_DECODER_RESULT_SUCCESS);
    assert_true(slice_eq(slice_of((const char *)out, n), want));
    free(out);
}

/* Compresses, decodes, compares; what is not smaller is not there. */
static void check_round_trip(document_t *d)
{
    buf_t plain = fixture_bytes(d, CODING_IDENTITY);
    assert_int_equal(document_compress(d, NULL, NULL), ERR_OK);
    for (unsigned coding = CODING_GZIP; coding <= CODING_BROTLI; coding++) {
        const body_t *body = document_body(d, (coding_t)coding);
        if (body) {
            assert_true(body->size < plain.len);
            buf_t bytes = fixture_bytes(d, (coding_t)coding);
            (coding == CODING_GZIP ? gunzip : unbrotli)(buf_slice(&bytes), buf_slice(&plain));
            buf_release(&bytes);
        }
    }
    buf_release(&plain);
}

static void text_of(prng_t *p, size_t size, buf_t *out)
{
    while (out->len < size) {
        buf_printf(out, "\"192.0.2.%u/32\",", (unsigned)prng_below(p, 256));
    }
}

/* ---- ETags ---- */

static void test_etags(void **state)
{
    (void)state;
    document_t *d = document_of(SLICE_LIT("x"));
    static const char *const want[] = {"\"abcdefghijklmnopqrstuvwxyz0\"",
                                       "\"abcdefghijklmnopqrstuvwxyz0;gz\"",
                                       "\"abcdefghijklmnopqrstuvwxyz0;br\""};
    assert_string_equal(d->tag, "abcdefghijklmnopqrstuvwxyz0");
    for (unsigned i = 0; i < CODING_COUNT; i++) {
        assert_string_equal(d->etags[i], want[i]);
        assert_int_equal(d->etag_lens[i], strlen(want[i]));
    }
    document_unref(d);
}

/* ---- compression ---- */

static void test_compression(void **state)
{
    (void)state;
    prng_t p = prng_start();
    static const size_t sizes[] = {200, 1000, 65536, 262144, 262145, 1000000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        buf_t text = BUF_INIT;
        text_of(&p, sizes[i], &text);
        document_t *d = document_of(buf_slice(&text));
        assert_null(document_body(d, CODING_GZIP));
        assert_null(document_body(d, CODING_BROTLI));
        check_round_trip(d);
        assert_non_null(document_body(d, CODING_GZIP));
        assert_non_null(document_body(d, CODING_BROTLI));
        /* Again: what is there stays. */
        const body_t *gzip = document_body(d, CODING_GZIP), *br = document_body(d, CODING_BROTLI);
        assert_int_equal(document_compress(d, NULL, NULL), ERR_OK);
        assert_ptr_equal(document_body(d, CODING_GZIP), gzip);
        assert_ptr_equal(document_body(d, CODING_BROTLI), br);
        document_unref(d);
        buf_release(&text);
    }
}

/* A body of many segments over fragments, greater than the limit for flat ones. */
static void test_compression_of_segments(void **state)
{
    (void)state;
    prng_t p = prng_start();
    enum { COUNT = 3000 };
    static slice_t segments[COUNT + 1];
    static fragment_t *fragments[8];
    const digest_t none = {{0}};
    for (unsigned i = 0; i < 8; i++) {
        buf_t text = BUF_INIT;
        text_of(&p, i == 7 ? 700000 : 500, &text);
        assert_int_equal(fragment_new(buf_slice(&text), &none, &fragments[i]), ERR_OK);
        buf_release(&text);
    }
    fragment_t *head = NULL;
    assert_int_equal(fragment_new(SLICE_LIT("{head"), &none, &head), ERR_OK);
    segments[0] = fragment_slice(head);
    for (size_t i = 1; i <= COUNT; i++) {
        const fragment_t *f = fragments[i == 1501 ? 7 : prng_below(&p, 7)];
        segments[i] = i % 3 ? fragment_slice(f) : SLICE_LIT(",");
    }
    body_t *body = NULL;
    assert_int_equal(body_new_shared(segments, COUNT + 1, head, fragments, 8, &body), ERR_OK);
    assert_true(body->size > BODY_FLAT_MAX);
    assert_null(body->flat);
    document_t *d = NULL;
    assert_int_equal(document_new_take("abcdefghijklmnopqrstuvwxyz0", body, &d), ERR_OK);
    /* The body keeps what it points into. */
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(atomic_load(&fragments[i]->refs), 2);
        fragment_unref(fragments[i]);
    }
    check_round_trip(d);
    assert_non_null(document_body(d, CODING_GZIP));
    document_unref(d);
}

/* Small bodies save no packet, and noise does not become smaller. */
static void test_not_compressed(void **state)
{
    (void)state;
    prng_t p = prng_start();
    static char text[100000];
    memset(text, 'a', sizeof text);
    static const size_t sizes[] = {0, 1, 199};
    for (size_t i = 0; i < 3; i++) {
        document_t *d = document_of(slice_of(text, sizes[i]));
        check_round_trip(d);
        assert_null(document_body(d, CODING_GZIP));
        assert_null(document_body(d, CODING_BROTLI));
        document_unref(d);
    }
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = (char)prng_next(&p);
    }
    document_t *d = document_of(slice_of(text, sizeof text));
    check_round_trip(d);
    assert_null(document_body(d, CODING_GZIP));
    assert_null(document_body(d, CODING_BROTLI));
    document_unref(d);
}

typedef struct stopper {
    unsigned asked;
    unsigned stop_at; /* 0: never */
} stopper_t;

static bool should_stop(void *arg)
{
    stopper_t *s = arg;
    return ++s->asked == s->stop_at;
}

/* Every question may end the work; what was finished stays, and the rest is made later. */
static void test_should_stop(void **state)
{
    (void)state;
    prng_t p = prng_start();
    buf_t text = BUF_INIT;
    text_of(&p, (size_t)3 << 18, &text);
    stopper_t never = {0, 0};
    document_t *whole = document_of(buf_slice(&text));
    assert_int_equal(document_compress(whole, should_stop, &never), ERR_OK);
    assert_true(never.asked >= 6); /* before each coding, and after each 256 KiB */
    document_unref(whole);
    for (unsigned n = 1; n <= never.asked; n++) {
        stopper_t s = {0, n};
        document_t *d = document_of(buf_slice(&text));
        assert_int_equal(document_compress(d, should_stop, &s), ERR_NOT_NOW);
        assert_int_equal(s.asked, n);
        assert_null(document_body(d, CODING_BROTLI));
        check_round_trip(d);
        assert_non_null(document_body(d, CODING_BROTLI));
        document_unref(d);
    }
    buf_release(&text);
}

/* Two workers at one document: one body of each coding, no leak. */
static void *compress_thread(void *arg)
{
    return document_compress(arg, NULL, NULL) ? arg : NULL;
}

static void test_two_workers(void **state)
{
    (void)state;
    prng_t p = prng_start();
    buf_t text = BUF_INIT;
    text_of(&p, 200000, &text);
    for (unsigned round = 0; round < 5; round++) {
        document_t *d = document_of(buf_slice(&text));
        pthread_t threads[3];
        for (unsigned i = 0; i < 3; i++) {
            assert_int_equal(pthread_create(&threads[i], NULL, compress_thread, d), 0);
        }
        for (unsigned i = 0; i < 3; i++) {
            void *failed = d;
            assert_int_equal(pthread_join(threads[i], &failed), 0);
            assert_null(failed);
        }
        check_round_trip(d);
        document_unref(d);
    }
    buf_release(&text);
}

/* ---- references ---- */

static void test_references(void **state)
{
    (void)state;
    const digest_t none = {{0}};
    fragment_t *f = NULL, *head = NULL;
    assert_int_equal(fragment_new(SLICE_LIT("abc"), &none, &f), ERR_OK);
    assert_ptr_equal(fragment_ref(f), f);
    assert_int_equal(atomic_load(&f->refs), 2);
    fragment_unref(f);
    slice_t segments[] = {SLICE_LIT("("), fragment_slice(f), SLICE_LIT(""), SLICE_LIT(")")};
    body_t *body = NULL;
    assert_int_equal(body_new(segments, 4, &f, 1, &body), ERR_OK);
    assert_int_equal(body->count, 3); /* no empty segment */
    assert_int_equal(body->size, 5);
    assert_int_equal(atomic_load(&f->refs), 2);
    fragment_unref(f);
    assert_ptr_equal(body_ref(body), body);
    body_unref(body);
    assert_memory_equal(body->segments[1].ptr, "abc", 3);
    body_unref(body);
    /* A small shared body is flat, and needs its parts no longer. */
    assert_int_equal(fragment_new(SLICE_LIT("head"), &none, &head), ERR_OK);
    assert_int_equal(fragment_new(SLICE_LIT("abc"), &none, &f), ERR_OK);
    slice_t parts[] = {fragment_slice(head), fragment_slice(f), SLICE_LIT("")};
    assert_int_equal(body_new_shared(parts, 3, head, &f, 1, &body), ERR_OK);
    assert_int_equal(atomic_load(&f->refs), 1);
    fragment_unref(f);
    assert_int_equal(body->count, 1);
    assert_memory_equal(body->segments[0].ptr, "headabc", 7);
    document_t *d = NULL;
    assert_int_equal(document_new_take("abcdefghijklmnopqrstuvwxyz0", body, &d), ERR_OK);
    assert_ptr_equal(document_ref(d), d);
    document_unref(d);
    assert_ptr_equal(document_body(d, CODING_IDENTITY), body);
    document_unref(d);
    fragment_unref(NULL);
    body_unref(NULL);
    document_unref(NULL);
    assert_int_equal(body_new_flat_take(NULL, 5, &body), ERR_NOMEM);
}

/* ---- the fragment store ---- */

static void test_fragments(void **state)
{
    (void)state;
    fragments_t first, second;
    fragment_t *a = NULL, *b = NULL, *again = NULL, *c = NULL;
    assert_int_equal(fragments_init(&first, NULL), ERR_OK);
    assert_int_equal(fragments_intern(&first, SLICE_LIT("alpha"), &a), ERR_OK);
    assert_int_equal(fragments_intern(&first, SLICE_LIT("beta"), &b), ERR_OK);
    assert_int_equal(fragments_intern(&first, SLICE_LIT("alpha"), &again), ERR_OK);
    assert_ptr_equal(a, again);
    assert_ptr_not_equal(a, b);
    assert_int_equal(first.bytes, 9);
    assert_true(slice_is(fragment_slice(a), "alpha"));
    static const uint8_t sha[] = {0x8e, 0xd3, 0xf6, 0xad}; /* SHA-256 of "alpha" */
    assert_memory_equal(a->digest.bytes, sha, 4);
    /* The next store shares what is the same, and keeps it when the first is gone. */
    assert_int_equal(fragments_init(&second, &first), ERR_OK);
    assert_int_equal(fragments_intern(&second, SLICE_LIT("alpha"), &again), ERR_OK);
    assert_int_equal(fragments_intern(&second, SLICE_LIT("gamma"), &c), ERR_OK);
    assert_ptr_equal(a, again);
    assert_int_equal(atomic_load(&a->refs), 2);
    fragments_seal(&second);
    fragments_release(&first);
    assert_int_equal(atomic_load(&a->refs), 1);
    assert_true(slice_is(fragment_slice(again), "alpha"));
    fragments_release(&second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_etags),
        cmocka_unit_test(test_compression),
        cmocka_unit_test(test_compression_of_segments),
        cmocka_unit_test(test_not_compressed),
        cmocka_unit_test(test_should_stop),
        cmocka_unit_test(test_two_workers),
        cmocka_unit_test(test_references),
        cmocka_unit_test(test_fragments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
