/*
 * Requests of the admin interface as its answers get them: everything behind the token, with real
 * documents and a real history. An input is text:
 *
 *     POST /v1/changes?yes=1
 *     (If-Match)
 *     (If-None-Match)
 *     the body
 *
 * Whatever it is, the answer is whole; what is not accepted changes nothing, and what is accepted
 * is what the directory has. Afterwards the first documents are restored.
 */
#include "app/admin_answers.h"
#include "app/builder.h"
#include "footprintd/base/json.h"
#include "footprintd/log/log.h"
#include "footprintd/store/held.h"
#include "http/admin_routes.h"

#include "fuzz.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <unistd.h>

static const char *const first[][2] = {
    {"a.yaml", "version: 1\nfootprints:\n  a: {cidr: [192.0.2.0/24]}\ncapabilities:\n"
               "  - capability-type: FCI.DeliveryProtocol\n"
               "    capability-value: {delivery-protocols: [http/1.1]}\n    footprints: [a]\n"},
    {"b.json", "{\"version\":1}\n"}};
#define FIRST (sizeof first / sizeof *first)

static struct {
    char directory[64];
    char documents[96];
    config_t config;
    hubs_t *hubs;
    journal_t *journal;
    admin_t *admin;
    builder_t *builder;
    compressor_t *compressor;
    updater_t *updater;
    store_text_t texts[FIRST];
} x;

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

