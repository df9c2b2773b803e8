/*
 * MaxMind DB files (MaxMind DB File Format Specification 2.0): read whole, verified whole.
 *
 * A file that opens is one whose every tree node, every reachable data record and whose metadata
 * were decoded once within bounds; anything else is refused as a whole. Afterwards nothing that a
 * hostile file can hold may make a walk read out of bounds, recurse deeply or take longer than its
 * size warrants. The file is read into memory: one that is overwritten in place later changes
 * nothing.
 *
 * Stricter than a reader that looks up single addresses: no record of any node, reachable or not,
 * leads to the root, into the zeros behind the tree or past the data; no reachable node lies deeper
 * than an address has bits; strings and keys are UTF-8. Nodes that several records share are walked
 * once for each, at most four times the number of nodes in all (65,536 in small trees); data may
 * overlap until each byte was read 16 times. What goes beyond is ERR_LIMIT. Metadata has what the
 * format requires, with the types that it names; description and languages may be absent, bytes
 * behind the metadata are ignored.
 */
#ifndef FOOTPRINTD_GEO_MMDB_H
#define FOOTPRINTD_GEO_MMDB_H

#include "footprintd/net/addr.h"

typedef struct mmdb mmdb_t;

typedef struct mmdb_info {
    slice_t database_type; /* "GeoLite2-City"; lies in the mmdb_t */
    uint64_t build_epoch;  /* seconds since 1970 */
    unsigned ip_version;   /* 4 or 6 */
    unsigned record_size;  /* 24, 28 or 32 bits */
    uint32_t node_count;
} mmdb_info_t;

typedef struct mmdb_limits {
    size_t file_bytes; /* 0: 1 GiB */
    unsigned depth;    /* of nested maps and arrays; 0: 64; at most 250 */
} mmdb_limits_t;

/*
 * On failure *why has one line for a person: what is wrong and at which offset, without the path;
 * nothing on ERR_NOMEM. ERR_IO (errno), ERR_DATA (also what is no regular file, or changes while it
 * is read), ERR_LIMIT, ERR_NOMEM. Never waits for the writer of a FIFO.
 */
err_t mmdb_open(const char *path, const mmdb_limits_t *limits, mmdb_t **out,
                buf_t *why) FPD_MUST_CHECK;
/* The same over bytes in memory, which are copied. */
err_t mmdb_open_bytes(slice_t bytes, const mmdb_limits_t *limits, mmdb_t **out,
                      buf_t *why) FPD_MUST_CHECK;
void mmdb_free(mmdb_t *db);
const mmdb_info_t *mmdb_info(const mmdb_t *db);

#endif
