#include "keys.h"

#define C(field) offsetof(config_t, field)
#define L(field) offsetof(config_listener_t, field)

/* In the order of log_format_t, log_level_t, config_proxy_header_t, config_seccomp_t and
 * config_client_auth_t. */
static const char *const words_format[] = {"text", "json", NULL};
static const char *const words_level[] = {"debug", "info", "warning", "error", NULL};
static const char *const words_area_level[] = {"inherit", "debug", "info",
                                               "warning", "error", NULL};
static const char *const words_proxy_header[] = {"none", "forwarded", "x-forwarded-for", NULL};
static const char *const words_seccomp[] = {"off", "on", "log", NULL};
static const char *const words_client_auth[] = {"none", "optional", "required", NULL};

#define YEAR_S  31536000
#define GIB     (1ULL << 30)
#define NOWHERE CONFIG_NOWHERE

#define MAP(name, flags)                                                                           \
    {                                                                                              \
        name, CONFIG_MAP, NOWHERE, NULL, 0, 0, NULL, flags                                         \
    }
#define NUMBER(name, at, initial, min, max)                                                        \
    {                                                                                              \
        name, CONFIG_NUMBER, at, initial, min, max, NULL, 0                                        \
    }
#define BOOL(name, at, initial)                                                                    \
    {                                                                                              \
        name, CONFIG_BOOL, at, initial, 0, 0, NULL, 0                                              \
    }
#define TEXT(kind, name, at, flags)                                                                \
    {                                                                                              \
        name, CONFIG_##kind, at, NULL, 0, 0, NULL, flags                                           \
    }
#define WORD(name, at, initial, words)                                                             \
    {                                                                                              \
        name, CONFIG_WORD, at, initial, 0, 0, words, 0                                             \
    }
#define SHARE(name, at, initial)                                                                   \
    {                                                                                              \
        name, CONFIG_SHARE, at, initial, 0, 0, NULL, 0                                             \
    }

