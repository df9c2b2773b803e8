#include "remote.h"

/* ---- JSON ---- */

slice_t remote_text(const json_value_t *object, const char *name)
{
    const json_value_t *v = json_get(object, name);
    return v && (v->kind == JSON_STRING || v->kind == JSON_NUMBER) ? v->u.text : SLICE_LIT("");
}

void remote_append(const json_value_t *object, const char *name, buf_t *out)
{
    buf_append_printable(out, remote_text(object, name), "");
}

uint64_t remote_number(const json_value_t *object, const char *name)
{
    const json_value_t *v = json_get(object, name);
    uint64_t number = 0;
    return v && v->kind == JSON_NUMBER && json_number_u64(v->u.text, &number) ? number : 0;
}

bool remote_true(const json_value_t *object, const char *name)
{
    const json_value_t *v = json_get(object, name);
    return v && v->kind == JSON_BOOL && v->u.boolean;
}

size_t remote_count(const json_value_t *array)
{
    return array && array->kind == JSON_ARRAY ? array->u.array.count : 0;
}

/* ---- findings ---- */

static void finding(const json_value_t *f, bool colours, buf_t *out)
{
    slice_t severity = remote_text(f, "severity");
    uint64_t line = remote_number(f, "line");
    buf_append_str(out, colours ? "\033[1m" : "");
    remote_append(f, "file", out);
    if (line) {
        buf_printf(out, ":%llu:%llu", (unsigned long long)line,
                   (unsigned long long)remote_number(f, "column"));
    }
    if (colours) {
        buf_printf(out, ":\033[0m \033[1;%dm", slice_is(severity, "error") ? 31 : 33);
        remote_append(f, "severity", out);
        buf_append_str(out, ":\033[0m ");
    } else {
        buf_append_str(out, ": ");
        remote_append(f, "severity", out);
        buf_append_str(out, ": ");
    }
    remote_append(f, "text", out);
    if (json_is_string(json_get(f, "suggestion"))) {
        buf_append_str(out, " (did you mean '");
        remote_append(f, "suggestion", out);
        buf_append_str(out, "'?)");
    }
    buf_append_str(out, " [");
    remote_append(f, "code", out);
    buf_append_str(out, "]\n");
}

void remote_findings(const json_value_t *report, bool colours, buf_t *out)
{
    const json_value_t *list = json_get(report, "findings");
    size_t count = remote_count(list);
    uint64_t found = remote_number(report, "errors") + remote_number(report, "warnings");
    for (size_t i = 0; i < count; i++) {
        finding(&list->u.array.items[i], colours, out);
    }
    if (found > count) {
        buf_printf(out, "%llu findings, the first %zu are shown\n", (unsigned long long)found,
                   count);
    }
}

void remote_scheduled(const json_value_t *item, buf_t *out)
{
    slice_t kind = remote_text(item, "kind"), state = remote_text(item, "state");
    bool withdrawal = kind.len > strlen("-withdrawal") &&
                      memcmp(kind.ptr + kind.len - strlen("-withdrawal"), "-withdrawal",
                             strlen("-withdrawal")) == 0;
    if (withdrawal) {
        buf_append_str(out, "withdrawal of ");
        kind.len -= strlen("-withdrawal");
    }
    buf_append_printable(out, kind, "");
    buf_append_char(out, ' ');
    remote_append(item, "name", out);
    if (json_is_string(json_get(item, "not-before"))) {
        buf_append_str(out, ", from ");
        remote_append(item, "not-before", out);
    }
    if (json_is_string(json_get(item, "not-after"))) {
        buf_append_str(out, ", until ");
        remote_append(item, "not-after", out);
    }
    buf_append_str(out, slice_is(state, "in-force")  ? ": in force"
                        : slice_is(state, "waiting") ? ": waits"
                                                     : ": over");
    if (remote_text(item, "reason").len) {
        buf_append_str(out, "; ");
        remote_append(item, "reason", out);
    }
    buf_append_str(out, " (");
    remote_append(item, "document", out);
    buf_append_char(out, ':');
    remote_append(item, "line", out);
    buf_append_char(out, ')');
}

void remote_held(const json_value_t *item, buf_t *out)
{
    const json_value_t *documents = json_get(item, "documents");
    remote_append(item, "id", out);
    buf_append_str(out, remote_true(item, "takes-back") ? ": taken back at " : ": made at ");
    remote_append(item, "not-before", out);
    if (json_is_string(json_get(item, "not-after"))) {
        buf_append_str(out, ", until ");
        remote_append(item, "not-after", out);
    }
    buf_append_str(out, ", by ");
    remote_append(item, "author", out);
    for (size_t i = 0; i < remote_count(documents); i++) {
        const json_value_t *name = &documents->u.array.items[i];
        buf_append_str(out, i ? ", " : ": ");
        buf_append_printable(out, json_is_string(name) ? name->u.text : SLICE_LIT("?"), "");
    }
    if (remote_text(item, "message").len) {
        buf_append_str(out, "; ");
        remote_append(item, "message", out);
    }
    if (remote_text(item, "failure").len) {
        buf_append_str(out, "; NOT MADE: ");
        remote_append(item, "failure", out);
    }
}
