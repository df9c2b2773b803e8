#include "cost_table.h"
#include "path_vector.h"

#include "footprintd/base/json.h"

/*
 * Rows of answers as text. Most answers are sent once and have tens of thousands of costs: a cost
 * is one load and one store of a text that was made with the matrix, whatever it is part of.
 */

/* One of the numbers that each pair has. */
typedef struct plane {
    const cost_column_t *column;
    const cost_matrix_t *matrix;
    const double *ranks; /* by pair; NULL: it is what the matrix says */
} plane_t;

typedef struct cost_line {
    plane_t *planes;    /* of the shown columns, one behind the other */
    size_t depth;       /* how many */
    cost_text_t *texts; /* of a row of the answer: `depth` for each destination */
    cost_text_t *row;   /* of a row of a matrix */
    /* What all columns of paths have, and how many these are. */
    const path_table_t *paths;
    size_t path_columns;
} cost_line_t;

struct cost_line *cost_line_new(const cost_table_t *t, arena_t *arena)
{
    cost_line_t *line = arena_alloc(arena, sizeof *line);
    size_t depth = 0, size = 0, pairs = t->from.count * t->to.count;
    for (size_t i = 0; i < t->shown; i++) {
        size_t its = t->columns[i].paths ? 0 : t->columns[i].offer->costs->size;
        depth += cost_column_depth(&t->columns[i]);
        size = its > size ? its : size;
    }
    plane_t *planes = arena_array(arena, depth + 1, sizeof *planes);
    cost_text_t *texts = arena_array(arena, t->to.count * depth + 1, sizeof *texts);
    cost_text_t *row = arena_array(arena, size + 1, sizeof *row);
    if (!line || !planes || !texts || !row) {
        return NULL;
    }
    *line = (cost_line_t){.planes = planes, .texts = texts, .row = row};
    for (size_t i = 0; i < t->shown; i++) {
        const cost_column_t *c = &t->columns[i];
        if (c->paths) {
            planes[line->depth++] = (plane_t){.column = c};
            line->paths = c->paths;
            line->path_columns++;
            continue;
        }
        for (size_t k = 0; k < cost_column_depth(c); k++) {
            planes[line->depth++] = (plane_t){c, cost_column_matrix(c, k),
                                              c->offer->ranked ? c->costs + k * pairs : NULL};
        }
    }
    return line;
}

/* ---- gathering ---- */

/* As it lies there, or expanded; NULL: each is to be looked up. */
static const cost_text_t *whole_row(const cost_matrix_t *m, size_t from, size_t asked,
                                    cost_text_t *scratch)
{
    if (m->dense) {
        return m->texts + from * m->size;
    }
    if (m->starts && m->starts[from + 1] - m->starts[from] == m->size) {
        return m->texts + m->starts[from];
    }
    if (!cost_matrix_pays_by_row(m, asked)) {
        return NULL;
    }
    cost_matrix_texts(m, from, scratch);
    return scratch;
}

/* A path is long, whatever it has. */
static void gather_paths(const cost_table_t *t, const plane_t *p, size_t from, size_t step,
                         cost_text_t *out)
{
    for (size_t i = 0; i < t->to.count; i++) {
        bool found = path_table_has(p->column->paths, from * t->to.count + i);
        out[i * step] = (cost_text_t){.len = found ? COST_TEXT_LONG : 0};
    }
}

/* To every `step`th place from `out` on. */
static void gather(const cost_table_t *t, const plane_t *p, size_t from, size_t step,
                   cost_text_t *out)
{
    const size_t count = t->to.count;
    if (p->column->paths) {
        gather_paths(t, p, from, step, out);
        return;
    }
    const uint32_t *to = p->column->to, source = p->column->from[from];
    if (p->ranks || source == COST_NO_PID) {
        for (size_t i = 0; i < count; i++) {
            out[i * step] = cost_text(p->ranks ? p->ranks[from * count + i] : COST_NONE);
        }
        return;
    }
    const cost_text_t none = {.len = 0}, *row = whole_row(p->matrix, source, count, t->line->row);
    for (size_t i = 0; i < count; i++) {
        out[i * step] = to[i] == COST_NO_PID ? none
                        : row                ? row[to[i]]
                                             : cost_matrix_text(p->matrix, source, to[i]);
    }
}

