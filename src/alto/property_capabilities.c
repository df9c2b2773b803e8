#include "properties.h"

#include <assert.h>
#include <stdlib.h>

/* ---- capabilities by footprint set ---- */

static int cmp_u32(const void *px, const void *py)
{
    uint32_t x = *(const uint32_t *)px, y = *(const uint32_t *)py;
    return x < y ? -1 : x > y;
}

/*
 * The numbers of the capabilities that an answer of the join shows, ascending, without duplicates;
 * out has room for c->count.
 */
static size_t capabilities_of(const capabilities_t *c, const join_index_t *join, uint32_t answer,
                              uint32_t *out)
{
    id_list_t sets = join_answer_sets(join, answer);
    size_t n = c->everywhere_count;
    if (n) {
        memcpy(out, c->everywhere, n * sizeof *out);
    }
    for (size_t i = 0; i < sets.count; i++) {
        uint32_t set = sets.ids[i];
        for (uint32_t k = c->first[set]; k < c->first[set + 1]; k++) {
            /* Insertion: answers are short, and most sets give the same few capabilities. */
            uint32_t number = c->numbers[k];
            size_t at = n;
            while (at && out[at - 1] > number) {
                at--;
            }
            if (at && out[at - 1] == number) {
                continue;
            }
            memmove(out + at + 1, out + at, (n - at) * sizeof *out);
            out[at] = number;
            n++;
        }
    }
    return n;
}

/* A capability of a footprint set, while they are gathered. */
typedef struct granted {
    uint32_t set; /* UINT32_MAX: everywhere */
    uint32_t number;
} granted_t;

static int cmp_granted(const void *px, const void *py)
{
    const granted_t *x = px, *y = py;
    if (x->set != y->set) {
        return x->set < y->set ? -1 : 1;
    }
    return cmp_u32(&x->number, &y->number);
}

/* What many views and snapshots say is in memory once. */
static slice_t keep_text(const property_map_input_t *in, const buf_t *text)
{
    fragment_t *f = NULL;
    if (buf_failed(text) || fragments_intern(in->fragments, buf_slice(text), &f)) {
        return (slice_t){0};
    }
    return fragment_slice(f);
}

static slice_t capability_text(const capability_t *capability, const property_map_input_t *in)
{
    buf_t text = BUF_INIT;
    buf_append_str(&text, "{\"capability-type\":");
    json_write_string(&text, capability->name);
    buf_append_str(&text, ",\"capability-value\":");
    buf_append_slice(&text, capability->text);
    buf_append_char(&text, '}');
    slice_t kept = keep_text(in, &text);
    buf_release(&text);
    return kept;
}

static err_t spread(const granted_t *list, size_t count, size_t set_count, arena_t *arena,
                    capabilities_t *out)
{
    uint32_t *first = arena_array(arena, set_count + 1, sizeof *first);
    uint32_t *numbers = arena_array(arena, count, sizeof *numbers);
    if (!first || !numbers) {
        return ERR_NOMEM;
    }
    size_t n = 0, i = 0;
    for (uint32_t set = 0; set < set_count; set++) {
        first[set] = (uint32_t)n;
        for (; i < count && list[i].set == set; i++) {
            if (n == first[set] || numbers[n - 1] != list[i].number) {
                numbers[n++] = list[i].number;
            }
        }
    }
    first[set_count] = (uint32_t)n;
    out->everywhere = numbers + n;
    for (; i < count; i++) {
        if (!out->everywhere_count || numbers[n - 1] != list[i].number) {
            numbers[n++] = list[i].number;
            out->everywhere_count++;
        }
    }
    out->first = first;
    out->numbers = numbers;
    return ERR_OK;
}

/* Objects of one capability stand together and capabilities in order: a number for each run. */
static err_t gather(const property_map_input_t *in, capabilities_t *c)
{
    const cdni_content_t *content = c->content;
    slice_t *texts = arena_array(in->arena, content->count, sizeof *texts);
    granted_t *list = calloc(content->count + 1, sizeof *list);
    err_t err = texts && list ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; i < content->count && !err; i++) {
        const model_object_t *o = content->objects[i].object;
        if (!i || o->capability != content->objects[i - 1].object->capability) {
            texts[c->count++] = capability_text(o->capability, in);
            err = texts[c->count - 1].ptr ? ERR_OK : ERR_NOMEM;
        }
        uint32_t set = o->footprints.count ? join_set_id(in->join, &o->footprints) : UINT32_MAX;
        assert(!o->footprints.count || set != UINT32_MAX);
        list[i] = (granted_t){set, (uint32_t)c->count - 1};
    }
    c->texts = texts;
    if (!err) {
        if (content->count > 1) {
            qsort(list, content->count, sizeof *list, cmp_granted);
        }
        err = spread(list, content->count, in->join->set_count, in->arena, c);
    }
    free(list);
    return err;
}

