#include "history_prune.h"

#define SHRINK_PAGES 1024 /* free pages below this are left for what comes */

/* Documents that ended before the oldest that is kept, with contents that only they named. */
static err_t prune_documents(store_history_t *h, uint64_t oldest, buf_t *why)
{
    err_t err = ERR_OK;
    sql_t q = sql_start(h, SQL_DOCUMENT_PRUNE);
    sql_int(&q, 1, oldest);
    /* All rows are deleted before the first of them is told. */
    while (!err && sql_row(&q)) {
        sql_t content = sql_start(h, SQL_CONTENT_PRUNE);
        sql_int(&content, 1, sql_get_int(&q, 0));
        err = sql_run(&content, why);
    }
    err_t end = sql_end(&q, why);
    return err ? err : end;
}

static err_t ask(store_history_t *h, sql_id_t id, uint64_t *out, buf_t *why)
{
    sql_t q = sql_start(h, id);
    *out = sql_row(&q) ? sql_get_int(&q, 0) : 0;
    return sql_end(&q, why);
}

/* Pages are used again; a file that is mostly free pages shrinks, a little with each generation. */
static err_t shrink(store_history_t *h, buf_t *why)
{
    uint64_t unused = 0, pages = 0;
    err_t err = ask(h, SQL_FREE_PAGES, &unused, why);
    err = err ? err : ask(h, SQL_PAGES, &pages, why);
    if (err || unused < SHRINK_PAGES || unused < pages / 2) {
        return err;
    }
    sql_t q = sql_start(h, SQL_SHRINK);
    return sql_run(&q, why);
}

err_t history_prune(store_history_t *h, buf_t *why)
{
    if (!h->options.keep || h->options.keep > INT64_MAX) {
        return ERR_OK;
    }
    sql_t q = sql_start(h, SQL_GENERATION_OLDEST_KEPT);
    sql_int(&q, 1, h->options.keep);
    uint64_t oldest = sql_row(&q) ? sql_get_int(&q, 0) : 0;
    err_t err = sql_end(&q, why);
    if (err || !oldest) {
        return err; /* there are not that many */
    }
    sql_t generations = sql_start(h, SQL_GENERATION_PRUNE);
    sql_int(&generations, 1, oldest);
    err = sql_run(&generations, why);
    err = err ? err : prune_documents(h, oldest, why);
    if (!err) {
        sql_t vtags = sql_start(h, SQL_VTAG_PRUNE);
        sql_int(&vtags, 1, oldest);
        err = sql_run(&vtags, why);
    }
    return err ? err : shrink(h, why);
}
