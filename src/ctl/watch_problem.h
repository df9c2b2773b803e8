/*
 * What an answer that is no success means, for a program and for a person. No I/O. Private to
 * src/ctl.
 */
#ifndef FPD_CTL_WATCH_PROBLEM_H
#define FPD_CTL_WATCH_PROBLEM_H

#include "watch_http.h"

typedef enum watch_verdict {
    WATCH_AGAIN,     /* later: the network, the server's load */
    WATCH_OTHER_WAY, /* this service is not there, or is not for this client */
    WATCH_REFUSED,   /* an error in what was asked, or no permission: no way will be better */
} watch_verdict_t;

watch_verdict_t watch_problem_verdict(const watch_answer_t *answer);
/*
 * "HTTP status 400: E_INVALID_FIELD_VALUE, field 'add/s0/resource-id', value 'x'", from an ALTO
 * error (RFC 7285 8.5) where there is one; or the transport's failure.
 */
void watch_problem_text(const watch_answer_t *answer, buf_t *out);
/* Bytes of another's text on a terminal: control characters become '?', and it is cut. */
void watch_problem_quote(slice_t text, buf_t *out);

#endif
