#include "footprintd/store/directory.h"

#include "footprintd/store/file.h"

#include "footprintd/model/data.h"
#include "names.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define NO_SLICE ((slice_t){NULL, 0})

void store_documents_init(store_documents_t *documents)
{
    *documents = (store_documents_t){0};
    arena_init(&documents->arena, 0);
}

void store_documents_release(store_documents_t *documents)
{
    for (size_t i = 0; i < documents->count; i++) {
        union {
            const char *borrowed;
            char *owned;
        } bytes = {.borrowed = documents->items[i].bytes.ptr};
        free(bytes.owned);
    }
    free(documents->items);
    arena_release(&documents->arena);
    *documents = (store_documents_t){0};
}

static err_t add_name(store_documents_t *out, slice_t directory, slice_t name, doc_format_t format)
{
    if (out->count == out->cap) {
        size_t cap = out->cap ? out->cap * 2 : 16;
        store_document_t *grown = realloc(out->items, cap * sizeof *grown);
        if (!grown) {
            return ERR_NOMEM;
        }
        out->items = grown;
        out->cap = cap;
    }
    bool slash = directory.len && directory.ptr[directory.len - 1] == '/';
    slice_t path = arena_printf(&out->arena, "%.*s%s%.*s", SLICE_ARG(directory), slash ? "" : "/",
                                SLICE_ARG(name));
    if (!path.ptr) {
        return ERR_NOMEM;
    }
    name = slice_of(path.ptr + path.len - name.len, name.len);
    out->items[out->count++] = (store_document_t){.name = path, .file = name, .format = format};
    out->data_count += format == DOC_DATA;
    return ERR_OK;
}

static int by_name(const void *a, const void *b)
{
    return slice_cmp(((const store_document_t *)a)->name, ((const store_document_t *)b)->name);
}

/* The names alone; files are opened afterwards, in their order. */
static err_t list(DIR *dir, slice_t directory, size_t limit, store_documents_t *out, findings_t *f)
{
    place_t place = {.file = directory};
    bool too_many = false, bad_name = false;
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(dir); /* one stream, one thread */
        if (!entry) {
            break;
        }
        slice_t name = slice_str(entry->d_name);
        doc_format_t format;
        if (!store_document_format(name, &format)) {
            continue;
        }
        if (!document_name_printable(name)) {
            bad_name = true;
            findings_add(f, FINDING_BAD_NAME, place, NO_SLICE, NO_SLICE,
                         "the name of a file holds control characters or is not UTF-8");
        } else if (out->count == limit) {
            too_many = true;
        } else if (add_name(out, directory, name, format)) {
            return ERR_NOMEM;
        }
    }
    if (errno) {
        findings_add(f, FINDING_UNREADABLE, place, NO_SLICE, NO_SLICE,
                     "the directory cannot be read: %s", strerrordesc_np(errno));
        return ERR_IO;
    }
    if (too_many) {
        findings_add(f, FINDING_LIMIT, place, NO_SLICE, NO_SLICE,
                     "more than the limit of %zu documents", limit);
    }
    if (out->count) {
        qsort(out->items, out->count, sizeof *out->items, by_name);
    }
    return too_many || bad_name ? ERR_DATA : ERR_OK;
}

static err_t read_from(int dirfd, size_t first, size_t limit, store_documents_t *out, findings_t *f)
{
    err_t result = ERR_OK;
    buf_t why = BUF_INIT;
    for (size_t i = first; i < out->count; i++) {
        store_document_t *document = &out->items[i];
        buf_t bytes = BUF_INIT;
        /* arena_printf ends its text in a NUL. */
        err_t err = store_file_read_stamped(dirfd, document->file.ptr, limit, &bytes,
                                            &document->stamp, &why);
        err = err ? err : digest_slice(buf_slice(&bytes), &document->digest);
        if (err == ERR_NOMEM || buf_failed(&why)) {
            buf_release(&bytes);
            result = ERR_NOMEM;
            break;
        }
        if (err) {
            findings_add(f, err == ERR_LIMIT ? FINDING_LIMIT : FINDING_UNREADABLE,
                         (place_t){.file = document->name}, NO_SLICE, NO_SLICE, "the file %.*s",
                         SLICE_ARG(buf_slice(&why)));
            buf_clear(&why);
            buf_release(&bytes);
            result = ERR_DATA;
            continue;
        }
        document->bytes = buf_slice(&bytes);
    }
    buf_release(&why);
    return result;
}

