#include "footprintd/snapshot/snapshot.h"

#include "view.h"

#include <stdlib.h>

struct snapshot {
    atomic_uint refs;
    uint64_t generation;
    model_t *model;
    attributes_t *attributes;
    join_index_t *join;
    fragments_t fragments;
    arena_t arena; /* what views are made of */
    view_t anonymous;
    _Atomic(void *) memo;
    void (*memo_release)(void *memo); /* written before memo is */
    atomic_flag memo_taken;
};

static void snapshot_free(snapshot_t *s)
{
    void *memo = atomic_load_explicit(&s->memo, memory_order_acquire);
    if (memo) {
        s->memo_release(memo);
    }
    view_release(&s->anonymous);
    fragments_release(&s->fragments);
    arena_release(&s->arena);
    join_free(s->join);
    attributes_unref(s->attributes);
    model_free(s->model);
    free(s);
}

static err_t build(snapshot_t *s, const snapshot_options_t *options, const snapshot_t *previous)
{
    if (options && options->attributes) {
        s->attributes = attributes_ref(options->attributes);
    }
    err_t err = join_build(s->model, s->attributes, &s->join);
    err = err ? err : fragments_init(&s->fragments, previous ? &previous->fragments : NULL);
    if (err) {
        return err;
    }
    view_input_t input = {
        .model = s->model,
        .visible = model_document_is_public,
        .base_uri = options ? options->base_uri : SLICE_LIT(""),
        .join = s->join,
        .attributes = s->attributes,
        .geo_properties = true,
        .propmap_max_get_bytes = options ? options->propmap_max_get_bytes : 0,
        .propmap_max_entities = options ? options->propmap_max_entities : 0,
        .fragments = &s->fragments,
        .previous = previous ? &previous->anonymous : NULL,
        .arena = &s->arena,
    };
    err = view_build(&input, &s->anonymous);
    fragments_seal(&s->fragments);
    return err;
}

err_t snapshot_build_take(model_t *model, const snapshot_options_t *options, snapshot_t *previous,
                          uint64_t generation, snapshot_t **out)
{
    snapshot_t *s = calloc(1, sizeof *s);
    if (!s) {
        model_free(model);
        return ERR_NOMEM;
    }
    atomic_init(&s->refs, 1);
    atomic_init(&s->memo, NULL);
    atomic_flag_clear(&s->memo_taken);
    s->generation = generation;
    s->model = model;
    arena_init(&s->arena, 0);
    err_t err = build(s, options, previous);
    if (err) {
        snapshot_free(s);
        return err;
    }
    *out = s;
    return ERR_OK;
}

snapshot_t *snapshot_ref(snapshot_t *s)
{
    atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
    return s;
}

void snapshot_unref(snapshot_t *s)
{
    if (s && atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) == 1) {
        snapshot_free(s);
    }
}

const void *snapshot_memo(const snapshot_t *s)
{
    return atomic_load_explicit(&s->memo, memory_order_acquire);
}

bool snapshot_memo_set(snapshot_t *s, void *memo, void (*release)(void *memo))
{
    if (atomic_flag_test_and_set_explicit(&s->memo_taken, memory_order_acq_rel)) {
        return false;
    }
    s->memo_release = release;
    atomic_store_explicit(&s->memo, memo, memory_order_release);
    return true;
}

uint64_t snapshot_generation(const snapshot_t *s)
{
    return s->generation;
}

const model_t *snapshot_model(const snapshot_t *s)
{
    return s->model;
}

const join_index_t *snapshot_join(const snapshot_t *s)
{
    return s->join;
}

const attributes_t *snapshot_attributes(const snapshot_t *s)
{
    return s->attributes;
}

const view_t *snapshot_view_anonymous(const snapshot_t *s)
{
    return &s->anonymous;
}
