/*
 * Exports: of every golden case, one document or a bundle, in YAML and in JSON, serves what the
 * case serves, byte for byte, and shows it to the same uCDNs.
 */
#include "fixture.h"

#include "ctl/export_merge.h"
#include "failmalloc.h"
#include "footprintd/store/directory.h"

#include <dirent.h>

#define NOW   INT64_C(1795694400) /* 2026-11-26T12:00:00Z, as the golden cases have it */
#define VALID FPD_SOURCE_DIR "/tests/golden/documents/valid"

/* ---- sets ---- */

/* An export is without them: they lie beside it as they lay beside the documents. */
#define DATA_FILES_MAX 4
static model_source_t data_files[DATA_FILES_MAX];
static size_t data_file_count;

static model_t *model_of(const model_source_t *documents, size_t count)
{
    model_source_t sources[32 + DATA_FILES_MAX];
    assert_true(count <= 32);
    memcpy(sources, documents, count * sizeof *sources);
    memcpy(sources + count, data_files, data_file_count * sizeof *sources);
    count += data_file_count;
    findings_t findings;
    buf_t line = BUF_INIT;
    model_t *model = NULL;
    findings_init(&findings, 0);
    const model_options_t options = {.limits = doc_limits_default, .now = NOW};
    if (model_build(sources, count, &options, &findings, &model)) {
        for (size_t i = 0; i < findings.count; i++) {
            finding_format(&findings.items[i], &line);
            buf_append_char(&line, '\n');
        }
        fail_msg("%.*s", SLICE_ARG(buf_slice(&line)));
    }
    findings_release(&findings);
    return model;
}

static snapshot_t *snapshot_of(const model_source_t *sources, size_t count)
{
    snapshot_t *snapshot = NULL;
    snapshot_options_t options = {.base_uri = SLICE_LIT("")};
    assert_int_equal(snapshot_build_take(model_of(sources, count), &options, NULL, 1, &snapshot),
                     ERR_OK);
    return snapshot;
}

static bool same_audience(const model_t *a, uint32_t i, const model_t *b, uint32_t k)
{
    if (i == UINT32_MAX || k == UINT32_MAX) {
        return i == k;
    }
    const model_document_t *x = &a->documents[i], *y = &b->documents[k];
    bool same = x->audience_count == y->audience_count;
    for (size_t n = 0; same && n < x->audience_count; n++) {
        same = slice_eq(x->audience[n], y->audience[n]);
    }
    return same;
}

/* What documents with an audience define is in the model alone. */
static void compare_models(const model_t *a, const model_t *b)
{
    assert_int_equal(a->footprint_count, b->footprint_count);
    for (size_t i = 0; i < a->footprint_count; i++) {
        const model_footprint_t *x = &a->footprints[i], *y = &b->footprints[i];
        assert_true(slice_eq(x->name, y->name));
        assert_int_equal(x->set_count, y->set_count);
        for (size_t s = 0; s < x->set_count; s++) {
            assert_int_equal(fp_set_cmp(&x->sets[s], &y->sets[s]), 0);
        }
        assert_true(same_audience(a, x->document, b, y->document));
    }
    assert_int_equal(a->advertisement_count, b->advertisement_count);
    for (size_t i = 0; i < a->advertisement_count; i++) {
        const model_advertisement_t *x = &a->advertisements[i], *y = &b->advertisements[i];
        assert_true(slice_eq(x->id, y->id));
        assert_int_equal(x->count, y->count);
        for (size_t k = 0; k < x->count; k++) {
            const model_object_t *o = &x->objects[k], *p = &y->objects[k];
            assert_true(slice_eq(o->capability->name, p->capability->name));
            assert_true(slice_eq(o->capability->text, p->capability->text));
            assert_int_equal(fp_set_cmp(&o->footprints, &p->footprints), 0);
            assert_true(same_audience(a, o->document, b, p->document));
        }
    }
    assert_int_equal(a->timed_count, b->timed_count);
    for (size_t i = 0; i < a->timed_count; i++) {
        const model_timed_t *x = &a->timed[i], *y = &b->timed[i];
        assert_int_equal(x->kind, y->kind);
        assert_int_equal(x->state, y->state);
        assert_true(slice_eq(x->name, y->name) && slice_eq(x->reason, y->reason));
        assert_true(x->window.from == y->window.from && x->window.until == y->window.until);
    }
    assert_int_equal(a->network_map_count, b->network_map_count);
    for (size_t i = 0; i < a->network_map_count; i++) {
        assert_true(slice_eq(a->network_maps[i].id, b->network_maps[i].id));
        assert_int_equal(a->network_maps[i].is_default, b->network_maps[i].is_default);
        assert_true(same_audience(a, a->network_maps[i].document, b, b->network_maps[i].document));
    }
}

