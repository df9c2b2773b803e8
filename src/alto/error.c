#include "footprintd/alto/error.h"

const char *const alto_code_names[ALTO_CODE_COUNT] = {
    [ALTO_E_SYNTAX] = "E_SYNTAX",
    [ALTO_E_MISSING_FIELD] = "E_MISSING_FIELD",
    [ALTO_E_INVALID_FIELD_TYPE] = "E_INVALID_FIELD_TYPE",
    [ALTO_E_INVALID_FIELD_VALUE] = "E_INVALID_FIELD_VALUE",
};

void alto_error_write(const alto_error_t *error, buf_t *out)
{
    buf_printf(out, "{\"meta\":{\"code\":\"%s\"", alto_code_names[error->code]);
    if (error->syntax_error.len) {
        buf_append_str(out, ",\"syntax-error\":");
        json_write_string(out, error->syntax_error);
    }
    if (error->field.len) {
        buf_append_str(out, ",\"field\":");
        json_write_string(out, error->field);
    }
    if (error->has_value) {
        buf_append_str(out, ",\"value\":");
        json_write_string(out, utf8_truncate(error->value, ALTO_ERROR_VALUE_MAX));
    }
    buf_append_str(out, "}}");
}
