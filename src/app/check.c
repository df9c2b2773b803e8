#include "check.h"

#include "footprintd/config/inputs.h"
#include "footprintd/config/ucdns.h"
#include "footprintd/http/admin.h"
#include "footprintd/store/history.h"
#include "listeners.h"
#include "privileges.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <time.h>

#define NO_SLICE ((slice_t){NULL, 0})

void check_print_findings(findings_t *findings)
{
    findings_sort(findings);
    buf_t out = BUF_INIT;
    for (size_t i = 0; i < findings->count; i++) {
        finding_format(&findings->items[i], &out);
        buf_append_char(&out, '\n');
    }
    size_t found = findings->errors + findings->warnings;
    if (found > findings->count) {
        buf_printf(&out, "%zu findings, the first %zu are shown\n", found, findings->count);
    }
    if (out.len) {
        (void)fwrite(out.ptr, 1, out.len, stderr);
    }
    buf_release(&out);
}

static void tls_finding(findings_t *findings, const config_listener_t *l, const char *what,
                        slice_t file)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    findings_add(findings, FINDING_UNREADABLE, l->place, NO_SLICE, NO_SLICE,
                 "%s %.*s cannot be used: %s", what, SLICE_ARG(file),
                 reason ? reason : "unknown reason");
    ERR_clear_error();
}

/* As the server will load it: what the checks of single files do not look at. */
static err_t check_tls_whole(const config_listener_t *l, findings_t *findings)
{
    arena_t arena;
    arena_init(&arena, 0);
    buf_t why = BUF_INIT;
    http_listener_t settings;
    err_t err = listeners_convert(l, &arena, &settings);
    if (!err && http_listener_check_tls(&settings, &why)) {
        findings_add(findings, FINDING_UNREADABLE, l->place, NO_SLICE, NO_SLICE, "%.*s",
                     SLICE_ARG(buf_slice(&why)));
    }
    buf_release(&why);
    arena_release(&arena);
    return err;
}

/* The files that a TLS listener names can be read and belong together. */
static err_t check_tls(const config_listener_t *l, findings_t *findings)
{
    size_t before = findings->errors;
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    if (!ctx) {
        return ERR_NOMEM;
    }
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(ctx, l->certificate.ptr) != 1) {
        tls_finding(findings, l, "the certificate", l->certificate);
    } else if (SSL_CTX_use_PrivateKey_file(ctx, l->key.ptr, SSL_FILETYPE_PEM) != 1 ||
               SSL_CTX_check_private_key(ctx) != 1) {
        tls_finding(findings, l, "the key", l->key);
    }
    if (l->client_ca.len && SSL_CTX_load_verify_locations(ctx, l->client_ca.ptr, NULL) != 1) {
        tls_finding(findings, l, "the client-ca", l->client_ca);
    }
    SSL_CTX_free(ctx);
    return findings->errors > before ? ERR_OK : check_tls_whole(l, findings);
}

static void check_tokens(const config_t *config, findings_t *findings)
{
    buf_t why = BUF_INIT;
    if (http_admin_check_tokens(config->admin_tokens.ptr, &why)) {
        findings_add(findings, FINDING_UNREADABLE, config->admin_listener.place, NO_SLICE, NO_SLICE,
                     "%.*s", SLICE_ARG(buf_slice(&why)));
    }
    buf_release(&why);
}

/* What a start would be refused for; a damaged one is set aside then. */
static void check_history(const config_t *config, findings_t *findings)
{
    buf_t why = BUF_INIT;
    if (config->state.len && store_history_peek(config->state.ptr, &why)) {
        findings_add(findings, FINDING_UNREADABLE, (place_t){.file = config->state}, NO_SLICE,
                     NO_SLICE, "%.*s", SLICE_ARG(buf_slice(&why)));
    }
    buf_release(&why);
}

static err_t check_databases(const config_t *config, findings_t *findings)
{
    store_databases_options_t options = config_databases(config);
    store_databases_t databases = {0};
    err_t err = store_databases_load(&options, NULL, &databases, findings);
    if (!err) {
        store_databases_check(databases.attributes, config->geoip_max_age_days, time(NULL),
                              findings);
    }
    store_databases_release(&databases);
    return err;
}

static err_t check_what_it_names(const config_t *config, store_documents_t *documents,
                                 findings_t *findings)
{
    for (size_t i = 0; i < config->listener_count; i++) {
        if (config->listeners[i].tls) {
            err_t err = check_tls(&config->listeners[i], findings);
            if (err) {
                return err;
            }
        }
    }
    if (config->ucdns.len) {
        ucdns_t *ucdns = NULL;
        err_t err = ucdns_load(config->ucdns.ptr, &ucdns, findings);
        if (!err) {
            config_check_ucdns(config, ucdns, config->ucdns, findings);
        }
        ucdns_unref(ucdns);
        if (err == ERR_NOMEM) {
            return err;
        }
    }
    if (config->admin) {
        err_t err = config->admin_listener.tls ? check_tls(&config->admin_listener, findings)
                                               : ERR_OK;
        if (err) {
            return err;
        }
        check_tokens(config, findings);
    }
    if (config->metrics && config->metrics_listener.tls) {
        err_t err = check_tls(&config->metrics_listener, findings);
        if (err) {
            return err;
        }
    }
    check_history(config, findings);
    err_t databases = check_databases(config, findings);
    if (databases == ERR_NOMEM) {
        return databases;
    }
    model_t *model = NULL;
    err_t err = config_read_model(config, NULL, documents, findings, &model);
    if (!err) {
        model_free(model);
    }
    return err ? err : databases;
}

/* From here on this process is the user. Prints what stands in the way. */
static err_t become_user(const config_t *config, bool refuse_root)
{
    privileges_t user;
    buf_t why = BUF_INIT;
    err_t err = privileges_choose(config, refuse_root, &user, &why);
    err = err ? err : privileges_drop(&user, config->core_dumps, &why);
    err = err ? err : privileges_check_files(config, &user, &why);
    if (err) {
        /* Not what it would warn of: whoever checks need not be who starts the server. */
        (void)fprintf(stderr, "footprintd: %.*s\n", SLICE_ARG(buf_slice(&why)));
    }
    buf_release(&why);
    privileges_release(&user);
    return err;
}

int check_config(const options_t *options)
{
    const char *file = options->config;
    config_t config;
    config_init(&config);
    findings_t findings;
    findings_init(&findings, 0);
    store_documents_t documents;
    store_documents_init(&documents);
    err_t err = config_load(file, &config, &findings);
    err_t user = err ? ERR_OK : become_user(&config, options->refuse_root);
    if (!err) {
        err = check_what_it_names(&config, &documents, &findings);
    }
    err = err ? err : user;
    check_print_findings(&findings);
    bool refused = err || findings.errors;
    if (err == ERR_NOMEM) {
        (void)fprintf(stderr, "footprintd: %s\n", err_text(err));
    }
    (void)fprintf(stderr, "footprintd: %s is %s: %zu error%s, %zu warning%s, %zu document%s\n",
                  file, refused ? "refused" : "fine", findings.errors,
                  findings.errors == 1 ? "" : "s", findings.warnings,
                  findings.warnings == 1 ? "" : "s", documents.count,
                  documents.count == 1 ? "" : "s");
    findings_release(&findings);
    store_documents_release(&documents);
    config_release(&config);
    return refused ? EXIT_REFUSED : EXIT_FINE;
}
