#include "guard/internal.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <time.h>

/*
 * Peers: how many connections and streams an address and its network have, and how fast they open
 * new ones. Who has none is remembered until its budget is whole again.
 */

/* Seconds' worth of new connections that may come at once. */
#define BURST_S 8
/* A connection that has to be cut off counts as so many: it was a lot of work. */
#define COST_OF_CUT 50

typedef struct peer_key {
    uint64_t bits;
    uint8_t len; /* of the prefix; of IPv6 when above 32 */
} peer_key_t;

struct guard_peer {
    guard_peer_t *next; /* in its slot */
    guard_peer_t *idle_next, *idle_previous;
    peer_key_t key;
    uint64_t connections;
    int64_t budget;    /* thousandths of connections that may be opened now */
    uint64_t refilled; /* ms */
    atomic_int_fast64_t streams;
    atomic_int_fast64_t handshakes;
};

static uint64_t now_ms(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

/* An IPv4 address, or the /64 of an IPv6 one; false for what is neither. */
static bool key_of_socket(h2o_socket_t *sock, peer_key_t *address, peer_key_t *network)
{
    union {
        struct sockaddr_storage storage;
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } peer;
    if (!h2o_socket_getpeername(sock, &peer.any)) {
        return false;
    }
    const uint8_t *bytes;
    if (peer.any.sa_family == AF_INET) {
        bytes = (const uint8_t *)&peer.v4.sin_addr;
    } else if (peer.any.sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&peer.v6.sin6_addr)) {
        bytes = peer.v6.sin6_addr.s6_addr + 12;
    } else if (peer.any.sa_family == AF_INET6) {
        uint64_t bits = 0;
        for (size_t i = 0; i < 8; i++) {
            bits = bits << 8 | peer.v6.sin6_addr.s6_addr[i];
        }
        *address = (peer_key_t){bits, 64};
        *network = (peer_key_t){bits >> 16 << 16, 48};
        return true;
    } else {
        return false;
    }
    uint32_t v4 = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
                  bytes[3];
    *address = (peer_key_t){v4, 32};
    *network = (peer_key_t){v4 >> 8 << 8, 24};
    return true;
}

static guard_peer_t **slot_of(guard_t *guard, peer_key_t key)
{
    /* A peer that chooses addresses which collide makes its own network slow to find, no more. */
    uint64_t mixed = (key.bits + key.len) * 0x9e3779b97f4a7c15ULL;
    return &guard->slots[(mixed >> 32) % GUARD_PEER_SLOTS];
}

static void unlink_idle(guard_t *guard, guard_peer_t *peer)
{
    *(peer->idle_previous ? &peer->idle_previous->idle_next : &guard->idle_first) = peer->idle_next;
    *(peer->idle_next ? &peer->idle_next->idle_previous : &guard->idle_last) = peer->idle_previous;
    guard->idle_count--;
}

static void link_idle(guard_t *guard, guard_peer_t *peer)
{
    peer->idle_next = NULL;
    peer->idle_previous = guard->idle_last;
    *(guard->idle_last ? &guard->idle_last->idle_next : &guard->idle_first) = peer;
    guard->idle_last = peer;
    guard->idle_count++;
}

static void forget_idle(guard_t *guard, guard_peer_t *peer)
{
    guard_peer_t **at = slot_of(guard, peer->key);
    while (*at != peer) {
        at = &(*at)->next;
    }
    *at = peer->next;
    unlink_idle(guard, peer);
    free(peer);
}

/* An address, or a network. */
static uint64_t rate_of(const guard_t *guard, peer_key_t key)
{
    return key.len == 32 || key.len == 64 ? guard->options.new_connections_per_s
                                          : guard->options.new_connections_per_network_s;
}

/* The peer, which is made when it is not known; NULL without memory. It is not idle behind this. */
static guard_peer_t *find(guard_t *guard, peer_key_t key, uint64_t now)
{
    guard_peer_t **slot = slot_of(guard, key);
    for (guard_peer_t *peer = *slot; peer; peer = peer->next) {
        if (peer->key.bits == key.bits && peer->key.len == key.len) {
            if (!peer->connections) {
                unlink_idle(guard, peer);
            }
            return peer;
        }
    }
    if (guard->idle_count >= GUARD_IDLE_PEERS) {
        forget_idle(guard, guard->idle_first);
    }
    guard_peer_t *peer = calloc(1, sizeof *peer);
    if (peer) {
        peer->key = key;
        peer->budget = (int64_t)rate_of(guard, key) * BURST_S * 1000;
        peer->refilled = now;
        peer->next = *slot;
        *slot = peer;
    }
    return peer;
}

