/*
 * A test for each golden case: a folder in a folder, in alphabetical order. Header-only; include it
 * behind cmocka.h.
 */
#ifndef FPD_TESTS_GOLDEN_CASES_H
#define FPD_TESTS_GOLDEN_CASES_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline int golden_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/*
 * Appends to tests, which has room for max, a test for each of dir/kind; its name and its state are
 * "kind/NAME". Returns how many there are then. More than there is room for end the program.
 */
static inline size_t golden_cases_add(const char *dir, const char *kind, CMUnitTestFunction test,
                                      struct CMUnitTest *tests, size_t count, size_t max)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", dir, kind);
    struct dirent **entries;
    int n = scandir(path, &entries, golden_visible, alphasort);
    for (int i = 0; i < n; i++) {
        size_t size = strlen(kind) + strlen(entries[i]->d_name) + 2;
        char *name = count < max ? malloc(size) : NULL;
        if (!name) {
            (void)fprintf(stderr, "%s has too many cases\n", dir);
            abort();
        }
        (void)snprintf(name, size, "%s/%s", kind, entries[i]->d_name);
        tests[count++] = (struct CMUnitTest){name, test, NULL, NULL, name};
        free(entries[i]);
    }
    if (n >= 0) {
        free(entries);
    }
    return count;
}

static inline void golden_cases_release(struct CMUnitTest *tests, size_t from, size_t count)
{
    for (size_t i = from; i < count; i++) {
        free(tests[i].initial_state);
    }
}

#endif
