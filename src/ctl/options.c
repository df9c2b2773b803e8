#include "options.h"

#include "complete.h"
#include "footprintd/base/suggest.h"

#include <getopt.h>
#include <stdio.h>

static char **arguments;

void options_begin(char **argv)
{
    opterr = 0;
    arguments = argv;
}

static void unknown(const char *command, const char *help, slice_t name)
{
    slice_t option, what;
    suggest_t near;
    size_t begin = 0;
    suggest_init(&near, name);
    for (size_t i = 0; complete_help_option(help, i, &option, &what); i++) {
        begin += option.len > name.len && !memcmp(option.ptr, name.ptr, name.len);
        suggest_offer(&near, option);
    }
    if (begin > 1) {
        (void)fprintf(stderr, "several options of %s begin with '%.*s'", command, SLICE_ARG(name));
        return;
    }
    (void)fprintf(stderr, "%s has no option '%.*s'", command, SLICE_ARG(name));
    if (near.best.ptr) {
        (void)fprintf(stderr, " (did you mean '%.*s'?)", SLICE_ARG(near.best));
    }
}

/* Of an option that there is. */
static void misused(const char *help, slice_t name, bool has_value)
{
    slice_t argument = complete_help_argument(help, name);
    (void)fprintf(stderr, "%.*s ", SLICE_ARG(name));
    if (has_value) {
        (void)fputs("is given without a value", stderr);
    } else if (argument.len) {
        (void)fprintf(stderr, "wants %.*s", SLICE_ARG(argument));
    } else {
        (void)fputs("wants a value", stderr);
    }
}

int options_refused(const char *command, const char *help)
{
    const char *word = arguments ? arguments[optind - 1] : "";
    slice_t name = slice_of(word, strcspn(word, "="));
    char letter[] = {'-', (char)optopt, '\0'};
    (void)fputs("footprintctl: ", stderr);
    if (strncmp(word, "--", 2) != 0) {
        bool known = optopt == 'm' && strstr(help, "also -m");
        if (known) {
            misused(help, slice_str(letter), false);
        } else {
            unknown(command, help, slice_str(letter));
        }
    } else if (optopt) {
        misused(help, name, word[name.len] == '=');
    } else {
        unknown(command, help, name);
    }
    (void)fprintf(stderr, "; see footprintctl %s --help\n", command);
    return CTL_USAGE;
}
