#include "builder.h"

#include <stdlib.h>

static void builder_release(builder_t *b)
{
    table_release(&b->footprints);
    table_release(&b->network_maps);
    table_release(&b->cost_maps);
    cost_drafts_release(b);
    table_release(&b->topologies);
    topology_drafts_release(b);
    free(b->documents);
}

/* Documents first, data files behind them, each in their order. */
static const model_source_t **arrange(builder_t *b, const model_source_t *sources, size_t count)
{
    const model_source_t **all = builder_alloc(b, count + 1, sizeof(const model_source_t *));
    size_t n = 0;
    for (unsigned data = 0; all && data < 2; data++) {
        for (size_t i = 0; i < count; i++) {
            if ((sources[i].format == DOC_DATA) == (data == 1)) {
                b->documents[n].made.file = builder_copy(b, sources[i].file);
                all[n++] = &sources[i];
            }
        }
        if (!data) {
            b->model->document_count = n;
        }
    }
    return all;
}

static bool parse_files(builder_t *b)
{
    for (size_t i = 0; i < b->cost_drafts.count && !b->failed; i++) {
        cost_map_draft_t *map = b->cost_drafts.items[i];
        if (map->file.name.ptr && !parse_costs_file(b, map)) {
            return false;
        }
    }
    return !b->failed;
}

static bool build(builder_t *b, const model_source_t *sources, size_t count)
{
    const model_source_t **all = arrange(b, sources, count);
    if (!all || b->failed) {
        return false;
    }
    count = b->model->document_count;
    b->data = all + count;
    b->data_count = 0;
    while (b->data[b->data_count]) {
        b->data_count++;
    }
    model_document_t *documents = builder_alloc(b, count, sizeof *documents);
    for (size_t i = 0; documents && i < count; i++) {
        b->document = (uint32_t)i;
        if (!parse_document(b, all[i])) {
            return false;
        }
    }
    bool ok = documents && parse_files(b) && resolve_network_maps(b) && resolve_cost_maps(b) &&
              resolve_topologies(b) && resolve_windows(b) && resolve_footprints(b) &&
              resolve_advertisements(b) && resolve_directories(b) && check_resource_ids(b);
    for (size_t i = 0; ok && i < count; i++) {
        documents[i] = b->documents[i].made;
    }
    b->model->documents = documents;
    return ok;
}

err_t model_build(const model_source_t *sources, size_t count, const model_options_t *options,
                  findings_t *findings, model_t **out)
{
    size_t errors = findings->errors;
    model_t *model = calloc(1, sizeof *model);
    if (!model) {
        return ERR_NOMEM;
    }
    arena_init(&model->arena, 0);
    builder_t b = {.model = model, .arena = &model->arena, .findings = findings};
    b.before = options ? options->before : NULL;
    b.limits = options && options->limits.bytes ? options->limits : doc_limits_default;
    b.now = options ? options->now : 0;
    b.documents = calloc(count + 1, sizeof *b.documents);
    err_t err = b.documents && build(&b, sources, count) ? ERR_OK : ERR_NOMEM;
    builder_release(&b);
    /* Before repetitions of what was found earlier are dropped, and the count with them. */
    if (!err && findings->errors > errors) {
        err = ERR_DATA;
    }
    findings_sort(findings);
    if (arena_failed(&model->arena) || findings->failed) {
        err = ERR_NOMEM;
    }
    if (err) {
        model_free(model);
        return err;
    }
    *out = model;
    return ERR_OK;
}

void model_free(model_t *model)
{
    if (model) {
        arena_release(&model->arena);
        free(model);
    }
}
