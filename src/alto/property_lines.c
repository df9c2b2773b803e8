#include "property_writer.h"

#include <stdlib.h>

static bool is_listed(const line_t *line, size_t property)
{
    return line->listed ? line->listed[property] : line->values[property] != 0;
}

static bool lists_any(const writer_t *w, const line_t *line)
{
    for (size_t i = 0; i < w->q->property_count; i++) {
        if (is_listed(line, i)) {
            return true;
        }
    }
    return false;
}

err_t writer_line(writer_t *w, const line_t *line)
{
    size_t n = 0;
    if (w->written >= w->c->in.max_entities) {
        return ERR_LIMIT;
    }
    if (w->written++) {
        buf_append_char(w->out, ',');
    }
    if (line->spelling.ptr) {
        json_write_string(w->out, line->spelling);
    } else {
        buf_append_char(w->out, '"');
        entity_prefix_text(&line->prefix, w->out);
        buf_append_char(w->out, '"');
    }
    buf_append(w->out, ":{", 2);
    for (size_t i = 0; i < w->q->property_count && !w->q->existence; i++) {
        if (!is_listed(line, i)) {
            continue;
        }
        if (n++) {
            buf_append_char(w->out, ',');
        }
        buf_append_slice(w->out, w->q->properties[i]->quoted);
        if (line->values[i]) {
            property_number_text(w->c, w->q->properties[i], line->values[i], w->out);
        } else {
            buf_append(w->out, "null", 4);
        }
    }
    buf_append_char(w->out, '}');
    return ERR_OK;
}

static int cmp_prefix(const line_t *x, const line_t *y)
{
    if (x->prefix.family != y->prefix.family) {
        return x->prefix.family < y->prefix.family ? -1 : 1;
    }
    return entity_prefix_cmp(&x->prefix, &y->prefix);
}

/* By prefix; of one prefix, the line with the client's spelling first. */
static int cmp_line(const void *px, const void *py)
{
    const line_t *x = px, *y = py;
    int cmp = cmp_prefix(x, y);
    return cmp ? cmp : (y->spelling.ptr != NULL) - (x->spelling.ptr != NULL);
}

/*
 * What several requests say of one entity is one member. Each request's lines by themselves give
 * every address of its prefix the right values by longest match, and so do all of them together:
 * the longest of all that lists a property is the longest of one request. Where two of one prefix
 * list it they say the same, or some longer one decides everywhere; so the first may speak.
 */
static err_t merge_into(writer_t *w, line_t *into, const line_t *more)
{
    size_t count = w->q->property_count;
    bool news = false;
    for (size_t i = 0; i < count; i++) {
        news |= is_listed(more, i) && !is_listed(into, i);
    }
    if (!news) {
        return ERR_OK;
    }
    uint64_t *values = arena_array(w->arena, count, sizeof *values);
    bool *listed = arena_array(w->arena, count, sizeof *listed);
    if (!values || !listed) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        listed[i] = is_listed(into, i) || is_listed(more, i);
        values[i] = is_listed(into, i) ? into->values[i] : more->values[i];
    }
    into->values = values;
    into->listed = listed;
    return ERR_OK;
}

/* Sorts, and leaves one line for an entity. ERR_LIMIT: more entities than an answer may have. */
static err_t merge(writer_t *w)
{
    size_t kept = 0, listing = 0;
    err_t err = ERR_OK;
    if (w->line_count > 1) {
        qsort(w->lines, w->line_count, sizeof *w->lines, cmp_line);
    }
    for (size_t i = 0; i < w->line_count && !err; i++) {
        if (kept && !cmp_prefix(&w->lines[kept - 1], &w->lines[i])) {
            err = merge_into(w, &w->lines[kept - 1], &w->lines[i]);
        } else {
            w->lines[kept++] = w->lines[i];
        }
    }
    w->line_count = err ? w->line_count : kept;
    for (size_t i = 0; i < kept && !err; i++) {
        listing += lists_any(w, &w->lines[i]);
    }
    return !err && listing > w->c->in.max_entities ? ERR_LIMIT : err;
}

err_t lines_add(writer_t *w, line_t line)
{
    if (w->line_count == w->line_most) {
        /* Many requests may say the same of the same entities, again and again. */
        err_t err = w->line_most ? merge(w) : ERR_OK;
        if (err) {
            return err;
        }
        size_t more = 4 * w->c->in.max_entities;
        w->line_most = w->line_count + (w->line_count > more ? w->line_count : more);
    }
    if (w->line_count == w->line_cap) {
        size_t cap = w->line_cap ? w->line_cap * 2 : 64;
        line_t *grown = realloc(w->lines, cap * sizeof *grown);
        if (!grown) {
            return ERR_NOMEM;
        }
        w->lines = grown;
        w->line_cap = cap;
    }
    w->lines[w->line_count++] = line;
    return ERR_OK;
}

err_t lines_write(writer_t *w)
{
    err_t err = merge(w);
    for (size_t i = 0; i < w->line_count && !err; i++) {
        if (lists_any(w, &w->lines[i])) {
            err = writer_line(w, &w->lines[i]);
        }
    }
    return err;
}
