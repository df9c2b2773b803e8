#include "feed.h"

#include <assert.h>
#include <stdlib.h>

/* Patches are kept up to this size, however small the resource is. */
#define STEPS_FLOOR ((size_t)64 << 10)

err_t feed_new(slice_t id, slice_t input, slice_t client, const uint8_t *ane_key, feed_t **out)
{
    feed_t *f = calloc(1, sizeof *f);
    buf_t key = BUF_INIT, name = BUF_INIT;
    buf_append_slice(&key, id);
    buf_append_char(&key, '\n');
    buf_append_slice(&key, input);
    if (ane_key) { /* an input is in one line */
        buf_append_char(&key, '\n');
        buf_append(&key, ane_key, BLOCK_SIZE);
    }
    buf_append_slice(&name, client);
    buf_append_char(&name, '\0');
    if (!f || buf_failed(&key) || buf_failed(&name)) {
        free(f);
        buf_release(&key);
        buf_release(&name);
        return ERR_NOMEM;
    }
    f->key = buf_slice(&key);
    f->id = slice_of(key.ptr, id.len);
    f->input = slice_of(key.ptr + id.len + 1, input.len);
    f->client = slice_of(name.ptr, client.len);
    f->hides_names = ane_key != NULL;
    if (ane_key) {
        memcpy(f->ane_key, ane_key, BLOCK_SIZE);
    }
    *out = f;
    return ERR_OK;
}

static void version_release(feed_version_t *v)
{
    node_unref(v->root);
    body_unref(v->body);
    frame_unref(v->step);
}

static void drop_made(feed_t *f)
{
    for (size_t i = 0; i < FEED_FRAMES; i++) {
        hub_frame_unref(f->made[i]);
        f->made[i] = NULL;
    }
}

void feed_free(feed_t *f)
{
    if (!f) {
        return;
    }
    for (size_t i = 0; i < f->count; i++) {
        version_release(&f->versions[f->first + i]);
    }
    drop_made(f);
    node_unref(f->bookmark);
    if (f->nodes) {
        nodes_release(f->nodes);
        free(f->nodes);
    }
    free(f->versions);
    free((char *)(uintptr_t)f->key.ptr);
    free((char *)(uintptr_t)f->client.ptr);
    free(f);
}

/* ---- finding ---- */

feed_version_t *feed_newest(const feed_t *f)
{
    return f->count ? &f->versions[f->first + f->count - 1] : NULL;
}

feed_version_t *feed_oldest(const feed_t *f)
{
    return f->count ? &f->versions[f->first] : NULL;
}

feed_version_t *feed_at(const feed_t *f, uint64_t seq)
{
    const feed_version_t *oldest = feed_oldest(f);
    if (!oldest || seq < oldest->seq || seq - oldest->seq >= f->count) {
        return NULL;
    }
    return &f->versions[f->first + (size_t)(seq - oldest->seq)];
}

/* Generations never fall from one version to the next. */
feed_version_t *feed_of_generation(const feed_t *f, uint64_t generation)
{
    size_t low = 0, high = f->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (f->versions[f->first + middle].generation <= generation) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    feed_version_t *v = low ? &f->versions[f->first + low - 1] : NULL;
    return v && generation <= v->through ? v : NULL;
}

/* Clients choose what is looked for: it must not cost as much as they like. */
#define TAGS_MAX 1024

feed_version_t *feed_of_tag(const feed_t *f, slice_t tag)
{
    size_t least = f->count > TAGS_MAX ? f->count - TAGS_MAX : 0;
    for (size_t i = f->count; tag.len && i-- > least;) {
        feed_version_t *v = &f->versions[f->first + i];
        if (slice_is(tag, v->tag)) {
            return v;
        }
    }
    return NULL;
}

void feed_tag_of(const node_t *root, char out[TAG_LEN + 1])
{
    const node_t *n = node_get(root, SLICE_LIT("meta"));
    n = n ? node_get(n, SLICE_LIT("vtag")) : NULL;
    n = n ? node_get(n, SLICE_LIT("tag")) : NULL;
    out[0] = '\0';
    if (n && n->kind == NODE_TEXT && n->text.len == TAG_LEN + 2) {
        memcpy(out, n->text.ptr + 1, TAG_LEN);
        out[TAG_LEN] = '\0';
    }
}

/* ---- growing and forgetting ---- */

size_t feed_forget_oldest(feed_t *f)
{
    if (f->count < 2) {
        return 0;
    }
    feed_version_t *v = &f->versions[f->first];
    const feed_version_t *next = v + 1;
    size_t step = next->step ? frame_total(next->step) : 0;
    size_t kept = v->kept + step;
    f->step_bytes -= step;
    version_release(v);
    f->first++;
    f->count--;
    return kept;
}

err_t feed_reserve(feed_t *f)
{
    if (f->first + f->count < f->cap) {
        return ERR_OK;
    }
    if (f->first >= f->cap / 2 && f->first) {
        memmove(f->versions, f->versions + f->first, f->count * sizeof *f->versions);
        f->first = 0;
        return ERR_OK;
    }
    size_t cap = f->cap ? f->cap * 2 : 4;
    feed_version_t *grown = realloc(f->versions, cap * sizeof *grown);
    if (!grown) {
        return ERR_NOMEM;
    }
    f->versions = grown;
    f->cap = cap;
    return ERR_OK;
}

