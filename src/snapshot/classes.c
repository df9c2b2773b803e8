#include "classes.h"

#include <stdlib.h>

typedef struct maker {
    const model_t *model;
    arena_t *arena;
    view_classes_t *out;
    table_t by_key;    /* what a class sees and understands -> class + 1 */
    size_t *audienced; /* documents that not everybody sees */
    size_t audienced_count;
    slice_t *capability_types; /* that there are objects of */
    size_t capability_type_count;
    bool footprint_types[FP_TYPE_COUNT]; /* that are in objects */
    buf_t key;
} maker_t;

static void *number(size_t i)
{
    return (void *)(uintptr_t)(i + 1); /* never NULL, and nobody follows it */
}

static size_t number_of(const void *p)
{
    return p ? (size_t)(uintptr_t)p - 1 : SIZE_MAX;
}

static int cmp_slice(const void *x, const void *y)
{
    return slice_cmp(*(const slice_t *)x, *(const slice_t *)y);
}

static bool is_meant_for(const model_document_t *d, slice_t name)
{
    return bsearch(&name, d->audience, d->audience_count, sizeof name, cmp_slice) != NULL;
}

static bool knows_capability(const view_profile_t *p, slice_t type)
{
    return p->all_capability_types ||
           (p->capability_type_count &&
            bsearch(&type, p->capability_types, p->capability_type_count, sizeof type, cmp_slice));
}

/*
 * Equal for profiles of one class, and for no others: what they do not understand tells them apart
 * only where there is something of it.
 */
static void write_key(maker_t *m, const view_profile_t *p)
{
    buf_clear(&m->key);
    buf_append_char(&m->key, p->geo_properties ? 'g' : '-');
    for (size_t i = 0; i < FP_TYPE_COUNT; i++) {
        if (m->footprint_types[i]) {
            buf_append_char(&m->key, p->footprint_types[i] ? 'f' : '-');
        }
    }
    for (size_t i = 0; i < m->capability_type_count; i++) {
        buf_append_char(&m->key, knows_capability(p, m->capability_types[i]) ? 'c' : '-');
    }
    for (size_t i = 0; i < m->audienced_count; i++) {
        bool sees = p->name.ptr && is_meant_for(&m->model->documents[m->audienced[i]], p->name);
        buf_append_char(&m->key, sees ? 'd' : '-');
    }
}

static err_t make_scope(maker_t *m, const view_profile_t *p, scope_t *out)
{
    bool *documents = arena_array(m->arena, m->model->document_count + 1, sizeof *documents);
    slice_t *types = arena_array(m->arena, p->capability_type_count + 1, sizeof *types);
    if (!documents || !types) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < m->model->document_count; i++) {
        const model_document_t *d = &m->model->documents[i];
        documents[i] = !d->audience_count || (p->name.ptr && is_meant_for(d, p->name));
    }
    for (size_t i = 0; i < p->capability_type_count; i++) {
        types[i] = arena_copy(m->arena, p->capability_types[i]);
    }
    *out = (scope_t){.documents = documents,
                     .all_capability_types = p->all_capability_types,
                     .capability_types = types,
                     .capability_type_count = p->capability_type_count,
                     .geo_properties = p->geo_properties};
    memcpy(out->footprint_types, p->footprint_types, sizeof out->footprint_types);
    return arena_failed(m->arena) ? ERR_NOMEM : ERR_OK;
}

static err_t add_class(maker_t *m, const view_profile_t *p, size_t *out)
{
    view_classes_t *c = m->out;
    if (c->count == c->cap) {
        size_t cap = c->cap ? c->cap * 2 : 4;
        view_class_t *grown = realloc(c->items, cap * sizeof *grown);
        if (!grown) {
            return ERR_NOMEM;
        }
        c->items = grown;
        c->cap = cap;
    }
    slice_t key = arena_copy(m->arena, buf_slice(&m->key));
    c->items[c->count] = (view_class_t){.names = NULL};
    err_t err = key.ptr ? make_scope(m, p, &c->items[c->count].scope) : ERR_NOMEM;
    err = err ? err : table_put(&m->by_key, key, number(c->count), NULL);
    *out = c->count;
    c->count += !err;
    return err;
}

