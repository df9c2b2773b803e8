#include "builder.h"

/*
 * Other information resource directories, to which a part of the service is delegated (RFC 7285
 * 9.2.4): an id and a URI each.
 */

#define URI_MAX 2048

/* RFC 3986: absolute, of http or https, and nothing in it that a URI cannot have. */
static bool uri_valid(slice_t uri)
{
    static const slice_t schemes[] = {{"http://", 7}, {"https://", 8}};
    size_t scheme = 0;
    for (size_t i = 0; i < 2; i++) {
        if (uri.len > schemes[i].len && !memcmp(uri.ptr, schemes[i].ptr, schemes[i].len)) {
            scheme = schemes[i].len;
        }
    }
    bool host = scheme && !memchr("/?#", uri.ptr[scheme], 3);
    for (size_t i = 0; host && i < uri.len; i++) {
        host = uri.ptr[i] > ' ' && uri.ptr[i] < 0x7f && !memchr("\"<>\\^`{|}#", uri.ptr[i], 10);
    }
    return host && uri.len <= URI_MAX;
}

static void define(builder_t *b, directory_draft_t *d)
{
    if (!resource_id_check(b, d->made.id, "the id of a directory", NULL)) {
        return;
    }
    for (size_t i = 0; i < b->directory_list.count; i++) {
        const directory_draft_t *other = b->directory_list.items[i];
        if (!slice_eq(other->made.id, d->made.id)) {
            continue;
        }
        if (other->made.document != d->made.document) { /* else found as a duplicate key */
            doc_reader_find(b->reader, FINDING_DUPLICATE_NAME, (slice_t){0},
                            "directory '%.*s' is defined already at %.*s:%u", SLICE_ARG(d->made.id),
                            SLICE_ARG(b->documents[other->made.document].made.file), other->line);
        }
        return;
    }
    builder_push(b, &b->directory_list, d);
}

bool parse_directories(builder_t *b)
{
    if (!builder_expect_map(b, "directories")) {
        return doc_reader_last(b->reader)->kind != DOC_EV_ERROR;
    }
    for (;;) {
        const doc_event_t *ev = builder_next(b);
        if (ev->kind != DOC_EV_SCALAR) {
            return ev->kind == DOC_EV_MAP_END;
        }
        directory_draft_t *d = builder_alloc(b, 1, sizeof *d);
        if (!d) {
            return false;
        }
        *d = (directory_draft_t){.made = {.document = b->document, .id = builder_copy(b, ev->text)},
                                 .line = ev->line,
                                 .column = ev->column};
        define(b, d);
        if (b->failed || builder_next(b)->kind == DOC_EV_ERROR) {
            return false;
        }
        if (builder_expect_text(b, "the URI of a directory", false, &d->made.uri) &&
            !uri_valid(d->made.uri)) {
            doc_reader_find(b->reader, FINDING_BAD_VALUE, (slice_t){0},
                            "'%.*s' is not an absolute http or https URI without fragment",
                            SLICE_ARG(d->made.uri));
        }
        if (doc_reader_last(b->reader)->kind == DOC_EV_ERROR) {
            return false;
        }
    }
}

static int cmp_directory(const void *x, const void *y)
{
    return slice_cmp(((const model_directory_t *)x)->id, ((const model_directory_t *)y)->id);
}

bool resolve_directories(builder_t *b)
{
    size_t count = b->directory_list.count;
    model_directory_t *made = builder_alloc(b, count, sizeof *made);
    for (size_t i = 0; made && i < count; i++) {
        const directory_draft_t *d = b->directory_list.items[i];
        made[i] = d->made;
    }
    if (made) {
        sort_items(made, count, sizeof *made, cmp_directory);
    }
    b->model->directories = made;
    b->model->directory_count = count;
    return !b->failed;
}
