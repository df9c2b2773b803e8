/*
 * Findings as log lines.
 */
#ifndef FPD_APP_LOAD_H
#define FPD_APP_LOAD_H

#include "footprintd/doc/finding.h"

/* One log line for each finding, sorted. */
void load_log_findings(const char *area, findings_t *findings);

#endif