static err_t add_name(maker_t *m, view_class_t *c, slice_t name, size_t index)
{
    if (c->name_count == c->name_cap) {
        size_t cap = c->name_cap ? c->name_cap * 2 : 4;
        slice_t *grown = arena_array(m->arena, cap, sizeof *grown);
        if (!grown) {
            return ERR_NOMEM;
        }
        if (c->name_count) {
            memcpy(grown, c->names, c->name_count * sizeof *grown);
        }
        c->names = grown;
        c->name_cap = cap;
    }
    slice_t kept = name.len ? arena_copy(m->arena, name) : SLICE_LIT("");
    c->names[c->name_count++] = kept;
    return kept.ptr ? table_put(&m->out->by_name, kept, number(index), NULL) : ERR_NOMEM;
}

static err_t add_profile(maker_t *m, const view_profile_t *p, bool named)
{
    write_key(m, p);
    size_t index = buf_failed(&m->key) ? SIZE_MAX
                                       : number_of(table_get(&m->by_key, buf_slice(&m->key)));
    err_t err = buf_failed(&m->key) ? ERR_NOMEM : ERR_OK;
    if (!err && index == SIZE_MAX) {
        err = add_class(m, p, &index);
    }
    return err || !named ? err : add_name(m, &m->out->items[index], p->name, index);
}

static err_t find_audienced(maker_t *m)
{
    m->audienced = arena_array(m->arena, m->model->document_count + 1, sizeof *m->audienced);
    for (size_t i = 0; i < m->model->document_count && m->audienced; i++) {
        if (m->model->documents[i].audience_count) {
            m->audienced[m->audienced_count++] = i;
        }
    }
    return m->audienced ? ERR_OK : ERR_NOMEM;
}

static void note_footprints(maker_t *m, const fp_set_t *set)
{
    for (size_t i = 0; i < set->count; i++) {
        const fp_constraint_t *c = &set->constraints[i];
        m->footprint_types[c->type] = true;
        for (size_t k = 0; c->type == FP_UNION && k < c->member_count; k++) {
            m->footprint_types[c->members[k]->type] = true;
        }
    }
}

/* The types that objects have, whoever sees them. */
static err_t find_types(maker_t *m)
{
    table_t seen = TABLE_INIT;
    size_t most = 0;
    err_t err = ERR_OK;
    for (size_t i = 0; i < m->model->advertisement_count; i++) {
        most += m->model->advertisements[i].count;
    }
    m->capability_types = arena_array(m->arena, most + 1, sizeof *m->capability_types);
    for (size_t i = 0; i < m->model->advertisement_count && m->capability_types && !err; i++) {
        const model_advertisement_t *a = &m->model->advertisements[i];
        for (size_t k = 0; k < a->count && !err; k++) {
            slice_t type = a->objects[k].capability->name;
            note_footprints(m, &a->objects[k].footprints);
            if (!table_get(&seen, type)) {
                m->capability_types[m->capability_type_count++] = type;
                err = table_put(&seen, type, number(k), NULL);
            }
        }
    }
    table_release(&seen);
    return m->capability_types ? err : ERR_NOMEM;
}

err_t view_classes_make(const model_t *model, const view_profile_t *profiles, size_t count,
                        arena_t *arena, view_classes_t *out)
{
    view_profile_t everybody = {
        .name = {NULL, 0}, .all_capability_types = true, .geo_properties = true};
    maker_t m = {.model = model, .arena = arena, .out = out, .by_key = TABLE_INIT, .key = BUF_INIT};
    *out = (view_classes_t){.items = NULL};
    for (size_t i = 0; i < FP_TYPE_COUNT; i++) {
        everybody.footprint_types[i] = true;
    }
    err_t err = find_audienced(&m);
    err = err ? err : find_types(&m);
    err = err ? err : add_profile(&m, &everybody, false);
    if (!err && !count) {
        err = add_name(&m, &out->items[0], SLICE_LIT(""), 0);
    }
    for (size_t i = 0; i < count && !err; i++) {
        err = add_profile(&m, &profiles[i], true);
    }
    table_release(&m.by_key);
    buf_release(&m.key);
    if (err) {
        view_classes_release(out);
    }
    return err;
}

void view_classes_release(view_classes_t *classes)
{
    free(classes->items);
    table_release(&classes->by_name);
    *classes = (view_classes_t){.items = NULL};
}

size_t view_classes_find(const view_classes_t *classes, slice_t name)
{
    return number_of(table_get(&classes->by_name, name));
}
