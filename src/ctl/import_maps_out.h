/*
 * What the imports tell that make network maps. Private to src/ctl.
 */
#ifndef FPD_CTL_IMPORT_MAPS_OUT_H
#define FPD_CTL_IMPORT_MAPS_OUT_H

#include "import_out.h"
#include "import_pids.h"

/* "23.1 kB" */
void import_append_size(buf_t *out, uint64_t bytes);
/* "network map netmap: 12 PIDs, 1000 IPv4 and 20 IPv6 prefixes; 0 errors, 1 warning", and the PIDs
 * with the most prefixes, and how large all is. */
void import_append_map(const import_data_t *d, const import_pids_t *p, buf_t *out);
/* ,"network-map":...,"pids":...,"prefixes":{...},"merged":...,"bytes":{...},"largest":[...] */
void import_append_map_json(const import_data_t *d, const import_pids_t *p, buf_t *out);

typedef struct import_target {
    const char *output; /* a file or a directory; NULL: standard output */
    bool dry_run;       /* nothing is given out */
    bool yes;           /* a file that import did not make may be replaced */
    bool json;
} import_target_t;

/*
 * The end of a command: prints `told`, which is released, on standard error or, with --json, as
 * it is on standard output; then gives the documents out. Returns the exit code.
 */
int import_give_out(const import_data_t *d, const import_target_t *t, bool fine, buf_t *told);
/* Whether the texts of the documents belong into the JSON. */
bool import_shows_texts(const import_target_t *t, bool fine);

#endif
