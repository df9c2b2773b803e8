#include "lookup_forms.h"

#define TAB(out) buf_append_char((out), '\t')

static void mark_restricted(const report_t *r, uint32_t document, buf_t *out)
{
    bool restricted;
    (void)report_document(r, document, &restricted);
    buf_append_str(out, restricted ? "!" : "");
}

/*
 * The types of an advertisement are side by side, one after the other; a type that is restricted in
 * part is not marked.
 */
static void capabilities(const report_t *r, buf_t *out)
{
    const model_t *m = r->engine->model;
    bool any = false;
    for (size_t i = 0; i < r->covers.object_count;) {
        const model_object_t *first = lookup_object_at(r->engine, r->covers.objects[i]);
        bool all = true;
        size_t k = i;
        for (; k < r->covers.object_count; k++) {
            const model_object_t *o = lookup_object_at(r->engine, r->covers.objects[k]);
            if (r->covers.objects[k].advertisement != r->covers.objects[i].advertisement ||
                !slice_eq(o->capability->name, first->capability->name)) {
                break;
            }
            bool restricted;
            (void)report_document(r, o->document, &restricted);
            all &= restricted;
        }
        buf_append_str(out, any ? "," : "");
        buf_append_slice(out, m->advertisements[r->covers.objects[i].advertisement].id);
        buf_append_char(out, '=');
        report_printable(out, first->capability->name, true);
        buf_append_str(out, all ? "!" : "");
        any = true;
        i = k;
    }
    buf_append_str(out, any ? "\n" : "-\n");
}

static void make_covers(report_t *r, buf_t *out)
{
    for (size_t i = 0; i < r->covers.footprint_count; i++) {
        const model_footprint_t *f = &r->engine->model->footprints[r->covers.footprints[i]];
        buf_append_str(out, i ? "," : "");
        buf_append_slice(out, f->name);
        mark_restricted(r, f->document, out);
    }
    buf_append_str(out, r->covers.footprint_count ? "\t" : "-\t");
    capabilities(r, out);
}

static void pids(const report_t *r, const addr_t *addr, buf_t *out)
{
    bool any = false;
    for (size_t i = 0; i < r->engine->map_count; i++) {
        const model_pid_t *pid = lookup_pid(r->engine, i, addr);
        if (pid) {
            buf_append_str(out, any ? "," : "");
            buf_append_slice(out, r->engine->maps[i].id);
            buf_append_char(out, '=');
            buf_append_slice(out, pid->name);
            buf_append_str(out, report_map_restricted(r, i) ? "!" : "");
            any = true;
        }
    }
    buf_append_str(out, any ? "" : "-");
}

err_t report_brief(report_t *r, const addr_t *addr)
{
    buf_t *out = &r->out;
    attribute_set_t a = lookup_attributes(r->engine, addr);
    report_addr(out, addr);
    TAB(out);
    report_scope(r, addr, out);
    TAB(out);
    if (a.country) {
        report_code(out, a.country);
    } else {
        buf_append_char(out, '-');
    }
    TAB(out);
    for (size_t i = 0; i < a.subdivision_count; i++) {
        buf_append_str(out, i ? "," : "");
        report_code(out, a.subdivisions[i]);
    }
    buf_append_str(out, a.subdivision_count ? "\t" : "-\t");
    if (a.has_asn) {
        buf_append_str(out, "as");
        buf_append_u64(out, a.asn);
    } else {
        buf_append_char(out, '-');
    }
    TAB(out);
    pids(r, addr, out);
    TAB(out);
    slice_t covers = {NULL, 0};
    err_t err = report_cached(r, join_answer(r->engine->join, addr), make_covers, &covers);
    buf_append_slice(out, covers);
    return err ? err : buf_failed(out) ? ERR_NOMEM : ERR_OK;
}
