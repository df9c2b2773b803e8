#include "read.h"

#include "value.h"

#include <stdio.h>

#define NO_SLICE ((slice_t){NULL, 0})

static void read_certificate(config_reader_t *r, const json_value_t *item,
                             config_certificate_t *out)
{
    static const config_key_t rows[] = {{.name = "certificate", .kind = CONFIG_PATH},
                                        {.name = "key", .kind = CONFIG_PATH}};
    slice_t *const places[] = {&out->certificate, &out->key};
    if (item->kind != JSON_OBJECT) {
        config_reader_find(r, item, FINDING_WRONG_TYPE, NO_SLICE,
                           "a map {certificate, key} is wanted here, not %s",
                           config_kind_text(item->kind));
        return;
    }
    for (size_t m = 0; m < item->u.object.count; m++) {
        const json_member_t *member = &item->u.object.members[m];
        size_t mark = config_reader_enter(r, member->name);
        size_t row = 0;
        while (row < 2 && !slice_is(member->name, rows[row].name)) {
            row++;
        }
        if (row < 2) {
            config_reader_text(r, &rows[row], &member->value, places[row]);
        } else {
            findings_add(r->findings, FINDING_UNKNOWN_KEY,
                         config_reader_place(r, member->line, member->column),
                         buf_slice(&r->pointer), NO_SLICE, "'%.*s' is neither certificate nor key",
                         SLICE_ARG(member->name));
        }
        config_reader_leave(r, mark);
    }
    for (size_t row = 0; row < 2; row++) {
        if (!json_get(item, rows[row].name)) {
            config_reader_find(r, item, FINDING_MISSING_KEY, NO_SLICE, "the key '%s' is missing",
                               rows[row].name);
        }
    }
}

void config_reader_certificates(config_reader_t *r, const json_value_t *list,
                                config_certificates_t *out)
{
    if (list->kind != JSON_ARRAY) {
        config_reader_find(r, list, FINDING_WRONG_TYPE, NO_SLICE, "a list is wanted here, not %s",
                           config_kind_text(list->kind));
        return;
    }
    size_t count = list->u.array.count;
    config_certificate_t *items = arena_array(&r->config->arena, count ? count : 1, sizeof *items);
    if (!items) {
        r->failed = true;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        char index[24];
        (void)snprintf(index, sizeof index, "%zu", i);
        size_t mark = config_reader_enter(r, slice_str(index));
        read_certificate(r, &list->u.array.items[i], &items[i]);
        config_reader_leave(r, mark);
    }
    *out = (config_certificates_t){items, count};
}

/* What the keys of one listener say together. */
static void check_listener(config_reader_t *r, const json_value_t *item, const config_listener_t *l)
{
    bool loopback = false;
    uint16_t port = 0;
    bool known = config_address_check(l->address, &loopback, &port);
    if (!l->tls && known && !loopback && !l->insecure) {
        config_reader_find(r, item, FINDING_INSECURE, NO_SLICE,
                           "cleartext on %.*s can be reached from other hosts: give it 'tls', or "
                           "say 'insecure: true'",
                           SLICE_ARG(l->address));
    }
    if (l->tls && l->insecure) {
        config_reader_find(r, item, FINDING_CONFLICT, NO_SLICE,
                           "'insecure' is about cleartext, but this listener has 'tls'");
    }
    if (l->client_auth != CONFIG_CLIENT_AUTH_NONE && !l->client_ca.len) {
        config_reader_find(r, item, FINDING_MISSING_KEY, NO_SLICE,
                           "'client-auth' needs 'client-ca', the certificates to check with");
    }
    if (l->client_crl.len && !l->client_ca.len) {
        config_reader_find(r, item, FINDING_CONFLICT, NO_SLICE,
                           "'client-crl' is about certificates of 'client-ca', which is not there");
    }
    if (l->client_auth == CONFIG_CLIENT_AUTH_NONE && l->client_ca.len) {
        config_reader_find(r, item, FINDING_CONFLICT, NO_SLICE,
                           "'client-ca' is not used while 'client-auth' is none: say optional or "
                           "required");
    }
}

/* None of the first `count` has the same address. */
static void check_unique(config_reader_t *r, const json_value_t *item, const config_listener_t *all,
                         size_t count, slice_t address)
{
    bool loopback;
    uint16_t port = 0;
    if (!config_address_check(address, &loopback, &port) || port == 0) {
        return;
    }
    for (size_t k = 0; k < count; k++) {
        if (slice_eq(all[k].address, address)) {
            config_reader_find(r, item, FINDING_CONFLICT, NO_SLICE,
                               "the listener in line %u has the address %.*s too",
                               (unsigned)all[k].place.line, SLICE_ARG(address));
            return;
        }
    }
}

void config_reader_listeners(config_reader_t *r, const json_value_t *list)
{
    if (list->kind != JSON_ARRAY) {
        config_reader_find(r, list, FINDING_WRONG_TYPE, NO_SLICE,
                           "a list of listeners is wanted here, not %s",
                           config_kind_text(list->kind));
        return;
    }
    size_t count = list->u.array.count;
    if (count == 0) {
        config_reader_find(r, list, FINDING_EMPTY, NO_SLICE, "at least one listener is needed");
        return;
    }
    config_listener_t *all = arena_array(&r->config->arena, count, sizeof *all);
    if (!all) {
        r->failed = true;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const json_value_t *item = &list->u.array.items[i];
        char index[24];
        (void)snprintf(index, sizeof index, "%zu", i);
        size_t mark = config_reader_enter(r, slice_str(index));
        config_defaults("listen[].", &all[i]);
        all[i].place = config_reader_place(r, item->line, item->column);
        config_reader_map(r, item, "listen[].", &all[i]);
        check_listener(r, item, &all[i]);
        check_unique(r, item, all, i, all[i].address);
        config_reader_leave(r, mark);
    }
    r->config->listeners = all;
    r->config->listener_count = count;
}

void config_reader_proxies(config_reader_t *r, const json_value_t *root)
{
    const json_value_t *list = json_get(root, "listen");
    for (size_t i = 0; i < r->config->listener_count; i++) {
        if (r->config->listeners[i].proxy_protocol && !r->config->trusted_proxy_count) {
            config_reader_find(r, &list->u.array.items[i], FINDING_MISSING_KEY, NO_SLICE,
                               "'proxy-protocol' needs 'trusted-proxies': who may say for whom it "
                               "asks");
        }
    }
}

/* `l` is what the map of that name says; other: the listener of the same kind that was read before.
 */
static void check_operators(config_reader_t *r, const json_value_t *root, const char *name,
                            config_listener_t *l, const config_listener_t *other)
{
    const json_value_t *item = json_get(root, name);
    if (!item || item->kind != JSON_OBJECT) {
        return;
    }
    size_t mark = config_reader_enter(r, slice_str(name));
    l->place = config_reader_place(r, item->line, item->column);
    check_listener(r, item, l);
    check_unique(r, item, r->config->listeners, r->config->listener_count, l->address);
    check_unique(r, item, other, other ? 1 : 0, l->address);
    config_reader_leave(r, mark);
}

void config_reader_operators(config_reader_t *r, const json_value_t *root)
{
    config_t *c = r->config;
    if (c->admin) {
        check_operators(r, root, "admin", &c->admin_listener, NULL);
    }
    if (c->metrics) {
        check_operators(r, root, "metrics", &c->metrics_listener,
                        c->admin ? &c->admin_listener : NULL);
    }
}
