/*
 * The command line of footprintctl watch. Private to src/ctl.
 */
#ifndef FPD_CTL_WATCH_OPTIONS_H
#define FPD_CTL_WATCH_OPTIONS_H

#include "watch_http.h"

typedef struct watch_input {
    slice_t resource; /* {NULL, 0}: the only one */
    buf_t text;       /* compact JSON, an object */
} watch_input_t;

typedef struct watch_options {
    const char *url;
    char **resources;
    size_t resource_count;
    unsigned ways; /* mask of watch_way_id_t */
    watch_input_t *inputs;
    size_t input_count;
    const char *output;
    const char *output_dir;
    const char *exec;
    bool once;
    bool json;
    int64_t max_age_ms; /* 0: none */
    int64_t idle_ms;
    int64_t interval_ms;
    int64_t retry_min_ms;
    int64_t retry_max_ms;
    int64_t status_ms; /* 0: none */
    watch_http_options_t http;
} watch_options_t;

/* -1 to go on, or the exit code; what was wrong was said. */
int watch_options_parse(int argc, char **argv, watch_options_t *options);
void watch_options_release(watch_options_t *options);
/* The input of a resource, or NULL. */
const watch_input_t *watch_options_input(const watch_options_t *options, const char *resource);

#endif
