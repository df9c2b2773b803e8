#include "footprintd/model/data.h"

#define NAME_MAX_LEN 255

static bool ends_in(slice_t name, const char *suffix)
{
    size_t len = strlen(suffix);
    return name.len > len && memcmp(name.ptr + name.len - len, suffix, len) == 0;
}

bool model_data_name_valid(slice_t name)
{
    const char *slash = name.len ? memchr(name.ptr, '/', name.len) : NULL;
    if (!slash || name.len > NAME_MAX_LEN || slash == name.ptr || name.ptr[0] == '.') {
        return false;
    }
    slice_t file = slice_of(slash + 1, name.len - (size_t)(slash - name.ptr) - 1);
    if (!file.len || file.ptr[0] == '.' || memchr(file.ptr, '/', file.len)) {
        return false;
    }
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.ptr[i];
        if (c < 0x20 || c == 0x7f) {
            return false;
        }
    }
    return (ends_in(file, ".csv") || ends_in(file, ".json")) && utf8_valid(name);
}

typedef struct scan {
    doc_reader_t *reader;
    arena_t *arena;
    slice_t *names;
    size_t count, cap;
    bool failed;
} scan_t;

static void add(scan_t *s, slice_t name)
{
    for (size_t i = 0; i < s->count; i++) {
        if (slice_eq(s->names[i], name)) {
            return;
        }
    }
    if (s->count == s->cap) {
        size_t cap = s->cap ? s->cap * 2 : 8;
        slice_t *grown = arena_array(s->arena, cap, sizeof *grown);
        if (!grown) {
            s->failed = true;
            return;
        }
        if (s->count) {
            memcpy(grown, s->names, s->count * sizeof *grown);
        }
        s->names = grown;
        s->cap = cap;
    }
    s->names[s->count] = arena_copy(s->arena, name);
    s->failed |= !s->names[s->count++].ptr;
}

/* Goes through the map that the last event begins; each value is left to `member`. */
static bool each_member(scan_t *s, bool (*member)(scan_t *s, slice_t key))
{
    if (doc_reader_last(s->reader)->kind != DOC_EV_MAP) {
        return doc_reader_skip(s->reader);
    }
    for (;;) {
        const doc_event_t *ev = doc_reader_next(s->reader);
        if (ev->kind != DOC_EV_SCALAR) {
            return ev->kind == DOC_EV_MAP_END;
        }
        char key[32];
        size_t len = ev->text.len < sizeof key ? ev->text.len : 0;
        memcpy(key, ev->text.ptr ? ev->text.ptr : "", len);
        if (doc_reader_next(s->reader)->kind == DOC_EV_ERROR || !member(s, slice_of(key, len))) {
            return false;
        }
    }
}

static bool in_cost_map(scan_t *s, slice_t key)
{
    const doc_event_t *ev = doc_reader_last(s->reader);
    if (slice_is(key, "costs-file") && ev->kind == DOC_EV_SCALAR &&
        model_data_name_valid(ev->text)) {
        add(s, ev->text);
        return !s->failed;
    }
    return doc_reader_skip(s->reader);
}

static bool in_cost_maps(scan_t *s, slice_t key)
{
    (void)key;
    return each_member(s, in_cost_map);
}

static bool in_document(scan_t *s, slice_t key)
{
    return slice_is(key, "cost-maps") ? each_member(s, in_cost_maps) : doc_reader_skip(s->reader);
}

err_t model_data_names(slice_t text, doc_format_t format, const doc_limits_t *limits,
                       arena_t *arena, slice_t **out, size_t *count)
{
    scan_t s = {.arena = arena};
    *out = NULL;
    *count = 0;
    /* Nearly all documents name none. */
    if (!text.len || !memmem(text.ptr, text.len, "costs-file", 10)) {
        return ERR_OK;
    }
    findings_t findings;
    findings_init(&findings, 1);
    err_t err = doc_reader_new(text, format, SLICE_LIT(""), limits, &findings, &s.reader);
    if (!err) {
        if (doc_reader_next(s.reader)->kind == DOC_EV_MAP) {
            (void)each_member(&s, in_document);
        }
        err = s.failed || doc_reader_nomem(s.reader) || findings.failed ? ERR_NOMEM : ERR_OK;
        doc_reader_free(s.reader);
    }
    findings_release(&findings);
    *out = s.names;
    *count = s.count;
    return err;
}
