#include "footprintd/doc/finding.h"

#include "footprintd/base/json.h"

#include <stdio.h>
#include <stdlib.h>

const finding_info_t finding_infos[FINDING_CODE_COUNT] = {
#define FINDING(id, name, severity, summary) {name, severity, summary},
#include "footprintd/doc/codes.def"
#undef FINDING
};

void findings_init(findings_t *f, size_t limit)
{
    *f = (findings_t){.limit = limit ? limit : FINDINGS_LIMIT_DEFAULT};
    arena_init(&f->arena, 0);
}

void findings_release(findings_t *f)
{
    free(f->items);
    arena_release(&f->arena);
    *f = (findings_t){0};
}

static slice_t keep_file(findings_t *f, slice_t file)
{
    if (!f->last_file.ptr || !slice_eq(f->last_file, file)) {
        f->last_file = arena_copy(&f->arena, file);
    }
    return f->last_file;
}

/*
 * Scalars and keys may have tens of kilobytes each, and one document thousands of findings. A text
 * is cut; a pointer that is too long names the nearest enclosing part that is not.
 */
#define TEXT_MAX       1000
#define POINTER_MAX    4000
#define SUGGESTION_MAX 255

static slice_t keep_text(findings_t *f, slice_t text)
{
    if (text.len <= TEXT_MAX) {
        return arena_copy(&f->arena, text);
    }
    slice_t cut = utf8_truncate(text, TEXT_MAX);
    return arena_printf(&f->arena, "%.*s...", SLICE_ARG(cut));
}

static slice_t keep_pointer(findings_t *f, slice_t pointer)
{
    size_t len = pointer.len;
    if (len > POINTER_MAX) {
        len = POINTER_MAX + 1;
        while (len && pointer.ptr[--len] != '/') {
        }
    }
    return arena_copy(&f->arena, slice_of(pointer.ptr, len));
}

static finding_t *findings_push(findings_t *f)
{
    if (f->count == f->cap) {
        size_t cap = f->cap ? f->cap * 2 : 16;
        finding_t *grown = realloc(f->items, cap * sizeof *grown);
        if (!grown) {
            f->failed = true;
            return NULL;
        }
        f->items = grown;
        f->cap = cap;
    }
    return &f->items[f->count++];
}

void findings_add(findings_t *f, finding_code_t code, place_t place, slice_t pointer,
                  slice_t suggestion, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    findings_addv(f, code, place, pointer, suggestion, fmt, args);
    va_end(args);
}

void findings_addv(findings_t *f, finding_code_t code, place_t place, slice_t pointer,
                   slice_t suggestion, const char *fmt, va_list args)
{
    if (finding_infos[code].severity == SEVERITY_ERROR) {
        f->errors++;
    } else {
        f->warnings++;
    }
    if (f->count >= f->limit) {
        return;
    }
    buf_t text = BUF_INIT;
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    if (n >= 0 && buf_reserve(&text, (size_t)n + 1)) {
        (void)vsnprintf(text.ptr, (size_t)n + 1, fmt, again);
        text.len = (size_t)n;
    }
    va_end(again);
    finding_t *item = findings_push(f);
    if (item) {
        *item = (finding_t){.code = code, .place = place};
        item->place.file = keep_file(f, place.file);
        item->pointer = keep_pointer(f, pointer);
        item->text = keep_text(f, buf_slice(&text));
        if (suggestion.ptr && suggestion.len <= SUGGESTION_MAX) {
            item->suggestion = arena_copy(&f->arena, suggestion);
        }
        f->failed |= arena_failed(&f->arena);
    }
    f->failed |= buf_failed(&text);
    buf_release(&text);
}

static int finding_cmp(const void *pa, const void *pb)
{
    const finding_t *a = pa, *b = pb;
    int cmp = slice_cmp(a->place.file, b->place.file);
    if (cmp) {
        return cmp;
    }
    if (a->place.line != b->place.line) {
        return a->place.line < b->place.line ? -1 : 1;
    }
    if (a->place.column != b->place.column) {
        return a->place.column < b->place.column ? -1 : 1;
    }
    if (a->code != b->code) {
        return a->code < b->code ? -1 : 1;
    }
    return slice_cmp(a->text, b->text);
}

void findings_sort(findings_t *f)
{
    if (f->count < 2) {
        return;
    }
    qsort(f->items, f->count, sizeof *f->items, finding_cmp);
    size_t kept = 1;
    for (size_t i = 1; i < f->count; i++) {
        if (finding_cmp(&f->items[kept - 1], &f->items[i])) {
            f->items[kept++] = f->items[i];
        } else if (finding_infos[f->items[i].code].severity == SEVERITY_ERROR) {
            f->errors--;
        } else {
            f->warnings--;
        }
    }
    f->count = kept;
}

static const char *severity_name(finding_code_t code)
{
    return finding_infos[code].severity == SEVERITY_ERROR ? "error" : "warning";
}

/* What an operator wrote comes back in texts: nothing in it may steer a terminal or break a line.
 */
static void append_printable(buf_t *out, slice_t s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c < 0x20 || c == 0x7f) {
            buf_printf(out, "\\x%02x", c);
        } else {
            buf_append_char(out, (char)c);
        }
    }
}

void finding_format(const finding_t *finding, buf_t *out)
{
    append_printable(out, finding->place.file);
    if (finding->place.line) {
        buf_printf(out, ":%u:%u", finding->place.line, finding->place.column);
    }
    buf_printf(out, ": %s: ", severity_name(finding->code));
    append_printable(out, finding->text);
    if (finding->suggestion.ptr) {
        buf_append_str(out, " (did you mean '");
        append_printable(out, finding->suggestion);
        buf_append_str(out, "'?)");
    }
    buf_printf(out, " [%s]", finding_infos[finding->code].name);
}

void findings_write_json(const findings_t *f, buf_t *out)
{
    buf_append_str(out, "{\"findings\":[");
    for (size_t i = 0; i < f->count; i++) {
        const finding_t *item = &f->items[i];
        buf_printf(out, "%s{\"severity\":\"%s\",\"code\":\"%s\",\"file\":", i ? "," : "",
                   severity_name(item->code), finding_infos[item->code].name);
        json_write_string(out, item->place.file);
        buf_printf(out, ",\"line\":%u,\"column\":%u,\"pointer\":", item->place.line,
                   item->place.column);
        json_write_string(out, item->pointer);
        buf_append_str(out, ",\"text\":");
        json_write_string(out, item->text);
        buf_append_str(out, ",\"suggestion\":");
        if (item->suggestion.ptr) {
            json_write_string(out, item->suggestion);
        } else {
            buf_append_str(out, "null");
        }
        buf_append_char(out, '}');
    }
    buf_printf(out, "],\"errors\":%zu,\"warnings\":%zu}", f->errors, f->warnings);
}
