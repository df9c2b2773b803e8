/*
 * Property map (RFC 9240 7) and filtered property map (RFC 9240 8), with the CDNI capabilities of
 * RFC 9241 6, PIDs, and what the databases say.
 *
 * They are two maps. GET lists what operators declared: the prefixes, AS numbers, countries,
 * subdivisions and PIDs that documents name, each with what holds for all of it by the documents
 * alone. POST answers the join: any address or prefix, with databases. Inheritance replaces and
 * does not merge (RFC 9240 6.1.3), so that every value is the whole union of what covers its
 * entity.
 */
#ifndef FOOTPRINTD_ALTO_PROPERTY_MAP_H
#define FOOTPRINTD_ALTO_PROPERTY_MAP_H

#include "footprintd/alto/cdni.h"
#include "footprintd/alto/network_map.h"
#include "footprintd/join/index.h"
#include "footprintd/join/pids.h"

#define ALTO_MEDIA_PROPERTY_MAP        "application/alto-propmap+json"
#define ALTO_MEDIA_PROPERTY_MAP_PARAMS "application/alto-propmapparams+json"

extern const resource_kind_t resource_kind_property_map;
extern const resource_kind_t resource_kind_property_map_filtered;

typedef struct property_map_content property_map_content_t;

/* A network map of the view with its look-up table; borrowed. */
typedef struct property_map_pids {
    const model_network_map_t *map;
    const network_map_content_t *content;
    const pid_index_t *index;
} property_map_pids_t;

typedef struct property_map_input {
    const model_t *model;
    const join_index_t *join;
    const attributes_t *attributes;              /* NULL: no database */
    bool geo_properties;                         /* whether .priv: properties are shown */
    const cdni_content_t *const *advertisements; /* of the view, by id */
    size_t advertisement_count;
    const property_map_pids_t *maps; /* of the view, by id */
    size_t map_count;
    size_t max_get_bytes; /* the GET map is not offered above; 0: 64 MiB */
    size_t max_entities;  /* in a filtered answer: 503 above; 0: 65,536 */
    fragments_t *fragments;
    arena_t *arena;
} property_map_input_t;

err_t property_map_build(const property_map_input_t *input,
                         property_map_content_t **out) FPD_MUST_CHECK;

/* The tag of both maps: made of the tags of what they use and the content of the databases. */
const char *property_map_tag(const property_map_content_t *c);
/* The resources that the maps use, by id. */
const slice_t *property_map_uses(const property_map_content_t *c, size_t *count);
/* The IRD's `capabilities` of the GET or the filtered map: {"mappings":{...}}; "" on no memory. */
slice_t property_map_capabilities(const property_map_content_t *c, bool filtered);
/*
 * The GET map. *size is computed first; when it is above the limit *out is NULL and the error
 * ERR_OK.
 */
err_t property_map_body(const property_map_content_t *c, size_t *size, body_t **out) FPD_MUST_CHECK;

#endif
