#include "admin_answers.h"

#include "footprintd/base/json.h"
#include "footprintd/base/table.h"
#include "footprintd/log/log.h"

#include <stdio.h>

/* Changes of documents: one by PUT and DELETE, several by POST, back to a generation by rollback.
 */

/* Of the body's tree: a body is at most as long as the limit, and mostly texts. */
#define TREE_BYTES ((size_t)3 << 30)

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
} asked_t;

static void asked_init(asked_t *a, const admin_request_t *request)
{
    *a = (asked_t){.kind = STORE_KIND_EDIT, .author = request->user};
    arena_init(&a->arena, TREE_BYTES);
}

static proposal_wish_t wish_of(const asked_t *a)
{
    return (proposal_wish_t){
        .changes = a->changes, .count = a->count, .towards = a->restores ? &a->restored : NULL};
}

/* ---- parameters of the query ---- */

static bool is_set(const admin_request_t *request, const char *name)
{
    buf_t value = BUF_INIT;
    bool set = admin_query_get(request, name, &value) && !slice_is(buf_slice(&value), "0") &&
               !slice_is(buf_slice(&value), "false");
    buf_release(&value);
    return set;
}

static void read_query(asked_t *a, const admin_request_t *request)
{
    buf_t message = BUF_INIT;
    if (admin_query_get(request, "message", &message)) {
        a->message = arena_copy(&a->arena, buf_slice(&message));
    }
    buf_release(&message);
    a->confirmed |= is_set(request, "yes");
    a->dry_run |= is_set(request, "dry-run");
}