err_t feed_append(feed_t *f, uint64_t generation, node_t *root, body_t *body, frame_t *step,
                  ptrdiff_t *bytes)
{
    *bytes = 0;
    if (feed_reserve(f)) {
        frame_unref(step);
        return ERR_NOMEM;
    }
    feed_version_t *last = feed_newest(f);
    feed_version_t *v = &f->versions[f->first + f->count++];
    *v = (feed_version_t){.seq = last ? last->seq + 1 : 1,
                          .generation = generation,
                          .through = generation,
                          .root = node_ref(root),
                          .body = body ? body_ref(body) : NULL,
                          .step = step};
    feed_tag_of(root, v->tag);
    drop_made(f);
    node_unref(f->bookmark);
    f->bookmark = NULL;
    if (!last) {
        return ERR_OK;
    }
    body_unref(last->body);
    last->body = NULL;
    last->kept = feed_own_bytes(last->root, root);
    *bytes += (ptrdiff_t)last->kept;
    if (step) {
        f->step_bytes += frame_total(step);
        *bytes += (ptrdiff_t)frame_total(step);
    }
    /* The last step stays in any case: those who wait for it are to get it. */
    size_t most = root->size > STEPS_FLOOR ? root->size : STEPS_FLOOR;
    while ((f->step_bytes > most && f->count > 2) || (!step && f->count > 1)) {
        *bytes -= (ptrdiff_t)feed_forget_oldest(f);
    }
    return ERR_OK;
}

/* ---- frames ---- */

hub_frame_t *hub_frame_ref(hub_frame_t *f)
{
    atomic_fetch_add_explicit(&f->refs, 1, memory_order_relaxed);
    return f;
}

void hub_frame_unref(hub_frame_t *f)
{
    if (!f || atomic_fetch_sub_explicit(&f->refs, 1, memory_order_acq_rel) != 1) {
        return;
    }
    frame_unref(atomic_load_explicit(&f->frame, memory_order_acquire));
    node_unref(f->from_root);
    node_unref(f->root);
    body_unref(f->body);
    free(f);
}

bool hub_frame_claim(hub_frame_t *f)
{
    return !atomic_load_explicit(&f->frame, memory_order_acquire) &&
           !atomic_exchange_explicit(&f->claimed, true, memory_order_relaxed);
}

frame_t *hub_frame_get(hub_frame_t *f, bool *failed)
{
    frame_t *frame = atomic_load_explicit(&f->frame, memory_order_acquire);
    *failed = !frame && atomic_load_explicit(&f->failed, memory_order_acquire);
    return frame;
}

void hub_frame_await(hub_frame_t *f)
{
    atomic_store(&f->awaited, true);
}

static err_t new_frame(feed_t *f, const feed_version_t *from, const feed_version_t *to,
                       hub_frame_t **out)
{
    hub_frame_t *made = calloc(1, sizeof *made);
    if (!made) {
        return ERR_NOMEM;
    }
    atomic_init(&made->refs, 1);
    atomic_init(&made->claimed, false);
    atomic_init(&made->failed, false);
    atomic_init(&made->awaited, false);
    atomic_init(&made->frame, NULL);
    made->message = f->kind->message;
    made->media_type = f->kind->media_type;
    made->from = from ? from->seq : 0;
    made->to = to->seq;
    made->from_root = from ? node_ref(from->root) : NULL;
    made->root = node_ref(to->root);
    made->body = to->body ? body_ref(to->body) : NULL;
    /* What there is already. A patch that is no smaller than the whole is of no use to a stream. */
    if (from && from->seq + 1 == to->seq && to->step && frame_total(to->step) < to->root->size) {
        atomic_store_explicit(&made->frame, frame_ref(to->step), memory_order_release);
    }
    *out = made;
    return ERR_OK;
}

err_t feed_frame(feed_t *f, uint64_t from, uint64_t to, hub_frame_t **out)
{
    const feed_version_t *old = from ? feed_at(f, from) : NULL;
    const feed_version_t *fresh = feed_at(f, to);
    from = old ? from : 0;
    for (size_t i = 0; i < FEED_FRAMES; i++) {
        hub_frame_t *made = f->made[i];
        if (made && made->from == from && made->to == to &&
            !atomic_load_explicit(&made->failed, memory_order_acquire)) {
            *out = hub_frame_ref(made);
            return ERR_OK;
        }
    }
    err_t err = fresh ? new_frame(f, old, fresh, out) : ERR_NOT_FOUND;
    if (!err) {
        hub_frame_unref(f->made[f->next_made]);
        f->made[f->next_made] = hub_frame_ref(*out);
        f->next_made = (f->next_made + 1) % FEED_FRAMES;
    }
    return err;
}

err_t feed_step_frame(feed_t *f, uint64_t to, hub_frame_t **out)
{
    const feed_version_t *v = feed_at(f, to);
    hub_frame_t *made = calloc(1, sizeof *made);
    if (!made) {
        return ERR_NOMEM;
    }
    atomic_init(&made->refs, 1);
    atomic_init(&made->claimed, true);
    atomic_init(&made->failed, false);
    atomic_init(&made->awaited, false);
    atomic_init(&made->frame, frame_ref(v->step));
    made->from = to - 1;
    made->to = to;
    *out = made;
    return ERR_OK;
}
