/*
 * Rebuilds with databases, in one process.
 *
 * usage: bench_rebuild [--rounds N] [--trim] DIRECTORY [COUNTRY|- [CITY|- [ASN|-]]]
 * First offline: from databases and documents on disk to a snapshot. Then, as a server does while
 * it serves, with the old snapshot alive: N times a document's edit (databases unchanged), and N
 * times a change of databases. Prints lines "name value": median milliseconds (of processor time
 * for stages and whole_cpu_ms; by the clock for whole_ms) and peaks in KiB.
 * --trim gives memory back to the system after each rebuild, to tell what is in use from what
 * malloc keeps.
 */
#include "footprintd/snapshot/snapshot.h"
#include "footprintd/store/databases.h"
#include "footprintd/store/directory.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

typedef enum stage {
    STAGE_DATABASES, /* read, verified, made into attributes */
    STAGE_READ,      /* the directory */
    STAGE_MODEL,
    STAGE_JOIN, /* alone: the snapshot makes its own */
    STAGE_SNAPSHOT,
    STAGE_FREE, /* the snapshot before */
} stage_t;
#define STAGE_COUNT 6
#define ROUNDS_MAX  99

static const char *const stage_names[STAGE_COUNT] = {"databases_ms", "read_ms",     "model_ms",
                                                     "join_ms",      "snapshot_ms", "free_ms"};

/* What a kind of rebuild took: times of stages, and from the first to the snapshot. */
typedef struct series {
    const char *name;
    double stage[STAGE_COUNT][ROUNDS_MAX];
    double whole[ROUNDS_MAX];
    double whole_cpu[ROUNDS_MAX];
    size_t rounds;
} series_t;

static void fail(const char *what, err_t err)
{
    (void)fprintf(stderr, "bench_rebuild: %s: %s\n", what, err_text(err));
    exit(1);
}

static double clock_ms(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static double now_ms(void)
{
    return clock_ms(CLOCK_PROCESS_CPUTIME_ID);
}

static long peak_kib(void)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

static void load_databases(const store_databases_options_t *options, store_databases_t *out)
{
    findings_t findings;
    findings_init(&findings, 0);
    err_t err = store_databases_load(options, NULL, out, &findings);
    if (err) {
        fail("databases", err);
    }
    findings_release(&findings);
}

/* A model of the directory; times of reading it and of making the model. */
static model_t *make_model(const char *directory, double *read_ms, double *model_ms)
{
    findings_t findings;
    findings_init(&findings, 0);
    store_documents_t documents;
    store_documents_init(&documents);
    double begin = now_ms();
    err_t err = store_directory_read(directory, &(store_limits_t){0}, &documents, &findings);
    model_source_t *sources = calloc(documents.count + 1, sizeof *sources);
    if (err || !sources) {
        fail(directory, err ? err : ERR_NOMEM);
    }
    for (size_t i = 0; i < documents.count; i++) {
        const store_document_t *d = &documents.items[i];
        sources[i] = (model_source_t){d->name, d->format, d->bytes};
    }
    double have = now_ms();
    model_t *model = NULL;
    err = model_build(sources, documents.count, NULL, &findings, &model);
    if (err) {
        fail("model", err);
    }
    *model_ms = now_ms() - have;
    *read_ms = have - begin;
    free(sources);
    store_documents_release(&documents);
    findings_release(&findings);
    return model;
}

/*
 * One rebuild; *slot is the snapshot that is served, *databases what it was made with. With
 * `options`, databases are loaded anew.
 */
static void rebuild(const char *directory, const store_databases_options_t *options,
                    store_databases_t *databases, snapshot_t **slot, series_t *s)
{
    size_t round = s->rounds++;
    store_databases_t fresh = {0};
    double clock = clock_ms(CLOCK_MONOTONIC), begin = now_ms();
    if (options) {
        load_databases(options, &fresh);
    }
    s->stage[STAGE_DATABASES][round] = now_ms() - begin;
    model_t *model = make_model(directory, &s->stage[STAGE_READ][round],
                                &s->stage[STAGE_MODEL][round]);
    double made = now_ms();
    snapshot_options_t how = {.attributes = options ? fresh.attributes : databases->attributes};
    uint64_t generation = *slot ? snapshot_generation(*slot) + 1 : 1;
    snapshot_t *snapshot = NULL;
    err_t err = snapshot_build_take(model, &how, *slot, generation, &snapshot);
    if (err) {
        fail("snapshot", err);
    }
    double end = now_ms();
    s->stage[STAGE_SNAPSHOT][round] = end - made;
    s->whole_cpu[round] = end - begin;
    s->whole[round] = clock_ms(CLOCK_MONOTONIC) - clock;
    snapshot_unref(*slot);
    *slot = snapshot;
    if (options) {
        store_databases_release(databases);
        *databases = fresh;
    }
    s->stage[STAGE_FREE][round] = now_ms() - end;
}

static void time_join(const snapshot_t *snapshot, const store_databases_t *databases, series_t *s)
{
    for (size_t i = 0; i < s->rounds; i++) {
        join_index_t *index = NULL;
        double begin = now_ms();
        err_t err = join_build(snapshot_model(snapshot), databases->attributes, &index);
        if (err) {
            fail("join", err);
        }
        s->stage[STAGE_JOIN][i] = now_ms() - begin;
        join_free(index);
    }
}

static int cmp_double(const void *x, const void *y)
{
    double a = *(const double *)x, b = *(const double *)y;
    return a < b ? -1 : a > b;
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, cmp_double);
    return values[count / 2];
}

