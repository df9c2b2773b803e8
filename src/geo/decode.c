#include "geo/decode.h"

#define EXTENDED 0

static uint32_t read_be(const uint8_t *p, size_t len)
{
    uint32_t value = 0;
    for (size_t i = 0; i < len; i++) {
        value = value << 8 | p[i];
    }
    return value;
}

/* The two bits above the lowest three say how many bytes follow, less one. */
static const char *read_pointer(section_t s, unsigned control, value_t *out)
{
    static const uint32_t base[] = {0, 2048, 526336, 0};
    unsigned len = (control >> 3 & 3) + 1;
    if (s.size - out->body < len) {
        return "a pointer is cut off";
    }
    uint64_t target = read_be(s.bytes + out->body, len);
    if (len < 4) {
        target += (uint64_t)(control & 7) << 8 * len;
    }
    target += base[len - 1];
    out->size = 0;
    out->next = out->body + len;
    if (target >= s.size) {
        return "a pointer leads out of the section";
    }
    out->target = (size_t)target;
    return NULL;
}

/* From 29 up the size goes on in one, two or three more bytes. */
static const char *read_size(section_t s, unsigned control, value_t *out)
{
    static const uint32_t base[] = {29, 285, 65821};
    out->size = control & 31;
    if (out->size < 29) {
        return NULL;
    }
    unsigned len = out->size - 28;
    if (s.size - out->body < len) {
        return "a size is cut off";
    }
    out->size = base[len - 1] + read_be(s.bytes + out->body, len);
    out->body += len;
    return NULL;
}

static const char *check_size(value_type_t type, uint32_t size, size_t left)
{
    uint32_t max = UINT32_MAX, min = 0;
    switch (type) {
    case VALUE_MAP:
        return size <= left / 2 ? NULL : "a map has more entries than bytes are left";
    case VALUE_ARRAY:
        return size <= left ? NULL : "an array has more elements than bytes are left";
    case VALUE_BOOL:
        return size <= 1 ? NULL : "a boolean is neither 0 nor 1";
    case VALUE_DOUBLE:
        min = max = 8;
        break;
    case VALUE_FLOAT:
        min = max = 4;
        break;
    case VALUE_UINT16:
        max = 2;
        break;
    case VALUE_UINT32:
    case VALUE_INT32:
        max = 4;
        break;
    case VALUE_UINT64:
        max = 8;
        break;
    case VALUE_UINT128:
        max = 16;
        break;
    case VALUE_STRING:
    case VALUE_BYTES:
        break;
    case VALUE_POINTER:
        return NULL;
    default:
        return "a value has a type that does not exist";
    }
    if (size < min || size > max) {
        return "a number has a size that its type does not allow";
    }
    return size <= left ? NULL : "a value runs past the end of the section";
}

const char *value_read(section_t s, size_t at, value_t *out)
{
    if (at >= s.size) {
        return "a value lies behind the end of the section";
    }
    unsigned control = s.bytes[at], type = control >> 5;
    out->body = at + 1;
    out->target = 0;
    if (type == VALUE_POINTER) {
        out->type = VALUE_POINTER;
        return read_pointer(s, control, out);
    }
    if (type == EXTENDED) {
        if (out->body == s.size) {
            return "a type is cut off";
        }
        type = s.bytes[out->body++] + 7u;
        if (type == VALUE_MAP) {
            return "a value has a type that does not exist";
        }
    }
    const char *wrong = read_size(s, control, out);
    if (!wrong) {
        out->type = (value_type_t)type;
        wrong = check_size(out->type, out->size, s.size - out->body);
    }
    bool has_bytes = type != VALUE_MAP && type != VALUE_ARRAY && type != VALUE_BOOL;
    out->next = out->body + (has_bytes ? out->size : 0);
    return wrong;
}

uint64_t value_uint(section_t s, const value_t *v)
{
    uint64_t value = 0;
    for (size_t i = 0; i < v->size; i++) {
        value = value << 8 | s.bytes[v->body + i];
    }
    return value;
}

static bool step(decoder_t *d, size_t at, value_t *out)
{
    if (d->steps == 0) {
        return false;
    }
    d->steps--;
    return !value_read(d->section, at, out);
}

bool decoder_load(decoder_t *d, size_t at, value_t *out)
{
    return step(d, at, out) && (out->type != VALUE_POINTER || step(d, out->target, out));
}

bool decoder_skip(decoder_t *d, size_t at, size_t *next)
{
    /* How many values are still to be skipped, those inside of others included. */
    uint64_t pending = 1;
    while (pending > 0) {
        value_t v;
        if (!step(d, at, &v)) {
            return false;
        }
        pending--;
        if (v.type == VALUE_MAP) {
            pending += 2 * (uint64_t)v.size;
        } else if (v.type == VALUE_ARRAY) {
            pending += v.size;
        }
        at = v.next;
    }
    *next = at;
    return true;
}

bool decoder_find(decoder_t *d, size_t at, const slice_t *keys, size_t count, size_t *found)
{
    for (size_t i = 0; i < count; i++) {
        found[i] = SIZE_MAX;
    }
    value_t map, key;
    if (!decoder_load(d, at, &map) || map.type != VALUE_MAP) {
        return false;
    }
    size_t missing = count;
    at = map.body;
    for (uint32_t entry = 0; entry < map.size && missing > 0; entry++) {
        if (!step(d, at, &key)) {
            return false;
        }
        at = key.next;
        if (key.type == VALUE_POINTER && !step(d, key.target, &key)) {
            return false;
        }
        slice_t text = value_text(d->section, &key);
        for (size_t i = 0; i < count; i++) {
            if (found[i] == SIZE_MAX && slice_eq(text, keys[i])) {
                found[i] = at;
                missing--;
            }
        }
        if (missing > 0 && !decoder_skip(d, at, &at)) {
            return false;
        }
    }
    return true;
}
