#include "history_audit.h"

#include "footprintd/base/json.h"

#include "history_read.h"

err_t history_text_check(slice_t text, size_t max, const char *what, buf_t *why)
{
    if (text.len > max) {
        buf_printf(why, "%s is longer than %zu bytes", what, max);
    } else if (text.len && (!utf8_valid(text) || memchr(text.ptr, '\0', text.len))) {
        buf_printf(why, "%s is not UTF-8, or holds a NUL", what);
    } else {
        return ERR_OK;
    }
    return ERR_RANGE;
}

err_t history_audit_check(const store_audit_t *line, buf_t *why)
{
    if (line->time_ms > INT64_MAX) {
        buf_append_str(why, "the time is out of range");
        return ERR_RANGE;
    }
    err_t err = history_text_check(line->who, STORE_MESSAGE_MAX, "who did it", why);
    err = err ? err : history_text_check(line->what, STORE_MESSAGE_MAX, "what was done", why);
    return err ? err : history_text_check(line->outcome, STORE_MESSAGE_MAX, "the outcome", why);
}

err_t history_audit_add(store_history_t *h, const store_audit_t *line, buf_t *why)
{
    sql_t q = sql_start(h, SQL_AUDIT_ADD);
    sql_int(&q, 1, line->time_ms);
    sql_text(&q, 2, line->who);
    sql_text(&q, 3, line->what);
    sql_text(&q, 4, line->outcome);
    err_t err = sql_run(&q, why);
    if (!err && h->options.keep_audit && h->options.keep_audit <= INT64_MAX) {
        sql_t prune = sql_start(h, SQL_AUDIT_PRUNE);
        sql_int(&prune, 1, h->options.keep_audit);
        err = sql_run(&prune, why);
    }
    return err;
}

err_t store_history_audit(store_history_t *h, const store_audit_t *line, buf_t *why)
{
    err_t err = history_audit_check(line, why);
    if (err) {
        return err;
    }
    pthread_mutex_lock(&h->mutex);
    err = sql_begin(h, why);
    if (!err) {
        err = sql_finish(h, history_audit_add(h, line, why), why);
    }
    pthread_mutex_unlock(&h->mutex);
    return err;
}

err_t store_history_audits(store_history_t *h, uint64_t below, size_t limit, arena_t *arena,
                           store_audits_t *out, buf_t *why)
{
    pthread_mutex_lock(&h->mutex);
    store_audit_t *items = NULL;
    size_t count = 0;
    sql_t q = sql_start(h, SQL_AUDIT_LIST);
    sql_int(&q, 1, below && below <= INT64_MAX ? below : INT64_MAX);
    sql_int(&q, 2, limit < STORE_PAGE_MAX ? limit : STORE_PAGE_MAX);
    while (sql_row(&q)) {
        items = history_grow(arena, items, count, sizeof *items);
        if (!items) {
            q.rc = SQLITE_NOMEM;
            break;
        }
        items[count].id = sql_get_int(&q, 0);
        items[count].time_ms = sql_get_int(&q, 1);
        items[count].who = sql_get_copy(&q, 2, arena);
        items[count].what = sql_get_copy(&q, 3, arena);
        items[count++].outcome = sql_get_copy(&q, 4, arena);
    }
    err_t err = sql_end(&q, why);
    if (!err) {
        *out = (store_audits_t){items, count};
    }
    pthread_mutex_unlock(&h->mutex);
    return err;
}
