/*
 * Limits: every number that a peer or a document controls has its bound in one table, with its key
 * in `limits:`, its default and its range.
 */
#ifndef FOOTPRINTD_CONFIG_LIMITS_H
#define FOOTPRINTD_CONFIG_LIMITS_H

#include "footprintd/base/bytes.h"

typedef struct config_limits {
    uint64_t connections;
    uint64_t request_body_bytes;
    uint64_t admin_body_bytes;
    uint64_t admin_backup_bytes;
    uint64_t request_timeout_s;
    uint64_t handshake_timeout_s;
    uint64_t send_timeout_s;
    uint64_t h2_control_per_s;
    uint64_t h2_resets_per_s;
    uint64_t header_block_bytes;
    uint64_t header_fields;
    uint64_t header_block_s;
    uint64_t body_bytes_per_s;
    uint64_t connection_body_bytes;
    uint64_t body_bytes;
    uint64_t new_connections_per_s;
    uint64_t connections_per_address;
    uint64_t connections_per_network;
    uint64_t new_connections_per_network_s;
    uint64_t streams_per_address;
    uint64_t handshakes_per_address;
    uint64_t filter_entries; /* 0: the resource's own default */
    uint64_t cost_values;
    uint64_t worker_queue;
    uint64_t answer_bytes;
    uint64_t answers_bytes;
    uint64_t ucdn_requests_per_s;
    uint64_t ucdn_entities_per_s;
    uint64_t ucdn_bytes_per_s;
    uint64_t documents;
    uint64_t document_bytes;
    uint64_t document_depth;
    uint64_t document_scalar_bytes;
    uint64_t document_aliases;
    uint64_t document_alias_events;
    uint64_t database_bytes;
    uint64_t database_check_s;
    uint64_t findings;
    uint64_t update_streams;
    uint64_t update_substreams;
    uint64_t update_substream_ids;
    uint64_t update_inputs;
    uint64_t update_client_inputs;
    uint64_t update_input_bytes;
    uint64_t update_opens_per_s;
    uint64_t update_full_bytes_per_s;
    uint64_t tips_views;
    uint64_t cost_batches_per_s;
} config_limits_t;

typedef struct config_limit_info {
    const char *name; /* the key */
    size_t offset;    /* of its uint64_t in config_limits_t */
    uint64_t initial; /* the default */
    uint64_t min;
    uint64_t max;
    const char *summary;
} config_limit_info_t;

extern const config_limit_info_t config_limit_infos[];
extern const size_t config_limit_count;

/* The table of all limits, as Markdown. */
void config_limits_write_reference(buf_t *out);

void config_limits_init(config_limits_t *limits);
/* The field that the row is about. */
uint64_t *config_limit_at(config_limits_t *limits, const config_limit_info_t *info);
uint64_t config_limit_value(const config_limits_t *limits, const config_limit_info_t *info);

#endif
