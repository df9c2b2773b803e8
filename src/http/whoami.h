/*
 * Who the server thinks that a client is. A path of two segments, so that no resource id can be it;
 * it is in no directory, since it is nothing that ALTO knows of.
 *
 * With the query "login" a client without credentials is asked for them also where strangers are
 * let in: clients of HTTP Digest that wait to be asked begin there.
 */
#ifndef FOOTPRINTD_HTTP_WHOAMI_H
#define FOOTPRINTD_HTTP_WHOAMI_H

#include "http/internal.h"

#define WHOAMI_PATH "/-/whoami"

bool whoami_is(slice_t path);
void whoami_answer(h2o_req_t *req);

#endif
