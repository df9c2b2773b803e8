/*
 * The CDNI Advertisement resource (RFC 9241 3) and its filtered form (RFC 9241 5).
 */
#ifndef FOOTPRINTD_ALTO_CDNI_H
#define FOOTPRINTD_ALTO_CDNI_H

#include "footprintd/alto/fragments.h"
#include "footprintd/alto/resource.h"
#include "footprintd/alto/scope.h"
#include "footprintd/alto/tree.h"
#include "footprintd/model/model.h"

#define ALTO_MEDIA_CDNI        "application/alto-cdni+json"
#define ALTO_MEDIA_CDNI_FILTER "application/alto-cdnifilter+json"
/* What RFC 9241 5.7.1 prints instead. */
#define ALTO_MEDIA_CDNI_FILTER_COMPAT "application/cdnifilter+json"

extern const resource_kind_t resource_kind_cdni;
extern const resource_kind_t resource_kind_cdni_filtered;

struct value_list;

/* One wire object. */
typedef struct cdni_object {
    const model_object_t *object;
    size_t first; /* index of its first segment; no comma in front */
    size_t count;
    digest_t digest;
    const struct value_list **lists; /* of its constraints, and of their members, in order */
} cdni_object_t;

/* What one view shows of one advertisement. */
typedef struct cdni_content {
    slice_t id;
    char tag[TAG_LEN + 1];
    bool uses_map;  /* some footprint is an altopid */
    slice_t map_id; /* then: the network map it names, */
    char map_tag[TAG_LEN + 1];
    slice_t head, tail; /* around the objects */
    const cdni_object_t *objects;
    size_t count;
    const slice_t *segments;
    size_t segment_count;
    fragment_t *const *fragments; /* borrowed from the store; what the segments point into */
    size_t fragment_count;
    size_t value_bytes;         /* of the distinct capability values: what filters cost */
    size_t withheld;            /* objects that the scope sees and does not understand */
    const document_t *document; /* the full resource, for a filter that wants all */
} cdni_content_t;

typedef struct cdni_input {
    const model_t *model;
    const model_advertisement_t *advertisement;
    const scope_t *scope;
    slice_t map_id; /* the network map that altopid footprints name, as this view shows it */
    const char *map_tag;
    fragments_t *fragments;
    arena_t *arena; /* of the view */
} cdni_input_t;

/* Objects, segments, tag. The document is made apart (cdni_body), or shared with the last view. */
err_t cdni_build(const cdni_input_t *input, cdni_content_t **out) FPD_MUST_CHECK;
err_t cdni_body(const cdni_content_t *content, body_t **out) FPD_MUST_CHECK;
/* The tree of the advertisement with the objects that are chosen, by index; NULL: all of them. */
err_t cdni_tree(const cdni_content_t *content, const bool *chosen, nodes_t *nodes,
                node_t **out) FPD_MUST_CHECK;

#endif
