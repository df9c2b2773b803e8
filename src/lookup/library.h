/*
 * What the parts of the public interface share. Private to src/lookup.
 */
#ifndef FPD_LOOKUP_LIBRARY_H
#define FPD_LOOKUP_LIBRARY_H

#include "footprintd/lookup.h"
#include "footprintd/lookup/engine.h"
#include "footprintd/store/databases.h"

struct footprintd_lookup {
    arena_t arena; /* the options */
    footprintd_options_t options;
    store_databases_t databases;
    lookup_engine_t *engine;
};

/* Network byte order; a mapped IPv6 address becomes IPv4. False for another length than 4 or 16. */
bool library_address(const void *bytes, size_t length, addr_t *out);

#endif
