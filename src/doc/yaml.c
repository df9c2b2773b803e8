#include "yaml.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <yaml.h>

/* An event kept for replay; its text lies in the arena. */
typedef struct kept {
    doc_event_t ev;
} kept_t;

typedef struct anchor {
    slice_t name;
    size_t first; /* in the log of kept events */
    size_t end;   /* one past the last; 0 while the node is still open */
    unsigned depth;
} anchor_t;

struct yaml_source {
    yaml_parser_t parser;
    slice_t text;
    yaml_event_t event; /* owns the text of the last event */
    bool has_event;
    const doc_limits_t *limits;
    unsigned depth;
    bool document_seen;
    bool over;

    kept_t *log;
    size_t log_count, log_cap;
    anchor_t *anchors;
    size_t anchor_count, anchor_cap;
    size_t open_anchors; /* events are kept while there are any */
    size_t aliases, replayed;
    size_t replay_at, replay_end;
    arena_t arena;
};

static bool fail(source_error_t *error, finding_code_t code, const yaml_mark_t *mark,
                 const char *text)
{
    error->code = code;
    error->line = mark ? (uint32_t)mark->line + 1 : 0;
    error->column = mark ? (uint32_t)mark->column + 1 : 0;
    (void)snprintf(error->text, sizeof error->text, "%s", text);
    return false;
}

static bool out_of_memory(source_error_t *error)
{
    return fail(error, SOURCE_NOMEM, NULL, "out of memory");
}

err_t yaml_source_new(slice_t text, const doc_limits_t *limits, yaml_source_t **out)
{
    yaml_source_t *y = calloc(1, sizeof *y);
    if (!y) {
        return ERR_NOMEM;
    }
    if (!yaml_parser_initialize(&y->parser)) {
        free(y);
        return ERR_NOMEM;
    }
    /* A byte order mark is no part of the text (YAML 1.2, 5.2). */
    if (text.len >= 3 && !memcmp(text.ptr, "\xef\xbb\xbf", 3)) {
        text = slice_of(text.ptr + 3, text.len - 3);
    }
    y->text = text;
    y->limits = limits;
    arena_init(&y->arena, 0);
    yaml_parser_set_encoding(&y->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&y->parser, (const unsigned char *)(text.len ? text.ptr : ""),
                                 text.len);
    *out = y;
    return ERR_OK;
}

void yaml_source_free(yaml_source_t *y)
{
    if (!y) {
        return;
    }
    if (y->has_event) {
        yaml_event_delete(&y->event);
    }
    yaml_parser_delete(&y->parser);
    free(y->log);
    free(y->anchors);
    arena_release(&y->arena);
    free(y);
}

static json_kind_t resolve_plain(slice_t s)
{
    if (s.len == 0 || slice_is(s, "null")) {
        return JSON_NULL;
    }
    if (slice_is(s, "true") || slice_is(s, "false")) {
        return JSON_BOOL;
    }
    return json_number_valid(s) ? JSON_NUMBER : JSON_STRING;
}

static bool keep(yaml_source_t *y, const doc_event_t *ev)
{
    if (y->log_count == y->log_cap) {
        size_t cap = y->log_cap ? y->log_cap * 2 : 64;
        kept_t *grown = realloc(y->log, cap * sizeof *grown);
        if (!grown) {
            return false;
        }
        y->log = grown;
        y->log_cap = cap;
    }
    kept_t *k = &y->log[y->log_count++];
    k->ev = *ev;
    k->ev.text = arena_copy(&y->arena, ev->text);
    return !arena_failed(&y->arena);
}

static bool open_anchor(yaml_source_t *y, const char *name)
{
    if (y->anchor_count == y->anchor_cap) {
        size_t cap = y->anchor_cap ? y->anchor_cap * 2 : 8;
        anchor_t *grown = realloc(y->anchors, cap * sizeof *grown);
        if (!grown) {
            return false;
        }
        y->anchors = grown;
        y->anchor_cap = cap;
    }
    slice_t copy = arena_copy(&y->arena, slice_str(name));
    y->anchors[y->anchor_count++] = (anchor_t){copy, y->log_count, 0, y->depth};
    y->open_anchors++;
    return copy.ptr != NULL;
}

