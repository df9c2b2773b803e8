#include "keys.h"

static void call_for(const config_key_t *key, const void *base, config_path_t *call, void *arg)
{
    bool named = key->kind == CONFIG_PATH || key->kind == CONFIG_PAIRS; /* others may lie nowhere */
    const void *at = named ? (const char *)base + key->offset : NULL;
    if (key->kind == CONFIG_PATH && ((const slice_t *)at)->len) {
        call(arg, key->name, *(const slice_t *)at);
    } else if (key->kind == CONFIG_PAIRS) {
        const config_certificates_t *pairs = at;
        for (size_t i = 0; i < pairs->count; i++) {
            call(arg, key->name, pairs->items[i].certificate);
            call(arg, key->name, pairs->items[i].key);
        }
    }
}

void config_each_path(const config_t *config, config_path_t *call, void *arg)
{
    for (size_t i = 0; i < config_key_count; i++) {
        if (!config_key_in_listener(&config_keys[i])) {
            call_for(&config_keys[i], config, call, arg);
            continue;
        }
        for (size_t k = 0; k < config->listener_count; k++) {
            call_for(&config_keys[i], &config->listeners[k], call, arg);
        }
    }
}
