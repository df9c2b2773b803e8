#include "http/admin_peers.h"

static admin_peer_t *find(admin_peers_t *peers, uint64_t hash)
{
    for (size_t i = 0; i < ADMIN_PEERS; i++) {
        if (peers->items[i].hash == hash) {
            return &peers->items[i];
        }
    }
    return NULL;
}

/* The place of the one that was heard of last the longest ago; NULL: answers to all are held. */
static admin_peer_t *make_room(admin_peers_t *peers)
{
    admin_peer_t *oldest = NULL;
    for (size_t i = 0; i < ADMIN_PEERS; i++) {
        admin_peer_t *peer = &peers->items[i];
        if (!peer->held && (!oldest || peer->last < oldest->last)) {
            oldest = peer;
        }
    }
    return oldest;
}

admin_verdict_t admin_peers_wrong(admin_peers_t *peers, uint64_t hash, uint64_t now)
{
    hash |= 1; /* 0 is a free place */
    admin_peer_t *peer = find(peers, hash);
    if (!peer) {
        peer = make_room(peers);
        if (!peer) {
            return ADMIN_REFUSE;
        }
        *peer = (admin_peer_t){.hash = hash, .last = now};
    }
    uint64_t forgiven = now > peer->last ? now - peer->last : 0;
    peer->wrong = forgiven < peer->wrong ? peer->wrong - (unsigned)forgiven : 0;
    peer->last = now;
    if (peer->wrong < ADMIN_WRONG_FREE) {
        peer->wrong++;
        return ADMIN_ANSWER;
    }
    if (peer->held == ADMIN_WRONG_HELD) {
        return ADMIN_REFUSE;
    }
    peer->held++;
    return ADMIN_HOLD;
}

void admin_peers_released(admin_peers_t *peers, uint64_t hash)
{
    admin_peer_t *peer = find(peers, hash | 1);
    if (peer && peer->held) {
        peer->held--;
    }
}
