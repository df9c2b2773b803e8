/*
 * Blocks: memory for tables that look-ups hit at random places, in pages of 2 MiB where the system
 * gives them: with 4 KiB pages, many look-ups would wait for the page tables first. Private to
 * src/join.
 */
#ifndef FPD_JOIN_BLOCK_H
#define FPD_JOIN_BLOCK_H

#include "footprintd/base/err.h"

#include <stddef.h>

/* At the begin of a page; *memory is what to free. NULL without memory. Not zeroed. */
void *block_new(size_t size, void **memory);

#endif
