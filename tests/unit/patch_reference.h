/*
 * Patches applied by the letter of RFC 6902 and RFC 7396 to documents in jansson: short, slow, and
 * nothing in common with what is tested. Names without NUL, numbers that are integers.
 */
#ifndef FPD_TESTS_PATCH_REFERENCE_H
#define FPD_TESTS_PATCH_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>

/* The document with the patch, a text to be freed; NULL: the patch does not apply, or is none. */
char *reference_apply(bool merge, const char *patch, size_t patch_len, const char *document,
                      size_t document_len);
/* Whether two texts are the same document. */
bool reference_equal(const char *a, size_t a_len, const char *b, size_t b_len);
/* The text without the first of two members of one name, to be freed; NULL: it is no JSON. */
char *reference_tidy(const char *text, size_t len);

#endif
