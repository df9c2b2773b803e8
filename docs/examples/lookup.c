/*
 * What an address has: lookup DIRECTORY MMDB ADDRESS...
 *
 *     cc lookup.c -o lookup $(pkg-config --cflags --libs footprintd)
 */
#include <footprintd/lookup.h>

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    footprintd_options_t options = {.size = sizeof options};
    footprintd_lookup_t *lookup;
    footprintd_answer_t *answer;
    char *why;
    if (argc < 3) {
        return 2;
    }
    options.footprints = argv[1];
    options.country = options.city = options.asn = argv[2];
    if (footprintd_open(&options, &lookup, &why) || footprintd_answer_new(lookup, &answer)) {
        fputs(why ? why : "no memory\n", stderr);
        footprintd_text_free(why);
        footprintd_close(lookup);
        return 1;
    }
    for (int i = 3; i < argc && !footprintd_find_text(answer, argv[i], strlen(argv[i])); i++) {
        const char *country = footprintd_answer_country(answer);
        const footprintd_capability_t *c;
        printf("%s (%s): %s\n", argv[i], footprintd_answer_scope(answer), country ? country : "?");
        for (size_t k = 0; (c = footprintd_answer_capability(answer, k)) != NULL; k++) {
            printf("  %s by %s: %s\n", c->type, c->footprint ? c->footprint : "-", c->value);
        }
    }
    footprintd_answer_free(answer);
    footprintd_close(lookup);
    return 0;
}
