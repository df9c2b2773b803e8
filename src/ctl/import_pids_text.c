#include "import_pids.h"

#include <stdlib.h>

#define WIDTH 100

/* ---- order ---- */

typedef struct named {
    slice_t name;
    uint32_t pid;
} named_t;

static int cmp_named(const void *x, const void *y)
{
    return slice_cmp(((const named_t *)x)->name, ((const named_t *)y)->name);
}

/* The PIDs that are used by their names' bytes, and the prefixes by PID, family and address. */
static bool arrange(import_pids_t *p, named_t *order)
{
    size_t *next = calloc(p->count + 1, sizeof *next);
    import_pid_prefix_t *sorted = calloc(p->prefix_count + 1, sizeof *sorted);
    bool ok = next && sorted;
    size_t n = 0, total = 0;
    for (size_t i = 0; ok && i < p->count; i++) {
        if (p->pids[i].prefixes) {
            order[n++] = (named_t){p->pids[i].name, (uint32_t)i};
        }
    }
    if (n > 1) {
        qsort(order, n, sizeof *order, cmp_named);
    }
    for (size_t i = 0; ok && i < n; i++) {
        p->pids[order[i].pid].rank = (uint32_t)i;
        next[order[i].pid] = total;
        total += p->pids[order[i].pid].prefixes;
    }
    /* They are by family and address, and stay so within a PID. */
    for (size_t i = 0; ok && i < p->prefix_count; i++) {
        sorted[next[p->prefixes[i].pid]++] = p->prefixes[i];
    }
    free(next);
    if (ok) {
        free(p->prefixes);
        p->prefixes = sorted;
        p->prefix_cap = p->prefix_count + 1;
        p->used = n;
    } else {
        free(sorted);
        p->d->failed = true;
    }
    return ok;
}

/* ---- text ---- */

slice_t import_pid_prefix_text(const import_pid_prefix_t *x, char out[PREFIX_TEXT_MAX])
{
    prefix_t p = {.family = (family_t)x->family};
    if (p.family == FAMILY_IPV4) {
        p.u.v4 = (prefix4_t){(uint32_t)x->addr.lo, x->len};
    } else {
        p.u.v6 = (prefix6_t){x->addr, x->len};
    }
    return slice_of(out, prefix_format(&p, out));
}

/* Those of one family; returns their number. */
static size_t write_list(import_pids_t *p, size_t at, size_t end, unsigned family, buf_t *out)
{
    static const char *const keys[] = {[FAMILY_IPV4] = "ipv4", [FAMILY_IPV6] = "ipv6"};
    char text[PREFIX_TEXT_MAX];
    size_t n = 0, line = out->len;
    while (at + n < end && p->prefixes[at + n].family == family) {
        slice_t prefix = import_pid_prefix_text(&p->prefixes[at + n], text);
        if (!n) {
            buf_printf(out, "        %s: [", keys[family]);
        } else if (out->len - line + prefix.len > WIDTH) {
            buf_append_str(out, ",\n          ");
            line = out->len - 10;
        } else {
            buf_append_str(out, ", ");
        }
        doc_write_yaml_text(out, prefix);
        p->map_bytes += prefix.len + 3;
        n++;
    }
    if (n) {
        buf_append_str(out, "]\n");
        p->map_bytes += sizeof "\"ipv4\":[]," - 1;
        p->d->prefixes[family] += n;
    }
    return n;
}

/* Both as they are served; the costs with two digits each. */
#define HEAD_BYTES 130
#define COST_BYTES sizeof "\"\":12,"

bool import_pids_write(import_pids_t *p, buf_t *out)
{
    named_t *order = calloc(p->count + 1, sizeof *order);
    size_t at = 0;
    uint64_t names = 0;
    p->d->failed |= !order;
    if (!order || !arrange(p, order)) {
        free(order);
        return false;
    }
    buf_append_str(out, "network-maps:\n  ");
    doc_write_yaml_text(out, p->map);
    buf_append_str(out, p->is_default ? ":\n    default: true\n    pids:\n" : ":\n    pids:\n");
    p->map_bytes = HEAD_BYTES;
    for (size_t i = 0; i < p->used; i++) {
        const import_pid_t *pid = &p->pids[order[i].pid];
        size_t end = at + pid->prefixes;
        buf_append_str(out, "      ");
        doc_write_yaml_text(out, pid->name);
        buf_append_str(out, ":\n");
        at += write_list(p, at, end, FAMILY_IPV4, out);
        at += write_list(p, at, end, FAMILY_IPV6, out);
        p->map_bytes += pid->name.len + sizeof "\"\":{},";
        names += pid->name.len;
    }
    free(order);
    p->cost_bytes = HEAD_BYTES + p->used * (names + p->used * (uint64_t)COST_BYTES) + names +
                    p->used * (uint64_t)COST_BYTES;
    p->document_bytes = out->len;
    p->d->failed |= buf_failed(out);
    return !p->d->failed;
}
