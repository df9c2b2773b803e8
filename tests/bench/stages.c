/*
 * The way from documents to a snapshot, stage by stage, in one process and on one thread.
 *
 * usage: bench_stages [--rounds N] DIRECTORY
 * Prints lines "name value": counts, bytes, and the median milliseconds of each stage. The anchor
 * is libyaml alone, making events of the same bytes.
 */
#include "footprintd/snapshot/snapshot.h"
#include "footprintd/store/directory.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <yaml.h>

typedef enum stage {
    STAGE_READ,      /* the directory, whole */
    STAGE_LIBYAML,   /* the anchor: events, thrown away */
    STAGE_EVENTS,    /* doc: events with their checks, thrown away */
    STAGE_MODEL,     /* doc and model: documents to a validated model */
    STAGE_SNAPSHOT,  /* fragments, tags and bodies, with nothing from before */
    STAGE_REPUBLISH, /* the same model's content again, beside that snapshot */
    STAGE_FREE,      /* both snapshots and their models */
} stage_t;
#define STAGE_COUNT 7
#define ROUNDS_MAX  99

static const char *const stage_names[STAGE_COUNT] = {
    "read_ms", "libyaml_ms", "events_ms", "model_ms", "snapshot_ms", "republish_ms", "free_ms"};

static double times[STAGE_COUNT][ROUNDS_MAX];

static void fail(const char *what, err_t err)
{
    (void)fprintf(stderr, "bench_stages: %s: %s\n", what, err_text(err));
    exit(1);
}

static double now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static size_t libyaml_events(slice_t text)
{
    yaml_parser_t parser;
    yaml_event_t event;
    size_t count = 0;
    if (!yaml_parser_initialize(&parser)) {
        fail("libyaml", ERR_NOMEM);
    }
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text.ptr, text.len);
    for (bool over = false; !over; count++) {
        if (!yaml_parser_parse(&parser, &event)) {
            fail("libyaml", ERR_SYNTAX);
        }
        over = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return count;
}

static void doc_events(const store_document_t *d, findings_t *findings)
{
    doc_reader_t *reader = NULL;
    err_t err = doc_reader_new(d->bytes, d->format, d->name, NULL, findings, &reader);
    if (err) {
        fail("doc", err);
    }
    doc_event_kind_t kind;
    do {
        kind = doc_reader_next(reader)->kind;
    } while (kind != DOC_EV_END && kind != DOC_EV_ERROR);
    doc_reader_free(reader);
    if (kind == DOC_EV_ERROR) {
        fail("doc", ERR_DATA);
    }
}

static model_t *make_model(const model_source_t *sources, size_t count, findings_t *findings)
{
    model_t *model = NULL;
    err_t err = model_build(sources, count, NULL, findings, &model);
    if (err) {
        fail("model", err);
    }
    return model;
}

static snapshot_t *make_snapshot(model_t *model, snapshot_t *previous, uint64_t generation)
{
    snapshot_t *snapshot = NULL;
    err_t err = snapshot_build_take(model, NULL, previous, generation, &snapshot);
    if (err) {
        fail("snapshot", err);
    }
    return snapshot;
}

static void print_counts(const store_documents_t *documents, const snapshot_t *snapshot,
                         size_t bytes, size_t events)
{
    const model_t *model = snapshot_model(snapshot);
    const view_t *view = snapshot_view_public(snapshot);
    size_t objects = 0;
    for (size_t i = 0; i < model->advertisement_count; i++) {
        objects += model->advertisements[i].count;
    }
    (void)printf("documents %zu\nbytes %zu\nlibyaml_events %zu\nprefixes %zu\nobjects %zu\n",
                 documents->count, bytes, events, model->prefix_count, objects);
    for (size_t i = 0; i < view->count; i++) {
        if (view->resources[i].document) {
            (void)printf("body:%.*s %zu\n", SLICE_ARG(view->resources[i].path),
                         document_body(view->resources[i].document, CODING_IDENTITY)->size);
        }
    }
}

