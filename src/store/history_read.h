/* Reading the history under its lock: what the public functions do, for those who hold it. */
#ifndef FPD_STORE_HISTORY_READ_H
#define FPD_STORE_HISTORY_READ_H

#include "history_sql.h"

err_t history_newest(store_history_t *h, arena_t *arena, store_generation_t *out,
                     buf_t *why) FPD_MUST_CHECK;
/* Verified against the generation's digest. */
err_t history_documents(store_history_t *h, const store_generation_t *generation, arena_t *arena,
                        store_texts_t *out, buf_t *why) FPD_MUST_CHECK;

/* The digest of a set of documents in the order of their names' bytes. */
err_t history_set_digest(const store_text_t *const *sorted, size_t count,
                         digest_t *out) FPD_MUST_CHECK;

/*
 * Room for one item more in an array in an arena: NULL when memory is out. *items moves; its room
 * doubles, so that the arena holds at most twice what is needed.
 */
void *history_grow(arena_t *arena, void *items, size_t count, size_t size);

#endif
