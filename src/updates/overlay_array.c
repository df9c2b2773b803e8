#include "updates/overlay.h"

/* ---- the ring ---- */

static void link_before(overlay_piece_t *next, overlay_piece_t *piece)
{
    piece->next = next;
    piece->prev = next->prev;
    next->prev->next = piece;
    next->prev = piece;
}

static void rewind_array(overlay_array_t *array)
{
    array->at = array->ends.next;
    array->at_index = 0;
}

static void empty_array(overlay_array_t *array)
{
    *array = (overlay_array_t){.count = 0};
    array->ends.prev = array->ends.next = &array->ends;
}

/* A piece in front of another, all of which but its place is in `like`. */
static overlay_piece_t *put_piece(overlay_t *o, overlay_piece_t *next, const overlay_piece_t *like)
{
    overlay_piece_t *piece = arena_alloc(&o->arena, sizeof *piece);
    if (piece) {
        *piece = *like;
        link_before(next, piece);
    }
    return piece;
}

static bool put_part(overlay_t *o, overlay_array_t *array, const node_t *n, size_t i)
{
    overlay_piece_t piece = {.kind = PIECE_RUN};
    if (n->kind == NODE_ARRAY) {
        piece.u.run = n->parts.runs[i];
        piece.count = piece.u.run->count;
    } else {
        overlay_chunk_t *chunk = arena_alloc(&o->arena, sizeof *chunk);
        if (!chunk) {
            return false;
        }
        chunk->chunk = &n->parts.chunks[i];
        piece.kind = PIECE_CHUNK;
        piece.u.chunk = chunk;
        piece.count = chunk->chunk->count;
    }
    array->count += piece.count;
    return put_piece(o, &array->ends, &piece) != NULL;
}

err_t overlay_array_init(overlay_t *o, overlay_array_t *array, const item_t *from)
{
    bool whole = true;
    empty_array(array);
    if (from->kind == ITEM_NODE) {
        for (size_t i = 0; i < from->u.node->part_count && whole; i++) {
            whole = put_part(o, array, from->u.node, i);
        }
    } else if (from->u.json->u.array.count) {
        array->count = from->u.json->u.array.count;
        const overlay_piece_t piece = {
            .kind = PIECE_JSON, .count = array->count, .u = {.json = from->u.json}};
        whole = put_piece(o, &array->ends, &piece) != NULL;
    }
    rewind_array(array);
    return whole ? ERR_OK : ERR_NOMEM;
}

err_t overlay_array_copy(overlay_t *o, const overlay_array_t *from, overlay_array_t *array)
{
    empty_array(array);
    array->count = from->count;
    for (const overlay_piece_t *p = from->ends.next; p != &from->ends; p = p->next) {
        if (p->kind == PIECE_ONE) {
            overlay_freeze(&p->u.one);
        }
        if (!put_piece(o, &array->ends, p)) {
            return ERR_NOMEM;
        }
    }
    rewind_array(array);
    return ERR_OK;
}

/* ---- elements ---- */

static err_t split_scalars(overlay_t *o, overlay_chunk_t *chunk)
{
    slice_t text = slice_of(chunk->chunk->text, chunk->chunk->len), scalar;
    slice_t *scalars = arena_array(&o->arena, chunk->chunk->count, sizeof *scalars);
    size_t at = 0, n = 0;
    if (!scalars) {
        return ERR_NOMEM;
    }
    while (n < chunk->chunk->count && node_chunk_next(text, &at, &scalar)) {
        scalars[n++] = scalar;
    }
    chunk->scalars = scalars;
    return ERR_OK;
}

err_t overlay_piece_item(overlay_t *o, const overlay_piece_t *piece, size_t i, item_t *out)
{
    err_t err = ERR_OK;
    switch (piece->kind) {
    case PIECE_ONE:
        *out = piece->u.one;
        break;
    case PIECE_RUN:
        *out = item_of_node(piece->u.run->nodes[piece->first + i]);
        break;
    case PIECE_JSON:
        *out = item_of_json(&piece->u.json->u.array.items[piece->first + i]);
        break;
    case PIECE_CHUNK:
        err = piece->u.chunk->scalars ? ERR_OK : split_scalars(o, piece->u.chunk);
        if (!err) {
            *out = item_of_text(piece->u.chunk->scalars[piece->first + i]);
        }
        break;
    }
    return err;
}

/* The piece with the element, and which of its elements that is. */
static overlay_piece_t *locate(overlay_array_t *array, size_t index, size_t *offset)
{
    overlay_piece_t *p = array->at;
    size_t start = array->at_index;
    if (index < start && index < start - index) {
        p = array->ends.next;
        start = 0;
    } else if (index > start && array->count - index < index - start) {
        p = array->ends.prev;
        start = array->count - p->count;
    }
    while (index < start) {
        p = p->prev;
        start -= p->count;
    }
    while (index >= start + p->count) {
        start += p->count;
        p = p->next;
    }
    array->at = p;
    array->at_index = start;
    *offset = index - start;
    return p;
}

/* Cuts a piece in two; the second is returned, NULL: no memory. */
static overlay_piece_t *cut(overlay_t *o, overlay_piece_t *piece, size_t offset)
{
    overlay_piece_t behind = *piece;
    behind.first += offset;
    behind.count -= offset;
    overlay_piece_t *made = put_piece(o, piece->next, &behind);
    if (made) {
        piece->count = offset;
    }
    return made;
}

static void look_at(overlay_array_t *array, overlay_piece_t *piece, size_t index)
{
    array->at = piece;
    array->at_index = index;
}

err_t overlay_array_at(overlay_t *o, overlay_array_t *array, size_t index, overlay_piece_t **out)
{
    size_t offset;
    item_t item;
    overlay_piece_t *p = locate(array, index, &offset);
    if (p->kind != PIECE_ONE) {
        err_t err = overlay_piece_item(o, p, offset, &item);
        if (err) {
            return err;
        }
        if (offset + 1 < p->count && !cut(o, p, offset + 1)) {
            return ERR_NOMEM;
        }
        p = offset ? cut(o, p, offset) : p;
        if (!p) {
            return ERR_NOMEM;
        }
        p->kind = PIECE_ONE;
        p->u.one = item;
    }
    look_at(array, p, index);
    *out = p;
    return ERR_OK;
}

err_t overlay_array_insert(overlay_t *o, overlay_array_t *array, size_t index, item_t value)
{
    const overlay_piece_t one = {.kind = PIECE_ONE, .count = 1, .u = {.one = value}};
    overlay_piece_t *next = &array->ends;
    if (index < array->count) {
        size_t offset;
        next = locate(array, index, &offset);
        next = offset ? cut(o, next, offset) : next;
    }
    overlay_piece_t *p = next ? put_piece(o, next, &one) : NULL;
    if (!p) {
        return ERR_NOMEM;
    }
    array->count++;
    look_at(array, p, index);
    return ERR_OK;
}

void overlay_array_remove(overlay_array_t *array, overlay_piece_t *piece)
{
    overlay_piece_t *next = piece->next;
    size_t index = array->at_index;
    piece->prev->next = next;
    next->prev = piece->prev;
    array->count--;
    if (next == &array->ends) {
        next = next->prev;
        index -= next->count; /* the ring's own piece has none */
    }
    look_at(array, next, index);
}
