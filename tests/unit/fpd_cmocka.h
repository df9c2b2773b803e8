/* cmocka, and the headers it wants before itself. */
#ifndef FPD_TESTS_CMOCKA_H
#define FPD_TESTS_CMOCKA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
