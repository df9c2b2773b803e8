#include "geo/verify.h"

#include "footprintd/base/json.h"

#include <stdlib.h>

#define UNDER_WAY 255

err_t verifier_init(verifier_t *v, section_t section, unsigned depth_limit, buf_t *why)
{
    *v = (verifier_t){.section = section, .why = why};
    v->seen = calloc(section.size ? section.size : 1, 1);
    v->budget = (uint64_t)section.size * VERIFY_READS;
    v->depth_limit = depth_limit ? depth_limit : VERIFY_DEPTH;
    if (v->depth_limit > VERIFY_DEPTH_MAX) {
        v->depth_limit = VERIFY_DEPTH_MAX;
    }
    return v->seen ? ERR_OK : ERR_NOMEM;
}

void verifier_release(verifier_t *v)
{
    free(v->seen);
    v->seen = NULL;
}

static err_t fail(verifier_t *v, err_t err, size_t at, const char *what)
{
    buf_printf(v->why, "byte %zu: %s", v->section.file_offset + at, what);
    return err;
}

static err_t too_deep(verifier_t *v, size_t at)
{
    buf_printf(v->why, "byte %zu: maps and arrays are nested deeper than %u",
               v->section.file_offset + at, v->depth_limit);
    return ERR_LIMIT;
}

/* Reads a head, pays for it and its bytes, and looks at these. */
static err_t read_paid(verifier_t *v, size_t at, value_t *out)
{
    const char *wrong = value_read(v->section, at, out);
    if (wrong) {
        return fail(v, ERR_DATA, at, wrong);
    }
    uint64_t cost = out->next - at;
    if (cost > v->budget) {
        return fail(v, ERR_LIMIT, at, "values overlap so much that reading them would not end");
    }
    v->budget -= cost;
    if (out->type == VALUE_STRING && !utf8_valid(value_text(v->section, out))) {
        return fail(v, ERR_DATA, at, "a string is not UTF-8");
    }
    return ERR_OK;
}

/* Keys are mostly pointers to few strings: what was seen before is looked at, not read again. */
static err_t verify_key(verifier_t *v, size_t at, size_t *next)
{
    value_t key;
    err_t err = read_paid(v, at, &key);
    if (err) {
        return err;
    }
    *next = key.next;
    if (key.type == VALUE_POINTER) {
        size_t target = key.target;
        if (v->seen[target]) {
            (void)value_read(v->section, target, &key);
        } else {
            err = read_paid(v, target, &key);
            v->seen[target] = !err && key.type == VALUE_STRING;
        }
    }
    return err || key.type == VALUE_STRING ? err : fail(v, ERR_DATA, at, "a key is not a string");
}

static err_t verify_at(verifier_t *v, size_t at, unsigned depth, bool by_pointer, size_t *next,
                       unsigned *height);

/* *height is that of the value which the pointer leads to; `depth` is how deep it stands. */
static err_t verify_pointer(verifier_t *v, size_t at, size_t target, unsigned depth,
                            unsigned *height)
{
    unsigned seen = v->seen[target];
    if (seen == UNDER_WAY) {
        return fail(v, ERR_DATA, at, "a value contains itself");
    }
    if (seen) {
        *height = seen - 1;
        return depth + *height > v->depth_limit ? too_deep(v, at) : ERR_OK;
    }
    size_t next;
    return verify_at(v, target, depth, true, &next, height);
}

static err_t verify_entries(verifier_t *v, const value_t *value, unsigned depth, size_t *next,
                            unsigned *height)
{
    size_t at = value->body;
    *height = 0;
    for (uint32_t i = 0; i < value->size; i++) {
        unsigned inner = 0;
        err_t err = value->type == VALUE_MAP ? verify_key(v, at, &at) : ERR_OK;
        if (!err) {
            err = verify_at(v, at, depth, false, &at, &inner);
        }
        if (err) {
            return err;
        }
        *height = inner > *height ? inner : *height;
    }
    *next = at;
    return ERR_OK;
}

/*
 * Recursion ends at the depth limit: each map or array is a level, and the one pointer that may
 * lead to it half of another.
 */
static err_t verify_at(verifier_t *v, size_t at, unsigned depth, bool by_pointer, size_t *next,
                       unsigned *height)
{
    value_t value;
    err_t err = read_paid(v, at, &value);
    if (err) {
        return err;
    }
    *next = value.next;
    *height = 0;
    if (value.type == VALUE_POINTER) {
        return by_pointer ? fail(v, ERR_DATA, at, "a pointer leads to a pointer")
                          : verify_pointer(v, at, value.target, depth, height);
    }
    if (value.type == VALUE_MAP || value.type == VALUE_ARRAY) {
        if (depth == v->depth_limit) {
            return too_deep(v, at);
        }
        if (v->seen[at] == UNDER_WAY) {
            return fail(v, ERR_DATA, at, "a value contains itself");
        }
        v->seen[at] = UNDER_WAY;
        err = verify_entries(v, &value, depth + 1, next, height);
        ++*height;
    }
    v->seen[at] = (uint8_t)(*height + 1);
    return err;
}

err_t verifier_value(verifier_t *v, size_t at)
{
    if (at < v->section.size && v->seen[at]) {
        /* Nothing is under way, and it fits at the top if it fitted deeper. */
        return ERR_OK;
    }
    size_t next;
    unsigned height;
    return verify_at(v, at, 0, false, &next, &height);
}
