#include "difference_write.h"

#include "footprintd/base/json.h"
#include "footprintd/store/directory.h"

static const char *comma(size_t i)
{
    return i ? "," : "";
}

static void write_tally(buf_t *out, difference_tally_t t)
{
    buf_printf(out, "\"added\":%zu,\"removed\":%zu,\"changed\":%zu", t.added, t.removed, t.changed);
}

static void write_items_end(buf_t *out, size_t count, size_t listed)
{
    buf_printf(out, "],\"more\":%zu", count - listed);
}

/* `"document":"a.yaml","line":3`, and the audience when there is one. */
static void write_place(const difference_t *of, const model_t *m, uint32_t document, uint32_t line,
                        buf_t *out)
{
    if (document == UINT32_MAX) {
        buf_append_str(out, "\"document\":null,\"line\":0,\"audience\":[]");
        return;
    }
    const model_document_t *d = &m->documents[document];
    buf_append_str(out, "\"document\":");
    json_write_string(out, of->options.names ? store_document_name(d->file) : d->file);
    buf_printf(out, ",\"line\":%lu,\"audience\":[", (unsigned long)line);
    for (size_t i = 0; i < d->audience_count; i++) {
        buf_append_str(out, comma(i));
        json_write_string(out, d->audience[i]);
    }
    buf_append_char(out, ']');
}

/* ---- values ---- */

static void write_value(const fp_values_t *v, size_t i, buf_t *out)
{
    char text[FP_VALUE_TEXT_MAX];
    json_write_string(out, fp_value_text(v, i, text));
}

static void write_listed(const char *name, const fp_values_t *v, const uint32_t *at, size_t listed,
                         buf_t *out)
{
    buf_printf(out, ",\"%s\":[", name);
    for (size_t i = 0; i < listed; i++) {
        buf_append_str(out, comma(i));
        write_value(v, at[i], out);
    }
    buf_append_char(out, ']');
}

static void write_values(const difference_values_t *values, size_t count, buf_t *out)
{
    buf_append_str(out, ",\"values\":[");
    for (size_t i = 0; i < count; i++) {
        const difference_values_t *v = &values[i];
        buf_printf(out,
                   "%s{\"footprint-type\":\"%s\",\"union\":%u,\"before\":%zu,\"after\":%zu,"
                   "\"added\":%zu,\"removed\":%zu",
                   comma(i), fp_type_infos[v->type].name, v->in_union,
                   v->before ? v->before->count : 0, v->after ? v->after->count : 0, v->added,
                   v->removed);
        write_listed("added-values", v->after, v->added_at, v->added_listed, out);
        write_listed("removed-values", v->before, v->removed_at, v->removed_listed, out);
        buf_append_char(out, '}');
    }
    buf_append_char(out, ']');
}

/* A Footprint object (RFC 8006 4.2.2.2) of which the first values are shown. */
static void write_footprint_value(const fp_values_t *v, size_t most, buf_t *out)
{
    size_t shown = v->count < most ? v->count : most;
    buf_printf(out, "{\"footprint-type\":\"%s\",\"footprint-value\":[",
               fp_type_infos[v->type].name);
    for (size_t i = 0; i < shown; i++) {
        buf_append_str(out, comma(i));
        write_value(v, i, out);
    }
    write_items_end(out, v->count, shown);
    buf_append_char(out, '}');
}

static void write_footprints(const fp_set_t *set, size_t most, buf_t *out)
{
    buf_append_str(out, ",\"footprints\":[");
    for (size_t i = 0; i < set->count; i++) {
        const fp_constraint_t *c = &set->constraints[i];
        buf_append_str(out, comma(i));
        if (c->type != FP_UNION) {
            write_footprint_value(c->values, most, out);
            continue;
        }
        buf_append_str(out, "{\"footprint-type\":\"footprintunion\",\"footprint-value\":[");
        for (size_t m = 0; m < c->member_count; m++) {
            buf_append_str(out, comma(m));
            write_footprint_value(c->members[m], most, out);
        }
        buf_append_str(out, "],\"more\":0}");
    }
    buf_append_char(out, ']');
}

/* ---- documents ---- */

static void write_footprint_side(const difference_t *d, const model_t *m,
                                 const model_footprint_t *f, const char *name, buf_t *out)
{
    buf_printf(out, ",\"%s\":", name);
    if (!f) {
        buf_append_str(out, "null");
        return;
    }
    buf_append_char(out, '{');
    write_place(d, m, f->document, f->line, out);
    buf_append_char(out, '}');
}

static void write_map(const difference_map_t *m, buf_t *out)
{
    const model_network_map_t *any = m->after ? m->after : m->before;
    buf_append_str(out, "{\"network-map\":");
    json_write_string(out, any->id);
    buf_printf(
        out,
        ",\"change\":\"%s\",\"default-before\":%s,\"default-after\":%s,\"audience-changed\":%s,",
        difference_change(m->before != NULL, m->after != NULL),
        m->before && m->before->is_default ? "true" : "false",
        m->after && m->after->is_default ? "true" : "false", m->audience ? "true" : "false");
    write_tally(out, m->tally);
    buf_append_str(out, ",\"items\":[");
    for (size_t i = 0; i < m->pid_count; i++) {
        const difference_pid_t *p = &m->pids[i];
        buf_printf(out, "%s{\"change\":\"%s\",\"pid\":", comma(i),
                   difference_change(p->before != NULL, p->after != NULL));
        json_write_string(out, p->after ? p->after->name : p->before->name);
        write_values(p->values, p->value_count, out);
        buf_append_char(out, '}');
    }
    write_items_end(out, difference_tally_sum(m->tally), m->pid_count);
    buf_append_char(out, '}');
}

