/*
 * The self-test of the guard, in a program whose linker script hides one of the guard's functions
 * (cmake: guard_refuse_*): the library keeps its own, and the self-test has to say so.
 *
 * usage: guard_refuse [NAME]: ends with 0 when the self-test fails and names NAME, or passes and
 * none was given.
 */
#include "footprintd/guard/guard.h"

#include <stdio.h>

int main(int argc, char **argv)
{
    buf_t why = BUF_INIT;
    err_t err = guard_self_test(&why);
    buf_append_char(&why, '\0');
    (void)printf("%s: %s\n", err ? "refused" : "in force", why.ptr);
    bool named = argc > 1 && strstr(why.ptr, argv[1]) && strstr(why.ptr, "is not guarded");
    bool good = argc > 1 ? err && named : !err;
    buf_release(&why);
    return good ? 0 : 1;
}
