#include "admin_answers.h"

#include "footprintd/base/json.h"
#include "footprintd/base/time.h"
#include "footprintd/log/log.h"
#include "footprintd/store/held.h"

static void write_moment(const char *name, int64_t at, buf_t *out)
{
    buf_printf(out, ",\"%s\":", name);
    if (at == INT64_MAX) {
        buf_append_str(out, "null");
        return;
    }
    buf_append_char(out, '"');
    moment_write(at, out);
    buf_append_char(out, '"');
}

/* Without its closing brace. */
static void write_held(const store_held_t *held, buf_t *out)
{
    buf_printf(out, "{\"id\":%llu,\"state\":\"%s\"", (unsigned long long)held->id,
               held->failure.len ? "failed" : "waiting");
    write_moment("made", (int64_t)(held->made_ms / 1000), out);
    write_moment("not-before", held->due, out);
    write_moment("not-after", held->until, out);
    buf_printf(out, ",\"takes-back\":%s,\"yes\":%s,\"author\":", held->undoes ? "true" : "false",
               held->confirmed ? "true" : "false");
    json_write_string(out, held->author);
    buf_append_str(out, ",\"message\":");
    json_write_string(out, held->message);
    buf_append_str(out, ",\"failure\":");
    json_write_string(out, held->failure);
}

/* By name: what each is to be, null for one that goes; in lists, whether it goes. */
static void write_texts(const store_held_t *held, buf_t *out)
{
    buf_append_str(out, ",\"texts\":{");
    for (size_t i = 0; i < held->count; i++) {
        const store_edit_change_t *c = &held->changes[i];
        buf_append_str(out, i ? "," : "");
        json_write_string(out, c->name);
        buf_append_char(out, ':');
        if (c->remove) {
            buf_append_str(out, "null");
        } else {
            json_write_string(out, c->bytes);
        }
    }
    buf_append_char(out, '}');
}

static void write_names(const store_held_t *held, buf_t *out)
{
    buf_append_str(out, ",\"documents\":[");
    for (size_t i = 0; i < held->count; i++) {
        buf_append_str(out, i ? "," : "");
        json_write_string(out, held->changes[i].name);
    }
    buf_append_char(out, ']');
}

static void write_list(const store_held_list_t *list, buf_t *out)
{
    buf_append_char(out, '[');
    for (size_t i = 0; i < list->count; i++) {
        buf_append_str(out, i ? "," : "");
        write_held(&list->items[i], out);
        write_names(&list->items[i], out);
        buf_append_char(out, '}');
    }
    buf_append_char(out, ']');
}

void admin_write_held(admin_t *admin, buf_t *out)
{
    arena_t arena;
    store_held_list_t list = {NULL, 0};
    buf_t why = BUF_INIT;
    arena_init(&arena, 0);
    if (!admin->journal || store_held_list(journal_history(admin->journal), &arena, &list, &why)) {
        buf_append_str(out, "null");
    } else {
        write_list(&list, out);
    }
    buf_release(&why);
    arena_release(&arena);
}

static void refuse(admin_response_t *response, err_t err, const buf_t *why)
{
    if (err == ERR_NOT_FOUND) {
        admin_error(response, 404, "no-such-change", "%.*s", SLICE_ARG(buf_slice(why)));
    } else {
        admin_error(response, 500, "failed", "%.*s",
                    SLICE_ARG(why->len ? buf_slice(why) : slice_str(err_text(err))));
    }
}

static bool has_history(const admin_t *admin, admin_response_t *response)
{
    if (!admin->journal) {
        admin_error(response, 409, "no-history",
                    "there is no state directory, so that no change can be held");
    }
    return admin->journal != NULL;
}

/* What is no number is no held change either. */
static uint64_t id_of(const admin_request_t *request)
{
    uint64_t id = 0;
    return json_number_u64(request->name, &id) ? id : 0;
}

void admin_held_list(admin_t *admin, const admin_request_t *request, admin_response_t *response)
{
    store_held_list_t list;
    buf_t why = BUF_INIT;
    (void)request;
    if (!has_history(admin, response)) {
        return;
    }
    err_t err = store_held_list(journal_history(admin->journal), &response->arena, &list, &why);
    if (err) {
        refuse(response, err, &why);
    } else {
        response->status = 200;
        buf_append_str(&response->body, "{\"held\":");
        write_list(&list, &response->body);
        buf_append_str(&response->body, "}\n");
    }
    buf_release(&why);
}

void admin_held_get(admin_t *admin, const admin_request_t *request, admin_response_t *response)
{
    store_held_t held;
    buf_t why = BUF_INIT;
    if (!has_history(admin, response)) {
        return;
    }
    err_t err = store_held_find(journal_history(admin->journal), id_of(request), &response->arena,
                                &held, &why);
    if (err) {
        refuse(response, err, &why);
    } else {
        response->status = 200;
        write_held(&held, &response->body);
        write_names(&held, &response->body);
        write_texts(&held, &response->body);
        buf_append_str(&response->body, "}\n");
    }
    buf_release(&why);
}

void admin_held_drop(admin_t *admin, const admin_request_t *request, admin_response_t *response)
{
    uint64_t id = id_of(request);
    buf_t why = BUF_INIT;
    if (!has_history(admin, response)) {
        return;
    }
    const store_audit_t audit = {.time_ms = journal_now_ms(),
                                 .who = request->user,
                                 .what = SLICE_LIT("held change"),
                                 .outcome = SLICE_LIT("dropped")};
    err_t err = store_held_drop(journal_history(admin->journal), id, &audit, &why);
    if (err) {
        refuse(response, err, &why);
    } else {
        log_line(LOG_LEVEL_INFO, "held", "change %llu is dropped by %.*s", (unsigned long long)id,
                 SLICE_ARG(request->user));
        response->status = 200;
        buf_printf(&response->body, "{\"dropped\":%llu}\n", (unsigned long long)id);
    }
    buf_release(&why);
}
