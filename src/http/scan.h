/*
 * Pieces of the HTTP field grammar (RFC 9110 5.6), shared by the parsers of header fields.
 */
#ifndef FOOTPRINTD_HTTP_SCAN_H
#define FOOTPRINTD_HTTP_SCAN_H

#include "footprintd/base/bytes.h"

/* A cursor over one header line. */
typedef struct scan {
    const char *at;
    const char *end;
} scan_t;

scan_t scan_of(slice_t line);
/* Skips OWS. */
void scan_space(scan_t *s);
/* The character at the cursor, -1 at the end. */
int scan_peek(const scan_t *s);
/* Steps over c when it is next. */
bool scan_take(scan_t *s, char c);
/* A token; empty when there is none. */
slice_t scan_token(scan_t *s);
/* Steps over a quoted-string; false when there is none or it does not end. */
bool scan_quoted(scan_t *s);
/*
 * Goes behind the next comma that is not inside a quoted string, or to the end: the way on after an
 * element, well-formed or not. False when the line is over.
 */
bool scan_next_element(scan_t *s);
/*
 * The parameters of an element (";" token "=" value, RFC 9110 5.6.6); *q is set to the weight in
 * thousandths when there is one (12.4.2). False when they break the grammar.
 */
bool scan_parameters(scan_t *s, int *q);
/* At a comma or at the end, after OWS: the element is complete. */
bool scan_element_done(scan_t *s);

#endif