/* The node that an anchor names is complete when the depth is back where it began. */
static void close_anchors(yaml_source_t *y)
{
    for (size_t i = y->anchor_count; i-- > 0 && y->open_anchors;) {
        anchor_t *a = &y->anchors[i];
        if (!a->end && a->depth == y->depth) {
            a->end = y->log_count;
            y->open_anchors--;
        }
    }
}

static const anchor_t *find_anchor(const yaml_source_t *y, slice_t name)
{
    for (size_t i = y->anchor_count; i-- > 0;) {
        if (slice_eq(y->anchors[i].name, name)) {
            return &y->anchors[i];
        }
    }
    return NULL;
}

/* Emits an event of the document or of a replay: depth, limits, keeping. */
static bool emit(yaml_source_t *y, const doc_event_t *ev, const yaml_mark_t *mark,
                 source_error_t *error)
{
    if (ev->kind == DOC_EV_MAP || ev->kind == DOC_EV_SEQ) {
        if (++y->depth > y->limits->depth) {
            return fail(error, FINDING_LIMIT, mark, "collections are nested too deep");
        }
    } else if (ev->kind == DOC_EV_MAP_END || ev->kind == DOC_EV_SEQ_END) {
        assert(y->depth > 0);
        y->depth--;
    } else if (ev->text.len > y->limits->scalar_bytes) {
        return fail(error, FINDING_LIMIT, mark, "a scalar is too long");
    }
    if (y->open_anchors) {
        if (!keep(y, ev)) {
            return out_of_memory(error);
        }
        if (ev->kind != DOC_EV_MAP && ev->kind != DOC_EV_SEQ) {
            close_anchors(y);
        }
    }
    return true;
}

static bool start_replay(yaml_source_t *y, source_error_t *error)
{
    const yaml_mark_t *mark = &y->event.start_mark;
    const anchor_t *a = find_anchor(y, slice_str((const char *)y->event.data.alias.anchor));
    if (!a) {
        return fail(error, FINDING_SYNTAX, mark, "an alias names an anchor that is not defined");
    }
    if (!a->end) {
        return fail(error, FINDING_SYNTAX, mark, "an alias stands inside the node that it names");
    }
    if (++y->aliases > y->limits->aliases) {
        return fail(error, FINDING_LIMIT, mark, "too many aliases");
    }
    y->replayed += a->end - a->first;
    if (y->replayed > y->limits->alias_events) {
        return fail(error, FINDING_LIMIT, mark, "aliases expand to too much");
    }
    y->replay_at = a->first;
    y->replay_end = a->end;
    return true;
}

static bool node(yaml_source_t *y, const unsigned char *anchor, const unsigned char *tag,
                 source_error_t *error)
{
    if (tag) {
        return fail(error, FINDING_YAML_FEATURE, &y->event.start_mark,
                    "tags are not permitted in documents");
    }
    if (anchor && !open_anchor(y, (const char *)anchor)) {
        return out_of_memory(error);
    }
    return true;
}

/* The reader of libyaml knows a byte offset only; its mark is where the scanner was. */
static yaml_mark_t mark_of_offset(const yaml_source_t *y, size_t offset)
{
    yaml_mark_t mark = {offset, 0, 0};
    for (size_t i = 0; i < offset && i < y->text.len; i++) {
        char c = y->text.ptr[i];
        if (c == '\n') {
            mark.line++;
            mark.column = 0;
        } else if ((c & 0xc0) != 0x80) {
            mark.column++;
        }
    }
    return mark;
}

