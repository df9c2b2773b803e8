#include "footprintd/config/config.h"
#include "footprintd/config/ucdns.h"

#define NO_SLICE ((slice_t){NULL, 0})

static bool asks_for_certificates(const config_t *config)
{
    for (size_t i = 0; i < config->listener_count; i++) {
        const config_listener_t *l = &config->listeners[i];
        if (l->tls && l->client_auth != CONFIG_CLIENT_AUTH_NONE) {
            return true;
        }
    }
    return false;
}

void config_check_ucdns(const config_t *config, const struct ucdns *ucdns, slice_t file,
                        findings_t *findings)
{
    bool certificates = asks_for_certificates(config);
    for (size_t i = 0; i < ucdns_count(ucdns); i++) {
        const ucdn_profile_t *p = ucdns_profile(ucdns, i);
        place_t place = {.file = file, .line = p->place.line, .column = p->place.column};
        if (p->certificates && !certificates) {
            findings_add(
                findings, FINDING_UNUSED, place, NO_SLICE, NO_SLICE,
                "'%.*s' is known by certificates, and no listener has a 'client-auth' that "
                "asks for them",
                SLICE_ARG(p->name));
        }
        if (p->user.len && !p->has_sha256 && !config->digest_md5) {
            findings_add(findings, FINDING_UNUSED, place, NO_SLICE, NO_SLICE,
                         "'%.*s' has a password for MD5 alone, and 'digest.md5' is not true",
                         SLICE_ARG(p->name));
        }
    }
}
