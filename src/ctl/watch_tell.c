#include "watch.h"

#include "watch_problem.h"

#include <stdarg.h>
#include <stdio.h>

void watch_say(const char *name, const char *fmt, ...)
{
    char text[1024];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    /* Parts of it come from the server, and a terminal is not written to as another likes. */
    for (char *at = text; *at; at++) {
        *at = (unsigned char)*at < 0x20 || *at == 0x7f ? '?' : *at;
    }
    (void)fprintf(stderr, "footprintctl: %s%s%s\n", name ? name : "", name ? ": " : "", text);
}

static void append_json(const watch_follow_t *f, const char *way, bool changed, buf_t *out)
{
    buf_append_str(out, "{\"resource\":");
    json_write_string(out, slice_str(f->id));
    buf_append_str(out, ",\"tag\":");
    if (f->doc.vtag.tag.ptr) {
        json_write_string(out, f->doc.vtag.tag);
    } else {
        buf_append_str(out, "null");
    }
    buf_printf(out, ",\"way\":\"%s\",\"kind\":\"%s\",\"bytes\":%zu,\"changed\":%s,\"waits\":", way,
               watch_kind_name(f->kind), f->bytes, changed ? "true" : "false");
    if (f->waits) {
        json_write_string(out, slice_str(f->waits->id));
    } else {
        buf_append_str(out, "null");
    }
    buf_append_str(out, "}\n");
}

static void append_text(const watch_follow_t *f, const char *way, bool changed, buf_t *out)
{
    buf_printf(out, "%s: %s by %s, %zu bytes", f->id, watch_kind_name(f->kind), way, f->bytes);
    if (f->doc.vtag.tag.ptr) {
        buf_printf(out, ", tag %.*s", SLICE_ARG(f->doc.vtag.tag));
    }
    buf_append_str(out, changed ? ", changed" : ", unchanged");
    if (f->waits) {
        buf_printf(out, ", waits for %s", f->waits->id);
    }
    buf_append_char(out, '\n');
}

void watch_tell(watch_follow_t *f, bool changed)
{
    buf_t out = BUF_INIT;
    const char *way = f->channel && f->channel->way ? f->channel->way->name : "none";
    (f->watch->options.json ? append_json : append_text)(f, way, changed, &out);
    if (buf_failed(&out) || fwrite(out.ptr, 1, out.len, stdout) != out.len || fflush(stdout)) {
        watch_say(NULL, "standard output cannot be written");
        watch_end(f->watch, 2);
    }
    buf_release(&out);
}

void watch_tell_status(const watch_t *w)
{
    int64_t now = watch_clock();
    for (size_t i = 0; i < w->count; i++) {
        const watch_follow_t *f = &w->follows[i];
        buf_t out = BUF_INIT;
        buf_append_str(&out, f->channel && f->channel->way ? f->channel->way->name : "no way yet");
        if (f->handed) {
            buf_printf(&out, ", tag %.*s, %.1f s old",
                       SLICE_ARG(f->tag.len ? buf_slice(&f->tag) : SLICE_LIT("none")),
                       (double)(now - f->handed_ms) / 1000);
        } else {
            buf_append_str(&out, ", no document yet");
        }
        if (f->waits) {
            buf_printf(&out, ", a newer one waits for %s", f->waits->id);
        }
        if (f->channel) {
            buf_printf(&out, ", last sign of life %.1f s ago",
                       (double)(now - f->channel->life_ms) / 1000);
        }
        buf_printf(&out, ", %llu full, %llu patches, %llu refused", (unsigned long long)f->fulls,
                   (unsigned long long)f->patches, (unsigned long long)f->refused);
        watch_say(f->id, "%.*s", SLICE_ARG(buf_slice(&out)));
        buf_release(&out);
    }
}
