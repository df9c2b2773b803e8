/*
 * The model: what all documents of a directory say together, validated and canonical.
 *
 * Immutable after model_build. Content only: nothing in it depends on the order or names of files,
 * except where an explanation asks for them (places). Everything lies in the model's arena.
 */
#ifndef FOOTPRINTD_MODEL_MODEL_H
#define FOOTPRINTD_MODEL_MODEL_H

#include "footprintd/doc/events.h"
#include "footprintd/model/calendar.h"
#include "footprintd/model/capability.h"
#include "footprintd/model/costs.h"
#include "footprintd/model/footprint.h"
#include "footprintd/model/topology.h"

typedef struct model model_t;

/* The footprint name that means every address. */
#define MODEL_EVERYWHERE    "everywhere"
#define MODEL_ADVERTISEMENT "cdni"
#define MODEL_NETWORK_MAP   "netmap"
#define MODEL_PID_DEFAULT   "pid-default"
/* What a view gets that shows no cost map with this metric (RFC 7285 11.2.3). */
#define MODEL_COST_MAP    "num-routingcost"
#define MODEL_COST_METRIC "routingcost"

/* A document to build from; everything is borrowed, and only while model_build runs. */
typedef struct model_source {
    slice_t file; /* as findings name it: "footprints/dach.yaml" */
    doc_format_t format;
    slice_t bytes;
} model_source_t;

typedef struct model_options {
    doc_limits_t limits;   /* zero: doc_limits_default */
    const model_t *before; /* what the documents were, or NULL: of a name that is missing, findings
                              tell where it was defined; borrowed, while model_build runs */
    int64_t now;           /* seconds since the epoch: what windows of time are held against */
} model_options_t;

/* From when until when something counts: from <= now < until, in seconds since the epoch. */
typedef struct model_window {
    int64_t from;  /* INT64_MIN: since ever */
    int64_t until; /* INT64_MAX: for good */
} model_window_t;

typedef enum model_timed_kind {
    MODEL_TIMED_FOOTPRINT,
    MODEL_TIMED_CAPABILITY,
    MODEL_TIMED_WITHDRAWAL_OF_FOOTPRINT,
    MODEL_TIMED_WITHDRAWAL_OF_CAPABILITY,
} model_timed_kind_t;

typedef enum model_timed_state {
    MODEL_TIMED_WAITING,  /* its window is to come */
    MODEL_TIMED_IN_FORCE, /* now */
    MODEL_TIMED_ENDED,    /* its window has passed */
} model_timed_state_t;

/* What documents say for a time only, and every withdrawal. */
typedef struct model_timed {
    model_timed_kind_t kind;
    model_timed_state_t state;
    slice_t name; /* of the footprint, or the capability type */
    model_window_t window;
    slice_t reason;    /* of a withdrawal; may be empty */
    uint32_t document; /* index into documents */
    uint32_t line;
    uint32_t column;
} model_timed_t;

typedef struct model_document {
    slice_t file;
    const slice_t *audience; /* sorted, without duplicates */
    size_t audience_count;   /* 0: every uCDN */
} model_document_t;

/* A named footprint: one wire set, or two when a cidr holds both families. */
typedef struct model_footprint {
    slice_t name;
    uint32_t document; /* index into documents */
    uint32_t line;
    uint32_t column;
    fp_set_t sets[2]; /* alternatives: covered by any */
    size_t set_count;
} model_footprint_t;

/* One object of an advertisement as it goes on the wire (RFC 8008 5.1). */
typedef struct model_object {
    const capability_t *capability;
    fp_set_t footprints;
    uint32_t document;
    uint32_t line; /* of the capability in its document */
    uint32_t column;
    const model_footprint_t *footprint; /* the name it came by; NULL: inline, union or everywhere */
    const model_footprint_t *const *parts; /* of a union of names: these, in no order */
    size_t part_count;
} model_object_t;

typedef struct model_advertisement {
    slice_t id;                    /* resource id */
    const model_object_t *objects; /* by type, value, footprints */
    size_t count;
    const uint32_t *documents; /* those that put something into it, or said that it exists */
    size_t document_count;
} model_advertisement_t;

