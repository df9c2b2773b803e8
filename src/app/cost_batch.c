#include "cost_batch.h"

#include "footprintd/base/table.h"
#include "footprintd/base/time.h"
#include "footprintd/model/footprint.h"

#include <stdlib.h>

/* ---- reading ---- */

static err_t wrong(buf_t *why, size_t index, const char *text)
{
    buf_printf(why, "value %zu: %s", index + 1, text);
    return buf_failed(why) ? ERR_NOMEM : ERR_DATA;
}

/* The key of a pair, as a line of the file begins: names hold no comma. */
static slice_t pair_key(slice_t source, slice_t destination, arena_t *arena)
{
    size_t len = source.len + 1 + destination.len;
    char *key = arena_alloc(arena, len);
    if (key) {
        memcpy(key, source.ptr, source.len);
        key[source.len] = ',';
        memcpy(key + source.len + 1, destination.ptr, destination.len);
    }
    return slice_of(key, key ? len : 0);
}

static err_t read_time(const json_value_t *time, arena_t *arena, slice_t *out)
{
    int64_t at;
    buf_t text = BUF_INIT;
    if (time->kind != JSON_STRING || !moment_parse(time->u.text, &at)) {
        return ERR_DATA;
    }
    moment_write(at, &text);
    *out = buf_failed(&text) ? slice_of(NULL, 0) : arena_copy(arena, buf_slice(&text));
    buf_release(&text);
    return out->ptr ? ERR_OK : ERR_NOMEM;
}

static err_t read_value(const json_value_t *v, size_t index, arena_t *arena, cost_value_t *out,
                        buf_t *why)
{
    const json_value_t *source = json_get(v, "source"), *destination = json_get(v, "destination");
    const json_value_t *cost = json_get(v, "cost"), *time = json_get(v, "time");
    double number;
    if (v->kind != JSON_OBJECT || v->u.object.count != 3 + (size_t)(time != NULL)) {
        return wrong(why, index, "it is to have source, destination, cost and perhaps time");
    }
    if (!json_is_string(source) || !fp_pid_valid(source->u.text) || !json_is_string(destination) ||
        !fp_pid_valid(destination->u.text)) {
        return wrong(why, index, "source and destination are to be names of PIDs");
    }
    bool none = cost && cost->kind == JSON_NULL;
    if (!none &&
        (!cost || cost->kind != JSON_NUMBER || !json_number_double(cost->u.text, &number))) {
        return wrong(why, index, "cost is to be a number, or null for none");
    }
    *out = (cost_value_t){source->u.text, destination->u.text, none ? SLICE_LIT("") : cost->u.text,
                          SLICE_LIT(""), SLICE_LIT("")};
    err_t err = time ? read_time(time, arena, &out->time) : ERR_OK;
    return err == ERR_DATA
               ? wrong(why, index, "time is to be a moment such as 2026-11-26T16:00:00Z")
               : err;
}

err_t cost_batch_read(const json_value_t *list, arena_t *arena, cost_batch_t *out, buf_t *why)
{
    table_t pairs = TABLE_INIT;
    if (!list || list->kind != JSON_ARRAY || !list->u.array.count) {
        buf_append_str(why, "values is to be a list of costs, with one at least");
        return buf_failed(why) ? ERR_NOMEM : ERR_DATA;
    }
    size_t count = list->u.array.count;
    cost_value_t *values = arena_array(arena, count, sizeof *values);
    err_t err = values ? ERR_OK : ERR_NOMEM;
    *out = (cost_batch_t){values, count, false};
    for (size_t i = 0; i < count && !err; i++) {
        void *before = NULL;
        err = read_value(&list->u.array.items[i], i, arena, &values[i], why);
        if (!err) {
            values[i].key = pair_key(values[i].source, values[i].destination, arena);
            out->has_times |= values[i].time.len > 0;
            err = !values[i].key.ptr ? ERR_NOMEM
                                     : table_put(&pairs, values[i].key, &values[i], &before);
        }
        if (!err && before) {
            err = wrong(why, i, "its pair has a value before it");
        }
    }
    table_release(&pairs);
    return err;
}

/* ---- merging ---- */

/* A bit for each of so many sums of keys: most lines have none of the batch, and need no look-up.
 */
#define SUMS ((size_t)1 << 17)

typedef struct merge {
    const cost_batch_t *batch;
    table_t left; /* pair -> its value, until it is written */
    uint64_t *sums;
    slice_t now;
    bool timed; /* the file as it will be */
    bool add;   /* the column is new */
    buf_t key;
    slice_t kept; /* lines that stay as they are, and are not written yet */
    buf_t *out;
} merge_t;

/* Without the line's end. */
static bool next_line(slice_t *text, slice_t *line)
{
    const char *end = text->len ? memchr(text->ptr, '\n', text->len) : NULL;
    size_t len = end ? (size_t)(end - text->ptr) : text->len;
    if (!text->len) {
        return false;
    }
    *line = slice_of(text->ptr, len);
    *text = slice_of(text->ptr + len + (end != NULL), text->len - len - (end != NULL));
    if (line->len && line->ptr[line->len - 1] == '\r') {
        line->len--;
    }
    return true;
}

/* A field from the front, without quotes around it: the file was read by the model before. */
static slice_t take_field(slice_t *line)
{
    const char *comma = line->len ? memchr(line->ptr, ',', line->len) : NULL;
    size_t len = comma ? (size_t)(comma - line->ptr) : line->len;
    slice_t field = slice_of(line->ptr, len);
    *line = slice_of(line->ptr + len + (comma != NULL), line->len - len - (comma != NULL));
    if (field.len >= 2 && field.ptr[0] == '"' && field.ptr[field.len - 1] == '"') {
        field = slice_of(field.ptr + 1, field.len - 2);
    }
    return field;
}

