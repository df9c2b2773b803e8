/*
 * The look-up engine: everything that documents and databases say of an address, with where they
 * say it. footprintctl, the library and the admin interface answer from it; what clients ask is
 * answered from the snapshot.
 *
 * An engine knows all documents, those with an audience too: who may see what is for its users to
 * decide. Immutable once made: any number of threads may ask.
 */
#ifndef FOOTPRINTD_LOOKUP_ENGINE_H
#define FOOTPRINTD_LOOKUP_ENGINE_H

#include "footprintd/join/index.h"
#include "footprintd/join/pids.h"

/* model->advertisements[advertisement].objects[object]. */
typedef struct lookup_object {
    uint32_t advertisement;
    uint32_t object;
} lookup_object_t;

typedef struct lookup_engine {
    const model_t *model;
    const attributes_t *attributes; /* NULL: no database */
    const join_index_t *join;
    model_t *owned_model;           /* what is freed with the engine; NULL when it is borrowed */
    attributes_t *owned_attributes; /* one reference */
    join_index_t *owned_join;

    /* The model's network maps, or its implicit one when it has none. */
    const model_network_map_t *maps;
    size_t map_count;
    size_t default_map; /* the one that altopid footprints name */
    pid_index_t *pids;  /* of each map */

    /* What a footprint set stands for: of set s from first[s] to first[s + 1] - 1. */
    uint32_t *footprint_first;
    uint32_t *footprints; /* indices into model->footprints */
    uint32_t *object_first;
    lookup_object_t *objects;

    lookup_object_t *everywhere; /* objects that cover every address */
    size_t everywhere_count;
} lookup_engine_t;

/* Takes the model (also on failure), and a reference to the attributes, which may be NULL. */
err_t lookup_engine_new_take(model_t *model, attributes_t *attributes,
                             lookup_engine_t **out) FPD_MUST_CHECK;
/* The same over what a snapshot has; all is borrowed. */
err_t lookup_engine_new_borrow(const model_t *model, const attributes_t *attributes,
                               const join_index_t *join, lookup_engine_t **out) FPD_MUST_CHECK;
void lookup_engine_free(lookup_engine_t *e);

/* What covers the addresses of one answer; owned, and reused from one call to the next. */
typedef struct lookup_covers {
    uint32_t *footprints; /* indices into model->footprints: by name */
    size_t footprint_count;
    lookup_object_t *objects; /* by advertisement, in its order; those of everywhere included */
    size_t object_count;
    size_t footprint_cap, object_cap;
} lookup_covers_t;

/* covers is zeroed before its first use. */
err_t lookup_covers_find(const lookup_engine_t *e, uint32_t answer,
                         lookup_covers_t *covers) FPD_MUST_CHECK;
void lookup_covers_release(lookup_covers_t *covers);

/* The attributes of an address; all unknown without databases. */
attribute_set_t lookup_attributes(const lookup_engine_t *e, const addr_t *addr);
/* The PID of an address in engine->maps[map]; NULL: none. */
const model_pid_t *lookup_pid(const lookup_engine_t *e, size_t map, const addr_t *addr);
/*
 * The widest prefix around the address over which its answer, its attributes and its PIDs in all
 * network maps hold.
 */
prefix_t lookup_scope(const lookup_engine_t *e, const addr_t *addr);

static inline const model_object_t *lookup_object_at(const lookup_engine_t *e, lookup_object_t o)
{
    return &e->model->advertisements[o.advertisement].objects[o.object];
}

#endif
