/*
 * Answers of several parts (RFC 2387), as path vectors are (RFC 9275): read, and told apart by
 * their media types. No I/O. Private to src/ctl.
 */
#ifndef FPD_CTL_WATCH_MESSAGE_H
#define FPD_CTL_WATCH_MESSAGE_H

#include "footprintd/base/json.h"

/* Whether this is such a media type, whatever its parameters. */
bool watch_message_is(slice_t media_type);
/*
 * Whether something may be what the directory announces: the same media type, or, of messages, the
 * same type of the first part (RFC 2387 3.1). Quotes and other parameters do not count.
 */
bool watch_media_same(slice_t announced, slice_t got);

/* The name of a part by its Content-ID: what stands before '@', without brackets. */
slice_t watch_part_name(slice_t content_id);

/*
 * The parts of a message, each of them JSON, as one object by their names. Lines end in CRLF, or in
 * LF, as an event stream makes them. ERR_DATA with the reason appended to *why, or ERR_NOMEM. What
 * *out has points into the text and the arena.
 */
err_t watch_message_read(slice_t media_type, slice_t text, arena_t *arena, json_value_t **out,
                         buf_t *why) FPD_MUST_CHECK;

#endif
