#include "import_data.h"

#include "footprintd/store/directory.h"
#include "footprintd/store/edit.h"

static bool refuse(import_data_t *d, const json_value_t *v, finding_code_t code, const char *text)
{
    import_find(d, code, v->line, v->column, (slice_t){0}, "%s", text);
    d->hopeless = true;
    return false;
}

static size_t count_of(const json_value_t *document, const char *name)
{
    const json_value_t *v = json_get(document, name);
    return !v                       ? 0
           : v->kind == JSON_OBJECT ? v->u.object.count
           : v->kind == JSON_ARRAY  ? v->u.array.count
                                    : 0;
}

static bool add(import_data_t *d, const json_member_t *m)
{
    doc_format_t format = DOC_YAML;
    buf_t why = BUF_INIT;
    bool good = store_edit_name_check(m->name, &why) && store_document_format(m->name, &format);
    if (!good) {
        import_find(d, FINDING_BAD_NAME, m->line, m->column, (slice_t){0},
                    "'%.*s' is no name of a document", SLICE_ARG(m->name));
        d->hopeless = true;
    }
    buf_release(&why);
    if (good && format == DOC_YAML && !doc_write_is_yaml(&m->value)) {
        good = refuse(d, &m->value, FINDING_YAML_FEATURE,
                      "it has the key '<<', which YAML cannot have");
    }
    import_document_t *made = good ? import_document_add(d, m->name) : NULL;
    if (!made) {
        return false;
    }
    doc_write(&m->value, format, &made->text);
    d->footprints += count_of(&m->value, "footprints");
    d->capabilities += count_of(&m->value, "capabilities");
    d->failed |= buf_failed(&made->text);
    return !d->failed;
}

/* YAML could begin with a brace too, and JSON is YAML but for its limits. */
static bool looks_like_json(slice_t text)
{
    size_t at = 0;
    while (at < text.len && strchr(" \t\r\n", text.ptr[at])) {
        at++;
    }
    return at < text.len && text.ptr[at] == '{';
}

bool import_bundle(import_data_t *d, slice_t text)
{
    json_value_t *root = NULL;
    findings_t findings;
    findings_init(&findings, 0);
    /* Larger than a document, and two levels deeper. */
    doc_limits_t limits = doc_limits_default;
    limits.bytes = SIZE_MAX;
    limits.depth += 2;
    doc_format_t format = looks_like_json(text) ? DOC_JSON : DOC_YAML;
    err_t err = doc_read_tree(text, format, d->file, &limits, &d->arena, &findings, &root);
    for (size_t i = 0; i < findings.count; i++) {
        const finding_t *f = &findings.items[i];
        import_find(d, f->code, f->place.line, f->place.column, f->suggestion, "%.*s",
                    SLICE_ARG(f->text));
    }
    findings_release(&findings);
    d->failed |= err == ERR_NOMEM;
    if (err) {
        d->hopeless = true;
        return false;
    }
    const json_value_t *documents = json_get(root, "documents");
    const json_value_t *version = json_get(root, "version");
    if (!documents || documents->kind != JSON_OBJECT) {
        return refuse(d, root, FINDING_MISSING_KEY, "a bundle has a map 'documents'");
    }
    if (!version || version->kind != JSON_NUMBER || !slice_is(version->u.text, "1")) {
        return refuse(d, version ? version : root, FINDING_BAD_VALUE,
                      "this program reads version 1 of bundles");
    }
    if (root->u.object.count != 2) {
        return refuse(d, root, FINDING_UNKNOWN_KEY, "a bundle has version and documents alone");
    }
    bool ok = true;
    for (size_t i = 0; ok && i < documents->u.object.count; i++) {
        ok = add(d, &documents->u.object.members[i]);
    }
    return ok;
}
