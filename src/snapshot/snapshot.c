#include "footprintd/snapshot/snapshot.h"

#include "classes.h"
#include "view.h"

#include "footprintd/paths/index.h"

#include <stdlib.h>

struct snapshot {
    atomic_uint refs;
    uint64_t generation;
    model_t *model;
    attributes_t *attributes;
    join_index_t *join;
    view_pids_t *pids;    /* of each network map of the model, then of the implicit one */
    path_index_t **paths; /* of each topology of the model */
    fragments_t fragments;
    arena_t arena; /* what views are made of */
    view_classes_t classes;
    view_t *views; /* by class */
    size_t view_count;
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
    for (size_t i = 0; i < s->view_count; i++) {
        view_release(&s->views[i]);
    }
    free(s->views);
    view_classes_release(&s->classes);
    fragments_release(&s->fragments);
    arena_release(&s->arena);
    for (size_t i = 0; s->paths && i < s->model->topology_count; i++) {
        path_index_unref(s->paths[i]);
    }
    free(s->paths);
    for (size_t i = 0; s->pids && i <= s->model->network_map_count; i++) {
        pid_index_release(&s->pids[i].index);
    }
    free(s->pids);
    join_free(s->join);
    attributes_unref(s->attributes);
    model_free(s->model);
    free(s);
}

/* What one of the class had in the snapshot before: most of that is the same. */
static const view_t *previous_view(const snapshot_t *previous, const view_class_t *c)
{
    for (size_t i = 0; previous && i < c->name_count; i++) {
        size_t index = view_classes_find(&previous->classes, c->names[i]);
        if (index != SIZE_MAX) {
            return &previous->views[index];
        }
    }
    return previous ? &previous->views[0] : NULL;
}

static err_t build_views(snapshot_t *s, const snapshot_options_t *options,
                         const snapshot_t *previous)
{
    table_t shared = TABLE_INIT;
    s->views = calloc(s->classes.count, sizeof *s->views);
    err_t err = s->views ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; i < s->classes.count && !err; i++) {
        const view_class_t *c = &s->classes.items[i];
        const view_input_t input = {
            .model = s->model,
            .scope = &c->scope,
            .base_uri = options ? options->base_uri : SLICE_LIT(""),
            .join = s->join,
            .attributes = s->attributes,
            .pids = s->pids,
            .paths = s->paths,
            .propmap_max_get_bytes = options ? options->propmap_max_get_bytes : 0,
            .propmap_max_entities = options ? options->propmap_max_entities : 0,
            .fragments = &s->fragments,
            .previous = previous_view(previous, c),
            .shared = &shared,
            .arena = &s->arena,
        };
        s->view_count++;
        err = view_build(&input, &s->views[i]);
    }
    table_release(&shared);
    return err;
}

/* What the topology of this id was made of in the snapshot before; NULL. */
static path_index_t *previous_paths(const snapshot_t *previous, slice_t id)
{
    for (size_t i = 0; previous && i < previous->model->topology_count; i++) {
        if (slice_eq(previous->model->topologies[i].id, id)) {
            return previous->paths[i];
        }
    }
    return NULL;
}

static err_t build_paths(snapshot_t *s, const snapshot_t *previous)
{
    const model_t *model = s->model;
    s->paths = calloc(model->topology_count + 1, sizeof(path_index_t *));
    err_t err = s->paths ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; i < model->topology_count && !err; i++) {
        const model_topology_t *t = &model->topologies[i];
        err = path_index_make(t, previous_paths(previous, t->id), &s->paths[i]);
    }
    return err;
}

static err_t build(snapshot_t *s, const snapshot_options_t *options, const snapshot_t *previous)
{
    if (options && options->attributes) {
        s->attributes = attributes_ref(options->attributes);
    }
    err_t err = join_build(s->model, s->attributes, &s->join);
    s->pids = calloc(s->model->network_map_count + 1, sizeof *s->pids);
    err = err || s->pids ? err : ERR_NOMEM;
    err = err ? err : build_paths(s, previous);
    err = err ? err : fragments_init(&s->fragments, previous ? &previous->fragments : NULL);
    if (err) {
        return err;
    }
    err = view_classes_make(s->model, options ? options->profiles : NULL,
                            options ? options->profile_count : 0, &s->arena, &s->classes);
    err = err ? err : build_views(s, options, previous);
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

const view_t *snapshot_view_public(const snapshot_t *s)
{
    return &s->views[0];
}

const view_t *snapshot_view_of(const snapshot_t *s, slice_t name)
{
    size_t i = view_classes_find(&s->classes, name);
    return i == SIZE_MAX ? NULL : &s->views[i];
}

size_t snapshot_class_count(const snapshot_t *s)
{
    return s->classes.count;
}

view_t *snapshot_class_view(snapshot_t *s, size_t i)
{
    return &s->views[i];
}

const slice_t *snapshot_class_names(const snapshot_t *s, size_t i, size_t *count)
{
    *count = s->classes.items[i].name_count;
    return s->classes.items[i].names;
}
