/*
 * Golden cases of documents: tests/golden/documents/{valid,invalid}/NAME/, see the README there.
 * FPD_GOLDEN_WRITE=1 writes what the program says in place of what is expected, for review.
 */
#include "fpd_cmocka.h"
#include "golden_cases.h"

#include "footprintd/base/time.h"
#include "footprintd/model/model.h"
#include "footprintd/snapshot/snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define GOLDEN    FPD_SOURCE_DIR "/tests/golden/documents"
#define MAX_CASES 1024
#define MAX_FILES 64
#define MARKER    "TAG"

static bool writing;
static bool seen[FINDING_CODE_COUNT];

/* ---- files ---- */

static bool read_file(const char *path, buf_t *out)
{
    FILE *file = fopen(path, "re");
    if (!file) {
        return false;
    }
    char part[4096];
    size_t n;
    while ((n = fread(part, 1, sizeof part, file)) > 0) {
        buf_append(out, part, n);
    }
    (void)fclose(file);
    return true;
}

static void write_file(const char *path, slice_t text)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(text.ptr ? text.ptr : "", 1, text.len, file), text.len);
    assert_int_equal(fclose(file), 0);
}

static bool ends_in(const char *name, const char *suffix)
{
    size_t n = strlen(name), m = strlen(suffix);
    return n > m && strcmp(name + n - m, suffix) == 0;
}

/* ---- a case ---- */

typedef struct golden {
    const char *name; /* "valid/cidr" */
    const char *dir;
    buf_t texts[MAX_FILES];
    model_source_t sources[MAX_FILES];
    size_t count;
    doc_limits_t limits;
    findings_t findings;
    arena_t arena;
} golden_t;

static const char *join(golden_t *g, const char *dir, const char *name)
{
    const char *path = arena_printf(&g->arena, "%s/%s", dir, name).ptr;
    assert_non_null(path);
    return path;
}

static void read_source(golden_t *g, slice_t name, bool is_data)
{
    bool json = ends_in(name.ptr, ".json");
    assert_true(json || ends_in(name.ptr, is_data ? ".csv" : ".yaml") ||
                ends_in(name.ptr, is_data ? ".csv" : ".yml"));
    assert_true(g->count < MAX_FILES);
    assert_true(read_file(join(g, join(g, g->dir, "in"), name.ptr), &g->texts[g->count]));
    g->sources[g->count] = (model_source_t){name,
                                            is_data ? DOC_DATA
                                            : json  ? DOC_JSON
                                                    : DOC_YAML,
                                            buf_slice(&g->texts[g->count])};
    g->count++;
}

/* Documents, and data files in directories of their own. */
static void read_documents(golden_t *g)
{
    struct dirent **entries, **files;
    const char *dir = join(g, g->dir, "in");
    int n = scandir(dir, &entries, golden_visible, alphasort);
    assert_true(n > 0);
    for (int i = 0; i < n; i++) {
        const char *name = entries[i]->d_name;
        if (entries[i]->d_type == DT_DIR) {
            int count = scandir(join(g, dir, name), &files, golden_visible, alphasort);
            for (int k = 0; k < count; k++) {
                read_source(g, arena_printf(&g->arena, "%s/%s", name, files[k]->d_name), true);
                free(files[k]);
            }
            free(files);
        } else {
            read_source(g, arena_copy(&g->arena, slice_str(name)), false);
        }
        free(entries[i]);
    }
    free(entries);
}

/* The file "limits": lines of a name and a number, in place of limits too great for a test. */
static void read_limits(golden_t *g)
{
    char name[32];
    size_t value;
    const char *path = join(g, g->dir, "limits");
    g->limits = doc_limits_default;
    FILE *file = fopen(path, "re");
    while (file && fscanf(file, "%31s %zu", name, &value) == 2) { /* NOLINT(cert-err34-c) */
        if (!strcmp(name, "bytes")) {
            g->limits.bytes = value;
        } else if (!strcmp(name, "depth")) {
            g->limits.depth = (unsigned)value;
        } else if (!strcmp(name, "scalar-bytes")) {
            g->limits.scalar_bytes = value;
        } else if (!strcmp(name, "aliases")) {
            g->limits.aliases = value;
        } else if (!strcmp(name, "alias-events")) {
            g->limits.alias_events = value;
        } else {
            fail_msg("%s: no limit is called %s", path, name);
        }
    }
    if (file) {
        (void)fclose(file);
    }
}