static void print_series(series_t *s)
{
    for (unsigned i = 0; i < STAGE_COUNT; i++) {
        (void)printf("%s:%s %.2f\n", s->name, stage_names[i], median(s->stage[i], s->rounds));
    }
    (void)printf("%s:whole_ms %.2f\n", s->name, median(s->whole, s->rounds));
    (void)printf("%s:whole_cpu_ms %.2f\n", s->name, median(s->whole_cpu, s->rounds));
}

static void print_counts(const snapshot_t *snapshot)
{
    const join_index_t *join = snapshot_join(snapshot);
    const attributes_t *attributes = snapshot_attributes(snapshot);
    (void)printf("prefixes %zu\nfootprint_sets %zu\nclasses %zu\nanswers %zu\nmembers %u\n",
                 join->stats.prefixes, join->set_count, join->stats.classes, join->answer_count,
                 join->answer_offsets[join->answer_count]);
    (void)printf("ranges4 %zu\nranges6 %zu\ntable4_bytes %zu\ntable6_bytes %zu\n",
                 join->ranges[FAMILY_IPV4].count, join->ranges[FAMILY_IPV6].count,
                 trie_bytes(&join->table4.t), trie_bytes(&join->table6.t));
    (void)printf("attributes_bytes %zu\npropmap_bytes %zu\n",
                 attributes ? attributes_table_bytes(attributes) : 0,
                 snapshot_view_public(snapshot)->propmap_bytes);
}

static void give_back(bool trim)
{
    if (trim) {
        (void)malloc_trim(0);
    }
}

static size_t arguments(int argc, char **argv, int *at, bool *trim)
{
    size_t rounds = 3;
    for (*at = 1; *at < argc && argv[*at][0] == '-' && argv[*at][1]; (*at)++) {
        if (strcmp(argv[*at], "--trim") == 0) {
            *trim = true;
        } else if (strcmp(argv[*at], "--rounds") == 0 && *at + 1 < argc) {
            rounds = strtoul(argv[++*at], NULL, 10);
        } else {
            rounds = 0;
        }
    }
    return *at < argc && argc <= *at + 1 + ATTRIBUTE_SOURCE_COUNT && rounds <= ROUNDS_MAX ? rounds
                                                                                          : 0;
}

int main(int argc, char **argv)
{
    static series_t offline = {.name = "offline"}, edit = {.name = "edit"}, swap = {.name = "swap"};
    int at;
    bool trim = false;
    size_t rounds = arguments(argc, argv, &at, &trim);
    if (!rounds) {
        (void)fprintf(stderr, "usage: bench_rebuild [--rounds N] [--trim] DIRECTORY "
                              "[COUNTRY|- [CITY|- [ASN|-]]]\n");
        return 2;
    }
    store_databases_options_t options = {0};
    for (int i = at + 1; i < argc; i++) {
        options.paths[i - at - 1] = strcmp(argv[i], "-") == 0 ? NULL : argv[i];
    }
    store_databases_t databases = {0};
    snapshot_t *snapshot = NULL;
    rebuild(argv[at], &options, &databases, &snapshot, &offline);
    (void)printf("offline:peak_kib %ld\n", peak_kib());
    give_back(trim);
    for (size_t i = 0; i < rounds; i++) {
        rebuild(argv[at], NULL, &databases, &snapshot, &edit);
        give_back(trim);
        if (i == 0) {
            (void)printf("edit:first_peak_kib %ld\n", peak_kib());
        }
    }
    (void)printf("edit:peak_kib %ld\n", peak_kib());
    for (size_t i = 0; i < rounds; i++) {
        rebuild(argv[at], &options, &databases, &snapshot, &swap);
        give_back(trim);
    }
    (void)printf("swap:peak_kib %ld\n", peak_kib());
    time_join(snapshot, &databases, &edit);
    print_counts(snapshot);
    print_series(&offline);
    print_series(&edit);
    print_series(&swap);
    snapshot_unref(snapshot);
    store_databases_release(&databases);
    return 0;
}
