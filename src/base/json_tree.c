/*
 * The tree is built without recursion: values wait in one growing list until their object or array
 * is closed, and then move into the arena in one piece.
 */
#include "footprintd/base/json.h"

#include "footprintd/base/hash.h"

#include "base/scan.h"

#include <stdio.h>
#include <stdlib.h>

/* Objects up to this many members are searched for duplicates pair by pair. */
#define PAIRWISE_MAX 8

typedef struct level {
    size_t first; /* of its members in pending */
    bool object;
} level_t;

typedef struct builder {
    arena_t *arena;
    json_reader_t reader;
    json_error_t *error;
    json_member_t *pending; /* array items are members without a name */
    size_t count;
    size_t cap;
    level_t *levels;
    unsigned depth;
    uint64_t *slots; /* of the duplicate search: hash bits above, index + 1 below; 0 is free */
    size_t slot_cap;
} builder_t;

static void report(builder_t *b, uint32_t line, uint32_t column, size_t offset, const char *text)
{
    json_error_t *e = b->error;
    if (e) {
        e->line = line;
        e->column = column;
        e->offset = offset;
        (void)snprintf(e->text, sizeof e->text, "line %u column %u: %s", line, column, text);
    }
}

static err_t refuse_nomem(builder_t *b)
{
    const json_reader_t *r = &b->reader;
    report(b, r->line, r->column, r->offset, err_text(ERR_NOMEM));
    return ERR_NOMEM;
}

/* Says what the reader said, and what stands there instead of what it wanted. */
static err_t refuse_syntax(builder_t *b)
{
    const json_reader_t *r = &b->reader;
    if (json_reader_nomem(r)) {
        return refuse_nomem(b);
    }
    char text[100];
    bool printable = r->text.len && (unsigned char)r->text.ptr[0] >= 0x20 && r->text.ptr[0] != 0x7f;
    if (printable) {
        (void)snprintf(text, sizeof text, "unexpected '%.*s': %s", SLICE_ARG(r->text), r->error);
    } else {
        (void)snprintf(text, sizeof text, "%s", r->error);
    }
    report(b, r->line, r->column, r->offset, text);
    return ERR_SYNTAX;
}

/* The byte offset of a position: members keep line and column only. */
static size_t offset_of(slice_t text, uint32_t line, uint32_t column)
{
    size_t at = 0;
    for (uint32_t at_line = 1; at_line < line; at_line++) {
        const char *end = memchr(text.ptr + at, '\n', text.len - at);
        if (!end) {
            break;
        }
        at = (size_t)(end - text.ptr) + 1;
    }
    for (uint32_t at_column = 1; at_column < column && at < text.len; at_column++) {
        at++;
        while (at < text.len && utf8_is_continuation(text.ptr[at])) {
            at++;
        }
    }
    return at;
}

static err_t refuse_duplicate(builder_t *b, const json_member_t *first, const json_member_t *again)
{
    char name[49];
    slice_t cut = utf8_truncate(again->name, sizeof name - 1);
    for (size_t i = 0; i < cut.len; i++) {
        unsigned char c = (unsigned char)cut.ptr[i];
        name[i] = c < 0x20 || c == 0x7f ? '?' : cut.ptr[i];
    }
    name[cut.len] = '\0';
    char text[120];
    (void)snprintf(text, sizeof text, "duplicate member \"%s%s\", first on line %u", name,
                   cut.len < again->name.len ? "..." : "", first->line);
    report(b, again->line, again->column, offset_of(b->reader.input, again->line, again->column),
           text);
    return ERR_SYNTAX;
}

static err_t check_pairs(builder_t *b, const json_member_t *members, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (slice_eq(members[i].name, members[j].name)) {
                return refuse_duplicate(b, &members[j], &members[i]);
            }
        }
    }
    return ERR_OK;
}

/* Linear in the number of members, whatever their names are: hash_slice is keyed. */
static err_t check_hashed(builder_t *b, const json_member_t *members, size_t count)
{
    size_t want = 32;
    while (want < count * 2) {
        want *= 2;
    }
    if (want > b->slot_cap) {
        uint64_t *slots = realloc(b->slots, want * sizeof *slots);
        if (!slots) {
            return refuse_nomem(b);
        }
        b->slots = slots;
        b->slot_cap = want;
    }
    memset(b->slots, 0, want * sizeof *b->slots);
    const uint64_t index_mask = UINT32_MAX;
    for (size_t i = 0; i < count; i++) {
        uint64_t hash = hash_slice(members[i].name);
        size_t at = hash & (want - 1);
        for (uint64_t slot; (slot = b->slots[at]) != 0; at = (at + 1) & (want - 1)) {
            const json_member_t *other = &members[(slot & index_mask) - 1];
            if (((slot ^ hash) & ~index_mask) == 0 && slice_eq(other->name, members[i].name)) {
                return refuse_duplicate(b, other, &members[i]);
            }
        }
        b->slots[at] = (hash & ~index_mask) | (i + 1);
    }
    return ERR_OK;
}

static err_t check_duplicates(builder_t *b, const json_member_t *members, size_t count)
{
    if (count <= PAIRWISE_MAX) {
        return check_pairs(b, members, count);
    }
    return count < UINT32_MAX ? check_hashed(b, members, count) : refuse_nomem(b);
}

