#include "command.h"
#include "fail.h"
#include "options.h"
#include "screen.h"

#include "footprintd/config/inputs.h"
#include "footprintd/lookup/difference.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* As of diff(1). */
#define DIFF_SAME    0
#define DIFF_DIFFERS 1
#define DIFF_TROUBLE 2

static const char help_text[] =
    "Usage: footprintctl diff [--config FILE] [--json] [--list N] DIR_OLD DIR_NEW\n"
    "\n"
    "Tells what the documents in DIR_NEW would change, where those in DIR_OLD are served: in\n"
    "footprints, network maps and capabilities, and in addresses gained and lost. No server is\n"
    "asked.\n"
    "\n"
    "  --config  the configuration with the databases, limits and guard rails, see\n"
    "            footprintd.yaml(5)\n"
    "  --json    print one JSON object\n"
    "  --list    show the first N of each list (default 20); all are counted\n"
    "  --help    show this text\n"
    "\n"
    "Exit codes: 0 no difference, 1 differences, 2 usage, or data that cannot be read.\n";

typedef struct diff_options {
    const char *config;
    bool json;
    size_t listed;
    const char *directories[2]; /* old, new */
} diff_options_t;

/* One of the two directories. */
typedef struct diff_side {
    store_documents_t documents;
    model_t *model;
    join_index_t *join;
} diff_side_t;

typedef struct diff {
    diff_options_t options;
    config_t config;
    findings_t findings;
    store_databases_t databases;
    diff_side_t sides[2];
    arena_t arena;
    difference_t *difference;
} diff_t;

static int usage_error(const char *text)
{
    (void)fprintf(stderr, "footprintctl: %s; see footprintctl diff --help\n", text);
    return DIFF_TROUBLE;
}

static bool parse_number(const char *text, size_t *out)
{
    size_t value = 0, digits = 0;
    for (; text[digits] >= '0' && text[digits] <= '9' && digits < 7; digits++) {
        value = value * 10 + (size_t)(text[digits] - '0');
    }
    *out = value;
    return value && !text[digits];
}

/* -1 to go on, or the exit code. */
static int parse_options(int argc, char **argv, diff_options_t *options)
{
    static const struct option table[] = {{"config", required_argument, NULL, 'c'},
                                          {"json", no_argument, NULL, 'j'},
                                          {"list", required_argument, NULL, 'l'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    int c;
    while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
        switch (c) {
        case 'c':
            options->config = optarg;
            break;
        case 'j':
            options->json = true;
            break;
        case 'l':
            if (!parse_number(optarg, &options->listed)) {
                return usage_error("--list wants a number from 1 to 9999999");
            }
            break;
        case 'h':
            (void)fputs(help_text, stdout);
            return DIFF_SAME;
        default:
            return options_refused("diff", help_text);
        }
    }
    if (argc - optind != 2) {
        return usage_error("diff wants two directories, the old and the new one");
    }
    options->directories[0] = argv[optind];
    options->directories[1] = argv[optind + 1];
    return -1;
}

/* ---- what is compared ---- */

/* Documents of a directory, with the limits of the configuration. */
static err_t load_side(diff_t *d, unsigned i)
{
    config_t config = d->config; /* borrowed: only the directory is another */
    config.footprints = slice_str(d->options.directories[i]);
    return config_read_model(&config, i ? d->sides[0].model : NULL, &d->sides[i].documents,
                             &d->findings, &d->sides[i].model);
}

static err_t load(diff_t *d)
{
    err_t err = d->options.config ? config_load(d->options.config, &d->config, &d->findings)
                                  : ERR_OK;
    if (err) {
        return err;
    }
    store_databases_options_t options = config_databases(&d->config);
    /* What is wrong with one input does not hide what is wrong with another. */
    err_t errors[3] = {store_databases_load(&options, NULL, &d->databases, &d->findings),
                       load_side(d, 0), load_side(d, 1)};
    for (unsigned i = 0; i < 3; i++) {
        err = err == ERR_NOMEM || !errors[i] ? err : errors[i];
    }
    return err;
}

static err_t compare(diff_t *d)
{
    difference_side_t sides[2];
    for (unsigned i = 0; i < 2; i++) {
        err_t err = join_build(d->sides[i].model, d->databases.attributes, &d->sides[i].join);
        if (err) {
            return err;
        }
        sides[i] = (difference_side_t){d->sides[i].model, d->sides[i].join};
    }
    difference_options_t options = {.listed = d->options.listed,
                                    .address_share = d->config.guard_address_share,
                                    .country_share = d->config.guard_country_share};
    return difference_make(sides[0], sides[1], d->databases.attributes, &options, &d->arena,
                           &d->difference);
}

static int report(const diff_t *d)
{
    buf_t out = BUF_INIT;
    if (d->options.json) {
        difference_write_json(d->difference, &out);
        buf_append_char(&out, '\n');
    } else {
        difference_write_text(d->difference, screen_colours(STDOUT_FILENO), &out);
    }
    bool written = !buf_failed(&out) && fwrite(out.ptr, 1, out.len, stdout) == out.len &&
                   fflush(stdout) == 0;
    buf_release(&out);
    if (!written) {
        (void)fputs("footprintctl: the difference cannot be written\n", stderr);
        return DIFF_TROUBLE;
    }
    return d->difference->same ? DIFF_SAME : DIFF_DIFFERS;
}

static int run(diff_t *d)
{
    err_t err = load(d);
    if (err && err != ERR_NOMEM) {
        findings_sort(&d->findings); /* for their number: repetitions are dropped */
        return ctl_fail_findings(d->options.json, DIFF_TROUBLE, &d->findings,
                                 "there is nothing to compare: %zu error%s", d->findings.errors,
                                 d->findings.errors == 1 ? "" : "s");
    }
    err = err ? err : compare(d);
    if (err) {
        (void)fprintf(stderr, "footprintctl: %s\n", err_text(err));
        return DIFF_TROUBLE;
    }
    return report(d);
}

int ctl_diff_run(int argc, char **argv)
{
    diff_t d = {0};
    int code = parse_options(argc, argv, &d.options);
    if (code >= 0) {
        return code;
    }
    config_init(&d.config);
    findings_init(&d.findings, 0);
    arena_init(&d.arena, 0);
    for (unsigned i = 0; i < 2; i++) {
        store_documents_init(&d.sides[i].documents);
    }
    code = run(&d);
    for (unsigned i = 0; i < 2; i++) {
        join_free(d.sides[i].join);
        model_free(d.sides[i].model);
    }
    arena_release(&d.arena);
    store_databases_release(&d.databases);
    findings_release(&d.findings);
    for (unsigned i = 0; i < 2; i++) {
        store_documents_release(&d.sides[i].documents);
    }
    config_release(&d.config);
    return code;
}