static void write_costs(const difference_costs_t *c, buf_t *out)
{
    buf_append_str(out, "{\"cost-map\":");
    json_write_string(out, c->after ? c->after->id : c->before->id);
    buf_printf(out, ",\"change\":\"%s\",\"type-changed\":%s,\"audience-changed\":%s,",
               difference_change(c->before != NULL, c->after != NULL), c->type ? "true" : "false",
               c->audience ? "true" : "false");
    write_tally(out, c->tally);
    buf_append_char(out, '}');
}

void difference_json_documents(const difference_t *d, buf_t *out)
{
    buf_append_str(out, ",\"footprints\":{");
    write_tally(out, d->footprint_tally);
    buf_append_str(out, ",\"items\":[");
    for (size_t i = 0; i < d->footprint_count; i++) {
        const difference_footprint_t *f = &d->footprints[i];
        buf_printf(out, "%s{\"change\":\"%s\",\"name\":", comma(i),
                   difference_change(f->before != NULL, f->after != NULL));
        json_write_string(out, f->after ? f->after->name : f->before->name);
        write_footprint_side(d, d->before.model, f->before, "before", out);
        write_footprint_side(d, d->after.model, f->after, "after", out);
        write_values(f->values, f->value_count, out);
        buf_append_char(out, '}');
    }
    write_items_end(out, difference_tally_sum(d->footprint_tally), d->footprint_count);
    buf_append_str(out, "},\"network-maps\":[");
    for (size_t i = 0; i < d->map_count; i++) {
        buf_append_str(out, comma(i));
        write_map(&d->maps[i], out);
    }
    buf_append_str(out, "],\"cost-maps\":[");
    for (size_t i = 0; i < d->cost_count; i++) {
        buf_append_str(out, comma(i));
        write_costs(&d->costs[i], out);
    }
    buf_append_char(out, ']');
}

/* ---- objects ---- */

static void write_object_side(const difference_t *d, const model_t *m, const model_object_t *o,
                              const char *name, buf_t *out)
{
    buf_printf(out, ",\"%s\":", name);
    if (!o) {
        buf_append_str(out, "null");
        return;
    }
    buf_append_char(out, '{');
    write_place(d, m, o->document, o->line, out);
    buf_append_str(out, ",\"footprint\":");
    if (o->footprint) {
        json_write_string(out, o->footprint->name);
    } else {
        buf_append_str(out, o->footprints.count ? "null" : "\"" MODEL_EVERYWHERE "\"");
    }
    write_footprints(&o->footprints, d->options.listed, out);
    buf_append_char(out, '}');
}

static void write_object(const difference_t *d, const difference_object_t *o, buf_t *out)
{
    const model_object_t *any = o->after ? o->after : o->before;
    buf_printf(out, "{\"change\":\"%s\",\"capability-type\":",
               difference_change(o->before != NULL, o->after != NULL));
    json_write_string(out, any->capability->name);
    buf_append_str(out, ",\"capability-value\":");
    buf_append_slice(out, any->capability->text);
    write_object_side(d, d->before.model, o->before, "before", out);
    write_object_side(d, d->after.model, o->after, "after", out);
    buf_append_char(out, '}');
}

void difference_json_objects(const difference_t *d, buf_t *out)
{
    buf_append_str(out, ",\"advertisements\":[");
    for (size_t i = 0; i < d->advertisement_count; i++) {
        const difference_advertisement_t *a = &d->advertisements[i];
        buf_printf(out, "%s{\"advertisement\":", comma(i));
        json_write_string(out, a->id);
        buf_printf(out, ",\"change\":\"%s\",", difference_change(a->in_before, a->in_after));
        write_tally(out, a->tally);
        buf_append_str(out, ",\"items\":[");
        for (size_t k = 0; k < a->object_count; k++) {
            buf_append_str(out, comma(k));
            write_object(d, &a->objects[k], out);
        }
        write_items_end(out, difference_tally_sum(a->tally), a->object_count);
        buf_append_char(out, '}');
    }
    buf_append_char(out, ']');
}

void difference_write_json(const difference_t *d, buf_t *out)
{
    buf_t summary = BUF_INIT;
    difference_write_summary(d, &summary);
    buf_printf(out, "{\"same\":%s,\"summary\":", d->same ? "true" : "false");
    json_write_string(out, buf_slice(&summary));
    out->failed |= buf_failed(&summary);
    buf_release(&summary);
    difference_json_documents(d, out);
    difference_json_objects(d, out);
    difference_json_coverage(d, out);
    difference_json_guard(d, out);
    buf_append_char(out, '}');
}
