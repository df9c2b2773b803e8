/*
 * A question to a person. Private to src/ctl.
 */
#ifndef FPD_CTL_EDIT_ASK_H
#define FPD_CTL_EDIT_ASK_H

/*
 * The first letter of the answer in lower case, one of `letters`; the last of them, which gives up,
 * at the end of the input and for an interrupt, so that it is told where the text is.
 */
char edit_ask(const char *question, const char *letters);

#endif
