#include "builder.h"

#include "footprintd/base/suggest.h"

#include <stdlib.h>

/* The objects of one advertisement while they are made. */
typedef struct draft_advertisement {
    slice_t id;
    model_object_t *objects;
    size_t count, cap;
    uint32_t *documents; /* in the arena */
    size_t document_count, document_cap;
} draft_advertisement_t;

typedef struct maker {
    builder_t *b;
    table_t capabilities; /* "type\0value" -> capability_t */
    draft_advertisement_t *ads;
    size_t ad_count;
} maker_t;

/* ---- names ---- */

/* All names are compared, and a name that is gone is often missed in many places. */
static slice_t nearest_footprint(builder_t *b, slice_t name)
{
    if (!b->missing.ptr || !slice_eq(b->missing, name)) {
        suggest_t s;
        suggest_init(&s, name);
        suggest_offer(&s, SLICE_LIT(MODEL_EVERYWHERE));
        for (size_t i = 0; i < b->footprint_list.count; i++) {
            suggest_offer(&s, ((const footprint_draft_t *)b->footprint_list.items[i])->name);
        }
        b->missing = name;
        b->nearest = s.best;
    }
    return b->nearest;
}

footprint_draft_t *find_footprint(builder_t *b, uint32_t document, const name_ref_t *ref)
{
    footprint_draft_t *f = table_get(&b->footprints, ref->name);
    place_t place = builder_place(b, document, ref->line, ref->column);
    if (!f) {
        slice_t removed = removed_footprint(b, ref->name);
        findings_add(b->findings, FINDING_UNKNOWN_FOOTPRINT, place, ref_pointer(b, ref),
                     nearest_footprint(b, ref->name), "no document defines footprint '%.*s'%.*s",
                     SLICE_ARG(ref->name), SLICE_ARG(removed));
        return NULL;
    }
    if (!audience_within(b, document, f->document)) {
        findings_add(b->findings, FINDING_WIDER_AUDIENCE, place, ref_pointer(b, ref), (slice_t){0},
                     "footprint '%.*s' is meant for fewer uCDNs than this document",
                     SLICE_ARG(ref->name));
        return NULL;
    }
    return f;
}

/* One that can be used: it has no errors. */
static footprint_draft_t *find_made(builder_t *b, const capability_draft_t *cap,
                                    const name_ref_t *ref)
{
    footprint_draft_t *f = find_footprint(b, cap->document, ref);
    return f && f->made ? f : NULL;
}

/* ---- objects ---- */

static const capability_t *intern(maker_t *m, const capability_draft_t *cap)
{
    buf_t key = BUF_INIT;
    buf_append_slice(&key, cap->name);
    buf_append_char(&key, '\0');
    size_t text_at = key.len;
    json_write_value(&key, &cap->value);
    capability_t *found = NULL;
    if (!buf_failed(&key)) {
        found = table_get(&m->capabilities, buf_slice(&key));
    }
    if (!found && !buf_failed(&key)) {
        slice_t kept = builder_copy(m->b, buf_slice(&key));
        found = builder_alloc(m->b, 1, sizeof *found);
        if (found && kept.ptr) {
            *found = (capability_t){cap->type, cap->name, cap->value,
                                    slice_of(kept.ptr + text_at, kept.len - text_at)};
            m->b->failed |= table_put(&m->capabilities, kept, found, NULL) != ERR_OK;
        }
    }
    m->b->failed |= buf_failed(&key);
    buf_release(&key);
    return found;
}

static void add_object(maker_t *m, draft_advertisement_t *ad, const capability_draft_t *cap,
                       const capability_t *capability, fp_set_t set,
                       const model_footprint_t *footprint)
{
    if (ad->count == ad->cap) {
        size_t wanted = ad->cap ? ad->cap * 2 : 64;
        model_object_t *grown = realloc(ad->objects, wanted * sizeof *grown);
        if (!grown) {
            m->b->failed = true;
            return;
        }
        ad->objects = grown;
        ad->cap = wanted;
    }
    ad->objects[ad->count++] = (model_object_t){.capability = capability,
                                                .footprints = set,
                                                .document = cap->document,
                                                .line = cap->line,
                                                .column = cap->column,
                                                .footprint = footprint};
}

