#include "difference_parts.h"

#define LISTED_DEFAULT 20

/* What there is when there is nothing. */
static const model_t nothing;

const model_t *difference_model_before(const difference_t *d)
{
    return d->before.model ? d->before.model : &nothing;
}

const model_t *difference_model_after(const difference_t *d)
{
    return d->after.model ? d->after.model : &nothing;
}

/* Of what is made by default, everybody is the audience. */
static const model_document_t *document_at(const model_t *m, uint32_t document)
{
    static const model_document_t everybody;
    return document == UINT32_MAX ? &everybody : &m->documents[document];
}

int difference_audience_cmp(const model_t *x, uint32_t document_x, const model_t *y,
                            uint32_t document_y)
{
    const model_document_t *a = document_at(x, document_x), *b = document_at(y, document_y);
    for (size_t i = 0; i < a->audience_count && i < b->audience_count; i++) {
        int cmp = slice_cmp(a->audience[i], b->audience[i]);
        if (cmp) {
            return cmp;
        }
    }
    return a->audience_count < b->audience_count ? -1 : a->audience_count > b->audience_count;
}

bool difference_same_audience(const difference_t *d, uint32_t before, uint32_t after)
{
    return !difference_audience_cmp(difference_model_before(d), before, difference_model_after(d),
                                    after);
}

err_t difference_make_with(difference_side_t before, difference_side_t after,
                           const attributes_t *attributes, const difference_options_t *options,
                           const difference_totals_t *totals, difference_totals_t *kept[2],
                           arena_t *arena, difference_t **out)
{
    difference_t *d = arena_alloc(arena, sizeof *d);
    if (!d) {
        return ERR_NOMEM;
    }
    *d = (difference_t){.before = before, .after = after, .options = *options};
    d->options.listed = options->listed ? options->listed : LISTED_DEFAULT;
    difference_work_t w = {
        .d = d, .attributes = attributes, .arena = arena, .totals = totals, .keeps = kept != NULL};
    difference_footprints_make(&w);
    difference_maps_make(&w);
    err_t err = difference_costs_make(&w);
    err = err ? err : difference_objects_make(&w);
    if (!err) {
        difference_rows_make(&w);
        err = arena_failed(arena) ? ERR_NOMEM : difference_coverage_make(&w);
    }
    if (!err) {
        difference_guard_make(&w);
        err = arena_failed(arena) ? ERR_NOMEM : ERR_OK;
    }
    if (err) {
        difference_totals_free(w.made[0]);
        difference_totals_free(w.made[1]);
        return err;
    }
    for (unsigned side = 0; side < 2 && kept; side++) {
        kept[side] = w.made[side];
    }
    d->same = !difference_tally_sum(d->footprint_tally) && !d->advertisement_count &&
              !d->map_count && !d->cost_count;
    *out = d;
    return ERR_OK;
}

err_t difference_make(difference_side_t before, difference_side_t after,
                      const attributes_t *attributes, const difference_options_t *options,
                      arena_t *arena, difference_t **out)
{
    return difference_make_with(before, after, attributes, options, NULL, NULL, arena, out);
}

static void release_totals(void *totals)
{
    difference_totals_free(totals);
}

err_t difference_make_snapshots(snapshot_t *before, snapshot_t *after,
                                const difference_options_t *options, arena_t *arena,
                                difference_t **out)
{
    const snapshot_t *last = after ? after : before;
    const attributes_t *attributes = last ? snapshot_attributes(last) : NULL;
    /* Those of other databases say nothing. */
    const difference_totals_t *totals = before ? snapshot_memo(before) : NULL;
    if (totals && (totals->attributes != attributes || snapshot_attributes(before) != attributes)) {
        totals = NULL;
    }
    difference_totals_t *kept[2] = {NULL, NULL};
    snapshot_t *of[2] = {before, after};
    err_t err = difference_make_with(difference_side(before), difference_side(after), attributes,
                                     options, totals, kept, arena, out);
    for (unsigned side = 0; side < 2; side++) {
        bool right = of[side] && snapshot_attributes(of[side]) == attributes;
        if (kept[side] && !(right && snapshot_memo_set(of[side], kept[side], release_totals))) {
            difference_totals_free(kept[side]);
        }
    }
    return err;
}
