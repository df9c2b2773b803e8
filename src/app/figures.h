/*
 * Figures of the builder, for metrics and health: its thread writes them, any thread reads a copy.
 */
#ifndef FPD_APP_FIGURES_H
#define FPD_APP_FIGURES_H

#include "footprintd/base/bytes.h"

typedef struct builder builder_t;

typedef enum build_result {
    BUILD_PUBLISHED,
    BUILD_UNCHANGED,
    BUILD_REFUSED, /* the documents have errors */
    BUILD_FAILED,  /* the system refused, or memory is out */
    BUILD_RESULT_COUNT
} build_result_t;

/* The parts of a build, in their order. A change over the admin interface is all SNAPSHOT until it
 * is recorded. */
typedef enum build_part {
    BUILD_READ, /* documents to a model */
    BUILD_SNAPSHOT,
    BUILD_RECORD, /* in the history */
    BUILD_CHANGES,
    BUILD_PART_COUNT
} build_part_t;

/* "published", "read" */
extern const char *const build_result_names[BUILD_RESULT_COUNT];
extern const char *const build_part_names[BUILD_PART_COUNT];

typedef struct builder_figures {
    uint64_t builds[BUILD_RESULT_COUNT];
    uint64_t parts_us[BUILD_PART_COUNT]; /* of the last one that was published */
    uint64_t total_us;
    uint64_t errors, warnings; /* of the last build from the directory */
    /* As of the last time that the builder did something; all 0 without a history. */
    uint64_t generations, history_bytes;
    uint64_t held_waiting, held_failed;
} builder_figures_t;

/* Measures the build at hand; of the builder's thread alone. */
typedef struct stopwatch {
    uint64_t start_us, lap_us; /* monotonic */
    uint64_t parts_us[BUILD_PART_COUNT];
} stopwatch_t;

/* ---- the builder's thread ---- */

void figures_start(builder_t *b);
/* What was done since the start, or the last part, was this part. */
void figures_part(builder_t *b, build_part_t part);
/* What came of a build; one that was published is counted by build_publish, under the lock. */
void figures_count(builder_t *b, build_result_t result);
void figures_published(builder_t *b);
void figures_findings(builder_t *b, size_t errors, size_t warnings);
/* Looks at the history: not for a thread that serves. */
void figures_look(builder_t *b);

/* ---- any thread ---- */

void figures_read(builder_t *b, builder_figures_t *out);

#endif
