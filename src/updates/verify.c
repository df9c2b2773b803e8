#include "updates/overlay.h"

static err_t verify(overlay_t *o, patch_type_t type, slice_t text, const node_t *to)
{
    json_value_t *patch = NULL;
    err_t err = json_parse(text, OVERLAY_DEPTH, &o->arena, &patch, NULL);
    if (err) {
        return err == ERR_NOMEM ? err : ERR_DATA;
    }
    err = type == PATCH_JSON ? overlay_apply_json(o, patch, to) : overlay_apply_merge(o, patch, to);
    return err ? err : overlay_compare(o, o->root, item_of_node(to), true, 0);
}

err_t patch_verify(patch_type_t type, slice_t patch, const node_t *from, const node_t *to)
{
    overlay_t o;
    overlay_init(&o, from);
    err_t err = verify(&o, type, patch, to);
    overlay_release(&o);
    return err;
}
