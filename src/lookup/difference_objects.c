#include "difference_parts.h"

#include <stdlib.h>

/* An object of one side. */
typedef struct entry {
    const model_object_t *object;
    const model_t *model;
    size_t number; /* in the order of the wire */
} entry_t;

typedef struct entries {
    entry_t *items; /* owned */
    size_t count;
} entries_t;

typedef struct pairing {
    difference_object_t *items; /* owned */
    size_t count;
} pairing_t;

static int capability_cmp(const model_object_t *x, const model_object_t *y)
{
    int cmp = slice_cmp(x->capability->name, y->capability->name);
    return cmp ? cmp : slice_cmp(x->capability->text, y->capability->text);
}

static int content_cmp(const model_object_t *x, const model_object_t *y)
{
    int cmp = capability_cmp(x, y);
    return cmp ? cmp : fp_set_cmp(&x->footprints, &y->footprints);
}

/* The order of the wire, and within it audiences: content may stand there once for each. */
static int whole_cmp(const void *px, const void *py)
{
    const entry_t *x = px, *y = py;
    int cmp = content_cmp(x->object, y->object);
    return cmp ? cmp
               : difference_audience_cmp(x->model, x->object->document, y->model,
                                         y->object->document);
}

/* By capability and the name of the footprint, those without a name first. */
static int name_cmp(const entry_t *x, const entry_t *y)
{
    int cmp = capability_cmp(x->object, y->object);
    const model_footprint_t *f = x->object->footprint, *g = y->object->footprint;
    return cmp ? cmp : slice_cmp(f ? f->name : SLICE_LIT(""), g ? g->name : SLICE_LIT(""));
}

static int name_order(const void *px, const void *py)
{
    const entry_t *x = px, *y = py;
    int cmp = name_cmp(x, y);
    return cmp ? cmp : x->number < y->number ? -1 : x->number > y->number;
}

static err_t collect(const model_t *m, const model_advertisement_t *ad, entries_t *out)
{
    size_t count = ad ? ad->count : 0;
    out->items = calloc(count + 1, sizeof *out->items);
    if (!out->items) {
        return ERR_NOMEM;
    }
    bool sorted = true;
    for (size_t i = 0; i < count; i++) {
        out->items[i] = (entry_t){&ad->objects[i], m, i};
        sorted &= i == 0 || whole_cmp(&out->items[i - 1], &out->items[i]) <= 0;
    }
    out->count = count;
    if (!sorted) {
        qsort(out->items, count, sizeof *out->items, whole_cmp);
    }
    return ERR_OK;
}

/* Drops what both sides have. */
static void drop_common(entries_t *before, entries_t *after)
{
    size_t b = 0, a = 0, b_kept = 0, a_kept = 0;
    while (b < before->count || a < after->count) {
        int cmp = b == before->count  ? 1
                  : a == after->count ? -1
                                      : whole_cmp(&before->items[b], &after->items[a]);
        if (cmp < 0) {
            before->items[b_kept++] = before->items[b];
        } else if (cmp > 0) {
            after->items[a_kept++] = after->items[a];
        }
        b += cmp <= 0;
        a += cmp >= 0;
    }
    before->count = b_kept;
    after->count = a_kept;
}

/* Of the same capability and name, the first with the first, and so on. */
static err_t pair(const entries_t *before, const entries_t *after, difference_tally_t *tally,
                  pairing_t *out)
{
    out->items = calloc(before->count + after->count + 1, sizeof *out->items);
    if (!out->items) {
        return ERR_NOMEM;
    }
    qsort(before->items, before->count, sizeof *before->items, name_order);
    qsort(after->items, after->count, sizeof *after->items, name_order);
    size_t b = 0, a = 0;
    while (b < before->count || a < after->count) {
        int cmp = b == before->count  ? 1
                  : a == after->count ? -1
                                      : name_cmp(&before->items[b], &after->items[a]);
        difference_object_t *o = &out->items[out->count++];
        const entry_t *x = cmp <= 0 ? &before->items[b++] : NULL;
        const entry_t *y = cmp >= 0 ? &after->items[a++] : NULL;
        *o = (difference_object_t){x ? x->object : NULL, y ? y->object : NULL, false};
        if (x && y) {
            o->audience = difference_audience_cmp(x->model, x->object->document, y->model,
                                                  y->object->document) != 0;
        }
        *(cmp == 0 ? &tally->changed : cmp < 0 ? &tally->removed : &tally->added) += 1;
    }
    return ERR_OK;
}

static void keep(difference_work_t *w, const pairing_t *pairing, difference_advertisement_t *out)
{
    size_t listed = w->d->options.listed;
    size_t count = pairing->count < listed ? pairing->count : listed;
    difference_object_t *objects = count ? arena_array(w->arena, count, sizeof *objects) : NULL;
    if (objects) {
        memcpy(objects, pairing->items, count * sizeof *objects);
        out->objects = objects;
        out->object_count = count;
    }
}

static err_t compare(difference_work_t *w, const model_advertisement_t *x,
                     const model_advertisement_t *y, difference_advertisement_t *out)
{
    entries_t before = {0}, after = {0};
    pairing_t pairing = {0};
    err_t err = collect(difference_model_before(w->d), x, &before);
    err = err ? err : collect(difference_model_after(w->d), y, &after);
    if (!err) {
        drop_common(&before, &after);
        err = pair(&before, &after, &out->tally, &pairing);
    }
    if (!err) {
        keep(w, &pairing, out);
    }
    free(before.items);
    free(after.items);
    free(pairing.items);
    return err;
}

static const model_advertisement_t *advertisement_at(const model_t *model, size_t i)
{
    return i < model->advertisement_count ? &model->advertisements[i] : NULL;
}

bool difference_pair_next(const difference_t *d, difference_pair_t *p)
{
    p->before = advertisement_at(difference_model_before(d), p->next[0]);
    p->after = advertisement_at(difference_model_after(d), p->next[1]);
    int cmp = p->before && p->after ? slice_cmp(p->before->id, p->after->id) : 0;
    p->before = cmp <= 0 ? p->before : NULL;
    p->after = cmp >= 0 ? p->after : NULL;
    p->next[0] += p->before != NULL;
    p->next[1] += p->after != NULL;
    p->id = p->before ? p->before->id : p->after ? p->after->id : slice_of(NULL, 0);
    return p->before || p->after;
}

err_t difference_objects_make(difference_work_t *w)
{
    difference_t *d = w->d;
    const model_t *before = difference_model_before(d), *after = difference_model_after(d);
    difference_advertisement_t *list = arena_array(
        w->arena, before->advertisement_count + after->advertisement_count + 1, sizeof *list);
    d->advertisements = list;
    err_t err = list ? ERR_OK : ERR_NOMEM;
    difference_pair_t pair = {.before = NULL};
    while (!err && difference_pair_next(d, &pair)) {
        difference_advertisement_t *ad = &list[d->advertisement_count];
        *ad = (difference_advertisement_t){
            .id = pair.id, .in_before = pair.before != NULL, .in_after = pair.after != NULL};
        err = compare(w, pair.before, pair.after, ad);
        d->object_tally.added += ad->tally.added;
        d->object_tally.removed += ad->tally.removed;
        d->object_tally.changed += ad->tally.changed;
        d->advertisement_count += !ad->in_before || !ad->in_after ||
                                  difference_tally_sum(ad->tally);
    }
    return err;
}
