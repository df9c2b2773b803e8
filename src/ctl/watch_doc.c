#include "watch_doc.h"

#include "json_patch.h"

/* Memory for a tree, for each byte of its text, and something for small ones. */
#define TREE_FACTOR 64
#define TREE_SPARE  ((size_t)16 << 20)

#define TAG_LENGTH_MAX 64

const char *watch_kind_name(watch_kind_t kind)
{
    return kind == WATCH_FULL ? "full" : kind == WATCH_MERGE_PATCH ? "merge-patch" : "json-patch";
}

watch_kind_t watch_kind_of(slice_t media_type)
{
    return slice_eq_nocase(media_type, SLICE_LIT("application/merge-patch+json"))
               ? WATCH_MERGE_PATCH
           : slice_eq_nocase(media_type, SLICE_LIT("application/json-patch+json"))
               ? WATCH_JSON_PATCH
               : WATCH_FULL;
}

void watch_doc_init(watch_doc_t *doc)
{
    *doc = (watch_doc_t){.text = BUF_INIT};
    arena_init(&doc->arena, 0);
}

void watch_doc_release(watch_doc_t *doc)
{
    buf_release(&doc->text);
    arena_release(&doc->arena);
    watch_doc_init(doc);
}

static err_t refuse(buf_t *why, const char *text)
{
    buf_append_str(why, text);
    return ERR_DATA;
}

/* ---- what meta says ---- */

static bool tag_valid(slice_t tag)
{
    bool valid = tag.len > 0 && tag.len <= TAG_LENGTH_MAX;
    for (size_t i = 0; valid && i < tag.len; i++) {
        valid = tag.ptr[i] >= 0x21 && tag.ptr[i] <= 0x7e;
    }
    return valid;
}

static err_t read_vtag(const json_value_t *v, arena_t *arena, watch_vtag_t *out, buf_t *why)
{
    const json_value_t *resource = json_get(v, "resource-id"), *tag = json_get(v, "tag");
    if (!json_is_string(resource) || !json_is_string(tag) || !tag_valid(tag->u.text)) {
        return refuse(why, "a version tag in meta is not one (RFC 7285 10.3)");
    }
    out->resource = arena_copy(arena, resource->u.text);
    out->tag = arena_copy(arena, tag->u.text);
    return arena_failed(arena) ? ERR_NOMEM : ERR_OK;
}

static err_t read_meta(const json_value_t *root, watch_doc_t *out, buf_t *why)
{
    const json_value_t *meta = json_get(root, "meta"), *vtag = json_get(meta, "vtag"),
                       *deps = json_get(meta, "dependent-vtags");
    if (root->kind != JSON_OBJECT || (meta && meta->kind != JSON_OBJECT)) {
        return refuse(why, "it is not an ALTO document: the text and its meta have to be objects");
    }
    err_t err = vtag ? read_vtag(vtag, &out->arena, &out->vtag, why) : ERR_OK;
    if (err || !deps) {
        return err;
    }
    if (deps->kind != JSON_ARRAY) {
        return refuse(why, "dependent-vtags in meta is not a list");
    }
    size_t count = deps->u.array.count;
    out->deps = count ? arena_array(&out->arena, count, sizeof *out->deps) : NULL;
    if (count && !out->deps) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; !err && i < count; i++) {
        err = read_vtag(&deps->u.array.items[i], &out->arena, &out->deps[i], why);
    }
    out->dep_count = count;
    return err;
}

/* The copy that a tree says. */
static err_t take_tree(const json_value_t *root, watch_doc_t *out, buf_t *why)
{
    err_t err = read_meta(root, out, why);
    if (!err) {
        json_write_value(&out->text, root);
        err = buf_failed(&out->text) ? ERR_NOMEM : ERR_OK;
    }
    if (err) {
        watch_doc_release(out);
    }
    return err;
}

static err_t parse(slice_t text, const char *what, arena_t *arena, json_value_t **out, buf_t *why)
{
    json_error_t error;
    err_t err = json_parse(text, 0, arena, out, &error);
    if (err == ERR_SYNTAX) {
        buf_printf(why, "%s is not JSON: %s", what, error.text);
        return ERR_DATA;
    }
    return err;
}

err_t watch_doc_read(slice_t text, watch_doc_t *out, buf_t *why)
{
    arena_t arena;
    arena_init(&arena, text.len * TREE_FACTOR + TREE_SPARE);
    json_value_t *root;
    err_t err = parse(text, "the document", &arena, &root, why);
    err = err ? err : take_tree(root, out, why);
    arena_release(&arena);
    return err;
}

