#include "report_json.h"

#include "footprintd/base/json.h"
#include "footprintd/store/databases.h"
#include "footprintd/store/directory.h"

static void place(const report_t *r, uint32_t document, uint32_t line, buf_t *out)
{
    bool restricted;
    const model_document_t *d = report_document(r, document, &restricted);
    buf_append_str(out, ",\"document\":");
    json_write_string(out, r->names ? store_document_name(d->file) : d->file);
    buf_printf(out, ",\"line\":%u", line);
    if (restricted) {
        buf_append_str(out, ",\"audience\":[");
        for (size_t i = 0; i < d->audience_count; i++) {
            buf_append_str(out, i ? "," : "");
            json_write_string(out, d->audience[i]);
        }
        buf_append_str(out, "],\"restricted\":true");
    }
    buf_append_char(out, '}');
}

void report_json_footprint(const report_t *r, uint32_t index, buf_t *out)
{
    const model_footprint_t *f = &r->engine->model->footprints[index];
    buf_append_str(out, "{\"name\":");
    json_write_string(out, f->name);
    place(r, f->document, f->line, out);
}

void report_json_object(const report_t *r, lookup_object_t at, buf_t *out)
{
    const model_object_t *o = lookup_object_at(r->engine, at);
    buf_append_str(out, "{\"advertisement\":");
    json_write_string(out, r->engine->model->advertisements[at.advertisement].id);
    buf_append_str(out, ",\"capability-type\":");
    json_write_string(out, o->capability->name);
    buf_append_str(out, ",\"capability-value\":");
    buf_append_slice(out, o->capability->text);
    buf_append_str(out, ",\"footprint\":");
    if (o->footprint) {
        json_write_string(out, o->footprint->name);
    } else {
        buf_append_str(out, o->footprints.count ? "null" : "\"" MODEL_EVERYWHERE "\"");
    }
    place(r, o->document, o->line, out);
}

/* The part of a line that depends on the answer alone. */
static void make_covers(report_t *r, buf_t *out)
{
    buf_append_str(out, ",\"footprints\":[");
    for (size_t i = 0; i < r->covers.footprint_count; i++) {
        buf_append_str(out, i ? "," : "");
        report_json_footprint(r, r->covers.footprints[i], out);
    }
    buf_append_str(out, "],\"capabilities\":[");
    for (size_t i = 0; i < r->covers.object_count; i++) {
        buf_append_str(out, i ? "," : "");
        report_json_object(r, r->covers.objects[i], out);
    }
    buf_append_char(out, ']');
}

void report_databases(const attributes_t *attributes, time_t now, buf_t *out)
{
    bool any = false;
    buf_append_char(out, '[');
    for (unsigned i = 0; attributes && i < ATTRIBUTE_SOURCE_COUNT; i++) {
        const attribute_info_t *info = attributes_info(attributes, (attribute_source_t)i);
        if (!info) {
            continue;
        }
        char date[STORE_DATABASE_DATE_MAX];
        store_database_date(info, date);
        buf_printf(out, "%s{\"source\":\"%s\",\"type\":", any ? "," : "", store_database_names[i]);
        json_write_string(out, info->database_type);
        buf_printf(out, ",\"built\":\"%s\",\"age-days\":%llu}", date,
                   (unsigned long long)store_database_age_days(info, now));
        any = true;
    }
    buf_append_char(out, ']');
}

void report_json_databases(report_t *r, buf_t *out)
{
    if (!r->databases.len) {
        buf_append_str(&r->databases, ",\"databases\":");
        report_databases(r->engine->attributes, r->now, &r->databases);
    }
    buf_append_slice(out, buf_slice(&r->databases));
    out->failed |= buf_failed(&r->databases);
}

void report_json_attributes(const attribute_set_t *a, buf_t *out)
{
    buf_append_str(out, ",\"country\":");
    if (a->country) {
        buf_append_char(out, '"');
        report_code(out, a->country);
        buf_append_char(out, '"');
    } else {
        buf_append_str(out, "null");
    }
    buf_append_str(out, ",\"subdivisions\":[");
    for (size_t i = 0; i < a->subdivision_count; i++) {
        buf_append_str(out, i ? ",\"" : "\"");
        report_code(out, a->subdivisions[i]);
        buf_append_char(out, '"');
    }
    buf_append_str(out, "],\"asn\":");
    if (a->has_asn) {
        buf_append_str(out, "\"as");
        buf_append_u64(out, a->asn);
        buf_append_char(out, '"');
    } else {
        buf_append_str(out, "null");
    }
}

