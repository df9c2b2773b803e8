#include "view.h"

#include <stdlib.h>

/* A view once it is built. */

void view_release(view_t *view)
{
    for (size_t i = 0; i < view->count; i++) {
        document_unref(view->resources[i].document);
    }
    free(view->resources);
    table_release(&view->by_path);
}

const resource_t *view_find(const view_t *view, slice_t path)
{
    return table_get(&view->by_path, path);
}
