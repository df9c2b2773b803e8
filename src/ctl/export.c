#include "command.h"

#include "export_merge.h"
#include "footprintd/base/time.h"
#include "footprintd/store/directory.h"
#include "remote.h"
#include "watch.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const char help_text[] =
    "Usage: footprintctl export [--format FORMAT] [--output FILE] [--single|--bundle] DIR\n"
    "       footprintctl export [--format FORMAT] [--output FILE] [--single|--bundle]\n"
    "           [--server URL] [--token-file FILE] [--cacert FILE] [--cert FILE] [--key FILE]\n"
    "           [--generation N]\n"
    "\n"
    "Writes all footprint documents of a directory, or of a server, as one document that means "
    "the\n"
    "same. Where one cannot say it, because of an audience or an advertisement, it is a bundle of\n"
    "documents, for footprintctl import.\n"
    "\n"
    "  --format      yaml or json; default: by the name of the file, else yaml\n"
    "  --output      write to this file, at once or not at all; default: standard output\n"
    "  --single      one document, or nothing\n"
    "  --bundle      a bundle, with the documents and names that there are\n"
    "  --generation  the documents of this generation; default: the latest\n" REMOTE_HELP_SERVER
    "  --help        show this text\n"
    "\n"
    "Exit codes: 0 fine, 1 there is nothing that could be exported, 2 usage, or no connection.\n";

#define DOCUMENT_BYTES ((size_t)64 << 20) /* what a server reads */

typedef struct export
{
    remote_options_t remote;
    const char *generation;
    const char *format; /* NULL: by the name */
    const char *output; /* NULL: standard output */
    const char *dir;    /* NULL: a server */
    bool single, bundle;
    export_set_t set;
    store_documents_t documents;
}
export_t;

static int nomem(void)
{
    (void)fprintf(stderr, "footprintctl: %s\n", err_text(ERR_NOMEM));
    return CTL_USAGE;
}

/* ---- the documents of a directory ---- */

static void tell_errors(export_t *e)
{
    buf_t line = BUF_INIT;
    findings_sort(&e->set.findings);
    for (size_t i = 0; i < e->set.findings.count; i++) {
        if (finding_infos[e->set.findings.items[i].code].severity == SEVERITY_ERROR) {
            buf_clear(&line);
            finding_format(&e->set.findings.items[i], &line);
            (void)fprintf(stderr, "%.*s\n", SLICE_ARG(buf_slice(&line)));
        }
    }
    buf_release(&line);
    (void)fprintf(stderr, "footprintctl: nothing is exported: %zu error%s\n",
                  e->set.findings.errors, e->set.findings.errors == 1 ? "" : "s");
}

static int read_directory(export_t *e)
{
    err_t err = store_directory_read(e->dir, NULL, &e->documents, &e->set.findings);
    for (size_t i = 0; !err && i < e->documents.count; i++) {
        const store_document_t *d = &e->documents.items[i];
        err = export_set_add(&e->set, d->file, d->name, d->bytes);
    }
    if (err == ERR_NOMEM) {
        return nomem();
    }
    if (err) {
        tell_errors(e);
        return err == ERR_IO ? CTL_USAGE : CTL_REFUSED;
    }
    return -1;
}

/* ---- the documents of a server ---- */

static int bad_answer(void)
{
    (void)fputs("footprintctl: the answer of the server cannot be used\n", stderr);
    return CTL_USAGE;
}

static int keep(export_t *e, slice_t name, slice_t text)
{
    slice_t kept_name = arena_copy(&e->set.arena, name);
    slice_t kept_text = arena_copy(&e->set.arena, text);
    if (!kept_name.ptr || !kept_text.ptr) {
        return nomem();
    }
    err_t err = export_set_add(&e->set, kept_name, slice_of(NULL, 0), kept_text);
    return !err ? -1 : err == ERR_NOMEM ? nomem() : bad_answer();
}

