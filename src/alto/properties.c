#include "properties.h"

#include <stdlib.h>

/* ---- names ---- */

static int cmp_property(const void *px, const void *py)
{
    return slice_cmp(((const property_t *)px)->name, ((const property_t *)py)->name);
}

static int cmp_domain(const void *px, const void *py)
{
    return slice_cmp(((const domain_t *)px)->name, ((const domain_t *)py)->name);
}

static void add_property(property_map_content_t *c, property_kind_t kind, uint32_t index,
                         slice_t name)
{
    slice_t quoted = arena_printf(c->in.arena, "\"%.*s\":", SLICE_ARG(name));
    c->properties[c->property_count++] = (property_t){name, quoted, kind, index};
}

static err_t make_properties(property_map_content_t *c)
{
    const property_map_input_t *in = &c->in;
    c->properties = arena_array(in->arena, in->advertisement_count + in->map_count + 3,
                                sizeof *c->properties);
    if (!c->properties) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < in->advertisement_count; i++) {
        add_property(c, PROPERTY_CAPABILITIES, (uint32_t)i,
                     arena_printf(in->arena, "%.*s.cdni-capabilities",
                                  SLICE_ARG(in->advertisements[i]->id)));
    }
    for (size_t i = 0; i < in->map_count; i++) {
        add_property(c, PROPERTY_PID, (uint32_t)i,
                     arena_printf(in->arena, "%.*s.pid", SLICE_ARG(in->maps[i].content->id)));
    }
    qsort(c->properties, c->property_count, sizeof *c->properties, cmp_property);
    c->get_property_count = c->property_count;
    if (in->attributes && in->geo_properties) {
        if (attributes_table(in->attributes, ATTRIBUTE_ASN)) {
            add_property(c, PROPERTY_ASN, 0, SLICE_LIT(".priv:asn"));
        }
        if (attributes_table(in->attributes, ATTRIBUTE_COUNTRY) ||
            attributes_table(in->attributes, ATTRIBUTE_CITY)) {
            add_property(c, PROPERTY_COUNTRYCODE, 0, SLICE_LIT(".priv:countrycode"));
        }
        if (attributes_table(in->attributes, ATTRIBUTE_CITY)) {
            add_property(c, PROPERTY_SUBDIVISIONCODE, 0, SLICE_LIT(".priv:subdivisioncode"));
        }
    }
    return ERR_OK;
}

/* A map's PIDs are entities when an advertisement uses the map (RFC 9241 6.1). */
static bool map_is_used(const property_map_content_t *c, uint32_t map)
{
    for (size_t i = 0; i < c->in.advertisement_count; i++) {
        const cdni_content_t *ad = c->in.advertisements[i];
        if (ad->uses_map && slice_eq(ad->map_id, c->in.maps[map].content->id)) {
            return true;
        }
    }
    return false;
}

static err_t make_domains(property_map_content_t *c)
{
    static const domain_t agnostic[] = {
        {{"asn", 3}, DOMAIN_ASN, 0},
        {{"countrycode", 11}, DOMAIN_COUNTRYCODE, 0},
        {{"ipv4", 4}, DOMAIN_IPV4, 0},
        {{"ipv6", 4}, DOMAIN_IPV6, 0},
        {{"subdivisioncode", 15}, DOMAIN_SUBDIVISIONCODE, 0},
    };
    const size_t fixed = sizeof agnostic / sizeof *agnostic;
    c->domains = arena_array(c->in.arena, fixed + c->in.map_count, sizeof *c->domains);
    if (!c->domains) {
        return ERR_NOMEM;
    }
    memcpy(c->domains, agnostic, sizeof agnostic);
    c->domain_count = fixed;
    for (uint32_t i = 0; i < c->in.map_count; i++) {
        if (map_is_used(c, i)) {
            slice_t name = arena_printf(c->in.arena, "%.*s.pid",
                                        SLICE_ARG(c->in.maps[i].content->id));
            c->domains[c->domain_count++] = (domain_t){name, DOMAIN_PID, i};
        }
    }
    qsort(c->domains, c->domain_count, sizeof *c->domains, cmp_domain);
    return ERR_OK;
}

bool property_applies(const property_map_content_t *c, const property_t *p, const domain_t *d)
{
    if (p->kind != PROPERTY_CAPABILITIES) {
        return d->kind == DOMAIN_IPV4 || d->kind == DOMAIN_IPV6;
    }
    if (d->kind != DOMAIN_PID) {
        return true;
    }
    const cdni_content_t *ad = c->in.advertisements[p->index];
    return ad->uses_map && slice_eq(ad->map_id, c->in.maps[d->map].content->id);
}

const property_t *property_find(const property_map_content_t *c, slice_t name)
{
    for (size_t i = 0; i < c->property_count; i++) {
        if (slice_eq(c->properties[i].name, name)) {
            return &c->properties[i];
        }
    }
    return NULL;
}

/* ---- uses, tag ---- */

typedef struct used {
    slice_t id;
    const char *tag;
} used_t;