/* Both snapshots show the same documents, so they are to share them. */
static void check_shared(const snapshot_t *a, const snapshot_t *b)
{
    const view_t *x = snapshot_view_public(a), *y = snapshot_view_public(b);
    for (size_t i = 0; i < x->count; i++) {
        if (i >= y->count || x->resources[i].document != y->resources[i].document) {
            fail("the same content made another document", ERR_DATA);
        }
    }
}

static void run_round(const char *directory, size_t round, bool last)
{
    findings_t findings;
    findings_init(&findings, 0);
    store_documents_t documents;
    store_documents_init(&documents);
    double at[STAGE_COUNT + 1];
    size_t bytes = 0, events = 0;

    at[STAGE_READ] = now_ms();
    err_t err = store_directory_read(directory, &(store_limits_t){0}, &documents, &findings);
    model_source_t *sources = calloc(documents.count + 1, sizeof *sources);
    if (err || !sources) {
        fail(directory, err ? err : ERR_NOMEM);
    }
    for (size_t i = 0; i < documents.count; i++) {
        const store_document_t *d = &documents.items[i];
        sources[i] = (model_source_t){d->name, d->format, d->bytes};
        bytes += d->bytes.len;
    }
    at[STAGE_LIBYAML] = now_ms();
    for (size_t i = 0; i < documents.count; i++) {
        events += libyaml_events(documents.items[i].bytes);
    }
    at[STAGE_EVENTS] = now_ms();
    for (size_t i = 0; i < documents.count; i++) {
        doc_events(&documents.items[i], &findings);
    }
    at[STAGE_MODEL] = now_ms();
    model_t *model = make_model(sources, documents.count, &findings);
    at[STAGE_SNAPSHOT] = now_ms();
    snapshot_t *first = make_snapshot(model, NULL, 1);
    double snapshot_end = now_ms();
    model_t *again = make_model(sources, documents.count, &findings);
    double republish_begin = now_ms();
    snapshot_t *second = make_snapshot(again, first, 2);
    double republish_end = now_ms();
    check_shared(first, second);
    if (last) {
        print_counts(&documents, first, bytes, events);
    }
    double free_begin = now_ms();
    snapshot_unref(first);
    snapshot_unref(second);
    double free_end = now_ms();

    for (stage_t s = STAGE_READ; s <= STAGE_MODEL; s++) {
        times[s][round] = at[s + 1] - at[s];
    }
    times[STAGE_SNAPSHOT][round] = snapshot_end - at[STAGE_SNAPSHOT];
    times[STAGE_REPUBLISH][round] = republish_end - republish_begin;
    times[STAGE_FREE][round] = free_end - free_begin;
    free(sources);
    store_documents_release(&documents);
    findings_release(&findings);
}

static int cmp_double(const void *x, const void *y)
{
    double a = *(const double *)x, b = *(const double *)y;
    return a < b ? -1 : a > b;
}

int main(int argc, char **argv)
{
    unsigned long rounds = 5;
    int at = 1;
    if (argc == 4 && strcmp(argv[1], "--rounds") == 0) {
        rounds = strtoul(argv[2], NULL, 10);
        at = 3;
    }
    if (argc != at + 1 || rounds < 1 || rounds > ROUNDS_MAX) {
        (void)fprintf(stderr, "usage: bench_stages [--rounds N] DIRECTORY\n");
        return 2;
    }
    for (size_t i = 0; i < rounds; i++) {
        run_round(argv[at], i, i + 1 == rounds);
    }
    for (unsigned s = 0; s < STAGE_COUNT; s++) {
        qsort(times[s], rounds, sizeof times[s][0], cmp_double);
        (void)printf("%s %.2f\n", stage_names[s], times[s][rounds / 2]);
    }
    return 0;
}
