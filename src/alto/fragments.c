#include "footprintd/alto/fragments.h"

err_t fragments_init(fragments_t *store, const fragments_t *previous)
{
    *store = (fragments_t){.previous = previous};
    return hasher_init(&store->hasher);
}

void fragments_seal(fragments_t *store)
{
    store->previous = NULL;
}

void fragments_release(fragments_t *store)
{
    for (size_t i = 0; store->table.entries && i <= store->table.mask; i++) {
        fragment_unref(store->table.entries[i].value);
    }
    table_release(&store->table);
    hasher_release(&store->hasher);
}

static slice_t digest_key(const digest_t *d)
{
    return slice_of((const char *)d->bytes, DIGEST_SIZE);
}

err_t fragments_intern(fragments_t *store, slice_t bytes, fragment_t **out)
{
    digest_t digest;
    hasher_begin(&store->hasher);
    hasher_update_slice(&store->hasher, bytes);
    err_t err = hasher_finish(&store->hasher, &digest);
    if (err) {
        return err;
    }
    fragment_t *f = table_get(&store->table, digest_key(&digest));
    if (f) {
        *out = f;
        return ERR_OK;
    }
    f = store->previous ? table_get(&store->previous->table, digest_key(&digest)) : NULL;
    if (f) {
        (void)fragment_ref(f);
    } else {
        err = fragment_new(bytes, &digest, &f);
        if (err) {
            return err;
        }
    }
    /* The key lies in the fragment itself, which the table keeps alive. */
    err = table_put(&store->table, digest_key(&f->digest), f, NULL);
    if (err) {
        fragment_unref(f);
        return err;
    }
    store->bytes += bytes.len;
    *out = f;
    return ERR_OK;
}