static void compare(snapshot_t *a, snapshot_t *b)
{
    const view_t *x = snapshot_view_public(a), *y = snapshot_view_public(b);
    compare_models(snapshot_model(a), snapshot_model(b));
    assert_int_equal(x->count, y->count);
    assert_true(x->count >= 4);
    for (size_t i = 0; i < x->count; i++) {
        const document_t *d = x->resources[i].document, *e = y->resources[i].document;
        assert_true(slice_eq(x->resources[i].path, y->resources[i].path));
        assert_int_equal(d != NULL, e != NULL);
        if (d) {
            buf_t one = fixture_bytes(d, CODING_IDENTITY), two = fixture_bytes(e, CODING_IDENTITY);
            assert_string_equal(d->tag, e->tag);
            assert_int_equal(one.len, two.len);
            assert_memory_equal(one.ptr, two.ptr, one.len);
            buf_release(&one);
            buf_release(&two);
        }
    }
}

/* ---- exports ---- */

static json_value_t *read_back(export_set_t *set, const buf_t *text, doc_format_t format)
{
    json_value_t *tree = NULL;
    findings_t findings;
    findings_init(&findings, 0);
    assert_int_equal(doc_read_tree(buf_slice(text), format, SLICE_LIT("export"), NULL, &set->arena,
                                   &findings, &tree),
                     ERR_OK);
    findings_release(&findings);
    return tree;
}

static void check_single(export_set_t *set, const json_value_t *tree, doc_format_t format,
                         snapshot_t *before)
{
    buf_t text = BUF_INIT;
    doc_write(tree, format, &text);
    assert_false(buf_failed(&text));
    assert_true(json_value_equal(tree, read_back(set, &text, format)));
    model_source_t source = {SLICE_LIT("export"), format, buf_slice(&text)};
    snapshot_t *after = snapshot_of(&source, 1);
    compare(before, after);
    snapshot_unref(after);
    buf_release(&text);
}

static void check_bundle(export_set_t *set, doc_format_t format, snapshot_t *before)
{
    json_value_t bundle;
    buf_t text = BUF_INIT;
    assert_int_equal(export_bundle(set, &bundle), ERR_OK);
    doc_write(&bundle, format, &text);
    const json_value_t *documents = json_get(read_back(set, &text, format), "documents");
    size_t count = documents->u.object.count;
    assert_int_equal(count, set->count);
    buf_t *texts = calloc(count + 1, sizeof *texts);
    model_source_t *sources = calloc(count + 1, sizeof *sources);
    assert_true(texts && sources);
    for (size_t i = 0; i < count; i++) {
        const json_member_t *m = &documents->u.object.members[i];
        assert_true(slice_eq(m->name, set->items[i].name));
        doc_write(&m->value, format, &texts[i]);
        sources[i] = (model_source_t){m->name, format, buf_slice(&texts[i])};
    }
    snapshot_t *after = snapshot_of(sources, count);
    compare(before, after);
    snapshot_unref(after);
    for (size_t i = 0; i < count; i++) {
        buf_release(&texts[i]);
    }
    free(sources);
    free(texts);
    buf_release(&text);
}

