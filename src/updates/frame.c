#include "footprintd/updates/frame.h"

#include "footprintd/alto/services.h"

#include <stdlib.h>

static const char *const patch_media[FRAME_KIND_COUNT] = {
    [FRAME_MERGE] = ALTO_MEDIA_MERGE_PATCH, [FRAME_JSON] = ALTO_MEDIA_JSON_PATCH};

/* ---- cutting ---- */

typedef struct cutter {
    frame_t *frame;
    size_t cap;
    size_t line;    /* bytes of the line so far */
    bool in_string; /* at the end of the last bytes */
    bool failed;
} cutter_t;

static void add_piece(cutter_t *c, slice_t text, bool ends_line)
{
    frame_t *f = c->frame;
    if (f->count == c->cap) {
        size_t cap = c->cap ? c->cap * 2 : 4;
        frame_piece_t *grown = realloc(f->pieces, cap * sizeof *grown);
        if (!grown) {
            c->failed = true;
            return;
        }
        f->pieces = grown;
        c->cap = cap;
    }
    f->pieces[f->count++] = (frame_piece_t){text.ptr, text.len, ends_line};
    f->size += text.len;
    f->line_count += ends_line;
    c->line = ends_line ? 0 : c->line + text.len;
}

/* The offset behind the first comma from `from` on that is not in a string; 0: there is none. */
static size_t next_break(cutter_t *c, slice_t text, size_t from)
{
    bool in_string = c->in_string;
    for (size_t i = 0; i < text.len; i++) {
        char ch = text.ptr[i];
        if (in_string) {
            i += ch == '\\';
            in_string = ch != '"';
        } else if (ch == '"') {
            in_string = true;
        } else if (ch == ',' && i >= from) {
            c->in_string = false;
            return i + 1;
        }
    }
    c->in_string = in_string;
    return 0;
}

static void cut(cutter_t *c, slice_t text)
{
    while (text.len && !c->failed) {
        size_t from = c->line < FRAME_LINE_MIN ? FRAME_LINE_MIN - c->line : 0;
        size_t end = next_break(c, text, from);
        bool ends_line = end && end < text.len;
        end = end ? end : text.len;
        add_piece(c, slice_of(text.ptr, end), ends_line);
        text = slice_of(text.ptr + end, text.len - end);
    }
}

/* ---- life ---- */

static frame_t *frame_new(frame_kind_t kind, const char *media_type)
{
    frame_t *f = calloc(1, sizeof *f);
    if (f) {
        atomic_init(&f->refs, 1);
        f->kind = kind;
        f->media_type = kind == FRAME_FULL ? media_type : patch_media[kind];
    }
    return f;
}

static err_t finish(cutter_t *c, frame_t **out)
{
    c->frame->line_count++;
    if (c->failed) {
        frame_unref(c->frame);
        return ERR_NOMEM;
    }
    *out = c->frame;
    return ERR_OK;
}

err_t frame_new_text_take(frame_kind_t kind, const char *media_type, char *text, size_t size,
                          frame_t **out)
{
    frame_t *f = text ? frame_new(kind, media_type) : NULL;
    if (!f) {
        free(text);
        return ERR_NOMEM;
    }
    f->text = text;
    cutter_t c = {.frame = f};
    cut(&c, slice_of(text, size));
    return finish(&c, out);
}

err_t frame_new_body(const char *media_type, body_t *body, frame_t **out)
{
    frame_t *f = frame_new(FRAME_FULL, media_type);
    if (!f) {
        return ERR_NOMEM;
    }
    f->body = body_ref(body);
    cutter_t c = {.frame = f};
    for (size_t i = 0; i < body->count; i++) {
        cut(&c, body->segments[i]);
    }
    return finish(&c, out);
}

/* The buffer's memory, cut to what is used. */
static err_t take_buf(frame_kind_t kind, const char *media_type, buf_t *text, frame_t **out)
{
    if (buf_failed(text) || !text->ptr) {
        buf_release(text);
        return ERR_NOMEM;
    }
    char *fitting = realloc(text->ptr, text->len ? text->len : 1);
    return frame_new_text_take(kind, media_type, fitting ? fitting : text->ptr, text->len, out);
}

err_t frame_new_tree(const char *media_type, const node_t *root, frame_t **out)
{
    buf_t text = BUF_INIT;
    (void)buf_reserve(&text, root->size);
    node_write(root, &text);
    return take_buf(FRAME_FULL, media_type, &text, out);
}

