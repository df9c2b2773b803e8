/*
 * Recursion here is as deep as the other value, and no deeper than OVERLAY_DEPTH: what an overlay
 * contains may have been copied into itself any number of times.
 */
#include "updates/overlay.h"

typedef struct comparison {
    overlay_t *o;
    bool exact;
    unsigned depth; /* of the values in the one that is compared */
} comparison_t;

static err_t compare(const comparison_t *c, item_t item, item_t other)
{
    return overlay_compare(c->o, item, other, c->exact, c->depth + 1);
}

/* ---- scalars, and what is opaque ---- */

static bool has_text(const item_t *item)
{
    return item->kind == ITEM_TEXT || item->kind == ITEM_JSON ||
           (item->kind == ITEM_NODE && item->u.node->kind == NODE_TEXT);
}

/* JSON is written. */
static slice_t text_of(const item_t *item, buf_t *scratch)
{
    if (item->kind != ITEM_JSON) {
        return item->kind == ITEM_TEXT ? item->u.text : item->u.node->text;
    }
    buf_clear(scratch);
    json_write_value(scratch, item->u.json);
    return buf_slice(scratch);
}

static err_t read_scalar(overlay_t *o, const item_t *item, slice_t text, const json_value_t **out)
{
    json_value_t *value = NULL;
    if (item->kind == ITEM_JSON) {
        *out = item->u.json;
        return ERR_OK;
    }
    err_t err = json_parse(text, OVERLAY_DEPTH, &o->arena, &value, NULL);
    *out = value;
    return err == ERR_SYNTAX ? ERR_DATA : err;
}

/* Two texts that differ: it may be the escapes in a string, or the sign of zero. */
static err_t compare_scalars(const comparison_t *c, const item_t *item, slice_t text,
                             const item_t *other, slice_t other_text)
{
    const json_value_t *value, *other_value;
    err_t err = read_scalar(c->o, item, text, &value);
    err = err ? err : read_scalar(c->o, other, other_text, &other_value);
    if (err) {
        return err;
    }
    bool equal = (value->kind == JSON_STRING || !c->exact) && json_value_equal(value, other_value);
    return equal ? ERR_OK : ERR_DATA;
}

/* ---- arrays ---- */

/* Where a comparison is in the other array, which is one of these kinds. */
typedef struct reader {
    const node_t *node; /* NODE_LIST or NODE_ARRAY; NULL: JSON */
    const json_value_t *json;
    size_t part;   /* the current one */
    size_t offset; /* elements of it, or of the JSON array, that are behind */
    size_t at;     /* bytes of a chunk that are behind */
} reader_t;

static size_t reader_left(const reader_t *r)
{
    if (!r->node) {
        return r->json->u.array.count - r->offset;
    }
    size_t count = r->node->kind == NODE_LIST ? r->node->parts.chunks[r->part].count
                                              : r->node->parts.runs[r->part]->count;
    return count - r->offset;
}

static void reader_step(reader_t *r, size_t n)
{
    bool ends = n == reader_left(r);
    r->offset += n;
    if (!r->node) {
        return;
    }
    if (ends) {
        r->part++;
        r->offset = r->at = 0;
    } else if (r->node->kind == NODE_LIST) {
        const node_chunk_t *chunk = &r->node->parts.chunks[r->part];
        slice_t scalar;
        while (n-- && node_chunk_next(slice_of(chunk->text, chunk->len), &r->at, &scalar)) {
        }
    }
}

static item_t reader_item(const reader_t *r)
{
    if (!r->node) {
        return item_of_json(&r->json->u.array.items[r->offset]);
    }
    if (r->node->kind == NODE_ARRAY) {
        return item_of_node(r->node->parts.runs[r->part]->nodes[r->offset]);
    }
    const node_chunk_t *chunk = &r->node->parts.chunks[r->part];
    slice_t scalar = {NULL, 0};
    size_t at = r->at;
    (void)node_chunk_next(slice_of(chunk->text, chunk->len), &at, &scalar);
    return item_of_text(scalar);
}

/* How many elements from `done` of the piece on are the same without being looked at. */
static size_t same_elements(const overlay_piece_t *p, size_t done, const reader_t *r)
{
    size_t left = p->count - done, other_left = reader_left(r);
    size_t both = left < other_left ? left : other_left;
    if (!r->node) {
        return 0;
    }
    if (p->kind == PIECE_RUN && r->node->kind == NODE_ARRAY) {
        bool same = p->u.run == r->node->parts.runs[r->part] && p->first + done == r->offset;
        return same ? both : 0;
    }
    if (p->kind != PIECE_CHUNK || r->node->kind != NODE_LIST) {
        return 0;
    }
    const node_chunk_t *a = p->u.chunk->chunk, *b = &r->node->parts.chunks[r->part];
    if (p->first + done != r->offset) {
        return 0;
    }
    if (a->text == b->text && a->len == b->len) {
        return both;
    }
    bool whole = r->offset == 0 && left == a->count && other_left == b->count;
    return whole && a->len == b->len && memcmp(a->text, b->text, a->len) == 0 ? both : 0;
}