/* Whether the set is one document. */
static bool check_set(export_set_t *set)
{
    model_source_t sources[16];
    json_value_t tree;
    buf_t why = BUF_INIT;
    assert_true(set->count <= 16);
    set->now = NOW;
    assert_int_equal(export_set_read(set), ERR_OK);
    for (size_t i = 0; i < set->count; i++) {
        sources[i] = (model_source_t){set->items[i].name, set->items[i].format, set->items[i].text};
    }
    snapshot_t *before = snapshot_of(sources, set->count);
    err_t err = export_merge(set, &tree, &why);
    assert_true(err == ERR_OK || (err == ERR_RANGE && why.len));
    for (unsigned format = DOC_YAML; format <= DOC_JSON; format++) {
        if (!err) {
            check_single(set, &tree, (doc_format_t)format, before);
        }
        check_bundle(set, (doc_format_t)format, before);
    }
    snapshot_unref(before);
    buf_release(&why);
    return !err;
}

static void test_golden(void **state)
{
    (void)state;
    size_t cases = 0, single = 0;
    DIR *dir = opendir(VALID);
    assert_non_null(dir);
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        if (entry->d_name[0] == '.') {
            continue;
        }
        char path[512];
        findings_t findings;
        store_documents_t documents;
        export_set_t set;
        (void)snprintf(path, sizeof path, "%s/%s/in", VALID, entry->d_name);
        print_message("%s\n", entry->d_name);
        findings_init(&findings, 0);
        store_documents_init(&documents);
        export_set_init(&set);
        assert_int_equal(store_directory_read(path, NULL, &documents, &findings), ERR_OK);
        data_file_count = 0;
        for (size_t i = 0; i < documents.count; i++) {
            const store_document_t *d = &documents.items[i];
            if (d->format == DOC_DATA) {
                assert_true(data_file_count < DATA_FILES_MAX);
                data_files[data_file_count++] = (model_source_t){d->file, DOC_DATA, d->bytes};
            }
            assert_int_equal(export_set_add(&set, d->file, d->name, d->bytes), ERR_OK);
        }
        cases++;
        single += check_set(&set);
        data_file_count = 0;
        export_set_release(&set);
        store_documents_release(&documents);
        findings_release(&findings);
    }
    (void)closedir(dir);
    assert_true(cases > 20 && single > 20 && single < cases);
}

/* ---- what can and cannot be one ---- */

#define CAPABILITY                                                                                 \
    "capabilities:\n- {capability-type: FCI.DeliveryProtocol, capability-value: "                  \
    "{delivery-protocols: [http/1.1]}, footprints: [everywhere]}\n"

static void check_pair(const char *a, const char *b, bool single)
{
    export_set_t set;
    export_set_init(&set);
    assert_int_equal(export_set_add(&set, SLICE_LIT("b.yaml"), slice_of(NULL, 0), slice_str(b)),
                     ERR_OK);
    assert_int_equal(export_set_add(&set, SLICE_LIT("a.yml"), slice_of(NULL, 0), slice_str(a)),
                     ERR_OK);
    assert_int_equal(check_set(&set), single);
    export_set_release(&set);
}

