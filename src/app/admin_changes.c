#include "asked.h"

#include "footprintd/log/log.h"

#include <stdio.h>

/* Changes of documents: one by PUT and DELETE, several by POST, back to a generation by rollback.
 */

static proposal_wish_t wish_of(const asked_t *a)
{
    return (proposal_wish_t){
        .changes = a->changes, .count = a->count, .towards = a->restores ? &a->restored : NULL};
}

/* ---- answers ---- */

static void add_findings(admin_response_t *response, const findings_t *findings)
{
    buf_t json = BUF_INIT;
    findings_write_json(findings, &json);
    admin_error_member(response, "report", buf_slice(&json));
    response->body.failed |= buf_failed(&json);
    buf_release(&json);
}

static void add_difference(admin_response_t *response, const difference_t *difference)
{
    buf_t json = BUF_INIT;
    difference_write_json(difference, &json);
    admin_error_member(response, "difference", buf_slice(&json));
    response->body.failed |= buf_failed(&json);
    buf_release(&json);
}

static void write_number(uint64_t number, buf_t *out)
{
    if (number) {
        buf_printf(out, "%llu", (unsigned long long)number);
    } else {
        buf_append_str(out, "null");
    }
}

/* What a change is, or would be; 0: it has no such number. */
static void write_accepted(const proposal_t *p, const store_settlements_t *settled,
                           uint64_t generation, uint64_t held, admin_response_t *response)
{
    buf_t *out = &response->body;
    buf_t summary = BUF_INIT;
    difference_write_summary(p->difference, &summary);
    buf_append_str(out, "{\"generation\":");
    write_number(generation, out);
    buf_append_str(out, ",\"held\":");
    write_number(held, out);
    buf_printf(out, ",\"same\":%s,\"summary\":", p->difference->same ? "true" : "false");
    json_write_string(out, buf_slice(&summary));
    buf_append_str(out, ",\"difference\":");
    difference_write_json(p->difference, out);
    buf_append_str(out, ",\"report\":");
    findings_write_json(&p->findings, out);
    buf_append_str(out, ",\"kept\":[");
    size_t n = 0;
    for (size_t i = 0; settled && i < settled->count; i++) {
        if (settled->items[i].settled != STORE_SETTLED_DONE) {
            buf_append_str(out, n++ ? "," : "");
            json_write_string(out, settled->items[i].file);
        }
    }
    buf_append_str(out, "]}\n");
    response->status = 200;
    out->failed |= buf_failed(&summary);
    buf_release(&summary);
}

static void refuse(const proposal_t *p, commit_verdict_t verdict, slice_t why,
                   admin_response_t *response)
{
    switch (verdict) {
    case COMMIT_REFUSED:
        admin_error(response, 422, "refused", "the documents would be refused: %zu error%s",
                    p->findings.errors, p->findings.errors == 1 ? "" : "s");
        add_findings(response, &p->findings);
        return;
    case COMMIT_ASKS:
        admin_error(response, 409, "guard-rail",
                    "the change is greater than the guard rails allow: say yes to make it");
        add_difference(response, p->difference);
        return;
    case COMMIT_CONFLICT:
        admin_error(response, 412, "conflict", "%.*s", SLICE_ARG(why));
        return;
    case COMMIT_BAD_NAME:
        admin_error(response, 400, "bad-name", "%.*s", SLICE_ARG(why));
        return;
    case COMMIT_UNWRITABLE:
    case COMMIT_PENDING:
        admin_error(response, 409, "unwritable", "%.*s", SLICE_ARG(why));
        return;
    case COMMIT_UNREADABLE:
        admin_error(response, 500, "unreadable", "%.*s", SLICE_ARG(why));
        return;
    case COMMIT_FULL:
        admin_error(response, 409, "too-many", "%.*s", SLICE_ARG(why));
        return;
    case COMMIT_ENDING:
        admin_error(response, 503, "ending", "the server is going down");
        response->retry_after = 1;
        return;
    default:
        admin_error(response, 500, "failed", "%.*s", SLICE_ARG(why));
        return;
    }
}

/* ---- doing it ---- */

/* Also what was refused is told of; what the system refuses is an error of the server. */
static void audit_refusal(admin_t *admin, const asked_t *a, slice_t reason,
                          const admin_response_t *response)
{
    char outcome[32];
    buf_t why = BUF_INIT;
    (void)snprintf(outcome, sizeof outcome, "refused with %d", response->status);
    const store_audit_t line = {.time_ms = journal_now_ms(),
                                .who = a->author,
                                .what = slice_str(store_kind_names[a->kind]),
                                .outcome = slice_str(outcome)};
    log_line(response->status == 500 ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO, "admin",
             "%s by %.*s: %s%s%.*s", store_kind_names[a->kind], SLICE_ARG(a->author), outcome,
             reason.len ? ": " : "", SLICE_ARG(reason));
    if (admin->journal && store_history_audit(journal_history(admin->journal), &line, &why)) {
        log_line(LOG_LEVEL_ERROR, "history", "the audit log cannot be written: %.*s",
                 SLICE_ARG(buf_slice(&why)));
    }
    buf_release(&why);
}

