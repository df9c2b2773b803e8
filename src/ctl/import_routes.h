/*
 * Routing tables as PIDs: one for each origin AS, neighbour AS or next hop. Private to src/ctl.
 *
 *     import_routes.c  which route of a prefix counts, and what its PID is called
 *     import_mrt.c     TABLE_DUMP_V2 (RFC 6396 4.3, RFC 8050 4.1)
 *     import_pfx2as.c  lists of prefixes and origin ASes, as CAIDA publishes them
 *
 * Debian has bgpdump, a program that writes text, and no library for MRT: so the few kinds of
 * records that a table is made of are read here.
 */
#ifndef FPD_CTL_IMPORT_ROUTES_H
#define FPD_CTL_IMPORT_ROUTES_H

#include "import_pids.h"
#include "import_stream.h"

typedef enum import_pid_by {
    IMPORT_ORIGIN_AS,
    IMPORT_NEIGHBOR_AS,
    IMPORT_NEXT_HOP,
} import_pid_by_t;
#define IMPORT_PID_BY_COUNT 3

extern const char *const import_pid_by_names[IMPORT_PID_BY_COUNT];

/* What a PID is made of. */
typedef struct import_hop {
    enum { IMPORT_HOP_NONE, IMPORT_HOP_AS, IMPORT_HOP_ADDR } kind;
    uint32_t asn;
    addr_t addr;
} import_hop_t;

/* One route to a prefix. */
typedef struct import_route {
    import_hop_t hop;     /* by what is asked for */
    uint32_t path_length; /* in ASes */
} import_route_t;

/* How many hops of one prefix are told apart; what goes beyond does not vote. */
#define IMPORT_HOPS_MAX 64

typedef struct import_routes {
    import_data_t *d;
    import_pids_t pids;
    /* What is wanted: */
    import_pid_by_t by;
    slice_t name_prefix;            /* of PIDs */
    unsigned longest[FAMILY_COUNT]; /* prefixes longer than that are left out */
    bool of_peer_as, of_peer_addr;  /* routes of this peer alone */
    uint32_t peer_as;
    addr_t peer_addr;
    /* What came of it: */
    uint64_t records;  /* MRT records, or lines */
    uint64_t routes;   /* that were looked at */
    uint64_t several;  /* prefixes of which routes say different things */
    uint64_t hopeless; /* prefixes without anything to make a PID of */
    uint64_t too_long; /* prefixes longer than wanted */
    uint64_t unused;   /* records of other kinds */
    /* The prefix at hand: */
    struct {
        import_hop_t hop;
        uint32_t votes, path_length;
    } hops[IMPORT_HOPS_MAX];
    size_t hop_count;
} import_routes_t;

void import_routes_init(import_routes_t *r, import_data_t *d, slice_t map);
void import_routes_release(import_routes_t *r);

/* ---- for readers: begin, one route after another, end ---- */

void import_routes_begin(import_routes_t *r);
void import_routes_add(import_routes_t *r, const import_route_t *route);
/*
 * Of several the hop that most routes have, then that of the shortest path, then the first. False
 * when memory or room is out.
 */
bool import_routes_end(import_routes_t *r, const prefix_t *prefix);

/* The names of --from: what the beginning looks like. */
bool import_looks_like_mrt(import_stream_t *s);
/* Each false when memory failed or nothing can be made. */
bool import_mrt(import_routes_t *r, import_stream_t *s);
bool import_pfx2as(import_routes_t *r, import_stream_t *s);
/* What was left out, as warnings; for behind either. */
void import_routes_tell(import_routes_t *r);

/*
 * The whole: reads, merges when d->aggregate, puts PIDs of fewer than `least` prefixes (0: none)
 * together in `other`, and makes the document, which passes its check. False when nothing can be
 * used: findings say why, unless memory failed.
 */
bool import_routes_document(import_routes_t *r, import_stream_t *s, bool mrt, size_t least,
                            slice_t other);

#endif
