/*
 * Clocks, and moments as text: date and time with a zone (RFC 3339 5.6, "date-time").
 */
#ifndef FOOTPRINTD_BASE_TIME_H
#define FOOTPRINTD_BASE_TIME_H

#include "footprintd/base/bytes.h"

/*
 * Seconds since the epoch. A zone is required: "Z" or "+01:00". A fraction of a second is dropped;
 * leap seconds and days that no calendar has are refused.
 */
bool moment_parse(slice_t text, int64_t *seconds);
/* The system's clock: not time(), which may lag behind others by some milliseconds. */
int64_t moment_now(void);
/* A clock that nobody sets, and that stands still while the system is suspended; never 0. */
uint64_t monotonic_ms(void);
/* "2026-11-26T16:00:00Z"; years from 0 to 9999, nothing for others. */
void moment_write(int64_t seconds, buf_t *out);
/* "Thu, 26 Nov 2026 16:00:00 GMT" (RFC 9110 5.6.7, IMF-fixdate); the same years. */
void moment_write_http(int64_t seconds, buf_t *out);

#endif
