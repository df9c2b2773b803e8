#include "complete.h"
#include "remote.h"

#include <stdlib.h>

/* Somebody waits at the keyboard. */
#define TIMEOUT_MS 2000

/* The value of an option among the words; NULL when it is not there. */
static const char *value_of(int argc, char **argv, const char *option)
{
    size_t len = strlen(option);
    for (int i = 0; i < argc; i++) {
        if (!strncmp(argv[i], option, len) && argv[i][len] == '=') {
            return argv[i] + len + 1;
        }
        /* bash takes "--server=URL" apart at the sign. */
        int at = i + 1 < argc && !strcmp(argv[i + 1], "=") ? i + 2 : i + 1;
        if (!strcmp(argv[i], option) && at < argc) {
            return argv[at];
        }
    }
    return NULL;
}

/* False without a server that was named. */
static bool ask(int argc, char **argv, const char *path_text, remote_t *r)
{
    const remote_options_t options = {.server = value_of(argc, argv, "--server"),
                                      .token_file = value_of(argc, argv, "--token-file"),
                                      .cacert = value_of(argc, argv, "--cacert"),
                                      .cert = value_of(argc, argv, "--cert"),
                                      .key = value_of(argc, argv, "--key"),
                                      .timeout_ms = TIMEOUT_MS};
    const char *server = getenv("FOOTPRINTCTL_SERVER"); /* single-threaded */
    *r = (remote_t){.http = NULL};
    if ((!options.server && !(server && *server)) || remote_open(r, &options) >= 0) {
        return false;
    }
    buf_t path = BUF_INIT;
    buf_append_str(&path, path_text);
    int code = remote_call(r, &path, NULL);
    buf_release(&path);
    return code < 0 && remote_is_fine(r) && r->json;
}

void complete_documents(int argc, char **argv, slice_t prefix, buf_t *out)
{
    remote_t r;
    if (ask(argc, argv, "/v1/documents", &r)) {
        const json_value_t *list = json_get(r.json, "documents");
        for (size_t i = 0; i < remote_count(list); i++) {
            complete_offer(out, prefix, remote_text(&list->u.array.items[i], "name"),
                           SLICE_LIT("a document"));
        }
    }
    remote_release(&r);
}

void complete_generations(int argc, char **argv, slice_t prefix, buf_t *out)
{
    remote_t r;
    if (ask(argc, argv, "/v1/generations?limit=50", &r)) {
        const json_value_t *list = json_get(r.json, "generations");
        for (size_t i = 0; i < remote_count(list); i++) {
            const json_value_t *g = &list->u.array.items[i];
            buf_t what = BUF_INIT;
            remote_append(g, "time", &what);
            buf_append_char(&what, ' ');
            remote_append(g, "kind", &what);
            buf_append_char(&what, ' ');
            remote_append(g, "message", &what);
            complete_offer(out, prefix, remote_text(g, "generation"), buf_slice(&what));
            buf_release(&what);
        }
    }
    remote_release(&r);
}
