/*
 * Lines of a kind that come in floods: so many a second, five seconds' worth at once; the rest are
 * counted. A kind is a place in the program, known by its format and its area. Not for several
 * threads at once.
 */
#ifndef FPD_LOG_FLOOD_H
#define FPD_LOG_FLOOD_H

#include "footprintd/log/log.h"

/* More than there are places; whatever comes beyond them is one kind. */
#define FLOOD_KINDS 256

typedef struct flood_kind {
    const char *fmt; /* NULL: unused */
    const char *area;
    log_level_t level;  /* of the last line */
    uint64_t left;      /* in thousandths of a line */
    uint64_t filled_ms; /* when */
    uint64_t omitted;   /* lines, and not yet told */
} flood_kind_t;

typedef struct flood {
    uint64_t per_s;   /* 0: no limit */
    uint64_t omitted; /* of all kinds */
    flood_kind_t kinds[FLOOD_KINDS];
} flood_t;

/* Empties the table. */
void flood_init(flood_t *f, uint64_t per_s);
/* Whether the line is to be written; now_ms never falls. The texts are kept as pointers. */
bool flood_admit(flood_t *f, log_level_t level, const char *area, const char *fmt, uint64_t now_ms);
/* The next kind with lines that were omitted, which count as told from now on; false: none. */
bool flood_tell(flood_t *f, flood_kind_t *out);

#endif
