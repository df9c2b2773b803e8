/* Addresses and prefixes: what is parsed is formatted, and reads back as the same. */
#include "footprintd/net/addr.h"

#include "fuzz.h"

static void check_addr(slice_t text)
{
    addr_t addr, again;
    if (addr_parse(text, &addr)) {
        return;
    }
    char out[ADDR_TEXT_MAX], out_again[ADDR_TEXT_MAX];
    size_t len = addr_format(&addr, out);
    FUZZ_CHECK(len == strlen(out) && len < ADDR_TEXT_MAX);
    FUZZ_CHECK(!addr_parse(slice_of(out, len), &again));
    FUZZ_CHECK(again.family == addr.family);
    FUZZ_CHECK(addr.family == FAMILY_IPV4 ? addr.u.v4 == again.u.v4
                                          : u128_cmp(addr.u.v6, again.u.v6) == 0);
    FUZZ_CHECK(addr_format(&again, out_again) == len && strcmp(out, out_again) == 0);
    /* IPv4 has one text for each address. */
    FUZZ_CHECK(addr.family == FAMILY_IPV6 || slice_is(text, out));
}

static void check_prefix(slice_t text)
{
    prefix_t p, again;
    bool host_bits = false, host_bits_again = true;
    if (prefix_parse(text, &p, &host_bits)) {
        return;
    }
    char out[PREFIX_TEXT_MAX], out_again[PREFIX_TEXT_MAX];
    size_t len = prefix_format(&p, out);
    FUZZ_CHECK(len == strlen(out) && len < PREFIX_TEXT_MAX);
    FUZZ_CHECK(!prefix_parse(slice_of(out, len), &again, &host_bits_again));
    FUZZ_CHECK(!host_bits_again && again.family == p.family);
    if (p.family == FAMILY_IPV4) {
        FUZZ_CHECK(p.u.v4.len <= 32 && prefix_cmp_v4(p.u.v4, again.u.v4) == 0);
        FUZZ_CHECK(host_bits != slice_is(text, out));
    } else {
        FUZZ_CHECK(p.u.v6.len <= 128 && prefix_cmp_v6(p.u.v6, again.u.v6) == 0);
    }
    FUZZ_CHECK(prefix_format(&again, out_again) == len && strcmp(out, out_again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    slice_t text = slice_of((const char *)data, size);
    check_addr(text);
    check_prefix(text);
    return 0;
}