static void gather_all(const cost_table_t *t, size_t from)
{
    const cost_line_t *line = t->line;
    for (size_t k = 0; k < line->depth; k++) {
        gather(t, &line->planes[k], from, line->depth, line->texts + k);
    }
}

/* ---- writing ---- */

/* Keys have four bytes at least. Their lengths are much alike: branches, and no call. */
static inline char *put_key(char *at, slice_t key)
{
    size_t n = key.len;
    if (n > 64) {
        memcpy(at, key.ptr, n);
    } else if (n >= 16) {
        for (size_t i = 0; i + 16 < n; i += 16) {
            memcpy(at + i, key.ptr + i, 16);
        }
        memcpy(at + n - 16, key.ptr + n - 16, 16);
    } else if (n >= 8) {
        memcpy(at, key.ptr, 8);
        memcpy(at + n - 8, key.ptr + n - 8, 8);
    } else {
        memcpy(at, key.ptr, 4);
        memcpy(at + n - 4, key.ptr + n - 4, 4);
    }
    return at + n;
}

static inline bool is_short(const cost_text_t *text)
{
    return (uint8_t)(text->len - 1) < COST_TEXT_MAX;
}

static inline char *put_short(char *at, const cost_text_t *text)
{
    memcpy(at, text, sizeof *text); /* its length is overwritten by what comes next */
    return at + text->len;
}

/* What is not there, or long. */
static char *put_other(const cost_table_t *t, size_t plane, size_t from, size_t to, char *at)
{
    const plane_t *p = &t->line->planes[plane];
    if (!t->line->texts[to * t->line->depth + plane].len) {
        memcpy(at, "null", 4);
        return at + 4;
    }
    if (p->column->paths) {
        return path_table_write(p->column->paths, from * t->to.count + to, at);
    }
    double cost = p->ranks ? p->ranks[from * t->to.count + to]
                           : cost_matrix_get(p->matrix, p->column->from[from], p->column->to[to]);
    return at + json_format_double(cost, at);
}

/* The costs of `count` planes of a pair, each with a comma behind it. */
static inline char *put_costs(const cost_table_t *t, size_t plane, size_t count, size_t from,
                              size_t to, char *at)
{
    const cost_text_t *texts = &t->line->texts[to * t->line->depth + plane];
    for (size_t k = 0; k < count; k++) {
        at = is_short(&texts[k]) ? put_short(at, &texts[k]) : put_other(t, plane + k, from, to, at);
        *at++ = ',';
    }
    return at;
}

/* Whether a pair has any of so many costs. */
static inline bool has_any(const cost_text_t *texts, size_t count)
{
    size_t i = 0;
    while (i < count && !texts[i].len) {
        i++;
    }
    return i < count;
}

/* Of the columns of several cost types, of which some are calendars: an array in the array. */
static char *put_nested(const cost_table_t *t, size_t from, size_t to, char *at)
{
    const cost_text_t *texts = &t->line->texts[to * t->line->depth];
    size_t plane = 0;
    for (size_t i = 0; i < t->shown; i++) {
        const cost_column_t *c = &t->columns[i];
        size_t depth = cost_column_depth(c);
        if (c->calendar && has_any(texts + plane, depth)) {
            *at++ = '[';
            at = put_costs(t, plane, depth, from, to, at);
            at[-1] = ']';
            *at++ = ',';
        } else {
            at = put_costs(t, plane, 1, from, to, at);
        }
        plane += depth;
    }
    return at;
}

