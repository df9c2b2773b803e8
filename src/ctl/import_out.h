/*
 * What import tells and writes. Private to src/ctl.
 */
#ifndef FPD_CTL_IMPORT_OUT_H
#define FPD_CTL_IMPORT_OUT_H

#include "import_data.h"

#include <time.h>

/* What takes long is told on the terminal: the step that is being done, and the line of reading. */
typedef struct import_progress {
    struct timespec start, told;
    bool on; /* something of it is on the screen */
} import_progress_t;

void import_progress_begin(import_progress_t *p, import_data_t *d);
/* Wipes it away. */
void import_progress_end(import_progress_t *p);

/* Whether --name may be the name of a YAML document (NULL may); -1, or the exit code. */
int import_check_name(const char *command, const char *name);
/* Tells it; returns the exit code. */
int import_nomem(void);

/* ---- parts of what is told ---- */

/* A line for each finding, the first of each severity. */
void import_append_findings(const import_data_t *d, buf_t *out);
/* "1 error, no warnings", with what became of the errors. */
void import_append_verdict(const import_data_t *d, buf_t *out);
void import_append_count(buf_t *out, size_t n, const char *what);
/* Members of the JSON object: "documents", "report", and "texts". */
void import_append_documents(const import_data_t *d, buf_t *out);
void import_append_report(const import_data_t *d, buf_t *out);
void import_append_texts(const import_data_t *d, buf_t *out);

/* ---- of import ---- */

/*
 * Findings and counts: on standard error, or as one JSON object on standard output. With `texts`
 * the document too, on standard output. Returns the exit code, CTL_FINE when it could be written.
 */
int import_tell(const import_data_t *d, bool json, bool texts);
/*
 * Writes the documents to a file, or into a directory. A file that import did not make is replaced
 * only with `yes`. Returns the exit code.
 */
int import_write(const import_data_t *d, const char *output, bool yes);
/* What import_write looks at before it writes anything. */
int import_may_write(const import_data_t *d, const char *output, bool yes);

#endif
