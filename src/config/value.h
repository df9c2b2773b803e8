/*
 * Texts of the configuration: addresses, URIs, shares.
 */
#ifndef FPD_CONFIG_VALUE_H
#define FPD_CONFIG_VALUE_H

#include "footprintd/base/bytes.h"

/* "127.0.0.1:8080" or "[::1]:0"; *loopback says whether only this host can reach it. */
bool config_address_check(slice_t text, bool *loopback, uint16_t *port);
/*
 * An absolute http or https URI without user information, query and fragment (RFC 3986);
 * *trimmed is it without final slashes.
 */
bool config_uri_check(slice_t text, slice_t *trimmed);
/* A JSON number in 0..1. */
bool config_share_parse(slice_t number, double *out);
bool config_bool_parse(slice_t word, bool *out);

#endif
