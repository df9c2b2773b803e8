#include "keys.h"

static void dump_value(const config_key_t *key, const void *base, buf_t *out)
{
    const void *at = (const char *)base + key->offset;
    switch (key->kind) {
    case CONFIG_BOOL:
    case CONFIG_MAP:
        buf_append_str(out, *(const bool *)at ? "true" : "false");
        return;
    case CONFIG_NUMBER:
        buf_append_u64(out, *(const uint64_t *)at);
        return;
    case CONFIG_SHARE:
        buf_printf(out, "%g", *(const double *)at);
        return;
    case CONFIG_WORD:
        buf_append_str(out, key->words[*(const int *)at]);
        return;
    case CONFIG_TEXT:
    case CONFIG_PATH:
    case CONFIG_ADDRESS:
    case CONFIG_URI:
        buf_append_slice(out, *(const slice_t *)at);
        return;
    case CONFIG_PAIRS: {
        const config_certificates_t *pairs = at;
        for (size_t i = 0; i < pairs->count; i++) {
            buf_printf(out, "%s%.*s with %.*s", i ? ", " : "",
                       SLICE_ARG(pairs->items[i].certificate), SLICE_ARG(pairs->items[i].key));
        }
        return;
    }
    case CONFIG_LISTENERS:
    case CONFIG_LIMITS:
    case CONFIG_PREFIXES:
        return; /* not single values */
    }
}

static void dump_listener(const config_listener_t *listener, size_t i, buf_t *out)
{
    for (size_t k = 0; k < config_key_count; k++) {
        const char *name = config_key_in_listener(&config_keys[k]);
        if (name) {
            buf_printf(out, "listen[%zu].%s: ", i, name);
            dump_value(&config_keys[k], listener, out);
            buf_append_char(out, '\n');
        }
    }
}

void config_dump(const config_t *config, buf_t *out)
{
    for (size_t i = 0; i < config->listener_count; i++) {
        dump_listener(&config->listeners[i], i, out);
    }
    for (size_t i = 0; i < config_key_count; i++) {
        const config_key_t *key = &config_keys[i];
        if (config_key_in_listener(key)) {
            continue;
        }
        if (key->offset != CONFIG_NOWHERE) {
            buf_printf(out, "%s: ", key->name);
            dump_value(key, config, out);
            buf_append_char(out, '\n');
        }
        for (size_t k = 0; key->kind == CONFIG_PREFIXES && k < config->trusted_proxy_count; k++) {
            buf_printf(out, "%s[%zu]: %.*s\n", key->name, k, SLICE_ARG(config->trusted_proxies[k]));
        }
        for (size_t k = 0; key->kind == CONFIG_LIMITS && k < config_limit_count; k++) {
            const config_limit_info_t *info = &config_limit_infos[k];
            buf_printf(out, "%s.%s: %llu\n", key->name, info->name,
                       (unsigned long long)config_limit_value(&config->limits, info));
        }
    }
}
