/*
 * Documents as events: YAML (the 1.2 JSON schema) and JSON read as one stream, so that what follows
 * does not care which of them an operator wrote.
 *
 * Plain YAML scalars are null, booleans and numbers exactly where JSON would say so (`null` or
 * nothing, `true`, `false`, JSON's number grammar); everything else is text: `no` is Norway.
 * Refused, each with a finding: duplicate keys, tags, merge keys, keys that are not scalars,
 * several documents in a file, invalid UTF-8, and whatever is above the limits. Aliases work,
 * within a budget of replayed events that a billion-laughs document exhausts at once.
 */
#ifndef FOOTPRINTD_DOC_EVENTS_H
#define FOOTPRINTD_DOC_EVENTS_H

#include "footprintd/base/json.h"
#include "footprintd/doc/finding.h"

typedef enum doc_format {
    DOC_YAML,
    DOC_JSON,
    DOC_DATA, /* no document: a file that documents name (model/data.h), read by whom it is for */
} doc_format_t;

typedef struct doc_limits {
    size_t bytes;        /* of one document */
    unsigned depth;      /* nested collections */
    size_t scalar_bytes; /* one scalar */
    size_t aliases;      /* alias nodes in a document */
    size_t alias_events; /* events replayed by aliases in a document */
} doc_limits_t;

/* 64 MiB, 32 levels, 64 KiB, 256 aliases, 65,536 replayed events. */
extern const doc_limits_t doc_limits_default;

typedef enum doc_event_kind {
    DOC_EV_ERROR, /* a finding was added, or memory is out; reading is over */
    DOC_EV_END,
    DOC_EV_MAP,
    DOC_EV_MAP_END,
    DOC_EV_SEQ,
    DOC_EV_SEQ_END,
    DOC_EV_SCALAR, /* also the keys of a map */
} doc_event_kind_t;

typedef struct doc_event {
    doc_event_kind_t kind;
    json_kind_t scalar; /* JSON_NULL, _BOOL, _NUMBER or _STRING; keys are always JSON_STRING */
    slice_t text;       /* as written for numbers and booleans; valid until the next call */
    uint32_t line;
    uint32_t column;
} doc_event_t;

typedef struct doc_reader doc_reader_t;

/*
 * text and file must outlive the reader. The reader adds its findings to f.
 * Duplicate keys are found by the reader (with a finding each) and reading goes on.
 */
err_t doc_reader_new(slice_t text, doc_format_t format, slice_t file, const doc_limits_t *limits,
                     findings_t *f, doc_reader_t **out) FPD_MUST_CHECK;
void doc_reader_free(doc_reader_t *r);
/* The event, valid until the next call; never NULL. */
const doc_event_t *doc_reader_next(doc_reader_t *r);
/* The last event again. */
const doc_event_t *doc_reader_last(const doc_reader_t *r);
/* True when DOC_EV_ERROR came of an allocation that failed: there is no finding then. */
bool doc_reader_nomem(const doc_reader_t *r);
/* True when the last event was the key of a map (its value comes next). */
bool doc_reader_at_key(const doc_reader_t *r);
/* Reads on to the end of the value whose first event was just read. False after DOC_EV_ERROR. */
bool doc_reader_skip(doc_reader_t *r);
/* Appends the JSON Pointer (RFC 6901) of the last event: of a key, the member it names. */
void doc_reader_pointer(const doc_reader_t *r, buf_t *out);
/* Adds a finding at the last event. */
void doc_reader_find(doc_reader_t *r, finding_code_t code, slice_t suggestion, const char *fmt, ...)
    FPD_PRINTF(4, 5);

/*
 * The value whose first event was just read, as a tree with positions, in the arena.
 * ERR_DATA when a finding says why there is none.
 */
err_t doc_reader_tree(doc_reader_t *r, arena_t *arena, json_value_t *out) FPD_MUST_CHECK;

/* A whole document as a tree: for configuration files and other small documents. */
err_t doc_read_tree(slice_t text, doc_format_t format, slice_t file, const doc_limits_t *limits,
                    arena_t *arena, findings_t *f, json_value_t **out) FPD_MUST_CHECK;

#endif
