#include "footprintd/lookup/report.h"

#include <stdlib.h>

#define CACHE_BYTES ((size_t)256 << 20)

err_t report_init(report_t *r, const lookup_engine_t *engine, const char *directory, time_t now)
{
    *r = (report_t){.engine = engine, .directory = directory, .now = now};
    arena_init(&r->cache.arena, CACHE_BYTES);
    r->cache.texts = calloc(engine->join->answer_count, sizeof *r->cache.texts);
    return r->cache.texts ? ERR_OK : ERR_NOMEM;
}

void report_release(report_t *r)
{
    buf_release(&r->out);
    buf_release(&r->scratch);
    buf_release(&r->databases);
    lookup_covers_release(&r->covers);
    lookup_misses_release(&r->misses);
    free(r->cache.texts);
    arena_release(&r->cache.arena);
}

err_t report_cached(report_t *r, uint32_t answer, void (*make)(report_t *r, buf_t *out),
                    slice_t *out)
{
    slice_t *kept = &r->cache.texts[answer];
    if (kept->ptr) {
        *out = *kept;
        return ERR_OK;
    }
    err_t err = lookup_covers_find(r->engine, answer, &r->covers);
    if (err) {
        return err;
    }
    buf_clear(&r->scratch);
    make(r, &r->scratch);
    if (buf_failed(&r->scratch)) {
        return ERR_NOMEM;
    }
    /* A full cache keeps what it has. */
    *kept = arena_copy(&r->cache.arena, buf_slice(&r->scratch));
    *out = kept->ptr ? *kept : buf_slice(&r->scratch);
    return ERR_OK;
}

err_t report_find_misses(report_t *r, const addr_t *addr)
{
    lookup_subject_t subject = lookup_subject(r->engine, addr);
    r->misses.count = 0;
    if (!r->why) {
        return ERR_OK;
    }
    return r->why_one ? lookup_near_footprint(r->engine, &subject, r->only, &r->misses)
                      : lookup_near_find(r->engine, &subject, &r->misses);
}

void report_code(buf_t *out, geo_code_t code)
{
    char text[8];
    buf_append(out, text, fp_code_format(code, text));
}

void report_addr(buf_t *out, const addr_t *addr)
{
    char text[ADDR_TEXT_MAX];
    buf_append(out, text, addr_format(addr, text));
}

void report_scope(report_t *r, const addr_t *addr, buf_t *out)
{
    char text[PREFIX_TEXT_MAX];
    prefix_t scope = lookup_scope(r->engine, addr);
    buf_append(out, text, prefix_format(&scope, text));
}

const model_document_t *report_document(const report_t *r, uint32_t document, bool *restricted)
{
    const model_document_t *d = &r->engine->model->documents[document];
    *restricted = d->audience_count > 0;
    return d;
}

bool report_map_restricted(const report_t *r, size_t map)
{
    return !model_document_is_public(r->engine->model, r->engine->maps[map].document);
}

void report_printable(buf_t *out, slice_t s, bool strict)
{
    buf_append_printable(out, s, strict ? " ," : "");
}

const char *report_note(const addr_t *addr, size_t i)
{
    static const char *const mapped =
        "an IPv4-mapped address in text is an IPv6 address; the IPv4 address in it may have "
        "another answer";
    static const char *const tunnel[] = {
        "a 6to4 address: what databases say of the IPv4 address in it is not used",
        "a Teredo address: what databases say of the IPv4 address in it is not used"};
    if (addr->family == FAMILY_IPV4 || i) {
        return NULL;
    }
    u128_t a = addr->u.v6;
    if (a.hi == 0 && a.lo >> 32 == 0xffff) {
        return mapped;
    }
    if (a.hi >> 48 == 0x2002) {
        return tunnel[0];
    }
    return a.hi >> 32 == 0x20010000 ? tunnel[1] : NULL;
}

/* ---- reasons ---- */

static void append_values(const fp_values_t *v, buf_t *out)
{
    bool prefixes = v->type == FP_IPV4CIDR || v->type == FP_IPV6CIDR;
    if (prefixes && v->count > REPORT_VALUES_MAX) {
        buf_printf(out, "%zu prefixes", v->count); /* the first ones say nothing of the others */
        return;
    }
    for (size_t i = 0; i < v->count && i < REPORT_VALUES_MAX; i++) {
        char text[FP_VALUE_TEXT_MAX];
        slice_t value = fp_value_text(v, i, text);
        buf_printf(out, "%s%.*s", i ? ", " : "", SLICE_ARG(value));
    }
    if (v->count > REPORT_VALUES_MAX) {
        buf_printf(out, ", ... (%zu values)", v->count);
    }
}

/* What the address has of a type; false when that is not known. */
static bool append_actual(const lookup_subject_t *s, fp_type_t type, buf_t *out)
{
    const attribute_set_t *a = &s->attributes;
    switch (type) {
    case FP_COUNTRYCODE:
        if (a->country) {
            report_code(out, a->country);
        }
        return a->country != 0;
    case FP_SUBDIVISIONCODE:
        for (size_t i = 0; i < a->subdivision_count; i++) {
            buf_append_str(out, i ? ", " : "");
            report_code(out, a->subdivisions[i]);
        }
        return a->subdivision_count > 0;
    case FP_ASN:
        if (a->has_asn) {
            buf_printf(out, "as%lu", (unsigned long)a->asn);
        }
        return a->has_asn;
    default:
        buf_append_slice(out, s->pid);
        return s->pid.len > 0;
    }
}

static void append_nearest(const lookup_nearest_t *n, buf_t *out)
{
    if (!n->known) {
        return;
    }
    char text[PREFIX_TEXT_MAX];
    (void)prefix_format(&n->prefix, text);
    buf_printf(out, "; the nearest is %s, with %u of its %u bits", text, n->common,
               n->common + n->missing);
}

void report_reason(const lookup_subject_t *s, const fp_constraint_t *c, buf_t *out)
{
    lookup_nearest_t nearest;
    (void)lookup_constraint_holds(s, c, &nearest);
    const char *name = fp_type_infos[c->type].name;
    if (c->type == FP_UNION) {
        buf_printf(out, "%s: none of ", name);
        for (size_t i = 0; i < c->member_count; i++) {
            buf_printf(out, "%s%s ", i ? "; " : "", fp_type_infos[c->members[i]->type].name);
            append_values(c->members[i], out);
        }
        append_nearest(&nearest, out);
        return;
    }
    if (c->type == FP_IPV4CIDR || c->type == FP_IPV6CIDR) {
        bool same = (c->type == FP_IPV4CIDR) == (s->addr.family == FAMILY_IPV4);
        if (!same) {
            buf_printf(out, "%s: the address is IPv%d", name,
                       s->addr.family == FAMILY_IPV4 ? 4 : 6);
            return;
        }
        buf_printf(out, "%s: in none of ", name);
        append_values(c->values, out);
        append_nearest(&nearest, out);
        return;
    }
    buf_printf(out, "%s is ", name);
    if (!append_actual(s, c->type, out)) {
        buf_append_str(out, "not known");
    }
    buf_append_str(out, c->values->count == 1 ? ", not " : ", not one of ");
    append_values(c->values, out);
}