static void golden_init(golden_t *g, const char *name)
{
    *g = (golden_t){.name = name};
    arena_init(&g->arena, 0);
    g->dir = join(g, GOLDEN, name);
    findings_init(&g->findings, 0);
    read_documents(g);
    read_limits(g);
}

static void golden_release(golden_t *g)
{
    for (size_t i = 0; i < g->count; i++) {
        buf_release(&g->texts[i]);
    }
    findings_release(&g->findings);
    arena_release(&g->arena);
}

/* ---- findings ---- */

static void compare_findings(golden_t *g)
{
    const char *path = join(g, g->dir, "expected.findings");
    buf_t got = BUF_INIT, want = BUF_INIT;
    for (size_t i = 0; i < g->findings.count; i++) {
        const finding_t *f = &g->findings.items[i];
        seen[f->code] = true;
        finding_format(f, &got);
        if (f->pointer.len) {
            buf_append_str(&got, " at ");
            buf_append_slice(&got, f->pointer);
        }
        buf_append_char(&got, '\n');
    }
    if (writing && got.len) {
        write_file(path, buf_slice(&got));
    } else if (writing) {
        (void)remove(path);
    }
    (void)read_file(path, &want);
    buf_append_char(&got, '\0');
    buf_append_char(&want, '\0');
    assert_string_equal(got.ptr, want.ptr);
    buf_release(&got);
    buf_release(&want);
}

/* ---- resources ---- */

/* Every tag of the text becomes the marker: tags have tests of their own. */
static void mark_tags(slice_t text, buf_t *out)
{
    static const char key[] = "\"tag\":\"";
    for (size_t at = 0; at < text.len;) {
        if (text.len - at > sizeof key + TAG_LEN && !memcmp(text.ptr + at, key, sizeof key - 1) &&
            text.ptr[at + sizeof key - 1 + TAG_LEN] == '"') {
            buf_append_str(out, key);
            buf_append_str(out, MARKER);
            at += sizeof key - 1 + TAG_LEN;
        } else {
            buf_append_char(out, text.ptr[at++]);
        }
    }
}

static void body_text(const resource_t *r, buf_t *out)
{
    const body_t *body = document_body(r->document, CODING_IDENTITY);
    for (size_t i = 0; i < body->count; i++) {
        buf_append_slice(out, body->segments[i]);
    }
    assert_int_equal(out->len, body->size);
}

/* What changes are computed from says what is served. */
static void check_tree(const resource_t *r, slice_t body)
{
    nodes_t nodes;
    node_t *root = NULL;
    buf_t text = BUF_INIT;
    nodes_init(&nodes, NULL, NULL);
    if (r->kind->tree) {
        assert_int_equal(r->kind->tree(r, SLICE_LIT(""), NULL, NULL, NULL, &nodes, &root), ERR_OK);
        node_write(root, &text);
        assert_int_equal(text.len, body.len);
        assert_memory_equal(text.ptr, body.ptr, body.len);
        assert_int_equal(root->size, body.len);
    }
    buf_release(&text);
    nodes_release(&nodes);
}

static void indent(buf_t *out, unsigned depth)
{
    buf_append_char(out, '\n');
    for (unsigned i = 0; i < depth; i++) {
        buf_append_str(out, "  ");
    }
}

/* As a person wants to review it: what has no objects in it stands on one line. */
static bool has_object(const json_value_t *v)
{
    for (size_t i = 0; v->kind == JSON_ARRAY && i < v->u.array.count; i++) {
        if (v->u.array.items[i].kind == JSON_OBJECT) {
            return true;
        }
    }
    return v->kind == JSON_OBJECT && v->u.object.count > 0;
}

