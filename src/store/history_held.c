#include "history_held.h"

#include "history_audit.h"
#include "history_read.h"

/* SQLite's integers have a sign, and ours are stored as they are. */
static uint64_t as_int(int64_t value)
{
    return (uint64_t)value;
}

err_t history_held_check(const store_held_t *held, buf_t *why)
{
    if (held->made_ms > INT64_MAX || held->due >= held->until) {
        buf_append_str(why, "a time of the change is out of range");
        return ERR_RANGE;
    }
    err_t err = history_text_check(held->author, STORE_AUTHOR_MAX, "the author", why);
    err = err ? err : history_text_check(held->message, STORE_MESSAGE_MAX, "the message", why);
    for (size_t i = 0; i < held->count && !err; i++) {
        err = store_edit_name_check(held->changes[i].name, why) ? ERR_OK : ERR_RANGE;
    }
    return err;
}

static err_t add_change(store_history_t *h, uint64_t id, const store_edit_change_t *c, buf_t *why)
{
    sql_t q = sql_start(h, c->remove ? SQL_HELD_CHANGE_ADD_REMOVAL : SQL_HELD_CHANGE_ADD);
    sql_int(&q, 1, id);
    sql_text(&q, 2, c->name);
    sql_hash(&q, 3, &c->before);
    if (!c->remove) {
        sql_blob(&q, 4, c->bytes);
    }
    return sql_run(&q, why);
}

static err_t check_room(store_history_t *h, buf_t *why)
{
    sql_t q = sql_start(h, SQL_HELD_COUNT);
    bool full = sql_row(&q) && sql_get_int(&q, 0) >= STORE_HELD_MAX;
    err_t err = sql_end(&q, why);
    if (!err && full) {
        buf_printf(why, "%d changes are held already", STORE_HELD_MAX);
        err = ERR_LIMIT;
    }
    return err;
}

err_t history_held_add(store_history_t *h, const store_held_t *held, uint64_t *id, buf_t *why)
{
    err_t err = check_room(h, why);
    if (err) {
        return err;
    }
    sql_t q = sql_start(h, SQL_HELD_ADD);
    sql_int(&q, 1, held->made_ms);
    sql_int(&q, 2, as_int(held->due));
    sql_int(&q, 3, as_int(held->until));
    sql_int(&q, 4, held->confirmed);
    sql_int(&q, 5, held->undoes);
    sql_text(&q, 6, held->author);
    sql_text(&q, 7, held->message);
    err = sql_run(&q, why);
    *id = (uint64_t)sqlite3_last_insert_rowid(h->db);
    for (size_t i = 0; i < held->count && !err; i++) {
        err = add_change(h, *id, &held->changes[i], why);
    }
    return err;
}

err_t history_held_remove(store_history_t *h, uint64_t id, buf_t *why)
{
    sql_t changes = sql_start(h, SQL_HELD_CHANGE_REMOVE);
    sql_int(&changes, 1, id);
    err_t err = sql_run(&changes, why);
    sql_t q = sql_start(h, SQL_HELD_REMOVE);
    sql_int(&q, 1, id);
    bool found = sql_row(&q);
    err_t ended = sql_run(&q, why);
    err = err ? err : ended;
    if (!err && !found) {
        buf_printf(why, "there is no held change %llu", (unsigned long long)id);
        err = ERR_NOT_FOUND;
    }
    return err;
}

/* ---- in transactions of their own ---- */

err_t store_held_add(store_history_t *h, const store_held_t *held, const store_audit_t *audit,
                     uint64_t *id, buf_t *why)
{
    err_t err = history_held_check(held, why);
    err = err ? err : history_audit_check(audit, why);
    if (err) {
        return err;
    }
    pthread_mutex_lock(&h->mutex);
    err = sql_begin(h, why);
    if (!err) {
        err = history_held_add(h, held, id, why);
        err = err ? err : history_audit_add(h, audit, why);
        err = sql_finish(h, err, why);
    }
    pthread_mutex_unlock(&h->mutex);
    return err;
}

err_t store_held_drop(store_history_t *h, uint64_t id, const store_audit_t *audit, buf_t *why)
{
    err_t err = history_audit_check(audit, why);
    if (err) {
        return err;
    }
    pthread_mutex_lock(&h->mutex);
    err = sql_begin(h, why);
    if (!err) {
        err = history_held_remove(h, id, why);
        err = err ? err : history_audit_add(h, audit, why);
        err = sql_finish(h, err, why);
    }
    pthread_mutex_unlock(&h->mutex);
    return err;
}

