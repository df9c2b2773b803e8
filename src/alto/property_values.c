#include "property_values.h"

point_t point_at(const property_map_content_t *c, const addr_t *addr)
{
    point_t p = {join_answer(c->in.join, addr), 0};
    if (c->in.attributes) {
        p.attributes = attributes_id(c->in.attributes, addr);
    }
    return p;
}

uint64_t property_number(const property_map_content_t *c, const property_t *p, const point_t *at,
                         const addr_t *addr)
{
    attribute_set_t set;
    switch (p->kind) {
    case PROPERTY_PID:
        return pid_index_get(c->in.maps[p->index].index, addr);
    case PROPERTY_ASN:
        set = attributes_at(c->in.attributes, at->attributes);
        return set.has_asn ? (uint64_t)set.asn + 1 : 0;
    case PROPERTY_COUNTRYCODE:
        return attributes_at(c->in.attributes, at->attributes).country;
    case PROPERTY_SUBDIVISIONCODE:
        /* The most specific level is the one that is shown. */
        set = attributes_at(c->in.attributes, at->attributes);
        return set.subdivision_count ? set.subdivisions[set.subdivision_count - 1] : 0;
    case PROPERTY_CAPABILITIES:
        return c->capabilities[p->index].list_of[at->answer];
    }
    return 0;
}

void property_number_text(const property_map_content_t *c, const property_t *p, uint64_t number,
                          buf_t *out)
{
    char code[8];
    switch (p->kind) {
    case PROPERTY_CAPABILITIES:
        capabilities_text(&c->capabilities[p->index], (uint32_t)number, out);
        break;
    case PROPERTY_PID:
        buf_append_char(out, '"');
        buf_append_slice(out, c->in.maps[p->index].map->pids[number - 1].name);
        buf_append_char(out, '"');
        break;
    case PROPERTY_ASN:
        buf_append_str(out, "\"as");
        buf_append_u64(out, number - 1);
        buf_append_char(out, '"');
        break;
    case PROPERTY_COUNTRYCODE:
    case PROPERTY_SUBDIVISIONCODE:
        buf_append_char(out, '"');
        buf_append(out, code, fp_code_format(number, code));
        buf_append_char(out, '"');
        break;
    }
}
