/*
 * Wrong credentials: tokens of operators, passwords of upstream CDNs. The first are answered at
 * once, then answers are held back for a second, and 429 when too many are. See wrong_peers.h.
 */
#ifndef FOOTPRINTD_HTTP_WRONG_H
#define FOOTPRINTD_HTTP_WRONG_H

#include "http/internal.h"
#include "http/wrong_peers.h"

typedef struct wrong {
    const char *area; /* of the log */
    const char *what; /* "a wrong token" */
    void (*challenge)(h2o_req_t *req);
    void (*refuse)(h2o_req_t *req); /* 429 */
    pthread_mutex_t lock;           /* of all below */
    wrong_peers_t peers;
    uint64_t count; /* so far */
    time_t told;    /* s of the monotonic clock: one line a second */
} wrong_t;

/* `w` is zeroed but for what stands before the lock, and lives as long as there are requests. */
void wrong_init(wrong_t *w);
void wrong_destroy(wrong_t *w);

/* The request had a wrong one: it is answered, or will be. On its loop. */
void wrong_refuse(wrong_t *w, h2o_req_t *req);

uint64_t wrong_count(wrong_t *w);

#endif