void report_json_pid(const report_t *r, size_t map, const model_pid_t *pid, buf_t *out)
{
    buf_append_str(out, "{\"network-map\":");
    json_write_string(out, r->engine->maps[map].id);
    buf_append_str(out, ",\"pid\":");
    json_write_string(out, pid->name);
    buf_append_str(out, report_map_restricted(r, map) ? ",\"restricted\":true}" : "}");
}

static void pids(const report_t *r, const addr_t *addr, buf_t *out)
{
    bool any = false;
    buf_append_str(out, ",\"pids\":[");
    for (size_t i = 0; i < r->engine->map_count; i++) {
        const model_pid_t *pid = lookup_pid(r->engine, i, addr);
        if (pid) {
            buf_append_str(out, any ? "," : "");
            report_json_pid(r, i, pid, out);
            any = true;
        }
    }
    buf_append_char(out, ']');
}

static void miss(const report_t *r, const lookup_subject_t *subject, const lookup_miss_t *m,
                 buf_t *out)
{
    bool any = false;
    buf_t reason = BUF_INIT;
    buf_append_str(out, "{\"failed\":[");
    for (size_t i = 0; i < m->set->count; i++) {
        const fp_constraint_t *c = &m->set->constraints[i];
        lookup_nearest_t nearest;
        if (lookup_constraint_holds(subject, c, &nearest)) {
            continue;
        }
        buf_clear(&reason);
        report_reason(subject, c, &reason);
        buf_printf(out, "%s{\"footprint-type\":\"%s\",\"text\":", any ? "," : "",
                   fp_type_infos[c->type].name);
        json_write_string(out, buf_slice(&reason));
        if (nearest.known) {
            char text[PREFIX_TEXT_MAX];
            (void)prefix_format(&nearest.prefix, text);
            buf_printf(out, ",\"nearest\":\"%s\"", text);
        }
        buf_append_char(out, '}');
        any = true;
    }
    out->failed |= buf_failed(&reason);
    buf_release(&reason);
    buf_append_str(out, "],");
    if (m->footprint != UINT32_MAX) {
        buf_append_str(out, "\"footprint\":");
        report_json_footprint(r, m->footprint, out);
    } else {
        buf_append_str(out, "\"capability\":");
        report_json_object(r, m->object, out);
    }
    buf_append_char(out, '}');
}

static err_t misses(report_t *r, const addr_t *addr)
{
    err_t err = report_find_misses(r, addr);
    if (err || !r->why) {
        return err;
    }
    lookup_subject_t subject = lookup_subject(r->engine, addr);
    size_t shown = r->misses.count < REPORT_NEAR_MAX ? r->misses.count : REPORT_NEAR_MAX;
    buf_append_str(&r->out, ",\"near\":[");
    for (size_t i = 0; i < shown; i++) {
        buf_append_str(&r->out, i ? "," : "");
        miss(r, &subject, &r->misses.items[i], &r->out);
    }
    buf_printf(&r->out, "],\"near-more\":%zu", r->misses.count - shown);
    return ERR_OK;
}

static void notes(report_t *r, const addr_t *addr)
{
    buf_t *out = &r->out, note = BUF_INIT;
    size_t n = 0;
    buf_append_str(out, ",\"notes\":[");
    for (size_t i = 0; report_note(addr, i); i++) {
        buf_append_str(out, n++ ? "," : "");
        json_write_string(out, slice_str(report_note(addr, i)));
    }
    for (size_t at = 0; report_held(r, addr, &at, &note); buf_clear(&note)) {
        buf_append_str(out, n++ ? "," : "");
        json_write_string(out, buf_slice(&note));
    }
    buf_append_char(out, ']');
    out->failed |= buf_failed(&note);
    buf_release(&note);
}

err_t report_json(report_t *r, const addr_t *addr)
{
    buf_t *out = &r->out;
    buf_append_str(out, "{\"address\":\"");
    report_addr(out, addr);
    buf_append_str(out, "\",\"scope\":\"");
    report_scope(r, addr, out);
    buf_append_char(out, '"');
    attribute_set_t set = lookup_attributes(r->engine, addr);
    report_json_attributes(&set, out);
    pids(r, addr, out);
    slice_t covers = {NULL, 0};
    err_t err = report_cached(r, join_answer(r->engine->join, addr), make_covers, &covers);
    buf_append_slice(out, covers);
    err = err ? err : misses(r, addr);
    notes(r, addr);
    report_json_databases(r, out);
    buf_append_str(out, "}\n");
    return err ? err : buf_failed(out) ? ERR_NOMEM : ERR_OK;
}
