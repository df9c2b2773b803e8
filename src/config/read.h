/*
 * The reader's state, shared by the walk over the tree and by the checks of listeners.
 */
#ifndef FPD_CONFIG_READ_H
#define FPD_CONFIG_READ_H

#include "footprintd/base/json.h"
#include "keys.h"

typedef struct config_reader {
    config_t *config;
    findings_t *findings;
    slice_t file;
    buf_t pointer; /* of the value at hand */
    bool failed;   /* memory */
} config_reader_t;

place_t config_reader_place(const config_reader_t *r, uint32_t line, uint32_t column);
/* A finding at the value, with the reader's pointer. */
void config_reader_find(config_reader_t *r, const json_value_t *at, finding_code_t code,
                        slice_t suggestion, const char *fmt, ...) FPD_PRINTF(5, 6);
/* Goes down to a member (an index as decimal text); returns what config_reader_leave wants. */
size_t config_reader_enter(config_reader_t *r, slice_t name);
void config_reader_leave(config_reader_t *r, size_t mark);

/*
 * The members of a map by the rows that begin with prefix ("" or "http."), into base, the struct
 * that the rows' offsets are for.
 */
void config_reader_map(config_reader_t *r, const json_value_t *map, const char *prefix, void *base);
/* Sets the default of every row below the prefix. */
void config_defaults(const char *prefix, void *base);

/* A text by its kind in the row. */
void config_reader_text(config_reader_t *r, const config_key_t *key, const json_value_t *v,
                        slice_t *out);
/* Reads `tls.certificates:`. */
void config_reader_certificates(config_reader_t *r, const json_value_t *list,
                                config_certificates_t *out);
/* Reads `listen:` with its checks. */
void config_reader_listeners(config_reader_t *r, const json_value_t *list);
/* Whether listeners behind proxies have some to believe. */
void config_reader_proxies(config_reader_t *r, const json_value_t *root);
/* What the keys of `admin` say together, and those of `metrics`, when the whole file was read. */
void config_reader_operators(config_reader_t *r, const json_value_t *root);

/* "a map", "a list", "a text", ... for messages. */
const char *config_kind_text(json_kind_t kind);

#endif
