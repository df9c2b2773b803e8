/*
 * Who shows wrong tokens: what is wrong once may be a slip, and what goes on is slowed. A right
 * token is never slowed, whoever else is at the same address.
 */
#ifndef FOOTPRINTD_HTTP_WRONG_PEERS_H
#define FOOTPRINTD_HTTP_WRONG_PEERS_H

#include "footprintd/base/bytes.h"

#define WRONG_PEERS 256
/* Wrong tokens that are answered at once; one is forgiven a second. */
#define WRONG_FREE 4
/* Answers to one peer that are held back at a time. */
#define WRONG_HELD 8

typedef struct wrong_peer {
    uint64_t hash; /* of its address; 0: free */
    uint64_t last; /* s */
    unsigned wrong;
    unsigned held;
} wrong_peer_t;

/* Zeroed is empty. One thread at a time. */
typedef struct wrong_peers {
    wrong_peer_t items[WRONG_PEERS];
} wrong_peers_t;

typedef enum wrong_verdict {
    WRONG_ANSWER, /* 401 at once */
    WRONG_HOLD,   /* later; wrong_peers_released follows */
    WRONG_REFUSE, /* 429: too many are held */
} wrong_verdict_t;

/* The peer has shown a wrong token; now in seconds of any steady clock. */
wrong_verdict_t wrong_peers_add(wrong_peers_t *peers, uint64_t hash, uint64_t now);
void wrong_peers_released(wrong_peers_t *peers, uint64_t hash);

#endif
