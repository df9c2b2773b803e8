/*
 * Answers of several parts (RFC 2046, RFC 2387), each of them a JSON document: multipart/related.
 *
 * As a tree such an answer is an object whose members are its parts, by Content-ID without brackets
 * (RFC 8895 6.7.3: parts are told apart by it, and it stays the same). The first part is the root,
 * whose media type the message names.
 */
#ifndef FOOTPRINTD_ALTO_MESSAGE_H
#define FOOTPRINTD_ALTO_MESSAGE_H

#include "footprintd/alto/tree.h"

/*
 * Between parts. It stands nowhere in them: no JSON of ours has a '+' behind a letter other than
 * the one of an exponent, and none has line ends.
 */
#define MESSAGE_BOUNDARY "part+part"
#define MESSAGE_PARTS    2

typedef struct message_kind {
    const char *media_type;           /* with its parameters */
    const char *parts[MESSAGE_PARTS]; /* their media types, in their order */
} message_kind_t;

#define MESSAGE_KIND(first, second)                                                                \
    {                                                                                              \
        "multipart/related; boundary=" MESSAGE_BOUNDARY "; type=\"" first "\"",                    \
        {                                                                                          \
            first, second                                                                          \
        }                                                                                          \
    }

/* What stands in front of the document of a part, and behind that of the last one. */
void message_begin_part(const message_kind_t *kind, size_t part, slice_t id, buf_t *out);
void message_end(buf_t *out);
/* The whole of it, of its tree. */
void message_write(const message_kind_t *kind, const node_t *root, buf_t *out);

#endif
