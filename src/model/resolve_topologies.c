#include "topologies.h"

#include "footprintd/base/suggest.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Topologies: names looked up, and what they say together checked. */

void topology_find(topology_resolver_t *r, finding_code_t code, uint32_t line, uint32_t column,
                   slice_t pointer, const char *fmt, ...)
{
    char text[512];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    findings_add(r->b->findings, code, builder_place(r->b, r->t->made.document, line, column),
                 pointer, (slice_t){0}, "%s", text);
    r->good = false;
}

static slice_t pointer_to(topology_resolver_t *r, const char *list, slice_t name)
{
    return arena_printf(r->b->arena, "/topologies/%.*s/%s/%.*s", SLICE_ARG(r->t->made.id), list,
                        SLICE_ARG(name));
}

/* What the topology has under the name; NULL after a finding, and where no name was read. */
void *topology_look_up(topology_resolver_t *r, const table_t *table, const name_ref_t *ref,
                       const char *what)
{
    if (!ref->name.ptr) {
        r->good = false;
        return NULL;
    }
    void *found = table_get(table, ref->name);
    if (!found) {
        suggest_t s;
        suggest_init(&s, ref->name);
        for (size_t i = 0; table->entries && i <= table->mask; i++) {
            if (table->entries[i].value) {
                suggest_offer(&s, table->entries[i].key);
            }
        }
        findings_add(r->b->findings, FINDING_UNKNOWN_ELEMENT,
                     builder_place(r->b, r->t->made.document, ref->line, ref->column),
                     ref_pointer(r->b, ref), s.best, "the topology has no %s '%.*s'", what,
                     SLICE_ARG(ref->name));
        r->good = false;
    }
    return found;
}

/* ---- the network map, and who sees it ---- */

/* RFC 9275 11: paths and bandwidths are not for everybody, unless somebody said so. */
static void check_audience(topology_resolver_t *r)
{
    const model_topology_t *t = &r->t->made;
    if (!r->t->is_public && !r->b->documents[t->document].made.audience_count) {
        topology_find(
            r, FINDING_INSECURE, t->line, t->column,
            arena_printf(r->b->arena, "/topologies/%.*s", SLICE_ARG(t->id)),
            "a topology tells how a network is built and where it is narrow: its document "
            "needs an audience, or the topology 'public: true'");
    }
}

/* ---- the parts ---- */

static int cmp_element(const void *x, const void *y)
{
    const element_draft_t *a = *(void *const *)x, *b = *(void *const *)y;
    return slice_cmp(a->made.name, b->made.name);
}

static int cmp_node(const void *x, const void *y)
{
    const node_draft_t *a = *(void *const *)x, *b = *(void *const *)y;
    return slice_cmp(a->made.name, b->made.name);
}

static int cmp_link(const void *x, const void *y)
{
    const link_draft_t *a = *(void *const *)x, *b = *(void *const *)y;
    return slice_cmp(a->made.name, b->made.name);
}

static void number_parts(topology_draft_t *t)
{
    sort_items(t->elements.items, t->elements.count, sizeof(void *), cmp_element);
    sort_items(t->nodes.items, t->nodes.count, sizeof(void *), cmp_node);
    sort_items(t->links.items, t->links.count, sizeof(void *), cmp_link);
    for (size_t i = 0; i < t->elements.count; i++) {
        ((element_draft_t *)t->elements.items[i])->number = (uint32_t)i;
    }
    for (size_t i = 0; i < t->nodes.count; i++) {
        ((node_draft_t *)t->nodes.items[i])->number = (uint32_t)i;
    }
    for (size_t i = 0; i < t->links.count; i++) {
        ((link_draft_t *)t->links.items[i])->number = (uint32_t)i;
    }
}

static uint32_t element_of(topology_resolver_t *r, const name_ref_t *ref)
{
    const element_draft_t *element = ref->name.ptr
                                         ? topology_look_up(r, &r->t->element_table, ref, "element")
                                         : NULL;
    return element ? element->number : TOPOLOGY_NONE;
}

static void make_elements(topology_resolver_t *r)
{
    topology_draft_t *t = r->t;
    topology_element_t *made = builder_alloc(r->b, t->elements.count, sizeof *made);
    for (size_t i = 0; made && i < t->elements.count; i++) {
        made[i] = ((const element_draft_t *)t->elements.items[i])->made;
    }
    t->made.elements = made;
    t->made.element_count = t->elements.count;
}

