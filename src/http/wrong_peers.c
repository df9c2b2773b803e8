#include "http/wrong_peers.h"

static wrong_peer_t *find(wrong_peers_t *peers, uint64_t hash)
{
    for (size_t i = 0; i < WRONG_PEERS; i++) {
        if (peers->items[i].hash == hash) {
            return &peers->items[i];
        }
    }
    return NULL;
}

/* The place of the one that was heard of last the longest ago; NULL: answers to all are held. */
static wrong_peer_t *make_room(wrong_peers_t *peers)
{
    wrong_peer_t *oldest = NULL;
    for (size_t i = 0; i < WRONG_PEERS; i++) {
        wrong_peer_t *peer = &peers->items[i];
        if (!peer->held && (!oldest || peer->last < oldest->last)) {
            oldest = peer;
        }
    }
    return oldest;
}

wrong_verdict_t wrong_peers_add(wrong_peers_t *peers, uint64_t hash, uint64_t now)
{
    hash |= 1; /* 0 is a free place */
    wrong_peer_t *peer = find(peers, hash);
    if (!peer) {
        peer = make_room(peers);
        if (!peer) {
            return WRONG_REFUSE;
        }
        *peer = (wrong_peer_t){.hash = hash, .last = now};
    }
    uint64_t forgiven = now > peer->last ? now - peer->last : 0;
    peer->wrong = forgiven < peer->wrong ? peer->wrong - (unsigned)forgiven : 0;
    peer->last = now;
    if (peer->wrong < WRONG_FREE) {
        peer->wrong++;
        return WRONG_ANSWER;
    }
    if (peer->held == WRONG_HELD) {
        return WRONG_REFUSE;
    }
    peer->held++;
    return WRONG_HOLD;
}

void wrong_peers_released(wrong_peers_t *peers, uint64_t hash)
{
    wrong_peer_t *peer = find(peers, hash | 1);
    if (peer && peer->held) {
        peer->held--;
    }
}
