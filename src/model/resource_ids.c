#include "topologies.h"

/* An id is that of one resource, whatever its kind (RFC 7285 10.2). */

typedef struct ids {
    builder_t *b;
    table_t taken; /* id -> anything */
} ids_t;

/* False: another resource has it. */
static bool take(ids_t *ids, slice_t id)
{
    void *before = NULL;
    ids->b->failed |= !id.ptr || table_put(&ids->taken, id, ids, &before) != ERR_OK;
    return !before;
}

static void take_named(ids_t *ids, slice_t id, const char *list, uint32_t document, uint32_t line,
                       uint32_t column)
{
    builder_t *b = ids->b;
    if (!take(ids, id)) {
        findings_add(b->findings, FINDING_DUPLICATE_NAME, builder_place(b, document, line, column),
                     arena_printf(b->arena, "/%s/%.*s", list, SLICE_ARG(id)), (slice_t){0},
                     "'%.*s' is the id of another resource already", SLICE_ARG(id));
    }
}

static void take_topology(ids_t *ids, const model_topology_t *t)
{
    static const char *const suffixes[] = {TOPOLOGY_COSTS, TOPOLOGY_ENDPOINTS, TOPOLOGY_ELEMENTS};
    builder_t *b = ids->b;
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        slice_t id = arena_printf(b->arena, "%.*s%s", SLICE_ARG(t->id), suffixes[i]);
        if (!take(ids, id)) {
            findings_add(b->findings, FINDING_DUPLICATE_NAME,
                         builder_place(b, t->document, t->line, t->column),
                         arena_printf(b->arena, "/topologies/%.*s", SLICE_ARG(t->id)), (slice_t){0},
                         "'%.*s' has the resource id '%.*s', which another resource has already",
                         SLICE_ARG(t->id), SLICE_ARG(id));
        }
    }
}

bool check_resource_ids(builder_t *b)
{
    ids_t ids = {b, TABLE_INIT};
    for (size_t i = 0; i < b->model->advertisement_count; i++) {
        (void)take(&ids, b->model->advertisements[i].id); /* several documents make one */
    }
    for (size_t i = 0; i < b->network_map_list.count; i++) {
        const network_map_draft_t *m = b->network_map_list.items[i];
        take_named(&ids, m->id, "network-maps", m->document, m->line, m->column);
    }
    for (size_t i = 0; i < b->cost_map_list.count; i++) {
        const cost_map_draft_t *m = b->cost_map_list.items[i];
        take_named(&ids, m->name, "cost-maps", m->document, m->line, m->column);
    }
    for (size_t i = 0; i < b->topology_list.count; i++) {
        const topology_draft_t *t = b->topology_list.items[i];
        if (t->defined) {
            take_topology(&ids, &t->made);
        }
    }
    for (size_t i = 0; i < b->directory_list.count; i++) {
        const directory_draft_t *d = b->directory_list.items[i];
        take_named(&ids, d->made.id, "directories", d->made.document, d->line, d->column);
    }
    table_release(&ids.taken);
    return !b->failed;
}
