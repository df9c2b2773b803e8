/*
 * The body of update stream and control requests (RFC 8895 6.5, 7.5), validated. Private to
 * src/updates.
 */
#ifndef FPD_UPDATES_STREAM_PARAMS_H
#define FPD_UPDATES_STREAM_PARAMS_H

#include "params.h"

typedef struct stream_add {
    slice_t id;
    slice_t resource;
    const resource_kind_t *kind;
    slice_t tag; /* "": none */
    bool incremental;
    const json_value_t *input; /* POST resources; {} when it is absent */
} stream_add_t;

typedef struct stream_params {
    stream_add_t *add;
    size_t add_count;
    const slice_t *remove;
    size_t remove_count;
    bool remove_given;
} stream_params_t;

/*
 * control: `remove` counts, and either member may be missing. Takes hub->lock for moments. False:
 * refused, or memory is out.
 */
bool stream_params_read(params_t *p, hub_t *hub, slice_t body, bool control, stream_params_t *out);

#endif