static err_t compare_arrays(const comparison_t *c, const overlay_array_t *array,
                            const item_t *other)
{
    reader_t r = {.node = other->kind == ITEM_NODE ? other->u.node : NULL};
    r.json = r.node ? NULL : other->u.json;
    if (array->count != (r.node ? r.node->count : r.json->u.array.count)) {
        return ERR_DATA;
    }
    for (const overlay_piece_t *p = array->ends.next; p != &array->ends; p = p->next) {
        for (size_t done = 0; done < p->count;) {
            size_t same = same_elements(p, done, &r);
            if (!same) {
                item_t item;
                err_t err = overlay_piece_item(c->o, p, done, &item);
                err = err ? err : compare(c, item, reader_item(&r));
                if (err) {
                    return err;
                }
                same = 1;
            }
            done += same;
            reader_step(&r, same);
        }
    }
    return ERR_OK;
}

/* ---- objects ---- */

static err_t compare_member(const comparison_t *c, overlay_object_t *object, uint64_t round,
                            slice_t name, item_t other)
{
    overlay_slot_t *slot = table_get(&object->touched, name);
    if (slot) {
        slot->seen = round;
        return slot->value.kind == ITEM_NOTHING ? ERR_DATA : compare(c, slot->value, other);
    }
    const node_t *before;
    err_t err = overlay_object_before(object, name, &before);
    if (err) {
        return err;
    }
    return before ? compare(c, item_of_node(before), other) : ERR_DATA;
}

/* Members that the other object can have only in a run that both have: as they were. */
static err_t compare_unseen(const comparison_t *c, const overlay_object_t *object, uint64_t round)
{
    for (const overlay_slot_t *s = object->slots; s; s = s->next) {
        if (s->seen == round) {
            continue;
        }
        bool shared = s->before && overlay_object_shares_name(object, s->name);
        if (shared != (s->value.kind != ITEM_NOTHING)) {
            return ERR_DATA;
        }
        err_t err = shared ? compare(c, s->value, item_of_node(s->before)) : ERR_OK;
        if (err) {
            return err;
        }
    }
    return ERR_OK;
}

/* The counts are equal, and names distinct: all of the other's members found are all there are. */
static err_t compare_objects(const comparison_t *c, overlay_object_t *object, const item_t *other)
{
    const node_t *node = other->kind == ITEM_NODE ? other->u.node : NULL;
    const json_value_t *json = node ? NULL : other->u.json;
    size_t count = node ? node->count : json ? json->u.object.count : 0;
    if (object->count != count) {
        return ERR_DATA;
    }
    uint64_t round = ++c->o->round;
    err_t err = overlay_object_aim(object, node);
    for (size_t i = 0; json && i < json->u.object.count && !err; i++) {
        const json_member_t *m = &json->u.object.members[i];
        err = compare_member(c, object, round, m->name, item_of_json(&m->value));
    }
    for (size_t i = 0; node && i < node->part_count && !err; i++) {
        const node_run_t *run = node->parts.runs[i];
        bool shared = overlay_object_shares(object, run);
        for (size_t k = 0; !shared && k < run->count && !err; k++) {
            err = compare_member(c, object, round, node_run_name(run, k),
                                 item_of_node(run->nodes[k]));
        }
    }
    return err || !node ? err : compare_unseen(c, object, round);
}

/* ---- any ---- */

/* Values that were not opened are read by the same means, and closed again. */
static err_t compare_closed(const comparison_t *c, const item_t *item, const item_t *other,
                            overlay_shape_t shape)
{
    if (shape == SHAPE_ARRAY) {
        overlay_array_t array;
        err_t err = overlay_array_init(c->o, &array, item);
        return err ? err : compare_arrays(c, &array, other);
    }
    overlay_object_t object;
    err_t err = overlay_object_init(c->o, &object, item);
    err = err ? err : compare_objects(c, &object, other);
    overlay_object_release(&object);
    return err;
}

err_t overlay_compare(overlay_t *o, item_t item, item_t other, bool exact, unsigned depth)
{
    const comparison_t c = {o, exact, depth};
    slice_t text = {NULL, 0}, other_text = {NULL, 0};
    if (item.kind == ITEM_NODE && other.kind == ITEM_NODE && item.u.node == other.u.node) {
        return ERR_OK;
    }
    if (depth > OVERLAY_DEPTH) {
        return ERR_DATA;
    }
    if (has_text(&item) && has_text(&other)) {
        text = text_of(&item, &o->left);
        other_text = text_of(&other, &o->right);
        if (buf_failed(&o->left) || buf_failed(&o->right)) {
            return ERR_NOMEM;
        }
        if (slice_eq(text, other_text)) {
            return ERR_OK;
        }
    }
    err_t err = overlay_settle(o, &item);
    err = err ? err : overlay_settle(o, &other);
    if (err) {
        return err;
    }
    overlay_shape_t shape = overlay_shape(&item);
    if (shape != overlay_shape(&other)) {
        return ERR_DATA;
    }
    if (shape == SHAPE_SCALAR) {
        return compare_scalars(&c, &item, text, &other, other_text);
    }
    if (item.kind == ITEM_ARRAY) {
        return compare_arrays(&c, item.u.array, &other);
    }
    return item.kind == ITEM_OBJECT ? compare_objects(&c, item.u.object, &other)
                                    : compare_closed(&c, &item, &other, shape);
}
