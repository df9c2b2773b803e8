#include "import_routes.h"

#include <stdlib.h>

/*
 * TABLE_DUMP_V2: a record with the peers of a collector, then one for each prefix with the routes
 * of these peers. Every number is in network order; AS numbers have four bytes (RFC 6396 4.3.4).
 */

#define TYPE_TABLE_DUMP    12
#define TYPE_TABLE_DUMP_V2 13

typedef enum subtype {
    PEER_INDEX_TABLE = 1,
    RIB_IPV4_UNICAST = 2,
    RIB_IPV6_UNICAST = 4,
    RIB_IPV4_UNICAST_ADDPATH = 8, /* RFC 8050 */
    RIB_IPV6_UNICAST_ADDPATH = 10,
} subtype_t;

#define HEADER 12
/* No table of a collector has a record as long. */
#define RECORD_MAX ((size_t)16 << 20)

/* ---- bytes ---- */

typedef struct cursor {
    const uint8_t *at, *end;
    const char *wrong; /* NULL: nothing so far */
} cursor_t;

static void complain(cursor_t *c, const char *wrong)
{
    if (!c->wrong) {
        c->wrong = wrong;
    }
    c->at = c->end;
}

static bool has(cursor_t *c, size_t n)
{
    if ((size_t)(c->end - c->at) < n) {
        complain(c, "is too short for what it says to have");
        return false;
    }
    return true;
}

/* At most four bytes; 0 where there are not so many. */
static uint32_t take(cursor_t *c, size_t n)
{
    uint32_t value = 0;
    for (size_t i = 0; has(c, n) && i < n; i++) {
        value = value << 8 | c->at[i];
    }
    c->at += c->wrong ? 0 : n;
    return value;
}

static cursor_t take_part(cursor_t *c, size_t n)
{
    cursor_t part = {c->at, c->at, NULL};
    if (has(c, n)) {
        part.end += n;
        c->at += n;
    }
    return part;
}

static u128_t take_v6(cursor_t *c)
{
    u128_t a = {0, 0};
    a.hi = (uint64_t)take(c, 4) << 32;
    a.hi |= take(c, 4);
    a.lo = (uint64_t)take(c, 4) << 32;
    a.lo |= take(c, 4);
    return a;
}

static addr_t take_addr(cursor_t *c, family_t family)
{
    addr_t a = {.family = family};
    if (family == FAMILY_IPV4) {
        a.u.v4 = take(c, 4);
    } else {
        a.u.v6 = take_v6(c);
    }
    return a;
}

/* ---- peers ---- */

typedef struct peer {
    uint32_t asn;
    bool wanted;
} peer_t;

typedef struct mrt {
    import_routes_t *r;
    peer_t *peers;
    size_t peer_count;
    bool has_peers, found_peer; /* the one that is asked for */
    uint64_t offset;            /* of the record at hand */
} mrt_t;

static bool is_wanted(const import_routes_t *r, uint32_t asn, const addr_t *addr)
{
    if (r->of_peer_as) {
        return asn == r->peer_as;
    }
    if (!r->of_peer_addr || addr->family != r->peer_addr.family) {
        return !r->of_peer_addr;
    }
    return addr->family == FAMILY_IPV4 ? addr->u.v4 == r->peer_addr.u.v4
                                       : !u128_cmp(addr->u.v6, r->peer_addr.u.v6);
}

static void read_peers(mrt_t *m, cursor_t *c)
{
    (void)take(c, 4); /* the collector */
    (void)take_part(c, take(c, 2));
    size_t count = take(c, 2);
    peer_t *peers = calloc(count + 1, sizeof *peers);
    if (!peers) {
        m->r->d->failed = true;
        return;
    }
    for (size_t i = 0; i < count && !c->wrong; i++) {
        uint32_t type = take(c, 1);
        (void)take(c, 4);
        addr_t addr = take_addr(c, type & 1 ? FAMILY_IPV6 : FAMILY_IPV4);
        peers[i].asn = take(c, type & 2 ? 4 : 2);
        peers[i].wanted = is_wanted(m->r, peers[i].asn, &addr);
        m->found_peer |= peers[i].wanted && !c->wrong;
    }
    if (!c->wrong && c->at != c->end) {
        complain(c, "has bytes behind its last peer");
    }
    free(m->peers);
    m->peers = peers;
    m->peer_count = c->wrong ? 0 : count;
    m->has_peers = !c->wrong;
}

/* ---- attributes (RFC 4271 4.3, 5) ---- */

#define ATTRIBUTE_AS_PATH  2
#define ATTRIBUTE_NEXT_HOP 3
#define ATTRIBUTE_MP_REACH 14
#define FLAG_EXTENDED      0x10

typedef struct attributes {
    bool has_as;
    uint32_t first, last, length; /* of the AS path */
    bool has_next_hop;
    addr_t next_hop;
} attributes_t;

