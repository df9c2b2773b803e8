#include "restore_files.h"

#include "footprintd/store/directory.h"
#include "footprintd/store/file.h"

#include "edit_file.h"
#include "state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

/* Longer than any document may be by the limits. */
#define FILE_MAX ((size_t)1 << 31)

/* ---- what is to be done ---- */

typedef struct plan {
    restore_files_t *files;
    arena_t *arena;
    store_edit_change_t *changes;
    size_t count;
    size_t cap;
} plan_t;

static err_t add(plan_t *p, const store_edit_change_t *change, const store_hash_t *after)
{
    if (p->count == p->cap) {
        size_t cap = p->cap ? p->cap * 2 : 64;
        store_edit_change_t *grown = arena_array(p->arena, cap, sizeof *grown);
        store_intent_t *intents = arena_array(p->arena, cap, sizeof *intents);
        if (!grown || !intents) {
            return ERR_NOMEM;
        }
        if (p->count) {
            memcpy(grown, p->changes, p->count * sizeof *grown);
            memcpy(intents, p->files->intents, p->count * sizeof *intents);
        }
        p->changes = grown;
        p->files->intents = intents;
        p->cap = cap;
    }
    store_intent_t intent = {
        .file = arena_copy(p->arena, change->name), .before = change->before, .after = *after};
    err_t err = intent.file.ptr
                    ? edit_file_beside(EDIT_TEMPORARY, intent.file, p->arena, &intent.temporary)
                    : ERR_NOMEM;
    if (!err) {
        p->changes[p->count] = *change;
        p->changes[p->count].name = intent.file;
        p->files->intents[p->count++] = intent;
    }
    return err;
}

/* A link that leads to the right text may stay one. */
static bool leads_to(const char *directory, slice_t name, const store_hash_t *wanted)
{
    buf_t path = BUF_INIT, text = BUF_INIT, why = BUF_INIT;
    store_hash_t hash = {0};
    buf_printf(&path, "%s/%.*s", directory, SLICE_ARG(name));
    buf_append_char(&path, '\0');
    bool same = !buf_failed(&path) && !store_file_read(AT_FDCWD, path.ptr, FILE_MAX, &text, &why) &&
                !store_edit_hash(buf_slice(&text), &hash) && store_hash_eq(&hash, wanted);
    buf_release(&path);
    buf_release(&text);
    buf_release(&why);
    return same;
}

/* One file; bytes of {NULL, 0}: it is to go. */
static err_t plan_file(plan_t *p, slice_t name, slice_t bytes, const store_hash_t *after,
                       buf_t *why)
{
    store_edit_change_t change = {.name = name, .remove = !after->present, .bytes = bytes};
    size_t said = why->len;
    err_t err = store_edit_look(p->files->directory, name, &change.before, why);
    if (err == ERR_RANGE && after->present && leads_to(p->files->directory, name, after)) {
        why->len = said;
        return ERR_OK;
    }
    return err || store_hash_eq(&change.before, after) ? err : add(p, &change, after);
}

static const store_text_t *find(const store_texts_t *texts, slice_t name)
{
    for (size_t i = 0; i < texts->count; i++) {
        if (slice_eq(texts->items[i].name, name)) {
            return &texts->items[i];
        }
    }
    return NULL;
}

/* Documents of the directory that the generation has not. */
static err_t plan_removals(plan_t *p, const store_texts_t *texts, buf_t *why)
{
    DIR *dir = opendir(p->files->directory);
    const store_hash_t none = {0};
    err_t err = dir ? ERR_OK : ERR_IO;
    if (err) {
        buf_printf(why, "the directory %s cannot be opened: %s", p->files->directory,
                   strerrordesc_np(errno));
    }
    while (!err) {
        const struct dirent *entry = readdir(dir); /* one stream, one thread */
        if (!entry) {
            break;
        }
        slice_t name = slice_str(entry->d_name);
        doc_format_t format;
        if (store_document_format(name, &format) && !find(texts, name)) {
            err = plan_file(p, name, slice_of(NULL, 0), &none, why);
        }
    }
    if (dir) {
        (void)closedir(dir);
    }
    return err;
}

