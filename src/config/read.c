#include "read.h"

#include "footprintd/base/suggest.h"
#include "footprintd/net/addr.h"
#include "value.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#define NO_SLICE ((slice_t){NULL, 0})
/* Of words that findings repeat. */
#define SHOWN_MAX 100

place_t config_reader_place(const config_reader_t *r, uint32_t line, uint32_t column)
{
    return (place_t){.file = r->file, .line = line, .column = column};
}

void config_reader_find(config_reader_t *r, const json_value_t *at, finding_code_t code,
                        slice_t suggestion, const char *fmt, ...)
{
    char text[512];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    findings_add(r->findings, code, config_reader_place(r, at->line, at->column),
                 buf_slice(&r->pointer), suggestion, "%s", text);
}

size_t config_reader_enter(config_reader_t *r, slice_t name)
{
    size_t mark = r->pointer.len;
    buf_append_char(&r->pointer, '/');
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] == '~') {
            buf_append_str(&r->pointer, "~0");
        } else if (name.ptr[i] == '/') {
            buf_append_str(&r->pointer, "~1");
        } else {
            buf_append_char(&r->pointer, name.ptr[i]);
        }
    }
    return mark;
}

void config_reader_leave(config_reader_t *r, size_t mark)
{
    r->failed |= buf_failed(&r->pointer);
    r->pointer.len = mark;
}

const char *config_kind_text(json_kind_t kind)
{
    switch (kind) {
    case JSON_NULL:
        return "null";
    case JSON_BOOL:
        return "a boolean";
    case JSON_NUMBER:
        return "a number";
    case JSON_STRING:
        return "a text";
    case JSON_ARRAY:
        return "a list";
    case JSON_OBJECT:
        return "a map";
    }
    return "something else";
}

static bool wrong_type(config_reader_t *r, const json_value_t *v, const char *wanted)
{
    config_reader_find(r, v, FINDING_WRONG_TYPE, NO_SLICE, "%s is wanted here, not %s", wanted,
                       config_kind_text(v->kind));
    return false;
}

static slice_t shown(slice_t text)
{
    return utf8_truncate(text, SHOWN_MAX);
}

static slice_t joined_path(config_reader_t *r, slice_t path)
{
    const char *slash = memrchr(r->file.ptr, '/', r->file.len);
    slice_t out;
    if (path.ptr[0] == '/' || !slash) {
        out = arena_copy(&r->config->arena, path);
    } else {
        slice_t dir = slice_of(r->file.ptr, (size_t)(slash - r->file.ptr) + 1);
        out = arena_printf(&r->config->arena, "%.*s%.*s", SLICE_ARG(dir), SLICE_ARG(path));
    }
    r->failed |= !out.ptr;
    return out;
}

void config_reader_text(config_reader_t *r, const config_key_t *key, const json_value_t *v,
                        slice_t *out)
{
    if (v->kind != JSON_STRING) {
        (void)wrong_type(r, v, "a text");
        return;
    }
    slice_t text = v->u.text;
    bool loopback;
    uint16_t port;
    if (text.len == 0 || memchr(text.ptr, '\0', text.len)) {
        config_reader_find(r, v, FINDING_BAD_VALUE, NO_SLICE, "the text is empty or holds U+0000");
    } else if (key->kind == CONFIG_PATH) {
        *out = joined_path(r, text);
    } else if (key->kind == CONFIG_ADDRESS && !config_address_check(text, &loopback, &port)) {
        config_reader_find(r, v, FINDING_BAD_VALUE, NO_SLICE,
                           "'%.*s' is not an IP address with a port, such as \"127.0.0.1:8080\" "
                           "or \"[::1]:8080\"",
                           SLICE_ARG(shown(text)));
    } else if (key->kind == CONFIG_URI && !config_uri_check(text, &text)) {
        config_reader_find(r, v, FINDING_BAD_VALUE, NO_SLICE,
                           "'%.*s' is not an absolute http or https URI without query",
                           SLICE_ARG(shown(text)));
    } else {
        *out = arena_copy(&r->config->arena, text);
        r->failed |= !out->ptr;
    }
}

