#include "builder.h"

#include "footprintd/base/suggest.h"

static const char *const document_keys[] = {
    "version",      "advertisement", "audience",  "footprints",
    "capabilities", "network-maps",  "cost-maps", NULL};
static const char *const capability_keys[] = {"capability-type", "capability-value", "footprints",
                                              NULL};
static const char *const footprint_keys[] = {"cidr",    "ipv4cidr",       "ipv6cidr",
                                             "asn",     "countrycode",    "subdivisioncode",
                                             "altopid", "footprintunion", NULL};
static const char *const rfc_footprint_keys[] = {"footprint-type", "footprint-value", NULL};
static const char *const network_map_keys[] = {"default", "pids", NULL};
static const char *const pid_keys[] = {"ipv4", "ipv6", NULL};
static const char *const cost_map_keys[] = {"network-map", "cost-metric", "cost-mode",
                                            "costs",       "costs-file",  NULL};

const char *const *const model_key_lists[] = {document_keys,      capability_keys,  footprint_keys,
                                              rfc_footprint_keys, network_map_keys, pid_keys,
                                              cost_map_keys};

int keys_find(builder_t *b, key_list_t list, slice_t key, const char *where)
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
    /* A duplicate or unknown key is found where it stands: the reader is at it. */
    doc_reader_find(b->reader, FINDING_UNKNOWN_KEY, s.best, "'%.*s' is not a key of %s",
                    SLICE_ARG(key), where);
    return -1;
}
