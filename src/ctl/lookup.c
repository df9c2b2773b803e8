#include "command.h"
#include "fail.h"
#include "lines.h"
#include "lookup_forms.h"
#include "options.h"
#include "screen.h"

#include "footprintd/base/suggest.h"
#include "footprintd/config/inputs.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* So many arguments get near misses without being asked. */
#define WHY_ARGUMENTS 8
#define OUTPUT_BYTES  ((size_t)256 << 10)
/* Of an address that is none, in its error. */
#define SHOWN_MAX 60

static const char help_text[] =
    "Usage: footprintctl lookup --config FILE [--json | --brief] [--why[=FOOTPRINT]]\n"
    "           [ADDR|PREFIX...]\n"
    "\n"
    "Tells which footprints and capabilities addresses have, and which document says so, by the\n"
    "documents and databases of a configuration; of a prefix, how its addresses fall apart. No\n"
    "server is asked. Without arguments, addresses are read from standard input, one a line.\n"
    "\n"
    "  --config  the configuration, see footprintd.yaml(5)\n"
    "  --json    print one JSON object a line for each address or prefix\n"
    "  --brief   print one line for each address, with tabs between its columns\n"
    "  --why     tell what nearly covers an address and why it does not, or why FOOTPRINT does "
    "not\n"
    "  --help    show this text\n"
    "\n"
    "Exit codes: 0 fine, 1 malformed addresses, or configuration or data refused, 2 usage.\n";

typedef struct lookup_options {
    const char *config;
    const char *footprint; /* of --why; NULL: all that are near */
    bool why;
    bool json;
    bool brief;
} lookup_options_t;

typedef struct lookup {
    lookup_options_t options;
    config_t config;
    findings_t findings;
    store_documents_t documents;
    store_databases_t databases;
    lookup_engine_t *engine;
    report_t report;
    report_write_t *write;
    err_t err;       /* the first one that ends everything */
    bool unwritable; /* standard output */
    bool malformed;  /* some address */
    uint64_t answered;
    screen_wait_t wait; /* where the answers do not run over the terminal themselves */
} lookup_t;

static int usage_error(const char *text)
{
    (void)fprintf(stderr, "footprintctl: %s; see footprintctl lookup --help\n", text);
    return CTL_USAGE;
}

/* -1 to go on, or the exit code. */
static int parse_options(int argc, char **argv, lookup_options_t *options)
{
    static const struct option table[] = {
        {"config", required_argument, NULL, 'c'}, {"json", no_argument, NULL, 'j'},
        {"brief", no_argument, NULL, 'b'},        {"why", optional_argument, NULL, 'w'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0}};
    *options = (lookup_options_t){0};
    int c;
    while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
        switch (c) {
        case 'c':
            options->config = optarg;
            break;
        case 'j':
            options->json = true;
            break;
        case 'b':
            options->brief = true;
            break;
        case 'w':
            options->why = true;
            options->footprint = optarg;
            break;
        case 'h':
            (void)fputs(help_text, stdout);
            return CTL_FINE;
        default:
            return options_refused("lookup", help_text);
        }
    }
    if (!options->config) {
        return usage_error("lookup wants --config FILE");
    }
    if (options->brief && (options->json || options->why)) {
        return usage_error("--brief goes with neither --json nor --why");
    }
    return -1;
}

/* ---- what it answers from ---- */

static err_t load(lookup_t *l)
{
    err_t err = config_load(l->options.config, &l->config, &l->findings);
    if (err) {
        return err;
    }
    store_databases_options_t options = config_databases(&l->config);
    err_t databases = store_databases_load(&options, NULL, &l->databases, &l->findings);
    model_t *model = NULL;
    err = databases == ERR_NOMEM
              ? databases
              : config_read_model(&l->config, NULL, &l->documents, &l->findings, &model);
    if (err || databases) {
        model_free(model);
        return err ? err : databases;
    }
    return lookup_engine_new_take(model, l->databases.attributes, &l->engine);
}

/* What is odd about the databases; all other warnings are for check and --check-config. */
static void warn(lookup_t *l, time_t now)
{
    findings_release(&l->findings);
    findings_init(&l->findings, 0);
    store_databases_check(l->databases.attributes, l->config.geoip_max_age_days, now, &l->findings);
    findings_sort(&l->findings);
    ctl_tell_findings(&l->findings, true);
}

/* -1 to go on, or the exit code. */
static int find_footprint(lookup_t *l)
{
    if (!l->options.footprint) {
        return -1;
    }
    slice_t name = slice_str(l->options.footprint);
    const model_t *m = l->engine->model;
    suggest_t near;
    suggest_init(&near, name);
    for (size_t i = 0; i < m->footprint_count; i++) {
        if (slice_eq(m->footprints[i].name, name)) {
            l->report.why_one = true;
            l->report.only = (uint32_t)i;
            return -1;
        }
        suggest_offer(&near, m->footprints[i].name);
    }
    const char *lead = near.best.ptr ? " (did you mean '" : "", *end = near.best.ptr ? "'?)" : "";
    return ctl_fail(l->options.json, CTL_REFUSED, "no-footprint",
                    "no document defines footprint '%s'%s%.*s%s", l->options.footprint, lead,
                    SLICE_ARG(near.best.ptr ? near.best : SLICE_LIT("")), end);
}

/* ---- addresses ---- */