static void pretty(buf_t *out, const json_value_t *v, unsigned depth)
{
    if (!has_object(v)) {
        json_write_value(out, v);
        return;
    }
    bool map = v->kind == JSON_OBJECT;
    size_t n = map ? v->u.object.count : v->u.array.count;
    buf_append_char(out, map ? '{' : '[');
    for (size_t i = 0; i < n; i++) {
        buf_append_str(out, i ? "," : "");
        indent(out, depth + 1);
        if (map) {
            json_write_string(out, v->u.object.members[i].name);
            buf_append_str(out, ": ");
        }
        pretty(out, map ? &v->u.object.members[i].value : &v->u.array.items[i], depth + 1);
    }
    indent(out, depth);
    buf_append_char(out, map ? '}' : ']');
}

static json_value_t *parse(golden_t *g, const char *what, slice_t text)
{
    json_error_t error;
    json_value_t *tree = NULL;
    if (json_parse(text, 0, &g->arena, &tree, &error)) {
        fail_msg("%s: %s", what, error.text);
    }
    return tree;
}

/*
 * The file with what is expected of a resource: the case's own, or, for the two that most cases
 * have in common (the IRD, and the network map of a directory without any), the common one.
 */
static const char *expected_path(golden_t *g, const char *file)
{
    struct stat st;
    const char *own = join(g, g->dir, file), *common = join(g, GOLDEN "/common", file);
    return stat(own, &st) != 0 && stat(common, &st) == 0 ? common : own;
}

/*
 * Resources that documents alone make, and that have expectations here: advertisements, network
 * maps, and of the IRD their entries. What the join makes of them has golden cases of its own.
 */
static bool is_expected(slice_t media_type)
{
    return slice_is(media_type, "application/alto-cdni+json") ||
           slice_is(media_type, "application/alto-networkmap+json") ||
           slice_is(media_type, "application/alto-directory+json");
}

static void drop_other_entries(const json_value_t *directory)
{
    const json_value_t *all = json_get(directory, "resources");
    json_value_t *resources = (json_value_t *)(uintptr_t)all; /* the test's own tree */
    size_t kept = 0;
    for (size_t i = 0; resources && i < resources->u.object.count; i++) {
        json_member_t *m = &resources->u.object.members[i];
        if (is_expected(json_get(&m->value, "media-type")->u.text)) {
            resources->u.object.members[kept++] = *m;
        }
    }
    if (resources) {
        resources->u.object.count = kept;
    }
}

static void compare_resource(golden_t *g, const resource_t *r)
{
    const char *id = arena_printf(&g->arena, "%.*s", SLICE_ARG(r->id)).ptr;
    const char *file = arena_printf(&g->arena, "%s.json", id).ptr;
    const char *path = expected_path(g, file);
    buf_t text = BUF_INIT, marked = BUF_INIT, want = BUF_INIT, got = BUF_INIT;
    body_text(r, &text);
    check_tree(r, buf_slice(&text));
    mark_tags(buf_slice(&text), &marked);
    json_value_t *actual = parse(g, id, buf_slice(&marked));
    if (slice_is(r->id, "directory")) {
        drop_other_entries(actual);
    }
    (void)read_file(path, &want);
    json_value_t *expected = want.len ? parse(g, path, buf_slice(&want)) : NULL;
    bool same = expected && json_value_equal(expected, actual);
    pretty(&got, actual, 0);
    buf_append_char(&got, '\n');
    if (!same && writing) {
        write_file(join(g, g->dir, file), buf_slice(&got));
    } else if (!same) {
        fail_msg("%s: %s is not as expected in %s; it is:\n%.*s", g->name, id, path,
                 SLICE_ARG(buf_slice(&got)));
    }
    buf_release(&text);
    buf_release(&marked);
    buf_release(&want);
    buf_release(&got);
}