/* Tells the newest object of which names it is the union. */
static void add_parts(maker_t *m, draft_advertisement_t *ad, const capability_draft_t *cap)
{
    builder_t *b = m->b;
    const model_footprint_t **parts = builder_alloc(b, cap->name_count, sizeof *parts);
    size_t n = 0;
    for (size_t i = 0; parts && i < cap->name_count; i++) {
        const footprint_draft_t *f = table_get(&b->footprints, cap->names[i].name);
        if (f && f->made && footprint_in_force(b, f)) {
            parts[n++] = f->made;
        }
    }
    if (parts && !b->failed) {
        ad->objects[ad->count - 1].parts = parts;
        ad->objects[ad->count - 1].part_count = n;
    }
}

/*
 * All names of a `once` capability as one footprintunion, or the reason why that cannot be said:
 * for the footprints in force, and checked for all.
 */
static bool unite(builder_t *b, const capability_draft_t *cap, fp_set_t *out)
{
    fp_draft_t all = {0};
    bool ok = true, any = false;
    ptrs_t lists[FP_TYPE_COUNT] = {{0}};
    for (size_t i = 0; i < cap->name_count; i++) {
        const footprint_draft_t *f = find_made(b, cap, &cap->names[i]);
        if (!f) {
            ok = false;
            continue;
        }
        bool in_force = footprint_in_force(b, f);
        any |= in_force;
        for (size_t s = 0; s < f->made->set_count; s++) {
            const fp_set_t *set = &f->made->sets[s];
            if (set->count != 1) {
                findings_add(
                    b->findings, FINDING_NOT_ONE_OBJECT,
                    builder_place(b, cap->document, cap->names[i].line, cap->names[i].column),
                    ref_pointer(b, &cap->names[i]), (slice_t){0},
                    "footprint '%.*s' combines types, so that %.*s cannot be said for it "
                    "and others in one object, and saying it twice would be two of them; "
                    "give it a capability of its own",
                    SLICE_ARG(f->name), SLICE_ARG(cap->name));
                ok = false;
                break;
            }
            const fp_constraint_t *c = &set->constraints[0];
            size_t members = !in_force ? 0 : c->type == FP_UNION ? c->member_count : 1;
            for (size_t k = 0; k < members; k++) {
                const fp_values_t *v = c->type == FP_UNION ? c->members[k] : c->values;
                /* fp_values are immutable once made; the list only borrows them. */
                builder_push(b, &lists[v->type], (void *)(uintptr_t)v);
            }
        }
    }
    ok &= any;
    for (unsigned t = 0; ok && t < FP_TYPE_COUNT; t++) {
        if (lists[t].count) {
            all.values[t] = merge_values(b, (fp_type_t)t, &lists[t]);
        }
    }
    fp_constraint_t *c = ok ? make_union(b, &all) : NULL;
    if (c) {
        *out = (fp_set_t){c, 1};
    }
    return c != NULL;
}

static bool says_everywhere(const capability_draft_t *cap)
{
    for (size_t i = 0; i < cap->name_count; i++) {
        if (slice_is(cap->names[i].name, MODEL_EVERYWHERE)) {
            return true;
        }
    }
    return false;
}

/* The only one that is in force; NULL: there are none, or several. */
static const footprint_draft_t *only_one(builder_t *b, const capability_draft_t *cap)
{
    const footprint_draft_t *only = NULL;
    for (size_t i = 0; i < cap->name_count; i++) {
        const footprint_draft_t *f = table_get(&b->footprints, cap->names[i].name);
        if (f && f->made && footprint_in_force(b, f) && f != only) {
            if (only) {
                return NULL;
            }
            only = f;
        }
    }
    return only;
}

