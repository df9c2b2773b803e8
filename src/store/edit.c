#include "footprintd/store/edit.h"

#include "footprintd/base/table.h"
#include "footprintd/model/data.h"

#include "edit_file.h"
#include "edit_settle.h"
#include "names.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* A directory that was not there. */
typedef struct made {
    struct made *next;
    char name[STORE_EDIT_NAME_MAX + 1];
} made_t;

struct store_edit {
    int directory;
    store_intent_t *intents; /* texts end in a NUL */
    edit_made_t *files;      /* as many */
    size_t count;
    bool committed; /* the temporaries are the intents' */
    made_t *made;
    arena_t arena;
};

bool store_edit_name_check(slice_t name, buf_t *why)
{
    doc_format_t format;
    if (name.len <= STORE_EDIT_NAME_MAX && model_data_name_valid(name)) {
        return true;
    }
    if (!name.len) {
        buf_append_str(why, "is empty");
    } else if (name.len > STORE_EDIT_NAME_MAX) {
        buf_printf(why, "is longer than %d bytes", STORE_EDIT_NAME_MAX);
    } else if (memchr(name.ptr, '/', name.len)) {
        buf_append_str(why, "holds a '/'");
    } else if (name.ptr[0] == '.') {
        buf_append_str(why, "begins with a dot");
    } else if (!document_name_printable(name)) {
        buf_append_str(why, "holds control characters or is not UTF-8");
    } else if (!store_document_format(name, &format)) {
        buf_append_str(why, "does not end in .yaml, .yml or .json");
    } else {
        return true;
    }
    return false;
}

static err_t open_directory(const char *directory, int *out, buf_t *why)
{
    *out = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*out < 0) {
        buf_printf(why, "the directory %s cannot be opened: %s", directory, strerrordesc_np(errno));
        return ERR_IO;
    }
    return ERR_OK;
}

/* Asked before the commit: what only removes files would learn of it afterwards. */
static err_t check_writable(int directory, const char *path, buf_t *why)
{
    bool fixed = edit_is_immutable(directory);
    if (!fixed && faccessat(directory, ".", W_OK | X_OK, AT_EACCESS) == 0) {
        return ERR_OK;
    }
    int code = fixed ? EPERM : errno;
    buf_printf(why, "the directory %s cannot be written: %s", path, strerrordesc_np(code));
    if (!edit_is_elsewhere(code)) {
        return ERR_IO;
    }
    buf_append_str(why, "; the documents are managed elsewhere: change them where they come from");
    buf_append_str(why, code == EROFS ? "" : ", or let the user of footprintd write there");
    return ERR_RANGE;
}

/* "file " and the clause; a name that cannot be shown is not. */
static err_t about(slice_t file, const buf_t *clause, err_t err, buf_t *why)
{
    buf_printf(why, "the file %.*s %.*s",
               SLICE_ARG(document_name_printable(file) ? file : SLICE_LIT("")),
               SLICE_ARG(buf_slice(clause)));
    return err;
}

static err_t look(int directory, slice_t name, store_hash_t *out, buf_t *clause)
{
    char text[STORE_EDIT_NAME_MAX + 1];
    if (!store_edit_name_check(name, clause)) {
        return ERR_RANGE;
    }
    memcpy(text, name.ptr, name.len);
    text[name.len] = '\0';
    edit_seen_t seen;
    err_t err = edit_file_look(directory, text, &seen, clause);
    if (!err) {
        *out = seen.hash;
    }
    return err;
}

err_t store_edit_look(const char *directory, slice_t name, store_hash_t *out, buf_t *why)
{
    int fd;
    err_t err = open_directory(directory, &fd, why);
    if (err) {
        return err;
    }
    buf_t clause = BUF_INIT;
    err = look(fd, name, out, &clause);
    if (err) {
        err = about(name, &clause, err, why);
    }
    buf_release(&clause);
    (void)close(fd);
    return err;
}

/* The intent of a change whose file was seen, and its temporary; none for one that changes nothing.
 */
