#include "history_audit.h"
#include "history_change.h"
#include "history_held.h"
#include "history_intent.h"
#include "history_prune.h"
#include "history_read.h"

/* A document or vtag of the newest generation. */
typedef struct now {
    slice_t name;
    slice_t tag;     /* of a vtag */
    digest_t digest; /* of a document */
    uint64_t id;
    uint64_t since; /* of a vtag */
} now_t;

typedef struct nows {
    now_t *items;
    size_t count;
} nows_t;

/* Read before the first of them is changed. */
static err_t read_nows(store_history_t *h, sql_id_t id, uint64_t newest, arena_t *arena,
                       nows_t *out, buf_t *why)
{
    sql_t q = sql_start(h, id);
    if (id == SQL_VTAGS) {
        sql_int(&q, 1, newest);
    }
    while (sql_row(&q)) {
        out->items = history_grow(arena, out->items, out->count, sizeof *out->items);
        if (!out->items) {
            q.rc = SQLITE_NOMEM;
            break;
        }
        now_t *now = &out->items[out->count++];
        now->name = sql_get_copy(&q, 0, arena);
        if (id == SQL_VTAGS) {
            now->tag = sql_get_copy(&q, 1, arena);
            now->since = sql_get_int(&q, 3);
        } else {
            now->digest = sql_get_digest(&q, 1);
        }
        now->id = sql_get_int(&q, 2);
    }
    return sql_end(&q, why);
}

/* The row of a content, which is stored when it is new. */
static err_t put_content(store_history_t *h, const store_text_t *document, uint64_t *id, buf_t *why)
{
    sql_t find = sql_start(h, SQL_CONTENT_ID);
    sql_digest(&find, 1, &document->digest);
    *id = sql_row(&find) ? sql_get_int(&find, 0) : 0;
    err_t err = sql_end(&find, why);
    if (err || *id) {
        return err;
    }
    sql_t add = sql_start(h, SQL_CONTENT_ADD);
    sql_digest(&add, 1, &document->digest);
    sql_blob(&add, 2, document->bytes);
    err = sql_run(&add, why);
    *id = (uint64_t)sqlite3_last_insert_rowid(h->db);
    return err;
}

static err_t add_document(store_history_t *h, const store_text_t *document, uint64_t since,
                          buf_t *why)
{
    uint64_t content = 0;
    err_t err = put_content(h, document, &content, why);
    if (err) {
        return err;
    }
    sql_t q = sql_start(h, SQL_DOCUMENT_ADD);
    sql_text(&q, 1, document->name);
    sql_int(&q, 2, since);
    sql_int(&q, 3, content);
    return sql_run(&q, why);
}

static err_t end_row(store_history_t *h, sql_id_t id, uint64_t row, uint64_t until, buf_t *why)
{
    sql_t q = sql_start(h, id);
    sql_int(&q, 1, row);
    sql_int(&q, 2, until);
    return sql_run(&q, why);
}

/* Two sorted lists side by side: <0, 0, >0 as slice_cmp, an ended one comes last. */
static int side(const nows_t *nows, size_t i, bool more, slice_t name)
{
    return i == nows->count ? 1 : !more ? -1 : slice_cmp(nows->items[i].name, name);
}

static err_t write_documents(store_history_t *h, const ready_change_t *r, uint64_t number,
                             uint64_t *changed, buf_t *why)
{
    arena_t arena;
    arena_init(&arena, 0);
    nows_t nows = {NULL, 0};
    err_t err = read_nows(h, SQL_DOCUMENTS_NOW, 0, &arena, &nows, why);
    for (size_t i = 0, k = 0; !err && (i < nows.count || k < r->change->document_count);) {
        const store_text_t *next = k < r->change->document_count ? r->documents[k] : NULL;
        int cmp = side(&nows, i, next != NULL, next ? next->name : (slice_t){NULL, 0});
        bool same = cmp == 0 &&
                    memcmp(&nows.items[i].digest, &next->digest, sizeof next->digest) == 0;
        *changed += !same;
        if (cmp <= 0 && !same) {
            err = end_row(h, SQL_DOCUMENT_END, nows.items[i].id, number, why);
        }
        if (!err && cmp >= 0 && !same) {
            err = add_document(h, next, number, why);
        }
        i += cmp <= 0;
        k += cmp >= 0;
    }
    arena_release(&arena);
    return err;
}

/* A vtag that holds since this very generation is replaced, not ended. */
static err_t end_vtag(store_history_t *h, const now_t *now, uint64_t number, buf_t *why)
{
    if (now->since < number) {
        return end_row(h, SQL_VTAG_END, now->id, number, why);
    }
    sql_t q = sql_start(h, SQL_VTAG_DROP);
    sql_int(&q, 1, now->id);
    return sql_run(&q, why);
}

