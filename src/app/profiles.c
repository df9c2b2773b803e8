#include "profiles.h"

err_t profiles_set(const ucdns_t *ucdns, arena_t *arena, snapshot_options_t *options)
{
    size_t count = ucdns ? ucdns_count(ucdns) : 0;
    view_profile_t *made = arena_array(arena, count + 1, sizeof *made);
    if (!made) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        const ucdn_profile_t *p = ucdns_profile(ucdns, i);
        made[i] = (view_profile_t){.name = p->name,
                                   .all_capability_types = p->all_capability_types,
                                   .capability_types = p->capability_types,
                                   .capability_type_count = p->capability_type_count,
                                   .geo_properties = p->geo_properties};
        memcpy(made[i].footprint_types, p->footprint_types, sizeof made[i].footprint_types);
    }
    options->profiles = made;
    options->profile_count = count;
    return ERR_OK;
}
