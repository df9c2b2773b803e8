#include "footprintd/base/json.h"
#include "footprintd/lookup/spread.h"
#include "report_json.h"

/* Lists end early when there is enough text. */
typedef struct text {
    report_t *r;
    const lookup_spread_t *s;
    buf_t *out;
    size_t start; /* of the object in `out` */
    bool truncated;
} text_t;

static bool room(const text_t *t)
{
    return t->out->len - t->start < REPORT_PREFIX_BYTES;
}

/* As the difference has them: IPv6 as text, beyond what JSON's readers hold exactly. */
static void count(const text_t *t, const char *name, difference_count_t n)
{
    char digits[DIFFERENCE_DECIMAL_MAX];
    const char *quote = t->s->prefix.family == FAMILY_IPV6 ? "\"" : "";
    (void)difference_count_decimal(n, digits);
    buf_printf(t->out, "\"%s\":%s%s%s", name, quote, digits, quote);
}

/* 0 and 1 are nothing and everything, and not what is close to it. */
static void share(const text_t *t, difference_count_t n)
{
    double part = difference_count_share(n, t->s->count);
    bool whole = !difference_count_cmp(n, t->s->count);
    buf_printf(t->out, ",\"share\":%.6g", whole ? 1 : part > 0.999999 ? 0.999999 : part);
}

/* How many of a list are not in it. */
static void more(text_t *t, const char *name, size_t all, size_t listed)
{
    buf_printf(t->out, "],\"%s-more\":%zu", name, all - listed);
    t->truncated |= all > listed;
}

/* ---- the footprints of the prefix ---- */

static void wholly(text_t *t)
{
    const lookup_spread_t *s = t->s;
    size_t i = 0;
    buf_append_str(t->out, ",\"wholly\":[");
    for (; i < s->whole_count && i < REPORT_PREFIX_LISTED && room(t); i++) {
        buf_append_str(t->out, i ? "," : "");
        report_json_footprint(t->r, s->extents[i].footprint, t->out);
    }
    more(t, "wholly", s->whole_count, i);
}

static void partly(text_t *t)
{
    const lookup_spread_t *s = t->s;
    size_t i = 0, all = s->extent_count - s->whole_count;
    buf_append_str(t->out, ",\"partly\":[");
    for (; i < all && i < REPORT_PREFIX_LISTED && room(t); i++) {
        const lookup_extent_t *e = &s->extents[s->whole_count + i];
        buf_append_str(t->out, i ? ",{" : "{");
        count(t, "addresses", e->count);
        share(t, e->count);
        buf_append_str(t->out, ",\"footprint\":");
        report_json_footprint(t->r, e->footprint, t->out);
        buf_append_char(t->out, '}');
    }
    more(t, "partly", all, i);
}

/* ---- groups ---- */

typedef struct prefixes {
    size_t count;
    prefix_t only;
} prefixes_t;

static void note_prefix(const prefix_t *p, void *arg)
{
    prefixes_t *prefixes = arg;
    prefixes->only = *p;
    prefixes->count++;
}

/* A prefix where it is one, else its first and its last address. */
static void range(const text_t *t, range_t run)
{
    family_t family = t->s->prefix.family;
    prefixes_t prefixes = {.count = 0};
    range_to_prefixes(family, run, note_prefix, &prefixes);
    char text[PREFIX_TEXT_MAX];
    buf_append_char(t->out, '"');
    if (prefixes.count == 1) {
        buf_append(t->out, text, prefix_format(&prefixes.only, text));
    } else {
        addr_t first = {.family = family}, last = {.family = family};
        if (family == FAMILY_IPV4) {
            first.u.v4 = (uint32_t)run.first.lo;
            last.u.v4 = (uint32_t)run.last.lo;
        } else {
            first.u.v6 = run.first;
            last.u.v6 = run.last;
        }
        report_addr(t->out, &first);
        buf_append_char(t->out, '-');
        report_addr(t->out, &last);
    }
    buf_append_char(t->out, '"');
}

static void pids(const text_t *t, const lookup_part_t *part)
{
    const lookup_engine_t *e = t->r->engine;
    bool any = false;
    buf_append_str(t->out, ",\"pids\":[");
    for (size_t i = 0; i < e->map_count; i++) {
        if (part->pids[i] && part->pids[i] != UINT32_MAX) {
            buf_append_str(t->out, any ? "," : "");
            report_json_pid(t->r, i, &e->maps[i].pids[part->pids[i] - 1], t->out);
            any = true;
        }
    }
    buf_append_char(t->out, ']');
}

