/*
 * One line of the access log, as a JSON object.
 */
#ifndef FOOTPRINTD_HTTP_ACCESS_RECORD_H
#define FOOTPRINTD_HTTP_ACCESS_RECORD_H

#include "footprintd/base/bytes.h"

#include <sys/time.h>

/* Bytes of the request target, and of its id, that are logged, before escaping. */
#define ACCESS_PATH_MAX 512
#define ACCESS_ID_MAX   128

typedef struct access_record {
    struct timeval time; /* when the request began */
    slice_t peer;        /* "192.0.2.1" */
    slice_t ucdn; /* the profile's name; "" when it was refused, {NULL, 0} without profiles */
    slice_t method;
    slice_t path; /* any bytes */
    slice_t id;   /* likewise; {NULL, 0} without */
    int status;
    uint64_t bytes; /* of the body */
    const char *protocol;
    uint64_t microseconds;
} access_record_t;

/* Without a newline. */
void access_record_write(const access_record_t *record, buf_t *out);

#endif
