/*
 * How a command says that it cannot do what it is asked: a line on standard error, or with --json
 * one object on standard output, with at least `code` and `detail`. What a server refuses is told
 * as the server says it, which has these members, too. Mistakes on the command line stay text.
 */
#ifndef FPD_CTL_FAIL_H
#define FPD_CTL_FAIL_H

#include "footprintd/doc/finding.h"

/* Returns the exit code. The text has no "footprintctl: " and no newline. */
int ctl_fail(bool json, int exit_code, const char *code, const char *fmt, ...) FPD_PRINTF(4, 5);
/*
 * The same because of findings, whose errors are told before; in JSON they are the member `report`,
 * with their warnings. Sorts them.
 */
int ctl_fail_findings(bool json, int exit_code, findings_t *findings, const char *fmt, ...)
    FPD_PRINTF(4, 5);
/* The lines of errors, or of all findings, on standard error. */
void ctl_tell_findings(const findings_t *findings, bool warnings);

#endif