static bool has_name(const store_documents_t *out, slice_t name)
{
    for (size_t i = out->count - out->data_count; i < out->count; i++) {
        if (slice_eq(out->items[i].file, name)) {
            return true;
        }
    }
    return false;
}

/* The data files that the documents name. One that is not there is found by who names it. */
static err_t add_data(int dirfd, slice_t directory, size_t limit, store_documents_t *out)
{
    size_t count = out->count;
    for (size_t i = 0; i < count; i++) {
        const store_document_t d = out->items[i];
        slice_t *names = NULL;
        size_t n = 0;
        doc_limits_t limits = doc_limits_default;
        limits.bytes = limit;
        err_t err = d.bytes.ptr
                        ? model_data_names(d.bytes, d.format, &limits, &out->arena, &names, &n)
                        : ERR_OK;
        for (size_t k = 0; k < n && !err; k++) {
            bool there = faccessat(dirfd, names[k].ptr, F_OK, 0) == 0 || errno != ENOENT;
            err = there && !has_name(out, names[k]) ? add_name(out, directory, names[k], DOC_DATA)
                                                    : ERR_OK;
        }
        if (err) {
            return err;
        }
    }
    if (out->data_count) {
        qsort(out->items + count, out->data_count, sizeof *out->items, by_name);
    }
    return ERR_OK;
}

/* Documents, then what they name. */
static err_t read_all(int dirfd, slice_t directory, size_t limit, store_documents_t *out,
                      findings_t *f)
{
    err_t documents = read_from(dirfd, 0, limit, out, f);
    if (documents == ERR_NOMEM) {
        return documents;
    }
    size_t count = out->count;
    err_t data = add_data(dirfd, directory, limit, out);
    data = data ? data : read_from(dirfd, count, limit, out, f);
    return documents && data != ERR_NOMEM ? documents : data;
}

size_t store_sources(const store_documents_t *documents, model_source_t *out)
{
    size_t count = 0;
    for (size_t i = 0; i < documents->count; i++) {
        const store_document_t *d = &documents->items[i];
        if (d->bytes.ptr) {
            out[count++] = (model_source_t){d->name, d->format, d->bytes};
        }
    }
    return count;
}

err_t store_directory_read(const char *directory, const store_limits_t *limits,
                           store_documents_t *out, findings_t *findings)
{
    size_t count_limit = limits && limits->documents ? limits->documents : 10000;
    size_t bytes_limit = limits && limits->bytes ? limits->bytes : (size_t)64 << 20;
    slice_t name = arena_copy(&out->arena, slice_str(directory));
    if (!name.ptr) {
        return ERR_NOMEM;
    }
    DIR *dir = opendir(directory);
    if (!dir) {
        findings_add(findings, FINDING_UNREADABLE, (place_t){.file = name}, NO_SLICE, NO_SLICE,
                     "the directory cannot be read: %s", strerrordesc_np(errno));
        return ERR_IO;
    }
    err_t listed = list(dir, name, count_limit, out, findings);
    err_t read = ERR_OK;
    if (listed == ERR_OK || listed == ERR_DATA) {
        read = read_all(dirfd(dir), name, bytes_limit, out, findings);
    }
    (void)closedir(dir);
    return listed == ERR_OK || read == ERR_NOMEM ? read : listed;
}
