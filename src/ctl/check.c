#include "command.h"
#include "options.h"
#include "screen.h"

#include "footprintd/base/time.h"
#include "footprintd/model/model.h"
#include "footprintd/store/directory.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char help_text[] =
    "Usage: footprintctl check [--json] [--strict] DIR\n"
    "\n"
    "Validates the footprint documents of a directory, as footprintd would read them.\n"
    "\n"
    "  --json    print one JSON object with all findings\n"
    "  --strict  exit with 1 for warnings too\n"
    "  --help    show this text\n"
    "\n"
    "Exit codes: 0 no errors, 1 errors, 2 usage or a directory that cannot be read.\n";

typedef struct check_options {
    bool json;
    bool strict;
    const char *dir;
} check_options_t;

/* -1 to go on, or the exit code. */
static int parse_options(int argc, char **argv, check_options_t *options)
{
    static const struct option table[] = {{"json", no_argument, NULL, 'j'},
                                          {"strict", no_argument, NULL, 's'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    *options = (check_options_t){0};
    int c;
    while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
        switch (c) {
        case 'j':
            options->json = true;
            break;
        case 's':
            options->strict = true;
            break;
        case 'h':
            (void)fputs(help_text, stdout);
            return CTL_FINE;
        default:
            return options_refused("check", help_text);
        }
    }
    if (optind + 1 != argc) {
        (void)fputs("footprintctl: check wants one directory; see footprintctl check --help\n",
                    stderr);
        return CTL_USAGE;
    }
    options->dir = argv[optind];
    return -1;
}

/* Findings of all documents that can be read. */
static err_t check_documents(const store_documents_t *documents, findings_t *findings)
{
    model_source_t *sources = calloc(documents->count + 1, sizeof *sources);
    if (!sources) {
        return ERR_NOMEM;
    }
    size_t count = store_sources(documents, sources);
    model_options_t options = {.limits = doc_limits_default, .now = moment_now()};
    model_t *model = NULL;
    err_t err = model_build(sources, count, &options, findings, &model);
    free(sources);
    if (!err) {
        model_free(model);
    }
    return err == ERR_DATA ? ERR_OK : err;
}

/* The place in bold, the severity in its colour. */
static void append_coloured(const finding_t *finding, slice_t line, buf_t *out)
{
    bool error = finding_infos[finding->code].severity == SEVERITY_ERROR;
    slice_t word = error ? SLICE_LIT(": error: ") : SLICE_LIT(": warning: ");
    size_t from = finding->place.file.len < line.len ? finding->place.file.len : 0;
    const char *at = memmem(line.ptr + from, line.len - from, word.ptr, word.len);
    if (!at) {
        buf_append_slice(out, line);
        return;
    }
    size_t place = (size_t)(at - line.ptr);
    buf_printf(out, "\033[1m%.*s:\033[0m \033[1;%dm%.*s\033[0m", (int)place, line.ptr,
               error ? 31 : 33, (int)word.len - 3, word.ptr + 2);
    buf_append(out, at + word.len - 1, line.len - place - word.len + 1);
}

static void append_text(const findings_t *findings, size_t documents, buf_t *out)
{
    bool colours = screen_colours(STDOUT_FILENO);
    buf_t line = BUF_INIT;
    for (size_t i = 0; i < findings->count; i++) {
        buf_clear(&line);
        finding_format(&findings->items[i], &line);
        if (colours) {
            append_coloured(&findings->items[i], buf_slice(&line), out);
        } else {
            buf_append_slice(out, buf_slice(&line));
        }
        buf_append_char(out, '\n');
    }
    buf_release(&line);
    size_t found = findings->errors + findings->warnings;
    if (found > findings->count) {
        buf_printf(out, "%zu findings, the first %zu are shown\n", found, findings->count);
    }
    buf_printf(out, "%zu error%s, %zu warning%s in %zu document%s\n", findings->errors,
               findings->errors == 1 ? "" : "s", findings->warnings,
               findings->warnings == 1 ? "" : "s", documents, documents == 1 ? "" : "s");
}

static int report(const check_options_t *options, findings_t *findings, size_t documents)
{
    buf_t out = BUF_INIT;
    findings_sort(findings);
    if (options->json) {
        findings_write_json(findings, &out);
        buf_append_char(&out, '\n');
    } else {
        append_text(findings, documents, &out);
    }
    bool written = !buf_failed(&out) && fwrite(out.ptr, 1, out.len, stdout) == out.len &&
                   fflush(stdout) == 0;
    buf_release(&out);
    if (!written) {
        (void)fputs("footprintctl: the findings cannot be written\n", stderr);
        return CTL_USAGE;
    }
    bool refused = findings->errors || (options->strict && findings->warnings);
    return refused ? CTL_REFUSED : CTL_FINE;
}

int ctl_check_run(int argc, char **argv)
{
    check_options_t options;
    int code = parse_options(argc, argv, &options);
    if (code >= 0) {
        return code;
    }
    findings_t findings;
    findings_init(&findings, 0);
    store_documents_t documents;
    store_documents_init(&documents);
    err_t err = store_directory_read(options.dir, NULL, &documents, &findings);
    bool readable = err == ERR_OK || err == ERR_DATA;
    if (readable) {
        err = check_documents(&documents, &findings);
    }
    if (err == ERR_NOMEM) {
        (void)fprintf(stderr, "footprintctl: %s\n", err_text(err));
        code = CTL_REFUSED;
    } else {
        code = report(&options, &findings, documents.count - documents.data_count);
        code = readable ? code : CTL_USAGE;
    }
    findings_release(&findings);
    store_documents_release(&documents);
    return code;
}
