#include "footprintd/store/backup.h"

#include "backup_private.h"
#include "history_read.h"

static err_t damaged(const store_history_t *h, const char *what, uint64_t number, buf_t *why)
{
    buf_printf(why, "the history %s is damaged: %s %llu has not the content that was stored",
               h->path, what, (unsigned long long)number);
    return ERR_DATA;
}

static err_t verify_contents(store_history_t *h, hasher_t *hasher, buf_t *why)
{
    arena_t arena;
    arena_init(&arena, 0);
    uint64_t bad = 0;
    err_t err = ERR_OK;
    sql_t q = sql_start(h, SQL_CONTENTS);
    while (!bad && !err && sql_row(&q)) {
        digest_t wanted = sql_get_digest(&q, 1), digest = {{0}};
        slice_t bytes = sql_get_copy(&q, 2, &arena);
        hasher_begin(hasher);
        hasher_update_slice(hasher, bytes);
        err = hasher_finish(hasher, &digest);
        if (memcmp(&digest, &wanted, sizeof digest) != 0) {
            bad = sql_get_int(&q, 0);
        }
        arena_release(&arena);
    }
    err_t end = sql_end(&q, why);
    err = err ? err : end;
    return !err && bad ? damaged(h, "text", bad, why) : err;
}

static err_t verify_generation(store_history_t *h, const store_generation_t *g, hasher_t *hasher,
                               buf_t *why)
{
    arena_t arena;
    digest_t digest = {{0}};
    uint64_t count = 0;
    arena_init(&arena, 0);
    sql_t q = sql_start(h, SQL_DOCUMENT_DIGESTS);
    sql_int(&q, 1, g->number);
    hasher_begin(hasher);
    for (; sql_row(&q); count++) {
        digest_t content = sql_get_digest(&q, 1);
        hasher_update_slice(hasher, sql_get_copy(&q, 0, &arena));
        hasher_update(hasher, "", 1);
        hasher_update(hasher, content.bytes, DIGEST_SIZE);
    }
    err_t err = sql_end(&q, why);
    err_t hashed = hasher_finish(hasher, &digest);
    arena_release(&arena);
    err = err ? err : hashed;
    bool same = count == g->documents && memcmp(&digest, &g->digest, sizeof digest) == 0;
    return !err && !same ? damaged(h, "generation", g->number, why) : err;
}

static err_t verify_generations(store_history_t *h, hasher_t *hasher, store_backup_info_t *info,
                                buf_t *why)
{
    uint64_t below = 0;
    for (;;) {
        arena_t arena;
        store_generations_t page;
        arena_init(&arena, 0);
        err_t err = store_history_list(h, below, STORE_PAGE_MAX, &arena, &page, why);
        for (size_t i = 0; i < page.count && !err; i++) {
            const store_generation_t *g = &page.items[i];
            if (!info->generations++) {
                info->newest = g->number;
                info->documents = g->documents;
            }
            info->oldest = below = g->number;
            err = verify_generation(h, g, hasher, why);
        }
        bool last = err || page.count < STORE_PAGE_MAX;
        arena_release(&arena);
        if (last) {
            return err;
        }
    }
}

err_t history_verify(store_history_t *h, store_backup_info_t *info, buf_t *why)
{
    *info = (store_backup_info_t){0};
    hasher_t hasher;
    err_t err = hasher_init(&hasher);
    if (!err) {
        err = verify_contents(h, &hasher, why);
        err = err ? err : verify_generations(h, &hasher, info, why);
        hasher_release(&hasher);
    }
    return err;
}
