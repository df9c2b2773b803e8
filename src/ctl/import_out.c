#include "command.h"

#include "import_out.h"
#include "remote.h"
#include "watch.h"

#include "footprintd/store/edit.h"
#include "footprintd/store/file.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of each severity, for people. */
#define SHOWN 100

int import_nomem(void)
{
    (void)fprintf(stderr, "footprintctl: %s\n", err_text(ERR_NOMEM));
    return CTL_USAGE;
}

int import_check_name(const char *command, const char *name)
{
    size_t n = name ? strlen(name) : 0;
    buf_t why = BUF_INIT;
    bool yaml = n > 4 &&
                (!strcmp(name + n - 4, ".yml") || (n > 5 && !strcmp(name + n - 5, ".yaml")));
    bool good = !name || (yaml && store_edit_name_check(slice_str(name), &why));
    buf_release(&why);
    return good ? -1
                : remote_usage(command,
                               "'%s' is no name of a YAML document: they end in .yaml or "
                               ".yml, begin with no dot and hold no slash",
                               name);
}

/* ---- progress ---- */

static double since(const struct timespec *then, const struct timespec *now)
{
    return (double)(now->tv_sec - then->tv_sec) + 1e-9 * (double)(now->tv_nsec - then->tv_nsec);
}

static void on_progress(void *arg, const char *doing, uint32_t line)
{
    import_progress_t *p = arg;
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    if (since(&p->start, &now) > 1 && since(&p->told, &now) > 0.2) {
        (void)fprintf(stderr, "\r\033[Kfootprintctl: %s", doing);
        if (line) {
            (void)fprintf(stderr, " %u", line);
        }
        p->told = now;
        p->on = true;
    }
}

void import_progress_begin(import_progress_t *p, import_data_t *d)
{
    *p = (import_progress_t){.on = false};
    (void)clock_gettime(CLOCK_MONOTONIC, &p->start);
    d->progress = isatty(STDERR_FILENO) ? on_progress : NULL;
    d->arg = p;
}

void import_progress_end(import_progress_t *p)
{
    if (p->on) {
        (void)fputs("\r\033[K", stderr);
        p->on = false;
    }
}

/* ---- findings ---- */

/* The first of each severity, in the order of their places. */
static void merge(const import_data_t *d, size_t limit, findings_t *out)
{
    const findings_t *both[2] = {&d->errors, &d->warnings};
    for (unsigned k = 0; k < 2; k++) {
        for (size_t i = 0; i < both[k]->count && i < limit; i++) {
            const finding_t *f = &both[k]->items[i];
            findings_add(out, f->code, f->place, f->pointer, f->suggestion, "%.*s",
                         SLICE_ARG(f->text));
        }
    }
    findings_sort(out);
    out->errors = d->errors.errors;
    out->warnings = d->warnings.warnings;
}

void import_append_findings(const import_data_t *d, buf_t *out)
{
    findings_t shown;
    findings_init(&shown, 0);
    merge(d, SHOWN, &shown);
    for (size_t i = 0; i < shown.count; i++) {
        finding_format(&shown.items[i], out);
        buf_append_char(out, '\n');
    }
    size_t all = shown.errors + shown.warnings;
    if (d->errors.errors > SHOWN || d->warnings.warnings > SHOWN) {
        buf_printf(out, "%zu findings, the first %d of each severity are shown\n", all, SHOWN);
    }
    findings_release(&shown);
}

void import_append_count(buf_t *out, size_t n, const char *what)
{
    buf_printf(out, "%zu %s%s", n, what, n == 1 ? "" : "s");
}

void import_append_verdict(const import_data_t *d, buf_t *out)
{
    import_append_count(out, d->errors.errors, "error");
    buf_append_str(out, d->skip && d->errors.errors && import_is_fine(d) ? " left out, " : ", ");
    import_append_count(out, d->warnings.warnings, "warning");
}

static void append_summary(const import_data_t *d, buf_t *out)
{
    if (d->document_count == 1) {
        buf_append_printable(out, d->documents[0].name, "");
    } else if (d->document_count) {
        import_append_count(out, d->document_count, "document");
    } else {
        buf_append_printable(out, d->file, "");
    }
    buf_append_str(out, ": ");
    if (d->document_count) {
        import_append_count(out, d->footprints, "footprint");
        if (d->format != IMPORT_BUNDLE) {
            buf_printf(out, ", %zu IPv4 and %zu IPv6 prefixes", d->prefixes[FAMILY_IPV4],
                       d->prefixes[FAMILY_IPV6]);
        }
        buf_append_str(out, ", ");
        buf_printf(out, "%zu capabilit%s; ", d->capabilities, d->capabilities == 1 ? "y" : "ies");
    }
    import_append_verdict(d, out);
    buf_append_char(out, '\n');
}

void import_append_documents(const import_data_t *d, buf_t *out)
{
    buf_append_str(out, "\"documents\":[");
    for (size_t i = 0; i < d->document_count; i++) {
        buf_append_str(out, i ? "," : "");
        json_write_string(out, d->documents[i].name);
    }
    buf_append_char(out, ']');
}

