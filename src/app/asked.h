/*
 * Changes as they are asked for over the admin interface: query, conditions and bodies.
 */
#ifndef FPD_APP_ASKED_H
#define FPD_APP_ASKED_H

#include "admin_answers.h"
#include "cost_batch.h"
#include "footprintd/base/json.h"

/* A change on its way: what was asked for, in the arena. */
typedef struct asked {
    arena_t arena;
    proposal_change_t *changes;
    size_t count;
    store_texts_t restored; /* of a rollback: the documents of that generation */
    uint64_t base;
    uint64_t restores;
    store_kind_t kind;
    slice_t author;
    slice_t message;
    bool confirmed;
    bool dry_run;
    int64_t not_before; /* INT64_MIN: at once */
    int64_t not_after;  /* INT64_MAX: for good */
} asked_t;

/* Release the arena. */
void asked_init(asked_t *a, const admin_request_t *request);
/* False: the response says what is wrong; so of all that follow. */
bool asked_read_query(asked_t *a, const admin_request_t *request, admin_response_t *response);
/* If-Match with one ETag or "*", If-None-Match with "*": what the document has to be. */
bool asked_read_conditions(const admin_request_t *request, proposal_change_t *change,
                           admin_response_t *response);
/* {"documents":{"NAME":"text","OLD":null},"message":"","yes":true,"base":7,"if-match":{},
 * "not-before":"2026-11-26T16:00:00Z","not-after":"2026-11-26T18:00:00Z"} */
bool asked_read_changes(asked_t *a, const admin_request_t *request, admin_response_t *response);
/* {"generation":3,"message":"","yes":true,"base":7} */
bool asked_read_rollback(asked_t *a, const admin_request_t *request, admin_response_t *response);
/* {"values":[{"source":"a","destination":"b","cost":7,"time":"2026-11-26T16:00:00Z"}],
 * "message":"","yes":true} */
bool asked_read_costs(asked_t *a, const admin_request_t *request, cost_batch_t *batch,
                      admin_response_t *response);
/* admin_changes.c: makes the change, or says what it would be. */
void asked_carry_out(admin_t *admin, const asked_t *a, admin_response_t *response);
/* What of it no part alone shows. */
bool asked_check(const asked_t *a, admin_response_t *response);

#endif
