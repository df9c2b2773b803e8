/*
 * Header fields that negotiation reads. The first byte picks what is offered, the rest is the line:
 * whatever it says, the answer is one that is there, and bounds hold.
 */
#include "http/conditional.h"
#include "http/negotiate.h"
#include "http/target.h"

#include "fuzz.h"

#define TYPE SLICE_LIT("application/alto-cdni+json")

static void check_accept(slice_t line)
{
    accept_t whole, again;
    accept_begin(&whole, TYPE);
    accept_add(&whole, line);
    accept_begin(&again, TYPE);
    accept_add(&again, SLICE_LIT(""));
    accept_add(&again, line);
    FUZZ_CHECK(accept_allows(&whole) == accept_allows(&again));
    /* What names the type itself cannot be refused by wider ranges. */
    accept_add(&again, SLICE_LIT("application/alto-cdni+json;q=1"));
    FUZZ_CHECK(accept_allows(&again));
}

static void check_encoding(slice_t line, unsigned available)
{
    accept_encoding_t a;
    accept_encoding_begin(&a);
    accept_encoding_add(&a, line);
    coding_t got = accept_encoding_choose(&a, available | 1u << CODING_IDENTITY);
    FUZZ_CHECK(got == CODING_IDENTITY || (available >> got & 1u));
    for (int i = 0; i < CODING_COUNT; i++) {
        FUZZ_CHECK(a.q[i] >= -1 && a.q[i] <= 1000);
        FUZZ_CHECK((int)got != i || i == CODING_IDENTITY || a.q[i] != 0);
    }
}

static void check_condition(slice_t line, coding_t selected)
{
    static const slice_t etags[CODING_COUNT] = {
        [CODING_IDENTITY] = {"\"tag\"", 5},
        [CODING_GZIP] = {"\"tag;gz\"", 8},
        [CODING_BROTLI] = {"\"tag;br\"", 8},
    };
    static const slice_t others[CODING_COUNT] = {
        [CODING_IDENTITY] = {"\"\x7f\"", 3},
        [CODING_GZIP] = {"\"\x01\"", 3},
        [CODING_BROTLI] = {"\" \"", 3},
    };
    int got = conditional_none_match(line, etags, selected);
    FUZZ_CHECK(got >= CONDITIONAL_NO_MATCH && got < CODING_COUNT);
    /* These are no entity tags: only "*" can match. */
    got = conditional_none_match(line, others, selected);
    FUZZ_CHECK(got == CONDITIONAL_NO_MATCH ||
               (got == (int)selected && memchr(line.ptr, '*', line.len)));
}

static void check_target(slice_t line)
{
    slice_t path;
    if (target_is_absolute(line, &path)) {
        FUZZ_CHECK(path.ptr >= line.ptr && path.ptr + path.len == line.ptr + line.len);
        FUZZ_CHECK(path.len == 0 || path.ptr[0] == '/' || path.ptr[0] == '?');
    }
    (void)method_parse(line);
    FUZZ_CHECK(!media_type_matches(line, TYPE) || line.len >= TYPE.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    /* Copied to its exact size, so that a sanitizer sees a read behind its end. */
    size_t len = size - 1;
    char *copy = malloc(len ? len : 1);
    if (!copy) {
        return 0;
    }
    memcpy(copy, data + 1, len);
    slice_t line = slice_of(copy, len);
    check_accept(line);
    check_encoding(line, data[0] & 7u);
    check_condition(line, (coding_t)(data[0] % CODING_COUNT));
    check_target(line);
    free(copy);
    return 0;
}
