/*
 * Findings as log lines.
 */
#ifndef FPD_APP_LOAD_H
#define FPD_APP_LOAD_H

#include "footprintd/doc/finding.h"

/* One log line for each finding, sorted. */
void load_log_findings(const char *area, findings_t *findings);

/*
 * Findings for those who know documents by their names alone: what follows the directory, where a
 * finding's file lies in it.
 */
void load_name_documents(findings_t *findings, slice_t directory);

#endif
