#include "edit_settle.h"

#include "edit_file.h"
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

typedef struct settling {
    int directory;
    const store_intent_t *intent;
    const char *file;
    const char *temporary;
    buf_t *why;
} settling_t;

static store_settled_t kept(settling_t *s)
{
    buf_clear(s->why);
    buf_append_str(s->why, "was changed by somebody else at the same time: that was kept");
    return STORE_SETTLED_KEPT;
}

static store_settled_t refused(settling_t *s, int code)
{
    const char *text = strerrordesc_np(code);
    buf_clear(s->why);
    buf_printf(s->why, "cannot be replaced: %s", text ? text : "unknown error");
    return STORE_SETTLED_PENDING;
}

/* A failure leaves a dot file behind, which the next recovery removes. */
static void drop_temporary(settling_t *s)
{
    edit_step("unlink", s->intent->file);
    (void)unlinkat(s->directory, s->temporary, 0);
}

/* True when what lies there is this, and stays so; false for all else, whatever it is. */
static bool holds(settling_t *s, const char *name, const store_hash_t *hash)
{
    edit_seen_t seen;
    buf_clear(s->why);
    return edit_file_look(s->directory, name, &seen, s->why) == ERR_OK && !seen.writing &&
           store_hash_eq(&seen.hash, hash);
}

/* What a person wrote has no place: it gets a name that nothing removes. */
static store_settled_t keep_aside(settling_t *s)
{
    arena_t arena;
    arena_init(&arena, 0);
    slice_t name;
    err_t err = edit_file_beside(EDIT_KEPT, s->intent->file, &arena, &name);
    int code = err == ERR_NOMEM ? ENOMEM : err ? EIO : 0;
    code = code ? code : edit_file_move(s->directory, s->temporary, name.ptr);
    store_settled_t settled = code ? refused(s, code) : kept(s);
    if (!code) {
        buf_printf(s->why, "; what it was changed to before is in %s", name.ptr);
    }
    arena_release(&arena);
    return settled;
}

/* The temporary holds what a person wrote at the last moment, and the file what we put there. */
static store_settled_t put_back(settling_t *s)
{
    edit_step("exchange", s->intent->file);
    bool exchanged = false;
    int code = s->intent->after.present
                   ? edit_file_exchange(s->directory, s->temporary, s->file, &exchanged)
                   : edit_file_move(s->directory, s->temporary, s->file);
    if (code == EEXIST || code == ENOENT) {
        return keep_aside(s); /* and changed once more */
    }
    if (code) {
        return refused(s, code);
    }
    if (exchanged) {
        if (!holds(s, s->temporary, &s->intent->after)) {
            /* Saved again since: the later text is the one that they want in its place. */
            code = edit_file_exchange(s->directory, s->temporary, s->file, &exchanged);
            return code ? refused(s, code) : keep_aside(s);
        }
        drop_temporary(s);
    }
    return kept(s);
}

/* What came out has to be what was meant to go, and nobody may be about to write into it. */
static store_settled_t look_at_old(settling_t *s)
{
    edit_step("look", s->intent->file);
    edit_seen_t seen;
    buf_clear(s->why);
    err_t err = edit_file_look(s->directory, s->temporary, &seen, s->why);
    if (err == ERR_NOMEM || err == ERR_IO) {
        return STORE_SETTLED_PENDING;
    }
    if (err || seen.writing || !store_hash_eq(&seen.hash, &s->intent->before)) {
        return put_back(s);
    }
    drop_temporary(s);
    return STORE_SETTLED_DONE;
}

static store_settled_t replace(settling_t *s)
{
    const store_intent_t *intent = s->intent;
    edit_step("exchange", intent->file);
    if (!intent->before.present) {
        int code = edit_file_move(s->directory, s->temporary, s->file);
        if (code == EEXIST) {
            drop_temporary(s);
            return kept(s);
        }
        return code ? refused(s, code) : STORE_SETTLED_DONE;
    }
    bool exchanged = false;
    int code = edit_file_exchange(s->directory, s->temporary, s->file, &exchanged);
    if (code == ENOENT && !holds(s, s->file, &intent->before)) {
        drop_temporary(s); /* somebody removed the file, and not the temporary */
        return kept(s);
    }
    if (code) {
        return refused(s, code);
    }
    return exchanged ? look_at_old(s) : STORE_SETTLED_DONE;
}

static store_settled_t take_away(settling_t *s, bool leftover)
{
    if (leftover) {
        drop_temporary(s); /* the same as the file: it cannot be all there is of anything */
    }
    edit_step("exchange", s->intent->file);
    int code = edit_file_move(s->directory, s->file, s->temporary);
    if (code == ENOENT) {
        return STORE_SETTLED_DONE;
    }
    return code ? refused(s, code) : look_at_old(s);
}