/* Without a history the documents are those of the directory, one after the other. */
static int fetch_documents(export_t *e, remote_t *r)
{
    buf_t path = BUF_INIT;
    buf_append_str(&path, "/v1/documents");
    int code = remote_ask(r, &path, NULL);
    const json_value_t *list = json_get(r->json, "documents");
    arena_t names; /* the answer goes with the next one */
    arena_init(&names, 0);
    size_t count = code < 0 ? remote_count(list) : 0;
    slice_t *all = arena_array(&names, count + 1, sizeof *all);
    for (size_t i = 0; all && i < count; i++) {
        all[i] = arena_copy(&names, remote_text(&list->u.array.items[i], "name"));
    }
    for (size_t i = 0; all && code < 0 && i < count; i++) {
        buf_clear(&path);
        buf_append_str(&path, "/v1/documents/");
        remote_http_escape(all[i], &path);
        code = remote_call(r, &path, NULL);
        if (code < 0) {
            code = remote_is_fine(r) ? keep(e, all[i], r->answer.body) : remote_refused(r);
        }
    }
    code = all && !arena_failed(&names) ? code : nomem();
    arena_release(&names);
    buf_release(&path);
    return code;
}

static int fetch_generation(export_t *e, remote_t *r, slice_t number)
{
    buf_t path = BUF_INIT;
    buf_append_str(&path, "/v1/generations/");
    remote_http_escape(number, &path);
    int code = remote_ask(r, &path, NULL);
    buf_release(&path);
    const json_value_t *texts = code < 0 ? json_get(r->json, "texts") : NULL;
    if (code < 0 && (!texts || texts->kind != JSON_OBJECT)) {
        return bad_answer();
    }
    for (size_t i = 0; code < 0 && i < texts->u.object.count; i++) {
        const json_member_t *m = &texts->u.object.members[i];
        code = json_is_string(&m->value) ? keep(e, m->name, m->value.u.text) : bad_answer();
    }
    return code;
}

static int fetch_latest(export_t *e, remote_t *r)
{
    buf_t path = BUF_INIT, number = BUF_INIT;
    buf_append_str(&path, "/v1/generations?limit=1");
    int code = remote_call(r, &path, NULL);
    buf_release(&path);
    if (code >= 0) {
        return code;
    }
    if (slice_is(remote_text(r->json, "code"), "no-history")) {
        return fetch_documents(e, r);
    }
    const json_value_t *list = json_get(r->json, "generations");
    if (!remote_is_fine(r)) {
        return remote_refused(r);
    }
    if (!remote_count(list)) {
        return bad_answer();
    }
    buf_append_slice(&number, remote_text(&list->u.array.items[0], "generation"));
    code = fetch_generation(e, r, buf_slice(&number));
    buf_release(&number);
    return code;
}

static int read_server(export_t *e)
{
    remote_t r;
    int code = remote_open(&r, &e->remote);
    if (code < 0) {
        code = e->generation ? fetch_generation(e, &r, slice_str(e->generation))
                             : fetch_latest(e, &r);
    }
    remote_release(&r);
    return code;
}

/* ---- what comes out ---- */

static void tell_data_file(const export_document_t *d, slice_t map, slice_t file, void *arg)
{
    (void)arg;
    buf_t line = BUF_INIT;
    buf_append_printable(&line, d->path, "");
    buf_append_str(&line, ": the export is not complete without the data of cost map ");
    buf_append_printable(&line, map, "");
    buf_append_str(&line, ", the file ");
    buf_append_printable(&line, file, "");
    (void)fprintf(stderr, "footprintctl: %.*s\n", SLICE_ARG(buf_slice(&line)));
    buf_release(&line);
}

/* The document, or the bundle where there is no document. */
static err_t make(export_t *e, doc_format_t format, buf_t *text, buf_t *why)
{
    json_value_t tree = {0};
    err_t err = e->bundle ? ERR_RANGE : export_merge(&e->set, &tree, why);
    if (!err) {
        doc_write(&tree, format, text);
        if (text->len > DOCUMENT_BYTES) {
            buf_append_str(why, "all documents together are too long for one");
            err = ERR_RANGE;
        }
    }
    if (err == ERR_RANGE && !e->single) {
        buf_clear(text);
        err = export_bundle(&e->set, &tree);
        if (!err) {
            doc_write(&tree, format, text);
        }
    }
    if (!err && format == DOC_YAML && !doc_write_is_yaml(&tree)) {
        buf_clear(why);
        buf_append_str(why, "the key '<<' cannot be written in YAML; see --format json");
        return ERR_DATA;
    }
    return !err && buf_failed(text) ? ERR_NOMEM : err;
}