void import_append_report(const import_data_t *d, buf_t *out)
{
    findings_t all;
    findings_init(&all, 0);
    all.limit = d->errors.limit + d->warnings.limit;
    merge(d, all.limit, &all);
    buf_append_str(out, "\"report\":");
    findings_write_json(&all, out);
    findings_release(&all);
}

void import_append_texts(const import_data_t *d, buf_t *out)
{
    buf_append_str(out, "\"texts\":{");
    for (size_t i = 0; i < d->document_count; i++) {
        buf_append_str(out, i ? "," : "");
        json_write_string(out, d->documents[i].name);
        buf_append_char(out, ':');
        json_write_string(out, buf_slice(&d->documents[i].text));
    }
    buf_append_char(out, '}');
}

static void append_json(const import_data_t *d, bool texts, buf_t *out)
{
    buf_printf(out, "{\"from\":\"%s\",", import_format_names[d->format]);
    import_append_documents(d, out);
    buf_printf(out,
               ",\"footprints\":%zu,\"prefixes\":{\"ipv4\":%zu,\"ipv6\":%zu},"
               "\"capabilities\":%zu,",
               d->footprints, d->prefixes[FAMILY_IPV4], d->prefixes[FAMILY_IPV6], d->capabilities);
    import_append_report(d, out);
    if (texts) {
        buf_append_char(out, ',');
        import_append_texts(d, out);
    }
    buf_append_str(out, "}\n");
}

int import_tell(const import_data_t *d, bool json, bool texts)
{
    buf_t out = BUF_INIT;
    if (json) {
        append_json(d, texts, &out);
        return remote_print(&out);
    }
    import_append_findings(d, &out);
    append_summary(d, &out);
    if (texts && d->format == IMPORT_BUNDLE) {
        buf_append_str(&out, "nothing is written; to do that: --output DIR or --apply\n");
    }
    (void)fprintf(stderr, "%.*s", SLICE_ARG(buf_slice(&out)));
    buf_clear(&out);
    if (texts && d->format != IMPORT_BUNDLE) {
        buf_append_slice(&out, buf_slice(&d->documents[0].text));
    }
    return remote_print(&out);
}

/* ---- files ---- */

#define MADE       "# Made by footprintctl import"
#define FILE_BYTES ((size_t)64 << 20)

/* What is there already: nothing, the same text, or what an import made. */
static bool may_replace(const char *path, slice_t text)
{
    buf_t old = BUF_INIT, why = BUF_INIT;
    struct stat st;
    if (stat(path, &st) != 0) {
        return true;
    }
    bool read = !store_file_read(AT_FDCWD, path, FILE_BYTES, &old, &why);
    slice_t is = buf_slice(&old);
    bool made = is.len >= sizeof MADE - 1 && !memcmp(is.ptr, MADE, sizeof MADE - 1);
    bool may = read && (made || slice_eq(is, text));
    buf_release(&old);
    buf_release(&why);
    return may;
}

static int refuse(const char *path, const char *why)
{
    (void)fprintf(stderr, "footprintctl: %s %s: nothing is written\n", path, why);
    return CTL_REFUSED;
}

static int check_target(const char *path, slice_t text, bool yes)
{
    struct stat st;
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
        (void)refuse(path, "is not a regular file");
        return CTL_USAGE;
    }
    return yes || may_replace(path, text)
               ? CTL_FINE
               : refuse(path, "is there already, and not made by import (--yes)");
}

static int write_one(const char *path, slice_t text)
{
    buf_t why = BUF_INIT;
    bool written = watch_write(path, text, &why);
    if (!written) {
        (void)fprintf(stderr, "footprintctl: %.*s\n", SLICE_ARG(buf_slice(&why)));
    }
    buf_release(&why);
    return written ? CTL_FINE : CTL_USAGE;
}

/* Looks at everything, or writes it. */
static int go_over(const import_data_t *d, const char *output, bool directory, bool yes, bool write)
{
    int code = CTL_FINE;
    for (size_t i = 0; i < d->document_count && code == CTL_FINE; i++) {
        slice_t text = buf_slice(&d->documents[i].text);
        buf_t path = BUF_INIT;
        buf_append_str(&path, output);
        if (directory) {
            buf_append_char(&path, '/');
            buf_append_slice(&path, d->documents[i].name);
        }
        buf_append_char(&path, '\0');
        if (buf_failed(&path)) {
            code = import_nomem();
        } else {
            code = write ? write_one(path.ptr, text) : check_target(path.ptr, text, yes);
        }
        buf_release(&path);
    }
    return code;
}

static bool is_directory(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int import_may_write(const import_data_t *d, const char *output, bool yes)
{
    bool directory = is_directory(output);
    if (d->format == IMPORT_BUNDLE && !directory) {
        (void)refuse(output, "is no directory, which a bundle wants");
        return CTL_USAGE;
    }
    return go_over(d, output, directory, yes, false);
}

int import_write(const import_data_t *d, const char *output, bool yes)
{
    int code = import_may_write(d, output, yes);
    return code == CTL_FINE ? go_over(d, output, is_directory(output), yes, true) : code;
}
