#include "history_read.h"

static err_t not_there(const store_history_t *h, uint64_t number, buf_t *why)
{
    if (number) {
        buf_printf(why, "there is no generation %llu in the history %s (any more)",
                   (unsigned long long)number, h->path);
    } else {
        buf_printf(why, "the history %s is empty", h->path);
    }
    return ERR_NOT_FOUND;
}

static store_generation_t read_generation(sql_t *q, arena_t *arena)
{
    store_generation_t g = {
        .number = sql_get_int(q, 0),
        .parent = sql_get_int(q, 1),
        .restores = sql_get_int(q, 2),
        .time_ms = sql_get_int(q, 3),
        .author = sql_get_copy(q, 5, arena),
        .message = sql_get_copy(q, 6, arena),
        .documents = sql_get_int(q, 7),
        .changed = sql_get_int(q, 8),
        .digest = sql_get_digest(q, 9),
    };
    uint64_t kind = sql_get_int(q, 4);
    if (kind >= STORE_KIND_COUNT && q->rc == SQLITE_OK) {
        q->rc = SQLITE_MISMATCH;
    }
    g.kind = kind < STORE_KIND_COUNT ? (store_kind_t)kind : STORE_KIND_FILES;
    return g;
}

static err_t find_one(sql_t *q, uint64_t number, arena_t *arena, store_generation_t *out,
                      buf_t *why)
{
    bool found = sql_row(q);
    if (found) {
        *out = read_generation(q, arena);
    }
    err_t err = sql_end(q, why);
    return err || found ? err : not_there(q->h, number, why);
}

static err_t find(store_history_t *h, uint64_t number, arena_t *arena, store_generation_t *out,
                  buf_t *why)
{
    if (number > INT64_MAX) {
        return not_there(h, number, why);
    }
    sql_t q = sql_start(h, SQL_GENERATION_FIND);
    sql_int(&q, 1, number);
    return find_one(&q, number, arena, out, why);
}

err_t history_newest(store_history_t *h, arena_t *arena, store_generation_t *out, buf_t *why)
{
    sql_t q = sql_start(h, SQL_GENERATION_NEWEST);
    return find_one(&q, 0, arena, out, why);
}

void *history_grow(arena_t *arena, void *items, size_t count, size_t size)
{
    if (count && (count < 16 || (count & (count - 1)) != 0)) {
        return items; /* there is room up to the next power of two */
    }
    void *grown = arena_array(arena, count ? 2 * count : 16, size);
    if (grown && count) {
        memcpy(grown, items, count * size);
    }
    return grown;
}

err_t history_set_digest(const store_text_t *const *sorted, size_t count, digest_t *out)
{
    hasher_t hasher;
    err_t err = hasher_init(&hasher);
    if (err) {
        return err;
    }
    hasher_begin(&hasher);
    for (size_t i = 0; i < count; i++) {
        /* A name has no NUL, so that no two sets are the same bytes. */
        hasher_update_slice(&hasher, sorted[i]->name);
        hasher_update(&hasher, "", 1);
        hasher_update(&hasher, sorted[i]->digest.bytes, DIGEST_SIZE);
    }
    err = hasher_finish(&hasher, out);
    hasher_release(&hasher);
    return err;
}

/* The contents are what their digests say, and all together what the generation says. */
static err_t verify(store_history_t *h, const store_generation_t *generation,
                    const store_text_t *items, size_t count, buf_t *why)
{
    arena_t arena;
    arena_init(&arena, 0);
    const store_text_t **sorted = arena_array(&arena, count, sizeof *sorted);
    err_t err = sorted ? ERR_OK : ERR_NOMEM;
    bool same = count == generation->documents;
    for (size_t i = 0; i < count && !err; i++) {
        digest_t digest = {{0}};
        sorted[i] = &items[i];
        err = digest_slice(items[i].bytes, &digest);
        same = same && digest_eq(&digest, &items[i].digest);
    }
    digest_t all = {{0}};
    err = err ? err : history_set_digest(sorted, count, &all);
    same = same && memcmp(&all, &generation->digest, sizeof all) == 0;
    arena_release(&arena);
    if (!err && !same) {
        buf_printf(why,
                   "the history %s is damaged: generation %llu has not the content that was "
                   "stored",
                   h->path, (unsigned long long)generation->number);
        err = ERR_DATA;
    }
    return err;
}

