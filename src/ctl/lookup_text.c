#include "lookup_forms.h"

#include "explain_text.h"
#include "footprintd/store/databases.h"

/* Where the second column begins. */
#define COLUMN 16
/* Of a capability value. */
#define VALUE_SHOWN 240
/* Capability values are in it. */
#define JSON_DEPTH 200

/* The label on the first line of a part, nothing on its others. */
static void label(buf_t *out, const char *text, bool first)
{
    buf_printf(out, "  %-*s", COLUMN - 2, first ? text : "");
}

static void place(const report_t *r, uint32_t document, uint32_t line, buf_t *out)
{
    bool restricted;
    const model_document_t *d = report_document(r, document, &restricted);
    report_printable(out, d->file, false);
    buf_printf(out, ":%u", line);
    if (restricted) {
        buf_append_str(out, ", only for ");
        for (size_t i = 0; i < d->audience_count; i++) {
            buf_printf(out, "%s%.*s", i ? ", " : "", SLICE_ARG(d->audience[i]));
        }
    }
    buf_append_char(out, '\n');
}

static void attributes(const attribute_set_t *a, buf_t *out)
{
    label(out, "country", true);
    if (a->country) {
        report_code(out, a->country);
    } else {
        buf_append_str(out, "not known");
    }
    buf_append_char(out, '\n');
    label(out, a->subdivision_count == 1 ? "subdivision" : "subdivisions", true);
    for (size_t i = 0; i < a->subdivision_count; i++) {
        buf_append_str(out, i ? ", " : "");
        report_code(out, a->subdivisions[i]);
    }
    buf_append_str(out, a->subdivision_count ? "\n" : "not known\n");
    label(out, "AS number", true);
    if (a->has_asn) {
        buf_printf(out, "as%lu\n", (unsigned long)a->asn);
    } else {
        buf_append_str(out, "not known\n");
    }
}

static void pids(const report_t *r, const addr_t *addr, buf_t *out)
{
    bool first = true;
    for (size_t i = 0; i < r->engine->map_count; i++) {
        const model_pid_t *pid = lookup_pid(r->engine, i, addr);
        if (pid) {
            label(out, "PID", first);
            buf_printf(out, "%.*s in %.*s%s\n", SLICE_ARG(pid->name),
                       SLICE_ARG(r->engine->maps[i].id),
                       report_map_restricted(r, i) ? ", not for all" : "");
            first = false;
        }
    }
    if (first) {
        label(out, "PID", true);
        buf_append_str(out, "none\n");
    }
}

static void footprints(const report_t *r, buf_t *out)
{
    const lookup_covers_t *c = &r->covers;
    size_t width = 0;
    for (size_t i = 0; i < c->footprint_count; i++) {
        size_t len = r->engine->model->footprints[c->footprints[i]].name.len;
        width = len > width ? len : width;
    }
    for (size_t i = 0; i < c->footprint_count; i++) {
        const model_footprint_t *f = &r->engine->model->footprints[c->footprints[i]];
        label(out, "footprints", i == 0);
        buf_printf(out, "%-*.*s  ", (int)width, SLICE_ARG(f->name));
        place(r, f->document, f->line, out);
    }
    if (!c->footprint_count) {
        label(out, "footprints", true);
        buf_append_str(out, "none\n");
    }
}

static void capability(const report_t *r, lookup_object_t at, buf_t *out)
{
    const model_object_t *o = lookup_object_at(r->engine, at);
    report_printable(out, o->capability->name, false);
    buf_printf(out, " in %.*s\n", SLICE_ARG(r->engine->model->advertisements[at.advertisement].id));
    label(out, "", false);
    slice_t value = utf8_truncate(o->capability->text, VALUE_SHOWN);
    buf_append_str(out, "  ");
    report_printable(out, value, false);
    buf_append_str(out, value.len < o->capability->text.len ? " ...\n" : "\n");
}

/* Objects that differ in their footprints alone stand side by side. */
static bool same_capability(const report_t *r, lookup_object_t a, lookup_object_t b)
{
    return a.advertisement == b.advertisement &&
           lookup_object_at(r->engine, a)->capability == lookup_object_at(r->engine, b)->capability;
}

static void capabilities(const report_t *r, buf_t *out)
{
    const lookup_covers_t *c = &r->covers;
    for (size_t i = 0; i < c->object_count; i++) {
        const model_object_t *o = lookup_object_at(r->engine, c->objects[i]);
        if (i == 0 || !same_capability(r, c->objects[i - 1], c->objects[i])) {
            label(out, "capabilities", i == 0);
            capability(r, c->objects[i], out);
        }
        label(out, "", false);
        if (o->footprint) {
            buf_printf(out, "  by %.*s, ", SLICE_ARG(o->footprint->name));
        } else {
            buf_append_str(out, o->footprints.count ? "  by its own footprints, "
                                                    : "  " MODEL_EVERYWHERE ", ");
        }
        place(r, o->document, o->line, out);
    }
    if (!c->object_count) {
        label(out, "capabilities", true);
        buf_append_str(out, "none\n");
    }
}

