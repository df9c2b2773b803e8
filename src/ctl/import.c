#include "command.h"

#include "change.h"
#include "fail.h"
#include "footprintd/base/time.h"
#include "import_out.h"

#include <stdio.h>
#include <stdlib.h>

static const char help_text[] =
    "Usage: footprintctl import [--from FORMAT] [--by PLACE] [--footprint FOOTPRINT]\n"
    "           [--aggregate] [--skip] [--name NAME] [--output FILE|DIR] [--apply]\n"
    "           [--message TEXT] [--yes] [--dry-run] [--server URL] [--token-file FILE]\n"
    "           [--cacert FILE] [--cert FILE] [--key FILE] [--json] FILE\n"
    "\n"
    "Makes a footprint document of foreign data, and shows it; writes it, or puts it on a server.\n"
    "FILE may be -, which is standard input.\n"
    "\n"
    "  --from        csv, geofeed, prefixes, advertisement or bundle; default: what it looks like\n"
    "  --by          of a geofeed: a footprint for each country (default) or region, or none: one\n"
    "                for all\n"
    "  --footprint   the name of the footprint, or the beginning of their names\n"
    "  --aggregate   merge prefixes into the fewest that say the same\n"
    "  --skip        leave out what is bad, and go on\n"
    "  --name        the name of the document; default: that of FILE, with .yaml\n"
    "  --output      write the document to this file, or in this directory\n"
    "  --apply       put the document on a server\n"
    "  --dry-run     tell what that would be, and change nothing; so does --server alone\n"
    "  --message     what the history says of it; also -m\n"
    "  --yes         replace a file that import did not make; make the change even where the "
    "guard\n"
    "                rails ask for a confirmation\n" REMOTE_HELP_SERVER
    "  --json        print JSON: what was imported and, behind it, the server's answer\n"
    "  --help        show this text\n"
    "\n"
    "Exit codes: 0 fine, 1 refused, and nothing is written or changed, 2 usage, a file that "
    "cannot\n"
    "be read or written, or no connection.\n";

typedef struct import {
    change_options_t change;
    const char *path;
    const char *from; /* NULL: to be guessed */
    const char *by;
    const char *footprint, *name, *output;
    bool apply;
    buf_t text; /* of the source */
    import_data_t data;
    import_progress_t progress;
} import_t;

/* ---- names ---- */

static bool choose_names(import_t *i)
{
    import_data_t *d = &i->data;
    bool fine = import_choose_names(d, i->path, i->name);
    bool one = d->format == IMPORT_PREFIXES ||
               (d->format == IMPORT_GEOFEED && d->by == IMPORT_BY_NONE);
    d->footprint = i->footprint ? slice_str(i->footprint)
                   : one        ? import_sane_name(&d->arena, import_stem(d->name))
                                : SLICE_LIT("");
    return fine && d->footprint.ptr;
}

/* ---- the source ---- */

static int choose_format(import_t *i)
{
    for (unsigned f = 0; i->from && f < IMPORT_FORMAT_COUNT; f++) {
        if (slice_is(slice_str(i->from), import_format_names[f])) {
            i->data.format = (import_format_t)f;
            return -1;
        }
    }
    if (!i->text.len) {
        return -1; /* which is told as such */
    }
    if (!import_guess(buf_slice(&i->text), &i->data.format)) {
        slice_t text = buf_slice(&i->text);
        return import_clean(&i->data, &text)
                   ? remote_usage("import", "%s: its format cannot be told: --from is needed",
                                  i->path)
                   : -1;
    }
    if (!i->change.remote.json) {
        (void)fprintf(stderr, "footprintctl: %s looks like --from %s\n", i->path,
                      import_format_names[i->data.format]);
    }
    return -1;
}

static int read_source(import_t *i)
{
    buf_t why = BUF_INIT;
    err_t err = import_read(i->path, &i->text, &why);
    if (err == ERR_NOMEM) {
        buf_release(&why);
        return import_nomem();
    }
    if (err) {
        (void)ctl_fail(i->change.remote.json, CTL_USAGE, "unreadable", "%s %.*s", i->path,
                       SLICE_ARG(buf_slice(&why)));
    }
    buf_release(&why);
    return err ? CTL_USAGE : choose_format(i);
}

/* ---- what comes of it ---- */

static bool on_server(const import_t *i)
{
    return i->apply || i->change.dry_run || i->change.remote.server;
}

