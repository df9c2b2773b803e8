#include "footprintd/doc/events.h"

#include "footprintd/base/table.h"
#include "yaml.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

const doc_limits_t doc_limits_default = {
    .bytes = (size_t)64 << 20,
    .depth = 32,
    .scalar_bytes = (size_t)64 << 10,
    .aliases = 256,
    .alias_events = 65536,
};

/* One open collection. */
typedef struct level {
    bool map;
    bool at_key;  /* map: the last event of this level was a key */
    size_t index; /* sequence: of the current item, counted from 1 */
    slice_t key;  /* map: the current key, in the arena */
    table_t keys; /* map: every key so far */
} level_t;

struct doc_reader {
    doc_format_t format;
    slice_t file;
    const doc_limits_t *limits;
    findings_t *findings;
    yaml_source_t *yaml;
    json_reader_t json;
    bool has_json;
    doc_event_t event;
    bool dead;
    bool nomem;
    level_t *levels; /* limits->depth of them */
    size_t depth;
    arena_t arena; /* keys */
};

err_t doc_reader_new(slice_t text, doc_format_t format, slice_t file, const doc_limits_t *limits,
                     findings_t *f, doc_reader_t **out)
{
    doc_reader_t *r = calloc(1, sizeof *r);
    if (!r) {
        return ERR_NOMEM;
    }
    r->format = format;
    r->file = file;
    r->limits = limits ? limits : &doc_limits_default;
    r->findings = f;
    arena_init(&r->arena, 0);
    r->levels = calloc(r->limits->depth + 1, sizeof *r->levels);
    err_t err = r->levels ? ERR_OK : ERR_NOMEM;
    if (!err && format == DOC_YAML) {
        err = yaml_source_new(text, r->limits, &r->yaml);
    } else if (!err) {
        /* One level more, so that what is too deep is found here, as it is for YAML. */
        err = json_reader_init(&r->json, text, r->limits->depth + 1);
        r->has_json = !err;
    }
    if (err) {
        doc_reader_free(r);
        return err;
    }
    place_t whole = {file, 0, 0};
    if (text.len > r->limits->bytes) {
        findings_add(f, FINDING_LIMIT, whole, SLICE_LIT(""), (slice_t){0},
                     "the file has %zu bytes; at most %zu are read", text.len, r->limits->bytes);
        r->dead = true;
    } else if (!utf8_valid(text)) {
        findings_add(f, FINDING_ENCODING, whole, SLICE_LIT(""), (slice_t){0},
                     "the file is not valid UTF-8");
        r->dead = true;
    }
    *out = r;
    return ERR_OK;
}

void doc_reader_free(doc_reader_t *r)
{
    if (!r) {
        return;
    }
    for (size_t i = 0; r->levels && i < r->depth; i++) {
        table_release(&r->levels[i].keys);
    }
    free(r->levels);
    yaml_source_free(r->yaml);
    if (r->has_json) {
        json_reader_release(&r->json);
    }
    arena_release(&r->arena);
    free(r);
}

static void pointer_token(buf_t *out, slice_t token)
{
    buf_append_char(out, '/');
    for (size_t i = 0; i < token.len; i++) {
        if (token.ptr[i] == '~') {
            buf_append_str(out, "~0");
        } else if (token.ptr[i] == '/') {
            buf_append_str(out, "~1");
        } else {
            buf_append_char(out, token.ptr[i]);
        }
    }
}

void doc_reader_pointer(const doc_reader_t *r, buf_t *out)
{
    /* The event that opens or closes a collection is the collection's, not its first item's. */
    size_t depth = r->depth;
    if (depth && (r->event.kind == DOC_EV_MAP || r->event.kind == DOC_EV_SEQ)) {
        depth--;
    }
    for (size_t i = 0; i < depth; i++) {
        const level_t *level = &r->levels[i];
        if (level->map) {
            pointer_token(out, level->key);
        } else {
            buf_printf(out, "/%zu", level->index ? level->index - 1 : 0);
        }
    }
}

void doc_reader_find(doc_reader_t *r, finding_code_t code, slice_t suggestion, const char *fmt, ...)
{
    buf_t pointer = BUF_INIT;
    doc_reader_pointer(r, &pointer);
    va_list args;
    va_start(args, fmt);
    place_t place = {r->file, r->event.line, r->event.column};
    findings_addv(r->findings, code, place, buf_slice(&pointer), suggestion, fmt, args);
    va_end(args);
    r->findings->failed |= buf_failed(&pointer);
    buf_release(&pointer);
}

static const doc_event_t *die(doc_reader_t *r, finding_code_t code, uint32_t line, uint32_t column,
                              const char *text)
{
    if (code == SOURCE_NOMEM) {
        r->nomem = true;
    } else if (!r->dead) {
        buf_t pointer = BUF_INIT;
        doc_reader_pointer(r, &pointer);
        findings_add(r->findings, code, (place_t){r->file, line, column}, buf_slice(&pointer),
                     (slice_t){0}, "%s", text);
        r->findings->failed |= buf_failed(&pointer);
        buf_release(&pointer);
    }
    r->dead = true;
    r->event.kind = DOC_EV_ERROR;
    return &r->event;
}

