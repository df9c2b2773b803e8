/*
 * What the forms of a difference have in common. Private to src/lookup.
 */
#ifndef FPD_LOOKUP_DIFFERENCE_WRITE_H
#define FPD_LOOKUP_DIFFERENCE_WRITE_H

#include "footprintd/lookup/difference.h"

/* "added", "removed" or "changed". */
const char *difference_change(bool before, bool after);
/* PIDs of all maps together. */
difference_tally_t difference_pid_tally(const difference_t *d);
/* Whether any address is gained or lost. */
bool difference_moving(const difference_coverage_t *row);
/* "everything", "cdni", "cdni FCI.Metadata". */
void difference_write_row(const difference_coverage_t *row, buf_t *out);

/* JSON: footprints, network maps and advertisements; coverage and guard rails. */
void difference_json_documents(const difference_t *d, buf_t *out);
void difference_json_objects(const difference_t *d, buf_t *out);
void difference_json_coverage(const difference_t *d, buf_t *out);
void difference_json_guard(const difference_t *d, buf_t *out);

/* Text, in the same parts. */
typedef struct difference_text {
    const difference_t *d;
    buf_t *out;
    bool colours;
} difference_text_t;

void difference_text_heading(const difference_text_t *t, const char *heading);
/* "  + " in its colour. */
void difference_text_mark(const difference_text_t *t, bool before, bool after);
/* Begins and ends what is gained, or lost. */
void difference_text_colour(const difference_text_t *t, bool lost, const char *text);
/* "  ... and 3 more". */
void difference_text_more(const difference_text_t *t, size_t count, size_t listed);
void difference_text_documents(const difference_text_t *t);
void difference_text_objects(const difference_text_t *t);
void difference_text_coverage(const difference_text_t *t);
void difference_text_guard(const difference_text_t *t);

#endif
