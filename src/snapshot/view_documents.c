#include "view.h"

#include "footprintd/base/bytes.h"

/*
 * Documents of views. One that has the tag that it had, in the snapshot before or in a class before
 * this one, is the same document.
 */

document_t *view_document_find(const view_input_t *in, slice_t path, const char *tag)
{
    const resource_t *before = in->previous ? view_find(in->previous, path) : NULL;
    if (before && before->document && !strcmp(before->document->tag, tag)) {
        return before->document;
    }
    buf_t key = BUF_INIT;
    buf_printf(&key, "%.*s\n%s", SLICE_ARG(path), tag);
    document_t *d = buf_failed(&key) ? NULL : table_get(in->shared, buf_slice(&key));
    buf_release(&key);
    return d;
}

err_t view_document_share(const view_input_t *in, slice_t path, document_t *d)
{
    slice_t key = arena_printf(in->arena, "%.*s\n%s", SLICE_ARG(path), d->tag);
    return key.ptr ? table_put(in->shared, key, d, NULL) : ERR_NOMEM;
}

err_t view_document_for(const view_input_t *in, slice_t path, const char *tag,
                        err_t (*make)(const void *content, body_t **out), const void *content,
                        document_t **out)
{
    document_t *there = view_document_find(in, path, tag);
    if (there) {
        *out = document_ref(there);
        return ERR_OK;
    }
    body_t *body = NULL;
    err_t err = make(content, &body);
    return err ? err : document_new_take(tag, body, out);
}
