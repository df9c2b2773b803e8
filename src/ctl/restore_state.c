#include "restore.h"

#include "command.h"

#include <stdio.h>
#include <time.h>

static uint64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void write_json(const restore_t *a, const store_restored_t *done, buf_t *out)
{
    buf_append_str(out, "{\"file\":");
    json_write_string(out, slice_str(a->file));
    buf_append_char(out, ',');
    backup_write_json(&done->info, out);
    buf_printf(out, ",\"files\":%zu,\"history-aside\":", done->changes);
    json_write_string(out, done->history_aside);
    buf_append_str(out, ",\"documents-aside\":");
    json_write_string(out, done->documents_aside);
    buf_append_str(out, ",\"kept\":[");
    size_t n = 0;
    for (size_t i = 0; i < done->settled.count; i++) {
        if (done->settled.items[i].settled != STORE_SETTLED_DONE) {
            buf_append_str(out, n++ ? "," : "");
            json_write_string(out, done->settled.items[i].file);
        }
    }
    buf_append_str(out, "]}\n");
}

static void write_text(const restore_t *a, const store_restored_t *done, buf_t *out)
{
    buf_append_printable(out, slice_str(a->file), "");
    buf_append_str(out, ": ");
    backup_describe(&done->info, out);
    buf_append_char(out, '\n');
    if (done->history_aside.len) {
        buf_printf(out, "the history that was there is in %.*s\n", SLICE_ARG(done->history_aside));
    }
    if (a->footprints) {
        buf_printf(out, "%zu file%s of %s %s\n", done->changes, done->changes == 1 ? "" : "s",
                   a->footprints, a->options.dry_run ? "would change" : "changed");
    }
    if (done->documents_aside.len) {
        buf_printf(out, "what they held is in %.*s\n", SLICE_ARG(done->documents_aside));
    }
    for (size_t i = 0; i < done->settled.count; i++) {
        const store_settlement_t *s = &done->settled.items[i];
        if (s->settled != STORE_SETTLED_DONE) {
            buf_append_printable(out, s->file, "");
            buf_printf(out, ": %.*s\n", SLICE_ARG(s->why));
        }
    }
    buf_append_str(out, a->options.dry_run ? "nothing is changed\n" : "");
}

int restore_state(const restore_t *a)
{
    const store_restore_t restore = {.file = a->file,
                                     .state = a->state,
                                     .documents = a->footprints,
                                     .time_ms = now_ms(),
                                     .who = SLICE_LIT("footprintctl restore"),
                                     .dry_run = a->options.dry_run};
    store_restored_t done;
    arena_t arena;
    buf_t out = BUF_INIT, why = BUF_INIT;
    arena_init(&arena, 0);
    int code;
    err_t err = store_backup_restore(&restore, &arena, &done, &why);
    if (err) {
        code = backup_failed(a->options.remote.json, err, &why);
    } else {
        (a->options.remote.json ? write_json : write_text)(a, &done, &out);
        code = remote_print(&out);
        code = code == CTL_FINE && done.settled.kept + done.settled.pending ? CTL_REFUSED : code;
    }
    buf_release(&out);
    buf_release(&why);
    arena_release(&arena);
    return code;
}