err_t store_held_fail(store_history_t *h, uint64_t id, slice_t failure, const store_audit_t *audit,
                      buf_t *why)
{
    err_t err = history_audit_check(audit, why);
    err = err ? err : history_text_check(failure, STORE_MESSAGE_MAX, "the reason", why);
    if (err) {
        return err;
    }
    pthread_mutex_lock(&h->mutex);
    err = sql_begin(h, why);
    if (!err) {
        sql_t q = sql_start(h, SQL_HELD_FAIL);
        sql_int(&q, 1, id);
        sql_text(&q, 2, failure);
        err = sql_run(&q, why);
        err = err ? err : history_audit_add(h, audit, why);
        err = sql_finish(h, err, why);
    }
    pthread_mutex_unlock(&h->mutex);
    return err;
}

/* ---- reading ---- */

static store_held_t read_held(sql_t *q, arena_t *arena)
{
    store_held_t held = {.id = sql_get_int(q, 0),
                         .made_ms = sql_get_int(q, 1),
                         .due = (int64_t)sql_get_int(q, 2),
                         .until = (int64_t)sql_get_int(q, 3),
                         .confirmed = sql_get_int(q, 4) != 0,
                         .undoes = sql_get_int(q, 5) != 0,
                         .author = sql_get_copy(q, 6, arena),
                         .message = sql_get_copy(q, 7, arena),
                         .failure = sql_get_copy(q, 8, arena)};
    return held;
}

static err_t read_changes(store_history_t *h, bool whole, arena_t *arena, store_held_t *held,
                          buf_t *why)
{
    store_edit_change_t *items = NULL;
    sql_t q = sql_start(h, SQL_HELD_CHANGES);
    sql_int(&q, 1, held->id);
    held->count = 0;
    while (sql_row(&q)) {
        items = history_grow(arena, items, held->count, sizeof *items);
        if (!items) {
            q.rc = SQLITE_NOMEM;
            break;
        }
        store_edit_change_t *c = &items[held->count++];
        *c = (store_edit_change_t){.name = sql_get_copy(&q, 0, arena),
                                   .before = sql_get_hash(&q, 1),
                                   .remove = sql_get_int(&q, 2) != 0};
        if (whole && !c->remove) {
            c->bytes = sql_get_copy(&q, 3, arena);
        }
    }
    held->changes = items;
    return sql_end(&q, why);
}

err_t store_held_list(store_history_t *h, arena_t *arena, store_held_list_t *out, buf_t *why)
{
    store_held_t *items = NULL;
    size_t count = 0;
    pthread_mutex_lock(&h->mutex);
    sql_t q = sql_start(h, SQL_HELD_LIST);
    while (sql_row(&q)) {
        items = history_grow(arena, items, count, sizeof *items);
        if (!items) {
            q.rc = SQLITE_NOMEM;
            break;
        }
        items[count++] = read_held(&q, arena);
    }
    err_t err = sql_end(&q, why);
    for (size_t i = 0; i < count && !err; i++) {
        err = read_changes(h, false, arena, &items[i], why);
    }
    pthread_mutex_unlock(&h->mutex);
    *out = (store_held_list_t){items, err ? 0 : count};
    return err;
}

err_t store_held_find(store_history_t *h, uint64_t id, arena_t *arena, store_held_t *out,
                      buf_t *why)
{
    pthread_mutex_lock(&h->mutex);
    sql_t q = sql_start(h, SQL_HELD_FIND);
    sql_int(&q, 1, id <= INT64_MAX ? id : 0);
    bool found = sql_row(&q);
    if (found) {
        *out = read_held(&q, arena);
    }
    err_t err = sql_end(&q, why);
    if (!err && !found) {
        buf_printf(why, "there is no held change %llu", (unsigned long long)id);
        err = ERR_NOT_FOUND;
    }
    err = err ? err : read_changes(h, true, arena, out, why);
    pthread_mutex_unlock(&h->mutex);
    return err;
}

err_t store_held_next(store_history_t *h, int64_t *due, buf_t *why)
{
    *due = INT64_MAX;
    pthread_mutex_lock(&h->mutex);
    sql_t q = sql_start(h, SQL_HELD_NEXT);
    if (sql_row(&q)) {
        *due = (int64_t)sql_get_int(&q, 0);
    }
    err_t err = sql_end(&q, why);
    pthread_mutex_unlock(&h->mutex);
    return err;
}
