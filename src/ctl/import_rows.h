/*
 * Separated values as rows of fields (RFC 4180): quoted fields may hold separators, line ends and
 * doubled quotes. Beyond the RFC: blanks around fields are no part of them, lines that are empty or
 * begin with # are left out. Private to src/ctl.
 */
#ifndef FPD_CTL_IMPORT_ROWS_H
#define FPD_CTL_IMPORT_ROWS_H

#include "footprintd/base/bytes.h"

#define IMPORT_FIELDS_MAX 64

typedef struct import_rows {
    slice_t text;
    char separator;
    size_t at;
    uint32_t line; /* of `at` */
    size_t line_start;
    buf_t scratch; /* fields with doubled quotes */
    /* The last row: */
    uint32_t row_line;
    slice_t row; /* as it stands there, without its line end */
    size_t count;
    slice_t fields[IMPORT_FIELDS_MAX]; /* until the next row */
    struct {
        size_t at, line_start; /* in the text */
        uint32_t line;
    } places[IMPORT_FIELDS_MAX];
    const char *error;  /* of the row; NULL: none */
    size_t error_field; /* where it is */
} import_rows_t;

void import_rows_init(import_rows_t *r, slice_t text, char separator);
void import_rows_release(import_rows_t *r);
/* False at the end. Memory failed when buf_failed(&r->scratch). */
bool import_rows_next(import_rows_t *r);
/* In characters, from 1. */
uint32_t import_rows_column(const import_rows_t *r, size_t field);
/* What separates the fields of the text's first row: a comma, a semicolon or a tab. */
char import_rows_separator(slice_t text);

#endif
