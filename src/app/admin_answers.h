/*
 * The endpoints of the admin interface; each runs on a worker of its own, two at a time.
 */
#ifndef FPD_APP_ADMIN_ANSWERS_H
#define FPD_APP_ADMIN_ANSWERS_H

#include "admin.h"
#include "footprintd/base/hash.h"
#include "footprintd/store/directory.h"

#include <pthread.h>

struct admin {
    const config_t *config;
    hubs_t *hubs;
    builder_t *builder;
    http_server_t *server;
    journal_t *journal;         /* NULL: there is no history, and documents cannot be changed */
    struct timespec started;    /* monotonic */
    pthread_mutex_t costs_lock; /* one batch of costs at a time; and: */
    uint64_t costs_us;          /* when those that were taken are used up, monotonic */
    buf_t costs_before;         /* the file; memory that the system gives new has its price */
    buf_t costs_after;
};

typedef void admin_answer_t(admin_t *admin, const admin_request_t *request,
                            admin_response_t *response);

/* admin_status.c */
admin_answer_t admin_status;
/* admin_documents.c */
admin_answer_t admin_document_list, admin_document_get;
/* admin_check.c */
admin_answer_t admin_check;
/* admin_explain.c */
admin_answer_t admin_explain;
/* admin_changes.c */
admin_answer_t admin_document_change, admin_changes, admin_rollback;
/* admin_costs.c */
admin_answer_t admin_costs;
/* admin_history.c */
admin_answer_t admin_generation_list, admin_generation_get, admin_audit;

/* admin_held.c */
admin_answer_t admin_held_list, admin_held_get, admin_held_drop;
/* Appends all held changes as an array; null when there is no history, or it cannot be read. */
void admin_write_held(admin_t *admin, buf_t *out);

/* admin_backup.c */
admin_answer_t admin_backup;

/* ---- shared ---- */

/* Whether a document may have this name; *format is what it is then read as. */
bool admin_document_name(slice_t name, doc_format_t *format);
/* 400 for a name that is none. */
void admin_refuse_name(admin_response_t *response, slice_t name);
/* "\"<SHA-256 in hexadecimal>\"", of a document's text. */
#define ADMIN_ETAG_MAX (2 * DIGEST_SIZE + 3)
err_t admin_document_etag(slice_t text, char out[ADMIN_ETAG_MAX]) FPD_MUST_CHECK;
/* 500, for want of memory or for what the system refuses. */
void admin_refuse_error(admin_response_t *response, err_t err);
/* "2026-11-26T12:00:00Z" */
void admin_write_time(buf_t *out, time_t when);

#endif
