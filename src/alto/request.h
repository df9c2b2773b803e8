/*
 * Request bodies and their answers: what the filters share. Private to src/alto.
 */
#ifndef FPD_ALTO_REQUEST_H
#define FPD_ALTO_REQUEST_H

#include "footprintd/alto/resource.h"

/* Nesting of a request body. */
#define REQUEST_DEPTH 64

typedef struct request {
    arena_t *arena;
    alto_answer_t *answer;
    json_value_t *root; /* an object */
} request_t;

/*
 * Parses the body. False: the answer is made (E_SYNTAX), or memory is out (arena_failed). A body
 * that is JSON but no object, or has a member twice, is E_SYNTAX.
 */
bool request_parse(request_t *r, slice_t body);

/* Each makes the 400 answer and returns false. field and value as RFC 7285 8.5.2 says. */
bool request_missing(request_t *r, const char *field);
bool request_wrong_type(request_t *r, const char *field);
bool request_wrong_value(request_t *r, const char *field, const json_value_t *value);
/* 413 without a body: more entries than the limit. */
bool request_too_big(request_t *r);

/* PIDName (RFC 7285 10.1): the reserved '.' makes an unknown name, not a malformed one. */
bool request_is_pid_name(const json_value_t *v);

/* The 200 answer; segments lie in the arena or the snapshot. */
void request_answer(request_t *r, const char *media_type, const slice_t *segments, size_t count);
/* The 200 answer that is the whole of another document. */
void request_answer_document(request_t *r, const char *media_type, const document_t *document);
/* The end of an `answer` function. */
err_t request_end(const request_t *r);

/*
 * TypedEndpointAddr (RFC 7285 10.4): "ipv4:192.0.2.1", an address and not a prefix. Names of
 * address types are case-sensitive.
 */
bool request_endpoint(slice_t text, addr_t *out);

#endif
