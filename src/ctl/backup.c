#include "backup.h"

#include "command.h"
#include "fail.h"
#include "footprintd/store/file.h"
#include "remote.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char help_text[] =
    "Usage: footprintctl backup " REMOTE_SYNOPSIS "\n"
    "           [--state DIR] FILE\n"
    "\n"
    "Takes a backup of the history of a server, which goes on serving, and checks it before FILE "
    "is\n"
    "replaced.\n"
    "\n"
    "  --state       take it from this state directory, without asking the server\n" REMOTE_HELP
    "\n"
    "Exit codes: 0 fine, 1 refused, or damaged, 2 usage, or no connection.\n";

typedef struct backup {
    remote_options_t remote;
    const char *state;
    const char *file;
    buf_t temporary; /* beside the file; a NUL behind it */
    int fd;
} backup_t;

/* ---- shared with restore ---- */

void backup_describe(const store_backup_info_t *info, buf_t *out)
{
    if (!info->generations) {
        buf_append_str(out, "no generation");
    } else if (info->oldest == info->newest) {
        buf_printf(out, "generation %llu", (unsigned long long)info->newest);
    } else {
        buf_printf(out, "generations %llu to %llu", (unsigned long long)info->oldest,
                   (unsigned long long)info->newest);
    }
    buf_printf(out, ", %llu document%s in the newest, %llu bytes",
               (unsigned long long)info->documents, info->documents == 1 ? "" : "s",
               (unsigned long long)info->bytes);
}

void backup_write_json(const store_backup_info_t *info, buf_t *out)
{
    buf_printf(out,
               "\"generations\":%llu,\"oldest\":%llu,\"newest\":%llu,\"documents\":%llu,"
               "\"bytes\":%llu",
               (unsigned long long)info->generations, (unsigned long long)info->oldest,
               (unsigned long long)info->newest, (unsigned long long)info->documents,
               (unsigned long long)info->bytes);
}

int backup_failed(bool json, err_t err, const buf_t *why)
{
    slice_t reason = why->len ? buf_slice(why) : slice_str(err_text(err));
    bool damaged = err != ERR_IO && err != ERR_NOMEM;
    return ctl_fail(json, damaged ? CTL_REFUSED : CTL_USAGE, damaged ? "damaged" : "unreadable",
                    "%.*s", SLICE_ARG(reason));
}

/* ---- the file ---- */

static int cannot_write(const backup_t *b)
{
    return ctl_fail(b->remote.json, CTL_USAGE, "unwritable", "%s cannot be written: %s", b->file,
                    strerrordesc_np(errno));
}

static int make_temporary(backup_t *b)
{
    struct stat st;
    if (stat(b->file, &st) == 0 && !S_ISREG(st.st_mode)) {
        return ctl_fail(b->remote.json, CTL_USAGE, "unwritable",
                        "%s is there, and is not a regular file", b->file);
    }
    buf_printf(&b->temporary, "%s.XXXXXX", b->file);
    buf_append_char(&b->temporary, '\0');
    b->fd = buf_failed(&b->temporary) ? -1 : mkostemp(b->temporary.ptr, O_CLOEXEC);
    return b->fd < 0 ? cannot_write(b) : -1;
}

/* The name is durable as well. */
static bool sync_parent(const char *file)
{
    const char *slash = strrchr(file, '/');
    char *parent = slash ? strndup(file, (size_t)(slash - file) + 1) : strdup(".");
    int fd = parent ? open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    bool ok = fd >= 0 && (fsync(fd) == 0 || errno == EINVAL);
    if (fd >= 0) {
        (void)close(fd);
    }
    free(parent);
    return ok;
}

/* Nothing takes the place of an earlier backup that could not be used. */
static int check_and_place(const backup_t *b, store_backup_info_t *info)
{
    store_history_t *h = NULL;
    buf_t why = BUF_INIT;
    int code = -1;
    if (fsync(b->fd) != 0) {
        return cannot_write(b);
    }
    err_t err = store_backup_open(b->temporary.ptr, &h, info, &why);
    store_history_close(h);
    if (err) {
        code = backup_failed(b->remote.json, err, &why);
    } else if (rename(b->temporary.ptr, b->file) != 0 || !sync_parent(b->file)) {
        code = cannot_write(b);
    }
    buf_release(&why);
    return code;
}

/* ---- where it comes from ---- */

static int take_from_server(const backup_t *b)
{
    remote_t r;
    buf_t path = BUF_INIT;
    buf_append_str(&path, "/v1/backup");
    int code = remote_open(&r, &b->remote);
    code = code >= 0 ? code : remote_call(&r, &path, NULL);
    if (code < 0 && !remote_is_fine(&r)) {
        code = remote_refused(&r);
    } else if (code < 0 && !slice_is(r.answer.media_type, STORE_BACKUP_MEDIA)) {
        code = ctl_fail(b->remote.json, CTL_USAGE, "not-footprintd",
                        "%s is no admin interface of footprintd", r.server.ptr);
    } else if (code < 0) {
        code = store_file_write_all(b->fd, r.answer.body) ? -1 : cannot_write(b);
    }
    buf_release(&path);
    remote_release(&r);
    return code;
}

static int take_from_state(const backup_t *b)
{
    buf_t why = BUF_INIT;
    err_t err = store_backup_copy(b->state, b->temporary.ptr, &why);
    int code = err ? backup_failed(b->remote.json, err, &why) : -1;
    buf_release(&why);
    return code;
}

static int tell(const backup_t *b, const store_backup_info_t *info)
{
    buf_t out = BUF_INIT;
    if (b->remote.json) {
        buf_append_str(&out, "{\"file\":");
        json_write_string(&out, slice_str(b->file));
        buf_append_char(&out, ',');
        backup_write_json(info, &out);
        buf_append_str(&out, "}\n");
    } else {
        buf_append_printable(&out, slice_str(b->file), "");
        buf_append_str(&out, ": ");
        backup_describe(info, &out);
        buf_append_char(&out, '\n');
    }
    return remote_print(&out);
}

static int run(backup_t *b)
{
    store_backup_info_t info = {0};
    int code = make_temporary(b);
    if (code >= 0) {
        return code;
    }
    code = b->state ? take_from_state(b) : take_from_server(b);
    code = code >= 0 ? code : check_and_place(b, &info);
    if (code >= 0) {
        (void)unlink(b->temporary.ptr); /* or it has its name by now */
    }
    (void)close(b->fd);
    return code >= 0 ? code : tell(b, &info);
}

int ctl_backup_run(int argc, char **argv)
{
    static const struct option table[] = {
        {"state", required_argument, NULL, 's'}, REMOTE_OPTIONS, {NULL, 0, NULL, 0}};
    backup_t b = {.fd = -1, .temporary = BUF_INIT};
    int c, code;
    while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
        if (c == 's') {
            b.state = optarg;
            continue;
        }
        code = remote_option(&b.remote, c, "backup", help_text);
        if (code >= 0) {
            return code;
        }
    }
    if (argc - optind != 1 || !argv[optind][0]) {
        return remote_usage("backup", "backup wants the name of a file");
    }
    if (b.state && b.remote.server) {
        return remote_usage("backup", "--state asks no server: --server has no meaning with it");
    }
    b.file = argv[optind];
    code = run(&b);
    buf_release(&b.temporary);
    return code;
}