/* ---- ETags ---- */

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "\"<SHA-256 in hexadecimal>\"", with its quotes or without. */
static bool read_etag(slice_t text, store_hash_t *out)
{
    if (text.len >= 2 && text.ptr[0] == '"' && text.ptr[text.len - 1] == '"') {
        text = slice_of(text.ptr + 1, text.len - 2);
    }
    *out = (store_hash_t){.present = true};
    for (size_t i = 0; i < DIGEST_SIZE && text.len == (size_t)2 * DIGEST_SIZE; i++) {
        int high = digit(text.ptr[2 * i]), low = digit(text.ptr[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        out->digest.bytes[i] = (uint8_t)(high << 4 | low);
    }
    return text.len == (size_t)2 * DIGEST_SIZE;
}

/* If-Match with one ETag or "*", If-None-Match with "*": what the document has to be. */
static bool read_conditions(const admin_request_t *request, proposal_change_t *change,
                            admin_response_t *response)
{
    if (slice_is(request->if_none_match, "*")) {
        change->expects = true;
        change->before = (store_hash_t){.present = false};
    } else if (slice_is(request->if_match, "*")) {
        change->exists = true;
    } else if (request->if_match.len) {
        change->expects = true;
        if (!read_etag(request->if_match, &change->before)) {
            admin_error(response, 412, "conflict",
                        "If-Match is to be the ETag of the document as it was read");
            return false;
        }
    }
    return true;
}

/* ---- bodies ---- */

static bool bad_body(admin_response_t *response, const char *why)
{
    admin_error(response, 400, "bad-body", "%s", why);
    return false;
}

static const json_value_t *read_object(asked_t *a, const admin_request_t *request,
                                       admin_response_t *response)
{
    json_value_t *root = NULL;
    json_error_t error = {.line = 0};
    err_t err = json_parse(request->body, 0, &a->arena, &root, &error);
    if (err == ERR_SYNTAX) {
        admin_error(response, 400, "syntax", "the body is not JSON: %s", error.text);
    } else if (err) {
        admin_refuse_error(response, err);
    } else if (root->kind != JSON_OBJECT) {
        (void)bad_body(response, "the body is to be an object");
    } else {
        return root;
    }
    return NULL;
}

static bool read_number(const json_value_t *root, const char *name, uint64_t *out,
                        admin_response_t *response)
{
    const json_value_t *v = json_get(root, name);
    if (v && (v->kind != JSON_NUMBER || !json_number_u64(v->u.text, out))) {
        admin_error(response, 400, "bad-body", "%s is to be the number of a generation", name);
        return false;
    }
    return true;
}

/* "message", "yes", "base"; unknown members are mistakes. */
static bool read_members(asked_t *a, const json_value_t *root, const char *own,
                         admin_response_t *response)
{
    static const char *const known[] = {"message", "yes", "base", "if-match"};
    for (size_t i = 0; i < root->u.object.count; i++) {
        slice_t name = root->u.object.members[i].name;
        bool found = slice_is(name, own);
        for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
            found |= slice_is(name, known[k]);
        }
        if (!found) {
            admin_error(response, 400, "bad-body", "the body has no member '%.*s'",
                        SLICE_ARG(utf8_truncate(name, 100)));
            return false;
        }
    }
    const json_value_t *message = json_get(root, "message"), *yes = json_get(root, "yes");
    if (message && message->kind != JSON_STRING) {
        return bad_body(response, "message is to be a text");
    }
    if (yes && yes->kind != JSON_BOOL) {
        return bad_body(response, "yes is to be true or false");
    }
    a->message = message ? message->u.text : a->message;
    a->confirmed |= yes && yes->u.boolean;
    return read_number(root, "base", &a->base, response);
}

static bool read_change(const json_member_t *m, proposal_change_t *c, admin_response_t *response)
{
    *c = (proposal_change_t){.name = m->name, .remove = m->value.kind == JSON_NULL};
    if (m->value.kind == JSON_STRING) {
        c->text = m->value.u.text;
    } else if (!c->remove) {
        admin_error(response, 400, "bad-body",
                    "the document '%.*s' is to be a text, or null to remove it",
                    SLICE_ARG(utf8_truncate(m->name, 100)));
        return false;
    }
    return true;
}

/* null: it must not be there. A condition that nothing meets would protect nobody. */
static bool read_if_match(const json_value_t *if_match, const table_t *changes,
                          admin_response_t *response)
{
    bool good = if_match->kind == JSON_OBJECT;
    for (size_t i = 0; good && i < if_match->u.object.count; i++) {
        const json_member_t *m = &if_match->u.object.members[i];
        proposal_change_t *c = table_get(changes, m->name);
        good = c && (m->value.kind == JSON_NULL ||
                     (m->value.kind == JSON_STRING && read_etag(m->value.u.text, &c->before)));
        if (c) {
            c->expects = true;
        }
    }
    return good || bad_body(response, "if-match is to be an object of ETags by name, or null for "
                                      "none, of documents that the body has");
}

/* {"documents":{"NAME":"text","OLD":null},"message":"","yes":true,"base":7,"if-match":{}} */
static bool read_changes(asked_t *a, const admin_request_t *request, admin_response_t *response)
{
    const json_value_t *root = read_object(a, request, response);
    if (!root || !read_members(a, root, "documents", response)) {
        return false;
    }
    const json_value_t *documents = json_get(root, "documents");
    const json_value_t *if_match = json_get(root, "if-match");
    if (!documents || documents->kind != JSON_OBJECT) {
        return bad_body(response, "documents is to be an object of texts by name");
    }
    a->changes = arena_array(&a->arena, documents->u.object.count + 1, sizeof *a->changes);
    err_t err = a->changes ? ERR_OK : ERR_NOMEM;
    table_t names = TABLE_INIT;
    bool good = true;
    for (size_t i = 0; i < documents->u.object.count && good && !err; i++) {
        proposal_change_t *c = &a->changes[a->count++];
        good = read_change(&documents->u.object.members[i], c, response);
        err = if_match ? table_put(&names, c->name, c, NULL) : ERR_OK;
    }
    if (err) {
        admin_refuse_error(response, err);
    } else if (good && if_match) {
        good = read_if_match(if_match, &names, response);
    }
    table_release(&names);
    return good && !err;
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

/* What a change is, or would be. */
static void write_accepted(const proposal_t *p, const store_settlements_t *settled,
                           const char *generation, admin_response_t *response)
{
    buf_t *out = &response->body;
    buf_t summary = BUF_INIT;
    difference_write_summary(p->difference, &summary);
    buf_printf(out, "{\"generation\":%s,\"same\":%s,\"summary\":", generation,
               p->difference->same ? "true" : "false");
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
        admin_error(response, 409, "unwritable", "%.*s", SLICE_ARG(why));
        return;
    case COMMIT_UNREADABLE:
        admin_error(response, 500, "unreadable", "%.*s", SLICE_ARG(why));
        return;
    case COMMIT_ENDING:
        admin_error(response, 503, "ending", "the server is going down");
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
                          .why = BUF_INIT};
    proposal_init(&c.proposal, admin->config);
    builder_commit(admin->builder, &c);
    if (c.verdict == COMMIT_DONE || c.verdict == COMMIT_SAME) {
        char number[24];
        (void)snprintf(number, sizeof number, "%llu", (unsigned long long)c.number);
        write_accepted(&c.proposal, &c.settled, number, response);
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
        write_accepted(p, NULL, "null", response);
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

static void carry_out(admin_t *admin, const asked_t *a, admin_response_t *response)
{
    if (arena_failed(&a->arena)) {
        admin_refuse_error(response, ERR_NOMEM);
    } else if (a->message.len > STORE_MESSAGE_MAX || !utf8_valid(a->message)) {
        (void)bad_body(response, "the message is to be UTF-8 of at most 65,536 bytes");
    } else if (a->dry_run) {
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
    read_query(&a, request);
    a.changes = &change;
    a.count = 1;
    if (!admin_document_name(request->name, &format)) {
        admin_refuse_name(response, request->name);
    } else if (read_conditions(request, &change, response)) {
        carry_out(admin, &a, response);
    }
    arena_release(&a.arena);
}

void admin_changes(admin_t *admin, const admin_request_t *request, admin_response_t *response)
{
    asked_t a;
    asked_init(&a, request);
    read_query(&a, request);
    a.dry_run |= request->route->endpoint == ADMIN_DIFF;
    if (read_changes(&a, request, response)) {
        carry_out(admin, &a, response);
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

void admin_rollback(admin_t *admin, const admin_request_t *request, admin_response_t *response)
{
    asked_t a;
    asked_init(&a, request);
    read_query(&a, request);
    a.kind = STORE_KIND_ROLLBACK;
    const json_value_t *root = read_object(&a, request, response);
    if (!admin->journal) {
        admin_error(response, 409, "no-history", "there is no state directory, so no history");
    } else if (root && json_get(root, "if-match")) {
        (void)bad_body(response, "a rollback has no if-match: base says what it was made from");
    } else if (root && read_members(&a, root, "generation", response) &&
               read_number(root, "generation", &a.restores, response)) {
        if (!a.restores) {
            (void)bad_body(response, "generation is missing");
        } else if (take_generation(admin, &a, response)) {
            carry_out(admin, &a, response);
        }
    }
    arena_release(&a.arena);
}
