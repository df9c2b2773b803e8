/*
 * Graphs, as JSON and as tables: whatever the bytes are, there is a document that passes its check,
 * or a finding that says why not. Costs are what relaxing all links as often as there are nodes
 * gives. The first byte says what they are taken for; of tables a line of dashes stands between.
 */
#include "ctl/import_graph.h"
#include "footprintd/model/model.h"

#include "fuzz.h"

#define NODES 64

/* Bellman and Ford. */
static void check_costs(const import_graph_t *g, uint32_t pid, import_metric_t metric)
{
    uint64_t want[NODES];
    import_paths_t paths;
    FUZZ_CHECK(import_paths_init(&paths, g));
    import_paths_from(&paths, pid, metric);
    for (size_t i = 0; i < g->node_count; i++) {
        want[i] = g->nodes[i].pid == pid ? 0 : IMPORT_UNREACHABLE;
    }
    for (size_t round = 0; round < g->node_count; round++) {
        for (size_t i = 0; i < g->link_count; i++) {
            const import_link_t *l = &g->links[i];
            uint64_t step = metric == IMPORT_HOPCOUNT ? 1 : l->metric;
            if (want[l->from] != IMPORT_UNREACHABLE && want[l->from] + step < want[l->to]) {
                want[l->to] = want[l->from] + step;
            }
        }
    }
    for (size_t i = 0; i < g->node_count; i++) {
        FUZZ_CHECK(paths.distances[i] == want[i]);
    }
    import_paths_release(&paths);
}

static void check_document(const import_data_t *d, bool files)
{
    findings_t findings;
    model_t *model = NULL;
    FUZZ_CHECK(d->document_count == 1 && utf8_valid(buf_slice(&d->documents[0].text)));
    model_source_t source = {d->documents[0].name, DOC_YAML, buf_slice(&d->documents[0].text)};
    findings_init(&findings, 0);
    if (!files) {
        FUZZ_CHECK(!model_build(&source, 1, NULL, &findings, &model));
        model_free(model);
    }
    findings_release(&findings);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char dashes[] = "\n---\n";
    import_data_t d;
    import_graph_t g;
    if (!size) {
        return 0;
    }
    uint8_t how = data[0];
    slice_t text = slice_of((const char *)data + 1, size - 1), nodes = SLICE_LIT("");
    const char *cut = how & 1 && text.len ? memmem(text.ptr, text.len, dashes, 5) : NULL;
    if (cut) {
        nodes = slice_of(cut + 5, text.len - (size_t)(cut + 5 - text.ptr));
        text.len = (size_t)(cut - text.ptr);
    }
    import_data_init(&d);
    import_graph_init(&g, &d, SLICE_LIT("netmap"));
    d.file = d.base = SLICE_LIT("fuzz");
    d.name = SLICE_LIT("fuzz.yaml");
    d.skip = how & 2;
    d.aggregate = how & 4;
    g.symmetric = how & 8;
    g.to_files = how & 16;
    g.metrics[IMPORT_HOPCOUNT] = true;
    g.metrics[IMPORT_IGP] = how & 32;
    bool read = import_clean(&d, &text) &&
                (how & 1 ? import_graph_csv(&g, text, nodes, SLICE_LIT("nodes"))
                         : import_graph_json(&g, text));
    bool fine = read && import_graph_finish(&g) && import_graph_document(&g, how & 1);
    FUZZ_CHECK(!d.failed && (fine || d.errors.errors) && (!fine || d.skip || !d.errors.errors));
    if (fine) {
        check_document(&d, g.to_files);
    }
    for (uint32_t pid = 0; fine && g.node_count <= NODES && pid < g.pids.count; pid++) {
        check_costs(&g, pid, IMPORT_HOPCOUNT);
        check_costs(&g, pid, IMPORT_IGP);
    }
    import_graph_release(&g);
    import_data_release(&d);
    return 0;
}
