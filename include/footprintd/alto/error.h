/*
 * ALTO errors (RFC 7285 8.5): the four codes, and the one body that reports them.
 */
#ifndef FOOTPRINTD_ALTO_ERROR_H
#define FOOTPRINTD_ALTO_ERROR_H

#include "footprintd/base/arena.h"
#include "footprintd/base/json.h"

typedef enum alto_code {
    ALTO_E_SYNTAX,
    ALTO_E_MISSING_FIELD,
    ALTO_E_INVALID_FIELD_TYPE,
    ALTO_E_INVALID_FIELD_VALUE,
} alto_code_t;
#define ALTO_CODE_COUNT 4

extern const char *const alto_code_names[ALTO_CODE_COUNT];

#define ALTO_MEDIA_ERROR "application/alto-error+json"
/* Reflected input is cut here, on a character boundary. */
#define ALTO_ERROR_VALUE_MAX 1024

typedef struct alto_error {
    alto_code_t code;
    slice_t syntax_error; /* E_SYNTAX only */
    slice_t field;        /* "parent/child", no index; "" when there is none */
    slice_t value;        /* text: compact JSON when it is not a string */
    bool has_value;       /* implies field */
} alto_error_t;

/* {"meta":{"code":...}} */
void alto_error_write(const alto_error_t *error, buf_t *out);

#endif
