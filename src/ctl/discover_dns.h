/*
 * Looking NAPTR records up. Private to src/ctl; the only part with c-ares.
 */
#ifndef FPD_CTL_DISCOVER_DNS_H
#define FPD_CTL_DISCOVER_DNS_H

#include "discover_names.h"

typedef struct discover_dns discover_dns_t;

typedef enum discover_result {
    DISCOVER_FOUND,
    DISCOVER_ABSENT,    /* the name, or any record of the service, is not there */
    DISCOVER_PERMANENT, /* malformed, or records that lead nowhere */
    DISCOVER_TEMPORARY, /* no name server answered, or all of them refused or failed */
} discover_result_t;
#define DISCOVER_RESULT_COUNT 4

extern const char *const discover_result_names[DISCOVER_RESULT_COUNT];

/* What one name gave, in the order in which a client is to use it (RFC 3403 4.1). */
typedef struct discover_found {
    slice_t uri;
    uint16_t order, preference;
} discover_found_t;

typedef struct discover_answer {
    discover_result_t result;
    discover_found_t *found; /* in the arena */
    size_t count;
} discover_answer_t;

/*
 * `resolver` is an address, perhaps with # and a port behind it; NULL: those of the system.
 * ERR_DATA when it is none.
 */
err_t discover_dns_new(const char *resolver, unsigned timeout_ms,
                       discover_dns_t **out) FPD_MUST_CHECK;
void discover_dns_free(discover_dns_t *dns);
/* Follows records that say to go on, a few steps. Errors are results, but for ERR_NOMEM. */
err_t discover_dns_ask(discover_dns_t *dns, const char *name, discover_service_t service,
                       arena_t *arena, discover_answer_t *out) FPD_MUST_CHECK;

#endif