static void commit(admin_t *admin, const asked_t *a, admin_response_t *response)
{
    builder_commit_t c = {.wish = wish_of(a),
                          .base = a->base,
                          .kind = a->kind,
                          .restores = a->restores,
                          .author = a->author,
                          .message = a->message,
                          .confirmed = a->confirmed,
                          .not_before = a->not_before == INT64_MIN ? 0 : a->not_before,
                          .not_after = a->not_after == INT64_MAX ? 0 : a->not_after,
                          .why = BUF_INIT};
    proposal_init(&c.proposal, admin->config);
    builder_commit(admin->builder, &c);
    if (c.verdict == COMMIT_DONE || c.verdict == COMMIT_SAME) {
        write_accepted(&c.proposal, &c.settled, c.number, c.held_id, response);
    } else if (c.verdict == COMMIT_HELD) {
        write_accepted(&c.proposal, NULL, 0, c.held_id, response);
        response->status = 202;
    } else {
        refuse(&c.proposal, c.verdict, buf_slice(&c.why), response);
        audit_refusal(admin, a, buf_slice(&c.why), response);
    }
    proposal_release(&c.proposal);
    buf_release(&c.why);
}

static void propose(admin_t *admin, const asked_t *a, snapshot_t *current, proposal_t *p,
                    buf_t *why, admin_response_t *response)
{
    const proposal_wish_t wish = wish_of(a);
    err_t err = proposal_make(p, admin->config, current, snapshot_generation(current) + 1, &wish,
                              why);
    if (err == ERR_RANGE) {
        refuse(p, COMMIT_BAD_NAME, buf_slice(why), response);
    } else if (err == ERR_NOT_NOW) {
        refuse(p, COMMIT_CONFLICT, buf_slice(why), response);
    } else if (err == ERR_IO) {
        refuse(p, COMMIT_UNREADABLE, buf_slice(why), response);
    } else if (err) {
        admin_refuse_error(response, err);
    } else if (!p->snapshot) {
        refuse(p, COMMIT_REFUSED, buf_slice(why), response);
    } else {
        write_accepted(p, NULL, 0, 0, response);
    }
}

/* What it would be; changes nothing, and needs no builder. */
static void preview(admin_t *admin, const asked_t *a, admin_response_t *response)
{
    proposal_t p;
    buf_t why = BUF_INIT;
    proposal_init(&p, admin->config);
    snapshot_t *current = builder_take_current(admin->builder);
    builder_state_t state;
    builder_read_state(admin->builder, &state, NULL);
    if (!proposal_names_check(a->changes, a->count, &why)) {
        refuse(&p, COMMIT_BAD_NAME, buf_slice(&why), response);
    } else if (a->base && a->base != state.number) {
        buf_printf(&why, "the newest generation is %llu", (unsigned long long)state.number);
        refuse(&p, COMMIT_CONFLICT, buf_slice(&why), response);
    } else {
        propose(admin, a, current, &p, &why, response);
    }
    snapshot_unref(current);
    proposal_release(&p);
    buf_release(&why);
}

void asked_carry_out(admin_t *admin, const asked_t *a, admin_response_t *response)
{
    if (!asked_check(a, response)) {
        return;
    }
    if (a->dry_run) {
        preview(admin, a, response);
    } else {
        commit(admin, a, response);
    }
}

void admin_document_change(admin_t *admin, const admin_request_t *request,
                           admin_response_t *response)
{
    proposal_change_t change = {.name = request->name,
                                .text = request->body,
                                .remove = request->route->endpoint == ADMIN_DOCUMENT_DELETE};
    asked_t a;
    doc_format_t format;
    asked_init(&a, request);
    a.changes = &change;
    a.count = 1;
    if (!admin_document_name(request->name, &format)) {
        admin_refuse_name(response, request->name);
    } else if (asked_read_query(&a, request, response) &&
               asked_read_conditions(request, &change, response)) {
        asked_carry_out(admin, &a, response);
    }
    arena_release(&a.arena);
}

void admin_changes(admin_t *admin, const admin_request_t *request, admin_response_t *response)
{
    asked_t a;
    asked_init(&a, request);
    a.dry_run = request->route->endpoint == ADMIN_DIFF;
    if (asked_read_query(&a, request, response) && asked_read_changes(&a, request, response)) {
        asked_carry_out(admin, &a, response);
    }
    arena_release(&a.arena);
}

/* ---- rollback ---- */

static bool take_generation(admin_t *admin, asked_t *a, admin_response_t *response)
{
    buf_t why = BUF_INIT;
    err_t err = store_history_documents(journal_history(admin->journal), a->restores, &a->arena,
                                        &a->restored, &why);
    if (err == ERR_NOT_FOUND) {
        admin_error(response, 404, "no-such-generation", "the history has no generation %llu",
                    (unsigned long long)a->restores);
    } else if (err) {
        admin_error(response, 500, "failed", "%.*s",
                    SLICE_ARG(why.len ? buf_slice(&why) : slice_str(err_text(err))));
    }
    buf_release(&why);
    return !err;
}

static bool is_untimed(const asked_t *a, admin_response_t *response)
{
    bool untimed = a->not_before == INT64_MIN && a->not_after == INT64_MAX;
    if (!untimed) {
        admin_error(response, 400, "bad-query", "a rollback is made at once, and for good");
    }
    return untimed;
}

void admin_rollback(admin_t *admin, const admin_request_t *request, admin_response_t *response)
{
    asked_t a;
    asked_init(&a, request);
    if (!admin->journal) {
        admin_error(response, 409, "no-history", "there is no state directory, so no history");
    } else if (asked_read_query(&a, request, response) &&
               asked_read_rollback(&a, request, response) && is_untimed(&a, response) &&
               take_generation(admin, &a, response)) {
        asked_carry_out(admin, &a, response);
    }
    arena_release(&a.arena);
}
