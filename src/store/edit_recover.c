#include "footprintd/store/edit.h"

#include "edit_file.h"
#include "edit_settle.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static bool begins(slice_t name, const char *prefix)
{
    size_t n = strlen(prefix);
    return name.len > n && memcmp(name.ptr, prefix, n) == 0;
}

/* What the file is to be lies in the history: written beside it once more, and the intent knows. */
static err_t write_again(store_history_t *h, int directory, store_intent_t *intent,
                         const edit_seen_t *file, arena_t *arena, buf_t *clause, buf_t *why)
{
    slice_t temporary;
    arena_t content;
    arena_init(&content, 0);
    slice_t bytes = {NULL, 0};
    err_t err = store_history_content(h, &intent->after.digest, &content, &bytes, why);
    err = err ? err : edit_file_beside(EDIT_TEMPORARY, intent->file, arena, &temporary);
    if (!err) {
        edit_step("write", intent->file);
        /* The system's refusal leaves the file pending; the history's is the caller's matter. */
        if (edit_file_write(directory, temporary.ptr, bytes, file->hash.present ? file : NULL, NULL,
                            clause)) {
            err = ERR_LIMIT;
        }
    }
    arena_release(&content);
    err = err ? err : store_history_intent_move(h, intent->file, temporary, why);
    if (!err) {
        intent->temporary = temporary;
    }
    return err;
}

/* Whether the file is as before and what it is to be is not beside it. */
static bool lacks_content(int directory, const store_intent_t *intent, edit_seen_t *file)
{
    edit_seen_t temporary;
    buf_t scratch = BUF_INIT;
    err_t err = edit_file_look(directory, intent->file.ptr, file, &scratch);
    err = err ? err : edit_file_look(directory, intent->temporary.ptr, &temporary, &scratch);
    buf_release(&scratch);
    if (err || !intent->after.present || !store_hash_eq(&file->hash, &intent->before)) {
        return false;
    }
    return !temporary.hash.present || (store_hash_eq(&temporary.hash, &intent->before) &&
                                       !store_hash_eq(&temporary.hash, &intent->after));
}

static err_t recover_one(store_history_t *h, int directory, store_intent_t *intent,
                         store_settlement_t *out, arena_t *arena, buf_t *why)
{
    buf_t clause = BUF_INIT;
    edit_seen_t file;
    err_t err = ERR_OK;
    *out = (store_settlement_t){.file = intent->file, .settled = STORE_SETTLED_PENDING};
    if (!store_edit_name_check(intent->file, &clause) ||
        !begins(intent->temporary, EDIT_TEMPORARY)) {
        buf_append_str(why, "the history is damaged: it has an edit of no file");
        buf_release(&clause);
        return ERR_DATA;
    }
    if (lacks_content(directory, intent, &file)) {
        err = write_again(h, directory, intent, &file, arena, &clause, why);
    }
    if (!err) {
        out->settled = edit_settle(directory, intent, &clause);
    }
    out->why = arena_copy(arena, buf_slice(&clause));
    buf_release(&clause);
    return err == ERR_LIMIT ? ERR_OK : err;
}

static bool is_named(const store_intents_t *intents, const store_settlements_t *out, slice_t name)
{
    for (size_t i = 0; i < intents->count; i++) {
        if (out->items[i].settled == STORE_SETTLED_PENDING &&
            slice_eq(intents->items[i].temporary, name)) {
            return true;
        }
    }
    return false;
}

/* Temporaries of edits that were never committed. */
static err_t sweep(int directory, const store_intents_t *intents, const store_settlements_t *out,
                   buf_t *why)
{
    int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir) {
        buf_printf(why, "the directory cannot be read: %s", strerrordesc_np(errno));
        if (fd >= 0) {
            (void)close(fd);
        }
        return ERR_IO;
    }
    for (;;) {
        const struct dirent *entry = readdir(dir); /* one stream, one thread */
        if (!entry) {
            break;
        }
        slice_t name = slice_str(entry->d_name);
        if (begins(name, EDIT_TEMPORARY) && !is_named(intents, out, name)) {
            (void)unlinkat(directory, entry->d_name, 0);
        }
    }
    (void)closedir(dir);
    return ERR_OK;
}

static err_t recover(store_history_t *h, int directory, arena_t *arena, store_settlements_t *out,
                     buf_t *why)
{
    store_intents_t intents;
    err_t err = store_history_intents(h, arena, &intents, why);
    if (err) {
        return err;
    }
    store_intent_t *items = arena_array(arena, intents.count, sizeof *items);
    store_settlements_t settled = {
        .items = arena_array(arena, intents.count, sizeof *settled.items),
        .count = intents.count,
    };
    if (!items || !settled.items) {
        return ERR_NOMEM;
    }
    if (intents.count) {
        memcpy(items, intents.items, intents.count * sizeof *items);
    }
    for (size_t i = 0; i < intents.count && !err; i++) {
        err = recover_one(h, directory, &items[i], &settled.items[i], arena, why);
    }
    if (err) {
        return err;
    }
    edit_settled(directory, h, arena, &settled);
    intents.items = items;
    err = sweep(directory, &intents, &settled, why);
    if (!err) {
        *out = settled;
    }
    return err;
}

err_t store_edit_recover(store_history_t *h, const char *directory, arena_t *arena,
                         store_settlements_t *out, buf_t *why)
{
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        buf_printf(why, "the directory %s cannot be opened: %s", directory, strerrordesc_np(errno));
        return ERR_IO;
    }
    err_t err = recover(h, fd, arena, out, why);
    (void)close(fd);
    return err;
}
