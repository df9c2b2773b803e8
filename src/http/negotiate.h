/*
 * Proactive negotiation (RFC 9110 12): pure functions over header lines.
 *
 * A header field may come in several lines: begin, add every line, ask. Elements that do not follow
 * the grammar are ignored; a field without one valid element counts as absent.
 */
#ifndef FOOTPRINTD_HTTP_NEGOTIATE_H
#define FOOTPRINTD_HTTP_NEGOTIATE_H

#include "footprintd/alto/document.h"

/* Accept (RFC 9110 12.5.1) against one media type, whose own parameters do not count. */
typedef struct accept {
    slice_t type;
    /* Best q so far, in thousandths, for "*" "/" "*", "type/" "*" and "type/subtype"; -1: not
     * named. */
    int q[3];
    bool seen; /* one valid element */
} accept_t;

/* media_type ("application/alto-cdni+json") must outlive it. */
void accept_begin(accept_t *a, slice_t media_type);
/*
 * Parameters other than q do not make a range more specific and do not exclude: we serve one
 * representation without parameters, and refusing "...+json;charset=utf-8" helps nobody.
 */
void accept_add(accept_t *a, slice_t line);
/* The most specific range that names the type decides; no field at all accepts everything. */
bool accept_allows(const accept_t *a);

/* Accept-Encoding (RFC 9110 12.5.3). */
typedef struct accept_encoding {
    int q[CODING_COUNT]; /* in thousandths; -1: not named */
    int star;
} accept_encoding_t;

void accept_encoding_begin(accept_encoding_t *a);
void accept_encoding_add(accept_encoding_t *a, slice_t line);
/*
 * The coding with the highest q among those whose bit (1 << coding) is in `available`; among equals
 * br, gzip, identity in this order. Identity is always there: when nothing is acceptable it is sent
 * all the same (RFC 9110 12.5.3 leaves the choice), since a 406 would help no client.
 */
coding_t accept_encoding_choose(const accept_encoding_t *a, unsigned available);

/*
 * Content-Type (RFC 9110 8.3): true when type and subtype are those of `media_type`, without case;
 * parameters are ignored.
 */
bool media_type_matches(slice_t content_type, slice_t media_type);

#endif