/* What varies is said to, and not what it is of the first address. */
static void said(const text_t *t, const lookup_part_t *part)
{
    static const char *const names[] = {"country", "subdivisions", "asn", "pids"};
    attribute_set_t a = part->said;
    a.country = part->varies & LOOKUP_VARIES_COUNTRY ? 0 : a.country;
    a.subdivision_count = part->varies & LOOKUP_VARIES_SUBDIVISIONS ? 0 : a.subdivision_count;
    a.has_asn = part->varies & LOOKUP_VARIES_ASN ? false : a.has_asn;
    report_json_attributes(&a, t->out);
    pids(t, part);
    bool any = false;
    buf_append_str(t->out, ",\"varies\":[");
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        if (part->varies >> i & 1) {
            buf_printf(t->out, "%s\"%s\"", any ? "," : "", names[i]);
            any = true;
        }
    }
    buf_append_char(t->out, ']');
}

static err_t covers(text_t *t, const lookup_part_t *part)
{
    lookup_covers_t *c = &t->r->covers;
    err_t err = lookup_covers_find(t->r->engine, part->answer, c);
    if (err) {
        return err;
    }
    size_t i = 0;
    buf_append_str(t->out, ",\"footprints\":[");
    for (; i < c->footprint_count && i < REPORT_PREFIX_LISTED && room(t); i++) {
        buf_append_str(t->out, i ? "," : "");
        report_json_footprint(t->r, c->footprints[i], t->out);
    }
    more(t, "footprints", c->footprint_count, i);
    buf_append_str(t->out, ",\"capabilities\":[");
    for (i = 0; i < c->object_count && i < REPORT_PREFIX_LISTED && room(t); i++) {
        buf_append_str(t->out, i ? "," : "");
        report_json_object(t->r, c->objects[i], t->out);
    }
    more(t, "capabilities", c->object_count, i);
    return ERR_OK;
}

static err_t group(text_t *t, const lookup_part_t *part)
{
    buf_append_char(t->out, '{');
    count(t, "addresses", part->count);
    share(t, part->count);
    buf_append_str(t->out, ",\"ranges\":[");
    for (size_t i = 0; i < part->run_count; i++) {
        buf_append_str(t->out, i ? "," : "");
        range(t, part->runs[i]);
    }
    more(t, "ranges", part->ranges, part->run_count);
    said(t, part);
    err_t err = covers(t, part);
    buf_append_char(t->out, '}');
    return err;
}

static err_t groups(text_t *t)
{
    const lookup_spread_t *s = t->s;
    size_t i = 0;
    err_t err = ERR_OK;
    buf_append_str(t->out, ",\"groups\":[");
    for (; i < s->part_count && i < REPORT_PREFIX_GROUPS && (!i || room(t)) && !err; i++) {
        buf_append_str(t->out, i ? "," : "");
        err = group(t, &s->parts[i]);
    }
    more(t, "groups", s->part_count, i);
    return err;
}

/* ---- the whole ---- */

static void notes(text_t *t, bool host_bits)
{
    char text[PREFIX_TEXT_MAX];
    buf_append_str(t->out, ",\"notes\":[");
    if (host_bits) {
        (void)prefix_format(&t->s->prefix, text);
        buf_printf(t->out, "\"host bits were set: this is of %s\"", text);
    }
    buf_append_char(t->out, ']');
}

static err_t write_object(text_t *t, bool host_bits)
{
    const lookup_spread_t *s = t->s;
    char text[PREFIX_TEXT_MAX];
    (void)prefix_format(&s->prefix, text);
    buf_printf(t->out, "{\"prefix\":\"%s\",\"scope\":", text);
    if (lookup_spread_is_one(s)) {
        prefix_t scope = lookup_spread_scope(t->r->engine, s);
        (void)prefix_format(&scope, text);
        buf_printf(t->out, "\"%s\",", text);
    } else {
        buf_append_str(t->out, "null,");
    }
    count(t, "addresses", s->count);
    buf_printf(t->out, ",\"answers\":%zu,\"ranges\":%zu", s->part_count, s->ranges);
    wholly(t);
    partly(t);
    err_t err = groups(t);
    buf_printf(t->out, ",\"truncated\":%s", t->truncated ? "true" : "false");
    notes(t, host_bits);
    report_json_databases(t->r, t->out);
    buf_append_str(t->out, "}\n");
    return err;
}

err_t report_json_prefix(report_t *r, const prefix_t *prefix, bool host_bits)
{
    lookup_spread_t spread;
    err_t err = lookup_spread_find(r->engine, prefix, REPORT_PREFIX_GROUPS, REPORT_PREFIX_RANGES,
                                   &spread);
    if (!err) {
        text_t t = {.r = r, .s = &spread, .out = &r->out, .start = r->out.len};
        err = write_object(&t, host_bits);
        err = err ? err : buf_failed(&r->out) ? ERR_NOMEM : ERR_OK;
    }
    lookup_spread_release(&spread);
    return err;
}
