/*
 * Who shows wrong tokens: what is wrong once may be a slip, and what goes on is slowed. A right
 * token is never slowed, whoever else is at the same address.
 */
#ifndef FOOTPRINTD_HTTP_ADMIN_PEERS_H
#define FOOTPRINTD_HTTP_ADMIN_PEERS_H

#include "footprintd/base/bytes.h"

#define ADMIN_PEERS 256
/* Wrong tokens that are answered at once; one is forgiven a second. */
#define ADMIN_WRONG_FREE 4
/* Answers to one peer that are held back at a time. */
#define ADMIN_WRONG_HELD 8

typedef struct admin_peer {
    uint64_t hash; /* of its address; 0: free */
    uint64_t last; /* s */
    unsigned wrong;
    unsigned held;
} admin_peer_t;

/* Zeroed is empty. One thread at a time. */
typedef struct admin_peers {
    admin_peer_t items[ADMIN_PEERS];
} admin_peers_t;

typedef enum admin_verdict {
    ADMIN_ANSWER, /* 401 at once */
    ADMIN_HOLD,   /* later; admin_peers_released follows */
    ADMIN_REFUSE, /* 429: too many are held */
} admin_verdict_t;

/* The peer has shown a wrong token; now in seconds of any steady clock. */
admin_verdict_t admin_peers_wrong(admin_peers_t *peers, uint64_t hash, uint64_t now);
void admin_peers_released(admin_peers_t *peers, uint64_t hash);

#endif
