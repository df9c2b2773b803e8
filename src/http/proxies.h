/*
 * Who asks through proxies, as far as these are trusted: the PROXY protocol (versions 1 and 2)
 * before a connection, and Forwarded (RFC 7239) or X-Forwarded-For with a request. No I/O.
 */
#ifndef FOOTPRINTD_HTTP_PROXIES_H
#define FOOTPRINTD_HTTP_PROXIES_H

#include "footprintd/http/server.h"
#include "footprintd/net/addr.h"

#include <sys/socket.h>

typedef struct proxies {
    prefix_t *items;
    size_t count;
} proxies_t;

/* Of prefixes and addresses as text. ERR_SYNTAX, ERR_NOMEM. */
err_t proxies_new(const slice_t *texts, size_t count, proxies_t *out) FPD_MUST_CHECK;
void proxies_release(proxies_t *proxies);
bool proxies_trust(const proxies_t *proxies, const addr_t *address);

/* An IPv4-mapped address is IPv4. False for families that are neither. */
bool proxies_address(const struct sockaddr *from, addr_t *out);

/* ---- before a connection ---- */

#define PROXY_HEADER_MAX 2048

typedef enum proxy_verdict {
    PROXY_MORE,  /* so far it may become a header */
    PROXY_KNOWN, /* it says whose connection it is */
    PROXY_LOCAL, /* the proxy's own, or of something that has no address */
    PROXY_BAD,
} proxy_verdict_t;

/* *used: bytes of the header; *address and *port only for PROXY_KNOWN. */
proxy_verdict_t proxy_header_parse(slice_t bytes, size_t *used, addr_t *address, uint16_t *port);

/* ---- with a request ---- */

/*
 * Goes back from the peer over what trusted proxies say, from the last element of the field (its
 * lines joined by commas) to the first: to the first address that is not a trusted proxy's, or that
 * stands first. *client is the peer to begin with, and stays what is known so far when an element
 * says nothing.
 */
void forwarded_client(const proxies_t *proxies, proxy_header_t kind, slice_t field, addr_t *client);

#endif
