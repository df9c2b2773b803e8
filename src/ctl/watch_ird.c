#include "watch_ird.h"

#include "watch_doc.h"

#include "footprintd/base/suggest.h"

err_t watch_ird_read(slice_t text, watch_ird_t *out, buf_t *why)
{
    json_value_t *root;
    json_error_t error;
    *out = (watch_ird_t){.resources = NULL};
    arena_init(&out->arena, 0);
    err_t err = json_parse(text, 0, &out->arena, &root, &error);
    if (err == ERR_SYNTAX) {
        buf_printf(why, "it is not JSON: %s", error.text);
        return ERR_DATA;
    }
    if (err) {
        return err;
    }
    out->resources = json_get(root, "resources");
    if (!out->resources || out->resources->kind != JSON_OBJECT) {
        buf_append_str(why, "it is no directory: it has no object 'resources'");
        return ERR_DATA;
    }
    return ERR_OK;
}

void watch_ird_release(watch_ird_t *ird)
{
    arena_release(&ird->arena);
    ird->resources = NULL;
}

static bool read_entry(slice_t id, const json_value_t *v, watch_ird_entry_t *out)
{
    const json_value_t *uri = json_get(v, "uri"), *type = json_get(v, "media-type"),
                       *accepts = json_get(v, "accepts");
    if (!json_is_string(uri) || !json_is_string(type) || (accepts && !json_is_string(accepts))) {
        return false;
    }
    *out = (watch_ird_entry_t){id, uri->u.text, type->u.text,
                               accepts ? accepts->u.text : (slice_t){NULL, 0}};
    return true;
}

bool watch_ird_find(const watch_ird_t *ird, slice_t id, watch_ird_entry_t *out)
{
    const json_value_t *v = json_get_slice(ird->resources, id);
    return v && read_entry(id, v, out);
}

slice_t watch_ird_suggest(const watch_ird_t *ird, slice_t id)
{
    suggest_t near;
    suggest_init(&near, id);
    for (size_t i = 0; i < ird->resources->u.object.count; i++) {
        suggest_offer(&near, ird->resources->u.object.members[i].name);
    }
    return near.best;
}

static bool uses(const json_value_t *service, slice_t id)
{
    const json_value_t *list = json_get(service, "uses");
    for (size_t i = 0; list && list->kind == JSON_ARRAY && i < list->u.array.count; i++) {
        const json_value_t *item = &list->u.array.items[i];
        if (json_is_string(item) && slice_eq(item->u.text, id)) {
            return true;
        }
    }
    return false;
}

slice_t watch_ird_patch_types(const watch_ird_t *ird, slice_t service, slice_t id)
{
    const json_value_t *types = json_get_slice(
        json_get(json_get(json_get_slice(ird->resources, service), "capabilities"),
                 "incremental-change-media-types"),
        id);
    return json_is_string(types) ? types->u.text : (slice_t){NULL, 0};
}

/* All of a comma-separated list, which is not empty. */
static bool types_known(slice_t list)
{
    while (list.len) {
        const char *comma = memchr(list.ptr, ',', list.len);
        slice_t type = slice_of(list.ptr, comma ? (size_t)(comma - list.ptr) : list.len);
        if (watch_kind_of(type) == WATCH_FULL) {
            return false;
        }
        if (!comma) {
            return true;
        }
        list = slice_of(comma + 1, list.len - type.len - 1);
    }
    return false;
}

bool watch_ird_service(const watch_ird_t *ird, const char *media_type, slice_t id,
                       const slice_t *ids, size_t count, watch_ird_entry_t *out)
{
    size_t most = 0;
    for (size_t i = 0; i < ird->resources->u.object.count; i++) {
        const json_member_t *m = &ird->resources->u.object.members[i];
        watch_ird_entry_t entry;
        if (!read_entry(m->name, &m->value, &entry) ||
            !slice_eq_nocase(entry.media_type, slice_str(media_type)) || !uses(&m->value, id)) {
            continue;
        }
        if (strcmp(media_type, WATCH_TYPE_TIPS) == 0 &&
            !types_known(watch_ird_patch_types(ird, entry.id, id))) {
            continue;
        }
        size_t covered = 1;
        for (size_t j = 0; j < count; j++) {
            covered += uses(&m->value, ids[j]);
        }
        if (covered > most) {
            most = covered;
            *out = entry;
        }
    }
    return most > 0;
}
