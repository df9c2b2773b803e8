/*
 * Conditional requests (RFC 9110 13): pure functions over header lines.
 */
#ifndef FOOTPRINTD_HTTP_CONDITIONAL_H
#define FOOTPRINTD_HTTP_CONDITIONAL_H

#include "footprintd/alto/document.h"

#define CONDITIONAL_NO_MATCH (-1)

/*
 * One line of If-None-Match (RFC 9110 13.1.2) against the ETags of all codings of a resource, by
 * weak comparison (8.8.3.2): the coding whose tag the client has, or CONDITIONAL_NO_MATCH. When
 * several match, or for "*", the one that would be sent (`selected`) comes first. Elements that are
 * no entity tag are ignored.
 */
int conditional_none_match(slice_t line, const slice_t etags[CODING_COUNT], coding_t selected);

#endif
