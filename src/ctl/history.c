#include "command.h"
#include "remote.h"

#include <stdio.h>
#include <unistd.h>

static const char help_text[] =
    "Usage: footprintctl history " REMOTE_SYNOPSIS "\n"
    "           [--limit N] [--below N]\n"
    "\n"
    "Lists the generations that a server has published, the latest first.\n"
    "\n"
    "  --limit       show at most N of them\n"
    "  --below       show those before generation N\n" REMOTE_HELP "\n"
    "Exit codes: 0 fine, 1 the server refuses, 2 usage, or no connection.\n";

typedef struct history_options {
    remote_options_t remote;
    uint64_t limit;
    uint64_t below;
} history_options_t;

/* ---- the table ---- */

#define COLUMN_COUNT 6
/* With less room than this for messages, the terminal breaks the lines. */
#define MESSAGE_MIN 16

static const struct {
    const char *heading;
    const char *member;
} columns[COLUMN_COUNT] = {
    {"generation", "generation"}, {"time", "time"},       {"kind", "kind"},
    {"author", "author"},         {"changed", "changed"}, {"message", "message"}};

/* Of the terminal: characters, not bytes. */
static size_t width_of(slice_t text)
{
    size_t width = 0;
    for (size_t i = 0; i < text.len; i++) {
        width += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
    }
    return width;
}

static void cell(slice_t text, size_t width, buf_t *out)
{
    buf_append_slice(out, text);
    for (size_t i = width_of(text); i < width + 2; i++) {
        buf_append_char(out, ' ');
    }
}

/* One row of cells into `cells`, which is cleared before. */
static slice_t text_of(const json_value_t *item, size_t column, buf_t *text)
{
    buf_clear(text);
    remote_append(item, columns[column].member, text);
    return buf_slice(text);
}

/* As much as is left of a line on a terminal; room 0: all of it. */
static slice_t fitting(slice_t text, size_t before, size_t room, buf_t *cut)
{
    if (!room || before + width_of(text) <= room || room < before + MESSAGE_MIN) {
        return text;
    }
    size_t width = 0, at = 0, most = room - before - 3;
    for (; at < text.len; at++) {
        bool begins = ((unsigned char)text.ptr[at] & 0xc0) != 0x80;
        if (begins && width++ == most) {
            break;
        }
    }
    buf_clear(cut);
    buf_append(cut, text.ptr, at);
    buf_append_str(cut, "...");
    return buf_slice(cut);
}

static void write_table(const json_value_t *list, buf_t *out)
{
    size_t widths[COLUMN_COUNT] = {0}, count = remote_count(list), before = 0;
    size_t room = screen_columns(STDOUT_FILENO);
    buf_t text = BUF_INIT, cut = BUF_INIT;
    for (size_t c = 0; c < COLUMN_COUNT; c++) {
        widths[c] = strlen(columns[c].heading);
        for (size_t i = 0; i < count; i++) {
            size_t width = width_of(text_of(&list->u.array.items[i], c, &text));
            widths[c] = width > widths[c] ? width : widths[c];
        }
        before += c + 1 < COLUMN_COUNT ? widths[c] + 2 : 0;
    }
    for (size_t i = 0; i <= count; i++) {
        for (size_t c = 0; c < COLUMN_COUNT; c++) {
            slice_t shown = i ? text_of(&list->u.array.items[i - 1], c, &text)
                              : slice_str(columns[c].heading);
            bool last = c + 1 == COLUMN_COUNT;
            cell(last ? fitting(shown, before, room, &cut) : shown, last ? 0 : widths[c], out);
        }
        while (out->len && out->ptr[out->len - 1] == ' ') {
            out->len--;
        }
        buf_append_char(out, '\n');
    }
    out->failed |= buf_failed(&text) || buf_failed(&cut);
    buf_release(&text);
    buf_release(&cut);
}

/* What is not in the table, and how to see it. */
static void write_rest(const json_value_t *answer, const json_value_t *list, buf_t *out)
{
    size_t count = remote_count(list);
    uint64_t total = remote_number(answer, "total");
    if (!count) {
        buf_append_str(out, "no generations\n");
    } else if (total > count) {
        const json_value_t *last = &list->u.array.items[count - 1];
        buf_printf(out, "%zu of %llu generations", count, (unsigned long long)total);
        if (remote_number(last, "parent")) {
            buf_append_str(out, "; those before: --below ");
            remote_append(last, "generation", out);
        }
        buf_append_char(out, '\n');
    }
}

static int run(remote_t *r, const history_options_t *options)
{
    buf_t path = BUF_INIT, out = BUF_INIT;
    buf_append_str(&path, "/v1/generations");
    char mark = '?';
    if (options->limit) {
        buf_printf(&path, "%climit=%llu", mark, (unsigned long long)options->limit);
        mark = '&';
    }
    if (options->below) {
        buf_printf(&path, "%cbelow=%llu", mark, (unsigned long long)options->below);
    }
    int code = remote_show(r, &path);
    if (code >= 0) {
        return code;
    }
    const json_value_t *list = json_get(r->json, "generations");
    if (remote_count(list)) {
        write_table(list, &out);
    }
    write_rest(r->json, list, &out);
    return remote_print(&out);
}

static int parse_options(int argc, char **argv, history_options_t *options)
{
    static const struct option table[] = {{"limit", required_argument, NULL, 'l'},
                                          {"below", required_argument, NULL, 'b'},
                                          REMOTE_OPTIONS,
                                          {NULL, 0, NULL, 0}};
    int c;
    while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
        uint64_t *number = c == 'l' ? &options->limit : &options->below;
        if (c == 'l' || c == 'b') {
            if (!json_number_u64(slice_str(optarg), number) || !*number) {
                return remote_usage("history", "--%s wants a number above 0",
                                    c == 'l' ? "limit" : "below");
            }
            continue;
        }
        int code = remote_option(&options->remote, c, "history", help_text);
        if (code >= 0) {
            return code;
        }
    }
    return optind == argc ? -1 : remote_usage("history", "history wants no arguments");
}

int ctl_history_run(int argc, char **argv)
{
    history_options_t options = {.limit = 0};
    int code = parse_options(argc, argv, &options);
    if (code >= 0) {
        return code;
    }
    remote_t r;
    code = remote_open(&r, &options.remote);
    code = code >= 0 ? code : run(&r, &options);
    remote_release(&r);
    return code;
}
