#include "difference_parts.h"

#include <stdlib.h>

/* ---- rows ---- */

/* Objects of one type lie side by side: how many types there are. */
static size_t count_rows(const model_t *m)
{
    size_t n = m->advertisement_count;
    for (size_t a = 0; a < m->advertisement_count; a++) {
        const model_advertisement_t *ad = &m->advertisements[a];
        for (size_t i = 0; i < ad->count; i++) {
            n += i == 0 ||
                 !slice_eq(ad->objects[i].capability->name, ad->objects[i - 1].capability->name);
        }
    }
    return n;
}

/* The first object behind i that has another type. */
static size_t next_type(const model_advertisement_t *ad, size_t i)
{
    size_t k = i + 1;
    while (k < ad->count &&
           slice_eq(ad->objects[k].capability->name, ad->objects[i].capability->name)) {
        k++;
    }
    return k;
}

/* An advertisement and its types on both sides; x or y may be NULL. */
static void add_rows(difference_coverage_t *rows, size_t *count, slice_t id,
                     const model_advertisement_t *x, const model_advertisement_t *y)
{
    rows[(*count)++].advertisement = id;
    size_t i = 0, k = 0, x_count = x ? x->count : 0, y_count = y ? y->count : 0;
    while (i < x_count || k < y_count) {
        int cmp = i == x_count ? 1
                  : k == y_count
                      ? -1
                      : slice_cmp(x->objects[i].capability->name, y->objects[k].capability->name);
        const model_object_t *o = cmp <= 0 ? &x->objects[i] : &y->objects[k];
        rows[*count].advertisement = id;
        rows[(*count)++].type = o->capability->name;
        i = cmp <= 0 ? next_type(x, i) : i;
        k = cmp >= 0 ? next_type(y, k) : k;
    }
}

void difference_rows_make(difference_work_t *w)
{
    const model_t *before = difference_model_before(w->d), *after = difference_model_after(w->d);
    size_t most = 1 + count_rows(before) + count_rows(after), count = 1;
    difference_coverage_t *rows = arena_array(w->arena, most, sizeof *rows);
    if (!rows) {
        return;
    }
    difference_pair_t pair = {.before = NULL};
    rows[0] = (difference_coverage_t){.advertisement = SLICE_LIT(""), .type = SLICE_LIT("")};
    while (difference_pair_next(w->d, &pair)) {
        add_rows(rows, &count, pair.id, pair.before, pair.after);
    }
    w->d->coverage = rows;
    w->d->coverage_count = count;
}

/* ---- classes ---- */

static void mark(uint64_t *set, size_t row)
{
    set[row / 64] |= UINT64_C(1) << row % 64;
}

static err_t intern(difference_classes_t *c, const uint64_t *set, uint32_t *out)
{
    slice_t key = slice_of((const char *)set, c->words * sizeof *set);
    void *known = table_get(&c->ids, key);
    if (known) {
        *out = (uint32_t)((uintptr_t)known - 1);
        return ERR_OK;
    }
    if (c->count == c->cap) {
        size_t cap = c->cap ? c->cap * 2 : 64;
        uint64_t **grown = realloc(c->sets, cap * sizeof(uint64_t *));
        if (!grown) {
            return ERR_NOMEM;
        }
        c->sets = grown;
        c->cap = cap;
    }
    uint64_t *kept = arena_array(&c->arena, c->words, sizeof *kept);
    if (!kept) {
        return ERR_NOMEM;
    }
    memcpy(kept, set, key.len);
    key.ptr = (const char *)kept;
    /* The number plus 1, which is never NULL; nobody follows it. */
    err_t err = table_put(&c->ids, key, (void *)(uintptr_t)(c->count + 1), NULL);
    if (!err) {
        *out = (uint32_t)c->count;
        c->sets[c->count++] = kept;
    }
    return err;
}

/* The rows of each footprint set, and in `everywhere` those of objects that cover everything. */
static err_t mark_sets(const difference_t *d, difference_side_t side, size_t words, uint64_t *sets,
                       uint64_t *everywhere)
{
    size_t row = 1;
    for (size_t a = 0; a < side.model->advertisement_count; a++) {
        const model_advertisement_t *ad = &side.model->advertisements[a];
        while (!slice_eq(d->coverage[row].advertisement, ad->id)) {
            row++;
        }
        size_t of_ad = row;
        for (size_t i = 0; i < ad->count; i++) {
            const model_object_t *o = &ad->objects[i];
            while (!slice_eq(d->coverage[row].type, o->capability->name)) {
                row++; /* both are in order, and each type of an object has its row */
            }
            uint32_t id = o->footprints.count ? join_set_id(side.join, &o->footprints) : 0;
            if (id == UINT32_MAX) {
                return ERR_DATA; /* a join of another model */
            }
            uint64_t *set = o->footprints.count ? sets + id * words : everywhere;
            mark(set, 0);
            mark(set, of_ad);
            mark(set, row);
        }
    }
    return ERR_OK;
}

static err_t classify(difference_classes_t *c, const join_index_t *join, const uint64_t *sets,
                      const uint64_t *everywhere, uint64_t *scratch, uint32_t *of_answer)
{
    err_t err = ERR_OK;
    for (size_t answer = 0; answer < join->answer_count && !err; answer++) {
        id_list_t ids = join_answer_sets(join, (uint32_t)answer);
        memcpy(scratch, everywhere, c->words * sizeof *scratch);
        for (size_t i = 0; i < ids.count; i++) {
            const uint64_t *set = sets + ids.ids[i] * c->words;
            for (size_t word = 0; word < c->words; word++) {
                scratch[word] |= set[word];
            }
        }
        err = intern(c, scratch, &of_answer[answer]);
    }
    return err;
}

static err_t add_side(const difference_t *d, difference_side_t side, difference_classes_t *c,
                      uint32_t **of_answer)
{
    size_t answers = side.join ? side.join->answer_count : 1;
    size_t sets = side.join ? side.join->set_count : 0;
    *of_answer = calloc(answers, sizeof **of_answer);
    /* All sets, then the one for everywhere, then room for an answer's. */
    uint64_t *marks = calloc((sets + 2) * c->words, sizeof *marks);
    err_t err = *of_answer && marks ? ERR_OK : ERR_NOMEM;
    if (!err && side.join) {
        uint64_t *everywhere = marks + sets * c->words;
        err = mark_sets(d, side, c->words, marks, everywhere);
        err = err ? err
                  : classify(c, side.join, marks, everywhere, everywhere + c->words, *of_answer);
    }
    free(marks);
    return err;
}

err_t difference_classes_make(const difference_t *d, difference_classes_t *out)
{
    difference_classes_t c = {.words = (d->coverage_count + 63) / 64, .ids = TABLE_INIT};
    arena_init(&c.arena, 0);
    uint64_t *none = calloc(c.words, sizeof *none);
    uint32_t empty = 0;
    err_t err = none ? intern(&c, none, &empty) : ERR_NOMEM;
    free(none);
    err = err ? err : add_side(d, d->before, &c, &c.of_answer[0]);
    err = err ? err : add_side(d, d->after, &c, &c.of_answer[1]);
    if (err) {
        difference_classes_release(&c);
        return err;
    }
    *out = c;
    return ERR_OK;
}

void difference_classes_release(difference_classes_t *c)
{
    table_release(&c->ids);
    arena_release(&c->arena);
    free(c->sets);
    free(c->of_answer[0]);
    free(c->of_answer[1]);
    *c = (difference_classes_t){0};
}
