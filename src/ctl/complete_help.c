#include "complete.h"

#include <stdio.h>
#include <stdlib.h>

char *complete_help(const ctl_command_t *command)
{
    char name[32], option[] = "--help", *argv[] = {name, option, NULL}, *text = NULL;
    size_t len = 0;
    (void)snprintf(name, sizeof name, "%s", command->name);
    FILE *before = stdout, *memory = open_memstream(&text, &len);
    if (!memory) {
        return NULL;
    }
    stdout = memory; /* single-threaded */
    (void)command->run(2, argv);
    stdout = before;
    (void)fclose(memory);
    return text;
}

static slice_t line_of(const char *at)
{
    return slice_of(at, strcspn(at, "\n"));
}

/* A word of an option's argument: FILE, MIN:MAX. */
static bool is_argument(slice_t s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!(s.ptr[i] >= 'A' && s.ptr[i] <= 'Z') && !strchr("_:|", s.ptr[i])) {
            return false;
        }
    }
    return s.len > 0;
}

/* Up to a blank or the end of a bracket. */
static slice_t word_of(const char *at)
{
    return slice_of(at, strcspn(at, " \n]"));
}

/* Behind the option and, where it has one, its argument. */
static slice_t description(slice_t line, size_t at)
{
    slice_t rest = slice_of(line.ptr + at, line.len - at);
    if (rest.len > 1 && rest.ptr[0] == ' ' && rest.ptr[1] != ' ') {
        slice_t argument = word_of(rest.ptr + 1);
        rest = slice_of(argument.ptr + argument.len,
                        (size_t)(line.ptr + line.len - argument.ptr) - argument.len);
    }
    while (rest.len && rest.ptr[0] == ' ') {
        rest = slice_of(rest.ptr + 1, rest.len - 1);
    }
    return rest;
}

bool complete_help_option(const char *help, size_t i, slice_t *name, slice_t *what)
{
    for (const char *at = help; (at = strstr(at, "\n  --")); at += 5) {
        if (i--) {
            continue;
        }
        slice_t line = line_of(at + 3);
        *name = slice_of(line.ptr, strcspn(line.ptr, " \n"));
        *what = description(line, name->len);
        return true;
    }
    return false;
}

slice_t complete_help_argument(const char *help, slice_t option)
{
    size_t left = strlen(help);
    for (const char *at = help; (at = memmem(at, left, option.ptr, option.len));) {
        at += option.len;
        left = strlen(at);
        slice_t word = *at == ' ' ? word_of(at + 1) : slice_of(NULL, 0);
        if (is_argument(word)) {
            return word;
        }
    }
    return SLICE_LIT("");
}

/* Skips an option with its argument, which may be in brackets. */
static const char *skip_option(const char *at)
{
    if (*at == '[') {
        at += strcspn(at, "]");
        at += *at == ']'; /* "[--why[=FOOTPRINT]]" */
        return at + strspn(at, "].");
    }
    at += strcspn(at, " \n");
    slice_t word = word_of(at + strspn(at, " "));
    return is_argument(word) ? word.ptr + word.len : at;
}

slice_t complete_help_positional(const char *help, size_t i)
{
    static const char usage[] = "Usage: footprintctl ";
    const char *end = strstr(help, "\n\n"), *second = strstr(help, "\n       footprintctl ");
    end = second && second < end ? second : end; /* of several usages the first */
    if (strncmp(help, usage, sizeof usage - 1) != 0 || !end) {
        return SLICE_LIT("");
    }
    const char *at = help + sizeof usage - 1;
    at += strcspn(at, " \n"); /* the command */
    for (;;) {
        at += strspn(at, " \n");
        if (at >= end) {
            return SLICE_LIT("");
        }
        if (*at == '-' || !strncmp(at, "[-", 2)) {
            at = skip_option(at);
            continue;
        }
        slice_t word = slice_of(at, strcspn(at, " \n"));
        at += word.len;
        if (memmem(word.ptr, word.len, "OPTION", 6)) {
            continue;
        }
        if (!i-- || memmem(word.ptr, word.len, "...", 3)) {
            return word;
        }
    }
}
