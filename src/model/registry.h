/*
 * IANA registries that values of documents are checked against: unregistered values only warn,
 * since registries grow faster than programs. Private to src/model.
 */
#ifndef FPD_MODEL_REGISTRY_H
#define FPD_MODEL_REGISTRY_H

#include "footprintd/base/bytes.h"
#include "footprintd/base/suggest.h"

typedef struct registry {
    const char *name; /* as IANA calls it */
    const char *const *values;
    size_t count;
    bool nocase;
} registry_t;

extern const registry_t registry_protocols;       /* CDNI Metadata Protocol Types */
extern const registry_t registry_redirection;     /* CDNI Capabilities Redirection Modes */
extern const registry_t registry_record_types;    /* CDNI Logging record-types */
extern const registry_t registry_logging_fields;  /* CDNI Logging fields, RFC 7937 */
extern const registry_t registry_optional_fields; /* of cdni_http_request_v1 */
extern const registry_t registry_metadata;        /* CDNI Payload Types, MI. */
extern const registry_t registry_capacity_limits; /* CDNI Capacity Limit Types */
extern const registry_t registry_telemetry;       /* CDNI Telemetry Source Types */
extern const registry_t registry_svta;            /* FCI types of the SVTA, not registered */
extern const registry_t registry_svta_secret;     /* those that may carry credentials */

/* The registered spelling, or NULL. */
const char *registry_find(const registry_t *r, slice_t value);
void registry_suggest(const registry_t *r, suggest_t *s);

#endif
