/*
 * What the admin interface answers: the application's half of http/admin.h.
 */
#ifndef FPD_APP_ADMIN_H
#define FPD_APP_ADMIN_H

#include "builder.h"
#include "footprintd/http/admin.h"

typedef struct admin admin_t;

/* config and hub are borrowed. */
err_t admin_new(const config_t *config, hubs_t *hubs, admin_t **out) FPD_MUST_CHECK;
/* Before the first answer; all of it outlives the last one. */
void admin_attach(admin_t *admin, builder_t *builder, http_server_t *server, journal_t *journal);
/* NULL is fine. */
void admin_free(admin_t *admin);

/* http_admin_options_t.answer; arg is the admin_t. */
void admin_answer(void *arg, const admin_request_t *request, admin_response_t *response);

#endif
