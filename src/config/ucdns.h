/*
 * The inside of a table of profiles: shared by the reader and by those who look things up.
 */
#ifndef FPD_CONFIG_UCDNS_H
#define FPD_CONFIG_UCDNS_H

#include "footprintd/base/table.h"
#include "footprintd/config/ucdns.h"

#include <stdatomic.h>

struct ucdns {
    atomic_size_t references;
    ucdn_profile_t *profiles;
    size_t count;
    size_t anonymous;
    table_t names; /* to ucdn_profile_t; so are the others */
    table_t users;
    table_t certificates; /* by the keys of certificate.h */
    arena_t arena;
};

/* Empty, with one reference. */
err_t ucdns_new(ucdns_t **out) FPD_MUST_CHECK;
/* What a profile says that says nothing. */
void ucdn_profile_defaults(ucdn_profile_t *profile);

#endif
