#include "topologies.h"

#include <stdlib.h>

/* Paths that were given: their links lead from one node to the next. */

/* The arc of this link that leaves the node; TOPOLOGY_NONE: there is none. */
static uint32_t arc_from(const link_draft_t *link, uint32_t node)
{
    return link->made.from == node                        ? 2 * link->number
           : !link->made.one_way && link->made.to == node ? 2 * link->number + 1
                                                          : TOPOLOGY_NONE;
}

/* Follows the links from `from`; false after a finding. */
static bool follow(topology_resolver_t *r, const path_draft_t *path, uint32_t from, uint32_t to,
                   uint32_t *arcs)
{
    const model_topology_t *t = &r->t->made;
    uint8_t *seen = calloc(t->node_count + 1, 1);
    uint32_t at = from;
    bool good = seen != NULL;
    r->b->failed |= !seen;
    for (size_t i = 0; good && i < path->links.count; i++) {
        const name_ref_t *ref = path->links.items[i];
        const link_draft_t *link = topology_look_up(r, &r->t->link_table, ref, "link");
        if (!link) {
            good = false;
            break;
        }
        seen[at] = 1;
        arcs[i] = arc_from(link, at);
        if (arcs[i] == TOPOLOGY_NONE) {
            topology_find(r, FINDING_BAD_VALUE, ref->line, ref->column, ref_pointer(r->b, ref),
                          "link '%.*s' does not lead on from node '%.*s'", SLICE_ARG(ref->name),
                          SLICE_ARG(t->nodes[at].name));
            good = false;
        } else {
            at = topology_arc_to(t, arcs[i]);
            good = !seen[at];
            if (!good) {
                topology_find(r, FINDING_BAD_VALUE, ref->line, ref->column, ref_pointer(r->b, ref),
                              "the path goes through node '%.*s' twice",
                              SLICE_ARG(t->nodes[at].name));
            }
        }
    }
    if (good && at != to) {
        topology_find(r, FINDING_BAD_VALUE, path->line, path->column, path->pointer,
                      "the path ends at node '%.*s' and not at '%.*s'",
                      SLICE_ARG(t->nodes[at].name), SLICE_ARG(t->nodes[to].name));
        good = false;
    }
    free(seen);
    return good;
}

static bool make_path(topology_resolver_t *r, const path_draft_t *path, topology_path_t *out)
{
    if (path->bad) {
        r->good = false;
        return false;
    }
    const node_draft_t *from = topology_look_up(r, &r->t->node_table, &path->from, "node");
    const node_draft_t *to = topology_look_up(r, &r->t->node_table, &path->to, "node");
    uint32_t *arcs = builder_alloc(r->b, path->links.count, sizeof *arcs);
    if (!from || !to || !arcs) {
        return false;
    }
    *out = (topology_path_t){from->number, to->number, arcs, path->links.count};
    return follow(r, path, from->number, to->number, arcs);
}

static int cmp_path(const void *x, const void *y)
{
    const topology_path_t *a = x, *b = y;
    return a->from != b->from ? (a->from < b->from ? -1 : 1) : a->to < b->to ? -1 : a->to > b->to;
}

static void check_repeated(topology_resolver_t *r, const topology_path_t *made, size_t count)
{
    const topology_node_t *nodes = r->t->made.nodes;
    for (size_t i = 1; i < count; i++) {
        if (!cmp_path(&made[i - 1], &made[i])) {
            topology_find(
                r, FINDING_CONFLICT, r->t->made.line, r->t->made.column,
                arena_printf(r->b->arena, "/topologies/%.*s/paths", SLICE_ARG(r->t->made.id)),
                "there are two paths from node '%.*s' to '%.*s'",
                SLICE_ARG(nodes[made[i].from].name), SLICE_ARG(nodes[made[i].to].name));
        }
    }
}

void topology_make_paths(topology_resolver_t *r)
{
    topology_draft_t *t = r->t;
    topology_path_t *made = builder_alloc(r->b, t->paths.count, sizeof *made);
    size_t n = 0;
    for (size_t i = 0; made && i < t->paths.count && !r->b->failed; i++) {
        n += make_path(r, t->paths.items[i], &made[n]);
    }
    sort_items(made, n, sizeof *made, cmp_path);
    check_repeated(r, made, n);
    t->made.paths = made;
    t->made.path_count = n;
}
