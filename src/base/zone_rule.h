/*
 * Rules of zones, year by year. Private to src/base.
 */
#ifndef FPD_BASE_ZONE_RULE_H
#define FPD_BASE_ZONE_RULE_H

#include "footprintd/base/zone.h"

/* What the rule says of this moment. */
zone_span_t zone_rule_span(const zone_rule_t *rule, int64_t at);

#endif
