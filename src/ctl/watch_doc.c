#include "watch_doc.h"

#include "json_patch.h"
#include "watch_message.h"

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

/* What the meta of a document, or of a part of one, says of versions. */
typedef struct meta {
    watch_vtag_t vtag; /* ptr NULL: it has none */
    watch_vtag_t *deps;
    size_t dep_count;
} meta_t;

static err_t read_meta(const json_value_t *root, arena_t *arena, meta_t *out, buf_t *why)
{
    const json_value_t *meta = json_get(root, "meta"), *vtag = json_get(meta, "vtag"),
                       *deps = json_get(meta, "dependent-vtags");
    *out = (meta_t){.dep_count = 0};
    if (root->kind != JSON_OBJECT || (meta && meta->kind != JSON_OBJECT)) {
        return refuse(why, "it is not an ALTO document: the text and its meta have to be objects");
    }
    err_t err = vtag ? read_vtag(vtag, arena, &out->vtag, why) : ERR_OK;
    if (err || !deps) {
        return err;
    }
    if (deps->kind != JSON_ARRAY) {
        return refuse(why, "dependent-vtags in meta is not a list");
    }
    size_t count = deps->u.array.count;
    out->deps = count ? arena_array(arena, count, sizeof *out->deps) : NULL;
    if (count && !out->deps) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; !err && i < count; i++) {
        err = read_vtag(&deps->u.array.items[i], arena, &out->deps[i], why);
    }
    out->dep_count = count;
    return err;
}

/* The vtag of the part that a dependency is on, or NULL. */
static const watch_vtag_t *own_vtag(const meta_t *parts, size_t count, slice_t resource)
{
    for (size_t i = 0; i < count; i++) {
        if (parts[i].vtag.tag.ptr && slice_eq(parts[i].vtag.resource, resource)) {
            return &parts[i].vtag;
        }
    }
    return NULL;
}

/* Parts depend on one another, which is the message's own affair, and on other resources. */
static err_t read_parts(const json_value_t *root, watch_doc_t *out, buf_t *why)
{
    size_t count = root->u.object.count, total = 0;
    meta_t *parts = arena_array(&out->arena, count + 1, sizeof *parts);
    err_t err = parts ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; i < count && !err; i++) {
        err = read_meta(&root->u.object.members[i].value, &out->arena, &parts[i], why);
        total += parts[i].dep_count;
    }
    out->deps = err ? NULL : arena_array(&out->arena, total + 1, sizeof *out->deps);
    if (err || !out->deps) {
        return err ? err : ERR_NOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < parts[i].dep_count; k++) {
            const watch_vtag_t *dep = &parts[i].deps[k];
            const watch_vtag_t *own = own_vtag(parts, count, dep->resource);
            if (own) {
                out->torn |= !slice_eq(own->tag, dep->tag);
            } else {
                out->deps[out->dep_count++] = *dep;
            }
        }
    }
    return ERR_OK;
}

