#include "difference_write.h"

static const char red[] = "\033[31m", green[] = "\033[32m", yellow[] = "\033[33m";
static const char bold[] = "\033[1m", plain[] = "\033[0m";

void difference_text_heading(const difference_text_t *t, const char *heading)
{
    buf_printf(t->out, "%s%s%s\n", t->colours ? bold : "", heading, t->colours ? plain : "");
}

void difference_text_mark(const difference_text_t *t, bool before, bool after)
{
    char mark = before && after ? '~' : after ? '+' : '-';
    const char *colour = before && after ? yellow : after ? green : red;
    buf_printf(t->out, "  %s%c%s ", t->colours ? colour : "", mark, t->colours ? plain : "");
}

void difference_text_colour(const difference_text_t *t, bool lost, const char *text)
{
    buf_printf(t->out, "%s%c%s%s", t->colours ? (lost ? red : green) : "", lost ? '-' : '+', text,
               t->colours ? plain : "");
}

void difference_text_more(const difference_text_t *t, size_t count, size_t listed)
{
    if (count > listed) {
        buf_printf(t->out, "  ... and %zu more\n", count - listed);
    }
}

static void write_audience(const model_t *m, uint32_t document, buf_t *out)
{
    size_t count = document == UINT32_MAX ? 0 : m->documents[document].audience_count;
    for (size_t i = 0; i < count; i++) {
        buf_append_str(out, i ? ", " : "");
        buf_append_printable(out, m->documents[document].audience[i], "");
    }
    buf_append_str(out, count ? "" : "every uCDN");
}

static void audience(const difference_text_t *t, uint32_t before, uint32_t after)
{
    buf_append_str(t->out, "      audience: ");
    write_audience(t->d->before.model, before, t->out);
    buf_append_str(t->out, " -> ");
    write_audience(t->d->after.model, after, t->out);
    buf_append_char(t->out, '\n');
}

static void place(const model_t *m, uint32_t document, uint32_t line, buf_t *out)
{
    buf_append_printable(out, m->documents[document].file, "");
    buf_printf(out, ":%lu", (unsigned long)line);
}

/* ---- values ---- */

static void listed(const difference_text_t *t, const fp_values_t *v, const uint32_t *at,
                   size_t count, size_t all, bool lost)
{
    for (size_t i = 0; i < count; i++) {
        char text[FP_VALUE_TEXT_MAX];
        char line[FP_VALUE_TEXT_MAX + 32];
        slice_t value = fp_value_text(v, at[i], text);
        size_t len = value.len < sizeof line - 1 ? value.len : sizeof line - 1;
        memcpy(line, value.ptr, len);
        line[len] = '\0';
        buf_append_char(t->out, ' ');
        difference_text_colour(t, lost, line);
    }
    if (all > count) {
        buf_printf(t->out, " ... (%zu %s)", all, lost ? "removed" : "added");
    }
}

static void values(const difference_text_t *t, const difference_values_t *v, size_t count,
                   bool conditions)
{
    for (size_t i = 0; i < count; i++, v++) {
        buf_append_str(t->out, "      ");
        if (v->in_union) {
            buf_append_str(t->out, "footprintunion ");
        }
        buf_append_str(t->out, fp_type_infos[v->type].name);
        if (conditions && !v->in_union && (!v->before || !v->after)) {
            buf_append_str(t->out, v->before ? " (no condition any more)" : " (a new condition)");
        }
        buf_append_char(t->out, ':');
        listed(t, v->before, v->removed_at, v->removed_listed, v->removed, true);
        listed(t, v->after, v->added_at, v->added_listed, v->added, false);
        buf_append_char(t->out, '\n');
    }
}

/* ---- documents ---- */

static void footprint(const difference_text_t *t, const difference_footprint_t *f)
{
    buf_t *out = t->out;
    difference_text_mark(t, f->before != NULL, f->after != NULL);
    buf_append_printable(out, f->after ? f->after->name : f->before->name, "");
    buf_append_str(out, "  ");
    if (f->after) {
        place(t->d->after.model, f->after->document, f->after->line, out);
    }
    if (f->before) {
        buf_append_str(out, f->after ? ", was " : "");
        place(t->d->before.model, f->before->document, f->before->line, out);
    }
    buf_append_char(out, '\n');
    values(t, f->values, f->value_count, f->before && f->after);
    if (f->audience) {
        audience(t, f->before->document, f->after->document);
    }
}

static void map(const difference_text_t *t, const difference_map_t *m)
{
    buf_t *out = t->out;
    const model_network_map_t *any = m->after ? m->after : m->before;
    difference_text_mark(t, m->before != NULL, m->after != NULL);
    buf_append_str(out, "network map ");
    buf_append_printable(out, any->id, "");
    buf_append_char(out, '\n');
    if (m->before && m->after && m->before->is_default != m->after->is_default) {
        buf_printf(out, "      %s\n",
                   m->after->is_default ? "becomes the default" : "is the default no more");
    }
    if (m->audience) {
        audience(t, m->before->document, m->after->document);
    }
    for (size_t i = 0; i < m->pid_count; i++) {
        const difference_pid_t *p = &m->pids[i];
        buf_append_str(out, "  ");
        difference_text_mark(t, p->before != NULL, p->after != NULL);
        buf_append_printable(out, p->after ? p->after->name : p->before->name, "");
        buf_append_char(out, '\n');
        values(t, p->values, p->value_count, false);
    }
    difference_text_more(t, difference_tally_sum(m->tally), m->pid_count);
}