err_t frame_new_message_tree(const message_kind_t *kind, const node_t *root, frame_t **out)
{
    buf_t text = BUF_INIT;
    (void)buf_reserve(&text, root->size);
    message_write(kind, root, &text);
    err_t err = buf_failed(&text) ? ERR_NOMEM
                                  : frame_new_message(kind->media_type, buf_slice(&text), out);
    buf_release(&text);
    return err;
}

err_t frame_new_message(const char *media_type, slice_t message, frame_t **out)
{
    frame_t *f = frame_new(FRAME_FULL, media_type);
    cutter_t c = {.frame = f};
    char *text = malloc(message.len ? message.len : 1);
    if (!f || !text) {
        free(text);
        frame_unref(f);
        return ERR_NOMEM;
    }
    memcpy(text, message.ptr, message.len);
    f->text = text;
    for (const char *at = text, *end = text + message.len; at < end && !c.failed;) {
        const char *line_end = memmem(at, (size_t)(end - at), "\r\n", 2);
        slice_t line = slice_of(at, (size_t)((line_end ? line_end : end) - at));
        at = line_end ? line_end + 2 : end;
        c.in_string = false;
        c.line = 0;
        cut(&c, line);
        if (!line.len) {
            add_piece(&c, line, at < end);
        } else if (!c.failed && at < end) {
            f->pieces[f->count - 1].ends_line = true;
            f->line_count++;
        }
    }
    return finish(&c, out);
}

/* A whole document as the value of one operation, its guard included, is not longer than this. */
#define PATCH_FRAME_MAX 512

err_t frame_new_patch(const node_t *from, const node_t *to, frame_t **out)
{
    buf_t json = BUF_INIT, merge = BUF_INIT;
    err_t err = patch_json(from, to, to->size + PATCH_FRAME_MAX, &json);
    err_t other = err ? err : patch_merge(from, to, json.len, &merge);
    bool merged = !err && !other;
    if (err || other == ERR_NOMEM) {
        buf_release(&json);
        buf_release(&merge);
        return err ? err : other;
    }
    buf_t *text = merged ? &merge : &json;
    buf_release(merged ? &json : &merge);
    err = patch_verify(merged ? PATCH_MERGE : PATCH_JSON, buf_slice(text), from, to);
    if (err) {
        buf_release(text);
        return err;
    }
    return take_buf(merged ? FRAME_MERGE : FRAME_JSON, NULL, text, out);
}

/* Behind the last of *first; both parts have the name. */
static err_t add_part(slice_t name, const node_t *from, const node_t *to, frame_t **last)
{
    frame_t *f = NULL;
    err_t err = frame_new_patch(from, to, &f);
    if (err) {
        return err;
    }
    *last = f;
    f->part = malloc(name.len + 1);
    if (!f->part) {
        return ERR_NOMEM;
    }
    memcpy(f->part, name.ptr, name.len);
    f->part[name.len] = '\0';
    return ERR_OK;
}

err_t frame_new_part_patches(const node_t *from, const node_t *to, frame_t **out)
{
    frame_t *first = NULL, **last = &first;
    err_t err = from->count == to->count ? ERR_OK : ERR_NOT_FOUND;
    for (size_t i = 0; i < to->part_count && !err; i++) {
        const node_run_t *run = to->parts.runs[i];
        for (size_t k = 0; k < run->count && !err; k++) {
            slice_t name = node_run_name(run, k);
            const node_t *before = node_get(from, name);
            if (!before) {
                err = ERR_NOT_FOUND;
            } else if (before != run->nodes[k]) {
                err = add_part(name, before, run->nodes[k], last);
                last = *last ? &(*last)->next : last;
            }
        }
    }
    if (err || !first) {
        frame_unref(first);
        return err ? err : ERR_NOT_FOUND;
    }
    *out = first;
    return ERR_OK;
}

size_t frame_total(const frame_t *f)
{
    size_t total = 0;
    for (; f; f = f->next) {
        total += f->size;
    }
    return total;
}

frame_t *frame_ref(frame_t *f)
{
    atomic_fetch_add_explicit(&f->refs, 1, memory_order_relaxed);
    return f;
}

void frame_unref(frame_t *f)
{
    while (f && atomic_fetch_sub_explicit(&f->refs, 1, memory_order_acq_rel) == 1) {
        frame_t *next = f->next;
        free(f->pieces);
        free(f->text);
        free(f->part);
        body_unref(f->body);
        free(f);
        f = next;
    }
}
