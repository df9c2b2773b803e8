#include "watch_view.h"

#include "json_patch.h"

#define SEQUENCE_MAX ((uint64_t)1 << 53)

void watch_view_release(watch_view_t *view)
{
    buf_release(&view->text);
    buf_release(&view->uri);
    *view = (watch_view_t){.text = BUF_INIT};
}

static bool number(const json_value_t *object, const char *name, uint64_t *out)
{
    const json_value_t *v = json_get(object, name);
    return v && v->kind == JSON_NUMBER && json_number_u64(v->u.text, out) && *out < SEQUENCE_MAX;
}

/* The view that a tree says, over the one that is there. */
static err_t take(watch_view_t *view, const json_value_t *root, buf_t *why)
{
    const json_value_t *uri = json_get(root, "tips-view-uri"),
                       *graph = json_get(json_get(root, "tips-view-summary"),
                                         "updates-graph-summary"),
                       *edge = json_get(graph, "start-edge-rec");
    watch_view_t made = {.text = BUF_INIT};
    if (!json_is_string(uri) || !number(graph, "start-seq", &made.start) ||
        !number(graph, "end-seq", &made.end) || !number(edge, "seq-i", &made.from) ||
        !number(edge, "seq-j", &made.to)) {
        buf_append_str(why, "the TIPS view has not all its members (RFC 9569 6.2)");
        return ERR_DATA;
    }
    if (made.start == 0 || made.start > made.end || made.from >= made.to ||
        made.to > made.end + 1) {
        buf_printf(why, "the TIPS view makes no sense: versions %llu to %llu, edge %llu/%llu",
                   (unsigned long long)made.start, (unsigned long long)made.end,
                   (unsigned long long)made.from, (unsigned long long)made.to);
        return ERR_DATA;
    }
    json_write_value(&made.text, root);
    buf_append_slice(&made.uri, uri->u.text);
    buf_append_char(&made.uri, '\0');
    if (buf_failed(&made.text) || buf_failed(&made.uri)) {
        watch_view_release(&made);
        return ERR_NOMEM;
    }
    watch_view_release(view);
    *view = made;
    return ERR_OK;
}

static err_t parse(slice_t text, arena_t *arena, json_value_t **out, buf_t *why)
{
    json_error_t error;
    err_t err = json_parse(text, 0, arena, out, &error);
    if (err == ERR_SYNTAX) {
        buf_printf(why, "the TIPS view is not JSON: %s", error.text);
        return ERR_DATA;
    }
    return err;
}

err_t watch_view_read(watch_view_t *view, slice_t text, buf_t *why)
{
    arena_t arena;
    arena_init(&arena, 0);
    json_value_t *root;
    err_t err = parse(text, &arena, &root, why);
    err = err ? err : take(view, root, why);
    arena_release(&arena);
    return err;
}

err_t watch_view_update(watch_view_t *view, slice_t patch, buf_t *why)
{
    arena_t arena;
    arena_init(&arena, 0);
    json_value_t *root, *changes;
    err_t err = parse(buf_slice(&view->text), &arena, &root, why);
    err = err ? err : parse(patch, &arena, &changes, why);
    err = err ? err : ctl_merge_patch_apply(root, changes, &arena);
    err = err ? err : take(view, root, why);
    arena_release(&arena);
    return err;
}
