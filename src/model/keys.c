#include "builder.h"

#include "footprintd/base/suggest.h"

static const char *const document_keys[] = {
    "version",      "advertisement", "audience",  "footprints",
    "capabilities", "network-maps",  "cost-maps", "withdrawals",
    "topologies",   "directories",   NULL};
static const char *const capability_keys[] = {"capability-type", "capability-value", "footprints",
                                              "not-before",      "not-after",        NULL};
static const char *const footprint_keys[] = {"cidr",    "ipv4cidr",       "ipv6cidr",
                                             "asn",     "countrycode",    "subdivisioncode",
                                             "altopid", "footprintunion", NULL};
static const char *const named_footprint_keys[] = {
    "cidr",    "ipv4cidr",       "ipv6cidr",   "asn",       "countrycode", "subdivisioncode",
    "altopid", "footprintunion", "not-before", "not-after", NULL};
static const char *const withdrawal_keys[] = {"footprint", "capability-type", "not-before",
                                              "not-after", "reason",          NULL};
static const char *const rfc_footprint_keys[] = {"footprint-type", "footprint-value", NULL};
static const char *const network_map_keys[] = {"default", "pids", NULL};
static const char *const pid_keys[] = {"ipv4", "ipv6", "footprints", NULL};
static const char *const cost_map_keys[] = {
    "network-map",  "cost-metric", "cost-mode",  "costs",    "costs-file",
    "default-cost", "cost-source", "parameters", "calendar", "max-age-s",
    "neighbors",    "coordinates", NULL};
static const char *const calendar_keys[] = {"interval-s", "every",     "timezone",
                                            "start",      "intervals", NULL};

static const char *const topology_keys[] = {"network-map", "public",   "max-reservable-bandwidth",
                                            "aggregate",   "elements", "nodes",
                                            "links",       "paths",    NULL};
static const char *const topology_element_keys[] = {"capacity", NULL};
static const char *const topology_node_keys[] = {"pids", "cidr", "capacity", "element", NULL};
static const char *const topology_link_keys[] = {"from",       "to",      "one-way", "capacity",
                                                 "igp-metric", "element", NULL};
static const char *const topology_path_keys[] = {"from", "to", "links", NULL};

const char *const *const model_key_lists[] = {
    document_keys,      capability_keys,    footprint_keys,    rfc_footprint_keys,
    network_map_keys,   pid_keys,           cost_map_keys,     named_footprint_keys,
    withdrawal_keys,    calendar_keys,      topology_keys,     topology_element_keys,
    topology_node_keys, topology_link_keys, topology_path_keys};

int keys_find_at(builder_t *b, key_list_t list, slice_t key, const char *where, place_t place,
                 slice_t pointer)
{
    suggest_t s;
    suggest_init(&s, key);
    const char *const *keys = model_key_lists[list];
    for (int i = 0; keys[i]; i++) {
        if (slice_is(key, keys[i])) {
            return i;
        }
        suggest_offer(&s, slice_str(keys[i]));
    }
    findings_add(b->findings, FINDING_UNKNOWN_KEY, place, pointer, s.best,
                 "'%.*s' is not a key of %s", SLICE_ARG(key), where);
    return -1;
}

int keys_find(builder_t *b, key_list_t list, slice_t key, const char *where)
{
    const char *const *keys = model_key_lists[list];
    for (int i = 0; keys[i]; i++) {
        if (slice_is(key, keys[i])) {
            return i;
        }
    }
    const doc_event_t *ev = doc_reader_last(b->reader);
    return keys_find_at(b, list, key, where, builder_place(b, b->document, ev->line, ev->column),
                        builder_pointer(b));
}
