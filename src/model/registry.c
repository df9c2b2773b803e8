#include "registry.h"

#define REGISTRY(id, title, ignore_case, ...)                                                      \
    static const char *const id##_values[] = {__VA_ARGS__};                                        \
    const registry_t id = {title, id##_values, sizeof id##_values / sizeof *id##_values,           \
                           ignore_case}

/* State of the IANA registries after RFC 9808; RFC 8006 7.3, 8008 6.2, 7937 6.4, 9808 5. */
REGISTRY(registry_protocols, "CDNI Metadata Protocol Types", false, "http/1.1", "https/1.1");
REGISTRY(registry_redirection, "CDNI Capabilities Redirection Modes", false, "DNS-I", "DNS-R",
         "HTTP-I", "HTTP-R");
REGISTRY(registry_record_types, "CDNI Logging record-types", false, "cdni_http_request_v1");
REGISTRY(registry_logging_fields, "CDNI Logging Field Names", true, "date", "time", "time-taken",
         "c-groupid", "s-ip", "s-hostname", "s-port", "cs-method", "cs-uri", "u-uri", "protocol",
         "sc-status", "sc-total-bytes", "sc-entity-bytes", "s-ccid", "s-sid", "s-cached");
REGISTRY(registry_optional_fields, "optional fields of cdni_http_request_v1", true, "s-ccid",
         "s-sid");
REGISTRY(registry_metadata, "CDNI Payload Types", false, "MI.HostIndex", "MI.HostMatch",
         "MI.HostMetadata", "MI.PathMatch", "MI.PatternMatch", "MI.PathMetadata",
         "MI.SourceMetadata", "MI.Source", "MI.LocationACL", "MI.LocationRule", "MI.Footprint",
         "MI.TimeWindowACL", "MI.TimeWindowRule", "MI.TimeWindow", "MI.ProtocolACL",
         "MI.ProtocolRule", "MI.DeliveryAuthorization", "MI.Cache", "MI.Auth", "MI.Grouping",
         "MI.FallbackTarget", "MI.UriSigning", "MI.ACMEDelegationMethod",
         "MI.DelegatedCredentials");
REGISTRY(registry_capacity_limits, "CDNI Capacity Limit Types", false, "egress", "requests",
         "storage-size", "storage-objects", "sessions", "cache-size");
REGISTRY(registry_telemetry, "CDNI Telemetry Source Types", false, "generic");
REGISTRY(registry_svta, "SVTA Open Caching", false, "FCI.OpenCachingApiVersion", "FCI.AuthTypes",
         "FCI.ProcessingStages", "FCI.SourceMetadataExtended", "FCI.RequestRouting",
         "FCI.PrivateFeatures", "FCI.OcnSelection", "FCI.ForwardTarget", "FCI.MetadataExtended",
         "FCI.SupportedMELFeatures", "FCI.RequestRoutingInterface",
         "FCI.RequestRoutingInterfaceTarget", "FCI.LoggingPush", "FCI.LoggingSource",
         "FCI.LoggingPullTransport", "FCI.SecretStore", "FCI.SecretCertificate",
         "FCI.MulticastDelivery", "FCI.CdnTransport");
REGISTRY(registry_svta_secret, "SVTA Open Caching, with credentials", false,
         "FCI.LoggingPullTransport", "FCI.SecretStore");

const char *registry_find(const registry_t *r, slice_t value)
{
    for (size_t i = 0; i < r->count; i++) {
        slice_t known = slice_str(r->values[i]);
        if (r->nocase ? slice_eq_nocase(known, value) : slice_eq(known, value)) {
            return r->values[i];
        }
    }
    return NULL;
}

void registry_suggest(const registry_t *r, suggest_t *s)
{
    for (size_t i = 0; i < r->count; i++) {
        suggest_offer(s, slice_str(r->values[i]));
    }
}
