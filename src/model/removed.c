#include "builder.h"

/* Documents are told by their names, as everybody calls them. */
static slice_t base_name(slice_t file)
{
    const char *slash = file.len ? memrchr(file.ptr, '/', file.len) : NULL;
    size_t from = slash ? (size_t)(slash - file.ptr) + 1 : 0;
    return slice_of(file.ptr + from, file.len - from);
}

/* line 0: the model does not know it. */
static slice_t note(builder_t *b, uint32_t document, uint32_t line)
{
    if (document == UINT32_MAX) {
        return SLICE_LIT("");
    }
    slice_t file = base_name(b->before->documents[document].file);
    const char *lead = " any more: it was in ", *end = " before this change";
    return line ? arena_printf(b->arena, "%s%.*s:%u%s", lead, SLICE_ARG(file), line, end)
                : arena_printf(b->arena, "%s%.*s%s", lead, SLICE_ARG(file), end);
}

slice_t removed_footprint(builder_t *b, slice_t name)
{
    size_t low = 0, high = b->before ? b->before->footprint_count : 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const model_footprint_t *f = &b->before->footprints[middle];
        int cmp = slice_cmp(f->name, name);
        if (!cmp) {
            return note(b, f->document, f->line);
        }
        if (cmp < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return SLICE_LIT("");
}

static const model_network_map_t *find_map(const builder_t *b, slice_t id)
{
    for (size_t i = 0; b->before && i < b->before->network_map_count; i++) {
        if (slice_eq(b->before->network_maps[i].id, id)) {
            return &b->before->network_maps[i];
        }
    }
    return NULL;
}

slice_t removed_network_map(builder_t *b, slice_t id)
{
    const model_network_map_t *map = find_map(b, id);
    return map ? note(b, map->document, 0) : SLICE_LIT("");
}

static slice_t pid_of(builder_t *b, const model_network_map_t *map, slice_t name)
{
    for (size_t i = 0; map && i < map->pid_count; i++) {
        if (slice_eq(map->pids[i].name, name)) {
            return note(b, map->document, 0);
        }
    }
    return SLICE_LIT("");
}

slice_t removed_default_pid(builder_t *b, slice_t name)
{
    return pid_of(b, b->before ? b->before->default_map : NULL, name);
}

slice_t removed_pid(builder_t *b, slice_t map, slice_t name)
{
    return pid_of(b, find_map(b, map), name);
}
