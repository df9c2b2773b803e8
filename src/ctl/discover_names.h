/*
 * Finding ALTO servers by DNS (RFC 7286, RFC 8686): which names are asked, and what their NAPTR
 * records say. Private to src/ctl, without any output of its own.
 *
 *     discover_names.c  names and records
 *     discover_dns.c    one look-up
 *     discover.c        the command
 */
#ifndef FPD_CTL_DISCOVER_NAMES_H
#define FPD_CTL_DISCOVER_NAMES_H

#include "footprintd/base/arena.h"
#include "footprintd/net/addr.h"

/* A name with its NUL; RFC 1035 2.3.4. */
#define DISCOVER_NAME_MAX 254
/* RFC 8686 3.4: of IPv6 one full name and five shorter ones. */
#define DISCOVER_NAMES_MAX 6

/*
 * The names of the reverse zones of a prefix, in the order in which they are asked. Returns their
 * number: 0 for prefixes that are too short (IPv4 below 8, IPv6 below 32).
 */
size_t discover_reverse_names(const prefix_t *p, char names[DISCOVER_NAMES_MAX][DISCOVER_NAME_MAX]);

/* Whether it is a domain name as DNS has it, with or without a dot at its end. */
bool discover_name_valid(slice_t name);

typedef enum discover_service {
    DISCOVER_HTTPS, /* ALTO:https */
    DISCOVER_HTTP,  /* ALTO:http */
} discover_service_t;
#define DISCOVER_SERVICE_COUNT 2

extern const char *const discover_service_names[DISCOVER_SERVICE_COUNT];

/* A NAPTR record (RFC 3403 4.1); all texts are borrowed. */
typedef struct discover_record {
    uint16_t order, preference;
    slice_t flags, service, regexp, replacement;
} discover_record_t;

typedef enum discover_kind {
    DISCOVER_OTHER, /* of another service, or not as U-NAPTR has it */
    DISCOVER_URI,
    DISCOVER_GO_ON, /* `replacement` is to be asked (RFC 4848 2.2) */
} discover_kind_t;

/*
 * What a record says of the service. DISCOVER_URI: *uri is that of an information resource
 * directory; it lies in the record's regexp. A record that is malformed is as if it were not there.
 */
discover_kind_t discover_record_read(const discover_record_t *r, discover_service_t service,
                                     slice_t *uri);

#endif