static err_t prepare_seen(store_edit_t *e, const store_edit_change_t *change, slice_t file,
                          const edit_seen_t *seen, buf_t *clause)
{
    store_intent_t intent = {.file = file, .before = seen->hash};
    edit_made_t files = {.file = seen->stamp};
    if (!store_hash_eq(&seen->hash, &change->before)) {
        buf_append_str(clause, "was changed by somebody else");
        return ERR_NOT_NOW;
    }
    if (seen->writing) {
        buf_append_str(clause, "is being written by somebody else");
        return ERR_NOT_NOW;
    }
    err_t err = ERR_OK;
    if (change->hashed) {
        intent.after = (store_hash_t){.present = true, .digest = change->digest};
    } else if (!change->remove) {
        err = store_edit_hash(change->bytes, &intent.after);
    }
    if (err || store_hash_eq(&intent.before, &intent.after)) {
        return err;
    }
    if (seen->hash.present && !edit_file_is_ours(e->directory, file.ptr, seen, clause)) {
        return ERR_RANGE;
    }
    err = edit_file_beside(EDIT_TEMPORARY, file, &e->arena, &intent.temporary);
    if (err == ERR_IO) {
        buf_append_str(clause, "cannot be written: there are no random numbers");
    }
    if (!err && intent.after.present) {
        edit_step("write", file);
        err = edit_file_write(e->directory, intent.temporary.ptr, change->bytes,
                              seen->hash.present ? seen : NULL, &files.temporary, clause);
    }
    if (!err) {
        e->files[e->count] = files;
        e->intents[e->count++] = intent;
    }
    return err;
}

static err_t make_directory(store_edit_t *e, const char *name, buf_t *clause)
{
    made_t *made = arena_alloc(&e->arena, sizeof *made);
    if (!made) {
        return ERR_NOMEM;
    }
    if (mkdirat(e->directory, name, 0755) == 0) {
        memcpy(made->name, name, strlen(name) + 1);
        made->next = e->made;
        e->made = made;
    } else if (errno != EEXIST) {
        buf_printf(clause, "cannot be written: its directory cannot be made: %s",
                   strerrordesc_np(errno));
        return edit_is_elsewhere(errno) ? ERR_RANGE : ERR_IO;
    }
    return ERR_OK;
}

/*
 * The directory of a data file, which is made when it is not there. Temporaries lie with those of
 * documents, so that it has to be in the same file system.
 */
static err_t check_subdirectory(store_edit_t *e, slice_t file, bool remove, buf_t *clause)
{
    struct stat own, sub;
    char name[STORE_EDIT_NAME_MAX + 1];
    const char *slash = memchr(file.ptr, '/', file.len);
    if (!slash) {
        return ERR_OK;
    }
    memcpy(name, file.ptr, (size_t)(slash - file.ptr));
    name[slash - file.ptr] = '\0';
    if (!remove) {
        err_t err = make_directory(e, name, clause);
        if (err) {
            return err;
        }
    }
    if (fstat(e->directory, &own) != 0 ||
        fstatat(e->directory, name, &sub, AT_SYMLINK_NOFOLLOW) != 0) {
        buf_printf(clause, "cannot be opened: %s", strerrordesc_np(errno));
        return errno == ENOENT && remove ? ERR_OK : ERR_IO;
    }
    if (!S_ISDIR(sub.st_mode) || sub.st_dev != own.st_dev ||
        faccessat(e->directory, name, W_OK | X_OK, AT_EACCESS) != 0) {
        buf_append_str(clause, "is managed elsewhere: its directory is a link, in another file "
                               "system or not to be written");
        return ERR_RANGE;
    }
    return ERR_OK;
}

