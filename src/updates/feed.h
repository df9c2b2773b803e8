/*
 * Feeds: versions of one resource in a row. Private to src/updates.
 *
 * Everything in a feed is under the hub's lock; nodes, bodies and frames are shared beyond it.
 */
#ifndef FPD_UPDATES_FEED_H
#define FPD_UPDATES_FEED_H

#include "footprintd/updates/hub.h"

typedef struct feed feed_t;
struct tips_view;

typedef struct feed_version {
    uint64_t seq;
    uint64_t generation;   /* the first that shows it, */
    uint64_t through;      /* and the last that is known to */
    char tag[TAG_LEN + 1]; /* "" when the document has none */
    node_t *root;
    body_t *body;  /* of the newest version of a GET resource, or NULL */
    frame_t *step; /* the patch from the version before, NULL: there is none */
    size_t kept;   /* bytes that are kept for this version's sake, once it is not the newest */
} feed_version_t;

/* A frame from one version to another, or (from 0) all of one. */
struct hub_frame {
    atomic_uint refs;
    atomic_bool claimed;
    atomic_bool failed;
    atomic_bool awaited; /* somebody wants to be told */
    _Atomic(frame_t *) frame;
    const char *media_type;
    const message_kind_t *message; /* resource_kind_t.message */
    uint64_t from, to;
    node_t *from_root; /* NULL: all of it */
    node_t *root;
    body_t *body;
};

#define FEED_FRAMES 8

struct feed {
    slice_t key; /* resource id, the input behind a newline, and see feed_new; own memory */
    slice_t id;  /* in key */
    slice_t input;
    slice_t client; /* who opened it; of POST resources */
    bool hides_names;
    uint8_t ane_key[BLOCK_SIZE]; /* where names are hidden: they stay while it is there */
    const resource_kind_t *kind;
    unsigned rank;
    uint64_t generation; /* up to which its versions are complete */
    bool gone;           /* the resource is not offered any more */
    size_t readers;
    uint64_t idle_since;      /* ms; when the last reader went */
    feed_version_t *versions; /* [first, first + count) of cap, in the order of seq */
    size_t first, count, cap;
    size_t step_bytes;              /* of the steps behind the first version */
    hub_frame_t *made[FEED_FRAMES]; /* to the newest version */
    size_t next_made;
    /* Only the tag has changed since the newest version: what it would be. */
    node_t *bookmark;
    char bookmark_tag[TAG_LEN + 1];
    uint64_t bookmark_since;
    nodes_t *nodes;         /* of a POST resource: those of the newest version */
    struct tips_view *view; /* the one that is open, or NULL */
    feed_t *next;           /* in the hub's list */
};

/*
 * The key is resource id and input; with a key that names are hidden with, that too, so that nobody
 * shares the feed and finds the same names in it.
 */
err_t feed_new(slice_t id, slice_t input, slice_t client, const uint8_t *ane_key,
               feed_t **out) FPD_MUST_CHECK;
void feed_free(feed_t *f);

static inline bool feed_is_empty(const feed_t *f)
{
    return f->count == 0;
}
feed_version_t *feed_newest(const feed_t *f);
feed_version_t *feed_oldest(const feed_t *f);
/* NULL when it is not kept any more, or does not exist yet. */
feed_version_t *feed_at(const feed_t *f, uint64_t seq);
/*
 * The version that a generation shows; NULL when that is not kept, or was never made, since the
 * feed passed over the generation.
 */
feed_version_t *feed_of_generation(const feed_t *f, uint64_t generation);
/* The newest version with this tag, of the last thousand or so. */
feed_version_t *feed_of_tag(const feed_t *f, slice_t tag);

/* A tree's own tag: "" when it has none. */
void feed_tag_of(const node_t *root, char out[TAG_LEN + 1]);

/* The next feed_append cannot fail. */
err_t feed_reserve(feed_t *f) FPD_MUST_CHECK;
/*
 * Appends a version; takes a reference on root and body, takes step. Drops what is not worth
 * keeping any more: steps that together are larger than the newest version, and all that no step
 * leads from. *bytes: how many more the feed keeps than before.
 */
err_t feed_append(feed_t *f, uint64_t generation, node_t *root, body_t *body, frame_t *step,
                  ptrdiff_t *bytes) FPD_MUST_CHECK;
/* Forgets the oldest version, unless it is the only one; returns the bytes that were kept for it.
 */
size_t feed_forget_oldest(feed_t *f);

/*
 * The frame from one version to another: the whole of `to` when `from` is 0, or not kept.
 * ERR_NOT_FOUND: `to` is not kept. A new reference.
 */
err_t feed_frame(feed_t *f, uint64_t from, uint64_t to, hub_frame_t **out) FPD_MUST_CHECK;

/* The step that leads to a kept version from the one before, which is kept too. A new reference. */
err_t feed_step_frame(feed_t *f, uint64_t to, hub_frame_t **out) FPD_MUST_CHECK;

/* charge.c: the bytes of what only `old` has. */
size_t feed_own_bytes(const node_t *old, const node_t *fresh);

#endif