static int put_on_server(import_t *i)
{
    import_data_t *d = &i->data;
    remote_t r;
    buf_t body = BUF_INIT;
    change_document_t *documents = calloc(d->document_count + 1, sizeof *documents);
    if (!documents) {
        return import_nomem();
    }
    for (size_t k = 0; k < d->document_count; k++) {
        documents[k] = (change_document_t){.name = d->documents[k].name,
                                           .text = buf_slice(&d->documents[k].text)};
    }
    i->change.dry_run = !i->apply;
    int code = remote_open(&r, &i->change.remote);
    code = code >= 0 ? code : change_take_etags(documents, d->document_count, &d->arena, &r);
    if (code < 0) {
        change_write_documents(documents, d->document_count, &body);
        change_write_end(&i->change, &body);
        code = change_send(&r, &i->change, "/v1/changes", &body);
    }
    remote_release(&r);
    buf_release(&body);
    free(documents);
    return code;
}

static int run(import_t *i)
{
    import_data_t *d = &i->data;
    bool json = i->change.remote.json;
    import_progress_begin(&i->progress, d);
    bool fine = import_run(d, buf_slice(&i->text));
    import_progress_end(&i->progress);
    if (d->failed) {
        return import_nomem();
    }
    bool shown = !i->output && !on_server(i);
    int code = import_tell(d, json, fine && shown);
    if (code != CTL_FINE || !fine) {
        return code == CTL_FINE ? CTL_REFUSED : code;
    }
    if (i->output) {
        return import_write(d, i->output, i->change.yes);
    }
    return on_server(i) ? put_on_server(i) : CTL_FINE;
}

/* ---- the command line ---- */

static int option(import_t *i, int c)
{
    switch (c) {
    case 'f':
        i->from = optarg;
        return -1;
    case 'b':
        i->by = optarg;
        return -1;
    case 'p':
        i->footprint = optarg;
        return import_name_valid(slice_str(optarg)) && strlen(optarg) <= 40
                   ? -1
                   : remote_usage("import", "--footprint wants 1 to 40 of A-Z a-z 0-9 - _ : @, and "
                                            "not 'everywhere'");
    case 'a':
        i->data.aggregate = true;
        return -1;
    case 's':
        i->data.skip = true;
        return -1;
    case 'n':
        i->name = optarg;
        return -1;
    case 'o':
        i->output = optarg;
        return -1;
    case 'A':
        i->apply = true;
        return -1;
    default:
        return change_option(&i->change, c, "import", help_text);
    }
}

static int find_word(const char *what, const char *word, const char *const *words, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        if (slice_is(slice_str(word), words[k])) {
            return (int)k;
        }
    }
    (void)remote_usage("import", "there is no %s '%s'", what, word);
    return -1;
}

static int check_options(import_t *i)
{
    static const char *const places[] = {"country", "region", "none"};
    if (i->from && find_word("--from", i->from, import_format_names, IMPORT_FORMAT_COUNT) < 0) {
        return CTL_USAGE;
    }
    int by = i->by ? find_word("--by", i->by, places, 3) : 0;
    if (by < 0) {
        return CTL_USAGE;
    }
    i->data.by = (import_by_t)by;
    if (i->apply && i->change.dry_run) {
        return remote_usage("import", "--apply and --dry-run exclude one another");
    }
    if (i->output && on_server(i)) {
        return remote_usage("import", "the document goes to a file or to a server, not both");
    }
    return import_check_name("import", i->name);
}

static int parse(import_t *i, int argc, char **argv)
{
    static const struct option table[] = {{"from", required_argument, NULL, 'f'},
                                          {"by", required_argument, NULL, 'b'},
                                          {"footprint", required_argument, NULL, 'p'},
                                          {"aggregate", no_argument, NULL, 'a'},
                                          {"skip", no_argument, NULL, 's'},
                                          {"name", required_argument, NULL, 'n'},
                                          {"output", required_argument, NULL, 'o'},
                                          {"apply", no_argument, NULL, 'A'},
                                          CHANGE_OPTIONS,
                                          {NULL, 0, NULL, 0}};
    int c;
    while ((c = getopt_long(argc, argv, "m:", table, NULL)) != -1) {
        int code = option(i, c);
        if (code >= 0) {
            return code;
        }
    }
    if (argc - optind != 1) {
        return remote_usage("import", "import wants one file");
    }
    i->path = argv[optind];
    return check_options(i);
}

int ctl_import_run(int argc, char **argv)
{
    import_t i = {.path = NULL};
    import_data_init(&i.data);
    i.data.now = moment_now();
    int code = parse(&i, argc, argv);
    code = code >= 0 ? code : read_source(&i);
    if (code < 0) {
        code = choose_names(&i) ? run(&i) : import_nomem();
    }
    import_data_release(&i.data);
    buf_release(&i.text);
    return code;
}