/* One object for all names: a name by itself says what it says, several are a union. */
static void make_once(maker_t *m, draft_advertisement_t *ad, const capability_draft_t *cap,
                      const capability_t *capability)
{
    fp_set_t set;
    bool united = cap->name_count > 1 && unite(m->b, cap, &set);
    if (cap->name_count == 1) {
        (void)find_made(m->b, cap, cap->names);
    }
    const footprint_draft_t *f = only_one(m->b, cap);
    if (!capability_in_force(m->b, cap)) {
        return;
    }
    if (f && draft_one_set(m->b, &f->draft, &set)) {
        add_object(m, ad, cap, capability, set, f->made->set_count == 1 ? f->made : NULL);
        if (f->made->set_count > 1 && !m->b->failed) {
            add_parts(m, ad, cap);
        }
    } else if (!f && united) {
        add_object(m, ad, cap, capability, set, NULL);
        if (!m->b->failed) {
            add_parts(m, ad, cap);
        }
    }
}

static void make_named(maker_t *m, draft_advertisement_t *ad, const capability_draft_t *cap,
                       const capability_t *capability)
{
    builder_t *b = m->b;
    if (says_everywhere(cap)) {
        for (size_t i = 0; i < cap->name_count; i++) {
            if (!slice_is(cap->names[i].name, MODEL_EVERYWHERE)) {
                (void)find_made(b, cap, &cap->names[i]);
            }
        }
        if (capability_in_force(b, cap)) {
            add_object(m, ad, cap, capability, (fp_set_t){NULL, 0}, NULL);
        }
        return;
    }
    if (cap->type->once) {
        make_once(m, ad, cap, capability);
        return;
    }
    for (size_t i = 0; i < cap->name_count; i++) {
        const footprint_draft_t *f = find_made(b, cap, &cap->names[i]);
        if (!f || !footprint_in_force(b, f) || !capability_in_force(b, cap)) {
            continue;
        }
        for (size_t s = 0; s < f->made->set_count; s++) {
            add_object(m, ad, cap, capability, f->made->sets[s], f->made);
        }
    }
}

static void make_inline(maker_t *m, draft_advertisement_t *ad, const capability_draft_t *cap,
                        const capability_t *capability)
{
    fp_set_t sets[2];
    resolve_pids(m->b, cap->inline_, cap->document);
    if (!capability_in_force(m->b, cap)) {
        return;
    }
    size_t n = cap->type->once ? draft_one_set(m->b, cap->inline_, &sets[0])
                               : draft_sets(m->b, cap->inline_, sets);
    for (size_t i = 0; i < n; i++) {
        add_object(m, ad, cap, capability, sets[i], NULL);
    }
}

/* ---- order ---- */

static int cmp_content(const model_object_t *x, const model_object_t *y)
{
    if (x->capability != y->capability) {
        int cmp = slice_cmp(x->capability->name, y->capability->name);
        return cmp ? cmp : slice_cmp(x->capability->text, y->capability->text);
    }
    return fp_set_cmp(&x->footprints, &y->footprints);
}

static int cmp_object(const void *px, const void *py)
{
    const model_object_t *x = px, *y = py;
    int cmp = cmp_content(x, y);
    if (cmp) {
        return cmp;
    }
    if (x->document != y->document) {
        return x->document < y->document ? -1 : 1;
    }
    return x->line < y->line ? -1 : x->line > y->line;
}

static bool same_audience(const builder_t *b, uint32_t x, uint32_t y)
{
    return audience_within(b, x, y) && audience_within(b, y, x);
}

static void finish(builder_t *b, draft_advertisement_t *ad, model_advertisement_t *out)
{
    model_object_t *objects = builder_alloc(b, ad->count, sizeof *objects);
    if (!objects) {
        return;
    }
    sort_items(ad->objects, ad->count, sizeof *objects, cmp_object);
    size_t kept = 0;
    for (size_t i = 0; i < ad->count; i++) {
        const model_object_t *o = &ad->objects[i];
        const model_object_t *before = kept ? &objects[kept - 1] : NULL;
        if (before && !cmp_content(before, o) && same_audience(b, before->document, o->document)) {
            findings_add(b->findings, FINDING_DUPLICATE_OBJECT,
                         builder_place(b, o->document, o->line, o->column), SLICE_LIT(""),
                         (slice_t){0},
                         "the same %.*s for the same footprint stands at %.*s:%u; it is published "
                         "once",
                         SLICE_ARG(o->capability->name),
                         SLICE_ARG(b->documents[before->document].made.file), before->line);
            continue;
        }
        objects[kept++] = *o;
    }
    *out = (model_advertisement_t){ad->id, objects, kept, ad->documents, ad->document_count};
}

