#include "history_intent.h"

#include "history_read.h"

err_t history_intent_add(store_history_t *h, const store_intent_t *intent, uint64_t generation,
                         buf_t *why)
{
    sql_t find = sql_start(h, SQL_INTENT_FIND);
    sql_text(&find, 1, intent->file);
    bool found = sql_row(&find);
    err_t err = sql_end(&find, why);
    if (!err && found) {
        buf_printf(why, "an earlier edit of %.*s is not finished", SLICE_ARG(intent->file));
        err = ERR_NOT_NOW;
    }
    if (err) {
        return err;
    }
    sql_t q = sql_start(h, SQL_INTENT_ADD);
    sql_text(&q, 1, intent->file);
    sql_int(&q, 2, generation);
    sql_hash(&q, 3, &intent->before);
    sql_hash(&q, 4, &intent->after);
    sql_text(&q, 5, intent->temporary);
    return sql_run(&q, why);
}

err_t store_history_intents(store_history_t *h, arena_t *arena, store_intents_t *out, buf_t *why)
{
    pthread_mutex_lock(&h->mutex);
    store_intent_t *items = NULL;
    size_t count = 0;
    sql_t q = sql_start(h, SQL_INTENTS);
    while (sql_row(&q)) {
        items = history_grow(arena, items, count, sizeof *items);
        if (!items) {
            q.rc = SQLITE_NOMEM;
            break;
        }
        items[count].file = sql_get_copy(&q, 0, arena);
        items[count].before = sql_get_hash(&q, 1);
        items[count].after = sql_get_hash(&q, 2);
        items[count++].temporary = sql_get_copy(&q, 3, arena);
    }
    err_t err = sql_end(&q, why);
    if (!err) {
        *out = (store_intents_t){items, count};
    }
    pthread_mutex_unlock(&h->mutex);
    return err;
}

err_t store_history_intent_move(store_history_t *h, slice_t file, slice_t temporary, buf_t *why)
{
    pthread_mutex_lock(&h->mutex);
    err_t err = sql_begin(h, why);
    if (!err) {
        sql_t q = sql_start(h, SQL_INTENT_MOVE);
        sql_text(&q, 1, file);
        sql_text(&q, 2, temporary);
        err = sql_finish(h, sql_run(&q, why), why);
    }
    pthread_mutex_unlock(&h->mutex);
    return err;
}

err_t store_history_intents_settle(store_history_t *h, const slice_t *files, size_t count,
                                   buf_t *why)
{
    pthread_mutex_lock(&h->mutex);
    err_t err = sql_begin(h, why);
    if (!err) {
        for (size_t i = 0; i < count && !err; i++) {
            sql_t q = sql_start(h, SQL_INTENT_SETTLE);
            sql_text(&q, 1, files[i]);
            err = sql_run(&q, why);
        }
        err = sql_finish(h, err, why);
    }
    pthread_mutex_unlock(&h->mutex);
    return err;
}
