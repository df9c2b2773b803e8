/*
 * Documents that arrive, and when they are handed out: written and told to the command.
 *
 * A document that depends on others (meta, dependent-vtags) is of use only with exactly those
 * versions (RFC 8895 9.2, RFC 9569 8.2). Of resources that are followed here the version is known:
 * a document waits until what it depends on has been handed out with the tag that it names.
 */
#include "watch.h"

/* Until a file is tried again that could not be written. */
#define REWRITE_MS 2000

static watch_follow_t *find(watch_t *w, slice_t id)
{
    for (size_t i = 0; i < w->count; i++) {
        if (slice_is(id, w->follows[i].id)) {
            return &w->follows[i];
        }
    }
    return NULL;
}

/* The first resource that has not, as handed out, the version that the document needs. */
static watch_follow_t *missing(watch_follow_t *f)
{
    for (size_t i = 0; i < f->doc.dep_count; i++) {
        watch_follow_t *g = find(f->watch, f->doc.deps[i].resource);
        if (g && g != f && !(g->handed && slice_eq(buf_slice(&g->tag), f->doc.deps[i].tag))) {
            return g;
        }
    }
    return NULL;
}

static bool digest_of(watch_follow_t *f, digest_t *out)
{
    hasher_t *h = &f->watch->hasher;
    hasher_begin(h);
    hasher_update_slice(h, buf_slice(&f->doc.text));
    return hasher_finish(h, out) == ERR_OK;
}

static void hand_out(watch_follow_t *f)
{
    buf_t why = BUF_INIT;
    if (f->file.len && !watch_write(f->file.ptr, buf_slice(&f->doc.text), &why)) {
        watch_say(f->id, "%.*s", SLICE_ARG(buf_slice(&why)));
        buf_release(&why);
        f->write_due_ms = watch_clock() + REWRITE_MS;
        if (!f->handed) { /* it never worked: a mistake rather than a full disk */
            watch_end(f->watch, 2);
        }
        return;
    }
    f->pending = false;
    f->handed = true;
    f->handed_ms = watch_clock();
    f->write_due_ms = WATCH_NEVER;
    buf_clear(&f->tag);
    buf_append_slice(&f->tag, f->doc.vtag.tag);
    if (!digest_of(f, &f->digest) || buf_failed(&f->tag)) {
        watch_say(f->id, "%s", err_text(ERR_NOMEM));
        watch_end(f->watch, 1);
        return;
    }
    watch_tell(f, true);
    watch_exec(f);
}

/* True when it got somewhere. */
static bool settle(watch_follow_t *f)
{
    bool spared = f->write_due_ms != WATCH_NEVER && watch_clock() < f->write_due_ms;
    if (!f->pending || !watch_doc_held(&f->doc) || f->doc.torn || spared) {
        return false;
    }
    watch_follow_t *waits = missing(f);
    if (waits) {
        bool news = f->waits != waits;
        f->waits = waits;
        if (news) {
            watch_tell(f, true);
            if (waits->channel) {
                watch_poll_now(waits->channel);
            }
        }
        return false;
    }
    f->waits = NULL;
    hand_out(f);
    return !f->pending;
}

void watch_feed_settle(watch_t *w)
{
    bool more = true;
    while (more) {
        more = false;
        for (size_t i = 0; i < w->count; i++) {
            more |= settle(&w->follows[i]);
        }
    }
}

static void refuse(watch_follow_t *f, watch_kind_t kind)
{
    f->refused++;
    f->bad_patches += kind != WATCH_FULL;
    f->pending = false;
    f->waits = NULL;
    watch_doc_release(&f->doc);
}

bool watch_feed_take(watch_follow_t *f, const watch_update_t *update, buf_t *why)
{
    watch_kind_t kind = update->kind;
    watch_doc_t made;
    watch_doc_init(&made);
    err_t err = watch_doc_update(&f->doc, update, &made, why);
    if (err) {
        buf_append_str(why, err == ERR_DATA ? "" : err_text(err));
        refuse(f, kind);
        return false;
    }
    /* Patches of the parts of one version are one event. */
    f->bytes = (kind != WATCH_FULL && f->doc.torn ? f->bytes : 0) + update->bytes.len;
    watch_doc_release(&f->doc);
    f->doc = made;
    f->kind = kind;
    f->fulls += kind == WATCH_FULL;
    f->patches += kind != WATCH_FULL;
    f->bad_patches = kind == WATCH_FULL ? f->bad_patches : 0;
    f->waits = NULL;
    f->write_due_ms = WATCH_NEVER;
    digest_t digest;
    bool known = !made.torn && f->handed && digest_of(f, &digest) &&
                 memcmp(&digest, &f->digest, sizeof digest) == 0;
    f->pending = !known;
    if (known) {
        watch_tell(f, false);
    }
    watch_feed_settle(f->watch);
    return true;
}

bool watch_feed_hopeless(const watch_follow_t *f)
{
    unsigned others = f->ways & ~(f->channel ? 1u << f->channel->way->id : 0u);
    return f->bad_patches >= WATCH_BAD_PATCHES_MAX && others;
}