/* The next waiting member; NULL when memory is out. */
static json_member_t *push(builder_t *b)
{
    if (b->count == b->cap) {
        size_t cap = b->cap ? b->cap * 2 : 64;
        /* What waits has to fit into the arena later: let its limit hold for the list as well. */
        if (b->arena->limit && b->count > b->arena->limit / sizeof(json_value_t)) {
            return NULL;
        }
        json_member_t *pending = realloc(b->pending, cap * sizeof *pending);
        if (!pending) {
            return NULL;
        }
        b->pending = pending;
        b->cap = cap;
    }
    json_member_t *m = &b->pending[b->count++];
    *m = (json_member_t){.name = {NULL, 0}};
    return m;
}

/* Where the value of the event just read goes: behind the name that was pushed, or a new item. */
static json_value_t *place(builder_t *b)
{
    bool named = b->depth && b->levels[b->depth - 1].object;
    json_member_t *m = named ? &b->pending[b->count - 1] : push(b);
    if (!m) {
        return NULL;
    }
    m->value.line = b->reader.line;
    m->value.column = b->reader.column;
    return &m->value;
}

static err_t take_key(builder_t *b)
{
    json_member_t *m = push(b);
    if (!m) {
        return refuse_nomem(b);
    }
    m->name = arena_copy(b->arena, b->reader.text);
    m->line = b->reader.line;
    m->column = b->reader.column;
    return m->name.ptr ? ERR_OK : refuse_nomem(b);
}

static err_t take_value(builder_t *b, json_event_t event)
{
    json_value_t *v = place(b);
    if (!v) {
        return refuse_nomem(b);
    }
    switch (event) {
    case JSON_EV_OBJECT:
    case JSON_EV_ARRAY:
        v->kind = event == JSON_EV_OBJECT ? JSON_OBJECT : JSON_ARRAY;
        b->levels[b->depth++] = (level_t){b->count, event == JSON_EV_OBJECT};
        return ERR_OK;
    case JSON_EV_STRING:
    case JSON_EV_NUMBER:
        v->kind = event == JSON_EV_STRING ? JSON_STRING : JSON_NUMBER;
        v->u.text = arena_copy(b->arena, b->reader.text);
        return v->u.text.ptr ? ERR_OK : refuse_nomem(b);
    case JSON_EV_TRUE:
    case JSON_EV_FALSE:
        v->kind = JSON_BOOL;
        v->u.boolean = event == JSON_EV_TRUE;
        return ERR_OK;
    default:
        v->kind = JSON_NULL;
        return ERR_OK;
    }
}

/* Moves what waits since the level was opened into the arena, and hangs it onto its value. */
static err_t take_end(builder_t *b)
{
    level_t level = b->levels[--b->depth];
    json_value_t *v = &b->pending[level.first - 1].value;
    const json_member_t *waiting = b->pending + level.first;
    size_t count = b->count - level.first;
    b->count = level.first;
    if (count == 0) {
        return ERR_OK;
    }
    if (level.object) {
        err_t err = check_duplicates(b, waiting, count);
        if (err) {
            return err;
        }
        json_member_t *members = arena_array(b->arena, count, sizeof *members);
        if (!members) {
            return refuse_nomem(b);
        }
        memcpy(members, waiting, count * sizeof *members);
        v->u.object.members = members;
        v->u.object.count = count;
        return ERR_OK;
    }
    json_value_t *items = arena_array(b->arena, count, sizeof *items);
    if (!items) {
        return refuse_nomem(b);
    }
    for (size_t i = 0; i < count; i++) {
        items[i] = waiting[i].value;
    }
    v->u.array.items = items;
    v->u.array.count = count;
    return ERR_OK;
}

static err_t build(builder_t *b, json_value_t **out)
{
    b->levels = malloc(b->reader.depth_limit * sizeof *b->levels);
    if (!b->levels) {
        return refuse_nomem(b);
    }
    for (;;) {
        json_event_t event = json_reader_next(&b->reader);
        err_t err = ERR_OK;
        switch (event) {
        case JSON_EV_ERROR:
            return refuse_syntax(b);
        case JSON_EV_END: {
            json_value_t *root = arena_alloc(b->arena, sizeof *root);
            if (!root) {
                return refuse_nomem(b);
            }
            *root = b->pending[0].value;
            *out = root;
            return ERR_OK;
        }
        case JSON_EV_KEY:
            err = take_key(b);
            break;
        case JSON_EV_OBJECT_END:
        case JSON_EV_ARRAY_END:
            err = take_end(b);
            break;
        default:
            err = take_value(b, event);
            break;
        }
        if (err) {
            return err;
        }
    }
}

err_t json_parse(slice_t text, unsigned depth_limit, arena_t *arena, json_value_t **out,
                 json_error_t *error)
{
    builder_t b = {.arena = arena, .error = error};
    err_t err = json_reader_init(&b.reader, text, depth_limit);
    err = err ? refuse_nomem(&b) : build(&b, out);
    free(b.pending);
    free(b.levels);
    free(b.slots);
    json_reader_release(&b.reader);
    return err;
}