/* ---- lists by answer ---- */

/* Above so many bytes in one advertisement, lists are put together whenever they are asked for. */
#define TEXTS_MOST ((size_t)16 << 20)

typedef struct lister {
    const property_map_input_t *in;
    capabilities_t *c;
    capability_list_t *lists;
    size_t cap;
    size_t bytes;
    table_t known; /* numbers -> place in `places` */
    uint32_t *scratch;
    buf_t text;
} lister_t;

static void write_list(const capabilities_t *c, const capability_list_t *list, buf_t *out)
{
    buf_append_char(out, '[');
    for (size_t i = 0; i < list->count; i++) {
        if (i) {
            buf_append_char(out, ',');
        }
        buf_append_slice(out, c->texts[list->numbers[i]]);
    }
    buf_append_char(out, ']');
}

void capabilities_text(const capabilities_t *c, uint32_t list, buf_t *out)
{
    if (c->lists[list].text.ptr) {
        buf_append_slice(out, c->lists[list].text);
    } else {
        write_list(c, &c->lists[list], out);
    }
}

static err_t add_list(lister_t *l, size_t count, uint32_t *out)
{
    capabilities_t *c = l->c;
    if (c->list_count == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 64;
        capability_list_t *grown = realloc(l->lists, cap * sizeof *grown);
        if (!grown) {
            return ERR_NOMEM;
        }
        l->lists = grown;
        l->cap = cap;
    }
    capability_list_t *list = &l->lists[c->list_count];
    *list = (capability_list_t){.count = (uint32_t)count};
    slice_t kept = arena_copy(l->in->arena,
                              slice_of((const char *)l->scratch, count * sizeof *l->scratch));
    list->numbers = (const uint32_t *)(const void *)kept.ptr;
    list->size = 2 + (count ? count - 1 : 0); /* brackets and commas */
    for (size_t i = 0; i < count; i++) {
        list->size += c->texts[l->scratch[i]].len;
    }
    buf_clear(&l->text);
    if (kept.ptr && l->bytes < TEXTS_MOST) {
        write_list(c, list, &l->text);
        list->text = keep_text(l->in, &l->text);
        l->bytes += l->text.len;
        kept.ptr = list->text.ptr ? kept.ptr : NULL;
    }
    *out = (uint32_t)c->list_count++;
    return kept.ptr ? ERR_OK : ERR_NOMEM;
}

/* Equal lists have one number, so that equal values are seen without a look at them. */
static err_t number_list(lister_t *l, uint32_t answer, uint32_t *out)
{
    size_t n = capabilities_of(l->c, l->in->join, answer, l->scratch);
    slice_t key = slice_of((const char *)l->scratch, n * sizeof *l->scratch);
    const uint32_t *known = table_get(&l->known, key);
    if (known) {
        *out = *known;
        return ERR_OK;
    }
    err_t err = add_list(l, n, out);
    if (err) {
        return err;
    }
    key.ptr = (const char *)l->lists[*out].numbers;
    return table_put(&l->known, key, out, NULL);
}

static err_t list_answers(const property_map_input_t *in, capabilities_t *c)
{
    lister_t l = {.in = in, .c = c, .text = BUF_INIT};
    size_t answers = in->join->answer_count;
    uint32_t nothing = 0;
    uint32_t *list_of = arena_array(in->arena, answers, sizeof *list_of);
    l.scratch = calloc(c->count + 1, sizeof *l.scratch);
    err_t err = list_of && l.scratch ? add_list(&l, 0, &nothing) : ERR_NOMEM;
    err = err ? err : table_put(&l.known, slice_of("", 0), &nothing, NULL);
    for (size_t i = 0; i < answers && !err; i++) {
        err = number_list(&l, (uint32_t)i, &list_of[i]);
    }
    capability_list_t *lists = arena_array(in->arena, c->list_count, sizeof *lists);
    err = err || lists ? err : ERR_NOMEM;
    if (!err) {
        memcpy(lists, l.lists, c->list_count * sizeof *lists);
        c->list_of = list_of;
        c->lists = lists;
    }
    free(l.lists);
    free(l.scratch);
    table_release(&l.known);
    buf_release(&l.text);
    return err;
}

err_t capabilities_build(const cdni_content_t *content, const property_map_input_t *in,
                         capabilities_t *out)
{
    *out = (capabilities_t){.content = content};
    err_t err = gather(in, out);
    return err ? err : list_answers(in, out);
}
