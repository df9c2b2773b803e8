#include "footprintd/base/json.h"

#include "footprintd/base/table.h"

/* Objects up to this many members are compared by searching. */
#define SEARCH_MAX 16

const json_value_t *json_get_slice(const json_value_t *v, slice_t name)
{
    if (!v || v->kind != JSON_OBJECT) {
        return NULL;
    }
    for (size_t i = 0; i < v->u.object.count; i++) {
        if (slice_eq(v->u.object.members[i].name, name)) {
            return &v->u.object.members[i].value;
        }
    }
    return NULL;
}

const json_value_t *json_get(const json_value_t *v, const char *name)
{
    return json_get_slice(v, slice_str(name));
}

const char *json_kind_name(json_kind_t kind)
{
    switch (kind) {
    case JSON_NULL:
        return "null";
    case JSON_BOOL:
        return "boolean";
    case JSON_NUMBER:
        return "number";
    case JSON_STRING:
        return "string";
    case JSON_ARRAY:
        return "array";
    case JSON_OBJECT:
        return "object";
    }
    return "unknown";
}

static size_t digits(slice_t s, size_t at)
{
    while (at < s.len && s.ptr[at] >= '0' && s.ptr[at] <= '9') {
        at++;
    }
    return at;
}

bool json_number_valid(slice_t s)
{
    size_t at = s.len && s.ptr[0] == '-';
    size_t end = digits(s, at);
    if (end == at || (s.ptr[at] == '0' && end > at + 1)) {
        return false;
    }
    at = end;
    if (at < s.len && s.ptr[at] == '.') {
        end = digits(s, at + 1);
        if (end == at + 1) {
            return false;
        }
        at = end;
    }
    if (at < s.len && (s.ptr[at] == 'e' || s.ptr[at] == 'E')) {
        at++;
        at += at < s.len && (s.ptr[at] == '+' || s.ptr[at] == '-');
        end = digits(s, at);
        if (end == at) {
            return false;
        }
        at = end;
    }
    return at == s.len;
}

bool json_number_u64(slice_t number, uint64_t *out)
{
    if (number.len == 0 || number.len > 20 || (number.len > 1 && number.ptr[0] == '0')) {
        return false;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < number.len; i++) {
        unsigned digit = (unsigned char)number.ptr[i] - (unsigned)'0';
        if (digit > 9 || __builtin_mul_overflow(value, 10u, &value) ||
            __builtin_add_overflow(value, digit, &value)) {
            return false;
        }
    }
    *out = value;
    return true;
}

/*
 * JSON's grammar writes every integer in one way, with one exception: zero has two signs. The value
 * is compared by text, with that exception.
 */
static bool number_equal(slice_t a, slice_t b)
{
    slice_t zero = SLICE_LIT("0"), minus_zero = SLICE_LIT("-0");
    a = slice_eq(a, minus_zero) ? zero : a;
    b = slice_eq(b, minus_zero) ? zero : b;
    return slice_eq(a, b);
}

typedef bool (*number_equal_f)(slice_t a, slice_t b);

static bool value_equal(const json_value_t *a, const json_value_t *b, number_equal_f numbers);

static bool array_equal(const json_value_t *a, const json_value_t *b, number_equal_f numbers)
{
    if (a->u.array.count != b->u.array.count) {
        return false;
    }
    for (size_t i = 0; i < a->u.array.count; i++) {
        if (!value_equal(&a->u.array.items[i], &b->u.array.items[i], numbers)) {
            return false;
        }
    }
    return true;
}

/* All of an object's members by name; false when memory is out, and then the table is empty. */
static bool index_members(table_t *table, const json_value_t *v)
{
    for (size_t i = 0; i < v->u.object.count; i++) {
        json_member_t *m = &v->u.object.members[i];
        if (table_put(table, m->name, &m->value, NULL)) {
            table_release(table);
            return false;
        }
    }
    return true;
}

/* Names are unique within an object; so the same count and every name found is the same set. */
static bool object_equal(const json_value_t *a, const json_value_t *b, number_equal_f numbers)
{
    size_t count = a->u.object.count;
    if (count != b->u.object.count) {
        return false;
    }
    table_t names = TABLE_INIT;
    bool indexed = false, equal = true;
    for (size_t i = 0; equal && i < count; i++) {
        const json_member_t *m = &a->u.object.members[i], *same = &b->u.object.members[i];
        const json_value_t *other = NULL;
        if (slice_eq(m->name, same->name)) {
            other = &same->value;
        } else {
            if (!indexed && count > SEARCH_MAX) {
                indexed = index_members(&names, b);
            }
            /* Without memory for an index the answer takes longer and stays right. */
            other = indexed ? table_get(&names, m->name) : json_get_slice(b, m->name);
        }
        equal = other && value_equal(&m->value, other, numbers);
    }
    table_release(&names);
    return equal;
}

/* Recursion is as deep as the tree, which the reader's depth limit bounds. */
static bool value_equal(const json_value_t *a, const json_value_t *b, number_equal_f numbers)
{
    if (a->kind != b->kind) {
        return false;
    }
    switch (a->kind) {
    case JSON_NULL:
        return true;
    case JSON_BOOL:
        return a->u.boolean == b->u.boolean;
    case JSON_NUMBER:
        return numbers(a->u.text, b->u.text);
    case JSON_STRING:
        return slice_eq(a->u.text, b->u.text);
    case JSON_ARRAY:
        return array_equal(a, b, numbers);
    case JSON_OBJECT:
        return object_equal(a, b, numbers);
    }
    return false;
}

bool json_value_equal(const json_value_t *a, const json_value_t *b)
{
    return value_equal(a, b, number_equal);
}

bool json_value_same(const json_value_t *a, const json_value_t *b)
{
    return value_equal(a, b, json_number_same);
}
