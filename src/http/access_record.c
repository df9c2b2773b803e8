#include "http/access_record.h"

#include <time.h>

/* Bytes, not characters: what is not printable ASCII is shown as \u00XX of its byte. */
static void write_text(buf_t *out, slice_t text, size_t max)
{
    size_t len = text.len < max ? text.len : max;
    buf_append_char(out, '"');
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c < 0x20 || c >= 0x7f) {
            buf_printf(out, "\\u%04x", c);
        } else {
            if (c == '"' || c == '\\') {
                buf_append_char(out, '\\');
            }
            buf_append_char(out, (char)c);
        }
    }
    buf_append_char(out, '"');
}

/* RFC 3339, UTC, milliseconds. */
static void write_time(buf_t *out, struct timeval time)
{
    struct tm utc;
    if (!gmtime_r(&time.tv_sec, &utc)) {
        memset(&utc, 0, sizeof utc);
    }
    buf_printf(out, "\"%04d-%02d-%02dT%02d:%02d:%02d.%03dZ\"", utc.tm_year + 1900, utc.tm_mon + 1,
               utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, (int)(time.tv_usec / 1000));
}

void access_record_write(const access_record_t *record, buf_t *out)
{
    buf_append_str(out, "{\"time\":");
    write_time(out, record->time);
    buf_append_str(out, ",\"peer\":");
    write_text(out, record->peer, SIZE_MAX);
    if (record->ucdn.ptr) {
        buf_append_str(out, ",\"ucdn\":");
        write_text(out, record->ucdn, SIZE_MAX);
    }
    buf_append_str(out, ",\"method\":");
    write_text(out, record->method, 32);
    buf_append_str(out, ",\"path\":");
    write_text(out, record->path, ACCESS_PATH_MAX);
    buf_append_str(out, ",\"status\":");
    buf_append_u64(out, (uint64_t)record->status);
    buf_append_str(out, ",\"bytes\":");
    buf_append_u64(out, record->bytes);
    buf_append_str(out, ",\"protocol\":");
    write_text(out, slice_str(record->protocol), SIZE_MAX);
    buf_append_str(out, ",\"microseconds\":");
    buf_append_u64(out, record->microseconds);
    if (record->id.ptr) {
        buf_append_str(out, ",\"request-id\":");
        write_text(out, record->id, ACCESS_ID_MAX);
    }
    buf_append_char(out, '}');
}
