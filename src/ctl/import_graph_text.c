#include "import_graph.h"

#include <stdio.h>
#include <stdlib.h>

#define WIDTH 100

const char *const import_cost_metrics[IMPORT_METRIC_COUNT] = {"hopcount", "routingcost"};

/* PIDs with prefixes, by name: import_pids_write has ranked them. */
static uint32_t *ranked(const import_graph_t *g)
{
    uint32_t *order = calloc(g->pids.used + 1, sizeof *order);
    for (size_t i = 0; order && i < g->pids.count; i++) {
        if (g->pids.pids[i].prefixes) {
            order[g->pids.pids[i].rank] = (uint32_t)i;
        }
    }
    return order;
}

/* The costs from one PID to all, by rank. */
static void costs_from(import_graph_t *g, import_paths_t *paths, uint32_t pid,
                       import_metric_t metric, uint64_t *out)
{
    for (size_t i = 0; i < g->pids.used; i++) {
        out[i] = IMPORT_UNREACHABLE;
    }
    import_paths_from(paths, pid, metric);
    for (size_t i = 0; i < g->node_count; i++) {
        uint32_t at = g->nodes[i].pid;
        if (at != IMPORT_NO_PID && g->pids.pids[at].prefixes) {
            uint64_t *cost = &out[g->pids.pids[at].rank];
            *cost = paths->distances[i] < *cost ? paths->distances[i] : *cost;
        }
    }
}

/* ---- one row ---- */

static void write_rows(const import_graph_t *g, const uint32_t *order, size_t from,
                       const uint64_t *costs, buf_t *out)
{
    for (size_t i = 0; i < g->pids.used; i++) {
        if (costs[i] != IMPORT_UNREACHABLE) {
            buf_append_slice(out, g->pids.pids[order[from]].name);
            buf_append_char(out, ',');
            buf_append_slice(out, g->pids.pids[order[i]].name);
            buf_append_char(out, ',');
            buf_append_u64(out, costs[i]);
            buf_append_char(out, '\n');
        }
    }
}

static void write_inline(const import_graph_t *g, const uint32_t *order, size_t from,
                         const uint64_t *costs, buf_t *out)
{
    size_t line = out->len, n = 0;
    buf_append_str(out, "      ");
    doc_write_yaml_text(out, g->pids.pids[order[from]].name);
    buf_append_str(out, ": {");
    for (size_t i = 0; i < g->pids.used; i++) {
        if (costs[i] == IMPORT_UNREACHABLE) {
            continue;
        }
        slice_t name = g->pids.pids[order[i]].name;
        if (n && out->len - line + name.len + 8 > WIDTH) {
            buf_append_str(out, ",\n        ");
            line = out->len - 8;
        } else {
            buf_append_str(out, n ? ", " : "");
        }
        doc_write_yaml_text(out, name);
        buf_append_str(out, ": ");
        buf_append_u64(out, costs[i]);
        n++;
    }
    buf_append_str(out, "}\n");
}

/* ---- cost maps ---- */

/* Of one metric; `file` NULL: within the document. */
static bool write_costs(import_graph_t *g, import_metric_t metric, const uint32_t *order,
                        buf_t *file, buf_t *out)
{
    import_paths_t paths;
    uint64_t *costs = calloc(g->pids.used + 1, sizeof *costs);
    bool ok = import_paths_init(&paths, g) && costs;
    for (size_t i = 0; ok && i < g->pids.used; i++) {
        costs_from(g, &paths, order[i], metric, costs);
        if (file) {
            write_rows(g, order, i, costs, file);
        } else {
            write_inline(g, order, i, costs, out);
        }
        for (size_t k = 0; k < g->pids.used; k++) {
            g->pairs++;
            g->unreachable += costs[k] == IMPORT_UNREACHABLE;
        }
    }
    import_paths_release(&paths);
    free(costs);
    g->d->failed |= !ok;
    return ok;
}

static bool write_cost_map(import_graph_t *g, import_metric_t metric, const uint32_t *order,
                           buf_t *out)
{
    import_costs_t *costs = &g->costs[g->cost_count++];
    costs->id = arena_printf(&g->d->arena, "%.*s-%s", SLICE_ARG(g->pids.map),
                             import_cost_metrics[metric]);
    costs->path = arena_printf(&g->d->arena, "data/%.*s.csv", SLICE_ARG(costs->id));
    buf_append_str(out, "  ");
    doc_write_yaml_text(out, costs->id);
    buf_append_str(out, ":\n    network-map: ");
    doc_write_yaml_text(out, g->pids.map);
    buf_printf(out, "\n    cost-metric: %s\n    cost-mode: numerical\n",
               import_cost_metrics[metric]);
    if (!g->to_files) {
        buf_append_str(out, "    costs:\n");
        return write_costs(g, metric, order, NULL, out);
    }
    buf_append_str(out, "    costs-file: ");
    doc_write_yaml_text(out, costs->path);
    buf_append_char(out, '\n');
    buf_append_str(&costs->text, "source,destination,cost\n");
    bool ok = write_costs(g, metric, order, &costs->text, out);
    g->d->failed |= buf_failed(&costs->text);
    return ok && !g->d->failed;
}

static bool write_cost_maps(import_graph_t *g, buf_t *out)
{
    uint32_t *order = ranked(g);
    bool ok = order != NULL;
    g->d->failed |= !ok;
    buf_append_str(out, "cost-maps:\n");
    for (unsigned m = 0; ok && m < IMPORT_METRIC_COUNT; m++) {
        ok = !g->metrics[m] || write_cost_map(g, (import_metric_t)m, order, out);
    }
    free(order);
    if (ok && g->unreachable) {
        import_find(g->d, FINDING_LEFT_OUT, 0, 0, (slice_t){0},
                    "%llu of %llu pairs of PIDs have no path between them, and no cost",
                    (unsigned long long)g->unreachable, (unsigned long long)g->pairs);
    }
    g->d->failed |= buf_failed(out) || arena_failed(&g->d->arena);
    return ok && !g->d->failed;
}

/* ---- the document ---- */

static bool is_usable(import_graph_t *g)
{
    import_pids_t *p = &g->pids;
    if (p->prefix_count) {
        return import_is_fine(g->d);
    }
    if (!g->d->errors.errors) {
        import_refuse(g->d, FINDING_EMPTY, "no node has a prefix");
    }
    return false;
}

static bool make_document(import_graph_t *g, bool csv)
{
    import_data_t *d = g->d;
    import_pids_t *p = &g->pids;
    if ((d->aggregate && !import_pids_merge(p)) || !is_usable(g)) {
        return false;
    }
    import_document_t *document = import_document_add(d, d->name);
    if (!document) {
        return false;
    }
    buf_t *out = &document->text;
    import_write_made(d, "import-graph", csv ? "csv" : "json", out);
    buf_append_str(out, "version: 1\n");
    bool ok = import_pids_write(p, out);
    if (ok && p->used > IMPORT_PAIRS_MAX / p->used) {
        import_refuse(d, FINDING_LIMIT, "%zu PIDs have more than %zu pairs", p->used,
                      IMPORT_PAIRS_MAX);
        return false;
    }
    /* What files hold is no part of what the check reads. */
    import_doing(d, "checking");
    ok = ok && (!g->to_files || import_check(d));
    import_doing(d, "working out costs");
    ok = ok && write_cost_maps(g, out);
    p->document_bytes = out->len;
    return ok && (g->to_files || import_check(d));
}

bool import_graph_document(import_graph_t *g, bool csv)
{
    return import_end(g->d, make_document(g, csv));
}
