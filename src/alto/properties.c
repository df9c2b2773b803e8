#include "properties.h"

#include <stdlib.h>

/* ---- capabilities by footprint set ---- */

static int cmp_u32(const void *px, const void *py)
{
    uint32_t x = *(const uint32_t *)px, y = *(const uint32_t *)py;
    return x < y ? -1 : x > y;
}

size_t capabilities_of(const capabilities_t *c, const join_index_t *join, uint32_t answer,
                       uint32_t *out)
{
    id_list_t sets = join_answer_sets(join, answer);
    size_t n = c->everywhere_count;
    if (n) {
        memcpy(out, c->everywhere, n * sizeof *out);
    }
    for (size_t i = 0; i < sets.count; i++) {
        uint32_t set = sets.ids[i];
        for (uint32_t k = c->first[set]; k < c->first[set + 1]; k++) {
            /* Insertion: answers are short, and most sets give the same few capabilities. */
            uint32_t number = c->numbers[k];
            size_t at = n;
            while (at && out[at - 1] > number) {
                at--;
            }
            if (at && out[at - 1] == number) {
                continue;
            }
            memmove(out + at + 1, out + at, (n - at) * sizeof *out);
            out[at] = number;
            n++;
        }
    }
    return n;
}

void capabilities_text(const capabilities_t *c, const uint32_t *numbers, size_t count, buf_t *out)
{
    buf_append_char(out, '[');
    for (size_t i = 0; i < count; i++) {
        if (i) {
            buf_append_char(out, ',');
        }
        buf_append_slice(out, c->texts[numbers[i]]);
    }
    buf_append_char(out, ']');
}

/* A capability of a footprint set, while they are gathered. */
typedef struct granted {
    uint32_t set; /* UINT32_MAX: everywhere */
    uint32_t number;
} granted_t;

static int cmp_granted(const void *px, const void *py)
{
    const granted_t *x = px, *y = py;
    if (x->set != y->set) {
        return x->set < y->set ? -1 : 1;
    }
    return cmp_u32(&x->number, &y->number);
}

static slice_t capability_text(const capability_t *capability, arena_t *arena)
{
    buf_t text = BUF_INIT;
    buf_append_str(&text, "{\"capability-type\":");
    json_write_string(&text, capability->name);
    buf_append_str(&text, ",\"capability-value\":");
    buf_append_slice(&text, capability->text);
    buf_append_char(&text, '}');
    slice_t copy = buf_failed(&text) ? (slice_t){0} : arena_copy(arena, buf_slice(&text));
    buf_release(&text);
    return copy;
}

static err_t spread(const granted_t *list, size_t count, size_t set_count, arena_t *arena,
                    capabilities_t *out)
{
    uint32_t *first = arena_array(arena, set_count + 1, sizeof *first);
    uint32_t *numbers = arena_array(arena, count, sizeof *numbers);
    if (!first || !numbers) {
        return ERR_NOMEM;
    }
    size_t n = 0, i = 0;
    for (uint32_t set = 0; set < set_count; set++) {
        first[set] = (uint32_t)n;
        for (; i < count && list[i].set == set; i++) {
            if (n == first[set] || numbers[n - 1] != list[i].number) {
                numbers[n++] = list[i].number;
            }
        }
    }
    first[set_count] = (uint32_t)n;
    out->everywhere = numbers + n;
    for (; i < count; i++) {
        if (!out->everywhere_count || numbers[n - 1] != list[i].number) {
            numbers[n++] = list[i].number;
            out->everywhere_count++;
        }
    }
    out->first = first;
    out->numbers = numbers;
    return ERR_OK;
}

/* Objects of one capability stand together and capabilities in order: a number for each run. */
static err_t capabilities_build(const cdni_content_t *content, const join_index_t *join,
                                arena_t *arena, capabilities_t *out)
{
    *out = (capabilities_t){.content = content};
    slice_t *texts = arena_array(arena, content->count, sizeof *texts);
    granted_t *list = calloc(content->count + 1, sizeof *list);
    err_t err = texts && list ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; i < content->count && !err; i++) {
        const model_object_t *o = content->objects[i].object;
        if (!i || o->capability != content->objects[i - 1].object->capability) {
            texts[out->count++] = capability_text(o->capability, arena);
            err = texts[out->count - 1].ptr ? ERR_OK : ERR_NOMEM;
        }
        list[i] = (granted_t){join_set_id(join, &o->footprints), (uint32_t)out->count - 1};
    }
    if (!err) {
        if (content->count > 1) {
            qsort(list, content->count, sizeof *list, cmp_granted);
        }
        err = spread(list, content->count, join->set_count, arena, out);
    }
    out->texts = texts;
    free(list);
    return err;
}

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
        err = capabilities_build(input->advertisements[i], input->join, input->arena,
                                 &c->capabilities[i]);
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
