#include "explain_text.h"

#include "footprintd/store/directory.h"

/* Of a capability value. */
#define VALUE_SHOWN 240

/* The label on the first line of a part, nothing on its others. */
void explain_label(buf_t *out, const char *text, bool first)
{
    buf_printf(out, "  %-14s", first ? text : "");
}

void explain_line(buf_t *out, const char *name, const json_value_t *answer, const char *member)
{
    explain_label(out, name, true);
    remote_append(answer, member, out);
    buf_append_str(out, remote_text(answer, member).len ? "\n" : "not known\n");
}

/* The texts of an array, with commas. */
void explain_texts(const json_value_t *list, buf_t *out)
{
    for (size_t i = 0; i < remote_count(list); i++) {
        buf_append_str(out, i ? ", " : "");
        buf_append_printable(out,
                             json_is_string(explain_item(list, i)) ? explain_item(list, i)->u.text
                                                                   : SLICE_LIT("?"),
                             "");
    }
}

/* Documents of a server lie in no directory. */
void explain_place(const json_value_t *what, bool paths, buf_t *out)
{
    slice_t document = remote_text(what, "document");
    buf_append_printable(out, paths ? document : store_document_name(document), "");
    buf_append_char(out, ':');
    remote_append(what, "line", out);
    if (remote_true(what, "restricted")) {
        buf_append_str(out, ", only for ");
        explain_texts(json_get(what, "audience"), out);
    }
    buf_append_char(out, '\n');
}

static void none(buf_t *out, const char *name, const json_value_t *list)
{
    if (!remote_count(list)) {
        explain_label(out, name, true);
        buf_append_str(out, "none\n");
    }
}

void explain_pids(const json_value_t *list, buf_t *out)
{
    for (size_t i = 0; i < remote_count(list); i++) {
        explain_label(out, "PID", i == 0);
        remote_append(explain_item(list, i), "pid", out);
        buf_append_str(out, " in ");
        remote_append(explain_item(list, i), "network-map", out);
        buf_append_str(out,
                       remote_true(explain_item(list, i), "restricted") ? ", not for all\n" : "\n");
    }
    none(out, "PID", list);
}

void explain_footprints(const json_value_t *list, bool paths, buf_t *out)
{
    size_t width = 0;
    for (size_t i = 0; i < remote_count(list); i++) {
        size_t len = remote_text(explain_item(list, i), "name").len;
        width = len > width ? len : width;
    }
    for (size_t i = 0; i < remote_count(list); i++) {
        explain_label(out, "footprints", i == 0);
        remote_append(explain_item(list, i), "name", out);
        for (size_t n = remote_text(explain_item(list, i), "name").len; n < width + 2; n++) {
            buf_append_char(out, ' ');
        }
        explain_place(explain_item(list, i), paths, out);
    }
    none(out, "footprints", list);
}

/* ---- capabilities ---- */

static void by(const json_value_t *object, bool paths, buf_t *out)
{
    slice_t name = remote_text(object, "footprint");
    if (slice_is(name, "everywhere")) {
        buf_append_str(out, "everywhere, ");
    } else if (name.len) {
        buf_append_str(out, "by ");
        buf_append_printable(out, name, "");
        buf_append_str(out, ", ");
    } else {
        buf_append_str(out, "by its own footprints, ");
    }
    explain_place(object, paths, out);
}

static void capability(const json_value_t *object, buf_t *out)
{
    const json_value_t *v = json_get(object, "capability-value");
    buf_t value = BUF_INIT;
    if (v) {
        json_write_value(&value, v);
    }
    slice_t shown = utf8_truncate(buf_slice(&value), VALUE_SHOWN);
    remote_append(object, "capability-type", out);
    buf_append_str(out, " in ");
    remote_append(object, "advertisement", out);
    buf_append_char(out, '\n');
    explain_label(out, "", false);
    buf_append_str(out, "  ");
    buf_append_printable(out, shown, "");
    buf_append_str(out, shown.len < value.len ? " ...\n" : "\n");
    out->failed |= buf_failed(&value);
    buf_release(&value);
}

/* Objects that differ in their footprints alone stand side by side. */
static bool same_capability(const json_value_t *a, const json_value_t *b)
{
    const json_value_t *va = json_get(a, "capability-value"), *vb = json_get(b, "capability-value");
    return slice_eq(remote_text(a, "advertisement"), remote_text(b, "advertisement")) &&
           slice_eq(remote_text(a, "capability-type"), remote_text(b, "capability-type")) && va &&
           vb && json_value_equal(va, vb);
}

void explain_capabilities(const json_value_t *list, bool paths, buf_t *out)
{
    for (size_t i = 0; i < remote_count(list); i++) {
        if (i == 0 || !same_capability(explain_item(list, i - 1), explain_item(list, i))) {
            explain_label(out, "capabilities", i == 0);
            capability(explain_item(list, i), out);
        }
        explain_label(out, "", false);
        buf_append_str(out, "  ");
        by(explain_item(list, i), paths, out);
    }
    none(out, "capabilities", list);
}

static void misses(const json_value_t *answer, buf_t *out)
{
    const json_value_t *list = json_get(answer, "near");
    for (size_t i = 0; i < remote_count(list); i++) {
        const json_value_t *footprint = json_get(explain_item(list, i), "footprint");
        const json_value_t *object = json_get(explain_item(list, i), "capability");
        const json_value_t *failed = json_get(explain_item(list, i), "failed");
        explain_label(out, "near, not in", i == 0);
        remote_append(footprint ? footprint : object, footprint ? "name" : "capability-type", out);
        buf_append_str(out, footprint ? ", " : " by its own footprints, ");
        explain_place(footprint ? footprint : object, false, out);
        for (size_t k = 0; k < remote_count(failed); k++) {
            explain_label(out, "", false);
            buf_append_str(out, "  ");
            remote_append(explain_item(failed, k), "text", out);
            buf_append_char(out, '\n');
        }
    }
    if (remote_number(answer, "near-more")) {
        explain_label(out, "", false);
        buf_append_str(out, "and ");
        remote_append(answer, "near-more", out);
        buf_append_str(out, " more\n");
    }
}

void explain_notes(const json_value_t *list, buf_t *out)
{
    for (size_t i = 0; i < remote_count(list); i++) {
        explain_label(out, "note", true);
        buf_append_printable(out,
                             json_is_string(explain_item(list, i)) ? explain_item(list, i)->u.text
                                                                   : SLICE_LIT("?"),
                             "");
        buf_append_char(out, '\n');
    }
}

void explain_write_address(const json_value_t *answer, buf_t *out)
{
    const json_value_t *subdivisions = json_get(answer, "subdivisions");
    remote_append(answer, "address", out);
    buf_append_char(out, '\n');
    explain_line(out, "holds for", answer, "scope");
    explain_line(out, "country", answer, "country");
    explain_label(out, remote_count(subdivisions) == 1 ? "subdivision" : "subdivisions", true);
    explain_texts(subdivisions, out);
    buf_append_str(out, remote_count(subdivisions) ? "\n" : "not known\n");
    explain_line(out, "AS number", answer, "asn");
    explain_pids(json_get(answer, "pids"), out);
    explain_footprints(json_get(answer, "footprints"), false, out);
    explain_capabilities(json_get(answer, "capabilities"), false, out);
    misses(answer, out);
    explain_notes(json_get(answer, "notes"), out);
    buf_append_char(out, '\n');
}
