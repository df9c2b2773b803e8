#include "asked.h"

#include "footprintd/base/table.h"
#include "footprintd/base/time.h"

/* Of the body's tree: a body is at most as long as the limit, and mostly texts. */
#define TREE_BYTES ((size_t)3 << 30)

void asked_init(asked_t *a, const admin_request_t *request)
{
    *a = (asked_t){.kind = STORE_KIND_EDIT,
                   .author = request->user,
                   .not_before = INT64_MIN,
                   .not_after = INT64_MAX};
    arena_init(&a->arena, TREE_BYTES);
}

static bool bad_body(admin_response_t *response, const char *why)
{
    admin_error(response, 400, "bad-body", "%s", why);
    return false;
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

static bool read_moment(const admin_request_t *request, const char *name, int64_t *out,
                        admin_response_t *response)
{
    buf_t value = BUF_INIT;
    bool good = !admin_query_get(request, name, &value) || moment_parse(buf_slice(&value), out);
    buf_release(&value);
    if (!good) {
        admin_error(response, 400, "bad-query", "%s is to be a moment such as 2026-11-26T16:00:00Z",
                    name);
    }
    return good;
}

bool asked_read_query(asked_t *a, const admin_request_t *request, admin_response_t *response)
{
    buf_t message = BUF_INIT;
    if (admin_query_get(request, "message", &message)) {
        a->message = arena_copy(&a->arena, buf_slice(&message));
    }
    buf_release(&message);
    a->confirmed |= is_set(request, "yes");
    a->dry_run |= is_set(request, "dry-run");
    return read_moment(request, "not-before", &a->not_before, response) &&
           read_moment(request, "not-after", &a->not_after, response);
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

bool asked_read_conditions(const admin_request_t *request, proposal_change_t *change,
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

static bool read_time(const json_value_t *root, const char *name, int64_t *out,
                      admin_response_t *response)
{
    const json_value_t *v = json_get(root, name);
    if (v && (v->kind != JSON_STRING || !moment_parse(v->u.text, out))) {
        admin_error(response, 400, "bad-body", "%s is to be a moment such as 2026-11-26T16:00:00Z",
                    name);
        return false;
    }
    return true;
}

/* Those that are known; unknown members are mistakes. */
static bool read_members(asked_t *a, const json_value_t *root, const char *const *known,
                         admin_response_t *response)
{
    for (size_t i = 0; i < root->u.object.count; i++) {
        slice_t name = root->u.object.members[i].name;
        bool found = false;
        for (size_t k = 0; known[k]; k++) {
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
    return read_number(root, "base", &a->base, response) &&
           read_time(root, "not-before", &a->not_before, response) &&
           read_time(root, "not-after", &a->not_after, response);
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

bool asked_read_changes(asked_t *a, const admin_request_t *request, admin_response_t *response)
{
    static const char *const known[] = {"documents", "message",    "yes",       "base",
                                        "if-match",  "not-before", "not-after", NULL};
    const json_value_t *root = read_object(a, request, response);
    if (!root || !read_members(a, root, known, response)) {
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

bool asked_read_rollback(asked_t *a, const admin_request_t *request, admin_response_t *response)
{
    static const char *const known[] = {"generation", "message", "yes", "base", NULL};
    const json_value_t *root = read_object(a, request, response);
    a->kind = STORE_KIND_ROLLBACK;
    if (!root) {
        return false;
    }
    if (json_get(root, "if-match")) {
        return bad_body(response, "a rollback has no if-match: base says what it was made from");
    }
    if (!read_members(a, root, known, response) ||
        !read_number(root, "generation", &a->restores, response)) {
        return false;
    }
    return a->restores || bad_body(response, "generation is missing");
}

bool asked_read_costs(asked_t *a, const admin_request_t *request, cost_batch_t *batch,
                      admin_response_t *response)
{
    static const char *const known[] = {"values", "message", "yes", NULL};
    const json_value_t *root = read_object(a, request, response);
    buf_t why = BUF_INIT;
    if (!root || !read_members(a, root, known, response)) {
        return false;
    }
    err_t err = cost_batch_read(json_get(root, "values"), &a->arena, batch, &why);
    if (err == ERR_DATA) {
        admin_error(response, 400, "bad-body", "%.*s", SLICE_ARG(buf_slice(&why)));
    } else if (err) {
        admin_refuse_error(response, err);
    }
    buf_release(&why);
    return !err;
}

bool asked_check(const asked_t *a, admin_response_t *response)
{
    if (arena_failed(&a->arena)) {
        admin_refuse_error(response, ERR_NOMEM);
        return false;
    }
    if (a->message.len > STORE_MESSAGE_MAX || !utf8_valid(a->message)) {
        return bad_body(response, "the message is to be UTF-8 of at most 65,536 bytes");
    }
    if (a->not_after <= a->not_before || a->not_after <= moment_now()) {
        return bad_body(response, "not-after is to be later than now, and than not-before");
    }
    return true;
}
