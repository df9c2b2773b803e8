/*
 * Information resources (RFC 7285 8.1): what a view offers at a path.
 *
 * A kind is a row of a const table: media types and the function that answers a POST. A resource is
 * a kind with an id, a path and its content in one view of one snapshot.
 */
#ifndef FOOTPRINTD_ALTO_RESOURCE_H
#define FOOTPRINTD_ALTO_RESOURCE_H

#include "footprintd/alto/document.h"
#include "footprintd/alto/error.h"
#include "footprintd/alto/message.h"
#include "footprintd/base/table.h"
#include "footprintd/net/addr.h"

typedef struct resource resource_t;

/* The answer to a POST. Segments point into the snapshot or into the arena of the request. */
typedef struct alto_answer {
    int status;             /* 200, 400 (error body), 413 (no body) */
    const char *media_type; /* of the body; NULL when there is none */
    size_t size;
    const slice_t *segments;
    size_t count;
    size_t entities; /* that it is about, for the rates of clients; 0 where nothing is looked up */
    bool costs;      /* 413 because of cost_values, and not of filter_entries */
} alto_answer_t;

/*
 * What is known of a request beside its body: limits on what it may ask for, where 0 means the
 * default, and who asks.
 */
typedef struct alto_limits {
    size_t filter_entries;  /* capabilities or PIDs in one filter; default 1024 and 65536 */
    size_t cost_values;     /* sources times destinations times cost types, of calendars each
                               interval; default 4,194,304 */
    const addr_t *client;   /* where the request comes from; NULL: not known */
    int64_t now;            /* seconds since the epoch, for calendars of costs; 0: the clock's */
    const uint8_t *ane_key; /* BLOCK_SIZE bytes that names of abstract network elements are hidden
                               with (RFC 9275 11); NULL: each keeps its name for good */
} alto_limits_t;

/* What answers requests for a resource of a kind. */
typedef enum resource_service {
    SERVICE_RESOURCE, /* the resource itself: its document, or `answer` */
    SERVICE_UPDATES,  /* an update stream (RFC 8895) */
    SERVICE_TIPS,     /* TIPS (RFC 9569) */
} resource_service_t;

typedef struct resource_kind {
    const char *name;           /* "cdni-filtered": for logs and metrics */
    const char *media_type;     /* of the 200 response */
    const char *accepts;        /* of the request body; NULL: GET and HEAD, else POST */
    const char *accepts_compat; /* a second spelling that is taken too; NULL: none */
    /*
     * Pure; runs on any thread while the snapshot is pinned. Anything that the client did wrong is
     * an answer, not an error: err_t is for ERR_NOMEM only.
     */
    err_t (*answer)(const resource_t *resource, slice_t request, const alto_limits_t *limits,
                    arena_t *arena, alto_answer_t *out);
    /* An upper estimate of the work of `answer` in microseconds: great ones go to a worker. */
    uint64_t (*cost)(const resource_t *resource, slice_t request);
    /*
     * The resource as a tree, whose text is what a GET, or a POST of the input, is answered with.
     * For a POST resource whose input is wrong, *out is NULL and *refused what a POST is answered
     * with. NULL: changes of the resource are not followed.
     *
     * Where `message` is set, answers are of several parts, and the tree is one of those
     * (alto/message.h).
     */
    err_t (*tree)(const resource_t *resource, slice_t input, const alto_limits_t *limits,
                  arena_t *arena, alto_answer_t *refused, nodes_t *nodes, node_t **out);
    const message_kind_t *message;
    bool hides_names; /* its answers use alto_limits_t.ane_key */
    unsigned rank;    /* a resource uses only resources of a lower rank */
    resource_service_t service;
} resource_kind_t;

struct resource {
    const resource_kind_t *kind;
    slice_t id;           /* "cdni" */
    slice_t path;         /* "/cdni" */
    document_t *document; /* for GET; NULL for POST */
    const void *content;  /* what `answer` reads; the kind knows its type */
};

static inline bool resource_is_post(const resource_t *r)
{
    return r->kind->accepts != NULL;
}

#endif
