#include "admin_answers.h"

#include "footprintd/base/json.h"
#include "footprintd/config/inputs.h"
#include "load.h"

#include <stdlib.h>

/* Of the body's tree: a body is at most as long as the limit, and mostly texts. */
#define TREE_BYTES ((size_t)3 << 30)

static int by_file(const void *a, const void *b)
{
    return slice_cmp(((const model_source_t *)a)->file, ((const model_source_t *)b)->file);
}

/* The set as it would be; all is borrowed. */
static size_t merge(const store_documents_t *documents, const json_value_t *changes,
                    model_source_t *sources)
{
    size_t count = 0;
    for (size_t i = 0; i < documents->count; i++) {
        const store_document_t *d = &documents->items[i];
        slice_t name = d->file;
        if (d->bytes.ptr && !json_get_slice(changes, name)) {
            sources[count++] = (model_source_t){name, d->format, d->bytes};
        }
    }
    for (size_t i = 0; i < changes->u.object.count; i++) {
        const json_member_t *m = &changes->u.object.members[i];
        doc_format_t format = DOC_YAML;
        (void)admin_document_name(m->name, &format);
        if (m->value.kind == JSON_STRING) {
            sources[count++] = (model_source_t){m->name, format, m->value.u.text};
        }
    }
    qsort(sources, count, sizeof *sources, by_file);
    return count;
}

static err_t check_set(const admin_t *admin, const json_value_t *changes, findings_t *findings)
{
    store_documents_t documents;
    store_documents_init(&documents);
    err_t err = config_read_documents(admin->config, &documents, findings);
    err = err == ERR_DATA ? ERR_OK : err;
    size_t most = documents.count + changes->u.object.count;
    model_source_t *sources = calloc(most + 1, sizeof *sources);
    err = err ? err : sources ? ERR_OK : ERR_NOMEM;
    if (!err) {
        size_t count = merge(&documents, changes, sources);
        model_options_t options = config_model_options(admin->config);
        snapshot_t *current = builder_take_current(admin->builder);
        options.before = snapshot_model(current);
        model_t *model = NULL;
        err = config_check_count(admin->config, count, findings)
                  ? model_build(sources, count, &options, findings, &model)
                  : ERR_DATA;
        if (!err) {
            model_free(model);
        }
        snapshot_unref(current);
    }
    free(sources);
    load_name_documents(findings, admin->config->footprints);
    findings_sort(findings);
    store_documents_release(&documents);
    return err == ERR_DATA ? ERR_OK : err;
}

/* {"documents":{"NAME":"text","OLD":null}}; NULL when that is refused. */
static const json_value_t *read_changes(const admin_request_t *request, arena_t *arena,
                                        admin_response_t *response)
{
    json_value_t *root = NULL;
    json_error_t error = {.line = 0};
    err_t err = json_parse(request->body, 0, arena, &root, &error);
    if (err == ERR_SYNTAX) {
        admin_error(response, 400, "syntax", "the body is not JSON: %s", error.text);
        return NULL;
    }
    if (err) {
        admin_refuse_error(response, err);
        return NULL;
    }
    const json_value_t *changes = json_get(root, "documents");
    if (!changes || changes->kind != JSON_OBJECT || root->u.object.count != 1) {
        admin_error(response, 400, "bad-body",
                    "the body is to be an object with the member documents, an object of texts by "
                    "name, and no other member");
        return NULL;
    }
    for (size_t i = 0; i < changes->u.object.count; i++) {
        const json_member_t *m = &changes->u.object.members[i];
        doc_format_t format;
        if (!admin_document_name(m->name, &format)) {
            admin_refuse_name(response, m->name);
            return NULL;
        }
        if (m->value.kind != JSON_STRING && m->value.kind != JSON_NULL) {
            admin_error(response, 400, "bad-body",
                        "the document '%.*s' is to be a text, or null to leave it out",
                        SLICE_ARG(m->name));
            return NULL;
        }
    }
    return changes;
}

void admin_check(admin_t *admin, const admin_request_t *request, admin_response_t *response)
{
    arena_t arena;
    arena_init(&arena, TREE_BYTES);
    const json_value_t *changes = read_changes(request, &arena, response);
    if (changes) {
        findings_t findings;
        findings_init(&findings, (size_t)admin->config->limits.findings);
        err_t err = check_set(admin, changes, &findings);
        if (err || findings.failed) {
            admin_refuse_error(response, err ? err : ERR_NOMEM);
        } else {
            response->status = 200;
            findings_write_json(&findings, &response->body);
            buf_append_char(&response->body, '\n');
        }
        findings_release(&findings);
    }
    arena_release(&arena);
}
