#include "remote_difference.h"

#include "footprintd/store/directory.h"

/* A difference, from the JSON of a server: the lines that footprintctl diff has. */

/* Values that are shown of each list in an object: enough to know it by. */
#define OBJECT_VALUES 3

void remote_heading(const remote_writer_t *w, const char *text)
{
    buf_printf(w->out, "%s%s%s\n", w->colours ? "\033[1m" : "", text, w->colours ? "\033[0m" : "");
}

void remote_more(const remote_writer_t *w, const json_value_t *list)
{
    uint64_t count = remote_number(list, "more");
    if (count) {
        buf_printf(w->out, "  ... and %llu more\n", (unsigned long long)count);
    }
}

void remote_signed(const remote_writer_t *w, bool lost, slice_t text)
{
    buf_printf(w->out, "%s%c", w->colours ? (lost ? "\033[31m" : "\033[32m") : "",
               lost ? '-' : '+');
    buf_append_printable(w->out, text, "");
    buf_append_str(w->out, w->colours ? "\033[0m" : "");
}

static void mark(const remote_writer_t *t, const json_value_t *item)
{
    slice_t change = remote_text(item, "change");
    bool added = slice_is(change, "added"), removed = slice_is(change, "removed");
    buf_printf(t->out, "  %s%c%s ",
               !t->colours ? ""
               : added     ? "\033[32m"
               : removed   ? "\033[31m"
                           : "\033[33m",
               added     ? '+'
               : removed ? '-'
                         : '~',
               t->colours ? "\033[0m" : "");
}

static void place(const remote_writer_t *t, const json_value_t *side)
{
    buf_append_printable(t->out, store_document_name(remote_text(side, "document")), "");
    buf_append_char(t->out, ':');
    remote_append(side, "line", t->out);
}

static void listed(const remote_writer_t *t, const json_value_t *v, bool lost)
{
    const json_value_t *list = json_get(v, lost ? "removed-values" : "added-values");
    uint64_t all = remote_number(v, lost ? "removed" : "added");
    for (size_t i = 0; i < remote_count(list); i++) {
        const json_value_t *item = &list->u.array.items[i];
        buf_append_char(t->out, ' ');
        remote_signed(t, lost, json_is_string(item) ? item->u.text : SLICE_LIT("?"));
    }
    if (all > remote_count(list)) {
        buf_printf(t->out, " ... (%llu %s)", (unsigned long long)all, lost ? "removed" : "added");
    }
}

/* Those that see it, or everybody. */
static void audience_of(const json_value_t *side, buf_t *out)
{
    const json_value_t *list = json_get(side, "audience");
    for (size_t i = 0; i < remote_count(list); i++) {
        const json_value_t *name = &list->u.array.items[i];
        buf_append_str(out, i ? ", " : "");
        buf_append_printable(out, json_is_string(name) ? name->u.text : SLICE_LIT("?"), "");
    }
    buf_append_str(out, remote_count(list) ? "" : "every uCDN");
}

static void audience(const remote_writer_t *t, const json_value_t *before,
                     const json_value_t *after)
{
    const json_value_t *a = json_get(before, "audience"), *b = json_get(after, "audience");
    if (a && b && !json_equal(a, b)) {
        buf_append_str(t->out, "      audience: ");
        audience_of(before, t->out);
        buf_append_str(t->out, " -> ");
        audience_of(after, t->out);
        buf_append_char(t->out, '\n');
    }
}

/* `conditions`: to have no values of a type is to have no condition. */
static void values(const remote_writer_t *t, const json_value_t *item, bool conditions)
{
    const json_value_t *list = json_get(item, "values");
    for (size_t i = 0; i < remote_count(list); i++) {
        const json_value_t *v = &list->u.array.items[i];
        buf_append_str(t->out, remote_number(v, "union") ? "      footprintunion " : "      ");
        remote_append(v, "footprint-type", t->out);
        if (conditions && !remote_number(v, "union") &&
            (!remote_number(v, "before") || !remote_number(v, "after"))) {
            buf_append_str(t->out, remote_number(v, "before") ? " (no condition any more)"
                                                              : " (a new condition)");
        }
        buf_append_char(t->out, ':');
        listed(t, v, true);
        listed(t, v, false);
        buf_append_char(t->out, '\n');
    }
}

