/*
 * Passwords: of a file, of standard input, or asked for at the terminal. Never an argument, which
 * everybody on the machine could read.
 */
#ifndef FPD_CTL_SECRET_H
#define FPD_CTL_SECRET_H

#include "footprintd/base/bytes.h"

/*
 * The first line of the file ("-": of standard input), without its end; without a file it is asked
 * for, twice with `again`. A NUL stands behind it. False: what is wrong is told.
 */
bool secret_read(const char *file, const char *prompt, bool again, buf_t *out);
/* Overwrites it. */
void secret_release(buf_t *secret);

#endif
