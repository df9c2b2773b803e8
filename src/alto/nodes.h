/*
 * What the files of the store of nodes share. Private to src/alto.
 */
#ifndef FPD_ALTO_NODES_H
#define FPD_ALTO_NODES_H

#include "footprintd/alto/tree.h"

/*
 * What the other stores have under the key, whose hash_slice this is, in the table at the place of
 * `table`; borrowed.
 */
void *nodes_inherited(const nodes_t *s, const table_t *table, slice_t key, uint64_t hash);

#endif
