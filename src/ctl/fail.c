#include "fail.h"

#include "footprintd/base/json.h"

#include <stdio.h>
#include <stdlib.h>

static void begin(const char *code, slice_t detail, buf_t *out)
{
    buf_append_str(out, "{\"code\":");
    json_write_string(out, slice_str(code));
    buf_append_str(out, ",\"detail\":");
    json_write_string(out, detail);
}

/* Where it cannot be written there is nobody to be told. */
static void end(buf_t *out)
{
    buf_append_str(out, "}\n");
    if (!buf_failed(out)) {
        (void)fwrite(out->ptr, 1, out->len, stdout);
        (void)fflush(stdout);
    }
    buf_release(out);
}

/* What users wrote is in it: nothing of that may steer the terminal. */
FPD_PRINTF(2, 0)
static void format(buf_t *detail, const char *fmt, va_list args)
{
    char *text = NULL;
    if (vasprintf(&text, fmt, args) < 0) {
        return;
    }
    buf_append_printable(detail, slice_str(text), "");
    free(text);
    if (utf8_valid(buf_slice(detail))) {
        return;
    }
    buf_t plain = BUF_INIT; /* a name of a file need not be UTF-8, and JSON has to be */
    for (size_t i = 0; i < detail->len; i++) {
        unsigned char c = (unsigned char)detail->ptr[i];
        if (c < 0x80) {
            buf_append_char(&plain, (char)c);
        } else {
            buf_printf(&plain, "\\x%02x", c);
        }
    }
    buf_release(detail);
    *detail = plain;
}

int ctl_fail(bool json, int exit_code, const char *code, const char *fmt, ...)
{
    buf_t detail = BUF_INIT, out = BUF_INIT;
    va_list args;
    va_start(args, fmt);
    format(&detail, fmt, args);
    va_end(args);
    if (json) {
        begin(code, buf_slice(&detail), &out);
        end(&out);
    } else {
        (void)fprintf(stderr, "footprintctl: %.*s\n", SLICE_ARG(buf_slice(&detail)));
    }
    buf_release(&detail);
    return exit_code;
}

void ctl_tell_findings(const findings_t *findings, bool warnings)
{
    buf_t line = BUF_INIT;
    for (size_t i = 0; i < findings->count; i++) {
        buf_clear(&line);
        finding_format(&findings->items[i], &line);
        if (warnings || finding_infos[findings->items[i].code].severity == SEVERITY_ERROR) {
            (void)fprintf(stderr, "%.*s\n", SLICE_ARG(buf_slice(&line)));
        }
    }
    buf_release(&line);
}

int ctl_fail_findings(bool json, int exit_code, findings_t *findings, const char *fmt, ...)
{
    buf_t detail = BUF_INIT, out = BUF_INIT;
    va_list args;
    va_start(args, fmt);
    format(&detail, fmt, args);
    va_end(args);
    findings_sort(findings);
    if (json) {
        begin("refused", buf_slice(&detail), &out);
        buf_append_str(&out, ",\"report\":");
        findings_write_json(findings, &out);
        end(&out);
    } else {
        ctl_tell_findings(findings, false);
        (void)fprintf(stderr, "footprintctl: %.*s\n", SLICE_ARG(buf_slice(&detail)));
    }
    buf_release(&detail);
    return exit_code;
}
