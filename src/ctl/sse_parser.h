/*
 * Event streams, as the rules of the EventSource standard (which RFC 8895 5.1 refers to) parse
 * them: bytes in, in pieces of any size; events and comments out. No I/O. Private to src/ctl.
 *
 * Lines end in LF, CR or CRLF; a byte order mark at the start is skipped; an event without data is
 * none; what is not ended by an empty line when the stream ends is dropped. The fields id and retry
 * mean nothing to ALTO and are passed over. A line, and the data of an event, are bounded.
 */
#ifndef FPD_CTL_SSE_PARSER_H
#define FPD_CTL_SSE_PARSER_H

#include "footprintd/base/bytes.h"

typedef struct sse_parser {
    size_t limit; /* bytes of a line, and of an event's data */
    /* False: no more of this stream. type is "message" when the event does not say. */
    bool (*on_event)(void *arg, slice_t type, slice_t data);
    void (*on_comment)(void *arg); /* NULL: nobody asks */
    void *arg;
    const char *error; /* a static text, after sse_parser_feed was false and no callback said so */

    /* Private from here. */
    buf_t line;
    buf_t type;
    buf_t data; /* every line of it with a line feed behind it */
    bool begun; /* past the place of a byte order mark */
    bool cr;    /* the last byte was a CR: a line feed belongs to it */
} sse_parser_t;

/* Zero what is private; limit, callbacks and arg are the caller's to set afterwards. */
void sse_parser_init(sse_parser_t *p, size_t limit);
void sse_parser_release(sse_parser_t *p);
/* False when the stream is of no more use: a limit, no memory, or a callback that said so. */
bool sse_parser_feed(sse_parser_t *p, slice_t bytes);

/*
 * An event's type by RFC 8895 5.2: a media type and, behind the last comma, a data-id (a media
 * type's parameter may have a comma in quotes, a data-id has none). The data-id is a substream-id
 * with, for a part of a multipart message, a full stop and a content-id behind it. What is not
 * there is {NULL, 0}.
 */
typedef struct sse_event_name {
    slice_t media_type;
    slice_t data_id;
    slice_t substream;
    slice_t content_id;
} sse_event_name_t;

sse_event_name_t sse_event_name(slice_t type);

#endif
