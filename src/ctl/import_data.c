#include "import_data.h"

#include "footprintd/model/model.h"
#include "footprintd/store/directory.h"
#include "import_table.h"

#include <stdio.h>
#include <stdlib.h>

const char *const import_format_names[IMPORT_FORMAT_COUNT] = {
    "csv", "geofeed", "prefixes", "advertisement", "bundle",
};

void import_data_init(import_data_t *d)
{
    *d = (import_data_t){.documents = NULL};
    arena_init(&d->arena, 0);
    findings_init(&d->errors, 0);
    findings_init(&d->warnings, 0);
}

void import_data_release(import_data_t *d)
{
    for (size_t i = 0; i < d->document_count; i++) {
        buf_release(&d->documents[i].text);
    }
    free(d->documents);
    findings_release(&d->errors);
    findings_release(&d->warnings);
    arena_release(&d->arena);
}

/* ---- findings ---- */

static void find(import_data_t *d, finding_code_t code, place_t place, slice_t suggestion,
                 const char *fmt, va_list args) FPD_PRINTF(5, 0);

static void find(import_data_t *d, finding_code_t code, place_t place, slice_t suggestion,
                 const char *fmt, va_list args)
{
    findings_t *f = finding_infos[code].severity == SEVERITY_ERROR ? &d->errors : &d->warnings;
    findings_addv(f, code, place, SLICE_LIT(""), suggestion, fmt, args);
    d->failed |= f->failed;
}

void import_find(import_data_t *d, finding_code_t code, uint32_t line, uint32_t column,
                 slice_t suggestion, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    find(d, code, (place_t){d->file, line, line ? column : 0}, suggestion, fmt, args);
    va_end(args);
}

void import_refuse(import_data_t *d, finding_code_t code, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    find(d, code, (place_t){d->file, 0, 0}, (slice_t){0}, fmt, args);
    va_end(args);
    d->hopeless = true;
}

/* ---- progress ---- */

#define ROWS 16384

void import_reading(import_data_t *d, uint64_t row, uint32_t line)
{
    if (d->progress && row % ROWS == 0) {
        d->progress(d->arg, "reading line", line);
    }
}

void import_doing(import_data_t *d, const char *what)
{
    if (d->progress) {
        d->progress(d->arg, what, 0);
    }
}

/* ---- values ---- */

bool import_parse_prefix(import_data_t *d, slice_t text, uint32_t line, uint32_t column,
                         prefix_t *out)
{
    bool host_bits = false;
    addr_t address;
    if (!prefix_parse(text, out, &host_bits)) {
        if (host_bits) {
            char canonical[PREFIX_TEXT_MAX];
            size_t n = prefix_format(out, canonical);
            import_find(d, FINDING_HOST_BITS, line, column, slice_of(canonical, n),
                        "'%.*s' has host bits set; it is taken as %s", SLICE_ARG(text), canonical);
        }
    } else if (!addr_parse(text, &address)) {
        out->family = address.family;
        if (address.family == FAMILY_IPV4) {
            out->u.v4 = (prefix4_t){address.u.v4, 32};
        } else {
            out->u.v6 = (prefix6_t){address.u.v6, 128};
        }
    } else {
        import_find(d, FINDING_BAD_VALUE, line, column, (slice_t){0},
                    "'%.*s' is no prefix such as 192.0.2.0/24 or 2001:db8::/32, and no address",
                    SLICE_ARG(text));
        return false;
    }
    import_check_prefix(d, out, line, column);
    return true;
}

bool import_name_valid(slice_t name)
{
    /* The grammar is that of PID names. */
    return fp_pid_valid(name) && !slice_is(name, MODEL_EVERYWHERE);
}

/* ---- documents ---- */

import_document_t *import_document_add(import_data_t *d, slice_t name)
{
    import_document_t *grown = realloc(d->documents, (d->document_count + 1) * sizeof *grown);
    if (!grown) {
        d->failed = true;
        return NULL;
    }
    d->documents = grown;
    import_document_t *made = &d->documents[d->document_count++];
    *made = (import_document_t){name, BUF_INIT};
    return made;
}

void import_write_comment(const import_data_t *d, buf_t *out)
{
    static const char *const by[] = {", by country", ", by region", ""};
    char how[40];
    (void)snprintf(how, sizeof how, "%s%s", import_format_names[d->format],
                   d->format == IMPORT_GEOFEED ? by[d->by] : "");
    import_write_made(d, "import", how, out);
}