static void footprints(const remote_writer_t *t, const json_value_t *all)
{
    const json_value_t *list = json_get(all, "items");
    for (size_t i = 0; i < remote_count(list); i++) {
        const json_value_t *f = &list->u.array.items[i];
        const json_value_t *before = json_get(f, "before"), *after = json_get(f, "after");
        bool had = before && before->kind == JSON_OBJECT, has = after && after->kind == JSON_OBJECT;
        if (i == 0) {
            remote_heading(t, "Footprints");
        }
        mark(t, f);
        remote_append(f, "name", t->out);
        buf_append_str(t->out, "  ");
        if (has) {
            place(t, after);
        }
        if (had) {
            buf_append_str(t->out, has ? ", was " : "");
            place(t, before);
        }
        buf_append_char(t->out, '\n');
        values(t, f, had && has);
        audience(t, before, after);
    }
    remote_more(t, all);
}

static void maps(const remote_writer_t *t, const json_value_t *list)
{
    for (size_t i = 0; i < remote_count(list); i++) {
        const json_value_t *m = &list->u.array.items[i], *pids = json_get(m, "items");
        if (i == 0) {
            remote_heading(t, "Network maps");
        }
        mark(t, m);
        buf_append_str(t->out, "network map ");
        remote_append(m, "network-map", t->out);
        buf_append_char(t->out, '\n');
        bool now = remote_true(m, "default-after");
        if (slice_is(remote_text(m, "change"), "changed") &&
            now != remote_true(m, "default-before")) {
            buf_printf(t->out, "      %s\n",
                       now ? "becomes the default" : "is the default no more");
        }
        if (remote_true(m, "audience-changed")) {
            buf_append_str(t->out, "      another audience\n");
        }
        for (size_t k = 0; k < remote_count(pids); k++) {
            const json_value_t *pid = &pids->u.array.items[k];
            buf_append_str(t->out, "  ");
            mark(t, pid);
            remote_append(pid, "pid", t->out);
            buf_append_char(t->out, '\n');
            values(t, pid, false);
        }
        remote_more(t, m);
    }
}

static void costs(const remote_writer_t *t, const json_value_t *list)
{
    for (size_t i = 0; i < remote_count(list); i++) {
        const json_value_t *c = &list->u.array.items[i];
        if (i == 0) {
            remote_heading(t, "Cost maps");
        }
        mark(t, c);
        buf_append_str(t->out, "cost map ");
        remote_append(c, "cost-map", t->out);
        buf_printf(t->out, ": %llu costs changed, %llu added, %llu removed\n",
                   (unsigned long long)remote_number(c, "changed"),
                   (unsigned long long)remote_number(c, "added"),
                   (unsigned long long)remote_number(c, "removed"));
        if (remote_true(c, "type-changed")) {
            buf_append_str(t->out, "      another cost type or network map\n");
        }
        if (remote_true(c, "audience-changed")) {
            buf_append_str(t->out, "      another audience\n");
        }
    }
}

/* ---- objects ---- */