err_t history_documents(store_history_t *h, const store_generation_t *generation, arena_t *arena,
                        store_texts_t *out, buf_t *why)
{
    store_text_t *items = NULL;
    size_t count = 0;
    sql_t q = sql_start(h, SQL_DOCUMENTS);
    sql_int(&q, 1, generation->number);
    while (sql_row(&q)) {
        items = history_grow(arena, items, count, sizeof *items);
        if (!items) {
            q.rc = SQLITE_NOMEM;
            break;
        }
        items[count].name = sql_get_copy(&q, 0, arena);
        items[count].digest = sql_get_digest(&q, 1);
        items[count].hashed = true; /* see verify */
        items[count++].bytes = sql_get_copy(&q, 2, arena);
    }
    err_t err = sql_end(&q, why);
    err = err ? err : verify(h, generation, items, count, why);
    if (!err) {
        *out = (store_texts_t){items, count};
    }
    return err;
}

err_t store_history_newest(store_history_t *h, arena_t *arena, store_generation_t *out, buf_t *why)
{
    pthread_mutex_lock(&h->mutex);
    err_t err = history_newest(h, arena, out, why);
    pthread_mutex_unlock(&h->mutex);
    return err;
}

err_t store_history_find(store_history_t *h, uint64_t number, arena_t *arena,
                         store_generation_t *out, buf_t *why)
{
    pthread_mutex_lock(&h->mutex);
    err_t err = find(h, number, arena, out, why);
    pthread_mutex_unlock(&h->mutex);
    return err;
}

err_t store_history_documents(store_history_t *h, uint64_t number, arena_t *arena,
                              store_texts_t *out, buf_t *why)
{
    pthread_mutex_lock(&h->mutex);
    store_generation_t generation;
    err_t err = find(h, number, arena, &generation, why);
    err = err ? err : history_documents(h, &generation, arena, out, why);
    pthread_mutex_unlock(&h->mutex);
    return err;
}

err_t store_history_vtags(store_history_t *h, uint64_t number, arena_t *arena, store_vtags_t *out,
                          buf_t *why)
{
    pthread_mutex_lock(&h->mutex);
    store_generation_t generation;
    err_t err = find(h, number, arena, &generation, why);
    if (!err) {
        store_vtag_t *items = NULL;
        size_t count = 0;
        sql_t q = sql_start(h, SQL_VTAGS);
        sql_int(&q, 1, number);
        while (sql_row(&q)) {
            items = history_grow(arena, items, count, sizeof *items);
            if (!items) {
                q.rc = SQLITE_NOMEM;
                break;
            }
            items[count].resource = sql_get_copy(&q, 0, arena);
            items[count++].tag = sql_get_copy(&q, 1, arena);
        }
        err = sql_end(&q, why);
        if (!err) {
            *out = (store_vtags_t){items, count};
        }
    }
    pthread_mutex_unlock(&h->mutex);
    return err;
}

err_t store_history_content(store_history_t *h, const digest_t *digest, arena_t *arena,
                            slice_t *out, buf_t *why)
{
    pthread_mutex_lock(&h->mutex);
    sql_t q = sql_start(h, SQL_CONTENT_BYTES);
    sql_digest(&q, 1, digest);
    bool found = sql_row(&q);
    slice_t bytes = found ? sql_get_copy(&q, 0, arena) : (slice_t){NULL, 0};
    err_t err = sql_end(&q, why);
    if (!err && !found) {
        buf_printf(why, "the history %s has no such content", h->path);
        err = ERR_NOT_FOUND;
    }
    if (!err) {
        *out = bytes;
    }
    pthread_mutex_unlock(&h->mutex);
    return err;
}

static err_t list(store_history_t *h, uint64_t below, size_t limit, arena_t *arena,
                  store_generations_t *out, buf_t *why)
{
    sql_t total = sql_start(h, SQL_GENERATION_COUNT);
    uint64_t all = sql_row(&total) ? sql_get_int(&total, 0) : 0;
    err_t err = sql_end(&total, why);
    if (err) {
        return err;
    }
    store_generation_t *items = NULL;
    size_t count = 0;
    sql_t q = sql_start(h, SQL_GENERATION_LIST);
    sql_int(&q, 1, below && below <= INT64_MAX ? below : INT64_MAX);
    sql_int(&q, 2, limit < STORE_PAGE_MAX ? limit : STORE_PAGE_MAX);
    while (sql_row(&q)) {
        items = history_grow(arena, items, count, sizeof *items);
        if (!items) {
            q.rc = SQLITE_NOMEM;
            break;
        }
        items[count++] = read_generation(&q, arena);
    }
    err = sql_end(&q, why);
    if (!err) {
        *out = (store_generations_t){items, count, all};
    }
    return err;
}

err_t store_history_list(store_history_t *h, uint64_t below, size_t limit, arena_t *arena,
                         store_generations_t *out, buf_t *why)
{
    pthread_mutex_lock(&h->mutex);
    err_t err = list(h, below, limit, arena, out, why);
    pthread_mutex_unlock(&h->mutex);
    return err;
}