#define AREA_LEVEL(id, name)                                                                       \
    WORD("log.levels." name, C(log_levels[LOG_AREA_##id]), "inherit", words_area_level),

const config_key_t config_keys[] = {
    {"version", CONFIG_NUMBER, C(version), "1", 1, CONFIG_VERSION_NEWEST, NULL, CONFIG_VERSION},
    TEXT(LISTENERS, "listen", NOWHERE, CONFIG_REQUIRED),
    TEXT(ADDRESS, "listen[].address", L(address), CONFIG_REQUIRED),
    BOOL("listen[].insecure", L(insecure), "false"),
    BOOL("listen[].proxy-protocol", L(proxy_protocol), "false"),
    {"listen[].tls", CONFIG_MAP, L(tls), NULL, 0, 0, NULL, 0},
    TEXT(PATH, "listen[].tls.certificate", L(certificate), CONFIG_REQUIRED),
    TEXT(PATH, "listen[].tls.key", L(key), CONFIG_REQUIRED),
    TEXT(PAIRS, "listen[].tls.certificates", L(certificates), 0),
    TEXT(PATH, "listen[].tls.client-ca", L(client_ca), 0),
    TEXT(PATH, "listen[].tls.client-crl", L(client_crl), 0),
    WORD("listen[].tls.client-auth", L(client_auth), "none", words_client_auth),
    {"admin", CONFIG_MAP, C(admin), NULL, 0, 0, NULL, 0},
    TEXT(ADDRESS, "admin.listen", C(admin_listener.address), CONFIG_REQUIRED),
    BOOL("admin.insecure", C(admin_listener.insecure), "false"),
    {"admin.tls", CONFIG_MAP, C(admin_listener.tls), NULL, 0, 0, NULL, 0},
    TEXT(PATH, "admin.tls.certificate", C(admin_listener.certificate), CONFIG_REQUIRED),
    TEXT(PATH, "admin.tls.key", C(admin_listener.key), CONFIG_REQUIRED),
    TEXT(PAIRS, "admin.tls.certificates", C(admin_listener.certificates), 0),
    TEXT(PATH, "admin.tls.client-ca", C(admin_listener.client_ca), 0),
    TEXT(PATH, "admin.tls.client-crl", C(admin_listener.client_crl), 0),
    WORD("admin.tls.client-auth", C(admin_listener.client_auth), "none", words_client_auth),
    TEXT(PATH, "admin.tokens", C(admin_tokens), CONFIG_REQUIRED),
    {"metrics", CONFIG_MAP, C(metrics), NULL, 0, 0, NULL, 0},
    TEXT(ADDRESS, "metrics.listen", C(metrics_listener.address), CONFIG_REQUIRED),
    BOOL("metrics.insecure", C(metrics_listener.insecure), "false"),
    {"metrics.tls", CONFIG_MAP, C(metrics_listener.tls), NULL, 0, 0, NULL, 0},
    TEXT(PATH, "metrics.tls.certificate", C(metrics_listener.certificate), CONFIG_REQUIRED),
    TEXT(PATH, "metrics.tls.key", C(metrics_listener.key), CONFIG_REQUIRED),
    TEXT(PAIRS, "metrics.tls.certificates", C(metrics_listener.certificates), 0),
    TEXT(PATH, "metrics.tls.client-ca", C(metrics_listener.client_ca), 0),
    TEXT(PATH, "metrics.tls.client-crl", C(metrics_listener.client_crl), 0),
    WORD("metrics.tls.client-auth", C(metrics_listener.client_auth), "none", words_client_auth),
    TEXT(URI, "base-uri", C(base_uri), 0),
    TEXT(PATH, "footprints", C(footprints), CONFIG_REQUIRED),
    TEXT(PATH, "state", C(state), 0),
    MAP("geoip", 0),
    TEXT(PATH, "geoip.country", C(geoip_country), 0),
    TEXT(PATH, "geoip.city", C(geoip_city), 0),
    TEXT(PATH, "geoip.asn", C(geoip_asn), 0),
    NUMBER("geoip.max-age-days", C(geoip_max_age_days), "30", 1, 3650),
    TEXT(PATH, "ucdns", C(ucdns), 0),
    MAP("digest", 0),
    {"digest.realm", CONFIG_TEXT, C(digest_realm), "footprintd", 0, 0, NULL, 0},
    BOOL("digest.md5", C(digest_md5), "false"),
    NUMBER("digest.nonce-s", C(digest_nonce_s), "300", 1, 86400),
    MAP("http", 0),
    NUMBER("http.max-age", C(http_max_age_s), "60", 0, YEAR_S),
    BOOL("http.access-log", C(http_access_log), "false"),
    MAP("watch", 0),
    BOOL("watch.enabled", C(watch_enabled), "true"),
    NUMBER("watch.debounce-ms", C(watch_debounce_ms), "100", 0, 60000),
    MAP("propmap", 0),
    NUMBER("propmap.max-get-bytes", C(propmap_max_get_bytes), "67108864", 0, 4 * GIB),
    NUMBER("propmap.max-response-entities", C(propmap_max_response_entities), "65536", 1,
           100000000),
    MAP("updates", 0),
    NUMBER("updates.heartbeat-s", C(updates_heartbeat_s), "15", 1, 3600),
    NUMBER("updates.stall-s", C(updates_stall_s), "30", 1, 3600),
    NUMBER("updates.log-bytes", C(updates_log_bytes), "67108864", 65536, 64 * GIB),
    BOOL("updates.resume-from-tag", C(updates_resume_from_tag), "false"),
    NUMBER("updates.streams-per-connection", C(updates_streams_per_connection), "32", 1, 1000),
    MAP("tips", 0),
    NUMBER("tips.poll-s", C(tips_poll_s), "0", 0, 3600),
    NUMBER("tips.view-idle-s", C(tips_view_idle_s), "600", 1, 86400),
    MAP("history", 0),
    NUMBER("history.keep", C(history_keep), "1000", 1, 1000000),
    MAP("guard-rails", 0),
    SHARE("guard-rails.address-share", C(guard_address_share), "0.1"),
    SHARE("guard-rails.country-share", C(guard_country_share), "0.2"),
    TEXT(PREFIXES, "trusted-proxies", NOWHERE, 0),
    WORD("proxy-header", C(proxy_header), "forwarded", words_proxy_header),
    TEXT(LIMITS, "limits", NOWHERE, 0),
    MAP("log", 0),
    WORD("log.format", C(log_format), "text", words_format),
    WORD("log.level", C(log_level), "info", words_level),
    MAP("log.levels", 0),
    LOG_AREAS(AREA_LEVEL) /* "log.levels.http" */
    NUMBER("log.lines-per-s", C(log_lines_per_s), "20", 0, 1000000),
    NUMBER("threads", C(threads), "0", 0, 1024),
    NUMBER("drain-s", C(drain_s), "30", 0, 3600),
    MAP("watchdog", 0),
    NUMBER("watchdog.stall-s", C(watchdog_stall_s), "10", 1, 3600),
    NUMBER("watchdog.abort-s", C(watchdog_abort_s), "60", 0, 3600),
    NUMBER("watchdog.build-s", C(watchdog_build_s), "120", 0, 86400),
    TEXT(TEXT, "user", C(user), 0),
    BOOL("core-dumps", C(core_dumps), "false"),
    MAP("sandbox", 0),
    WORD("sandbox.seccomp", C(seccomp), "on", words_seccomp),
    BOOL("sandbox.landlock", C(landlock), "false"),
};
const size_t config_key_count = sizeof config_keys / sizeof config_keys[0];

bool config_key_is_text(const config_key_t *key)
{
    return key->kind >= CONFIG_TEXT;
}

const char *config_key_in_listener(const config_key_t *key)
{
    static const char prefix[] = "listen[].";
    size_t len = sizeof prefix - 1;
    return strncmp(key->name, prefix, len) == 0 ? key->name + len : NULL;
}

const char *config_key_name(size_t i)
{
    return i < config_key_count ? config_keys[i].name : NULL;
}

const char *config_key_default(size_t i)
{
    return i < config_key_count && config_keys[i].initial ? config_keys[i].initial : "";
}
