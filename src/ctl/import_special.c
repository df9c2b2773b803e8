#include "import_data.h"

#include <stdio.h>

/* The registries of special-purpose addresses (RFC 6890 and its updates), and multicast. */
static const struct {
    const char *prefix;
    const char *what;
} special[] = {
    {"0.0.0.0/8", "\"this network\""},
    {"10.0.0.0/8", "private"},
    {"100.64.0.0/10", "shared address space of carriers"},
    {"127.0.0.0/8", "loopback"},
    {"169.254.0.0/16", "link-local"},
    {"172.16.0.0/12", "private"},
    {"192.0.0.0/24", "reserved for protocols"},
    {"192.0.2.0/24", "for documentation"},
    {"192.168.0.0/16", "private"},
    {"198.18.0.0/15", "for benchmarks"},
    {"198.51.100.0/24", "for documentation"},
    {"203.0.113.0/24", "for documentation"},
    {"224.0.0.0/4", "multicast"},
    {"240.0.0.0/4", "reserved"},
    {"::/96", "unspecified, loopback or IPv4-compatible"},
    {"::ffff:0:0/96", "IPv4-mapped"},
    {"64:ff9b:1::/48", "for local translation"},
    {"100::/64", "discarded"},
    {"2001:db8::/32", "for documentation"},
    {"3fff::/20", "for documentation"},
    {"fc00::/7", "private"},
    {"fe80::/10", "link-local"},
    {"fec0::/10", "site-local"},
    {"ff00::/8", "multicast"},
};
#define COUNT (sizeof special / sizeof *special)

static const prefix_t *parsed(size_t i)
{
    static prefix_t table[COUNT]; /* single-threaded */
    static bool done;
    for (size_t k = 0; !done && k < COUNT; k++) {
        done = prefix_parse(slice_str(special[k].prefix), &table[k], NULL) != ERR_OK;
    }
    done = true;
    return &table[i];
}

static bool lies_in(const prefix_t *p, const prefix_t *outer)
{
    if (p->family != outer->family) {
        return false;
    }
    if (p->family == FAMILY_IPV4) {
        unsigned len = outer->u.v4.len;
        return p->u.v4.len >= len && (p->u.v4.addr ^ outer->u.v4.addr) >> (32 - len) == 0;
    }
    u128_t a = p->u.v6.addr, b = outer->u.v6.addr;
    unsigned len = outer->u.v6.len;
    if (p->u.v6.len < len || (a.hi ^ b.hi) >> (len < 64 ? 64 - len : 0)) {
        return false;
    }
    return len <= 64 || (a.lo ^ b.lo) >> (128 - len) == 0;
}

void import_check_prefix(import_data_t *d, const prefix_t *p, uint32_t line, uint32_t column)
{
    char text[PREFIX_TEXT_MAX];
    unsigned len = p->family == FAMILY_IPV4 ? p->u.v4.len : p->u.v6.len;
    if (!len) {
        (void)prefix_format(p, text);
        import_find(d, FINDING_COVERS_ALL, line, column, (slice_t){0},
                    "%s covers every address of its family", text);
        return;
    }
    for (size_t i = 0; i < COUNT; i++) {
        if (lies_in(p, parsed(i))) {
            (void)prefix_format(p, text);
            import_find(d, FINDING_SPECIAL_ADDRESS, line, column, (slice_t){0},
                        "%s is %s (%s): nobody is there to deliver to", text, special[i].what,
                        special[i].prefix);
            return;
        }
    }
}
