/* What proxies say: the first byte picks the PROXY protocol or one of the two fields. */
#include "http/proxies.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const slice_t everyone[] = {{"0.0.0.0/0", 9}, {"::/0", 4}};
    if (size == 0) {
        return 0;
    }
    slice_t text = slice_of((const char *)data + 1, size - 1);
    addr_t address = {.family = FAMILY_IPV4};
    char shown[ADDR_TEXT_MAX];
    if (data[0] % 3 == 0) {
        size_t used = SIZE_MAX;
        uint16_t port;
        proxy_verdict_t verdict = proxy_header_parse(text, &used, &address, &port);
        if (verdict == PROXY_KNOWN || verdict == PROXY_LOCAL) {
            FUZZ_CHECK(used > 0 && used <= text.len && used <= PROXY_HEADER_MAX);
        } else if (verdict == PROXY_MORE) {
            FUZZ_CHECK(text.len < PROXY_HEADER_MAX);
        }
    } else {
        proxies_t proxies;
        FUZZ_CHECK(proxies_new(everyone, 2, &proxies) == ERR_OK);
        forwarded_client(&proxies,
                         data[0] % 3 == 1 ? PROXY_HEADER_FORWARDED : PROXY_HEADER_X_FORWARDED_FOR,
                         text, &address);
        proxies_release(&proxies);
    }
    FUZZ_CHECK(addr_format(&address, shown) > 0);
    return 0;
}