/* ---- nodes ---- */

static int cmp_u32(const void *x, const void *y)
{
    uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
    return a < b ? -1 : a > b;
}

/* owners: of each PID of the map, the node that it is at, so far. */
static void attach_pids(topology_resolver_t *r, node_draft_t *node, const node_draft_t **owners)
{
    const fp_draft_t *d = &node->attached;
    uint32_t *pids = builder_alloc(r->b, d->pid_count, sizeof *pids);
    size_t n = 0;
    for (size_t i = 0; pids && i < d->pid_count; i++) {
        const name_ref_t *ref = &d->pids[i];
        uint32_t pid = network_map_pid(r->map, ref->name);
        if (pid == TOPOLOGY_NONE) {
            find_unknown_pid(r->b, r->map, ref->name,
                             builder_place(r->b, r->t->made.document, ref->line, ref->column),
                             ref_pointer(r->b, ref));
            r->good = false;
        } else if (!owners[pid]) {
            owners[pid] = node;
            pids[n++] = pid;
        } else if (owners[pid] != node) {
            topology_find(r, FINDING_CONFLICT, ref->line, ref->column, ref_pointer(r->b, ref),
                          "PID '%.*s' is at node '%.*s' already: a PID is at one node",
                          SLICE_ARG(ref->name), SLICE_ARG(owners[pid]->made.name));
        }
    }
    sort_items(pids, n, sizeof *pids, cmp_u32);
    node->made.pids = pids;
    node->made.pid_count = n;
}

static void make_node(topology_resolver_t *r, node_draft_t *node, const node_draft_t **owners)
{
    const fp_draft_t *d = &node->attached;
    r->good &= !d->bad;
    if (owners) {
        attach_pids(r, node, owners);
    }
    if (d->values[FP_IPV4CIDR]) {
        node->made.v4 = d->values[FP_IPV4CIDR]->u.v4;
        node->made.v4_count = d->values[FP_IPV4CIDR]->count;
    }
    if (d->values[FP_IPV6CIDR]) {
        node->made.v6 = d->values[FP_IPV6CIDR]->u.v6;
        node->made.v6_count = d->values[FP_IPV6CIDR]->count;
    }
    node->made.element = element_of(r, &node->element);
}

static slice_t prefix_key(topology_resolver_t *r, const prefix_t *prefix)
{
    char text[PREFIX_TEXT_MAX];
    size_t n = prefix_format(prefix, text);
    return builder_copy(r->b, slice_of(text, n));
}

static void own_prefix(topology_resolver_t *r, table_t *owners, node_draft_t *node,
                       const prefix_t *prefix)
{
    slice_t key = prefix_key(r, prefix);
    const node_draft_t *other = key.ptr ? table_get(owners, key) : NULL;
    if (other) {
        topology_find(r, FINDING_DUPLICATE_PREFIX, node->line, node->column,
                      pointer_to(r, "nodes", node->made.name),
                      "%.*s is at node '%.*s' already: a prefix is at one node", SLICE_ARG(key),
                      SLICE_ARG(other->made.name));
    } else if (key.ptr) {
        r->b->failed |= table_put(owners, key, node, NULL) != ERR_OK;
    }
}

static void check_prefixes(topology_resolver_t *r)
{
    table_t owners = TABLE_INIT;
    for (size_t i = 0; i < r->t->nodes.count && !r->b->failed; i++) {
        node_draft_t *node = r->t->nodes.items[i];
        for (size_t k = 0; k < node->made.v4_count; k++) {
            own_prefix(r, &owners, node, &(prefix_t){FAMILY_IPV4, .u.v4 = node->made.v4[k]});
        }
        for (size_t k = 0; k < node->made.v6_count; k++) {
            own_prefix(r, &owners, node, &(prefix_t){FAMILY_IPV6, .u.v6 = node->made.v6[k]});
        }
    }
    table_release(&owners);
}

