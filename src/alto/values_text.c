#include "values_text.h"

void values_text(buf_t *out, const fp_values_t *v)
{
    for (size_t i = 0; i < v->count; i++) {
        if (v->type == FP_ALTOPID) {
            buf_append_char(out, '"');
            buf_append_slice(out, v->u.pid[i]);
            buf_append_str(out, i + 1 < v->count ? "\"," : "\"");
            continue;
        }
        if (!buf_reserve(out, FP_VALUE_TEXT_MAX + 3)) {
            return;
        }
        /* Formatted in place: this loop makes most of the bytes of a snapshot. */
        char *at = out->ptr + out->len;
        *at++ = '"';
        slice_t text = fp_value_text(v, i, at);
        at += text.len;
        *at++ = '"';
        if (i + 1 < v->count) {
            *at++ = ',';
        }
        out->len = (size_t)(at - out->ptr);
    }
}
