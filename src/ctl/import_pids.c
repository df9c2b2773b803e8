#include "import_pids.h"

#include <stdlib.h>

void import_pids_init(import_pids_t *p, import_data_t *d, slice_t map)
{
    *p = (import_pids_t){.d = d, .map = map};
}

void import_pids_release(import_pids_t *p)
{
    table_release(&p->by_name);
    free(p->pids);
    free(p->prefixes);
}

/* ---- as they come ---- */

static bool refuse(import_pids_t *p, size_t most, const char *what)
{
    if (!p->full) {
        import_refuse(p->d, FINDING_LIMIT, "there are more than %zu %s", most, what);
    }
    p->full = true;
    return false;
}

/* Room for one more. */
static bool grow(import_pids_t *p, void **list, size_t count, size_t *cap, size_t size)
{
    if (count < *cap) {
        return true;
    }
    size_t more = *cap ? *cap * 2 : 1024;
    void *grown = realloc(*list, more * size);
    if (!grown) {
        p->d->failed = true;
        return false;
    }
    *list = grown;
    *cap = more;
    return true;
}

uint32_t import_pids_find(import_pids_t *p, slice_t name)
{
    void *there = table_get(&p->by_name, name), *list = p->pids;
    if (there) {
        return (uint32_t)((uintptr_t)there - 1);
    }
    if (p->count >= IMPORT_PIDS_MAX) {
        (void)refuse(p, IMPORT_PIDS_MAX, "PIDs");
        return IMPORT_NO_PID;
    }
    bool room = grow(p, &list, p->count, &p->cap, sizeof *p->pids);
    p->pids = list;
    slice_t copy = room ? arena_copy(&p->d->arena, name) : (slice_t){0};
    /* Numbers from 1 in the place of pointers. */
    void *number = (void *)(uintptr_t)(p->count + 1); /* NOLINT(performance-no-int-to-ptr) */
    if (!copy.ptr || table_put(&p->by_name, copy, number, NULL)) {
        p->d->failed = true;
        return IMPORT_NO_PID;
    }
    p->pids[p->count] = (import_pid_t){.name = copy};
    return (uint32_t)p->count++;
}

bool import_pids_add(import_pids_t *p, const prefix_t *prefix, uint32_t pid, uint32_t line)
{
    void *list = p->prefixes;
    if (p->prefix_count >= IMPORT_PREFIXES_MAX) {
        return refuse(p, IMPORT_PREFIXES_MAX, "prefixes");
    }
    bool room = grow(p, &list, p->prefix_count, &p->prefix_cap, sizeof *p->prefixes);
    p->prefixes = list;
    if (!room) {
        return false;
    }
    bool v4 = prefix->family == FAMILY_IPV4;
    p->prefixes[p->prefix_count++] = (import_pid_prefix_t){
        .addr = v4 ? (u128_t){0, prefix->u.v4.addr} : prefix->u.v6.addr,
        .pid = pid,
        .order = (uint32_t)p->read++,
        .line = line,
        .family = (uint8_t)prefix->family,
        .len = v4 ? prefix->u.v4.len : prefix->u.v6.len,
    };
    p->pids[pid].prefixes++;
    return true;
}

/* ---- sorted ---- */

static int cmp_place(const import_pid_prefix_t *x, const import_pid_prefix_t *y)
{
    if (x->family != y->family) {
        return x->family < y->family ? -1 : 1;
    }
    int cmp = u128_cmp(x->addr, y->addr);
    return cmp ? cmp : (x->len > y->len) - (x->len < y->len);
}

static int cmp_prefix(const void *px, const void *py)
{
    const import_pid_prefix_t *x = px, *y = py;
    int cmp = cmp_place(x, y);
    return cmp ? cmp : (x->order > y->order) - (x->order < y->order);
}

static void find_conflict(import_pids_t *p, const import_pid_prefix_t *first,
                          const import_pid_prefix_t *again)
{
    char text[PREFIX_TEXT_MAX];
    p->conflicts++;
    if (p->strict) {
        slice_t prefix = import_pid_prefix_text(again, text);
        import_find(p->d, FINDING_DUPLICATE_PREFIX, again->line, again->line ? 1 : 0, (slice_t){0},
                    "%.*s is in the PIDs '%.*s' and '%.*s'", SLICE_ARG(prefix),
                    SLICE_ARG(p->pids[first->pid].name), SLICE_ARG(p->pids[again->pid].name));
    }
}

void import_pids_sort(import_pids_t *p)
{
    size_t kept = 0;
    if (p->prefix_count > 1) {
        qsort(p->prefixes, p->prefix_count, sizeof *p->prefixes, cmp_prefix);
    }
    for (size_t i = 0; i < p->prefix_count; i++) {
        const import_pid_prefix_t *x = &p->prefixes[i];
        const import_pid_prefix_t *last = kept ? &p->prefixes[kept - 1] : NULL;
        if (last && !cmp_place(last, x)) {
            if (last->pid == x->pid) {
                p->repeated++;
            } else {
                find_conflict(p, last, x);
            }
            p->pids[x->pid].prefixes--;
        } else {
            p->prefixes[kept++] = *x;
        }
    }
    p->prefix_count = kept;
}

/* ---- few prefixes ---- */

bool import_pids_gather(import_pids_t *p, size_t least, slice_t other)
{
    uint32_t target = import_pids_find(p, other);
    if (target == IMPORT_NO_PID) {
        return false;
    }
    for (size_t i = 0; i < p->prefix_count; i++) {
        import_pid_prefix_t *x = &p->prefixes[i];
        if (x->pid != target && p->pids[x->pid].prefixes < least) {
            x->pid = target;
        }
    }
    for (size_t i = 0; i < p->count; i++) {
        import_pid_t *pid = &p->pids[i];
        if (i != target && pid->prefixes && pid->prefixes < least) {
            p->pids[target].prefixes += pid->prefixes;
            pid->prefixes = 0;
            p->gathered++;
        }
    }
    return true;
}

/* ---- the largest ---- */

static bool is_larger(const import_pid_t *x, const import_pid_t *y)
{
    return x->prefixes != y->prefixes ? x->prefixes > y->prefixes : slice_cmp(x->name, y->name) < 0;
}

size_t import_pids_largest(const import_pids_t *p, uint32_t *out, size_t most)
{
    size_t n = 0;
    for (size_t i = 0; i < p->count; i++) {
        size_t at = n;
        while (at && is_larger(&p->pids[i], &p->pids[out[at - 1]])) {
            at--;
        }
        if (!p->pids[i].prefixes || at == most) {
            continue;
        }
        n += n < most;
        memmove(out + at + 1, out + at, (n - at - 1) * sizeof *out);
        out[at] = (uint32_t)i;
    }
    return n;
}
