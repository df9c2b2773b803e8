/*
 * Scopes: what one class of uCDNs may see of the documents, and what it understands (`ucdns.yaml`).
 *
 * What a uCDN does not understand is withheld whole: an object of a capability type that it does
 * not know, or with a footprint type that it does not know, also inside a footprintunion. A part of
 * an object would say something else. A limit that cannot be said (FCI.CapacityLimits) takes with
 * it what it limits, so that nobody is told of a capability without its limit.
 */
#ifndef FOOTPRINTD_ALTO_SCOPE_H
#define FOOTPRINTD_ALTO_SCOPE_H

#include "footprintd/model/model.h"

typedef struct scope {
    const bool *documents; /* by index in the model: whether they are seen */
    bool all_capability_types;
    const slice_t *capability_types; /* otherwise: these, sorted */
    size_t capability_type_count;
    bool footprint_types[FP_TYPE_COUNT];
    bool geo_properties; /* whether what databases say is shown */
} scope_t;

/* What is made by default, UINT32_MAX, is seen by everybody. */
bool scope_sees(const scope_t *s, uint32_t document);
/*
 * Which objects of an advertisement the scope shows, by index; *withheld counts those of documents
 * that it sees and that it does not understand. ERR_NOMEM.
 */
err_t scope_choose(const scope_t *s, const model_advertisement_t *a, arena_t *arena, bool **out,
                   size_t *withheld) FPD_MUST_CHECK;

#endif
