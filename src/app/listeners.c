#include "listeners.h"

err_t listeners_convert(const config_listener_t *from, arena_t *arena, http_listener_t *out)
{
    static const client_auth_t auths[] = {[CONFIG_CLIENT_AUTH_NONE] = CLIENT_AUTH_NONE,
                                          [CONFIG_CLIENT_AUTH_OPTIONAL] = CLIENT_AUTH_OPTIONAL,
                                          [CONFIG_CLIENT_AUTH_REQUIRED] = CLIENT_AUTH_REQUIRED};
    size_t count = from->certificates.count;
    http_certificate_t *more = arena_array(arena, count ? count : 1, sizeof *more);
    if (!more) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        more[i] = (http_certificate_t){.certificate = from->certificates.items[i].certificate,
                                       .key = from->certificates.items[i].key};
    }
    *out = (http_listener_t){.address = from->address,
                             .proxied = from->proxy_protocol,
                             .tls = from->tls,
                             .certificate = from->certificate,
                             .key = from->key,
                             .more = more,
                             .more_count = count,
                             .client_ca = from->client_ca,
                             .client_crl = from->client_crl,
                             .client_auth = auths[from->client_auth]};
    return ERR_OK;
}

guard_options_t listeners_guard(const config_limits_t *l)
{
    return (guard_options_t){.control_per_s = l->h2_control_per_s,
                             .resets_per_s = l->h2_resets_per_s,
                             .header_bytes = l->header_block_bytes,
                             .header_fields = l->header_fields,
                             .header_s = l->header_block_s,
                             .conn_body_bytes = l->connection_body_bytes,
                             .total_body_bytes = l->body_bytes,
                             .body_bytes_per_s = l->body_bytes_per_s,
                             .new_connections_per_s = l->new_connections_per_s,
                             .connections_per_address = l->connections_per_address,
                             .streams_per_address = l->streams_per_address,
                             .handshakes_per_address = l->handshakes_per_address,
                             .connections_per_network = l->connections_per_network,
                             .new_connections_per_network_s = l->new_connections_per_network_s};
}
