/*
 * The table of configuration keys: reader, defaults, dump and documentation come from it.
 */
#ifndef FPD_CONFIG_KEYS_H
#define FPD_CONFIG_KEYS_H

#include "footprintd/config/config.h"

typedef enum config_kind {
    CONFIG_MAP,       /* its keys are the rows that begin with its name and a dot */
    CONFIG_LISTENERS, /* a list of maps: rows that begin with "listen[]." are in config_listener_t
                       */
    CONFIG_LIMITS,    /* a map by the limits table */
    CONFIG_PREFIXES,  /* a list of prefixes or addresses */
    CONFIG_PAIRS,     /* a list of maps {certificate, key}: config_certificates_t */
    CONFIG_BOOL,      /* bool */
    CONFIG_NUMBER,    /* uint64_t in min..max */
    CONFIG_SHARE,     /* double in 0..1 */
    CONFIG_WORD,      /* int: an index into words */
    CONFIG_TEXT,      /* slice_t from here */
    CONFIG_PATH,
    CONFIG_ADDRESS,
    CONFIG_URI,
} config_kind_t;

#define CONFIG_REQUIRED 1u
#define CONFIG_VERSION  2u /* a number: what is above max is of a newer program */
#define CONFIG_NOWHERE  SIZE_MAX

typedef struct config_key {
    const char *name; /* "http.max-age" */
    config_kind_t kind;
    size_t offset;       /* in config_t or config_listener_t; of a map's bool "it is there" */
    const char *initial; /* as it would be written; NULL: "" for texts */
    uint64_t min;
    uint64_t max;
    const char *const *words; /* NULL at the end */
    unsigned flags;
} config_key_t;

extern const config_key_t config_keys[];
extern const size_t config_key_count;

bool config_key_is_text(const config_key_t *key);
/* The part of the name behind "listen[].", or NULL. */
const char *config_key_in_listener(const config_key_t *key);

#endif