static void leave(void)
{
    builder_free(x.builder);
    updater_free(x.updater);
    compressor_free(x.compressor);
    admin_free(x.admin);
    hubs_free(x.hubs);
    journal_close(x.journal);
    config_release(&x.config);
    (void)nftw(x.directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void make_directory(void)
{
    /* Memory where that is a file system: nothing of this has to survive anything. */
    bool memory = access("/dev/shm", W_OK) == 0;
    (void)snprintf(x.directory, sizeof x.directory, "%s/fpd-fuzz-XXXXXX",
                   memory ? "/dev/shm" : "/tmp");
    FUZZ_CHECK(mkdtemp(x.directory));
    (void)snprintf(x.documents, sizeof x.documents, "%s/footprints", x.directory);
    FUZZ_CHECK(mkdir(x.documents, 0700) == 0);
    for (size_t i = 0; i < FIRST; i++) {
        char path[128];
        (void)snprintf(path, sizeof path, "%s/%s", x.documents, first[i][0]);
        FILE *file = fopen(path, "w");
        FUZZ_CHECK(file && fputs(first[i][1], file) >= 0 && fclose(file) == 0);
        x.texts[i] = (store_text_t){.name = slice_str(first[i][0]),
                                    .bytes = slice_str(first[i][1])};
    }
}

static void begin(void)
{
    static char file[96];
    findings_t findings;
    make_directory();
    FUZZ_CHECK(log_start(open("/dev/null", O_WRONLY), LOG_FORMAT_TEXT, LOG_LEVEL_DEBUG) == ERR_OK);
    (void)snprintf(file, sizeof file, "%s/footprintd.yaml", x.directory);
    config_init(&x.config);
    findings_init(&findings, 100);
    FUZZ_CHECK(
        config_parse(SLICE_LIT("listen: [{address: \"127.0.0.1:0\"}]\n"
                               "footprints: footprints\nstate: state\nhistory: {keep: 1000}\n"),
                     slice_str(file), &x.config, &findings) == ERR_OK);
    findings_release(&findings);
    const hub_options_t options = {.base_uri = x.config.base_uri, .log_bytes = 1 << 20};
    FUZZ_CHECK(hubs_new(&options, &x.hubs) == ERR_OK);
    FUZZ_CHECK(journal_open(&x.config, &x.journal) == ERR_OK);
    FUZZ_CHECK(admin_new(&x.config, x.hubs, &x.admin) == ERR_OK);
    FUZZ_CHECK(builder_new(&x.config, x.hubs, x.journal, &x.builder) == ERR_OK);
    admin_attach(x.admin, x.builder, NULL, x.journal);
    FUZZ_CHECK(builder_build_first(x.builder) == ERR_OK);
    FUZZ_CHECK(compressor_new(&x.compressor) == ERR_OK);
    FUZZ_CHECK(updater_new(x.hubs, &x.updater) == ERR_OK);
    FUZZ_CHECK(builder_start(x.builder, NULL, x.compressor, x.updater) == ERR_OK);
    (void)atexit(leave);
}

static uint64_t newest(void)
{
    builder_state_t state;
    builder_read_state(x.builder, &state, NULL);
    return state.number;
}

/* The directory has exactly these, and nothing else lies there. */
static void check_documents(const store_texts_t *texts)
{
    store_documents_t documents;
    findings_t findings;
    findings_init(&findings, 100);
    store_documents_init(&documents);
    FUZZ_CHECK(config_read_documents(&x.config, &documents, &findings) == ERR_OK);
    FUZZ_CHECK(documents.count == texts->count);
    for (size_t i = 0; i < texts->count; i++) {
        FUZZ_CHECK(slice_eq(store_document_name(documents.items[i].name), texts->items[i].name));
        FUZZ_CHECK(slice_eq(documents.items[i].bytes, texts->items[i].bytes));
    }
    store_documents_release(&documents);
    findings_release(&findings);
    DIR *dir = opendir(x.documents);
    size_t count = 0;
    while (dir && readdir(dir)) {
        count++;
    }
    FUZZ_CHECK(dir && closedir(dir) == 0 && count == texts->count + 2);
}

static void check_generation(uint64_t number)
{
    arena_t arena;
    store_texts_t texts;
    buf_t why = BUF_INIT;
    arena_init(&arena, 0);
    FUZZ_CHECK(store_history_documents(journal_history(x.journal), number, &arena, &texts, &why) ==
               ERR_OK);
    check_documents(&texts);
    arena_release(&arena);
    buf_release(&why);
}

/* Directories of data files stay when these go, as a person's do. */
static void remove_directories(void)
{
    DIR *dir = opendir(x.documents);
    for (struct dirent *entry = dir ? readdir(dir) : NULL; entry; entry = readdir(dir)) {
        if (entry->d_type == DT_DIR && entry->d_name[0] != '.') {
            FUZZ_CHECK(unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR) == 0);
        }
    }
    FUZZ_CHECK(dir && closedir(dir) == 0);
}

static void restore(void)
{
    const store_texts_t texts = {x.texts, FIRST};
    builder_commit_t c = {.wish = {.towards = &texts},
                          .kind = STORE_KIND_ROLLBACK,
                          .author = SLICE_LIT("fuzz"),
                          .message = SLICE_LIT(""),
                          .confirmed = true,
                          .why = BUF_INIT};
    proposal_init(&c.proposal, &x.config);
    builder_commit(x.builder, &c);
    FUZZ_CHECK(c.verdict == COMMIT_DONE || c.verdict == COMMIT_SAME);
    proposal_release(&c.proposal);
    buf_release(&c.why);
    remove_directories();
    check_documents(&texts);
}

/* What is held would be made at some time. */
static void drop_held(void)
{
    static const store_audit_t audit = {
        .who = {"fuzz", 4}, .what = {"held", 4}, .outcome = {"dropped", 7}};
    arena_t arena;
    store_held_list_t list;
    buf_t why = BUF_INIT;
    arena_init(&arena, 0);
    FUZZ_CHECK(store_held_list(journal_history(x.journal), &arena, &list, &why) == ERR_OK);
    for (size_t i = 0; i < list.count; i++) {
        FUZZ_CHECK(store_held_drop(journal_history(x.journal), list.items[i].id, &audit, &why) ==
                   ERR_OK);
    }
    arena_release(&arena);
    buf_release(&why);
}

static void check_json(const admin_response_t *response)
{
    arena_t arena;
    json_value_t *root;
    json_error_t error;
    arena_init(&arena, 0);
    FUZZ_CHECK(json_parse(buf_slice(&response->body), 0, &arena, &root, &error) == ERR_OK);
    FUZZ_CHECK(root->kind == JSON_OBJECT);
    const json_value_t *status = json_get(root, "status");
    FUZZ_CHECK(response->status < 300 || (status && status->kind == JSON_NUMBER));
    arena_release(&arena);
}

static void answer(const admin_request_t *request)
{
    const store_texts_t texts = {x.texts, FIRST};
    admin_response_t response = {0};
    uint64_t before = newest();
    arena_init(&response.arena, 0);
    admin_answer(x.admin, request, &response);
    FUZZ_CHECK(!buf_failed(&response.body));
    FUZZ_CHECK(response.status == 200 || response.status == 202 ||
               (response.status >= 400 && response.status < 500));
    if (response.status != 200 || request->route->endpoint != ADMIN_DOCUMENT_GET) {
        check_json(&response);
    }
    uint64_t after = newest();
    FUZZ_CHECK(after == before || (response.status == 200 && after == before + 1));
    if (after == before) {
        check_documents(&texts);
    } else {
        check_generation(after);
        restore();
    }
    drop_held();
    buf_release(&response.body);
    arena_release(&response.arena);
}

/* Up to the character, which is taken away; all of it when there is none. */
static slice_t take(slice_t *text, char end)
{
    const char *at = text->len ? memchr(text->ptr, end, text->len) : NULL;
    size_t len = at ? (size_t)(at - text->ptr) : text->len;
    slice_t taken = slice_of(text->ptr, len);
    *text = slice_of(text->ptr + len + (at ? 1 : 0), text->len - len - (at ? 1 : 0));
    return taken;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!x.builder) {
        begin();
    }
    slice_t text = slice_of((const char *)data, size);
    slice_t line = take(&text, '\n');
    admin_request_t request = {.method = take(&line, ' '),
                               .path = take(&line, '?'),
                               .query = line,
                               .if_match = take(&text, '\n'),
                               .if_none_match = take(&text, '\n'),
                               .user = SLICE_LIT("fuzz"),
                               .peer = SLICE_LIT("127.0.0.1"),
                               .role = ADMIN_ADMIN};
    buf_t allow = BUF_INIT;
    request.body = text;
    request.route = admin_route_find(request.method, request.path, &request.name, &allow);
    buf_release(&allow);
    /* The status is of a server, a reload is a signal, and a backup no text. */
    if (request.route && request.route->endpoint != ADMIN_STATUS &&
        request.route->endpoint != ADMIN_RELOAD && request.route->endpoint != ADMIN_BACKUP) {
        answer(&request);
    }
    return 0;
}
