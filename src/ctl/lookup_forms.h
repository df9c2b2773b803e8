/*
 * The answers of footprintctl lookup for people, and for scripts that cut lines; the third form,
 * JSON, is lookup/report.h's.
 */
#ifndef FPD_CTL_LOOKUP_FORMS_H
#define FPD_CTL_LOOKUP_FORMS_H

#include "footprintd/lookup/report.h"

report_write_t report_text, report_brief;
/* The text form of a prefix: what footprintctl explain makes of the JSON. */
err_t report_text_prefix(report_t *r, const prefix_t *prefix, bool host_bits) FPD_MUST_CHECK;
/* What the text form says once, behind all addresses. */
void report_text_end(report_t *r);

#endif