static int put(const export_t *e, buf_t *text)
{
    struct stat st;
    buf_t why = BUF_INIT;
    if (!e->output) {
        return remote_print(text);
    }
    bool special = stat(e->output, &st) == 0 && !S_ISREG(st.st_mode);
    if (special) {
        buf_printf(&why, "%s is not a regular file", e->output);
    }
    bool written = !special && watch_write(e->output, buf_slice(text), &why);
    if (!written) {
        (void)fprintf(stderr, "footprintctl: %.*s\n", SLICE_ARG(buf_slice(&why)));
    }
    buf_release(&why);
    buf_release(text);
    return written ? CTL_FINE : CTL_USAGE;
}

static bool ends_in_json(const char *path)
{
    doc_format_t format;
    return path && store_document_format(store_document_name(slice_str(path)), &format) &&
           format == DOC_JSON;
}

static int write_set(export_t *e)
{
    buf_t text = BUF_INIT, why = BUF_INIT;
    bool json = e->format ? slice_is(slice_str(e->format), "json") : ends_in_json(e->output);
    err_t err = make(e, json ? DOC_JSON : DOC_YAML, &text, &why);
    int code = CTL_REFUSED;
    if (err == ERR_NOMEM) {
        code = nomem();
    } else if (err) {
        (void)fprintf(stderr, "footprintctl: nothing is exported: %.*s\n",
                      SLICE_ARG(buf_slice(&why)));
    } else {
        if (why.len) {
            (void)fprintf(stderr, "footprintctl: the export is a bundle: %.*s\n",
                          SLICE_ARG(buf_slice(&why)));
        }
        export_data_files(&e->set, tell_data_file, NULL);
        code = put(e, &text);
    }
    buf_release(&text);
    buf_release(&why);
    return code;
}

/* ---- the command ---- */

static int option(export_t *e, int c)
{
    switch (c) {
    case 'f':
        e->format = optarg;
        return slice_is(slice_str(optarg), "yaml") || slice_is(slice_str(optarg), "json")
                   ? -1
                   : remote_usage("export", "--format is yaml or json");
    case 'o':
        e->output = optarg;
        return -1;
    case 's':
        e->single = true;
        return -1;
    case 'b':
        e->bundle = true;
        return -1;
    case 'g':
        e->generation = optarg;
        return -1;
    default:
        return remote_option(&e->remote, c, "export", help_text);
    }
}

static int parse(export_t *e, int argc, char **argv)
{
    static const struct option table[] = {{"format", required_argument, NULL, 'f'},
                                          {"output", required_argument, NULL, 'o'},
                                          {"single", no_argument, NULL, 's'},
                                          {"bundle", no_argument, NULL, 'b'},
                                          {"generation", required_argument, NULL, 'g'},
                                          {"server", required_argument, NULL, 1001},
                                          {"token-file", required_argument, NULL, 1002},
                                          {"cacert", required_argument, NULL, 1003},
                                          {"cert", required_argument, NULL, 1004},
                                          {"key", required_argument, NULL, 1005},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    uint64_t number;
    int c;
    while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
        int code = option(e, c);
        if (code >= 0) {
            return code;
        }
    }
    if (argc - optind > 1) {
        return remote_usage("export", "export wants one directory, or a server");
    }
    e->dir = argv[optind];
    if (e->single && e->bundle) {
        return remote_usage("export", "--single and --bundle exclude one another");
    }
    if (e->generation && !json_number_u64(slice_str(e->generation), &number)) {
        return remote_usage("export", "--generation wants the number of a generation");
    }
    const remote_options_t *r = &e->remote;
    bool server = r->server || r->token_file || r->cacert || r->cert || r->key;
    if (e->dir && (e->generation || server)) {
        return remote_usage("export", "what is exported is a directory or a server's, not both");
    }
    return -1;
}

int ctl_export_run(int argc, char **argv)
{
    export_t e = {.output = NULL};
    int code = parse(&e, argc, argv);
    if (code >= 0) {
        return code;
    }
    export_set_init(&e.set);
    e.set.now = moment_now();
    store_documents_init(&e.documents);
    code = e.dir ? read_directory(&e) : read_server(&e);
    if (code < 0) {
        err_t err = export_set_read(&e.set);
        if (err == ERR_DATA) {
            tell_errors(&e);
        }
        code = !err ? write_set(&e) : err == ERR_NOMEM ? nomem() : CTL_REFUSED;
    }
    store_documents_release(&e.documents);
    export_set_release(&e.set);
    return code;
}
