#include "line.h"

const char *log_level_name(log_level_t level)
{
    switch (level) {
    case LOG_LEVEL_DEBUG:
        return "debug";
    case LOG_LEVEL_INFO:
        return "info";
    case LOG_LEVEL_WARNING:
        return "warning";
    case LOG_LEVEL_ERROR:
        return "error";
    }
    return "error";
}

/*
 * Length of the well-formed UTF-8 character (RFC 3629) at p, or 0. C1 control characters count as
 * malformed: terminals obey them.
 */
static size_t character_length(const unsigned char *p, size_t left)
{
    if (p[0] < 0x80) {
        return 1;
    }
    size_t len = p[0] >= 0xc2 && p[0] <= 0xdf   ? 2
                 : p[0] >= 0xe0 && p[0] <= 0xef ? 3
                 : p[0] >= 0xf0 && p[0] <= 0xf4 ? 4
                                                : 0;
    if (len == 0 || len > left) {
        return 0;
    }
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    bool bad = (p[0] == 0xc2 && p[1] < 0xa0) || (p[0] == 0xe0 && p[1] < 0xa0) ||
               (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf0 && p[1] < 0x90) ||
               (p[0] == 0xf4 && p[1] > 0x8f);
    return bad ? 0 : len;
}

static void write_escaped(buf_t *out, slice_t text, bool json)
{
    const unsigned char *p = (const unsigned char *)text.ptr;
    for (size_t i = 0; i < text.len;) {
        size_t len = character_length(p + i, text.len - i);
        if (len == 0) {
            if (json) {
                buf_append_str(out, "\xef\xbf\xbd");
            } else {
                buf_printf(out, "\\x%02x", p[i]);
            }
            i++;
            continue;
        }
        if (p[i] == '\n') {
            buf_append_str(out, "\\n");
        } else if (p[i] == '\t') {
            buf_append_str(out, "\\t");
        } else if (p[i] < 0x20 || p[i] == 0x7f) {
            buf_printf(out, json ? "\\u%04x" : "\\x%02x", p[i]);
        } else if (p[i] == '\\') {
            buf_append_str(out, "\\\\");
        } else if (p[i] == '"' && json) {
            buf_append_str(out, "\\\"");
        } else {
            buf_append(out, p + i, len);
        }
        i += len;
    }
}

static void write_time(buf_t *out, const struct timespec *when)
{
    struct tm tm;
    if (!gmtime_r(&when->tv_sec, &tm)) {
        memset(&tm, 0, sizeof tm);
    }
    buf_printf(out, "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ", tm.tm_year + 1900, tm.tm_mon + 1,
               tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, when->tv_nsec / 1000000);
}

void log_line_write(buf_t *out, log_format_t format, const struct timespec *when, log_level_t level,
                    slice_t area, slice_t text)
{
    bool json = format == LOG_FORMAT_JSON;
    buf_append_str(out, json ? "{\"time\":\"" : "");
    write_time(out, when);
    buf_append_str(out, json ? "\",\"level\":\"" : " ");
    buf_append_str(out, log_level_name(level));
    buf_append_str(out, json ? "\",\"area\":\"" : " ");
    write_escaped(out, area, json);
    buf_append_str(out, json ? "\",\"text\":\"" : ": ");
    write_escaped(out, text, json);
    buf_append_str(out, json ? "\"}\n" : "\n");
}