static void test_pairs(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool single;
    } cases[] = {
        {"version: 1\n", "version: 1\n", true},
        {"version: 1\nadvertisement: cdni\n", "version: 1\n" CAPABILITY, true},
        {"version: 1\nadvertisement: x\n", "version: 1\n" CAPABILITY, false},
        {"version: 1\nadvertisement: x\n", "version: 1\nadvertisement: x\n" CAPABILITY, true},
        {"version: 1\nadvertisement: x\n", "version: 1\nadvertisement: y\n", false},
        {"version: 1\nadvertisement: x\n", "version: 1\nfootprints: {f: {asn: [as1]}}\n", true},
        {"version: 1\nadvertisement: true\n", "version: 1\nadvertisement: \"true\"\n", true},
        {"version: 1\nadvertisement: x\n", "version: 1\ncapabilities: []\n", false},
        {"version: 1\ncapabilities: []\n", "version: 1\ncapabilities: []\n", true},
        {"version: 1\naudience: [u, v]\n", "version: 1\naudience: [v, u, v]\n", true},
        {"version: 1\naudience: [u, v]\n", "version: 1\naudience: [u]\n", false},
        {"version: 1\naudience: [1]\n", "version: 1\naudience: [\"1\"]\n", true},
        {"version: 1\naudience: [u]\n", "version: 1\n", false},
        {"version: 1\nfootprints: {f: {asn: [as1], not-after: 2026-11-27T00:00:00Z}}\n"
         "withdrawals: [{footprint: f, not-after: \"2026-11-26T13:00:00Z\", reason: \"no\"}]\n",
         "version: 1\nwithdrawals: [{footprint: f, not-before: 2026-11-26T14:00:00+01:00}]\n",
         true},
        {"version: 1\nfootprints: {a: {asn: [as1]}}\n",
         "version: 1\nfootprints: {\"123\": {countrycode: [no], altopid: [pid-default]}}\n", true},
        {"version: 1\nnetwork-maps: {netmap: {default: true, pids: {\"no\": {ipv4: "
         "[0.0.0.0/0], ipv6: [\"::/0\"]}, \"1e3\": {ipv4: [192.0.2.0/24]}}}}\n",
         "version: 1\nfootprints: {a: {altopid: [no, 1e3]}}\n", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        print_message("%s| %s\n", cases[i].a, cases[i].b);
        check_pair(cases[i].a, cases[i].b, cases[i].single);
    }
}

static void test_nothing(void **state)
{
    (void)state;
    export_set_t set;
    export_set_init(&set);
    assert_true(check_set(&set));
    export_set_release(&set);
}

static void test_refused(void **state)
{
    (void)state;
    export_set_t set;
    export_set_init(&set);
    assert_int_equal(export_set_add(&set, SLICE_LIT("a.txt"), slice_of(NULL, 0), SLICE_LIT("")),
                     ERR_RANGE);
    export_set_release(&set);
    export_set_init(&set);
    assert_int_equal(
        export_set_add(&set, SLICE_LIT("a.yaml"), SLICE_LIT("d/a.yaml"), SLICE_LIT("version: 2")),
        ERR_OK);
    assert_int_equal(export_set_read(&set), ERR_DATA);
    assert_int_equal(set.findings.errors, 1);
    assert_true(slice_is(set.findings.items[0].place.file, "d/a.yaml"));
    export_set_release(&set);
}

/* Memory may fail at any point: nothing is leaked, and nothing is taken for whole. */
static void test_nomem(void **state)
{
    (void)state;
    for (size_t n = 1;; n++) {
        export_set_t set;
        json_value_t one, bundle;
        buf_t why = BUF_INIT, text = BUF_INIT;
        failmalloc_arm(n);
        export_set_init(&set);
        err_t err = export_set_add(&set, SLICE_LIT("a.yaml"), slice_of(NULL, 0),
                                   SLICE_LIT("version: 1\nadvertisement: a\n" CAPABILITY));
        err = err ? err
                  : export_set_add(&set, SLICE_LIT("b.yaml"), slice_of(NULL, 0),
                                   SLICE_LIT("version: 1\nfootprints: {f: {asn: [as1]}}\n"));
        err = err ? err : export_set_read(&set);
        err = err ? err : export_merge(&set, &one, &why);
        err = err ? err : export_bundle(&set, &bundle);
        if (!err) {
            doc_write(&one, DOC_YAML, &text);
            doc_write(&bundle, DOC_JSON, &text);
            err = buf_failed(&text) ? ERR_NOMEM : ERR_OK;
        }
        bool failed = failmalloc_disarm();
        export_set_release(&set);
        buf_release(&why);
        buf_release(&text);
        if (!failed) {
            assert_int_equal(err, ERR_OK);
            break;
        }
        assert_int_equal(err, ERR_NOMEM);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),  cmocka_unit_test(test_pairs),
        cmocka_unit_test(test_nothing), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_nomem),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