static void constraint(const remote_writer_t *t, const json_value_t *c)
{
    const json_value_t *list = json_get(c, "footprint-value");
    bool is_union = slice_is(remote_text(c, "footprint-type"), "footprintunion");
    size_t count = remote_count(list);
    size_t most = is_union || count < OBJECT_VALUES ? count : OBJECT_VALUES;
    if (!is_union) {
        remote_append(c, "footprint-type", t->out);
    }
    for (size_t i = 0; i < most; i++) {
        const json_value_t *v = &list->u.array.items[i];
        if (json_is_string(v)) {
            buf_append_str(t->out, i ? ", " : " ");
            buf_append_printable(t->out, v->u.text, "");
        } else if (is_union && v->kind == JSON_OBJECT) {
            /* A union has no unions. */
            buf_append_str(t->out, i ? " or " : "");
            remote_append(v, "footprint-type", t->out);
            const json_value_t *inner = json_get(v, "footprint-value");
            for (size_t k = 0; k < remote_count(inner) && k < OBJECT_VALUES; k++) {
                const json_value_t *text = &inner->u.array.items[k];
                buf_append_str(t->out, k ? ", " : " ");
                buf_append_printable(t->out, json_is_string(text) ? text->u.text : SLICE_LIT("?"),
                                     "");
            }
        }
    }
    uint64_t all = count + remote_number(c, "more");
    if (all > most) {
        buf_printf(t->out, ", ... (%llu values)", (unsigned long long)all);
    }
}

static void side(const remote_writer_t *t, const json_value_t *o, bool before)
{
    const json_value_t *list = json_get(o, "footprints"), *name = json_get(o, "footprint");
    if (!o || o->kind != JSON_OBJECT) {
        return;
    }
    buf_printf(t->out, "      %s%c %s", t->colours ? (before ? "\033[31m" : "\033[32m") : "",
               before ? '-' : '+', t->colours ? "\033[0m" : "");
    if (json_is_string(name)) {
        buf_append_printable(t->out, name->u.text, "");
        buf_append_str(t->out, remote_count(list) ? ": " : "");
    }
    for (size_t i = 0; i < remote_count(list); i++) {
        buf_append_str(t->out, i ? "; and " : "");
        constraint(t, &list->u.array.items[i]);
    }
    buf_append_str(t->out, "  ");
    place(t, o);
    buf_append_char(t->out, '\n');
}

static void object(const remote_writer_t *t, const json_value_t *o)
{
    buf_t value = BUF_INIT;
    const json_value_t *v = json_get(o, "capability-value");
    mark(t, o);
    remote_append(o, "capability-type", t->out);
    buf_append_char(t->out, ' ');
    if (v) {
        json_write_value(&value, v);
    }
    buf_append_printable(t->out, buf_slice(&value), "");
    t->out->failed |= buf_failed(&value);
    buf_release(&value);
    buf_append_char(t->out, '\n');
    side(t, json_get(o, "before"), true);
    side(t, json_get(o, "after"), false);
    audience(t, json_get(o, "before"), json_get(o, "after"));
}

static void advertisements(const remote_writer_t *t, const json_value_t *list)
{
    for (size_t i = 0; i < remote_count(list); i++) {
        const json_value_t *a = &list->u.array.items[i], *objects = json_get(a, "items");
        slice_t change = remote_text(a, "change");
        buf_append_str(t->out, t->colours ? "\033[1m" : "");
        buf_append_str(t->out, "Objects of ");
        remote_append(a, "advertisement", t->out);
        if (!slice_is(change, "changed")) {
            buf_append_str(t->out, ", which is ");
            remote_append(a, "change", t->out);
        }
        buf_append_str(t->out, t->colours ? "\033[0m\n" : "\n");
        for (size_t k = 0; k < remote_count(objects); k++) {
            object(t, &objects->u.array.items[k]);
        }
        remote_more(t, a);
    }
}

void remote_difference(const json_value_t *difference, bool colours, buf_t *out)
{
    const remote_writer_t w = {out, colours};
    footprints(&w, json_get(difference, "footprints"));
    maps(&w, json_get(difference, "network-maps"));
    costs(&w, json_get(difference, "cost-maps"));
    advertisements(&w, json_get(difference, "advertisements"));
    remote_coverage(&w, difference);
    remote_guard(&w, difference);
    buf_append_str(out, colours ? "\033[1m" : "");
    remote_append(difference, "summary", out);
    buf_append_str(out, colours ? "\033[0m\n" : "\n");
}