static int cmp_used(const void *px, const void *py)
{
    return slice_cmp(((const used_t *)px)->id, ((const used_t *)py)->id);
}

static err_t make_uses(property_map_content_t *c)
{
    const property_map_input_t *in = &c->in;
    size_t count = in->advertisement_count + in->map_count;
    used_t *used = arena_array(in->arena, count, sizeof *used);
    c->uses = arena_array(in->arena, count, sizeof *c->uses);
    c->uses_tags = arena_array(in->arena, count, sizeof *c->uses_tags);
    if (!used || !c->uses || !c->uses_tags) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < in->advertisement_count; i++) {
        used[i] = (used_t){in->advertisements[i]->id, in->advertisements[i]->tag};
    }
    for (size_t i = 0; i < in->map_count; i++) {
        used[in->advertisement_count + i] = (used_t){in->maps[i].content->id,
                                                     in->maps[i].content->tag};
    }
    qsort(used, count, sizeof *used, cmp_used);
    for (size_t i = 0; i < count; i++) {
        c->uses[i] = used[i].id;
        c->uses_tags[i] = used[i].tag;
    }
    c->uses_count = count;
    return ERR_OK;
}

void vtags_text(const property_map_content_t *c, const bool *chosen, buf_t *out)
{
    size_t n = 0;
    for (size_t i = 0; i < c->uses_count; i++) {
        if (chosen && !chosen[i]) {
            continue;
        }
        buf_printf(out, "%s{\"resource-id\":\"%.*s\",\"tag\":\"%s\"}",
                   n++ ? "," : "\"dependent-vtags\":[", SLICE_ARG(c->uses[i]), c->uses_tags[i]);
    }
    if (n) {
        buf_append_char(out, ']');
    }
}

static err_t make_tag(property_map_content_t *c)
{
    buf_t text = BUF_INIT;
    digest_t digest;
    hasher_t *h = &c->in.fragments->hasher;
    vtags_text(c, NULL, &text);
    c->all_vtags = arena_copy(c->in.arena, buf_slice(&text));
    hasher_begin(h);
    hasher_update_slice(h, SLICE_LIT("property-map\n"));
    hasher_update_slice(h, buf_slice(&text));
    if (c->in.attributes && c->in.geo_properties) {
        hasher_update(h, attributes_digest(c->in.attributes)->bytes, DIGEST_SIZE);
    } else if (c->in.attributes) {
        /* Answers depend on the databases even where their properties are not shown. */
        hasher_update_slice(h, SLICE_LIT("hidden\n"));
        hasher_update(h, attributes_digest(c->in.attributes)->bytes, DIGEST_SIZE);
    }
    err_t err = hasher_finish(h, &digest);
    tag_format(&digest, c->tag);
    err = err || !buf_failed(&text) ? err : ERR_NOMEM;
    buf_release(&text);
    return err;
}

err_t property_map_build(const property_map_input_t *input, property_map_content_t **out)
{
    property_map_content_t *c = arena_alloc(input->arena, sizeof *c);
    if (!c) {
        return ERR_NOMEM;
    }
    c->in = *input;
    c->in.max_get_bytes = input->max_get_bytes ? input->max_get_bytes : (size_t)64 << 20;
    c->in.max_entities = input->max_entities ? input->max_entities : 65536;
    c->capabilities = arena_array(input->arena, input->advertisement_count,
                                  sizeof *c->capabilities);
    err_t err = c->capabilities ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; i < input->advertisement_count && !err; i++) {
        err = capabilities_build(input->advertisements[i], input, &c->capabilities[i]);
    }
    err = err ? err : make_properties(c);
    err = err ? err : make_domains(c);
    err = err ? err : make_uses(c);
    err = err ? err : make_tag(c);
    *out = c;
    return !err && arena_failed(input->arena) ? ERR_NOMEM : err;
}

const char *property_map_tag(const property_map_content_t *c)
{
    return c->tag;
}

const slice_t *property_map_uses(const property_map_content_t *c, size_t *count)
{
    *count = c->uses_count;
    return c->uses;
}

slice_t property_map_capabilities(const property_map_content_t *c, bool filtered)
{
    buf_t text = BUF_INIT;
    size_t properties = filtered ? c->property_count : c->get_property_count;
    buf_append_str(&text, "{\"mappings\":{");
    for (size_t d = 0; d < c->domain_count; d++) {
        size_t n = 0;
        buf_printf(&text, "%s\"%.*s\":[", d ? "," : "", SLICE_ARG(c->domains[d].name));
        for (size_t p = 0; p < properties; p++) {
            if (property_applies(c, &c->properties[p], &c->domains[d])) {
                buf_printf(&text, "%s\"%.*s\"", n++ ? "," : "", SLICE_ARG(c->properties[p].name));
            }
        }
        buf_append_char(&text, ']');
    }
    buf_append_str(&text, "}}");
    slice_t copy = buf_failed(&text) ? (slice_t){0} : arena_copy(c->in.arena, buf_slice(&text));
    buf_release(&text);
    return copy;
}
