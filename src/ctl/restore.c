#include "restore.h"

#include "command.h"

#include <stdio.h>

static const char help_text[] =
    "Usage: footprintctl restore " REMOTE_SYNOPSIS "\n"
    "           [--message TEXT] [--yes] [--dry-run] [--generation N] FILE\n"
    "       footprintctl restore --state DIR [--footprints DIR] [--dry-run] [--json] FILE\n"
    "\n"
    "Makes the documents of a running server those of a generation in a backup, as a new "
    "generation;\n"
    "or puts the history of a backup in place where no server runs. The backup is checked as a\n"
    "whole before.\n"
    "\n"
    "  --generation  a generation of the backup; default: its newest\n"
    "  --state       put the history into this state directory, instead of asking a server\n"
    "  --footprints  with --state: make the documents there those of the newest "
    "generation\n" CHANGE_HELP REMOTE_HELP "\n"
    "Exit codes: 0 fine, 1 refused, and nothing is changed, 2 usage, or no connection.\n";

typedef struct changes {
    arena_t arena;
    change_document_t *items;
    size_t count;
    uint64_t base;
} changes_t;

/* ---- what the server has ---- */

static int ask(remote_t *r, const char *path)
{
    buf_t target = BUF_INIT;
    buf_append_str(&target, path);
    int code = remote_ask(r, &target, NULL);
    buf_release(&target);
    return code;
}

static const store_text_t *find_text(const store_texts_t *texts, slice_t name)
{
    for (size_t i = 0; i < texts->count; i++) {
        if (slice_eq(texts->items[i].name, name)) {
            return &texts->items[i];
        }
    }
    return NULL;
}

static const json_value_t *find_document(const json_value_t *list, slice_t name)
{
    for (size_t i = 0; i < remote_count(list); i++) {
        if (slice_eq(remote_text(&list->u.array.items[i], "name"), name)) {
            return &list->u.array.items[i];
        }
    }
    return NULL;
}

/* As the server writes it: the digest in hexadecimal, between quotes. */
static bool is_etag(slice_t etag, const digest_t *digest)
{
    char text[2 * DIGEST_SIZE + 3] = "\"";
    for (size_t i = 0; i < DIGEST_SIZE; i++) {
        (void)snprintf(text + 1 + 2 * i, 3, "%02x", digest->bytes[i]);
    }
    text[2 * DIGEST_SIZE + 1] = '"';
    return slice_is(etag, text);
}

/* What it takes to get there from what the server has now, and only if that stays so. */
static void compare(changes_t *c, const store_texts_t *texts, const json_value_t *list)
{
    c->items = arena_array(&c->arena, texts->count + remote_count(list) + 1, sizeof *c->items);
    for (size_t i = 0; c->items && i < texts->count; i++) {
        const store_text_t *t = &texts->items[i];
        const json_value_t *there = find_document(list, t->name);
        slice_t etag = remote_text(there, "etag"); /* "" as well: the server cannot read it */
        if (!is_etag(etag, &t->digest)) {
            c->items[c->count++] = (change_document_t){
                .name = t->name,
                .text = t->bytes.len ? t->bytes : SLICE_LIT(""),
                .etag = etag.len ? arena_copy(&c->arena, etag) : slice_of(NULL, 0)};
        }
    }
    for (size_t i = 0; c->items && i < remote_count(list); i++) {
        const json_value_t *d = &list->u.array.items[i];
        slice_t etag = remote_text(d, "etag");
        if (!find_text(texts, remote_text(d, "name"))) {
            c->items[c->count++] = (change_document_t){
                .name = arena_copy(&c->arena, remote_text(d, "name")),
                .text = slice_of(NULL, 0),
                .etag = etag.len ? arena_copy(&c->arena, etag) : slice_of(NULL, 0)};
        }
    }
}

static int look(changes_t *c, const store_texts_t *texts, remote_t *r)
{
    int code = ask(r, "/v1/status");
    if (code < 0) {
        c->base = remote_number(r->json, "generation");
        code = ask(r, "/v1/documents");
    }
    if (code < 0) {
        compare(c, texts, json_get(r->json, "documents"));
        if (arena_failed(&c->arena)) {
            buf_t why = BUF_INIT;
            code = backup_failed(r->options.json, ERR_NOMEM, &why);
        }
    }
    return code;
}

/* ---- the change ---- */

