/*
 * Findings: everything that is wrong, or looks wrong, with what an operator wrote.
 *
 * All findings of a run are collected, never only the first. Each has a stable code from codes.def,
 * a place (file, line, column from 1; a JSON Pointer, RFC 6901, into the document), a text for
 * people and, where there is one, the nearest permitted word.
 */
#ifndef FOOTPRINTD_DOC_FINDING_H
#define FOOTPRINTD_DOC_FINDING_H

#include "footprintd/base/arena.h"

#include <stdarg.h>

typedef enum severity {
    SEVERITY_ERROR,
    SEVERITY_WARNING,
} severity_t;

typedef enum finding_code {
#define FINDING(id, name, severity, summary) FINDING_##id,
#include "footprintd/doc/codes.def"
#undef FINDING
    FINDING_CODE_COUNT
} finding_code_t;

typedef struct finding_info {
    const char *name; /* as printed in brackets: "unknown-key" */
    severity_t severity;
    const char *summary; /* one line, for the reference */
} finding_info_t;

extern const finding_info_t finding_infos[FINDING_CODE_COUNT];

/* Where something stands. A line of 0 means the file as a whole. */
typedef struct place {
    slice_t file; /* findings_add copies it */
    uint32_t line;
    uint32_t column;
} place_t;

typedef struct finding {
    finding_code_t code;
    place_t place;
    slice_t pointer; /* "" when there is none */
    slice_t text;
    slice_t suggestion; /* {NULL, 0} when there is none */
} finding_t;

typedef struct findings {
    finding_t *items;
    size_t count; /* kept */
    size_t cap;
    size_t errors;     /* found, kept or not */
    size_t warnings;   /* likewise */
    size_t limit;      /* of count; what goes beyond is only counted */
    bool failed;       /* an allocation failed: the list is not complete */
    slice_t last_file; /* most findings are about the same file as the one before */
    arena_t arena;     /* texts */
} findings_t;

#define FINDINGS_LIMIT_DEFAULT 10000

void findings_init(findings_t *f, size_t limit);
void findings_release(findings_t *f);
/* pointer and suggestion are copied. */
void findings_add(findings_t *f, finding_code_t code, place_t place, slice_t pointer,
                  slice_t suggestion, const char *fmt, ...) FPD_PRINTF(6, 7);
void findings_addv(findings_t *f, finding_code_t code, place_t place, slice_t pointer,
                   slice_t suggestion, const char *fmt, va_list args) FPD_PRINTF(6, 0);
/* By file, line, column, code; exact repetitions dropped. */
void findings_sort(findings_t *f);
/* "file:line:column: error: text (did you mean 'x'?) [code]", without a newline. */
void finding_format(const finding_t *finding, buf_t *out);
/*
 * {"findings":[{"severity","code","file","line","column","pointer","text","suggestion"}],
 *  "errors":N,"warnings":N}; suggestion is null when there is none.
 */
void findings_write_json(const findings_t *f, buf_t *out);

#endif