static bool from_json(doc_reader_t *r, source_error_t *error)
{
    static const doc_event_kind_t kinds[] = {
        [JSON_EV_END] = DOC_EV_END,
        [JSON_EV_OBJECT] = DOC_EV_MAP,
        [JSON_EV_OBJECT_END] = DOC_EV_MAP_END,
        [JSON_EV_ARRAY] = DOC_EV_SEQ,
        [JSON_EV_ARRAY_END] = DOC_EV_SEQ_END,
        [JSON_EV_KEY] = DOC_EV_SCALAR,
        [JSON_EV_STRING] = DOC_EV_SCALAR,
        [JSON_EV_NUMBER] = DOC_EV_SCALAR,
        [JSON_EV_TRUE] = DOC_EV_SCALAR,
        [JSON_EV_FALSE] = DOC_EV_SCALAR,
        [JSON_EV_NULL] = DOC_EV_SCALAR,
    };
    json_event_t e = json_reader_next(&r->json);
    r->event = (doc_event_t){.line = r->json.line, .column = r->json.column};
    if (e == JSON_EV_ERROR) {
        finding_code_t code = json_reader_nomem(&r->json) ? SOURCE_NOMEM : FINDING_SYNTAX;
        *error = (source_error_t){code, r->json.line, r->json.column, ""};
        (void)snprintf(error->text, sizeof error->text, "%s",
                       r->json.error ? r->json.error : "not JSON");
        return false;
    }
    r->event.kind = kinds[e];
    r->event.text = r->json.text;
    r->event.scalar = JSON_STRING;
    if (e == JSON_EV_NUMBER) {
        r->event.scalar = JSON_NUMBER;
    } else if (e == JSON_EV_TRUE || e == JSON_EV_FALSE) {
        r->event.scalar = JSON_BOOL;
        r->event.text = e == JSON_EV_TRUE ? SLICE_LIT("true") : SLICE_LIT("false");
    } else if (e == JSON_EV_NULL) {
        r->event.scalar = JSON_NULL;
        r->event.text = SLICE_LIT("null");
    }
    if (r->event.kind == DOC_EV_SCALAR && r->event.text.len > r->limits->scalar_bytes) {
        *error = (source_error_t){FINDING_LIMIT, r->json.line, r->json.column,
                                  "a scalar is too long"};
        return false;
    }
    return true;
}

/* The event is a key of the innermost map. */
static const doc_event_t *take_key(doc_reader_t *r, level_t *level)
{
    static char present;
    doc_event_t *ev = &r->event;
    if (ev->kind != DOC_EV_SCALAR) {
        return die(r, FINDING_YAML_FEATURE, ev->line, ev->column,
                   "a key must be plain text, not a list or map");
    }
    if (r->format == DOC_YAML && slice_is(ev->text, "<<")) {
        return die(r, FINDING_YAML_FEATURE, ev->line, ev->column, "merge keys are not permitted");
    }
    ev->scalar = JSON_STRING;
    level->key = arena_copy(&r->arena, ev->text);
    level->at_key = true;
    void *old = NULL;
    if (!level->key.ptr || table_put(&level->keys, level->key, &present, &old)) {
        return die(r, SOURCE_NOMEM, 0, 0, "");
    }
    if (old) {
        doc_reader_find(r, FINDING_DUPLICATE_KEY, (slice_t){0}, "the key '%.*s' stands here twice",
                        SLICE_ARG(ev->text));
    }
    return ev;
}

const doc_event_t *doc_reader_next(doc_reader_t *r)
{
    if (r->dead) {
        r->event.kind = DOC_EV_ERROR;
        return &r->event;
    }
    source_error_t error;
    bool ok = r->has_json ? from_json(r, &error) : yaml_source_next(r->yaml, &r->event, &error);
    if (!ok) {
        return die(r, error.code, error.line, error.column, error.text);
    }
    doc_event_t *ev = &r->event;
    level_t *level = r->depth ? &r->levels[r->depth - 1] : NULL;
    if (ev->kind == DOC_EV_MAP_END || ev->kind == DOC_EV_SEQ_END) {
        table_release(&level->keys);
        r->depth--;
        return ev;
    }
    if (level && level->map) {
        if (!level->at_key) {
            return take_key(r, level);
        }
        level->at_key = false;
    } else if (level) {
        level->index++;
    }
    if (ev->kind == DOC_EV_MAP || ev->kind == DOC_EV_SEQ) {
        if (r->depth >= r->limits->depth) {
            return die(r, FINDING_LIMIT, ev->line, ev->column, "collections are nested too deep");
        }
        r->levels[r->depth++] = (level_t){.map = ev->kind == DOC_EV_MAP};
    }
    return ev;
}

const doc_event_t *doc_reader_last(const doc_reader_t *r)
{
    return &r->event;
}

bool doc_reader_nomem(const doc_reader_t *r)
{
    return r->nomem;
}

bool doc_reader_at_key(const doc_reader_t *r)
{
    return r->depth && r->levels[r->depth - 1].at_key && r->event.kind == DOC_EV_SCALAR;
}

bool doc_reader_skip(doc_reader_t *r)
{
    if (r->event.kind != DOC_EV_MAP && r->event.kind != DOC_EV_SEQ) {
        return r->event.kind != DOC_EV_ERROR;
    }
    for (size_t outer = r->depth - 1; r->depth > outer;) {
        if (doc_reader_next(r)->kind == DOC_EV_ERROR) {
            return false;
        }
    }
    return true;
}