/* How the costs of a pair are written. */
typedef enum shape {
    ONE,    /* 5 */
    FLAT,   /* [5,6]: of several cost types, or the intervals of a calendar */
    NESTED, /* [5,[6,7]] */
} shape_t;

static shape_t shape_of(const cost_table_t *t)
{
    bool calendars = false;
    for (size_t i = 0; i < t->shown; i++) {
        calendars |= t->columns[i].calendar != NULL;
    }
    return t->multi && calendars ? NESTED : t->multi || calendars ? FLAT : ONE;
}

/* Behind its costs, the last character of a pair is one that the next pair overwrites. */
static inline char *put_pair(const cost_table_t *t, shape_t shape, size_t from, size_t to, char *at)
{
    if (shape == ONE) {
        return put_costs(t, 0, 1, from, to, at);
    }
    *at++ = '[';
    at = shape == FLAT ? put_costs(t, 0, t->line->depth, from, to, at)
                       : put_nested(t, from, to, at);
    at[-1] = ']';
    *at++ = ',';
    return at;
}

/* Room for so many costs behind keys of so many bytes. */
static bool reserve(buf_t *out, size_t keys, size_t costs)
{
    return buf_reserve(out, keys + costs * (JSON_DOUBLE_MAX + 2) + 16);
}

/* Of the paths of a pair, which may have any length. */
static inline size_t path_room(const cost_line_t *line, size_t pair)
{
    return line->paths ? line->path_columns * path_table_room(line->paths, pair) : 0;
}

/* Behind the last pair its comma becomes the end; false: there is none. */
static bool end_row(size_t start, buf_t *out)
{
    if (out->len <= start + 1) {
        out->len = start;
        return false;
    }
    out->ptr[out->len - 1] = '}';
    return true;
}

/* For as many destinations at a time there is room for the longest costs that there may be. */
#define ROOM_COSTS 16384

/* What has no cost of any type is left out, as it is where there is one type. */
bool cost_table_row(const cost_table_t *t, size_t from, buf_t *out)
{
    const size_t start = out->len, count = t->to.count, depth = t->line->depth;
    const size_t room = depth < ROOM_COSTS ? ROOM_COSTS / depth : 1;
    const uint8_t *passed = t->passed ? t->passed + from * count : NULL;
    const shape_t shape = shape_of(t);
    gather_all(t, from);
    buf_append_char(out, '{');
    for (size_t begin = 0; begin < count; begin += room) {
        size_t end = count - begin < room ? count : begin + room, keys = 0;
        for (size_t i = begin; i < end; i++) {
            keys += t->to.keys[i].len + path_room(t->line, from * count + i);
        }
        if (!reserve(out, keys, (end - begin) * (depth + t->shown))) {
            return false;
        }
        char *at = out->ptr + out->len;
        for (size_t i = begin; i < end; i++) {
            if (has_any(t->line->texts + i * depth, depth) && (!passed || passed[i])) {
                at = put_pair(t, shape, from, i, put_key(at, t->to.keys[i]));
            }
        }
        out->len = (size_t)(at - out->ptr);
    }
    return end_row(start, out);
}

bool cost_row_write(const slice_t *keys, const cost_matrix_t *matrix, size_t from,
                    cost_text_t *texts, buf_t *out)
{
    size_t most = 0;
    cost_matrix_texts(matrix, from, texts);
    for (size_t i = 0; i < matrix->size; i++) {
        most += texts[i].len ? keys[i].len : 0;
    }
    if (!reserve(out, most, matrix->size)) {
        return false;
    }
    const size_t start = out->len;
    buf_append_char(out, '{');
    char *at = out->ptr + out->len;
    for (size_t i = 0; i < matrix->size; i++) {
        if (texts[i].len) {
            at = put_key(at, keys[i]);
            at = is_short(&texts[i])
                     ? put_short(at, &texts[i])
                     : at + json_format_double(cost_matrix_get(matrix, from, i), at);
            *at++ = ',';
        }
    }
    out->len = (size_t)(at - out->ptr);
    return end_row(start, out);
}
