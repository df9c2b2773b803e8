/*
 * Endpoint property service (RFC 7285 11.4): properties of addresses, as strings.
 *
 * It is the property map's older form, and answers from the same look-ups. Its properties are the
 * PID of every network map of the view ("netmap.pid", resource-specific) and, where the profile
 * shows what databases say, "priv:asn", "priv:countrycode" and "priv:subdivisioncode": the names
 * of the property map without the dot, which global names do not have (RFC 7285 10.8.2, RFC 9240
 * 5.2.3). What is no string there (RFC 9241 6.2: lists of capabilities) is left to the property
 * map.
 */
#ifndef FOOTPRINTD_ALTO_ENDPOINT_PROPERTY_H
#define FOOTPRINTD_ALTO_ENDPOINT_PROPERTY_H

#include "footprintd/alto/property_map.h"

#define ALTO_MEDIA_ENDPOINT_PROPERTY        "application/alto-endpointprop+json"
#define ALTO_MEDIA_ENDPOINT_PROPERTY_PARAMS "application/alto-endpointpropparams+json"

#define ALTO_ENDPOINT_PROPERTY_ID "endpoint-property"

extern const resource_kind_t resource_kind_endpoint_property;

/* The properties of the view that the maps are of, which stay borrowed; all else in the arena. */
typedef struct endpoint_property_content endpoint_property_content_t;

err_t endpoint_property_build(const property_map_content_t *maps, arena_t *arena,
                              endpoint_property_content_t **out) FPD_MUST_CHECK;
/* The IRD's `capabilities`: {"prop-types":[...]}; "" on no memory. */
slice_t endpoint_property_capabilities(const endpoint_property_content_t *c, arena_t *arena);

#endif
