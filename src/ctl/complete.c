#include "complete.h"

#include <stdio.h>
#include <stdlib.h>

/* The words behind __complete; the last one is being typed. */
typedef struct line {
    int argc;
    char **argv;
    slice_t current;
    buf_t out;
} line_t;

void complete_offer(buf_t *out, slice_t prefix, slice_t word, slice_t what)
{
    bool begins = word.len >= prefix.len && !memcmp(word.ptr, prefix.ptr, prefix.len);
    /* A word with a line break or a tab would be two. */
    if (word.len && begins && !memchr(word.ptr, '\n', word.len) &&
        !memchr(word.ptr, '\t', word.len)) {
        buf_append_slice(out, word);
        buf_append_char(out, '\t');
        buf_append_printable(out, what, "");
        buf_append_char(out, '\n');
    }
}

static void offer_commands(line_t *l, const ctl_command_t *commands, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        complete_offer(&l->out, l->current, slice_str(commands[i].name),
                       slice_str(commands[i].summary));
    }
    complete_offer(&l->out, l->current, SLICE_LIT("--help"), SLICE_LIT("show the commands"));
    complete_offer(&l->out, l->current, SLICE_LIT("--version"), SLICE_LIT("show the version"));
}

static void offer_options(line_t *l, const char *help)
{
    slice_t name, what;
    for (size_t i = 0; complete_help_option(help, i, &name, &what); i++) {
        complete_offer(&l->out, l->current, name, what);
    }
}

static bool has(slice_t kind, const char *word)
{
    return kind.len && memmem(kind.ptr, kind.len, word, strlen(word));
}

/* What stands for the kind of argument; nothing for what only a person knows. */
static void offer_kind(line_t *l, slice_t kind, slice_t prefix)
{
    if (has(kind, "FILE")) {
        buf_append_str(&l->out, ":files\n");
    } else if (has(kind, "DIR")) {
        buf_append_str(&l->out, ":dirs\n");
    } else if (has(kind, "NAME")) {
        complete_documents(l->argc, l->argv, prefix, &l->out);
    } else if (has(kind, "GENERATION")) {
        complete_generations(l->argc, l->argv, prefix, &l->out);
    }
}

/* What the option at word i is given with; empty when with nothing. */
static slice_t argument_of(const line_t *l, const char *help, int i)
{
    slice_t word = slice_str(l->argv[i]);
    bool option = word.len > 2 && !strncmp(word.ptr, "--", 2) && !strchr(word.ptr, '=');
    return option                 ? complete_help_argument(help, word)
           : slice_is(word, "-m") ? SLICE_LIT("TEXT") /* the only short one: --message */
                                  : SLICE_LIT("");
}

/* Whether the word that is typed is an option's argument; bash has "=" as a word of its own. */
static bool offer_argument(line_t *l, const char *help)
{
    int last = l->argc - 1;
    bool sign = last >= 2 && !strcmp(l->argv[last], "=");
    bool behind_sign = last >= 3 && !strcmp(l->argv[last - 1], "=");
    int at = behind_sign ? last - 2 : last - 1;
    if (at < 1) {
        return false;
    }
    slice_t kind = argument_of(l, help, at);
    if (kind.len || sign || behind_sign) {
        offer_kind(l, kind, sign ? SLICE_LIT("") : l->current);
        return true;
    }
    return false;
}

/* How many arguments that are no options stand before the word that is typed. */
static size_t positionals(const line_t *l, const char *help)
{
    size_t n = 0;
    bool options = true;
    for (int i = 1; i < l->argc - 1; i++) {
        if (!options || l->argv[i][0] != '-') {
            n++;
        } else if (!strcmp(l->argv[i], "--")) {
            options = false;
        } else if (!strcmp(l->argv[i + 1], "=")) {
            i += 2;
        } else {
            i += argument_of(l, help, i).len > 0;
        }
    }
    return n;
}

static void complete(line_t *l, const char *help)
{
    if (offer_argument(l, help)) {
        return;
    }
    if (l->current.len && l->current.ptr[0] == '-') {
        offer_options(l, help);
        return;
    }
    offer_kind(l, complete_help_positional(help, positionals(l, help)), l->current);
}

int complete_run(const ctl_command_t *commands, size_t count, int argc, char **argv)
{
    if (argc < 1) {
        return CTL_USAGE;
    }
    line_t l = {.argc = argc, .argv = argv, .current = slice_str(argv[argc - 1])};
    if (argc == 1) {
        offer_commands(&l, commands, count);
    }
    for (size_t i = 0; argc > 1 && i < count; i++) {
        char *help = strcmp(argv[0], commands[i].name) ? NULL : complete_help(&commands[i]);
        if (help) {
            complete(&l, help);
        }
        free(help);
    }
    if (!buf_failed(&l.out) && l.out.len) {
        (void)fwrite(l.out.ptr, 1, l.out.len, stdout);
    }
    buf_release(&l.out);
    return CTL_FINE;
}
