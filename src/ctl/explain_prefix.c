#include "explain_text.h"

#include <stdio.h>
#include <stdlib.h>

/* Of a prefix: so many footprints, ranges of one answer, and ranges of all of them are shown. */
#define TEXT_LISTED       20
#define TEXT_GROUP_RANGES 8
#define TEXT_RANGES       64

static bool varies(const json_value_t *group, const char *what)
{
    const json_value_t *list = json_get(group, "varies");
    for (size_t i = 0; i < remote_count(list); i++) {
        if (json_is_string(explain_item(list, i)) &&
            slice_is(explain_item(list, i)->u.text, what)) {
            return true;
        }
    }
    return false;
}

/* What the databases say of all addresses of the group. */
static void said(const json_value_t *group, buf_t *out)
{
    static const struct {
        const char *label, *member;
    } lines[] = {{"country", "country"}, {"subdivisions", "subdivisions"}, {"AS number", "asn"}};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        const json_value_t *value = json_get(group, lines[i].member);
        if (varies(group, lines[i].member)) {
            explain_label(out, lines[i].label, true);
            buf_append_str(out, "not the same for all\n");
        } else if (value && value->kind == JSON_ARRAY) {
            explain_label(out, remote_count(value) == 1 ? "subdivision" : lines[i].label, true);
            explain_texts(value, out);
            buf_append_str(out, remote_count(value) ? "\n" : "not known\n");
        } else {
            explain_line(out, lines[i].label, group, lines[i].member);
        }
    }
    if (varies(group, "pids")) {
        explain_label(out, "PID", true);
        buf_append_str(out, "not the same for all\n");
    }
    if (!varies(group, "pids") || remote_count(json_get(group, "pids"))) {
        explain_pids(json_get(group, "pids"), out);
    }
}

static void more(const json_value_t *object, const char *member, uint64_t hidden, buf_t *out)
{
    hidden += remote_number(object, member);
    if (hidden) {
        explain_label(out, "", false);
        buf_printf(out, "and %llu more\n", (unsigned long long)hidden);
    }
}

static void share(const json_value_t *object, buf_t *out)
{
    char text[32];
    slice_t number = remote_text(object, "share");
    (void)snprintf(text, sizeof text, "%.*s", SLICE_ARG(number));
    double part = strtod(text, NULL);
    if (part < 0.0001) {
        buf_append_str(out, "less than 0.01%");
    } else if (part >= 0.9995 && part < 1) {
        buf_append_str(out, "more than 99.9%");
    } else {
        buf_printf(out, "%.3g%%", part * 100);
    }
}

/* The footprints that cover some of the prefix, and how much. */
static void partly(const json_value_t *answer, bool paths, buf_t *out)
{
    const json_value_t *list = json_get(answer, "partly");
    size_t count = remote_count(list), shown = count < TEXT_LISTED ? count : TEXT_LISTED;
    for (size_t i = 0; i < shown; i++) {
        const json_value_t *footprint = json_get(explain_item(list, i), "footprint");
        explain_label(out, "partly in", i == 0);
        remote_append(footprint, "name", out);
        buf_append_str(out, ", ");
        share(explain_item(list, i), out);
        buf_append_str(out, ", ");
        explain_place(footprint, paths, out);
    }
    more(answer, "partly-more", count - shown, out);
}

static void wholly(const json_value_t *answer, bool paths, buf_t *out)
{
    const json_value_t *list = json_get(answer, "wholly");
    size_t count = remote_count(list), shown = count < TEXT_LISTED ? count : TEXT_LISTED;
    for (size_t i = 0; i < shown; i++) {
        explain_label(out, "wholly in", i == 0);
        remote_append(explain_item(list, i), "name", out);
        buf_append_str(out, ", ");
        explain_place(explain_item(list, i), paths, out);
    }
    more(answer, "wholly-more", count - shown, out);
    if (!count) {
        explain_label(out, "wholly in", true);
        buf_append_str(out, "none\n");
    }
}

/* Footprints, capabilities, and what else holds for all of the group. */
static void group_answer(const json_value_t *group, bool paths, buf_t *out)
{
    said(group, out);
    explain_footprints(json_get(group, "footprints"), paths, out);
    more(group, "footprints-more", 0, out);
    explain_capabilities(json_get(group, "capabilities"), paths, out);
    more(group, "capabilities-more", 0, out);
}

static void write_group(const json_value_t *answer, const json_value_t *group, bool paths,
                        size_t *ranges, buf_t *out)
{
    const json_value_t *list = json_get(group, "ranges");
    size_t count = remote_count(list), shown = 0;
    buf_append_char(out, '\n');
    share(group, out);
    buf_append_str(out, " of ");
    remote_append(answer, "prefix", out);
    buf_append_char(out, '\n');
    for (; shown < count && shown < TEXT_GROUP_RANGES && *ranges < TEXT_RANGES; shown++) {
        explain_label(out, count == 1 ? "range" : "ranges", shown == 0);
        buf_append_printable(out,
                             json_is_string(explain_item(list, shown))
                                 ? explain_item(list, shown)->u.text
                                 : SLICE_LIT("?"),
                             "");
        buf_append_char(out, '\n');
        ++*ranges;
    }
    more(group, "ranges-more", count - shown, out);
    group_answer(group, paths, out);
}

void explain_write_prefix(const json_value_t *answer, bool paths, buf_t *out)
{
    const json_value_t *groups = json_get(answer, "groups");
    size_t count = remote_count(groups), shown = 0, ranges = 0;
    bool one = remote_text(answer, "scope").len && count == 1;
    remote_append(answer, "prefix", out);
    buf_append_char(out, '\n');
    if (one) {
        explain_line(out, "holds for", answer, "scope");
        group_answer(explain_item(groups, 0), paths, out);
    } else {
        uint64_t answers = remote_number(answer, "answers"), all = remote_number(answer, "ranges");
        explain_label(out, "answers", true);
        buf_printf(out, "%llu, in %llu range%s\n", (unsigned long long)answers,
                   (unsigned long long)all, all == 1 ? "" : "s");
        wholly(answer, paths, out);
        partly(answer, paths, out);
    }
    explain_notes(json_get(answer, "notes"), out);
    for (; !one && shown < count && ranges < TEXT_RANGES; shown++) {
        write_group(answer, explain_item(groups, shown), paths, &ranges, out);
    }
    uint64_t hidden = count - shown + remote_number(answer, "groups-more");
    if (!one && hidden) {
        buf_printf(out, "\nand %llu more answer%s for less of it each\n",
                   (unsigned long long)hidden, hidden == 1 ? "" : "s");
    }
    buf_append_char(out, '\n');
}
