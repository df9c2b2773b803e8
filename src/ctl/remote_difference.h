/*
 * What the parts of a difference's text share. Private to src/ctl.
 */
#ifndef FPD_CTL_REMOTE_DIFFERENCE_H
#define FPD_CTL_REMOTE_DIFFERENCE_H

#include "remote.h"

typedef struct remote_writer {
    buf_t *out;
    bool colours;
} remote_writer_t;

void remote_heading(const remote_writer_t *w, const char *text);
/* "  ... and 7 more", as the list's member says. */
void remote_more(const remote_writer_t *w, const json_value_t *list);
/* "+" or "-" with the text, in green or red. */
void remote_signed(const remote_writer_t *w, bool lost, slice_t text);

/* ---- remote_addresses.c ---- */

void remote_coverage(const remote_writer_t *w, const json_value_t *difference);
void remote_guard(const remote_writer_t *w, const json_value_t *difference);

#endif
