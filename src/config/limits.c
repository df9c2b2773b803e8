#include "footprintd/config/limits.h"

#define KIB 1024ULL
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

#define FIELD(name) offsetof(config_limits_t, name)

const config_limit_info_t config_limit_infos[] = {
    {"connections", FIELD(connections), 16384, 16, 1000000, "client connections at a time"},
    {"request-body-bytes", FIELD(request_body_bytes), MIB, KIB, 64 * MIB,
     "body of one request; 413 above"},
    {"admin-body-bytes", FIELD(admin_body_bytes), 64 * MIB, KIB, GIB,
     "body of one request to the admin interface; 413 above"},
    {"admin-backup-bytes", FIELD(admin_backup_bytes), 512 * MIB, MIB, GIB,
     "backup over the admin interface, which is in memory as a whole; 507 above"},
    {"request-timeout-s", FIELD(request_timeout_s), 30, 1, 3600,
     "time for a request's head and body, and for an idle connection"},
    {"handshake-timeout-s", FIELD(handshake_timeout_s), 10, 1, 600, "time for a TLS handshake"},
    {"send-timeout-s", FIELD(send_timeout_s), 30, 1, 3600,
     "time in which a peer must take something of what it asked for"},
    {"h2-control-per-s", FIELD(h2_control_per_s), 4000, 100, 10000000,
     "what control frames of one HTTP/2 connection may cost a second; cut off above"},
    {"h2-resets-per-s", FIELD(h2_resets_per_s), 300, 10, 1000000,
     "streams of one HTTP/2 connection that are reset a second; cut off above"},
    {"header-block-bytes", FIELD(header_block_bytes), 32 * KIB, KIB, 384 * KIB,
     "head or HTTP/2 header block of a request; 400 or cut off above"},
    {"header-fields", FIELD(header_fields), 100, 10, 1000,
     "header fields of a request; 400 or cut off above"},
    {"header-block-s", FIELD(header_block_s), 5, 1, 3600,
     "time for an HTTP/2 header block; twice as long, a body may be slow"},
    {"body-bytes-per-s", FIELD(body_bytes_per_s), 256, 0, 64 * MIB,
     "a request body that comes slower is given up; 0: none is"},
    {"connection-body-bytes", FIELD(connection_body_bytes), 2 * MIB, 64 * KIB, GIB,
     "unfinished request bodies of one connection; cut off above"},
    {"body-bytes", FIELD(body_bytes), 32 * MIB, MIB, 64 * GIB,
     "unfinished request bodies and heads of all; the connection with most of it is cut off above"},
    {"new-connections-per-s", FIELD(new_connections_per_s), 500, 0, 1000000,
     "connections that one address opens a second; 0: no limit"},
    {"connections-per-address", FIELD(connections_per_address), 6144, 0, 1000000,
     "connections of one address at a time; 0: no limit"},
    {"connections-per-network", FIELD(connections_per_network), 8192, 0, 1000000,
     "connections of one /24, or IPv6 /48, at a time; 0: no limit"},
    {"new-connections-per-network-s", FIELD(new_connections_per_network_s), 2000, 0, 1000000,
     "connections that one /24, or IPv6 /48, opens a second; 0: no limit"},
    {"streams-per-address", FIELD(streams_per_address), 6144, 0, 10000000,
     "HTTP/2 requests of one address at a time; refused above; 0: no limit"},
    {"handshakes-per-address", FIELD(handshakes_per_address), 256, 0, 1000000,
     "TLS handshakes of one address that are under way; refused above; 0: no limit"},
    {"filter-entries", FIELD(filter_entries), 0, 0, 1000000,
     "entries of one filter request; 0: 1,024 capabilities, 65,536 PIDs or endpoints, "
     "131,072 entities"},
    {"cost-values", FIELD(cost_values), 4 * MIB, 1024, 1000000000,
     "costs that one request asks for: sources times destinations times cost types, of calendars "
     "each interval; 413 above"},
    {"worker-queue", FIELD(worker_queue), 256, 1, 65536,
     "filter requests that wait for a worker, of one uCDN or address three quarters; 503 above"},
    {"answer-bytes", FIELD(answer_bytes), 128 * MIB, MIB, 16 * GIB,
     "memory of one computed answer; 503 above"},
    {"answers-bytes", FIELD(answers_bytes), 256 * MIB, MIB, 64 * GIB,
     "computed answers of all that are not wholly sent, and requests for them that wait, of one "
     "uCDN "
     "or address three quarters; 503 above"},
    {"ucdn-requests-per-s", FIELD(ucdn_requests_per_s), 0, 0, 1000000000,
     "requests of a uCDN without rates of its own a second; 429 above; 0: no limit"},
    {"ucdn-entities-per-s", FIELD(ucdn_entities_per_s), 0, 0, 1000000000000,
     "entities that one asks about a second; 429 above; 0: no limit"},
    {"ucdn-bytes-per-s", FIELD(ucdn_bytes_per_s), 0, 0, 1000000000000,
     "bytes of answers and events of one a second; 429 above; 0: no limit"},
    {"documents", FIELD(documents), 10000, 1, 1000000, "documents in the footprints directory"},
    {"document-bytes", FIELD(document_bytes), 64 * MIB, KIB, 4 * GIB, "bytes of one document"},
    {"document-depth", FIELD(document_depth), 32, 8, 512, "nested collections in a document"},
    {"document-scalar-bytes", FIELD(document_scalar_bytes), 64 * KIB, KIB, 64 * MIB,
     "bytes of one scalar in a document"},
    {"document-aliases", FIELD(document_aliases), 256, 0, 1000000, "aliases in a YAML document"},
    {"document-alias-events", FIELD(document_alias_events), 65536, 0, 100000000,
     "nodes that aliases of a document stand for"},
    {"database-bytes", FIELD(database_bytes), GIB, MIB, 16 * GIB, "bytes of one GeoIP database"},
    {"database-check-s", FIELD(database_check_s), 5, 1, 86400,
     "time between two looks whether a GeoIP database was replaced"},
    {"findings", FIELD(findings), 10000, 10, 1000000, "findings that are kept of one build"},
    {"update-streams", FIELD(update_streams), 65536, 1, 1000000,
     "update streams at a time; 503 above"},
    {"update-substreams", FIELD(update_substreams), 64, 1, 10000,
     "substreams of one update stream at a time; 503 above"},
    {"update-substream-ids", FIELD(update_substream_ids), 1024, 1, 1000000,
     "substream-ids in the life of one update stream; 503 above"},
    {"update-inputs", FIELD(update_inputs), 1024, 1, 100000,
     "filtered documents that are followed at a time, by streams and TIPS views; 503 or 429 above"},
    {"update-client-inputs", FIELD(update_client_inputs), 64, 1, 100000,
     "of these, opened by one uCDN, or by one address without credentials"},
    {"update-input-bytes", FIELD(update_input_bytes), 256 * MIB, MIB, 64 * GIB,
     "bytes of these together; no more are opened above"},
    {"update-opens-per-s", FIELD(update_opens_per_s), 2000, 1, 1000000,
     "update streams that are opened a second, four seconds' worth at once; 503 above"},
    {"update-full-bytes-per-s", FIELD(update_full_bytes_per_s), 256 * MIB, 64 * KIB, 64 * GIB,
     "bytes of whole documents that openings ask for a second; 503 above"},
    {"tips-views", FIELD(tips_views), 4096, 1, 1000000, "TIPS views at a time; 429 above"},
    {"cost-batches-per-s", FIELD(cost_batches_per_s), 10, 1, 10000,
     "batches of measured costs over the admin interface a second; 429 above"},
};
const size_t config_limit_count = sizeof config_limit_infos / sizeof config_limit_infos[0];

uint64_t *config_limit_at(config_limits_t *limits, const config_limit_info_t *info)
{
    return (uint64_t *)(void *)((char *)limits + info->offset);
}

uint64_t config_limit_value(const config_limits_t *limits, const config_limit_info_t *info)
{
    return *(const uint64_t *)(const void *)((const char *)limits + info->offset);
}

void config_limits_init(config_limits_t *limits)
{
    for (size_t i = 0; i < config_limit_count; i++) {
        *config_limit_at(limits, &config_limit_infos[i]) = config_limit_infos[i].initial;
    }
}

void config_limits_write_reference(buf_t *out)
{
    buf_append_str(out, "| key | default | range | what it limits |\n| --- | --- | --- | --- |\n");
    for (size_t i = 0; i < config_limit_count; i++) {
        const config_limit_info_t *info = &config_limit_infos[i];
        buf_printf(out, "| `%s` | %llu | %llu to %llu | %s |\n", info->name,
                   (unsigned long long)info->initial, (unsigned long long)info->min,
                   (unsigned long long)info->max, info->summary);
    }
}
