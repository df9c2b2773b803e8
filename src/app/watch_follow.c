#include "watch_follow.h"

#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINKS_MAX 40 /* as the system has it */

typedef struct walk {
    buf_t *at; /* the directory so far, with a NUL */
    buf_t rest;
    unsigned links;
    watch_found_t *found;
    void *arg;
} walk_t;

static void set_text(buf_t *b, slice_t text)
{
    buf_clear(b);
    buf_append_slice(b, text);
    buf_append_char(b, '\0');
}

/* The path of an entry of the directory so far. */
static void join(const walk_t *w, slice_t name, buf_t *out)
{
    slice_t at = slice_str(w->at->ptr);
    buf_clear(out);
    buf_append_slice(out, at);
    buf_append_str(out, !at.len || at.ptr[at.len - 1] == '/' ? "" : "/");
    buf_append_slice(out, name);
    buf_append_char(out, '\0');
}

/* Takes the first component off the rest; false: there is none. */
static bool next_component(walk_t *w, buf_t *name)
{
    const char *p = w->rest.ptr;
    p += strspn(p, "/");
    size_t len = strcspn(p, "/");
    set_text(name, slice_of(p, len));
    buf_t rest = BUF_INIT;
    buf_append_str(&rest, p + len);
    buf_append_char(&rest, '\0');
    buf_release(&w->rest);
    w->rest = rest;
    return len && !buf_failed(name) && !buf_failed(&rest);
}

static bool is_last(const walk_t *w)
{
    return w->rest.ptr[strspn(w->rest.ptr, "/")] == '\0';
}

/* The rest goes on where the link leads. */
static bool follow_link(walk_t *w, const char *path)
{
    char target[PATH_MAX];
    ssize_t n = ++w->links <= LINKS_MAX ? readlink(path, target, sizeof target) : -1;
    if (n <= 0 || (size_t)n == sizeof target) {
        return false;
    }
    buf_t rest = BUF_INIT;
    buf_append(&rest, target, (size_t)n);
    buf_append_char(&rest, '/');
    buf_append_str(&rest, w->rest.ptr);
    buf_append_char(&rest, '\0');
    buf_release(&w->rest);
    w->rest = rest;
    if (target[0] == '/') {
        set_text(w->at, SLICE_LIT("/"));
    }
    return !buf_failed(&rest) && !buf_failed(w->at);
}

/* False: the way ends here. */
static bool step(walk_t *w, buf_t *name, buf_t *path)
{
    struct stat st;
    slice_t component = slice_str(name->ptr);
    if (slice_is(component, ".")) {
        return true;
    }
    join(w, component, path);
    bool there = !buf_failed(path) && lstat(path->ptr, &st) == 0;
    bool is_link = there && S_ISLNK(st.st_mode);
    if ((is_link || !there || is_last(w)) && !slice_is(component, "..")) {
        w->found(w->arg, w->at->len > 1 ? w->at->ptr : ".", component);
    }
    if (is_link) {
        return follow_link(w, path->ptr);
    }
    set_text(w->at, slice_str(path->ptr ? path->ptr : ""));
    return there;
}

void watch_follow(const char *base, const char *path, buf_t *end, watch_found_t *found, void *arg)
{
    walk_t w = {.at = end, .rest = BUF_INIT, .found = found, .arg = arg};
    buf_t name = BUF_INIT, scratch = BUF_INIT;
    set_text(end, slice_str(path[0] == '/' ? "/" : base));
    buf_append_str(&w.rest, path);
    buf_append_char(&w.rest, '\0');
    while (!buf_failed(end) && !buf_failed(&w.rest) && next_component(&w, &name) &&
           step(&w, &name, &scratch)) {
    }
    buf_release(&name);
    buf_release(&scratch);
    buf_release(&w.rest);
}
