#include "export_merge.h"

#include "footprintd/model/data.h"
#include "footprintd/store/directory.h"

#include <stdlib.h>

void export_set_init(export_set_t *set)
{
    *set = (export_set_t){.items = NULL};
    arena_init(&set->arena, 0);
    findings_init(&set->findings, 0);
}

void export_set_release(export_set_t *set)
{
    free(set->items);
    free(set->data);
    findings_release(&set->findings);
    arena_release(&set->arena);
}

static err_t add_data(export_set_t *set, slice_t path, slice_t text)
{
    model_source_t *grown = realloc(set->data, (set->data_count + 1) * sizeof *grown);
    if (!grown) {
        return ERR_NOMEM;
    }
    set->data = grown;
    set->data[set->data_count++] = (model_source_t){path, DOC_DATA, text};
    return ERR_OK;
}

err_t export_set_add(export_set_t *set, slice_t name, slice_t path, slice_t text)
{
    if (model_data_name_valid(name)) {
        return add_data(set, path.ptr ? path : name, text);
    }
    if (set->count == set->cap) {
        size_t cap = set->cap ? set->cap * 2 : 16;
        export_document_t *grown = realloc(set->items, cap * sizeof *grown);
        if (!grown) {
            return ERR_NOMEM;
        }
        set->items = grown;
        set->cap = cap;
    }
    export_document_t *d = &set->items[set->count++];
    *d = (export_document_t){.name = name, .path = path.ptr ? path : name, .text = text};
    return store_document_format(name, &d->format) ? ERR_OK : ERR_RANGE;
}

static int by_name(const void *a, const void *b)
{
    return slice_cmp(((const export_document_t *)a)->name, ((const export_document_t *)b)->name);
}

err_t export_set_read(export_set_t *set)
{
    model_source_t *sources = calloc(set->count + set->data_count + 1, sizeof *sources);
    model_options_t options = {.limits = doc_limits_default, .now = set->now};
    model_t *model = NULL;
    if (!sources) {
        return ERR_NOMEM;
    }
    if (set->count) {
        qsort(set->items, set->count, sizeof *set->items, by_name);
    }
    for (size_t i = 0; i < set->count; i++) {
        const export_document_t *d = &set->items[i];
        sources[i] = (model_source_t){d->path, d->format, d->text};
    }
    for (size_t i = 0; i < set->data_count; i++) {
        sources[set->count + i] = set->data[i];
    }
    err_t err = model_build(sources, set->count + set->data_count, &options, &set->findings,
                            &model);
    free(sources);
    if (err) {
        return err;
    }
    model_free(model);
    for (size_t i = 0; i < set->count && !err; i++) {
        export_document_t *d = &set->items[i];
        json_value_t *tree = NULL;
        err = doc_read_tree(d->text, d->format, d->path, NULL, &set->arena, &set->findings, &tree);
        d->tree = err ? d->tree : *tree;
    }
    return err;
}

/* ---- what makes documents different ---- */

/* Names are scalars of any kind, and their text is the name. */
static slice_t name_of(const json_value_t *scalar)
{
    if (scalar->kind == JSON_BOOL) {
        return scalar->u.boolean ? SLICE_LIT("true") : SLICE_LIT("false");
    }
    return scalar->u.text;
}

/* Of the capabilities; a ptr of NULL: the document says nothing of any advertisement. */
static slice_t advertisement_of(const json_value_t *tree)
{
    const json_value_t *said = json_get(tree, "advertisement");
    if (said) {
        return name_of(said);
    }
    return json_get(tree, "capabilities") ? SLICE_LIT(MODEL_ADVERTISEMENT) : slice_of(NULL, 0);
}

static bool listed(const json_value_t *audience, slice_t name)
{
    for (size_t i = 0; i < audience->u.array.count; i++) {
        if (slice_eq(name_of(&audience->u.array.items[i]), name)) {
            return true;
        }
    }
    return false;
}

static bool within(const json_value_t *a, const json_value_t *b)
{
    for (size_t i = 0; i < a->u.array.count; i++) {
        if (!listed(b, name_of(&a->u.array.items[i]))) {
            return false;
        }
    }
    return true;
}

/* As sets; NULL is everyone. */
static bool same_audience(const json_value_t *a, const json_value_t *b)
{
    return a && b ? within(a, b) && within(b, a) : !a && !b;
}

static err_t cannot(buf_t *why, const export_document_t *a, const export_document_t *b,
                    const char *what)
{
    buf_append_printable(why, a->name, "");
    buf_append_str(why, " and ");
    buf_append_printable(why, b->name, "");
    buf_append_str(why, what);
    return buf_failed(why) ? ERR_NOMEM : ERR_RANGE;
}

static err_t check(const export_set_t *set, buf_t *why)
{
    const export_document_t *advertised = NULL;
    for (size_t i = 0; i < set->count; i++) {
        const export_document_t *d = &set->items[i], *first = &set->items[0];
        if (!same_audience(json_get(&first->tree, "audience"), json_get(&d->tree, "audience"))) {
            return cannot(why, first, d, " are for different audiences");
        }
        slice_t id = advertisement_of(&d->tree);
        if (id.ptr && advertised && !slice_eq(id, advertisement_of(&advertised->tree))) {
            return cannot(why, advertised, d, " belong to different advertisements");
        }
        advertised = id.ptr ? d : advertised;
    }
    return ERR_OK;
}

