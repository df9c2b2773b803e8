/*
 * Configuration: one file, read whole and checked before anything starts.
 *
 * Every key is a row of one const table (its type, range and default); the reader, the dump and
 * footprintd.yaml(5)'s test iterate over it. Unknown keys, wrong types and bad values are errors
 * with their place. Paths are relative to the directory of the file and are kept joined with it.
 */
#ifndef FOOTPRINTD_CONFIG_CONFIG_H
#define FOOTPRINTD_CONFIG_CONFIG_H

#include "footprintd/config/limits.h"
#include "footprintd/doc/finding.h"
#include "footprintd/log/log.h"

typedef enum config_client_auth {
    CONFIG_CLIENT_AUTH_NONE,
    CONFIG_CLIENT_AUTH_OPTIONAL,
    CONFIG_CLIENT_AUTH_REQUIRED,
} config_client_auth_t;

typedef enum config_proxy_header {
    CONFIG_PROXY_HEADER_NONE,
    CONFIG_PROXY_HEADER_FORWARDED,
    CONFIG_PROXY_HEADER_X_FORWARDED_FOR,
} config_proxy_header_t;

typedef enum config_seccomp {
    CONFIG_SECCOMP_OFF,
    CONFIG_SECCOMP_ON,
    CONFIG_SECCOMP_LOG,
} config_seccomp_t;

typedef struct config_certificate {
    slice_t certificate; /* paths */
    slice_t key;
} config_certificate_t;

typedef struct config_certificates {
    const config_certificate_t *items;
    size_t count;
} config_certificates_t;

typedef struct config_listener {
    slice_t address; /* "127.0.0.1:8080", "[::1]:0" */
    bool insecure;   /* cleartext beyond loopback, and it says so */
    bool proxy_protocol;
    bool tls;
    slice_t certificate; /* paths; "" without TLS */
    slice_t key;
    config_certificates_t certificates; /* more, for other names */
    slice_t client_ca;
    slice_t client_crl;
    int client_auth; /* config_client_auth_t */
    place_t place;   /* of the list item, or of `admin` or `metrics` */
} config_listener_t;

#define CONFIG_VERSION_NEWEST 1 /* that this program reads */

/* Texts are "" when not set. Lie in the arena. */
typedef struct config {
    const config_listener_t *listeners; /* at least one after config_parse */
    size_t listener_count;
    bool admin; /* there is an admin interface: */
    config_listener_t admin_listener;
    slice_t admin_tokens;
    bool metrics; /* there are metrics: */
    config_listener_t metrics_listener;
    slice_t base_uri;               /* without final '/' */
    slice_t ucdns;                  /* identities and profiles; "": everyone is anonymous */
    const slice_t *trusted_proxies; /* prefixes or addresses */
    size_t trusted_proxy_count;
    int proxy_header; /* config_proxy_header_t */
    slice_t digest_realm;
    bool digest_md5;
    uint64_t digest_nonce_s;
    uint64_t version; /* of the format of the file */
    slice_t footprints;
    uint64_t http_max_age_s;
    bool http_access_log;
    uint64_t threads; /* 0: one per processor */
    uint64_t drain_s;
    uint64_t watchdog_stall_s;
    uint64_t watchdog_abort_s;      /* 0: never */
    uint64_t watchdog_build_s;      /* 0: never */
    int log_format;                 /* log_format_t */
    int log_level;                  /* log_level_t */
    int log_levels[LOG_AREA_COUNT]; /* 0: log_level; else log_level_t and one */
    uint64_t log_lines_per_s;
    config_limits_t limits;

    slice_t user; /* that a server started as root becomes; "": stays what it is */
    bool core_dumps;
    int seccomp; /* config_seccomp_t */
    bool landlock;

    slice_t state;
    slice_t geoip_country;
    slice_t geoip_city;
    slice_t geoip_asn;
    uint64_t geoip_max_age_days;
    bool watch_enabled;
    uint64_t watch_debounce_ms;
    uint64_t propmap_max_get_bytes;
    uint64_t propmap_max_response_entities;
    uint64_t updates_heartbeat_s;
    uint64_t updates_stall_s;
    uint64_t updates_log_bytes;
    bool updates_resume_from_tag;
    uint64_t updates_streams_per_connection;
    uint64_t tips_poll_s;
    uint64_t tips_view_idle_s;
    uint64_t history_keep;
    double guard_address_share;
    double guard_country_share;
    arena_t arena;
} config_t;

/* The defaults of the table. */
void config_init(config_t *config);
void config_release(config_t *config);

/*
 * Reads text into a config_t that config_init made. file names the text in findings and its
 * directory is what paths are relative to; it must outlive the findings and the config.
 * ERR_DATA when findings has an error; ERR_NOMEM.
 */
err_t config_parse(slice_t text, slice_t file, config_t *config,
                   findings_t *findings) FPD_MUST_CHECK;

/* config_parse of the file at that path; a file that cannot be read is the finding unreadable. */
err_t config_load(const char *file, config_t *config, findings_t *findings) FPD_MUST_CHECK;

struct ucdns;

/* What profiles, which `file` has, want and no listener or key of the configuration offers. */
void config_check_ucdns(const config_t *config, const struct ucdns *ucdns, slice_t file,
                        findings_t *findings);

/* Every key with its value in force, "http.max-age: 60" a line, in the order of the table. */
void config_dump(const config_t *config, buf_t *out);

/* Gets the name of a key ("listen[].tls.key") and a path, which ends in a NUL. */
typedef void config_path_t(void *arg, const char *key, slice_t path);

/* For every path that is set, in the order of the table. */
void config_each_path(const config_t *config, config_path_t *call, void *arg);

/* The keys for documentation and its tests: config_key_name(i) is NULL behind the last. */
const char *config_key_name(size_t i);
/* How the default is written; "" when there is none. */
const char *config_key_default(size_t i);

#endif
