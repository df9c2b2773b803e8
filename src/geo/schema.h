/* What GeoLite2, GeoIP2 and DB-IP databases say of an address, as far as it is taken. */
#ifndef FPD_GEO_SCHEMA_H
#define FPD_GEO_SCHEMA_H

#include "footprintd/geo/table.h"

#include "geo/decode.h"

/*
 * The attributes of `wanted` in the verified value at `at`; *out was zeroed, and members stay as
 * they are where the value says nothing that is well-formed. When no steps are left in the decoder
 * afterwards, they did not suffice.
 */
void schema_read(decoder_t *d, size_t at, unsigned wanted, geo_record_t *out);

#endif