/* ---- one of all ---- */

static json_member_t *add_member(json_value_t *object, const char *name)
{
    json_member_t *m = &object->u.object.members[object->u.object.count++];
    m->name = slice_str(name);
    return m;
}

/* The first document's that has the member. */
static void take_first(const export_set_t *set, const char *name, json_value_t *out)
{
    for (size_t i = 0; i < set->count; i++) {
        const json_value_t *v = json_get(&set->items[i].tree, name);
        if (v) {
            add_member(out, name)->value = *v;
            return;
        }
    }
}

static void *children(const json_value_t *v, size_t *count, size_t *size)
{
    bool map = v->kind == JSON_OBJECT;
    *count = map ? v->u.object.count : v->u.array.count;
    *size = map ? sizeof *v->u.object.members : sizeof *v->u.array.items;
    return map ? (void *)v->u.object.members : (void *)v->u.array.items;
}

/* The members, or the items, of all documents' member behind each other. */
static err_t take_all(export_set_t *set, const char *name, json_value_t *out)
{
    size_t total = 0, count, size = 0;
    const json_value_t *first = NULL;
    for (size_t i = 0; i < set->count; i++) {
        const json_value_t *v = json_get(&set->items[i].tree, name);
        if (v) {
            (void)children(v, &count, &size);
            total += count;
            first = first ? first : v;
        }
    }
    if (!first) {
        return ERR_OK;
    }
    char *all = arena_array(&set->arena, total ? total : 1, size);
    if (!all) {
        return ERR_NOMEM;
    }
    json_value_t *made = &add_member(out, name)->value;
    *made = (json_value_t){.kind = first->kind};
    if (made->kind == JSON_OBJECT) {
        made->u.object.members = (json_member_t *)(void *)all;
        made->u.object.count = total;
    } else {
        made->u.array.items = (json_value_t *)(void *)all;
        made->u.array.count = total;
    }
    for (size_t i = 0; i < set->count; i++) {
        const json_value_t *v = json_get(&set->items[i].tree, name);
        const void *items = v ? children(v, &count, &size) : NULL;
        if (v && count) {
            memcpy(all, items, count * size);
            all += count * size;
        }
    }
    return ERR_OK;
}

#define MEMBERS 16 /* more than a document has keys */

static err_t begin(export_set_t *set, json_value_t *out)
{
    *out = (json_value_t){.kind = JSON_OBJECT};
    out->u.object.members = arena_array(&set->arena, MEMBERS, sizeof(json_member_t));
    if (!out->u.object.members) {
        return ERR_NOMEM;
    }
    json_member_t *version = add_member(out, "version");
    version->value = (json_value_t){.kind = JSON_NUMBER, .u.text = SLICE_LIT("1")};
    return ERR_OK;
}

/* What says something of the document itself; all other keys are maps and lists of what it has. */
static bool is_of_document(const char *key)
{
    return !strcmp(key, "version") || !strcmp(key, "advertisement") || !strcmp(key, "audience");
}

err_t export_merge(export_set_t *set, json_value_t *out, buf_t *why)
{
    err_t err = check(set, why);
    err = err ? err : begin(set, out);
    if (err) {
        return err;
    }
    take_first(set, "advertisement", out);
    take_first(set, "audience", out);
    const char *const *keys = model_key_lists[KEYS_DOCUMENT];
    for (size_t i = 0; keys[i] && i < MEMBERS && !err; i++) {
        err = is_of_document(keys[i]) ? ERR_OK : take_all(set, keys[i], out);
    }
    return err;
}

err_t export_bundle(export_set_t *set, json_value_t *out)
{
    err_t err = begin(set, out);
    if (err) {
        return err;
    }
    json_value_t *documents = &add_member(out, "documents")->value;
    *documents = (json_value_t){.kind = JSON_OBJECT};
    documents->u.object.members = arena_array(&set->arena, set->count + 1, sizeof(json_member_t));
    for (size_t i = 0; documents->u.object.members && i < set->count; i++) {
        json_member_t *m = &documents->u.object.members[i];
        m->name = set->items[i].name;
        m->value = set->items[i].tree;
        documents->u.object.count++;
    }
    return documents->u.object.members ? ERR_OK : ERR_NOMEM;
}

void export_data_files(const export_set_t *set,
                       void (*tell)(const export_document_t *d, slice_t map, slice_t file,
                                    void *arg),
                       void *arg)
{
    for (size_t i = 0; i < set->count; i++) {
        const json_value_t *maps = json_get(&set->items[i].tree, "cost-maps");
        for (size_t k = 0; maps && k < maps->u.object.count; k++) {
            const json_member_t *m = &maps->u.object.members[k];
            const json_value_t *file = json_get(&m->value, "costs-file");
            if (file) {
                tell(&set->items[i], m->name, file->u.text, arg);
            }
        }
    }
}
