#include "params.h"

#define DEPTH 64

bool params_parse(params_t *p, slice_t body)
{
    json_value_t *root = NULL;
    json_error_t error = {{0}, 0, 0, 0};
    err_t err = json_parse(body, DEPTH, p->arena, &root, &error);
    if (!err && root->kind == JSON_OBJECT) {
        p->root = root;
        return true;
    }
    if (err == ERR_NOMEM) {
        p->arena->failed = true;
        return false;
    }
    const char *text = err ? error.text : "line 1 column 1: the body must be a JSON object";
    hub_refuse_with(p->refusal,
                    &(alto_error_t){.code = ALTO_E_SYNTAX, .syntax_error = slice_str(text)});
    return false;
}

bool params_missing(params_t *p, slice_t field)
{
    hub_refuse_with(p->refusal, &(alto_error_t){.code = ALTO_E_MISSING_FIELD, .field = field});
    return false;
}

bool params_wrong_type(params_t *p, slice_t field)
{
    hub_refuse_with(p->refusal, &(alto_error_t){.code = ALTO_E_INVALID_FIELD_TYPE, .field = field});
    return false;
}

bool params_wrong_value(params_t *p, slice_t field, slice_t value)
{
    hub_refuse_with(p->refusal, &(alto_error_t){.code = ALTO_E_INVALID_FIELD_VALUE,
                                                .field = field,
                                                .value = value,
                                                .has_value = true});
    return false;
}

bool params_wrong_json(params_t *p, slice_t field, const json_value_t *value)
{
    if (value->kind == JSON_STRING) {
        return params_wrong_value(p, field, value->u.text);
    }
    buf_t text = BUF_INIT;
    json_write_value(&text, value);
    p->arena->failed |= buf_failed(&text);
    (void)params_wrong_value(p, field, buf_slice(&text));
    buf_release(&text);
    return false;
}

slice_t params_field(params_t *p, slice_t id, const char *member)
{
    return arena_printf(p->arena, "add/%.*s%s%s", SLICE_ARG(id), member ? "/" : "",
                        member ? member : "");
}

bool params_tag_valid(slice_t text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < 0x21 || text.ptr[i] > 0x7e) {
            return false;
        }
    }
    return text.len >= 1 && text.len <= 64;
}

bool params_id_valid(slice_t text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!alnum && (!c || !strchr("-:@_", c))) {
            return false;
        }
    }
    return text.len >= 1 && text.len <= 64;
}
