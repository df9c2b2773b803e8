#include "http/internal.h"
#include "http/proxies.h"

#include <arpa/inet.h>
#include <netinet/in.h>

/* ---- before a connection ---- */

bool peer_may_be_proxy(http_conn_t *conn)
{
    struct sockaddr_storage from;
    addr_t address;
    return h2o_socket_getpeername(conn->sock, (struct sockaddr *)&from) &&
           proxies_address((const struct sockaddr *)&from, &address) &&
           proxies_trust(&conn->loop->server->proxies, &address);
}

void peer_set(h2o_socket_t *sock, const addr_t *address, uint16_t port)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } to;
    memset(&to, 0, sizeof to);
    if (address->family == FAMILY_IPV4) {
        to.v4 = (struct sockaddr_in){.sin_family = AF_INET,
                                     .sin_port = htons(port),
                                     .sin_addr.s_addr = htonl(address->u.v4)};
        h2o_socket_setpeername(sock, &to.any, sizeof to.v4);
    } else {
        to.v6.sin6_family = AF_INET6;
        to.v6.sin6_port = htons(port);
        for (int i = 0; i < 8; i++) {
            to.v6.sin6_addr.s6_addr[i] = (uint8_t)(address->u.v6.hi >> (56 - 8 * i));
            to.v6.sin6_addr.s6_addr[8 + i] = (uint8_t)(address->u.v6.lo >> (56 - 8 * i));
        }
        h2o_socket_setpeername(sock, &to.any, sizeof to.v6);
    }
}

/* ---- with a request ---- */

/* The lines of the field as one (RFC 9110 5.3); "" when there is none. */
static slice_t joined_field(h2o_req_t *req, slice_t name)
{
    slice_t all = {"", 0};
    for (ssize_t i = h2o_find_header_by_str(&req->headers, name.ptr, name.len, -1); i >= 0;
         i = h2o_find_header_by_str(&req->headers, name.ptr, name.len, i)) {
        slice_t line = slice_of_iovec(req->headers.entries[i].value);
        all = all.len ? slice_of_iovec(h2o_concat(&req->pool, iovec_of(all),
                                                  h2o_iovec_init(H2O_STRLIT(",")), iovec_of(line)))
                      : line;
    }
    return all;
}

/* False when the connection has no address. */
static bool client_of_request(h2o_req_t *req, addr_t *client)
{
    const http_server_t *server = loop_of_request(req)->server;
    proxy_header_t kind = server->options.proxy_header;
    struct sockaddr_storage from;
    if (!req->conn->callbacks->get_peername(req->conn, (struct sockaddr *)&from) ||
        !proxies_address((const struct sockaddr *)&from, client)) {
        return false;
    }
    if (server->proxies.count && kind != PROXY_HEADER_NONE &&
        proxies_trust(&server->proxies, client)) {
        slice_t field = joined_field(req, kind == PROXY_HEADER_FORWARDED
                                              ? SLICE_LIT("forwarded")
                                              : SLICE_LIT("x-forwarded-for"));
        forwarded_client(&server->proxies, kind, field, client);
    }
    return true;
}

slice_t peer_of_request(h2o_req_t *req, char *buffer)
{
    addr_t client;
    return client_of_request(req, &client) ? slice_of(buffer, addr_format(&client, buffer))
                                           : conn_peer(req->conn, buffer);
}

slice_t peer_key_of_request(h2o_req_t *req, char *buffer)
{
    addr_t client;
    if (!client_of_request(req, &client)) {
        return conn_peer(req->conn, buffer);
    }
    if (client.family == FAMILY_IPV6) {
        client.u.v6.lo = 0;
    }
    return slice_of(buffer, addr_format(&client, buffer));
}