static void read_word(config_reader_t *r, const config_key_t *key, const json_value_t *v, int *out)
{
    if (v->kind != JSON_STRING) {
        (void)wrong_type(r, v, "a word");
        return;
    }
    suggest_t near;
    suggest_init(&near, v->u.text);
    buf_t all = BUF_INIT;
    for (int i = 0; key->words[i]; i++) {
        if (slice_is(v->u.text, key->words[i])) {
            *out = i;
            buf_release(&all);
            return;
        }
        suggest_offer(&near, slice_str(key->words[i]));
        buf_printf(&all, "%s%s", i ? ", " : "", key->words[i]);
    }
    config_reader_find(r, v, FINDING_BAD_VALUE, near.best, "'%.*s' is not one of %.*s",
                       SLICE_ARG(shown(v->u.text)), SLICE_ARG(buf_slice(&all)));
    r->failed |= buf_failed(&all);
    buf_release(&all);
}

static void read_number(config_reader_t *r, const json_value_t *v, uint64_t min, uint64_t max,
                        uint64_t *out)
{
    if (v->kind != JSON_NUMBER) {
        (void)wrong_type(r, v, "a whole number");
        return;
    }
    uint64_t number;
    if (!json_number_u64(v->u.text, &number) || number < min || number > max) {
        config_reader_find(
            r, v, FINDING_BAD_VALUE, NO_SLICE, "%.*s is not a whole number from %llu to %llu",
            SLICE_ARG(shown(v->u.text)), (unsigned long long)min, (unsigned long long)max);
        return;
    }
    *out = number;
}

static void read_version(config_reader_t *r, const config_key_t *key, const json_value_t *v,
                         uint64_t *out)
{
    uint64_t number;
    if (v->kind == JSON_NUMBER && json_number_u64(v->u.text, &number) && number > key->max) {
        config_reader_find(r, v, FINDING_BAD_VALUE, NO_SLICE,
                           "version %.*s of the configuration is of a newer footprintd: the newest "
                           "that this one reads is version %llu",
                           SLICE_ARG(shown(v->u.text)), (unsigned long long)key->max);
    } else {
        read_number(r, v, key->min, key->max, out);
    }
}

static void read_limits(config_reader_t *r, const json_value_t *map)
{
    if (map->kind != JSON_OBJECT) {
        (void)wrong_type(r, map, "a map");
        return;
    }
    for (size_t m = 0; m < map->u.object.count; m++) {
        const json_member_t *member = &map->u.object.members[m];
        size_t mark = config_reader_enter(r, member->name);
        const config_limit_info_t *info = NULL;
        suggest_t near;
        suggest_init(&near, member->name);
        for (size_t i = 0; i < config_limit_count; i++) {
            suggest_offer(&near, slice_str(config_limit_infos[i].name));
            if (slice_is(member->name, config_limit_infos[i].name)) {
                info = &config_limit_infos[i];
            }
        }
        if (info) {
            read_number(r, &member->value, info->min, info->max,
                        config_limit_at(&r->config->limits, info));
        } else {
            findings_add(r->findings, FINDING_UNKNOWN_KEY,
                         config_reader_place(r, member->line, member->column),
                         buf_slice(&r->pointer), near.best, "there is no limit '%.*s'",
                         SLICE_ARG(shown(member->name)));
        }
        config_reader_leave(r, mark);
    }
}

static void read_prefixes(config_reader_t *r, const json_value_t *list)
{
    if (list->kind != JSON_ARRAY) {
        (void)wrong_type(r, list, "a list");
        return;
    }
    size_t count = list->u.array.count;
    slice_t *out = arena_array(&r->config->arena, count ? count : 1, sizeof *out);
    if (!out) {
        r->failed = true;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const json_value_t *v = &list->u.array.items[i];
        char index[24];
        (void)snprintf(index, sizeof index, "%zu", i);
        size_t mark = config_reader_enter(r, slice_str(index));
        addr_t addr;
        prefix_t prefix;
        if (v->kind != JSON_STRING) {
            (void)wrong_type(r, v, "a text");
        } else if (addr_parse(v->u.text, &addr) && prefix_parse(v->u.text, &prefix, NULL)) {
            config_reader_find(r, v, FINDING_BAD_VALUE, NO_SLICE,
                               "'%.*s' is not an address or a prefix", SLICE_ARG(shown(v->u.text)));
        } else {
            out[i] = arena_copy(&r->config->arena, v->u.text);
            r->failed |= !out[i].ptr;
        }
        config_reader_leave(r, mark);
    }
    r->config->trusted_proxies = out;
    r->config->trusted_proxy_count = count;
}