static int send(const restore_t *a, changes_t *c, uint64_t generation, remote_t *r)
{
    change_options_t options = a->options;
    buf_t body = BUF_INIT, message = BUF_INIT;
    slice_t name = slice_str(strrchr(a->file, '/') ? strrchr(a->file, '/') + 1 : a->file);
    if (!options.message) {
        buf_printf(&message, "generation %llu of the backup ", (unsigned long long)generation);
        buf_append_printable(&message, name, "");
        buf_append_char(&message, '\0');
        options.message = buf_failed(&message) ? NULL : message.ptr;
    }
    change_write_documents(c->items, c->count, &body);
    buf_printf(&body, ",\"base\":%llu", (unsigned long long)c->base);
    change_write_end(&options, &body);
    int code = change_send(r, &options, "/v1/changes", &body);
    buf_release(&body);
    buf_release(&message);
    return code;
}

/* Texts travel as JSON. */
static int check_texts(const store_texts_t *texts)
{
    for (size_t i = 0; i < texts->count; i++) {
        if (!utf8_valid(texts->items[i].bytes)) {
            (void)fprintf(stderr, "footprintctl: %.*s in the backup is not UTF-8\n",
                          SLICE_ARG(texts->items[i].name));
            return CTL_REFUSED;
        }
    }
    return -1;
}

static int restore_texts(const restore_t *a, uint64_t generation, const store_texts_t *texts)
{
    changes_t c = {.count = 0};
    remote_t r;
    int code = check_texts(texts);
    if (code >= 0) {
        return code;
    }
    arena_init(&c.arena, 0);
    code = remote_open(&r, &a->options.remote);
    code = code >= 0 ? code : look(&c, texts, &r);
    code = code >= 0 ? code : send(a, &c, generation, &r);
    remote_release(&r);
    arena_release(&c.arena);
    return code;
}

static int restore_server(const restore_t *a)
{
    store_history_t *h = NULL;
    store_backup_info_t info;
    store_texts_t texts;
    arena_t arena;
    buf_t why = BUF_INIT;
    arena_init(&arena, 0);
    err_t err = store_backup_open(a->file, &h, &info, &why);
    uint64_t generation = err ? 0 : a->generation ? a->generation : info.newest;
    if (!err && !generation) {
        buf_printf(&why, "the backup %s has no generation", a->file);
        err = ERR_RANGE;
    }
    err = err ? err : store_history_documents(h, generation, &arena, &texts, &why);
    int code = err ? backup_failed(a->options.remote.json, err, &why)
                   : restore_texts(a, generation, &texts);
    store_history_close(h);
    arena_release(&arena);
    buf_release(&why);
    return code;
}

/* ---- the command line ---- */

static int check_usage(const restore_t *a, const char *number)
{
    if (number && !a->generation) {
        return remote_usage("restore", "'%s' is no number of a generation", number);
    }
    if (a->footprints && !a->state) {
        return remote_usage("restore", "--footprints goes with --state; a server has its own");
    }
    if (a->state && (number || a->options.message || a->options.yes || a->options.remote.server)) {
        return remote_usage("restore", "--generation, --message, --yes and --server are for a "
                                       "server, not for --state");
    }
    return -1;
}

int ctl_restore_run(int argc, char **argv)
{
    static const struct option table[] = {{"generation", required_argument, NULL, 'g'},
                                          {"state", required_argument, NULL, 's'},
                                          {"footprints", required_argument, NULL, 'f'},
                                          CHANGE_OPTIONS,
                                          {NULL, 0, NULL, 0}};
    restore_t a = {.file = NULL};
    const char *number = NULL;
    int c, code;
    while ((c = getopt_long(argc, argv, "m:", table, NULL)) != -1) {
        if (c == 'g') {
            number = optarg;
        } else if (c == 's') {
            a.state = optarg;
        } else if (c == 'f') {
            a.footprints = optarg;
        } else if ((code = change_option(&a.options, c, "restore", help_text)) >= 0) {
            return code;
        }
    }
    if (number && !json_number_u64(slice_str(number), &a.generation)) {
        a.generation = 0;
    }
    if (argc - optind != 1 || !argv[optind][0]) {
        return remote_usage("restore", "restore wants the file of a backup");
    }
    a.file = argv[optind];
    code = check_usage(&a, number);
    return code >= 0 ? code : a.state ? restore_state(&a) : restore_server(&a);
}
