#include "command.h"

#include "change.h"
#include "fail.h"
#include "footprintd/base/time.h"
#include "footprintd/store/directory.h"
#include "footprintd/store/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static const char help_text[] =
    "Usage: footprintctl apply " REMOTE_SYNOPSIS "\n"
    "           [--message TEXT] [--yes] [--dry-run] [--remove NAME] [--not-before TIME]\n"
    "           [--not-after TIME] [FILE|DIR]...\n"
    "\n"
    "Puts documents on a server, all of them or none: files, or all documents of a directory. "
    "Other\n"
    "documents of the server stay as they are.\n"
    "\n" CHANGE_HELP "  --remove      remove a document; several times for several\n"
    "  --not-before  hold the change until then: 2026-11-26T16:00:00Z; see footprintctl held\n"
    "  --not-after   take the change back then\n" REMOTE_HELP "\n"
    "Exit codes: 0 fine, 1 refused, and nothing is changed, 2 usage, or no connection.\n";

#define DOCUMENT_BYTES ((size_t)64 << 20)

typedef struct apply {
    change_options_t options;
    arena_t arena;
    change_document_t *documents;
    size_t count;
    size_t cap;
} apply_t;

/* ---- what is put ---- */

static int add(apply_t *a, slice_t name, slice_t text)
{
    for (size_t i = 0; i < a->count; i++) {
        if (slice_eq(a->documents[i].name, name)) {
            return remote_usage("apply", "the document '%.*s' is there twice", SLICE_ARG(name));
        }
    }
    if (!utf8_valid(name) || (text.ptr && !utf8_valid(text))) {
        return ctl_fail(a->options.remote.json, CTL_REFUSED, "not-utf8", "%s: %s is not UTF-8",
                        name.ptr, utf8_valid(name) ? "the text" : "the name");
    }
    if (a->count == a->cap) {
        size_t cap = a->cap ? a->cap * 2 : 16;
        change_document_t *grown = realloc(a->documents, cap * sizeof *grown);
        if (!grown) {
            (void)fprintf(stderr, "footprintctl: %s\n", err_text(ERR_NOMEM));
            return CTL_USAGE;
        }
        a->documents = grown;
        a->cap = cap;
    }
    a->documents[a->count++] = (change_document_t){.name = name, .text = text};
    return -1;
}

/* The bytes go to the arena: an empty document is one, too. */
static int add_copy(apply_t *a, slice_t file, slice_t bytes)
{
    slice_t name = arena_copy(&a->arena, file);
    slice_t text = arena_copy(&a->arena, bytes);
    if (!name.ptr || !text.ptr) {
        (void)fprintf(stderr, "footprintctl: %s\n", err_text(ERR_NOMEM));
        return CTL_USAGE;
    }
    return add(a, name, text);
}

static int add_directory(apply_t *a, const char *path)
{
    store_documents_t documents;
    findings_t findings;
    int code = -1;
    store_documents_init(&documents);
    findings_init(&findings, 0);
    err_t err = store_directory_read(path, NULL, &documents, &findings);
    if (err) {
        code = ctl_fail_findings(a->options.remote.json, CTL_USAGE, &findings,
                                 "the documents in %s cannot be read", path);
    }
    for (size_t i = 0; code < 0 && i < documents.count; i++) {
        code = add_copy(a, documents.items[i].file, documents.items[i].bytes);
    }
    findings_release(&findings);
    store_documents_release(&documents);
    return code;
}

static int add_file(apply_t *a, const char *path)
{
    buf_t text = BUF_INIT, why = BUF_INIT;
    doc_format_t format;
    int code;
    if (!store_document_format(store_document_name(slice_str(path)), &format)) {
        return remote_usage("apply",
                            "'%s' is no name of a document: they end in .yaml, .yml or "
                            ".json, and begin with no dot",
                            path);
    }
    err_t err = store_file_read(AT_FDCWD, path, DOCUMENT_BYTES, &text, &why);
    if (err) {
        slice_t reason = why.len ? buf_slice(&why) : slice_str(err_text(err));
        code = ctl_fail(a->options.remote.json, CTL_USAGE, "unreadable", "%s %.*s", path,
                        SLICE_ARG(reason));
    } else {
        code = add_copy(a, store_document_name(slice_str(path)), buf_slice(&text));
    }
    buf_release(&text);
    buf_release(&why);
    return code;
}

static int add_path(apply_t *a, const char *path)
{
    struct stat st = {.st_mode = 0};
    if (stat(path, &st) != 0 && errno == ENOENT) {
        return ctl_fail(a->options.remote.json, CTL_USAGE, "unreadable", "%s cannot be opened: %s",
                        path, strerrordesc_np(ENOENT));
    }
    return S_ISDIR(st.st_mode) ? add_directory(a, path) : add_file(a, path);
}

static int run(apply_t *a, remote_t *r)
{
    buf_t body = BUF_INIT;
    int code = change_take_etags(a->documents, a->count, &a->arena, r);
    if (code < 0) {
        change_write_documents(a->documents, a->count, &body);
        change_write_end(&a->options, &body);
        code = change_send(r, &a->options, "/v1/changes", &body);
    }
    buf_release(&body);
    return code;
}

static int take_moment(apply_t *a, bool after)
{
    int64_t seconds;
    if (!moment_parse(slice_str(optarg), &seconds)) {
        return remote_usage("apply",
                            "--not-%s wants a date and a time with a zone, such as "
                            "2026-11-26T16:00:00Z, and not '%s'",
                            after ? "after" : "before", optarg);
    }
    *(after ? &a->options.not_after : &a->options.not_before) = optarg;
    return -1;
}

static int parse(apply_t *a, int argc, char **argv)
{
    static const struct option table[] = {{"remove", required_argument, NULL, 'r'},
                                          {"not-before", required_argument, NULL, 'b'},
                                          {"not-after", required_argument, NULL, 'a'},
                                          CHANGE_OPTIONS,
                                          {NULL, 0, NULL, 0}};
    int c;
    while ((c = getopt_long(argc, argv, "m:", table, NULL)) != -1) {
        int code = c == 'r'               ? add(a, slice_str(optarg), slice_of(NULL, 0))
                   : c == 'a' || c == 'b' ? take_moment(a, c == 'a')
                                          : change_option(&a->options, c, "apply", help_text);
        if (code >= 0) {
            return code;
        }
    }
    for (int i = optind; i < argc; i++) {
        int code = add_path(a, argv[i]);
        if (code >= 0) {
            return code;
        }
    }
    return a->count ? -1 : remote_usage("apply", "apply wants documents to put or to remove");
}

int ctl_apply_run(int argc, char **argv)
{
    apply_t a = {.count = 0};
    arena_init(&a.arena, 0);
    int code = parse(&a, argc, argv);
    if (code < 0) {
        remote_t r;
        code = remote_open(&r, &a.options.remote);
        code = code >= 0 ? code : run(&a, &r);
        remote_release(&r);
    }
    free(a.documents);
    arena_release(&a.arena);
    return code;
}
