/*
 * Files of costs, as CSV and as JSON: any bytes are refused with findings, or are a cost map, whose
 * text as a file of JSON is the same cost map.
 */
#include "footprintd/model/model.h"
#include "footprintd/snapshot/snapshot.h"

#include "fuzz.h"

#include <stdio.h>

static model_t *build(const char *file, const char *calendar, slice_t text)
{
    char document[512];
    (void)snprintf(document, sizeof document,
                   "network-maps: {m: {pids: {a: {ipv4: [192.0.2.0/24]}, b: {ipv6: ['::/0']}, "
                   "c-1: {ipv4: [0.0.0.0/0]}}}}\n"
                   "cost-maps: {c: {network-map: m, cost-metric: priv:x, cost-mode: numerical, "
                   "costs-file: %s%s}}\n",
                   file, calendar);
    const model_source_t sources[] = {{SLICE_LIT("fuzz.yaml"), DOC_YAML, slice_str(document)},
                                      {slice_str(file), DOC_DATA, text}};
    findings_t findings;
    model_t *model = NULL;
    findings_init(&findings, 0);
    err_t err = model_build(sources, 2, NULL, &findings, &model);
    FUZZ_CHECK(err == ERR_OK || err == ERR_DATA);
    FUZZ_CHECK((err == ERR_DATA) == (findings.errors > 0));
    for (size_t i = 0; i < findings.count; i++) {
        buf_t line = BUF_INIT;
        finding_format(&findings.items[i], &line);
        for (size_t k = 0; k < line.len; k++) {
            FUZZ_CHECK((unsigned char)line.ptr[k] >= 0x20 && line.ptr[k] != 0x7f);
        }
        buf_release(&line);
    }
    findings_release(&findings);
    return model;
}

static snapshot_t *show(model_t *model)
{
    const snapshot_options_t options = {.base_uri = SLICE_LIT("")};
    snapshot_t *s = NULL;
    FUZZ_CHECK(!snapshot_build_take(model, &options, NULL, 1, &s));
    return s;
}

static const document_t *map_of(const snapshot_t *s)
{
    return view_find(snapshot_view_public(s), SLICE_LIT("/c"))->document;
}

/* The costs that are served, as a file. */
static void check_again(const snapshot_t *s)
{
    const body_t *body = document_body(map_of(s), CODING_IDENTITY);
    arena_t arena;
    json_value_t *tree = NULL;
    json_error_t error;
    buf_t text = BUF_INIT;
    arena_init(&arena, 0);
    FUZZ_CHECK(body->count == 1);
    FUZZ_CHECK(!json_parse(body->segments[0], 0, &arena, &tree, &error));
    json_write_value(&text, json_get(tree, "cost-map"));
    model_t *model = build("d/again.json", "", buf_slice(&text));
    FUZZ_CHECK(model != NULL);
    snapshot_t *again = show(model);
    FUZZ_CHECK(!strcmp(map_of(s)->tag, map_of(again)->tag));
    snapshot_unref(again);
    buf_release(&text);
    arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const files[] = {"d/costs.csv", "d/costs.json"};
    static const char *const calendars[] = {"", ", calendar: {interval-s: 43200, every: day}"};
    for (unsigned i = 0; i < 4; i++) {
        model_t *model = build(files[i / 2], calendars[i % 2], slice_of((const char *)data, size));
        if (model) {
            snapshot_t *s = show(model);
            check_again(s);
            snapshot_unref(s);
        }
    }
    return 0;
}