static void costs(const difference_text_t *t, const difference_costs_t *c)
{
    buf_t *out = t->out;
    difference_text_mark(t, c->before != NULL, c->after != NULL);
    buf_append_str(out, "cost map ");
    buf_append_printable(out, c->after ? c->after->id : c->before->id, "");
    buf_printf(out, ": %zu costs changed, %zu added, %zu removed\n", c->tally.changed,
               c->tally.added, c->tally.removed);
    if (c->type) {
        buf_append_str(out, "      another cost type or network map\n");
    }
    if (c->audience) {
        audience(t, c->before->document, c->after->document);
    }
}

void difference_text_documents(const difference_text_t *t)
{
    const difference_t *d = t->d;
    if (d->footprint_count) {
        difference_text_heading(t, "Footprints");
    }
    for (size_t i = 0; i < d->footprint_count; i++) {
        footprint(t, &d->footprints[i]);
    }
    difference_text_more(t, difference_tally_sum(d->footprint_tally), d->footprint_count);
    if (d->map_count) {
        difference_text_heading(t, "Network maps");
    }
    for (size_t i = 0; i < d->map_count; i++) {
        map(t, &d->maps[i]);
    }
    if (d->cost_count) {
        difference_text_heading(t, "Cost maps");
    }
    for (size_t i = 0; i < d->cost_count; i++) {
        costs(t, &d->costs[i]);
    }
}

/* ---- objects ---- */

static void constraint_values(const fp_values_t *v, size_t most, buf_t *out)
{
    buf_printf(out, "%s ", fp_type_infos[v->type].name);
    for (size_t i = 0; i < v->count && i < most; i++) {
        char text[FP_VALUE_TEXT_MAX];
        slice_t value = fp_value_text(v, i, text);
        buf_printf(out, "%s%.*s", i ? ", " : "", SLICE_ARG(value));
    }
    if (v->count > most) {
        buf_printf(out, ", ... (%zu values)", v->count);
    }
}

/* Values that are shown of each list in an object: enough to know it by. */
#define OBJECT_VALUES 3

static void set(const fp_set_t *s, buf_t *out)
{
    buf_append_str(out, s->count ? "" : MODEL_EVERYWHERE);
    for (size_t i = 0; i < s->count; i++) {
        const fp_constraint_t *c = &s->constraints[i];
        buf_append_str(out, i ? "; and " : "");
        if (c->type != FP_UNION) {
            constraint_values(c->values, OBJECT_VALUES, out);
            continue;
        }
        for (size_t m = 0; m < c->member_count; m++) {
            buf_append_str(out, m ? " or " : "");
            constraint_values(c->members[m], OBJECT_VALUES, out);
        }
    }
}

static void object_side(const difference_text_t *t, const model_t *m, const model_object_t *o,
                        bool before)
{
    buf_append_str(t->out, "      ");
    difference_text_colour(t, before, " ");
    if (o->footprint) {
        buf_append_printable(t->out, o->footprint->name, "");
        buf_append_str(t->out, ": ");
    }
    set(&o->footprints, t->out);
    buf_append_str(t->out, "  ");
    place(m, o->document, o->line, t->out);
    buf_append_char(t->out, '\n');
}

static void object(const difference_text_t *t, const difference_object_t *o)
{
    const capability_t *c = o->after ? o->after->capability : o->before->capability;
    difference_text_mark(t, o->before != NULL, o->after != NULL);
    buf_append_printable(t->out, c->name, "");
    buf_append_char(t->out, ' ');
    buf_append_printable(t->out, c->text, "");
    buf_append_char(t->out, '\n');
    if (o->before) {
        object_side(t, t->d->before.model, o->before, true);
    }
    if (o->after) {
        object_side(t, t->d->after.model, o->after, false);
    }
    if (o->audience) {
        audience(t, o->before->document, o->after->document);
    }
}

void difference_text_objects(const difference_text_t *t)
{
    buf_t heading = BUF_INIT;
    for (size_t i = 0; i < t->d->advertisement_count; i++) {
        const difference_advertisement_t *a = &t->d->advertisements[i];
        buf_clear(&heading);
        buf_append_str(&heading, "Objects of ");
        buf_append_printable(&heading, a->id, "");
        if (!a->in_before || !a->in_after) {
            buf_append_str(&heading, a->in_after ? ", which is added" : ", which is removed");
        }
        buf_append_char(&heading, '\0');
        difference_text_heading(t, buf_failed(&heading) ? "" : heading.ptr);
        for (size_t k = 0; k < a->object_count; k++) {
            object(t, &a->objects[k]);
        }
        difference_text_more(t, difference_tally_sum(a->tally), a->object_count);
    }
    t->out->failed |= buf_failed(&heading);
    buf_release(&heading);
}

void difference_write_text(const difference_t *d, bool colours, buf_t *out)
{
    difference_text_t t = {d, out, colours};
    if (!d->same) {
        difference_text_documents(&t);
        difference_text_objects(&t);
        difference_text_coverage(&t);
        difference_text_guard(&t);
    }
    buf_append_str(out, colours ? bold : "");
    difference_write_summary(d, out);
    buf_append_str(out, colours ? plain : "");
    buf_append_char(out, '\n');
}
