#include "watch_places.h"

#include "footprintd/base/hash.h"
#include "footprintd/model/data.h"
#include "footprintd/store/directory.h"
#include "watch_follow.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is beyond is looked at now and then, without events. */
#define DIRECTORIES_MAX 64
#define PLACES_MAX      65536

#define LINKS     (IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF)
#define DOCUMENTS (LINKS | IN_MODIFY | IN_CLOSE_WRITE)

err_t places_init(places_t *p)
{
    *p = (places_t){.events = inotify_init1(IN_CLOEXEC | IN_NONBLOCK), .wd = -1};
    p->watched = calloc(DIRECTORIES_MAX, sizeof *p->watched);
    return !p->watched ? ERR_NOMEM : p->events < 0 ? ERR_IO : ERR_OK;
}

void places_release(places_t *p)
{
    for (size_t i = 0; i < p->watched_count; i++) {
        free(p->watched[i].path);
    }
    free(p->watched);
    free(p->items);
    buf_release(&p->documents);
    if (p->events >= 0) {
        (void)close(p->events);
    }
}

/* ---- directories ---- */

static watched_t *find_watched(const places_t *p, int wd)
{
    for (size_t i = 0; i < p->watched_count; i++) {
        if (p->watched[i].wd == wd) {
            return &p->watched[i];
        }
    }
    return NULL;
}

static void forget(places_t *p, watched_t *d)
{
    free(d->path);
    *d = p->watched[--p->watched_count];
}

/* The same directory by another path, or another one by the same path: the system tells which. */
static int watch_directory(places_t *p, const char *path, uint32_t mask)
{
    int wd = inotify_add_watch(p->events, path, mask | IN_ONLYDIR | IN_MASK_ADD);
    watched_t *known = wd < 0 ? NULL : find_watched(p, wd);
    if (known || wd < 0) {
        if (known) {
            known->seen = true;
        }
        return wd;
    }
    char *copy = p->watched_count < DIRECTORIES_MAX ? strdup(path) : NULL;
    if (!copy) {
        (void)inotify_rm_watch(p->events, wd);
        errno = ENOSPC;
        return -1;
    }
    p->watched[p->watched_count++] = (watched_t){wd, true, copy, false};
    return wd;
}

static void drop_unseen(places_t *p)
{
    for (size_t i = p->watched_count; i-- > 0;) {
        if (!p->watched[i].seen) {
            (void)inotify_rm_watch(p->events, p->watched[i].wd);
            forget(p, &p->watched[i]);
        }
    }
}

/* ---- places ---- */

static uint64_t place_hash(int wd, slice_t name)
{
    const uint64_t key[2] = {(uint64_t)wd, hash_slice(name)};
    return hash_bytes(key, sizeof key);
}

