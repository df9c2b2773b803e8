#include "command.h"

#include "import_maps_out.h"
#include "remote.h"

#include <stdio.h>

#define LARGEST 10

void import_append_size(buf_t *out, uint64_t bytes)
{
    static const char *const units[] = {"kB", "MB", "GB", "TB", "PB"};
    double n = (double)bytes / 1000;
    size_t unit = 0;
    if (bytes < 1000) {
        buf_printf(out, "%llu bytes", (unsigned long long)bytes);
        return;
    }
    while (n >= 1000 && unit + 1 < sizeof units / sizeof *units) {
        n /= 1000;
        unit++;
    }
    buf_printf(out, "%.1f %s", n, units[unit]);
}

/* ---- text ---- */

static void append_sizes(const import_pids_t *p, buf_t *out)
{
    buf_append_str(out, "the document has ");
    import_append_size(out, p->document_bytes);
    buf_append_str(out, ", its network map about ");
    import_append_size(out, p->map_bytes);
    buf_append_str(out, ", a full cost map of these PIDs about ");
    import_append_size(out, p->cost_bytes);
    buf_append_char(out, '\n');
}

void import_append_map(const import_data_t *d, const import_pids_t *p, buf_t *out)
{
    uint32_t largest[LARGEST];
    size_t n = import_pids_largest(p, largest, LARGEST);
    buf_append_printable(out, d->document_count ? d->documents[0].name : d->file, "");
    buf_append_str(out, ": ");
    if (d->document_count) {
        buf_append_str(out, "network map ");
        buf_append_printable(out, p->map, "");
        buf_append_str(out, ", ");
        import_append_count(out, p->used, "PID");
        buf_printf(out, ", %zu IPv4 and %zu IPv6 prefixes; ", d->prefixes[FAMILY_IPV4],
                   d->prefixes[FAMILY_IPV6]);
    }
    import_append_verdict(d, out);
    buf_append_char(out, '\n');
    if (!d->document_count) {
        return;
    }
    buf_printf(out, "%zu prefix%s read, %zu saved by merging, ", p->read, p->read == 1 ? "" : "es",
               p->merged);
    import_append_count(out, p->gathered, "PID");
    buf_append_str(out, " put together\n");
    append_sizes(p, out);
    for (size_t i = 0; i < n; i++) {
        buf_printf(out, "%s%.*s (%zu)",
                   i ? ", " : "the largest PIDs: ", SLICE_ARG(p->pids[largest[i]].name),
                   p->pids[largest[i]].prefixes);
    }
    buf_append_str(out, n ? "\n" : "");
}

/* ---- JSON ---- */

void import_append_map_json(const import_data_t *d, const import_pids_t *p, buf_t *out)
{
    uint32_t largest[LARGEST];
    size_t n = import_pids_largest(p, largest, LARGEST);
    buf_append_str(out, ",\"network-map\":");
    json_write_string(out, p->map);
    buf_printf(out,
               ",\"pids\":%zu,\"prefixes\":{\"ipv4\":%zu,\"ipv6\":%zu},\"read\":%zu,"
               "\"merged\":%zu,\"gathered\":%zu,\"bytes\":{\"document\":%llu,"
               "\"network-map\":%llu,\"cost-map\":%llu},\"largest\":[",
               p->used, d->prefixes[FAMILY_IPV4], d->prefixes[FAMILY_IPV6], p->read, p->merged,
               p->gathered, (unsigned long long)p->document_bytes, (unsigned long long)p->map_bytes,
               (unsigned long long)p->cost_bytes);
    for (size_t i = 0; i < n; i++) {
        buf_append_str(out, i ? ",{\"pid\":" : "{\"pid\":");
        json_write_string(out, p->pids[largest[i]].name);
        buf_printf(out, ",\"prefixes\":%zu}", p->pids[largest[i]].prefixes);
    }
    buf_append_char(out, ']');
}

/* ---- the end ---- */

bool import_shows_texts(const import_target_t *t, bool fine)
{
    return fine && !t->output && !t->dry_run;
}

int import_give_out(const import_data_t *d, const import_target_t *t, bool fine, buf_t *told)
{
    int code = CTL_FINE;
    if (t->json) {
        code = remote_print(told);
    } else {
        (void)fprintf(stderr, "%.*s", SLICE_ARG(buf_slice(told)));
        buf_clear(told);
        if (import_shows_texts(t, fine)) {
            buf_append_slice(told, buf_slice(&d->documents[0].text));
        }
        code = remote_print(told);
    }
    if (code != CTL_FINE || !fine) {
        return code == CTL_FINE ? CTL_REFUSED : code;
    }
    return t->output && !t->dry_run ? import_write(d, t->output, t->yes) : CTL_FINE;
}
