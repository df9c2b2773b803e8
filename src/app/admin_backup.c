#include "admin_answers.h"

#include "footprintd/log/log.h"
#include "footprintd/store/backup.h"

/* The body is in memory as a whole, until it is sent: that is what the limit is for. */
static void answer(admin_t *admin, const admin_request_t *request, admin_response_t *response)
{
    buf_t why = BUF_INIT;
    size_t limit = (size_t)admin->config->limits.admin_backup_bytes;
    err_t err = store_backup_read(journal_history(admin->journal), limit, &response->body, &why);
    if (err == ERR_LIMIT) {
        admin_error(response, 507, "too-large",
                    "%.*s (limits.admin-backup-bytes); footprintctl backup --state, beside the "
                    "server, has none",
                    SLICE_ARG(buf_slice(&why)));
    } else if (err) {
        admin_error(response, 500, "failed", "%.*s",
                    SLICE_ARG(why.len ? buf_slice(&why) : slice_str(err_text(err))));
    } else {
        response->status = 200;
        response->media_type = STORE_BACKUP_MEDIA;
        log_line(LOG_LEVEL_INFO, "admin", "%.*s at %.*s took a backup of %zu bytes",
                 SLICE_ARG(request->user), SLICE_ARG(request->peer), response->body.len);
    }
    buf_release(&why);
}

void admin_backup(admin_t *admin, const admin_request_t *request, admin_response_t *response)
{
    if (!admin->journal) {
        admin_error(response, 409, "no-history", "there is no state directory, so no history");
    } else {
        answer(admin, request, response);
    }
}
