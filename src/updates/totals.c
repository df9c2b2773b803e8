#include "totals.h"

#include <stdlib.h>

err_t totals_new(const hub_options_t *options, uint64_t now_ms, hub_totals_t **out)
{
    hub_totals_t *t = calloc(1, sizeof *t);
    if (!t) {
        return ERR_NOMEM;
    }
    t->limits[TOTAL_STREAMS] = options->streams;
    t->limits[TOTAL_VIEWS] = options->views;
    t->limits[TOTAL_INPUTS] = options->inputs;
    t->limits[TOTAL_INPUT_BYTES] = options->input_bytes;
    t->limits[TOTAL_LOG_BYTES] = options->log_bytes;
    t->opens = meter_full(options->opens_per_s, now_ms);
    t->full_bytes = meter_full(options->full_bytes_per_s, now_ms);
    (void)pthread_mutex_init(&t->lock, NULL);
    *out = t;
    return ERR_OK;
}

void totals_free(hub_totals_t *t)
{
    if (t) {
        (void)pthread_mutex_destroy(&t->lock);
        free(t);
    }
}

static size_t used_of(const hub_totals_t *t, total_t what)
{
    return atomic_load_explicit(&t->used[what], memory_order_relaxed);
}

static size_t classes_of(const hub_totals_t *t)
{
    return atomic_load_explicit(&t->classes, memory_order_relaxed);
}

bool totals_has_room(const hub_totals_t *t, total_t what, size_t own)
{
    size_t limit = t->limits[what];
    size_t most = classes_of(t) > 1 ? limit - limit / 4 : limit;
    return own < most && used_of(t, what) < limit;
}

size_t totals_share(const hub_totals_t *t, total_t what)
{
    size_t classes = classes_of(t), limit = t->limits[what];
    if (classes < 2) {
        return limit;
    }
    return used_of(t, what) <= limit ? limit - limit / 4 : limit / classes;
}

bool totals_spend(hub_totals_t *t, meter_t *meter, uint64_t now_ms, uint64_t amount)
{
    (void)pthread_mutex_lock(&t->lock);
    bool may = meter_spend(meter, now_ms, amount);
    (void)pthread_mutex_unlock(&t->lock);
    return may;
}