static void write_kept(merge_t *m)
{
    buf_append_slice(m->out, m->kept);
    m->kept = slice_of(NULL, 0);
}

static void keep(merge_t *m, slice_t line, slice_t whole)
{
    if (m->add || whole.len != line.len + 1) { /* another end */
        write_kept(m);
        buf_append_slice(m->out, line);
        buf_append_str(m->out, m->add ? ",\n" : "\n");
    } else if (m->kept.len && m->kept.ptr + m->kept.len == whole.ptr) {
        m->kept.len += whole.len;
    } else {
        write_kept(m);
        m->kept = whole;
    }
}

static void write_value(merge_t *m, const cost_value_t *v)
{
    write_kept(m);
    if (!v->cost.len) {
        return;
    }
    buf_append_slice(m->out, v->key);
    buf_append_char(m->out, ',');
    buf_append_slice(m->out, v->cost);
    if (m->timed) {
        buf_append_char(m->out, ',');
        buf_append_slice(m->out, v->time.len ? v->time : m->now);
    }
    buf_append_char(m->out, '\n');
}

/* Of a key, whose last bytes are those of a number of a PID more often than not. */
static size_t sum_of(slice_t key)
{
    uint64_t first = 0, last = 0;
    size_t len = key.len < sizeof first ? key.len : sizeof first, half = key.len / 2;
    memcpy(&last, key.ptr + key.len - len, len);
    len = half < sizeof first ? half : sizeof first;
    memcpy(&first, key.ptr + half - len, len);
    return (size_t)((first * UINT64_C(0x9e3779b97f4a7c15) ^ last) * UINT64_C(0xc2b2ae3d27d4eb4f) >>
                    47);
}

static bool may_have(const merge_t *m, slice_t key)
{
    size_t sum = sum_of(key);
    return (m->sums[sum / 64] >> sum % 64 & 1) != 0;
}

/* The line, and with its end. */
static err_t merge_line(merge_t *m, slice_t line, slice_t whole)
{
    slice_t rest = line, source = take_field(&rest), destination = take_field(&rest);
    slice_t key = slice_of(line.ptr, source.len + 1 + destination.len);
    if (source.ptr != line.ptr || destination.ptr != source.ptr + source.len + 1) { /* quotes */
        buf_clear(&m->key);
        buf_append_slice(&m->key, source);
        buf_append_char(&m->key, ',');
        buf_append_slice(&m->key, destination);
        if (buf_failed(&m->key)) {
            return ERR_NOMEM;
        }
        key = buf_slice(&m->key);
    }
    const cost_value_t *v = may_have(m, key) ? table_remove(&m->left, key) : NULL;
    if (v) {
        write_value(m, v);
    } else {
        keep(m, line, whole);
    }
    return ERR_OK;
}

/* False: it is another file. */
static bool read_header(merge_t *m, slice_t line)
{
    slice_t fields[4];
    for (size_t i = 0; i < 4; i++) {
        fields[i] = take_field(&line);
    }
    bool known = slice_is(fields[0], "source") && slice_is(fields[1], "destination") &&
                 slice_is(fields[2], "cost") && !line.len;
    bool timed = slice_is(fields[3], "time");
    m->timed = timed || m->batch->has_times;
    m->add = m->timed && !timed;
    return known && (timed || !fields[3].len);
}

static err_t merge(merge_t *m, slice_t file)
{
    slice_t line;
    m->sums = calloc(SUMS / 64, sizeof *m->sums);
    if (!m->sums) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < m->batch->count; i++) {
        const cost_value_t *v = &m->batch->values[i];
        size_t sum = sum_of(v->key);
        m->sums[sum / 64] |= UINT64_C(1) << sum % 64;
        if (table_put(&m->left, v->key, (void *)(uintptr_t)v, NULL)) {
            return ERR_NOMEM;
        }
    }
    if (!buf_reserve(m->out, file.len + (file.len >> 3))) {
        return ERR_NOMEM;
    }
    buf_append_str(m->out,
                   m->timed ? "source,destination,cost,time\n" : "source,destination,cost\n");
    for (slice_t rest = file; next_line(&rest, &line); file = rest) {
        slice_t whole = slice_of(file.ptr, file.len - rest.len);
        if (line.len && merge_line(m, line, whole)) {
            return ERR_NOMEM;
        }
    }
    write_kept(m);
    for (size_t i = 0; i < m->batch->count; i++) {
        const cost_value_t *v = &m->batch->values[i];
        if (table_get(&m->left, v->key)) {
            write_value(m, v);
        }
    }
    return buf_failed(m->out) ? ERR_NOMEM : ERR_OK;
}

err_t cost_batch_merge(const cost_batch_t *batch, slice_t file, slice_t now, buf_t *out, buf_t *why)
{
    slice_t line;
    merge_t m = {.batch = batch, .left = TABLE_INIT, .now = now, .key = BUF_INIT, .out = out};
    if (!next_line(&file, &line) || !read_header(&m, line)) {
        buf_append_str(why, "the file of its costs has not the columns source,destination,cost");
        return buf_failed(why) ? ERR_NOMEM : ERR_DATA;
    }
    err_t err = merge(&m, file);
    buf_release(&m.key);
    free(m.sums);
    table_release(&m.left);
    return err;
}