/* ---- advertisements ---- */

static draft_advertisement_t *advertisement(maker_t *m, slice_t id)
{
    for (size_t i = 0; i < m->ad_count; i++) {
        if (slice_eq(m->ads[i].id, id)) {
            return &m->ads[i];
        }
    }
    m->ads[m->ad_count] = (draft_advertisement_t){.id = id};
    return &m->ads[m->ad_count++];
}

static void add_document(builder_t *b, draft_advertisement_t *ad, uint32_t document)
{
    if (ad->document_count == ad->document_cap) {
        size_t cap = ad->document_cap ? ad->document_cap * 2 : 4;
        uint32_t *grown = builder_alloc(b, cap, sizeof *grown);
        if (!grown) {
            return;
        }
        if (ad->document_count) {
            memcpy(grown, ad->documents, ad->document_count * sizeof *grown);
        }
        ad->documents = grown;
        ad->document_cap = cap;
    }
    ad->documents[ad->document_count++] = document;
}

static slice_t document_id(const document_draft_t *doc)
{
    return doc->advertisement.ptr ? doc->advertisement : SLICE_LIT(MODEL_ADVERTISEMENT);
}

static int cmp_advertisement(const void *x, const void *y)
{
    return slice_cmp(((const model_advertisement_t *)x)->id,
                     ((const model_advertisement_t *)y)->id);
}

static void make_all(maker_t *m)
{
    builder_t *b = m->b;
    for (size_t i = 0; i < b->model->document_count; i++) {
        const document_draft_t *doc = &b->documents[i];
        if (doc->advertisement.ptr || doc->has_capabilities) {
            add_document(b, advertisement(m, document_id(doc)), (uint32_t)i);
        }
    }
    if (!m->ad_count) {
        (void)advertisement(m, SLICE_LIT(MODEL_ADVERTISEMENT));
    }
    for (size_t i = 0; i < b->capability_list.count; i++) {
        const capability_draft_t *cap = b->capability_list.items[i];
        draft_advertisement_t *ad = advertisement(m, document_id(&b->documents[cap->document]));
        const capability_t *capability = cap->value_ok ? intern(m, cap) : NULL;
        /* Names are looked up even for a value that is wrong: all findings in one run. */
        if (!capability) {
            for (size_t k = 0; k < cap->name_count; k++) {
                if (!slice_is(cap->names[k].name, MODEL_EVERYWHERE)) {
                    (void)find_made(b, cap, &cap->names[k]);
                }
            }
        } else if (cap->inline_) {
            make_inline(m, ad, cap, capability);
        } else {
            make_named(m, ad, cap, capability);
        }
    }
}

bool resolve_advertisements(builder_t *b)
{
    maker_t m = {.b = b};
    m.ads = calloc(b->model->document_count + 1, sizeof *m.ads);
    if (!m.ads) {
        return false;
    }
    make_all(&m);
    model_advertisement_t *list = builder_alloc(b, m.ad_count, sizeof *list);
    for (size_t i = 0; i < m.ad_count; i++) {
        if (list && !b->failed) {
            finish(b, &m.ads[i], &list[i]);
        }
        free(m.ads[i].objects);
    }
    if (list) {
        sort_items(list, m.ad_count, sizeof *list, cmp_advertisement);
    }
    b->model->advertisements = list;
    b->model->advertisement_count = m.ad_count;
    for (size_t i = 0; list && !b->failed && i < m.ad_count; i++) {
        lint_ids(b, &list[i]);
        lint_overlaps(b, &list[i]);
    }
    table_release(&m.capabilities);
    free(m.ads);
    return !b->failed;
}