typedef struct model_pid {
    slice_t name;
    const prefix4_t *v4; /* ascending */
    size_t v4_count;
    const prefix6_t *v6;
    size_t v6_count;
} model_pid_t;

typedef struct model_network_map {
    slice_t id;
    uint32_t document; /* UINT32_MAX: made by default */
    bool is_default;
    const model_pid_t *pids; /* by name, bytewise */
    size_t pid_count;
} model_network_map_t;

/* The costs between the PIDs of a network map (RFC 7285 11.2.3). */
typedef struct model_cost_map {
    slice_t id; /* resource id */
    uint32_t document;
    uint32_t line;
    uint32_t column;
    const model_network_map_t *network_map;
    cost_type_t type;
    slice_t context;                 /* CostContext (RFC 9439 3.1) as JSON; empty: not said */
    cost_matrix_t costs;             /* rows and columns are the network map's PIDs; of now */
    const cost_calendar_t *calendar; /* NULL: costs are the same at all times */
    model_window_t holds;            /* the costs, of now */
    slice_t file;                    /* "data/costs.csv", beside its document; empty: it has them */
} model_cost_map_t;

/* Another information resource directory that the IRD leads to (RFC 7285 9.2.4). */
typedef struct model_directory {
    slice_t id;
    slice_t uri; /* absolute */
    uint32_t document;
} model_directory_t;

struct model {
    arena_t arena;
    const model_document_t *documents;
    size_t document_count;
    const model_footprint_t *footprints; /* those in force, by name */
    size_t footprint_count;
    const model_footprint_t *held_footprints; /* the others, by name */
    size_t held_footprint_count;
    const model_advertisement_t *advertisements; /* by id; at least one */
    size_t advertisement_count;
    const model_network_map_t *network_maps; /* by id; may be none */
    size_t network_map_count;
    const model_topology_t *topologies; /* by id; may be none */
    size_t topology_count;
    const model_network_map_t *implicit_map; /* for views that show no other: pid-default alone */
    const model_network_map_t *default_map;  /* what altopid footprints name; never NULL */
    const model_cost_map_t *cost_maps;       /* by id; may be none */
    size_t cost_map_count;
    const model_directory_t *directories; /* by id */
    size_t directory_count;
    size_t prefix_count;        /* values of cidr types in named footprints */
    const model_timed_t *timed; /* by document and line */
    size_t timed_count;
    /* The model holds for times from since (INT64_MIN: ever) to before until (INT64_MAX: ever). */
    model_window_t holds;
};

/*
 * Builds the model of a set of documents and their data files, as it is at options.now.  All
 * findings of all documents are added to *findings, errors or not. Whether a set has errors does
 * not depend on the time: what is published stays publishable when a window opens or closes.
 * ERR_DATA when there was any error (then there is no model), ERR_NOMEM.
 */
err_t model_build(const model_source_t *sources, size_t count, const model_options_t *options,
                  findings_t *findings, model_t **out) FPD_MUST_CHECK;
void model_free(model_t *model);

/*
 * The keys of the document format, each list ending in NULL: what the parser knows, for the JSON
 * Schema's test.
 */
typedef enum key_list {
    KEYS_DOCUMENT,
    KEYS_CAPABILITY,
    KEYS_FOOTPRINT,
    KEYS_RFC_FOOTPRINT,
    KEYS_NETWORK_MAP,
    KEYS_PID,
    KEYS_COST_MAP,
    KEYS_NAMED_FOOTPRINT, /* those of KEYS_FOOTPRINT first */
    KEYS_WITHDRAWAL,
    KEYS_CALENDAR,
    KEYS_TOPOLOGY,
    KEYS_TOPOLOGY_ELEMENT,
    KEYS_TOPOLOGY_NODE,
    KEYS_TOPOLOGY_LINK,
    KEYS_TOPOLOGY_PATH,
} key_list_t;
#define KEY_LIST_COUNT 15

extern const char *const *const model_key_lists[KEY_LIST_COUNT];

/* Whether a uCDN without an identity sees what the document defines. */
static inline bool model_document_is_public(const model_t *m, uint32_t document)
{
    return document == UINT32_MAX || m->documents[document].audience_count == 0;
}

#endif