static void make_nodes(topology_resolver_t *r)
{
    topology_draft_t *t = r->t;
    topology_node_t *made = builder_alloc(r->b, t->nodes.count, sizeof *made);
    const node_draft_t **owners = NULL;
    if (r->map) {
        owners = calloc(r->map->pid_count + 1, sizeof(const node_draft_t *));
        r->b->failed |= !owners;
    }
    for (size_t i = 0; made && i < t->nodes.count && !r->b->failed; i++) {
        node_draft_t *node = t->nodes.items[i];
        make_node(r, node, owners);
        made[i] = node->made;
    }
    free(owners);
    check_prefixes(r);
    t->made.nodes = made;
    t->made.node_count = t->nodes.count;
}

/* ---- links ---- */

static void make_link(topology_resolver_t *r, link_draft_t *link)
{
    const node_draft_t *from = topology_look_up(r, &r->t->node_table, &link->from, "node");
    const node_draft_t *to = topology_look_up(r, &r->t->node_table, &link->to, "node");
    link->made.from = from ? from->number : TOPOLOGY_NONE;
    link->made.to = to ? to->number : TOPOLOGY_NONE;
    link->made.element = element_of(r, &link->element);
    if (from && from == to) {
        topology_find(r, FINDING_BAD_VALUE, link->line, link->column,
                      pointer_to(r, "links", link->made.name),
                      "a link leads from one node to another");
    }
}

static void make_links(topology_resolver_t *r)
{
    topology_draft_t *t = r->t;
    topology_link_t *made = builder_alloc(r->b, t->links.count, sizeof *made);
    for (size_t i = 0; made && i < t->links.count; i++) {
        make_link(r, t->links.items[i]);
        made[i] = ((const link_draft_t *)t->links.items[i])->made;
    }
    t->made.links = made;
    t->made.link_count = t->links.count;
}

static void check_limits(topology_resolver_t *r)
{
    const model_topology_t *t = &r->t->made;
    size_t attached = 0;
    for (size_t i = 0; i < t->node_count; i++) {
        const topology_node_t *node = &t->nodes[i];
        attached += node->pid_count || node->v4_count || node->v6_count;
    }
    slice_t pointer = arena_printf(r->b->arena, "/topologies/%.*s", SLICE_ARG(t->id));
    if (t->node_count > TOPOLOGY_NODES_MAX || t->link_count > TOPOLOGY_LINKS_MAX) {
        topology_find(r, FINDING_LIMIT, t->line, t->column, pointer,
                      "a topology has at most %d nodes and %d links", TOPOLOGY_NODES_MAX,
                      TOPOLOGY_LINKS_MAX);
    } else if (attached * t->link_count * 2 > TOPOLOGY_WORK_MAX) {
        topology_find(r, FINDING_LIMIT, t->line, t->column, pointer,
                      "nodes with PIDs or prefixes times links may be %u at most",
                      TOPOLOGY_WORK_MAX / 2);
    }
}

/* ---- all ---- */

static bool resolve(builder_t *b, topology_draft_t *t)
{
    topology_resolver_t r = {.b = b, .t = t, .good = t->defined};
    if (!t->defined) {
        return false;
    }
    size_t errors = b->findings->errors;
    r.map = resolve_network_map(b, t->made.document, &t->map);
    r.good = r.map && b->findings->errors == errors;
    check_audience(&r);
    number_parts(t);
    make_elements(&r);
    make_nodes(&r);
    make_links(&r);
    check_limits(&r);
    /* Paths over links that lead nowhere would only be found wrong again. */
    if (r.good && !b->failed) {
        topology_make_paths(&r);
    }
    t->made.network_map = r.map;
    return r.good && !b->failed;
}

static int cmp_topology(const void *x, const void *y)
{
    return slice_cmp(((const model_topology_t *)x)->id, ((const model_topology_t *)y)->id);
}

bool resolve_topologies(builder_t *b)
{
    size_t count = b->topology_list.count, n = 0;
    model_topology_t *made = builder_alloc(b, count, sizeof *made);
    for (size_t i = 0; made && i < count && !b->failed; i++) {
        topology_draft_t *t = b->topology_list.items[i];
        if (resolve(b, t)) {
            made[n++] = t->made;
        }
    }
    sort_items(made, n, sizeof *made, cmp_topology);
    b->model->topologies = made;
    b->model->topology_count = n;
    return !b->failed;
}
