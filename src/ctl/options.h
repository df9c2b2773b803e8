/*
 * What getopt_long cannot take, told with what was meant. Private to src/ctl.
 */
#ifndef FPD_CTL_OPTIONS_H
#define FPD_CTL_OPTIONS_H

/* Before the first getopt_long, whose own messages there are none of then. */
void options_begin(char **argv);
/* Tells what is wrong with the word at hand, by the text of --help; returns the exit code. */
int options_refused(const char *command, const char *help);

#endif