static err_t write_vtags(store_history_t *h, const ready_change_t *r, uint64_t before,
                         uint64_t number, bool *changed, buf_t *why)
{
    arena_t arena;
    arena_init(&arena, 0);
    nows_t nows = {NULL, 0};
    err_t err = read_nows(h, SQL_VTAGS, before, &arena, &nows, why);
    for (size_t i = 0, k = 0; !err && (i < nows.count || k < r->change->vtag_count);) {
        const store_vtag_t *next = k < r->change->vtag_count ? r->vtags[k] : NULL;
        int cmp = side(&nows, i, next != NULL, next ? next->resource : (slice_t){NULL, 0});
        bool same = cmp == 0 && slice_eq(nows.items[i].tag, next->tag);
        *changed |= !same;
        if (cmp <= 0 && !same) {
            err = end_vtag(h, &nows.items[i], number, why);
        }
        if (!err && cmp >= 0 && !same) {
            sql_t q = sql_start(h, SQL_VTAG_ADD);
            sql_text(&q, 1, next->resource);
            sql_int(&q, 2, number);
            sql_text(&q, 3, next->tag);
            err = sql_run(&q, why);
        }
        i += cmp <= 0;
        k += cmp >= 0;
    }
    arena_release(&arena);
    return err;
}

static err_t add_generation(store_history_t *h, const ready_change_t *r, uint64_t number,
                            uint64_t parent, buf_t *why)
{
    const store_change_t *c = r->change;
    uint64_t changed = 0;
    err_t err = write_documents(h, r, number, &changed, why);
    if (err) {
        return err;
    }
    sql_t q = sql_start(h, SQL_GENERATION_ADD);
    sql_int(&q, 1, number);
    sql_int(&q, 2, parent);
    sql_int(&q, 3, c->restores);
    sql_int(&q, 4, c->time_ms);
    sql_int(&q, 5, (uint64_t)c->kind);
    sql_text(&q, 6, c->author);
    sql_text(&q, 7, c->message);
    sql_int(&q, 8, c->document_count);
    sql_int(&q, 9, changed);
    sql_digest(&q, 10, &r->digest);
    return sql_run(&q, why);
}

/* The number of the new generation, or that there is none because the newest is the same. */
static err_t place(store_history_t *h, const ready_change_t *r, store_appended_t *out,
                   uint64_t *newest, buf_t *why)
{
    const store_change_t *c = r->change;
    arena_t arena;
    arena_init(&arena, 0);
    store_generation_t g = {0};
    size_t said = why->len;
    err_t err = history_newest(h, &arena, &g, why);
    arena_release(&arena); /* no text of it is used */
    if (err && err != ERR_NOT_FOUND) {
        return err;
    }
    why->len = said; /* an empty history is fine */
    *newest = g.number;
    if (c->base && c->base != g.number) {
        buf_printf(why, "the change was made from generation %llu, and the newest is now %llu",
                   (unsigned long long)c->base, (unsigned long long)g.number);
        return ERR_NOT_NOW;
    }
    bool same = !err && c->kind != STORE_KIND_SCHEDULE &&
                memcmp(&g.digest, &r->digest, sizeof g.digest) == 0;
    if (!same && ((c->number && c->number <= g.number) || g.number == INT64_MAX)) {
        buf_printf(why, "generation %llu is not above the newest, which is %llu",
                   (unsigned long long)c->number, (unsigned long long)g.number);
        return ERR_RANGE;
    }
    *out = same ? (store_appended_t){STORE_SAME, 0, g.number}
                : (store_appended_t){STORE_APPENDED, 0, c->number ? c->number : g.number + 1};
    return ERR_OK;
}

static err_t append(store_history_t *h, const ready_change_t *r, store_appended_t *out, buf_t *why)
{
    const store_change_t *c = r->change;
    uint64_t newest = 0;
    err_t err = place(h, r, out, &newest, why);
    if (!err && out->outcome == STORE_APPENDED) {
        err = add_generation(h, r, out->number, newest, why);
    }
    bool retagged = false;
    err = err ? err : write_vtags(h, r, newest, out->number, &retagged, why);
    if (retagged && out->outcome == STORE_SAME) {
        out->outcome = STORE_RETAGGED;
    }
    for (size_t i = 0; i < c->intent_count && !err; i++) {
        err = history_intent_add(h, &c->intents[i], out->number, why);
    }
    if (!err && c->audit) {
        err = history_audit_add(h, c->audit, why);
    }
    if (!err && c->held) {
        err = history_held_remove(h, c->held, why);
    }
    if (!err && c->hold) {
        err = history_held_add(h, c->hold, &out->held, why);
    }
    return err ? err : history_prune(h, why);
}

err_t store_history_append(store_history_t *h, const store_change_t *change, store_appended_t *out,
                           buf_t *why)
{
    ready_change_t ready;
    store_appended_t appended = {STORE_SAME, 0, 0};
    err_t err = ready_change_init(&ready, change, why);
    if (!err) {
        pthread_mutex_lock(&h->mutex);
        err = sql_begin(h, why);
        if (!err) {
            err = sql_finish(h, append(h, &ready, &appended, why), why);
        }
        pthread_mutex_unlock(&h->mutex);
    }
    ready_change_release(&ready);
    if (!err) {
        *out = appended;
    }
    return err;
}
