/*
 * Frames: what readers are sent of a resource, encoded once and shared by all of them: a whole
 * version, or the patch from one version to a later one.
 *
 * A frame is immutable and reference-counted. Its text lies in pieces, which are cut between
 * tokens, so that an event stream can begin a new line there (RFC 8895 5.2: a line feed is white
 * space in JSON, and no payload can be taken for a field).
 */
#ifndef FOOTPRINTD_UPDATES_FRAME_H
#define FOOTPRINTD_UPDATES_FRAME_H

#include "footprintd/alto/message.h"
#include "footprintd/updates/patch.h"

typedef enum frame_kind {
    FRAME_FULL,
    FRAME_MERGE,
    FRAME_JSON,
} frame_kind_t;
#define FRAME_KIND_COUNT 3

typedef struct frame_piece {
    const char *ptr;
    size_t len;
    bool ends_line;
} frame_piece_t;

typedef struct frame {
    atomic_uint refs;
    frame_kind_t kind;
    const char *media_type; /* static */
    size_t size;            /* bytes of the text */
    frame_piece_t *pieces;
    size_t count;
    size_t line_count;
    char *text;   /* what the pieces point into: our own, */
    body_t *body; /* or this; one reference */
    char *part;   /* the part of a message that it is for; NULL: it is for all of the resource */
    struct frame *next; /* for another part, to be sent behind this one; one reference; or NULL */
} frame_t;

/* From here on a line is ended behind the next comma. */
#define FRAME_LINE_MIN 4096

/* Takes text, which came from malloc; on failure it is freed. */
err_t frame_new_text_take(frame_kind_t kind, const char *media_type, char *text, size_t size,
                          frame_t **out) FPD_MUST_CHECK;
/* Takes a reference on the body. */
err_t frame_new_body(const char *media_type, body_t *body, frame_t **out) FPD_MUST_CHECK;
/* The tree's text. */
err_t frame_new_tree(const char *media_type, const node_t *root, frame_t **out) FPD_MUST_CHECK;
/* A message whose lines end in CRLF, and so end lines in the frame, without the last end. */
err_t frame_new_message(const char *media_type, slice_t message, frame_t **out) FPD_MUST_CHECK;
/* The same of a tree. */
err_t frame_new_message_tree(const message_kind_t *kind, const node_t *root,
                             frame_t **out) FPD_MUST_CHECK;
/*
 * The smaller patch from one tree to another, verified. ERR_DATA: it was wrong, which must not
 * happen; whoever asks sends the whole version then.
 */
err_t frame_new_patch(const node_t *from, const node_t *to, frame_t **out) FPD_MUST_CHECK;
/*
 * Of trees of messages: such a patch for each part that is another one, in the order of the parts
 * (RFC 8895 6.7.3). ERR_NOT_FOUND: they have not the same parts.
 */
err_t frame_new_part_patches(const node_t *from, const node_t *to, frame_t **out) FPD_MUST_CHECK;

/* Bytes of the text, with those of all that is to be sent behind it. */
size_t frame_total(const frame_t *f);

frame_t *frame_ref(frame_t *f);
void frame_unref(frame_t *f);

#endif