/* ---- patches ---- */

/* The tag below a value that stands at the path, if it has one. */
static slice_t tag_below(const json_value_t *value, slice_t path)
{
    if (slice_is(path, "/meta")) {
        value = json_get(value, "vtag");
    } else if (path.len == 0) {
        value = json_get(json_get(value, "meta"), "vtag");
    }
    value = slice_is(path, "/meta/vtag/tag") ? value : json_get(value, "tag");
    return json_is_string(value) ? value->u.text : (slice_t){NULL, 0};
}

/* The tag that a patch says the document has afterwards; {NULL, 0} when it says nothing of it. */
static slice_t announced_tag(const json_value_t *patch, watch_kind_t kind)
{
    if (kind == WATCH_MERGE_PATCH) {
        return tag_below(patch, SLICE_LIT(""));
    }
    slice_t tag = {NULL, 0};
    for (size_t i = 0; patch->kind == JSON_ARRAY && i < patch->u.array.count; i++) {
        const json_value_t *op = &patch->u.array.items[i];
        const json_value_t *name = json_get(op, "op"), *path = json_get(op, "path");
        slice_t to = json_is_string(path) ? path->u.text : SLICE_LIT("/");
        bool sets = json_is_string(name) &&
                    (slice_is(name->u.text, "add") || slice_is(name->u.text, "replace"));
        if (sets && (to.len == 0 || slice_is(to, "/meta") || slice_is(to, "/meta/vtag") ||
                     slice_is(to, "/meta/vtag/tag"))) {
            tag = tag_below(json_get(op, "value"), to);
        }
    }
    return tag;
}

static bool names_dependency(const watch_doc_t *doc, slice_t resource)
{
    for (size_t i = 0; i < doc->dep_count; i++) {
        if (slice_eq(doc->deps[i].resource, resource)) {
            return true;
        }
    }
    return false;
}

static err_t verify(const watch_doc_t *from, const watch_doc_t *made, slice_t announced, buf_t *why)
{
    if (!from->vtag.tag.ptr) {
        for (size_t i = 0; i < from->dep_count; i++) {
            if (!names_dependency(made, from->deps[i].resource)) {
                return refuse(why, "the patched document has lost a dependent vtag");
            }
        }
        return ERR_OK;
    }
    if (!made->vtag.tag.ptr || !slice_eq(made->vtag.resource, from->vtag.resource)) {
        return refuse(why, "the patched document has not the vtag of its resource");
    }
    if (announced.ptr && !slice_eq(made->vtag.tag, announced)) {
        buf_printf(why, "the patched document has tag %.*s, and the patch leads to tag %.*s",
                   SLICE_ARG(made->vtag.tag), SLICE_ARG(utf8_truncate(announced, TAG_LENGTH_MAX)));
        return ERR_DATA;
    }
    if (slice_eq(made->vtag.tag, from->vtag.tag) &&
        !slice_eq(buf_slice(&made->text), buf_slice(&from->text))) {
        return refuse(why, "the patch changes the document and not its tag");
    }
    return ERR_OK;
}

err_t watch_doc_patch(const watch_doc_t *from, watch_kind_t kind, slice_t patch, watch_doc_t *out,
                      buf_t *why)
{
    if (kind == WATCH_FULL) {
        return watch_doc_read(patch, out, why);
    }
    if (!watch_doc_held(from)) {
        return refuse(why, "there is no document that the patch could be for");
    }
    arena_t arena;
    arena_init(&arena, (from->text.len + patch.len) * TREE_FACTOR + TREE_SPARE);
    json_value_t *root, *changes;
    slice_t announced = {NULL, 0};
    err_t err = parse(buf_slice(&from->text), "the document", &arena, &root, why);
    err = err ? err : parse(patch, "the patch", &arena, &changes, why);
    if (!err) {
        announced = announced_tag(changes, kind);
        err = kind == WATCH_JSON_PATCH ? ctl_json_patch_apply(root, changes, &arena, why)
                                       : ctl_merge_patch_apply(root, changes, &arena);
    }
    err = err ? err : take_tree(root, out, why);
    err = err ? err : verify(from, out, announced, why);
    if (err) {
        watch_doc_release(out);
    }
    arena_release(&arena);
    return err;
}
