#include "footprintd/config/config.h"

#include "footprintd/doc/events.h"
#include "footprintd/store/file.h"
#include "read.h"
#include "value.h"

#include <fcntl.h>

#define NO_SLICE ((slice_t){NULL, 0})
/* Of the configuration file itself. */
#define FILE_BYTES ((size_t)1 << 20)

static void set_default(const config_key_t *key, void *base)
{
    void *at = key->offset == CONFIG_NOWHERE ? NULL : (char *)base + key->offset;
    slice_t initial = slice_str(key->initial ? key->initial : "");
    bool ok = true;
    if (!at) {
        return;
    }
    if (config_key_is_text(key)) {
        *(slice_t *)at = initial;
    } else if (key->kind == CONFIG_NUMBER) {
        ok = json_number_u64(initial, at);
    } else if (key->kind == CONFIG_SHARE) {
        ok = config_share_parse(initial, at);
    } else if (key->kind == CONFIG_BOOL) {
        ok = config_bool_parse(initial, at);
    } else if (key->kind == CONFIG_WORD) {
        int word = 0;
        while (key->words[word] && !slice_is(initial, key->words[word])) {
            word++;
        }
        *(int *)at = word;
    } else if (key->kind == CONFIG_MAP) {
        *(bool *)at = false;
    }
    (void)ok; /* the table is ours; a test reads every default back */
}

void config_defaults(const char *prefix, void *base)
{
    bool listener = prefix[0] != '\0';
    for (size_t i = 0; i < config_key_count; i++) {
        if ((config_key_in_listener(&config_keys[i]) != NULL) == listener) {
            set_default(&config_keys[i], base);
        }
    }
}

void config_init(config_t *config)
{
    *config = (config_t){0};
    arena_init(&config->arena, 0);
    config_defaults("", config);
    config_limits_init(&config->limits);
}

void config_release(config_t *config)
{
    arena_release(&config->arena);
    *config = (config_t){0};
}

static bool is_json(slice_t file)
{
    return file.len > 5 && memcmp(file.ptr + file.len - 5, ".json", 5) == 0;
}

/* It stands in a quoted text of a header field, and is hashed as it is. */
static void check_realm(config_reader_t *r, const json_value_t *root)
{
    const json_value_t *v = json_get(json_get(root, "digest"), "realm");
    if (!json_is_string(v)) {
        return;
    }
    size_t mark = r->pointer.len;
    buf_append_str(&r->pointer, "/digest/realm");
    for (size_t i = 0; i < v->u.text.len; i++) {
        char c = v->u.text.ptr[i];
        if (c < ' ' || c > '~' || c == '"' || c == '\\' || c == ':') {
            config_reader_find(r, v, FINDING_BAD_VALUE, NO_SLICE,
                               "a realm has ASCII characters other than \" \\ and ':'");
            break;
        }
    }
    config_reader_leave(r, mark);
}

err_t config_parse(slice_t text, slice_t file, config_t *config, findings_t *findings)
{
    size_t before = findings->errors;
    json_value_t *root = NULL;
    err_t err = doc_read_tree(text, is_json(file) ? DOC_JSON : DOC_YAML, file, &doc_limits_default,
                              &config->arena, findings, &root);
    if (err) {
        return err;
    }
    config_reader_t reader = {
        .config = config, .findings = findings, .file = file, .pointer = BUF_INIT};
    config_reader_map(&reader, root, "", config);
    config_reader_operators(&reader, root);
    config_reader_proxies(&reader, root);
    check_realm(&reader, root);
    buf_release(&reader.pointer);
    if (reader.failed || findings->failed || arena_failed(&config->arena)) {
        return ERR_NOMEM;
    }
    return findings->errors > before ? ERR_DATA : ERR_OK;
}

err_t config_load(const char *file, config_t *config, findings_t *findings)
{
    slice_t name = slice_str(file);
    buf_t text = BUF_INIT;
    buf_t why = BUF_INIT;
    err_t err = store_file_read(AT_FDCWD, file, FILE_BYTES, &text, &why);
    if (err && err != ERR_NOMEM) {
        findings_add(findings, err == ERR_LIMIT ? FINDING_LIMIT : FINDING_UNREADABLE,
                     (place_t){.file = name}, NO_SLICE, NO_SLICE, "the file %.*s",
                     SLICE_ARG(buf_slice(&why)));
        err = ERR_DATA;
    }
    if (!err) {
        err = config_parse(buf_slice(&text), name, config, findings);
    }
    buf_release(&text);
    buf_release(&why);
    return err;
}