static void miss(const report_t *r, const lookup_subject_t *subject, const lookup_miss_t *m,
                 bool first, buf_t *out)
{
    label(out, r->why_one ? "not in" : "near, not in", first);
    if (m->footprint != UINT32_MAX) {
        const model_footprint_t *f = &r->engine->model->footprints[m->footprint];
        buf_printf(out, "%.*s, ", SLICE_ARG(f->name));
        place(r, f->document, f->line, out);
    } else {
        const model_object_t *o = lookup_object_at(r->engine, m->object);
        report_printable(out, o->capability->name, false);
        buf_append_str(out, " by its own footprints, ");
        place(r, o->document, o->line, out);
    }
    for (size_t i = 0; i < m->set->count; i++) {
        if (!lookup_constraint_holds(subject, &m->set->constraints[i], NULL)) {
            label(out, "", false);
            buf_append_str(out, "  ");
            report_reason(subject, &m->set->constraints[i], out);
            buf_append_char(out, '\n');
        }
    }
}

static err_t misses(report_t *r, const addr_t *addr)
{
    err_t err = report_find_misses(r, addr);
    lookup_subject_t subject = lookup_subject(r->engine, addr);
    for (size_t i = 0; i < r->misses.count && i < REPORT_NEAR_MAX && !err; i++) {
        miss(r, &subject, &r->misses.items[i], i == 0, &r->out);
    }
    if (!err && r->misses.count > REPORT_NEAR_MAX) {
        label(&r->out, "", false);
        buf_printf(&r->out, "and %zu more\n", r->misses.count - REPORT_NEAR_MAX);
    }
    return err;
}

err_t report_text(report_t *r, const addr_t *addr)
{
    buf_t *out = &r->out, note = BUF_INIT;
    err_t err = lookup_covers_find(r->engine, join_answer(r->engine->join, addr), &r->covers);
    if (err) {
        return err;
    }
    report_addr(out, addr);
    buf_append_char(out, '\n');
    label(out, "holds for", true);
    report_scope(r, addr, out);
    buf_append_char(out, '\n');
    attribute_set_t a = lookup_attributes(r->engine, addr);
    attributes(&a, out);
    pids(r, addr, out);
    footprints(r, out);
    capabilities(r, out);
    err = misses(r, addr);
    for (size_t i = 0; report_note(addr, i); i++) {
        label(out, "note", true);
        buf_printf(out, "%s\n", report_note(addr, i));
    }
    for (size_t at = 0; report_held(r, addr, &at, &note); buf_clear(&note)) {
        label(out, "note", true);
        buf_append_printable(out, buf_slice(&note), "");
        buf_append_char(out, '\n');
    }
    out->failed |= buf_failed(&note);
    buf_release(&note);
    buf_append_char(out, '\n');
    return err ? err : buf_failed(out) ? ERR_NOMEM : ERR_OK;
}

err_t report_text_prefix(report_t *r, const prefix_t *prefix, bool host_bits)
{
    arena_t arena;
    json_value_t *root = NULL;
    size_t start = r->out.len;
    arena_init(&arena, 0);
    err_t err = report_json_prefix(r, prefix, host_bits);
    buf_t text = BUF_INIT;
    slice_t json = slice_of(r->out.ptr + start, r->out.len - start);
    err = err ? err : json_parse(json, JSON_DEPTH, &arena, &root, NULL);
    if (!err) {
        explain_write_prefix(root, true, &text);
    }
    r->out.len = start;
    buf_append_slice(&r->out, buf_slice(&text));
    err = err ? err : buf_failed(&text) || buf_failed(&r->out) ? ERR_NOMEM : ERR_OK;
    buf_release(&text);
    arena_release(&arena);
    return err;
}

void report_text_end(report_t *r)
{
    buf_t *out = &r->out;
    size_t documents = r->engine->model->document_count;
    buf_append_str(out, "By\n");
    label(out, "documents", true);
    buf_printf(out, "%zu in ", documents);
    report_printable(out, slice_str(r->directory), false);
    buf_append_char(out, '\n');
    bool any = false;
    for (unsigned i = 0; r->engine->attributes && i < ATTRIBUTE_SOURCE_COUNT; i++) {
        const attribute_info_t *info = attributes_info(r->engine->attributes,
                                                       (attribute_source_t)i);
        if (!info) {
            continue;
        }
        char date[STORE_DATABASE_DATE_MAX];
        store_database_date(info, date);
        uint64_t age = store_database_age_days(info, r->now);
        label(out, store_database_names[i], true);
        report_printable(out, info->database_type, false);
        buf_printf(out, " of %s, %llu day%s old, ", date, (unsigned long long)age,
                   age == 1 ? "" : "s");
        report_printable(out, info->file, false);
        buf_append_char(out, '\n');
        any = true;
    }
    if (!any) {
        label(out, "databases", true);
        buf_append_str(out, "none: nothing is known by country, subdivision or AS number\n");
    }
}