store_settled_t edit_settle(int directory, const store_intent_t *intent, buf_t *why)
{
    settling_t s = {directory, intent, intent->file.ptr, intent->temporary.ptr, why};
    edit_seen_t temporary, file;
    buf_clear(why);
    err_t beside = edit_file_look(directory, s.temporary, &temporary, why);
    if (beside == ERR_IO || beside == ERR_NOMEM) {
        return STORE_SETTLED_PENDING;
    }
    buf_clear(why);
    err_t err = edit_file_look(directory, s.file, &file, why);
    if (err == ERR_IO || err == ERR_NOMEM) {
        return STORE_SETTLED_PENDING;
    }
    bool is_after = !err && store_hash_eq(&file.hash, &intent->after);
    bool is_before = !err && store_hash_eq(&file.hash, &intent->before);
    bool theirs = beside || temporary.writing ||
                  (temporary.hash.present && !store_hash_eq(&temporary.hash, &intent->before) &&
                   !store_hash_eq(&temporary.hash, &intent->after));
    if (theirs) {
        return is_after ? put_back(&s) : keep_aside(&s);
    }
    if (is_before && !is_after) {
        if (!intent->after.present) {
            return take_away(&s, temporary.hash.present);
        }
        if (store_hash_eq(&temporary.hash, &intent->after)) {
            return replace(&s);
        }
        buf_append_str(why, "cannot be replaced: its new content has disappeared");
        return STORE_SETTLED_PENDING;
    }
    if (temporary.hash.present) {
        drop_temporary(&s);
    }
    return is_after ? STORE_SETTLED_DONE : kept(&s);
}

store_settled_t edit_settle_made(int directory, const store_intent_t *intent,
                                 const edit_made_t *made, buf_t *why)
{
    settling_t s = {directory, intent, intent->file.ptr, intent->temporary.ptr, why};
    bool both = intent->before.present && intent->after.present;
    if (!both || !store_stamp_is_quiet(&made->file) ||
        !edit_file_is_still(directory, s.file, &made->file.st) ||
        !edit_file_is_still(directory, s.temporary, &made->temporary)) {
        return edit_settle(directory, intent, why);
    }
    /* What comes out is read in any case. */
    buf_clear(why);
    return replace(&s);
}

static void all_pending(store_settlements_t *out, slice_t why)
{
    for (size_t i = 0; i < out->count; i++) {
        if (out->items[i].settled != STORE_SETTLED_PENDING) {
            out->items[i].settled = STORE_SETTLED_PENDING;
            out->items[i].why = why;
        }
    }
}

/* Data files lie one level below. */
static bool sync_subdirectories(int directory, const store_settlements_t *settled)
{
    bool ok = true;
    for (size_t i = 0; i < settled->count && ok; i++) {
        slice_t file = settled->items[i].file;
        const char *slash = file.len ? memchr(file.ptr, '/', file.len) : NULL;
        char name[STORE_EDIT_NAME_MAX + 1];
        if (!slash || file.len > STORE_EDIT_NAME_MAX) {
            continue;
        }
        memcpy(name, file.ptr, (size_t)(slash - file.ptr));
        name[slash - file.ptr] = '\0';
        int fd = openat(directory, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        ok = fd < 0 ? errno == ENOENT : directory_sync(fd);
        if (fd >= 0) {
            (void)close(fd);
        }
    }
    return ok;
}

void edit_settled(int directory, store_history_t *h, arena_t *arena, store_settlements_t *out)
{
    slice_t *files = arena_array(arena, out->count, sizeof *files);
    buf_t why = BUF_INIT;
    size_t count = 0;
    for (size_t i = 0; i < out->count && files; i++) {
        if (out->items[i].settled != STORE_SETTLED_PENDING) {
            files[count++] = out->items[i].file;
        }
    }
    if (!files) {
        all_pending(out, SLICE_LIT("is written, but memory is out"));
    } else if (!directory_sync(directory) || !sync_subdirectories(directory, out)) {
        buf_printf(&why, "is written, but its directory cannot be synced: %s",
                   strerrordesc_np(errno));
        all_pending(out, arena_copy(arena, buf_slice(&why)));
    } else if (count) {
        edit_step("settle", files[0]);
        if (store_history_intents_settle(h, files, count, &why)) {
            all_pending(out, SLICE_LIT("is written, but the history could not be told so"));
        }
    }
    buf_release(&why);
    out->kept = out->pending = 0;
    for (size_t i = 0; i < out->count; i++) {
        out->kept += out->items[i].settled == STORE_SETTLED_KEPT;
        out->pending += out->items[i].settled == STORE_SETTLED_PENDING;
    }
}
