#include "admin_answers.h"

#include "footprintd/base/json.h"
#include "footprintd/base/time.h"
#include "footprintd/log/log.h"
#include "footprintd/model/data.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

err_t admin_new(const config_t *config, hubs_t *hubs, admin_t **out)
{
    admin_t *admin = calloc(1, sizeof *admin);
    if (!admin) {
        return ERR_NOMEM;
    }
    if (pthread_mutex_init(&admin->costs_lock, NULL) != 0) {
        free(admin);
        return ERR_NOMEM;
    }
    admin->config = config;
    admin->hubs = hubs;
    (void)clock_gettime(CLOCK_MONOTONIC, &admin->started);
    *out = admin;
    return ERR_OK;
}

void admin_attach(admin_t *admin, builder_t *builder, http_server_t *server, journal_t *journal)
{
    admin->journal = journal;
    admin->builder = builder;
    admin->server = server;
}

void admin_free(admin_t *admin)
{
    if (admin) {
        (void)pthread_mutex_destroy(&admin->costs_lock);
        buf_release(&admin->costs_before);
        buf_release(&admin->costs_after);
    }
    free(admin);
}

/* ---- shared ---- */

bool admin_document_name(slice_t name, doc_format_t *format)
{
    if (model_data_name_valid(name)) {
        *format = DOC_DATA;
        return true;
    }
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.ptr[i];
        if (c < 0x20 || c == 0x7f || c == '/') {
            return false;
        }
    }
    return name.len <= 255 && utf8_valid(name) && store_document_format(name, format);
}

void admin_refuse_name(admin_response_t *response, slice_t name)
{
    admin_error(
        response, 400, "bad-name",
        "'%.*s' is no name of a document: they end in .yaml, .yml or .json, begin with no dot "
        "and hold no slash",
        SLICE_ARG(utf8_truncate(name, 100)));
}

err_t admin_document_etag(slice_t text, char out[ADMIN_ETAG_MAX])
{
    static const char digits[] = "0123456789abcdef";
    hasher_t hasher;
    digest_t digest;
    err_t err = hasher_init(&hasher);
    if (err) {
        return err;
    }
    hasher_begin(&hasher);
    hasher_update_slice(&hasher, text);
    err = hasher_finish(&hasher, &digest);
    hasher_release(&hasher);
    if (err) {
        return err;
    }
    *out++ = '"';
    for (size_t i = 0; i < DIGEST_SIZE; i++) {
        *out++ = digits[digest.bytes[i] >> 4];
        *out++ = digits[digest.bytes[i] & 15];
    }
    *out++ = '"';
    *out = '\0';
    return ERR_OK;
}

void admin_refuse_error(admin_response_t *response, err_t err)
{
    admin_error(response, 500, "failed", "%s", err_text(err));
}

void admin_write_time(buf_t *out, time_t when)
{
    moment_write((int64_t)when, out);
}

/* ---- endpoints ---- */

/* The same as a SIGHUP, by the same way; what comes of it, the status says. */
static void admin_reload(admin_t *admin, const admin_request_t *request, admin_response_t *response)
{
    (void)admin;
    log_line(LOG_LEVEL_INFO, "admin", "%.*s at %.*s asks for a reload", SLICE_ARG(request->user),
             SLICE_ARG(request->peer));
    if (kill(getpid(), SIGHUP) != 0) {
        admin_refuse_error(response, ERR_IO);
        return;
    }
    response->status = 202;
    buf_append_str(&response->body, "{\"reload\":\"requested\"}\n");
}

void admin_answer(void *arg, const admin_request_t *request, admin_response_t *response)
{
    static admin_answer_t *const answers[ADMIN_ENDPOINT_COUNT] = {
        [ADMIN_STATUS] = admin_status,
        [ADMIN_DOCUMENT_LIST] = admin_document_list,
        [ADMIN_DOCUMENT_GET] = admin_document_get,
        [ADMIN_DOCUMENT_PUT] = admin_document_change,
        [ADMIN_DOCUMENT_DELETE] = admin_document_change,
        [ADMIN_CHANGES] = admin_changes,
        [ADMIN_CHECK] = admin_check,
        [ADMIN_DIFF] = admin_changes,
        [ADMIN_GENERATION_LIST] = admin_generation_list,
        [ADMIN_GENERATION_GET] = admin_generation_get,
        [ADMIN_ROLLBACK] = admin_rollback,
        [ADMIN_COSTS] = admin_costs,
        [ADMIN_HELD_LIST] = admin_held_list,
        [ADMIN_HELD_GET] = admin_held_get,
        [ADMIN_HELD_DROP] = admin_held_drop,
        [ADMIN_EXPLAIN] = admin_explain,
        [ADMIN_RELOAD] = admin_reload,
        [ADMIN_AUDIT] = admin_audit,
        [ADMIN_BACKUP] = admin_backup,
    };
    answers[request->route->endpoint](arg, request, response);
}