/* The copy that a tree says. */
static err_t take_tree(const json_value_t *root, bool parts, watch_doc_t *out, buf_t *why)
{
    meta_t meta;
    err_t err = parts ? read_parts(root, out, why) : read_meta(root, &out->arena, &meta, why);
    if (!err && !parts) {
        out->vtag = meta.vtag;
        out->deps = meta.deps;
        out->dep_count = meta.dep_count;
    }
    if (!err) {
        out->parts = parts;
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

err_t watch_doc_read(slice_t media_type, slice_t text, watch_doc_t *out, buf_t *why)
{
    arena_t arena;
    arena_init(&arena, text.len * TREE_FACTOR + TREE_SPARE);
    bool parts = watch_message_is(media_type);
    json_value_t *root;
    err_t err = parts ? watch_message_read(media_type, text, &arena, &root, why)
                      : parse(text, "the document", &arena, &root, why);
    err = err ? err : take_tree(root, parts, out, why);
    if (!err && out->torn) {
        watch_doc_release(out);
        err = refuse(why, "the parts of the message are not of one version");
    }
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

static bool names_dependency(const meta_t *meta, slice_t resource)
{
    for (size_t i = 0; i < meta->dep_count; i++) {
        if (slice_eq(meta->deps[i].resource, resource)) {
            return true;
        }
    }
    return false;
}

/* The document, or the part, that a patch is for. */
typedef struct patched {
    json_value_t *value;
    buf_t text;     /* of a part, as it was */
    slice_t before; /* that, or the text of the document */
    meta_t from, to;
} patched_t;

static bool is_unchanged(const patched_t *p)
{
    buf_t after = BUF_INIT;
    json_write_value(&after, p->value);
    bool same = !buf_failed(&after) && slice_eq(buf_slice(&after), p->before);
    buf_release(&after);
    return same;
}

static err_t verify(const patched_t *p, slice_t announced, buf_t *why)
{
    const watch_vtag_t *old = &p->from.vtag, *made = &p->to.vtag;
    if (!old->tag.ptr) {
        for (size_t i = 0; i < p->from.dep_count; i++) {
            if (!names_dependency(&p->to, p->from.deps[i].resource)) {
                return refuse(why, "the patched document has lost a dependent vtag");
            }
        }
        return ERR_OK;
    }
    if (!made->tag.ptr || !slice_eq(made->resource, old->resource)) {
        return refuse(why, "the patched document has not the vtag of its resource");
    }
    if (announced.ptr && !slice_eq(made->tag, announced)) {
        buf_printf(why, "the patched document has tag %.*s, and the patch leads to tag %.*s",
                   SLICE_ARG(made->tag), SLICE_ARG(utf8_truncate(announced, TAG_LENGTH_MAX)));
        return ERR_DATA;
    }
    if (slice_eq(made->tag, old->tag) && !is_unchanged(p)) {
        return refuse(why, "the patch changes the document and not its tag");
    }
    return ERR_OK;
}

/* Finds it, and notes how it was. */
static err_t find_patched(const watch_doc_t *from, json_value_t *root, slice_t part, arena_t *arena,
                          patched_t *out, buf_t *why)
{
    slice_t name = part.ptr ? watch_part_name(part) : part;
    *out = (patched_t){.before = buf_slice(&from->text)};
    if (!from->parts) {
        out->value = root;
        return part.ptr ? refuse(why, "the patch is for a part, and the document has none")
                        : read_meta(root, arena, &out->from, why);
    }
    for (size_t i = 0; i < root->u.object.count; i++) {
        json_member_t *m = &root->u.object.members[i];
        out->value = slice_eq(m->name, name) ? &m->value : out->value;
    }
    if (!out->value) {
        return refuse(why, "the patch is for no part of the message");
    }
    json_write_value(&out->text, out->value);
    out->before = buf_slice(&out->text);
    return buf_failed(&out->text) ? ERR_NOMEM : read_meta(out->value, arena, &out->from, why);
}

static err_t apply(const watch_doc_t *from, const watch_update_t *u, arena_t *arena,
                   watch_doc_t *out, buf_t *why)
{
    json_value_t *root, *changes;
    patched_t p = {.text = BUF_INIT};
    slice_t announced = {NULL, 0};
    err_t err = parse(buf_slice(&from->text), "the document", arena, &root, why);
    err = err ? err : parse(u->bytes, "the patch", arena, &changes, why);
    err = err ? err : find_patched(from, root, u->part, arena, &p, why);
    if (!err) {
        announced = announced_tag(changes, u->kind);
        err = u->kind == WATCH_JSON_PATCH ? ctl_json_patch_apply(p.value, changes, arena, why)
                                          : ctl_merge_patch_apply(p.value, changes, arena);
    }
    err = err ? err : read_meta(p.value, arena, &p.to, why);
    err = err ? err : verify(&p, announced, why);
    err = err ? err : take_tree(root, from->parts, out, why);
    buf_release(&p.text);
    return err;
}

err_t watch_doc_update(const watch_doc_t *from, const watch_update_t *u, watch_doc_t *out,
                       buf_t *why)
{
    if (u->kind == WATCH_FULL) {
        return watch_doc_read(u->media_type, u->bytes, out, why);
    }
    if (!watch_doc_held(from)) {
        return refuse(why, "there is no document that the patch could be for");
    }
    arena_t arena;
    arena_init(&arena, (from->text.len + u->bytes.len) * TREE_FACTOR + TREE_SPARE);
    err_t err = apply(from, u, &arena, out, why);
    arena_release(&arena);
    return err;
}
