/*
 * PIDs and their prefixes on their way to the network map of a document. Private to src/ctl.
 *
 *     import_pids.c        names and prefixes as they come; repetitions, small PIDs
 *     import_pids_merge.c  as few prefixes as say the same by longest match
 *     import_pids_text.c   the network map as text, and how large things would be
 */
#ifndef FPD_CTL_IMPORT_PIDS_H
#define FPD_CTL_IMPORT_PIDS_H

#include "footprintd/base/table.h"
#include "import_data.h"

/* What one import may have: more is no network map that anybody could serve. */
#define IMPORT_PIDS_MAX     ((size_t)1 << 20)
#define IMPORT_PREFIXES_MAX ((size_t)16 << 20)

/* An IPv4 address is in the low 32 bits. */
typedef struct import_pid_prefix {
    u128_t addr;
    uint32_t pid;
    uint32_t order; /* of coming */
    uint32_t line;  /* of the source; 0: none */
    uint8_t family;
    uint8_t len;
} import_pid_prefix_t;

typedef struct import_pid {
    slice_t name;    /* in the arena */
    size_t prefixes; /* that it has; without any it is not in the map */
    uint32_t rank;   /* among the names' bytes */
} import_pid_t;

typedef struct import_pids {
    import_data_t *d;
    slice_t map;     /* the id of the network map */
    bool is_default; /* which is said of it */
    bool strict;     /* one prefix in two PIDs is an error, and told with its line */
    import_pid_t *pids;
    size_t count, cap;
    table_t by_name; /* -> its number plus 1 */
    import_pid_prefix_t *prefixes;
    size_t prefix_count, prefix_cap;
    bool full; /* a limit, which was told */
    /* What came of it: */
    size_t read;                                    /* prefixes that came */
    size_t repeated;                                /* again with the same PID */
    size_t conflicts;                               /* again with another one: the first counts */
    size_t gathered;                                /* PIDs that were put together */
    size_t merged;                                  /* prefixes that merging saved */
    size_t used;                                    /* PIDs with prefixes */
    uint64_t document_bytes, map_bytes, cost_bytes; /* the latter two: as served, about */
} import_pids_t;

void import_pids_init(import_pids_t *p, import_data_t *d, slice_t map);
void import_pids_release(import_pids_t *p);

/* The number of the PID of the name, which is copied; IMPORT_NO_PID when memory or room is out. */
uint32_t import_pids_find(import_pids_t *p, slice_t name);
#define IMPORT_NO_PID UINT32_MAX
/* False when memory or room is out, which is told. */
bool import_pids_add(import_pids_t *p, const prefix_t *prefix, uint32_t pid, uint32_t line);

/* Sorts by family and address, outer before inner; of one prefix the first that came stays. */
void import_pids_sort(import_pids_t *p);
/* Puts PIDs of fewer than `least` prefixes together in the one of this name. False: memory. */
bool import_pids_gather(import_pids_t *p, size_t least, slice_t other);
/*
 * Merges halves of one prefix, and drops what its enclosing prefix says too. Every address has the
 * PID that it had. Sorted before and behind. False: memory.
 */
bool import_pids_merge(import_pids_t *p);
/*
 * The network map of all that there is, behind the document's comment and version; works out the
 * sizes. The last step: leaves the prefixes by PID. False: memory.
 */
bool import_pids_write(import_pids_t *p, buf_t *out);

/* Its text; the length is that of prefix_format. */
slice_t import_pid_prefix_text(const import_pid_prefix_t *x, char out[PREFIX_TEXT_MAX]);
/* The PIDs with the most prefixes, at most `most`; by their number, then name. */
size_t import_pids_largest(const import_pids_t *p, uint32_t *out, size_t most);

#endif