static void flush(void *arg)
{
    lookup_t *l = arg;
    buf_t *out = &l->report.out;
    if (out->len && !buf_failed(out) &&
        (fwrite(out->ptr, 1, out->len, stdout) != out->len || fflush(stdout) != 0)) {
        l->unwritable = true;
    }
    out->len = 0;
}

static slice_t trimmed(slice_t s)
{
    while (s.len && (s.ptr[0] == ' ' || s.ptr[0] == '\t')) {
        s.ptr++;
        s.len--;
    }
    while (s.len &&
           (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t' || s.ptr[s.len - 1] == '\r')) {
        s.len--;
    }
    return s;
}

static void malformed(lookup_t *l, const char *what, uint64_t number, slice_t text)
{
    slice_t shown = utf8_truncate(text, SHOWN_MAX);
    prefix_t prefix;
    bool is_prefix = prefix_parse(text, &prefix, NULL) == ERR_OK;
    flush(l); /* what was asked before stands before */
    screen_wait_end(&l->wait);
    (void)ctl_fail(l->options.json, CTL_REFUSED, "bad-address", "%s %llu: '%.*s%s' is %s", what,
                   (unsigned long long)number, SLICE_ARG(shown), text.len > SHOWN_MAX ? "..." : "",
                   is_prefix ? "a prefix; --brief wants addresses"
                             : "neither an IP address nor a prefix");
    l->malformed = true;
}

/* False when nothing more can be done. */
static bool answer(lookup_t *l, const char *what, uint64_t number, slice_t text)
{
    addr_t addr;
    prefix_t prefix;
    bool host_bits;
    if (!addr_parse(text, &addr)) {
        l->err = l->write(&l->report, &addr);
    } else if (!l->options.brief && !prefix_parse(text, &prefix, &host_bits)) {
        l->err = l->options.json ? report_json_prefix(&l->report, &prefix, host_bits)
                                 : report_text_prefix(&l->report, &prefix, host_bits);
    } else {
        malformed(l, what, number, text);
        return true;
    }
    if (!l->err && l->report.out.len >= OUTPUT_BYTES) {
        flush(l);
    }
    if (++l->answered % 1024 == 0 && screen_wait_due(&l->wait)) {
        screen_wait_tell(&l->wait, "%llu addresses", (unsigned long long)l->answered);
    }
    return !l->err && !l->unwritable;
}

static void answer_lines(lookup_t *l)
{
    lines_t *lines = malloc(sizeof *lines);
    slice_t line;
    if (!lines) {
        l->err = ERR_NOMEM;
        return;
    }
    lines_init(lines, STDIN_FILENO);
    while (lines_next(lines, flush, l, &line)) {
        line = trimmed(line);
        if (line.len && !answer(l, "line", lines->number, line)) {
            break;
        }
    }
    if (lines->failed) {
        flush(l);
        (void)ctl_fail(l->options.json, CTL_REFUSED, "unreadable",
                       "standard input cannot be read: %s", strerrordesc_np(errno));
        l->malformed = true;
    }
    free(lines);
}

static int answer_all(lookup_t *l, int argc, char **argv)
{
    l->write = l->options.json ? report_json : l->options.brief ? report_brief : report_text;
    l->report.why = !l->options.brief && (l->options.why || (argc > 0 && argc <= WHY_ARGUMENTS));
    int code = find_footprint(l);
    if (code >= 0) {
        return code;
    }
    if (!isatty(STDOUT_FILENO)) {
        screen_wait_begin(&l->wait);
    }
    if (argc == 0) {
        answer_lines(l);
    }
    for (int i = 0; i < argc && answer(l, "argument", (uint64_t)i + 1, slice_str(argv[i])); i++) {
    }
    if (l->write == report_text && !l->err) {
        report_text_end(&l->report);
        l->err = buf_failed(&l->report.out) ? ERR_NOMEM : ERR_OK;
    }
    screen_wait_end(&l->wait);
    flush(l);
    if (l->unwritable) {
        (void)fputs("footprintctl: the answers cannot be written\n", stderr);
        return CTL_USAGE;
    }
    return l->malformed ? CTL_REFUSED : CTL_FINE;
}

static int run(lookup_t *l, int argc, char **argv)
{
    time_t now = time(NULL);
    l->err = load(l);
    if (l->err && l->err != ERR_NOMEM) {
        findings_sort(&l->findings); /* for their number: repetitions are dropped */
        return ctl_fail_findings(l->options.json, CTL_REFUSED, &l->findings,
                                 "there is nothing to answer from: %zu error%s", l->findings.errors,
                                 l->findings.errors == 1 ? "" : "s");
    }
    if (!l->err) {
        warn(l, now);
    }
    l->err = l->err ? l->err : report_init(&l->report, l->engine, l->config.footprints.ptr, now);
    int code = l->err ? CTL_REFUSED : answer_all(l, argc, argv);
    if (l->err) {
        (void)fprintf(stderr, "footprintctl: %s\n", err_text(l->err));
        return CTL_REFUSED;
    }
    return code;
}

int ctl_lookup_run(int argc, char **argv)
{
    lookup_t l = {0};
    int code = parse_options(argc, argv, &l.options);
    if (code >= 0) {
        return code;
    }
    config_init(&l.config);
    findings_init(&l.findings, 0);
    store_documents_init(&l.documents);
    arena_init(&l.report.cache.arena, 0);
    code = run(&l, argc - optind, argv + optind);
    report_release(&l.report);
    lookup_engine_free(l.engine);
    store_databases_release(&l.databases);
    findings_release(&l.findings);
    store_documents_release(&l.documents);
    config_release(&l.config);
    return code;
}