static void read_value(config_reader_t *r, const config_key_t *key, const json_value_t *v,
                       void *base)
{
    void *at = key->offset == CONFIG_NOWHERE ? NULL : (char *)base + key->offset;
    assert(at || key->kind < CONFIG_PAIRS);
    switch (key->kind) {
    case CONFIG_MAP: {
        char prefix[64];
        (void)snprintf(prefix, sizeof prefix, "%s.", key->name);
        if (at) {
            *(bool *)at = true;
        }
        config_reader_map(r, v, prefix, base);
        return;
    }
    case CONFIG_LISTENERS:
        config_reader_listeners(r, v);
        return;
    case CONFIG_LIMITS:
        read_limits(r, v);
        return;
    case CONFIG_PREFIXES:
        read_prefixes(r, v);
        return;
    case CONFIG_PAIRS:
        config_reader_certificates(r, v, at);
        return;
    case CONFIG_BOOL:
        if (v->kind == JSON_BOOL) {
            *(bool *)at = v->u.boolean;
        } else if (v->kind != JSON_STRING || !config_bool_parse(v->u.text, at)) {
            (void)wrong_type(r, v, "true, false, on or off");
        }
        return;
    case CONFIG_NUMBER:
        if (key->flags & CONFIG_VERSION) {
            read_version(r, key, v, at);
        } else {
            read_number(r, v, key->min, key->max, at);
        }
        return;
    case CONFIG_SHARE:
        if (v->kind != JSON_NUMBER) {
            (void)wrong_type(r, v, "a number");
        } else if (!config_share_parse(v->u.text, at)) {
            config_reader_find(r, v, FINDING_BAD_VALUE, NO_SLICE, "%.*s is not a share from 0 to 1",
                               SLICE_ARG(shown(v->u.text)));
        }
        return;
    case CONFIG_WORD:
        read_word(r, key, v, at);
        return;
    case CONFIG_TEXT:
    case CONFIG_PATH:
    case CONFIG_ADDRESS:
    case CONFIG_URI:
        config_reader_text(r, key, v, at);
        return;
    }
}

/* The key's own name when it stands directly below the prefix, else NULL. */
static const char *direct_child(const config_key_t *key, const char *prefix)
{
    size_t len = strlen(prefix);
    if (strncmp(key->name, prefix, len) != 0 || strchr(key->name + len, '.')) {
        return NULL;
    }
    return key->name + len;
}

static void read_member(config_reader_t *r, const json_member_t *member, const char *prefix,
                        void *base)
{
    const config_key_t *key = NULL;
    suggest_t near;
    suggest_init(&near, member->name);
    for (size_t i = 0; i < config_key_count; i++) {
        const char *name = direct_child(&config_keys[i], prefix);
        if (name) {
            suggest_offer(&near, slice_str(name));
            key = slice_is(member->name, name) ? &config_keys[i] : key;
        }
    }
    place_t place = config_reader_place(r, member->line, member->column);
    if (!key) {
        slice_t parent = slice_of(prefix, prefix[0] ? strlen(prefix) - 1 : 0);
        findings_add(r->findings, FINDING_UNKNOWN_KEY, place, buf_slice(&r->pointer), near.best,
                     "'%.*s' is not a key of %s%.*s%s", SLICE_ARG(shown(member->name)),
                     parent.len ? "'" : "the configuration", SLICE_ARG(parent),
                     parent.len ? "'" : "");
        return;
    }
    read_value(r, key, &member->value, base);
}

void config_reader_map(config_reader_t *r, const json_value_t *map, const char *prefix, void *base)
{
    if (map->kind != JSON_OBJECT) {
        (void)wrong_type(r, map, "a map");
        return;
    }
    for (size_t i = 0; i < map->u.object.count; i++) {
        const json_member_t *member = &map->u.object.members[i];
        size_t mark = config_reader_enter(r, member->name);
        read_member(r, member, prefix, base);
        config_reader_leave(r, mark);
    }
    for (size_t i = 0; i < config_key_count; i++) {
        const char *name = direct_child(&config_keys[i], prefix);
        if (name && (config_keys[i].flags & CONFIG_REQUIRED) && !json_get(map, name)) {
            config_reader_find(r, map, FINDING_MISSING_KEY, NO_SLICE, "the key '%s' is missing",
                               name);
        }
    }
}