static bool parser_error(yaml_source_t *y, source_error_t *error)
{
    const yaml_parser_t *p = &y->parser;
    if (p->error == YAML_READER_ERROR) {
        yaml_mark_t mark = mark_of_offset(y, p->problem_offset);
        return fail(error, FINDING_SYNTAX, &mark, p->problem ? p->problem : "unreadable text");
    }
    if (p->error == YAML_MEMORY_ERROR) {
        return out_of_memory(error);
    }
    (void)fail(error, FINDING_SYNTAX, &p->problem_mark, "");
    if (p->context) {
        (void)snprintf(error->text, sizeof error->text, "%s, %s (from line %zu)",
                       p->problem ? p->problem : "not YAML", p->context, p->context_mark.line + 1);
    } else {
        (void)snprintf(error->text, sizeof error->text, "%s", p->problem ? p->problem : "not YAML");
    }
    return false;
}

static bool scalar(yaml_source_t *y, doc_event_t *ev, source_error_t *error)
{
    const yaml_event_t *e = &y->event;
    bool plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    ev->kind = DOC_EV_SCALAR;
    ev->text = slice_of((const char *)e->data.scalar.value, e->data.scalar.length);
    ev->scalar = plain ? resolve_plain(ev->text) : JSON_STRING;
    return node(y, e->data.scalar.anchor, e->data.scalar.tag, error) &&
           emit(y, ev, &e->start_mark, error);
}

/* One libyaml event. *done: *ev is to be given out. */
static bool step(yaml_source_t *y, doc_event_t *ev, bool *done, source_error_t *error)
{
    const yaml_event_t *e = &y->event;
    *ev = (doc_event_t){.line = (uint32_t)e->start_mark.line + 1,
                        .column = (uint32_t)e->start_mark.column + 1};
    *done = true;
    switch (e->type) {
    case YAML_DOCUMENT_START_EVENT:
        *done = false;
        if (y->document_seen) {
            return fail(error, FINDING_YAML_FEATURE, &e->start_mark,
                        "a file holds one document only");
        }
        y->document_seen = true;
        return true;
    case YAML_STREAM_END_EVENT:
        y->over = true;
        ev->kind = DOC_EV_END;
        return true;
    case YAML_ALIAS_EVENT:
        *done = false;
        return start_replay(y, error);
    case YAML_SCALAR_EVENT:
        return scalar(y, ev, error);
    case YAML_MAPPING_START_EVENT:
        ev->kind = DOC_EV_MAP;
        return node(y, e->data.mapping_start.anchor, e->data.mapping_start.tag, error) &&
               emit(y, ev, &e->start_mark, error);
    case YAML_SEQUENCE_START_EVENT:
        ev->kind = DOC_EV_SEQ;
        return node(y, e->data.sequence_start.anchor, e->data.sequence_start.tag, error) &&
               emit(y, ev, &e->start_mark, error);
    case YAML_MAPPING_END_EVENT:
        ev->kind = DOC_EV_MAP_END;
        return emit(y, ev, &e->start_mark, error);
    case YAML_SEQUENCE_END_EVENT:
        ev->kind = DOC_EV_SEQ_END;
        return emit(y, ev, &e->start_mark, error);
    default: /* stream start, document end */
        *done = false;
        return true;
    }
}

bool yaml_source_next(yaml_source_t *y, doc_event_t *ev, source_error_t *error)
{
    if (y->over) {
        *ev = (doc_event_t){.kind = DOC_EV_END};
        return true;
    }
    for (;;) {
        if (y->replay_at < y->replay_end) {
            /* Copied out: keeping it again may move the log. */
            *ev = y->log[y->replay_at++].ev;
            yaml_mark_t mark = {0, ev->line - 1, ev->column - 1};
            return emit(y, ev, &mark, error);
        }
        if (y->has_event) {
            yaml_event_delete(&y->event);
            y->has_event = false;
        }
        if (!yaml_parser_parse(&y->parser, &y->event)) {
            return parser_error(y, error);
        }
        y->has_event = true;
        bool done = false;
        if (!step(y, ev, &done, error)) {
            return false;
        }
        if (done) {
            return true;
        }
    }
}
