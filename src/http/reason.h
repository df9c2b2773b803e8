/*
 * Reason phrases (RFC 9110 15).
 */
#ifndef FOOTPRINTD_HTTP_REASON_H
#define FOOTPRINTD_HTTP_REASON_H

/* "Not Found"; "Status" for one that is never sent. */
const char *http_reason(int status);

#endif