/* Everything of these kinds that a GET finds, and nothing that is expected and is not there. */
static void compare_resources(golden_t *g, const view_t *view)
{
    for (size_t i = 0; i < view->count; i++) {
        const resource_t *r = &view->resources[i];
        if (r->document && is_expected(slice_str(r->kind->media_type))) {
            compare_resource(g, r);
        }
    }
    struct dirent **entries;
    int n = scandir(g->dir, &entries, golden_visible, alphasort);
    for (int i = 0; i < n; i++) {
        const char *name = entries[i]->d_name;
        if (ends_in(name, ".json")) {
            slice_t path = arena_printf(&g->arena, "/%.*s", (int)(strlen(name) - 5), name);
            if (!view_find(view, path)) {
                fail_msg("%s: %s is expected, and there is no such resource", g->name, path.ptr);
            }
        }
        free(entries[i]);
    }
    free(entries);
}

/* ---- tests ---- */

static void test_case(void **state)
{
    golden_t g;
    golden_init(&g, *state);
    model_options_t options = {.limits = g.limits};
    assert_true(moment_parse(SLICE_LIT("2026-11-26T12:00:00Z"), &options.now));
    model_t *model = NULL;
    err_t err = model_build(g.sources, g.count, &options, &g.findings, &model);
    bool valid = strncmp(g.name, "valid/", 6) == 0;
    compare_findings(&g);
    assert_int_equal(err, valid ? ERR_OK : ERR_DATA);
    assert_int_equal(g.findings.errors > 0, !valid);
    if (valid) {
        snapshot_t *snapshot = NULL;
        snapshot_options_t none = {.base_uri = SLICE_LIT("")};
        assert_int_equal(snapshot_build_take(model, &none, NULL, 1, &snapshot), ERR_OK);
        compare_resources(&g, snapshot_view_public(snapshot));
        snapshot_unref(snapshot);
    } else {
        assert_null(model);
    }
    golden_release(&g);
}

/* Codes that no set of documents, given as texts, can cause. */
static const struct {
    const char *name, *why;
} elsewhere[] = {
    {"unused", "configuration"},          {"global-by-absence", "import only"},
    {"repeated", "import only"},          {"nested", "import only"},
    {"more-specific", "import only"},     {"special-address", "import only"},
    {"mixed-types", "import only"},       {"left-out", "import only"},
    {"bad-database", "GeoIP databases"},  {"old-database", "GeoIP databases"},
    {"mute-database", "GeoIP databases"},
};

/* Runs last: every code has a case. */
static void test_every_code(void **state)
{
    (void)state;
    for (size_t i = 0; i < FINDING_CODE_COUNT; i++) {
        bool excused = false;
        for (size_t k = 0; k < sizeof elsewhere / sizeof *elsewhere; k++) {
            excused |= !strcmp(elsewhere[k].name, finding_infos[i].name);
        }
        if (!seen[i] && !excused) {
            fail_msg("no case has a finding [%s]", finding_infos[i].name);
        }
        if (seen[i] && excused) {
            fail_msg("[%s] has a case: it is no exception", finding_infos[i].name);
        }
    }
}

static struct CMUnitTest tests[MAX_CASES];

int main(void)
{
    writing = getenv("FPD_GOLDEN_WRITE") != NULL;
    size_t valid = golden_cases_add(GOLDEN, "valid", test_case, tests, 0, MAX_CASES - 1);
    size_t count = golden_cases_add(GOLDEN, "invalid", test_case, tests, valid, MAX_CASES - 1);
    if (!valid || count == valid) {
        (void)fprintf(stderr, "no cases in %s\n", GOLDEN);
        return 1;
    }
    tests[count] = (struct CMUnitTest)cmocka_unit_test(test_every_code);
    int failed = _cmocka_run_group_tests("golden_documents", tests, count + 1, NULL, NULL);
    golden_cases_release(tests, 0, count);
    return failed;
}