static void put_back(guard_t *guard, guard_peer_t *peer)
{
    if (!peer->connections) {
        link_idle(guard, peer);
    }
}

/* Whether another may come now; spend then counts it. */
static bool may_spend(const guard_t *guard, guard_peer_t *peer, uint64_t now)
{
    uint64_t rate = rate_of(guard, peer->key);
    int64_t most = (int64_t)rate * BURST_S * 1000;
    uint64_t ms = now - peer->refilled;
    peer->budget += (int64_t)((ms < BURST_S * 1000 ? ms : BURST_S * 1000) * rate);
    peer->budget = peer->budget < most ? peer->budget : most;
    peer->refilled = now;
    return peer->budget >= 1000 || !most;
}

void guard_peers_charge(guard_conn_t *conn)
{
    guard_peer_t *peer = conn->address;
    guard_t *guard = conn->guard;
    int64_t least = -(int64_t)guard->options.new_connections_per_s * BURST_S * 1000;
    if (!peer || conn->charged) {
        return;
    }
    conn->charged = true;
    (void)pthread_mutex_lock(&guard->lock);
    peer->budget -= (COST_OF_CUT - 1) * 1000;
    peer->budget = peer->budget > least ? peer->budget : least;
    (void)pthread_mutex_unlock(&guard->lock);
}

bool guard_peers_admit(guard_t *guard, guard_conn_t *conn)
{
    const guard_options_t *options = &guard->options;
    peer_key_t keys[2];
    if (!key_of_socket(conn->sock, &keys[0], &keys[1])) {
        return true; /* gone already: reading will tell */
    }
    uint64_t now = now_ms();
    guard_kind_t why = GUARD_KIND_COUNT;
    (void)pthread_mutex_lock(&guard->lock);
    guard_peer_t *address = find(guard, keys[0], now);
    guard_peer_t *network = address ? find(guard, keys[1], now) : NULL;
    if (network) {
        uint64_t most = options->connections_per_address;
        if (most && address->connections >= most) {
            why = GUARD_ADDRESS;
        } else if ((most = options->connections_per_network) && network->connections >= most) {
            why = GUARD_NETWORK;
        } else if (!may_spend(guard, address, now)) {
            why = GUARD_RATE;
        } else if (!may_spend(guard, network, now)) {
            why = GUARD_NETWORK_RATE;
        } else {
            address->budget -= 1000;
            network->budget -= 1000;
            address->connections++;
            network->connections++;
            conn->address = address;
            conn->network = network;
        }
        put_back(guard, network);
    }
    if (address) {
        put_back(guard, address);
    }
    (void)pthread_mutex_unlock(&guard->lock);
    if (why != GUARD_KIND_COUNT) {
        guard_report(guard, conn, why);
    }
    return why == GUARD_KIND_COUNT;
}

static void leave(guard_t *guard, guard_peer_t *peer)
{
    peer->connections--;
    put_back(guard, peer);
}

void guard_peers_leave(guard_conn_t *conn)
{
    guard_t *guard = conn->guard;
    if (conn->address) {
        (void)pthread_mutex_lock(&guard->lock);
        leave(guard, conn->address);
        leave(guard, conn->network);
        (void)pthread_mutex_unlock(&guard->lock);
    }
}

bool guard_handshake_begin(guard_conn_t *conn)
{
    uint64_t most = conn->guard->options.handshakes_per_address;
    if (!conn->address) {
        return true;
    }
    conn->shaking = true;
    int_fast64_t before = atomic_fetch_add_explicit(&conn->address->handshakes, 1,
                                                    memory_order_relaxed);
    if (most && (uint64_t)before >= most) {
        guard_report(conn->guard, conn, GUARD_HANDSHAKES);
        return false;
    }
    return true;
}

void guard_handshake_end(guard_conn_t *conn)
{
    if (conn->shaking) {
        conn->shaking = false;
        (void)atomic_fetch_sub_explicit(&conn->address->handshakes, 1, memory_order_relaxed);
    }
}

uint64_t guard_peer_streams(const guard_conn_t *conn)
{
    return conn->address
               ? (uint64_t)atomic_load_explicit(&conn->address->streams, memory_order_relaxed)
               : 0;
}

void guard_peer_add_streams(guard_conn_t *conn, int n)
{
    if (conn->address) {
        (void)atomic_fetch_add_explicit(&conn->address->streams, n, memory_order_relaxed);
    }
}

void guard_peers_free(guard_t *guard)
{
    for (size_t i = 0; i < GUARD_PEER_SLOTS; i++) {
        while (guard->slots[i]) {
            guard_peer_t *peer = guard->slots[i];
            guard->slots[i] = peer->next;
            free(peer);
        }
    }
}