static err_t prepare_one(store_edit_t *e, const store_edit_change_t *change, table_t *names,
                         buf_t *clause)
{
    if (!store_edit_name_check(change->name, clause)) {
        return ERR_RANGE;
    }
    slice_t file = arena_copy(&e->arena, change->name);
    if (!file.ptr) {
        return ERR_NOMEM;
    }
    void *old = NULL;
    if (table_put(names, file, e, &old)) {
        return ERR_NOMEM;
    }
    if (old) {
        buf_append_str(clause, "is there twice");
        return ERR_RANGE;
    }
    edit_seen_t seen;
    err_t err = check_subdirectory(e, file, change->remove, clause);
    err = err ? err
              : edit_file_look_again(e->directory, file.ptr, change->stamp, &change->before, &seen,
                                     clause);
    return err ? err : prepare_seen(e, change, file, &seen, clause);
}

static err_t prepare_all(store_edit_t *e, const store_edit_change_t *changes, size_t count,
                         buf_t *why)
{
    e->intents = arena_array(&e->arena, count, sizeof *e->intents);
    e->files = arena_array(&e->arena, count, sizeof *e->files);
    err_t err = e->intents && e->files ? ERR_OK : ERR_NOMEM;
    table_t names = TABLE_INIT;
    buf_t clause = BUF_INIT;
    for (size_t i = 0; i < count && !err; i++) {
        err = prepare_one(e, &changes[i], &names, &clause);
        if (err) {
            err = about(changes[i].name, &clause, err, why);
        }
    }
    buf_release(&clause);
    table_release(&names);
    return err;
}

err_t store_edit_prepare(const char *directory, const store_edit_change_t *changes, size_t count,
                         store_edit_t **out, buf_t *why)
{
    store_edit_t *e = calloc(1, sizeof *e);
    if (!e) {
        return ERR_NOMEM;
    }
    arena_init(&e->arena, 0);
    err_t err = open_directory(directory, &e->directory, why);
    err = err ? err : check_writable(e->directory, directory, why);
    err = err ? err : prepare_all(e, changes, count, why);
    if (err) {
        store_edit_free(e);
        return err;
    }
    *out = e;
    return ERR_OK;
}

err_t store_edit_commit(store_edit_t *e, store_history_t *h, const store_change_t *change,
                        arena_t *arena, store_appended_t *appended, store_settlements_t *out,
                        buf_t *why)
{
    /* What needs memory comes first: after the commit there is no way back. */
    store_settlements_t pending = {
        .items = arena_array(arena, e->count, sizeof *pending.items),
        .count = e->count,
        .pending = e->count,
    };
    for (size_t i = 0; i < e->count && pending.items; i++) {
        pending.items[i] = (store_settlement_t){.file = arena_copy(arena, e->intents[i].file),
                                                .settled = STORE_SETTLED_PENDING,
                                                .why = SLICE_LIT("is not replaced yet")};
    }
    if (arena_failed(arena)) {
        return ERR_NOMEM;
    }
    store_change_t with_intents = *change;
    with_intents.intents = e->intents;
    with_intents.intent_count = e->count;
    edit_step("commit", (slice_t){NULL, 0});
    err_t err = store_history_append(h, &with_intents, appended, why);
    if (!err) {
        e->committed = true;
        *out = pending;
    }
    return err;
}

void store_edit_settle(store_edit_t *e, store_history_t *h, arena_t *arena,
                       store_settlements_t *settled)
{
    buf_t clause = BUF_INIT;
    for (size_t i = 0; i < e->count; i++) {
        store_settlement_t *s = &settled->items[i];
        s->settled = edit_settle_made(e->directory, &e->intents[i], &e->files[i], &clause);
        s->why = arena_copy(arena, buf_slice(&clause));
    }
    buf_release(&clause);
    edit_settled(e->directory, h, arena, settled);
}

void store_edit_free(store_edit_t *e)
{
    if (!e) {
        return;
    }
    for (size_t i = 0; i < e->count && !e->committed; i++) {
        if (e->intents[i].after.present) {
            (void)unlinkat(e->directory, e->intents[i].temporary.ptr, 0);
        }
    }
    /* Unless somebody has put something there. */
    for (made_t *made = e->committed ? NULL : e->made; made; made = made->next) {
        (void)unlinkat(e->directory, made->name, AT_REMOVEDIR);
    }
    if (e->directory >= 0) {
        (void)close(e->directory);
    }
    arena_release(&e->arena);
    free(e);
}
