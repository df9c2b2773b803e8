#include "import_routes.h"

#include <stdio.h>

const char *const import_pid_by_names[IMPORT_PID_BY_COUNT] = {"origin-as", "neighbor-as",
                                                              "next-hop"};

void import_routes_init(import_routes_t *r, import_data_t *d, slice_t map)
{
    *r = (import_routes_t){.d = d,
                           .name_prefix = SLICE_LIT("as"),
                           .longest = {[FAMILY_IPV4] = 32, [FAMILY_IPV6] = 128}};
    import_pids_init(&r->pids, d, map);
}

void import_routes_release(import_routes_t *r)
{
    import_pids_release(&r->pids);
}

/* ---- one prefix ---- */

static bool same_hop(const import_hop_t *x, const import_hop_t *y)
{
    if (x->kind != y->kind || x->asn != y->asn) {
        return false;
    }
    return x->kind != IMPORT_HOP_ADDR ||
           (x->addr.family == y->addr.family &&
            (x->addr.family == FAMILY_IPV4 ? x->addr.u.v4 == y->addr.u.v4
                                           : !u128_cmp(x->addr.u.v6, y->addr.u.v6)));
}

void import_routes_begin(import_routes_t *r)
{
    r->hop_count = 0;
}

void import_routes_add(import_routes_t *r, const import_route_t *route)
{
    size_t i = 0;
    r->routes++;
    if (route->hop.kind == IMPORT_HOP_NONE) {
        return;
    }
    while (i < r->hop_count && !same_hop(&r->hops[i].hop, &route->hop)) {
        i++;
    }
    if (i == r->hop_count) {
        if (i == IMPORT_HOPS_MAX) {
            return;
        }
        r->hop_count++;
        r->hops[i].hop = route->hop;
        r->hops[i].votes = 0;
        r->hops[i].path_length = route->path_length;
    }
    r->hops[i].votes++;
    if (route->path_length < r->hops[i].path_length) {
        r->hops[i].path_length = route->path_length;
    }
}

/* PID names have no dots (RFC 7285 10.1). */
static void hop_name(const import_routes_t *r, const import_hop_t *hop, buf_t *out)
{
    char text[ADDR_TEXT_MAX];
    buf_append_slice(out, r->name_prefix);
    if (hop->kind == IMPORT_HOP_AS) {
        buf_append_u64(out, hop->asn);
        return;
    }
    size_t n = addr_format(&hop->addr, text);
    for (size_t i = 0; i < n; i++) {
        buf_append_char(out, text[i] == '.' ? '-' : text[i]);
    }
}

bool import_routes_end(import_routes_t *r, const prefix_t *prefix)
{
    unsigned len = prefix->family == FAMILY_IPV4 ? prefix->u.v4.len : prefix->u.v6.len;
    size_t best = 0;
    if (len > r->longest[prefix->family]) {
        r->too_long++;
        return true;
    }
    if (!r->hop_count) {
        r->hopeless++;
        return true;
    }
    for (size_t i = 1; i < r->hop_count; i++) {
        if (r->hops[i].votes > r->hops[best].votes ||
            (r->hops[i].votes == r->hops[best].votes &&
             r->hops[i].path_length < r->hops[best].path_length)) {
            best = i;
        }
    }
    r->several += r->hop_count > 1;
    buf_t name = BUF_INIT;
    hop_name(r, &r->hops[best].hop, &name);
    uint32_t pid = buf_failed(&name) ? IMPORT_NO_PID : import_pids_find(&r->pids, buf_slice(&name));
    r->d->failed |= buf_failed(&name);
    buf_release(&name);
    return pid != IMPORT_NO_PID && import_pids_add(&r->pids, prefix, pid, 0);
}

/* ---- what was left out ---- */

static void tell(import_routes_t *r, finding_code_t code, uint64_t n, const char *one,
                 const char *many)
{
    if (n) {
        import_find(r->d, code, 0, 0, (slice_t){0}, "%llu %s", (unsigned long long)n,
                    n == 1 ? one : many);
    }
}

void import_routes_tell(import_routes_t *r)
{
    static const char *const what[IMPORT_PID_BY_COUNT][2] = {
        {"prefix without an origin AS is left out", "prefixes without an origin AS are left out"},
        {"prefix without a neighbour AS is left out",
         "prefixes without a neighbour AS are left out"},
        {"prefix without a next hop is left out", "prefixes without a next hop are left out"}};
    tell(r, FINDING_LEFT_OUT, r->hopeless, what[r->by][0], what[r->by][1]);
    tell(r, FINDING_LEFT_OUT, r->too_long, "prefix is longer than --max-length, and left out",
         "prefixes are longer than --max-length, and left out");
    tell(r, FINDING_LEFT_OUT, r->unused, "record of another kind is left out",
         "records of other kinds are left out");
    tell(r, FINDING_REPEATED, r->pids.repeated,
         "prefix stands there again with the same PID; it is taken once",
         "prefixes stand there again with the same PID; they are taken once");
    tell(r, FINDING_LEFT_OUT, r->pids.conflicts,
         "prefix stands there again with another PID; the first counts",
         "prefixes stand there again with another PID; the first counts");
}

bool import_looks_like_mrt(import_stream_t *s)
{
    /* A time, which is no text, and a kind of record. */
    slice_t head = import_stream_peek(s, 12);
    const unsigned char *at = (const unsigned char *)head.ptr;
    return head.len == 12 && at[4] == 0 && at[6] == 0;
}

/* ---- the document ---- */

static bool read_all(import_routes_t *r, import_stream_t *s, bool mrt)
{
    const char *why = NULL;
    bool ok = mrt ? import_mrt(r, s) : import_pfx2as(r, s);
    err_t err = import_stream_failed(s, &why);
    r->d->failed |= err == ERR_NOMEM;
    if (err && err != ERR_NOMEM) {
        import_refuse(r->d, FINDING_UNREADABLE, err == ERR_IO ? "it cannot be read: %s" : "it %s",
                      why);
    }
    return ok && !err;
}

static bool make_document(import_routes_t *r, import_stream_t *s, bool mrt, size_t least,
                          slice_t other)
{
    import_data_t *d = r->d;
    import_pids_t *p = &r->pids;
    char how[40];
    bool ok = read_all(r, s, mrt);
    import_doing(d, "sorting");
    import_pids_sort(p);
    import_routes_tell(r);
    ok = ok && (!least || import_pids_gather(p, least, other));
    ok = ok && (!d->aggregate || import_pids_merge(p));
    if (ok && !p->prefix_count && !d->errors.errors) {
        import_refuse(d, FINDING_EMPTY, "there is nothing in it to import");
    }
    if (!ok || !p->prefix_count || !import_is_fine(d)) {
        return false;
    }
    import_document_t *document = import_document_add(d, d->name);
    if (!document) {
        return false;
    }
    (void)snprintf(how, sizeof how, "%s, by %s", mrt ? "mrt" : "pfx2as",
                   import_pid_by_names[r->by]);
    import_write_made(d, "import-rib", how, &document->text);
    buf_append_str(&document->text, "version: 1\n");
    ok = import_pids_write(p, &document->text);
    import_doing(d, "checking");
    return ok && import_check(d);
}

bool import_routes_document(import_routes_t *r, import_stream_t *s, bool mrt, size_t least,
                            slice_t other)
{
    return import_end(r->d, make_document(r, s, mrt, least, other));
}