typedef enum segment {
    AS_SET = 1,
    AS_SEQUENCE = 2,
    AS_CONFED_SEQUENCE = 3, /* RFC 5065: of no meaning to others */
    AS_CONFED_SET = 4,
} segment_t;

static void read_as_path(cursor_t *c, attributes_t *a)
{
    while (c->at < c->end) {
        uint32_t type = take(c, 1), count = take(c, 1), first = 0, last = 0, lowest = UINT32_MAX;
        if (type < AS_SET || type > AS_CONFED_SET) {
            complain(c, "has an AS path of an unknown kind");
            return;
        }
        for (uint32_t i = 0; i < count && !c->wrong; i++) {
            last = take(c, 4);
            first = i ? first : last;
            lowest = last < lowest ? last : lowest;
        }
        if (c->wrong || !count || type > AS_SEQUENCE) {
            continue;
        }
        /* A set has no order: of it the lowest counts. */
        bool set = type == AS_SET;
        a->first = a->has_as ? a->first : set ? lowest : first;
        a->last = set ? lowest : last;
        a->length += set ? 1 : count;
        a->has_as = true;
    }
}

/*
 * Its next hop alone, as RFC 6396 4.3.4 has it, or the whole attribute, as some programs write:
 * that begins with the address family, and so with 0.
 */
static void read_mp_reach(cursor_t *c, attributes_t *a)
{
    if (c->at < c->end && *c->at == 0) {
        (void)take(c, 3);
    }
    uint32_t n = take(c, 1);
    cursor_t hop = take_part(c, n);
    if (c->wrong || a->has_next_hop) {
        return;
    }
    if (n != 4 && n != 16 && n != 32) {
        complain(c, "has a next hop that is no address");
        return;
    }
    a->next_hop = take_addr(&hop, n == 4 ? FAMILY_IPV4 : FAMILY_IPV6);
    a->has_next_hop = true;
}

static void read_attribute(cursor_t *c, attributes_t *a)
{
    uint32_t flags = take(c, 1), type = take(c, 1);
    cursor_t value = take_part(c, take(c, flags & FLAG_EXTENDED ? 2 : 1));
    if (type == ATTRIBUTE_AS_PATH) {
        read_as_path(&value, a);
    } else if (type == ATTRIBUTE_NEXT_HOP) {
        a->next_hop = take_addr(&value, FAMILY_IPV4);
        a->has_next_hop = !value.wrong;
    } else if (type == ATTRIBUTE_MP_REACH) {
        read_mp_reach(&value, a);
    }
    if (value.wrong) {
        complain(c, value.wrong);
    }
}

/* ---- routes ---- */

static import_hop_t hop_of(const import_routes_t *r, const attributes_t *a, const peer_t *peer)
{
    import_hop_t hop = {.kind = IMPORT_HOP_NONE};
    if (r->by == IMPORT_NEXT_HOP) {
        hop.kind = a->has_next_hop ? IMPORT_HOP_ADDR : IMPORT_HOP_NONE;
        hop.addr = a->next_hop;
        return hop;
    }
    /* A path without an AS is one within that of the peer. */
    hop.asn = !a->has_as ? peer->asn : r->by == IMPORT_NEIGHBOR_AS ? a->first : a->last;
    hop.kind = hop.asn ? IMPORT_HOP_AS : IMPORT_HOP_NONE; /* RFC 7607 */
    return hop;
}

static prefix_t take_prefix(cursor_t *c, family_t family)
{
    prefix_t p = {.family = family};
    uint8_t bytes[16] = {0};
    uint32_t len = take(c, 1);
    if (len > (family == FAMILY_IPV4 ? 32u : 128u)) {
        complain(c, "has a prefix that is too long");
        return p;
    }
    cursor_t part = take_part(c, (len + 7) / 8);
    for (size_t i = 0; part.at < part.end; i++) {
        bytes[i] = *part.at++;
    }
    if (len % 8) {
        bytes[len / 8] &= (uint8_t)(0xff00u >> len % 8); /* what lies behind is of no meaning */
    }
    cursor_t all = {bytes, bytes + sizeof bytes, NULL};
    if (family == FAMILY_IPV4) {
        p.u.v4 = (prefix4_t){take(&all, 4), (uint8_t)len};
    } else {
        p.u.v6 = (prefix6_t){take_v6(&all), (uint8_t)len};
    }
    return p;
}

