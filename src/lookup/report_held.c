#include "footprintd/base/time.h"
#include "footprintd/lookup/report.h"
#include "footprintd/store/directory.h"

/* What is not in force, where somebody asks why an address has not what it should have. */

static bool has_address(const lookup_subject_t *s, const model_footprint_t *f)
{
    for (size_t i = 0; i < f->set_count; i++) {
        size_t held = 0;
        while (held < f->sets[i].count &&
               lookup_constraint_holds(s, &f->sets[i].constraints[held], NULL)) {
            held++;
        }
        if (held == f->sets[i].count) {
            return true;
        }
    }
    return false;
}

static void append_place(const model_t *m, const model_timed_t *t, buf_t *out)
{
    buf_printf(out, " (%.*s:%u)", SLICE_ARG(store_document_name(m->documents[t->document].file)),
               t->line);
}

static void append_until(const model_timed_t *t, buf_t *out)
{
    if (t->window.until != INT64_MAX) {
        buf_append_str(out, " until ");
        moment_write(t->window.until, out);
    }
}

static bool is_withdrawn(const model_timed_t *t, model_timed_kind_t kind)
{
    return t->kind == kind && t->state == MODEL_TIMED_IN_FORCE;
}

/* Why the footprint is not in force: a withdrawal, or its own window. */
static void append_why(const model_t *m, const model_footprint_t *f, buf_t *out)
{
    buf_printf(out, "footprint '%.*s' has it and is not in force", SLICE_ARG(f->name));
    for (size_t i = 0; i < m->timed_count; i++) {
        const model_timed_t *t = &m->timed[i];
        if (!slice_eq(t->name, f->name)) {
            continue;
        }
        if (is_withdrawn(t, MODEL_TIMED_WITHDRAWAL_OF_FOOTPRINT)) {
            buf_append_str(out, ": withdrawn");
            append_until(t, out);
            append_place(m, t, out);
        } else if (t->kind == MODEL_TIMED_FOOTPRINT && t->state == MODEL_TIMED_WAITING) {
            buf_append_str(out, ": not before ");
            moment_write(t->window.from, out);
            append_place(m, t, out);
        } else if (t->kind == MODEL_TIMED_FOOTPRINT && t->state == MODEL_TIMED_ENDED) {
            buf_append_str(out, ": not after ");
            moment_write(t->window.until, out);
            append_place(m, t, out);
        }
    }
}

bool report_held(const report_t *r, const addr_t *addr, size_t *at, buf_t *out)
{
    const model_t *m = r->engine->model;
    lookup_subject_t subject = lookup_subject(r->engine, addr);
    for (; *at < m->held_footprint_count; ++*at) {
        const model_footprint_t *f = &m->held_footprints[*at];
        if (has_address(&subject, f)) {
            append_why(m, f, out);
            ++*at;
            return true;
        }
    }
    for (; *at < m->held_footprint_count + m->timed_count; ++*at) {
        const model_timed_t *t = &m->timed[*at - m->held_footprint_count];
        if (is_withdrawn(t, MODEL_TIMED_WITHDRAWAL_OF_CAPABILITY)) {
            buf_printf(out, "capabilities of type %.*s are withdrawn", SLICE_ARG(t->name));
            append_until(t, out);
            append_place(m, t, out);
            ++*at;
            return true;
        }
    }
    return false;
}