/* What would be refused at an edit is refused here: nothing is left of the attempt. */
static err_t try_changes(const plan_t *p, buf_t *why)
{
    store_edit_t *edit = NULL;
    err_t err = store_edit_prepare(p->files->directory, p->changes, p->count, &edit, why);
    store_edit_free(edit);
    return err;
}

err_t restore_files_plan(restore_files_t *files, store_history_t *from, uint64_t generation,
                         arena_t *arena, buf_t *why)
{
    plan_t p = {.files = files, .arena = arena};
    store_texts_t texts = {NULL, 0};
    err_t err = generation ? store_history_documents(from, generation, arena, &texts, why) : ERR_OK;
    if (!err && access(files->directory, F_OK) != 0 && errno == ENOENT) {
        if (files->dry_run) {
            files->count = texts.count;
            return ERR_OK;
        }
        if (mkdir(files->directory, 0755) != 0) {
            buf_printf(why, "the directory %s cannot be made: %s", files->directory,
                       strerrordesc_np(errno));
            return ERR_IO;
        }
    }
    for (size_t i = 0; i < texts.count && !err; i++) {
        const store_text_t *t = &texts.items[i];
        const store_hash_t after = {.present = true, .digest = t->digest};
        err = plan_file(&p, t->name, t->bytes, &after, why);
    }
    err = err ? err : plan_removals(&p, &texts, why);
    files->count = err ? 0 : p.count;
    return err || !p.count ? err : try_changes(&p, why);
}

/* ---- what was there ---- */

/* The file itself where the file system can do that, else its text. */
static bool keep_one(int directory, int aside, const char *name)
{
    const char *slash = strchr(name, '/'); /* of a data file */
    char sub[NAME_MAX + 1];
    if (slash && (size_t)(slash - name) < sizeof sub) {
        memcpy(sub, name, (size_t)(slash - name));
        sub[slash - name] = '\0';
        if (mkdirat(aside, sub, 0700) != 0 && errno != EEXIST) {
            return false;
        }
    }
    if (linkat(directory, name, aside, name, 0) == 0 || errno == ENOENT) {
        return true;
    }
    buf_t text = BUF_INIT, why = BUF_INIT;
    bool ok = store_file_read(directory, name, FILE_MAX, &text, &why) == ERR_OK &&
              edit_file_write(aside, name, buf_slice(&text), NULL, NULL, &why) == ERR_OK;
    buf_release(&text);
    buf_release(&why);
    return ok;
}

static bool keep_all(const restore_files_t *files, int directory, const char *name)
{
    int aside = mkdirat(directory, name, 0700) == 0
                    ? openat(directory, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                    : -1;
    bool ok = aside >= 0;
    for (size_t i = 0; i < files->count && ok; i++) {
        if (files->intents[i].before.present) {
            ok = keep_one(directory, aside, files->intents[i].file.ptr);
        }
    }
    ok = ok && directory_sync(aside) && directory_sync(directory);
    if (aside >= 0) {
        (void)close(aside);
    }
    return ok;
}

err_t restore_files_keep(const restore_files_t *files, arena_t *arena, slice_t *aside, buf_t *why)
{
    bool any = false;
    for (size_t i = 0; i < files->count; i++) {
        any |= files->intents[i].before.present;
    }
    if (!any) {
        return ERR_OK;
    }
    slice_t name = arena_printf(arena, ".fpd-replaced-%llu", (unsigned long long)files->time_ms);
    slice_t path = arena_printf(arena, "%s/%.*s", files->directory, SLICE_ARG(name));
    if (!name.ptr || !path.ptr) {
        return ERR_NOMEM;
    }
    int directory = open(files->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = directory >= 0 && keep_all(files, directory, name.ptr);
    if (!ok) {
        buf_printf(why, "what is in %s cannot be kept in %s: %s", files->directory, path.ptr,
                   strerrordesc_np(errno));
    }
    if (directory >= 0) {
        (void)close(directory);
    }
    *aside = ok ? path : SLICE_LIT("");
    return ok ? ERR_OK : ERR_IO;
}
