#include "hub.h"

#include <stdlib.h>

/*
 * Inputs in one spelling: members by name; in the lists at the top, which are sets in every filter
 * that there is (capabilities, PIDs, entities, properties), elements by their text, each once.
 * Lists that others count along stay as they are: costs stand in the order of their types, and
 * constraints know types by their numbers (RFC 8189 4.1.2, RFC 8896 5.1.1).
 */

static bool is_ordered(slice_t name)
{
    return slice_is(name, "multi-cost-types") || slice_is(name, "testable-cost-types") ||
           slice_is(name, "calendared");
}

static int cmp_member(const void *x, const void *y)
{
    return slice_cmp(((const json_member_t *)x)->name, ((const json_member_t *)y)->name);
}

static bool sorted_copy(const json_value_t *v, arena_t *arena, json_value_t *out)
{
    *out = *v;
    bool object = v->kind == JSON_OBJECT;
    size_t count = object ? v->u.object.count : v->kind == JSON_ARRAY ? v->u.array.count : 0;
    if (!count) {
        return true;
    }
    if (object) {
        json_member_t *members = arena_array(arena, count, sizeof *members);
        bool whole = members != NULL;
        for (size_t i = 0; i < count && whole; i++) {
            members[i] = v->u.object.members[i];
            whole = sorted_copy(&v->u.object.members[i].value, arena, &members[i].value);
        }
        if (whole) {
            qsort(members, count, sizeof *members, cmp_member);
        }
        out->u.object.members = members;
        return whole;
    }
    json_value_t *items = arena_array(arena, count, sizeof *items);
    bool whole = items != NULL;
    for (size_t i = 0; i < count && whole; i++) {
        whole = sorted_copy(&v->u.array.items[i], arena, &items[i]);
    }
    out->u.array.items = items;
    return whole;
}

static int cmp_text(const void *x, const void *y)
{
    return slice_cmp(*(const slice_t *)x, *(const slice_t *)y);
}

static bool write_set(const json_value_t *list, arena_t *arena, buf_t *out)
{
    size_t count = list->u.array.count, n = 0;
    slice_t *texts = arena_array(arena, count + 1, sizeof *texts);
    buf_t text = BUF_INIT;
    for (size_t i = 0; texts && i < count; i++) {
        buf_clear(&text);
        json_write_value(&text, &list->u.array.items[i]);
        texts[i] = buf_failed(&text) ? slice_of(NULL, 0) : arena_copy(arena, buf_slice(&text));
        if (!texts[i].ptr) {
            texts = NULL;
        }
    }
    buf_release(&text);
    if (!texts) {
        return false;
    }
    qsort(texts, count, sizeof *texts, cmp_text);
    buf_append_char(out, '[');
    for (size_t i = 0; i < count; i++) {
        if (!i || !slice_eq(texts[i - 1], texts[i])) {
            buf_append_str(out, n++ ? "," : "");
            buf_append_slice(out, texts[i]);
        }
    }
    buf_append_char(out, ']');
    return true;
}

err_t input_canonical(const json_value_t *input, arena_t *arena, slice_t *out)
{
    json_value_t sorted;
    buf_t text = BUF_INIT;
    bool whole = sorted_copy(input, arena, &sorted);
    if (whole && sorted.kind == JSON_OBJECT) {
        buf_append_char(&text, '{');
        for (size_t i = 0; i < sorted.u.object.count && whole; i++) {
            const json_member_t *m = &sorted.u.object.members[i];
            buf_append_str(&text, i ? "," : "");
            json_write_string(&text, m->name);
            buf_append_char(&text, ':');
            if (m->value.kind == JSON_ARRAY && !is_ordered(m->name)) {
                whole = write_set(&m->value, arena, &text);
            } else {
                json_write_value(&text, &m->value);
            }
        }
        buf_append_char(&text, '}');
    } else if (whole) {
        json_write_value(&text, &sorted);
    }
    *out = whole && !buf_failed(&text) ? arena_copy(arena, buf_slice(&text)) : slice_of(NULL, 0);
    buf_release(&text);
    return out->ptr ? ERR_OK : ERR_NOMEM;
}
