#include "remote.h"

#include <stdlib.h>

/* A difference, from the JSON of a server: the lines that footprintctl diff has. */

/* Values that are shown of each list in an object: enough to know it by. */
#define OBJECT_VALUES 3

typedef struct text {
    buf_t *out;
    bool colours;
} text_t;

static void heading(const text_t *t, const char *text)
{
    buf_printf(t->out, "%s%s%s\n", t->colours ? "\033[1m" : "", text, t->colours ? "\033[0m" : "");
}

static void mark(const text_t *t, const json_value_t *item)
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

static void more(const text_t *t, const json_value_t *list)
{
    uint64_t count = remote_number(list, "more");
    if (count) {
        buf_printf(t->out, "  ... and %llu more\n", (unsigned long long)count);
    }
}

static void place(const text_t *t, const json_value_t *side)
{
    remote_append(side, "document", t->out);
    buf_append_char(t->out, ':');
    remote_append(side, "line", t->out);
}

static void listed(const text_t *t, const json_value_t *v, bool lost)
{
    const json_value_t *list = json_get(v, lost ? "removed-values" : "added-values");
    uint64_t all = remote_number(v, lost ? "removed" : "added");
    for (size_t i = 0; i < remote_count(list); i++) {
        const json_value_t *item = &list->u.array.items[i];
        buf_printf(t->out, " %s%c", t->colours ? (lost ? "\033[31m" : "\033[32m") : "",
                   lost ? '-' : '+');
        buf_append_printable(t->out, json_is_string(item) ? item->u.text : SLICE_LIT("?"), "");
        buf_append_str(t->out, t->colours ? "\033[0m" : "");
    }
    if (all > remote_count(list)) {
        buf_printf(t->out, " ... (%llu %s)", (unsigned long long)all, lost ? "removed" : "added");
    }
}

static void values(const text_t *t, const json_value_t *item)
{
    const json_value_t *list = json_get(item, "values");
    for (size_t i = 0; i < remote_count(list); i++) {
        const json_value_t *v = &list->u.array.items[i];
        buf_append_str(t->out, remote_number(v, "union") ? "      footprintunion " : "      ");
        remote_append(v, "footprint-type", t->out);
        buf_append_char(t->out, ':');
        listed(t, v, true);
        listed(t, v, false);
        buf_append_char(t->out, '\n');
    }
}

static void footprints(const text_t *t, const json_value_t *all)
{
    const json_value_t *list = json_get(all, "items");
    for (size_t i = 0; i < remote_count(list); i++) {
        const json_value_t *f = &list->u.array.items[i];
        const json_value_t *before = json_get(f, "before"), *after = json_get(f, "after");
        bool had = before && before->kind == JSON_OBJECT, has = after && after->kind == JSON_OBJECT;
        if (i == 0) {
            heading(t, "Footprints");
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
        values(t, f);
    }
    more(t, all);
}

static void maps(const text_t *t, const json_value_t *list)
{
    for (size_t i = 0; i < remote_count(list); i++) {
        const json_value_t *m = &list->u.array.items[i], *pids = json_get(m, "items");
        if (i == 0) {
            heading(t, "Network maps");
        }
        mark(t, m);
        buf_append_str(t->out, "network map ");
        remote_append(m, "network-map", t->out);
        buf_append_char(t->out, '\n');
        for (size_t k = 0; k < remote_count(pids); k++) {
            const json_value_t *pid = &pids->u.array.items[k];
            buf_append_str(t->out, "  ");
            mark(t, pid);
            remote_append(pid, "pid", t->out);
            buf_append_char(t->out, '\n');
            values(t, pid);
        }
        more(t, m);
    }
}

/* ---- objects ---- */

static void constraint(const text_t *t, const json_value_t *c)
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

static void side(const text_t *t, const json_value_t *o, bool before)
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

static void object(const text_t *t, const json_value_t *o)
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
}

static void advertisements(const text_t *t, const json_value_t *list)
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
        more(t, a);
    }
}

/* ---- guard rails ---- */

static void percent(const text_t *t, const json_value_t *b, const char *name)
{
    /* "%.6g" of a share; a text of ours ends in a NUL behind json_parse's copy or not: copied. */
    char number[32] = "";
    slice_t text = remote_text(b, name);
    memcpy(number, text.ptr, text.len < sizeof number ? text.len : sizeof number - 1);
    buf_printf(t->out, "%.3g%%", strtod(number, NULL) * 100);
}

static void breach(const text_t *t, const json_value_t *b)
{
    bool lost = slice_is(remote_text(b, "change"), "lost");
    slice_t rail = remote_text(b, "rail"), family = remote_text(b, "family");
    int version = slice_is(family, "ipv4") ? 4 : 6;
    slice_t advertisement = remote_text(b, "advertisement");
    buf_append_str(t->out, "    ");
    buf_append_printable(t->out, advertisement.len ? advertisement : SLICE_LIT("everything"), "");
    if (remote_text(b, "capability-type").len) {
        buf_append_char(t->out, ' ');
        remote_append(b, "capability-type", t->out);
    }
    if (slice_is(rail, "nothing-left")) {
        buf_append_str(t->out, ": nothing would be covered any more\n");
        return;
    }
    buf_append_str(t->out, lost ? " loses " : " gains ");
    percent(t, b, "share");
    if (slice_is(rail, "countries")) {
        buf_append_str(t->out, lost ? " of its countries" : " more countries");
    } else if (slice_is(rail, "country")) {
        buf_printf(t->out, " of the IPv%d addresses of ", version);
        remote_append(b, "country", t->out);
    } else {
        buf_printf(t->out, lost ? " of its IPv%d addresses" : " more IPv%d addresses", version);
    }
    buf_append_str(t->out, " (allowed: ");
    percent(t, b, "allowed");
    buf_append_str(t->out, ")\n");
}

bool remote_guard_asks(const json_value_t *difference)
{
    return remote_true(json_get(difference, "guard-rails"), "asks");
}

void remote_difference(const json_value_t *difference, bool colours, buf_t *out)
{
    const text_t t = {out, colours};
    const json_value_t *guard = json_get(difference, "guard-rails");
    footprints(&t, json_get(difference, "footprints"));
    maps(&t, json_get(difference, "network-maps"));
    advertisements(&t, json_get(difference, "advertisements"));
    if (remote_guard_asks(difference)) {
        const json_value_t *list = json_get(guard, "items");
        heading(&t, "Asks for a confirmation");
        for (size_t i = 0; i < remote_count(list); i++) {
            breach(&t, &list->u.array.items[i]);
        }
        more(&t, guard);
    }
    buf_append_str(out, colours ? "\033[1m" : "");
    remote_append(difference, "summary", out);
    buf_append_str(out, colours ? "\033[0m\n" : "\n");
}