static bool add_place(places_t *p, uint64_t hash)
{
    if (p->count == p->cap) {
        size_t cap = p->cap ? p->cap * 2 : 64;
        uint64_t *grown = cap > PLACES_MAX ? NULL : realloc(p->items, cap * sizeof *grown);
        if (!grown) {
            return false;
        }
        p->items = grown;
        p->cap = cap;
    }
    p->items[p->count++] = hash;
    return true;
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static bool stat_entry(const char *directory, slice_t name, struct stat *st)
{
    buf_t path = BUF_INIT;
    buf_printf(&path, "%s/%.*s", directory, SLICE_ARG(name));
    buf_append_char(&path, '\0');
    bool ok = !buf_failed(&path) && lstat(path.ptr, st) == 0;
    buf_release(&path);
    return ok;
}

/* Sums do not depend on the order in which a directory gives its names. */
static void sign(places_t *p, const char *directory, slice_t name, const struct stat *st,
                 bool events)
{
    uint64_t what[6] = {hash_slice(slice_str(directory)), hash_slice(name), st->st_dev, st->st_ino};
    if (!events) { /* the content may change without our being told */
        what[4] = (uint64_t)st->st_size;
        what[5] = (uint64_t)st->st_mtim.tv_sec * 1000000000 + (uint64_t)st->st_mtim.tv_nsec;
    }
    p->signature += hash_bytes(what, sizeof what);
}

static void on_place(void *arg, const char *directory, slice_t name)
{
    places_t *p = arg;
    struct stat st = {0};
    int wd = watch_directory(p, directory, p->mask);
    bool events = wd >= 0 && add_place(p, place_hash(wd, name));
    (void)stat_entry(directory, name, &st);
    sign(p, directory, name, &st, events);
}

/* ---- a look at all ---- */

static bool is_data(const char *directory, slice_t name)
{
    buf_t path = BUF_INIT;
    buf_printf(&path, "%s/%.*s", directory, SLICE_ARG(name));
    bool data = !buf_failed(&path) && model_data_name_valid(buf_slice(&path));
    buf_release(&path);
    return data;
}

/* Without events their sizes and times tell. */
static void sign_data(places_t *p, const char *path, const char *name)
{
    DIR *dir = opendir(path);
    for (;;) {
        const struct dirent *entry = dir ? readdir(dir) : NULL; /* one stream, one thread */
        struct stat st = {0};
        if (!entry) {
            break;
        }
        slice_t file = slice_str(entry->d_name);
        if (is_data(name, file) && stat_entry(path, file, &st)) {
            sign(p, path, file, &st, false);
        }
    }
    if (dir) {
        (void)closedir(dir);
    }
}

/* A directory of data files; whether documents name them is not asked. */
static void look_at_data(places_t *p, const char *directory, const char *name)
{
    buf_t path = BUF_INIT;
    struct stat st;
    buf_printf(&path, "%s/%s", directory, name);
    buf_append_char(&path, '\0');
    if (!buf_failed(&path) && stat(path.ptr, &st) == 0 && S_ISDIR(st.st_mode)) {
        int wd = watch_directory(p, path.ptr, DOCUMENTS);
        watched_t *watched = wd < 0 ? NULL : find_watched(p, wd);
        sign(p, directory, slice_str(name), &st, true);
        if (watched) {
            watched->data = true;
        } else {
            sign_data(p, path.ptr, name);
        }
    }
    buf_release(&path);
}

/* Documents that are links lead elsewhere; of others the directory itself tells. */
static void look_at_documents(places_t *p, const char *directory)
{
    DIR *dir = opendir(directory);
    buf_t end = BUF_INIT;
    for (;;) {
        const struct dirent *entry = dir ? readdir(dir) : NULL; /* one stream, one thread */
        if (!entry) {
            break;
        }
        slice_t name = slice_str(entry->d_name);
        doc_format_t format;
        bool plain = entry->d_type == DT_REG && p->wd >= 0;
        if (!plain && store_document_format(name, &format)) {
            watch_follow(directory, entry->d_name, &end, on_place, p);
        } else if (entry->d_type != DT_REG && name.ptr[0] != '.') {
            look_at_data(p, directory, entry->d_name);
        }
    }
    if (dir) {
        (void)closedir(dir);
    }
    buf_release(&end);
}

bool places_look(places_t *p, const char *directory)
{
    struct stat st = {0};
    uint64_t before = p->signature;
    for (size_t i = 0; i < p->watched_count; i++) {
        p->watched[i].seen = false;
    }
    p->count = 0;
    p->signature = 0;
    p->mask = LINKS;
    watch_follow("", directory, &p->documents, on_place, p);
    p->mask = DOCUMENTS;
    p->wd = -1;
    p->failure = 0;
    const char *path = p->documents.ptr ? p->documents.ptr : "";
    bool there = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
    if (there) {
        p->wd = watch_directory(p, path, DOCUMENTS);
        p->failure = p->wd < 0 ? errno : 0;
        sign(p, path, SLICE_LIT(""), &st, true);
        look_at_documents(p, path);
    }
    drop_unseen(p);
    if (p->count) {
        qsort(p->items, p->count, sizeof *p->items, by_value);
    }
    return there && before && before != p->signature;
}

/* ---- events ---- */

watch_place_t places_of_event(places_t *p, const struct inotify_event *e)
{
    watched_t *d = find_watched(p, e->wd);
    slice_t name = slice_str(e->len ? e->name : "");
    doc_format_t format;
    if (!d) {
        return PLACE_NONE; /* of a directory that was watched before */
    }
    if (e->mask & (IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF)) {
        if (e->mask & IN_IGNORED) {
            forget(p, d);
        }
        return PLACE_GONE;
    }
    if ((e->wd == p->wd && store_document_format(name, &format)) ||
        (d->data && is_data("data", name))) {
        return PLACE_DOCUMENT;
    }
    uint64_t hash = place_hash(e->wd, name);
    return bsearch(&hash, p->items, p->count, sizeof hash, by_value) ? PLACE_OTHER : PLACE_NONE;
}

bool places_is_whole(const places_t *p, const struct inotify_event *e)
{
    const watched_t *d = find_watched(p, e->wd);
    struct stat st;
    return !d || !stat_entry(d->path, slice_str(e->len ? e->name : ""), &st) ||
           !S_ISREG(st.st_mode) || st.st_size;
}
