#include "capability_types.h"

#include "registry.h"

static const capability_type_t types[] = {
    {"FCI.DeliveryProtocol", "RFC 8008 5.3", false, delivery_canonical, delivery_consistent,
     delivery_covers},
    {"FCI.AcquisitionProtocol", "RFC 8008 5.4", false, acquisition_canonical,
     acquisition_consistent, acquisition_covers},
    {"FCI.RedirectionMode", "RFC 8008 5.5", false, redirection_canonical, redirection_consistent,
     redirection_covers},
    {"FCI.Logging", "RFC 8008 5.6", false, logging_canonical, logging_consistent, logging_covers},
    {"FCI.Metadata", "RFC 8008 5.7", false, metadata_canonical, metadata_consistent,
     metadata_covers},
    {"FCI.RedirectTarget", "RFC 8804 2", false, target_canonical, target_consistent, target_covers},
    {"FCI.Telemetry", "RFC 9808 2.1", true, telemetry_canonical, telemetry_consistent,
     telemetry_covers},
    {"FCI.CapacityLimits", "RFC 9808 2.2", true, limits_canonical, limits_consistent,
     limits_covers},
    {"FCI.DelegatedCredentials", "RFC 9677 3.1", false, credentials_canonical,
     credentials_consistent, credentials_covers},
};
#define TYPE_COUNT (sizeof types / sizeof *types)

static const capability_type_t opaque = {
    "", "", false, opaque_canonical, opaque_consistent, opaque_covers};

const capability_type_t *capability_type_find(slice_t name)
{
    for (size_t i = 0; i < TYPE_COUNT; i++) {
        if (slice_is(name, types[i].name)) {
            return &types[i];
        }
    }
    return &opaque;
}

bool capability_type_is_opaque(const capability_type_t *type)
{
    return type == &opaque;
}

const capability_type_t *capability_type_at(size_t i)
{
    return i < TYPE_COUNT ? &types[i] : NULL;
}

#define NAME_MAX_BYTES 256 /* RFC 7736: a payload type */

bool capability_type_check(findings_t *f, place_t place, slice_t pointer, slice_t name)
{
    if (!capability_type_is_opaque(capability_type_find(name))) {
        return true;
    }
    suggest_t near;
    suggest_init(&near, name);
    for (size_t i = 0; i < TYPE_COUNT; i++) {
        suggest_offer(&near, slice_str(types[i].name));
    }
    if (name.len > NAME_MAX_BYTES || name.len < 5 || memcmp(name.ptr, "FCI.", 4) != 0) {
        findings_add(f, FINDING_BAD_VALUE, place, pointer, near.best,
                     "capability-type '%.*s' is not of the form FCI.Name",
                     (int)(name.len > 64 ? 64 : name.len), name.ptr);
        return false;
    }
    bool svta = registry_find(&registry_svta, name) != NULL;
    if (!svta) {
        registry_suggest(&registry_svta, &near);
    }
    findings_add(f, FINDING_UNKNOWN_CAPABILITY, place, pointer, svta ? (slice_t){0} : near.best,
                 svta
                     ? "'%.*s' is an unregistered type of the SVTA; its value is passed through as "
                       "it is"
                     : "'%.*s' is no registered capability type; its value is passed through as "
                       "it is",
                 SLICE_ARG(name));
    if (registry_find(&registry_svta_secret, name)) {
        findings_add(f, FINDING_SECRETS, place, pointer, (slice_t){0},
                     "'%.*s' may carry credentials, and everybody who sees this document sees them",
                     SLICE_ARG(name));
    }
    return true;
}