void import_write_made(const import_data_t *d, const char *command, const char *how, buf_t *out)
{
    buf_printf(out, "# Made by footprintctl %s, from ", command);
    if (d->base.len) {
        buf_append_printable(out, d->base, "");
    } else {
        buf_append_str(out, "standard input");
    }
    buf_printf(out, " (%s).\n", how);
}

/* Warnings that were told with their place in the source. */
static bool is_told(const import_data_t *d, const finding_t *f)
{
    if (f->code == FINDING_COVERS_ALL || f->code == FINDING_HOST_BITS) {
        return true;
    }
    for (size_t i = 0; d->format == IMPORT_ADVERTISEMENT && i < d->warnings.count; i++) {
        const finding_t *told = &d->warnings.items[i];
        if (told->code == f->code && slice_eq(told->text, f->text)) {
            return true;
        }
    }
    return false;
}

/* Errors are ours to mend, or beyond what a source can say. */
bool import_check(import_data_t *d)
{
    findings_t findings;
    model_t *model = NULL;
    model_source_t *sources = calloc(d->document_count + 1, sizeof *sources);
    model_options_t options = {.limits = doc_limits_default, .now = d->now};
    findings_init(&findings, 0);
    for (size_t i = 0; sources && i < d->document_count; i++) {
        sources[i] = (model_source_t){d->documents[i].name, DOC_YAML,
                                      buf_slice(&d->documents[i].text)};
        (void)store_document_format(d->documents[i].name, &sources[i].format);
    }
    err_t err = sources ? model_build(sources, d->document_count, &options, &findings, &model)
                        : ERR_NOMEM;
    d->failed |= err == ERR_NOMEM || findings.failed;
    d->hopeless |= err == ERR_DATA;
    for (size_t i = 0; i < findings.count; i++) {
        const finding_t *f = &findings.items[i];
        bool error = finding_infos[f->code].severity == SEVERITY_ERROR;
        if (error || !is_told(d, f)) {
            findings_add(error ? &d->errors : &d->warnings, f->code, f->place, f->pointer,
                         f->suggestion, "%.*s", SLICE_ARG(f->text));
        }
    }
    if (!err) {
        model_free(model);
    }
    findings_release(&findings);
    free(sources);
    return !err;
}

/* ---- the whole ---- */

static bool run_table(import_data_t *d, slice_t text)
{
    import_table_t t;
    import_table_init(&t);
    bool ok = d->format == IMPORT_CSV       ? import_csv(d, text, &t)
              : d->format == IMPORT_GEOFEED ? import_geofeed(d, text, &t)
                                            : import_prefixes(d, text, &t);
    import_doing(d, "sorting");
    if (ok && d->format == IMPORT_GEOFEED) {
        ok = import_table_by_name(d, &t) && import_table_carve(d, &t);
    }
    ok = ok && import_table_finish(d, &t);
    if (ok && !t.prefix_count && !t.value_count && !d->errors.errors) {
        import_refuse(d, FINDING_EMPTY, "there is nothing in it to import");
    }
    bool some = t.prefix_count || t.value_count;
    ok = ok && some && import_is_fine(d) && import_table_write(d, &t);
    import_table_release(&t);
    return ok;
}

bool import_is_fine(const import_data_t *d)
{
    return !d->hopeless && !d->failed && !d->errors.failed && !d->warnings.failed &&
           (d->skip || !d->errors.errors);
}

bool import_end(import_data_t *d, bool ok)
{
    d->failed |= d->errors.failed || d->warnings.failed;
    return ok && import_is_fine(d);
}

bool import_run(import_data_t *d, slice_t text)
{
    if (!import_clean(d, &text)) {
        return false;
    }
    bool ok = d->format == IMPORT_ADVERTISEMENT ? import_advertisement(d, text)
              : d->format == IMPORT_BUNDLE      ? import_bundle(d, text)
                                                : run_table(d, text);
    if (ok && import_is_fine(d)) {
        import_doing(d, "checking");
        ok = import_check(d);
    }
    if (!ok && !d->errors.errors && !d->failed) {
        import_refuse(d, FINDING_EMPTY, "there is nothing in it to import");
    }
    return import_end(d, ok);
}