/* False when memory or room is out. */
static bool read_rib(mrt_t *m, cursor_t *c, family_t family, bool add_path)
{
    import_routes_t *r = m->r;
    bool any = false;
    if (!m->has_peers) {
        complain(c, "comes before the peers that it names");
        return true;
    }
    (void)take(c, 4); /* a number of its own */
    prefix_t prefix = take_prefix(c, family);
    size_t count = take(c, 2);
    import_routes_begin(r);
    for (size_t i = 0; i < count && !c->wrong; i++) {
        attributes_t a = {.has_as = false};
        uint32_t peer = take(c, 2);
        (void)take(c, 4); /* when it came */
        (void)take(c, add_path ? 4 : 0);
        cursor_t attributes = take_part(c, take(c, 2));
        if (!c->wrong && peer >= m->peer_count) {
            complain(c, "names a peer that there is not");
        }
        if (c->wrong || !m->peers[peer].wanted) {
            continue;
        }
        while (attributes.at < attributes.end) {
            read_attribute(&attributes, &a);
        }
        if (attributes.wrong) {
            complain(c, attributes.wrong);
            continue;
        }
        import_route_t route = {hop_of(r, &a, &m->peers[peer]), a.length};
        import_routes_add(r, &route);
        any = true;
    }
    if (!c->wrong && c->at != c->end) {
        complain(c, "has bytes behind its last route");
    }
    return c->wrong || !any || import_routes_end(r, &prefix);
}

/* ---- records ---- */

static bool read_record(mrt_t *m, uint32_t subtype, slice_t bytes)
{
    import_routes_t *r = m->r;
    const uint8_t *at = (const uint8_t *)bytes.ptr;
    cursor_t c = {at, at + bytes.len, NULL};
    bool ok = true;
    switch (subtype) {
    case PEER_INDEX_TABLE:
        read_peers(m, &c);
        break;
    case RIB_IPV4_UNICAST:
    case RIB_IPV4_UNICAST_ADDPATH:
        ok = read_rib(m, &c, FAMILY_IPV4, subtype == RIB_IPV4_UNICAST_ADDPATH);
        break;
    case RIB_IPV6_UNICAST:
    case RIB_IPV6_UNICAST_ADDPATH:
        ok = read_rib(m, &c, FAMILY_IPV6, subtype == RIB_IPV6_UNICAST_ADDPATH);
        break;
    default:
        r->unused++;
    }
    if (c.wrong) {
        import_find(r->d, FINDING_BAD_VALUE, 0, 0, (slice_t){0}, "record %llu, at byte %llu, %s",
                    (unsigned long long)r->records, (unsigned long long)m->offset, c.wrong);
    }
    return ok && !r->d->failed;
}

/* False at the end, or when nothing more can be read. */
static bool next_record(mrt_t *m, import_stream_t *s, buf_t *record, uint32_t *subtype, bool *ours)
{
    import_routes_t *r = m->r;
    uint8_t head[HEADER];
    m->offset = import_stream_offset(s);
    size_t n = import_stream_read(s, head, HEADER);
    if (!n) {
        return false;
    }
    cursor_t c = {head, head + n, NULL};
    (void)take(&c, 4); /* when */
    uint32_t type = take(&c, 2);
    *subtype = take(&c, 2);
    size_t length = take(&c, 4);
    r->records++;
    *ours = type == TYPE_TABLE_DUMP_V2;
    if (!c.wrong && type == TYPE_TABLE_DUMP) {
        import_refuse(r->d, FINDING_BAD_VALUE,
                      "this is a table of the first kind, TABLE_DUMP: only TABLE_DUMP_V2 is read");
        return false;
    }
    if (!c.wrong && (length > RECORD_MAX || type == 0)) {
        import_refuse(r->d, FINDING_SYNTAX, "at byte %llu there is no MRT record",
                      (unsigned long long)m->offset);
        return false;
    }
    buf_clear(record);
    if (!c.wrong && buf_reserve(record, length + 1)) {
        record->len = import_stream_read(s, record->ptr, length);
    }
    r->d->failed |= buf_failed(record);
    if (!r->d->failed && (c.wrong || record->len < length)) {
        const char *why = NULL;
        if (!import_stream_failed(s, &why)) {
            import_find(r->d, FINDING_SYNTAX, 0, 0, (slice_t){0},
                        "the file ends within record %llu, which begins at byte %llu",
                        (unsigned long long)r->records, (unsigned long long)m->offset);
        }
        return false;
    }
    return !r->d->failed;
}

bool import_mrt(import_routes_t *r, import_stream_t *s)
{
    mrt_t m = {.r = r};
    buf_t record = BUF_INIT;
    uint32_t subtype = 0;
    bool ours = false, ok = true;
    while (ok && next_record(&m, s, &record, &subtype, &ours)) {
        if (ours) {
            ok = read_record(&m, subtype, buf_slice(&record));
        } else {
            r->unused++;
        }
        import_reading(r->d, r->records, (uint32_t)r->records);
    }
    if (m.has_peers && !m.found_peer) {
        import_refuse(r->d, FINDING_BAD_VALUE, "the table has no such peer");
    }
    buf_release(&record);
    free(m.peers);
    return ok && !r->d->failed && !r->d->hopeless;
}
