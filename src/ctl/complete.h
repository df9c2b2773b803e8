/*
 * What the shells ask when a command line is completed: footprintctl __complete WORD..., the words
 * behind "footprintctl" up to the one that is being typed, which may be empty. Everything is taken
 * from the texts of --help, so that it cannot tell of other commands and options than there are.
 *
 * The answer is lines: a word, a tab and what it is; or ":files" and ":dirs", which the shell knows
 * better. Nothing is said of what goes wrong.
 */
#ifndef FPD_CTL_COMPLETE_H
#define FPD_CTL_COMPLETE_H

#include "command.h"

#include "footprintd/base/bytes.h"

#define COMPLETE_COMMAND "__complete"

int complete_run(const ctl_command_t *commands, size_t count, int argc, char **argv);

/* ---- complete_help.c: what a text of --help says ---- */

/* The text of a command's --help; NULL when there is none. The caller frees it. */
char *complete_help(const ctl_command_t *command);
/* Option i of the text, "--json", and what it is; false behind the last one. */
bool complete_help_option(const char *help, size_t i, slice_t *name, slice_t *what);
/* What an option is given with, such as "FILE"; empty when with nothing. */
slice_t complete_help_argument(const char *help, slice_t option);
/* Argument i, such as "FILE|DIR"; behind the last one, this once more, if there may be several. */
slice_t complete_help_positional(const char *help, size_t i);

/* ---- complete_server.c: what a server has ---- */

/* Words are those of the command line, for --server and its like. */
void complete_documents(int argc, char **argv, slice_t prefix, buf_t *out);
void complete_generations(int argc, char **argv, slice_t prefix, buf_t *out);

/* Appends the line, if the word begins with the prefix. */
void complete_offer(buf_t *out, slice_t prefix, slice_t word, slice_t what);

#endif
