#include "path_vector.h"

#include <stdlib.h>

/* Paths: gathered, elements that always go together made one, and named. */

/* Elements of all paths of an answer: some 60 MiB of text. */
#define ELEMENTS_MAX ((size_t)1 << 22)

#define ELEMENTS_FIRST 1024

/* ---- paths ---- */

static bool push(path_table_t *t, uint32_t element)
{
    if (t->element_count == t->element_cap) {
        size_t cap = t->element_cap * 2;
        uint32_t *grown = realloc(t->elements, cap * sizeof *grown);
        if (!grown) {
            return false;
        }
        t->elements = grown;
        t->element_cap = cap;
    }
    t->elements[t->element_count++] = element;
    return true;
}

static bool push_node(path_table_t *t, uint32_t node)
{
    const model_topology_t *topology = t->content->topology;
    return !topology_node_shown(&topology->nodes[node]) ||
           push(t, 2 * (uint32_t)topology->link_count + node);
}

/* *found: whether there is a path. */
static err_t add_path(path_table_t *t, uint32_t from, uint32_t to, uint32_t *arcs, bool *found)
{
    const model_topology_t *topology = t->content->topology;
    size_t count = from == TOPOLOGY_NONE || to == TOPOLOGY_NONE
                       ? PATH_NONE
                       : path_index_get(t->content->index, topology, from, to, arcs);
    *found = count != PATH_NONE;
    if (!*found) {
        return ERR_OK;
    }
    bool good = push_node(t, from);
    for (size_t i = 0; i < count && good; i++) {
        good = push(t, arcs[i]) && push_node(t, topology_arc_to(topology, arcs[i]));
    }
    return !good ? ERR_NOMEM : t->element_count > ELEMENTS_MAX ? ERR_LIMIT : ERR_OK;
}

static err_t add_paths(path_table_t *t, const uint8_t *passed)
{
    size_t pairs = t->from.count * t->to.count;
    uint32_t *arcs = malloc((t->content->topology->node_count + 1) * sizeof *arcs);
    t->ends = malloc((pairs + 1) * sizeof *t->ends);
    t->elements = calloc(ELEMENTS_FIRST, sizeof *t->elements); /* also where paths have none */
    t->element_cap = ELEMENTS_FIRST;
    err_t err = arcs && t->ends && t->elements ? ERR_OK : ERR_NOMEM;
    for (size_t pair = 0; pair < pairs && !err; pair++) {
        bool found = false;
        if (!passed || passed[pair]) {
            err = add_path(t, t->from.pids[pair / t->to.count], t->to.pids[pair % t->to.count],
                           arcs, &found);
        }
        t->ends[pair] = (uint32_t)t->element_count | (found ? 0 : PATH_VECTOR_NONE);
    }
    free(arcs);
    return err;
}

/* ---- groups ---- */

static const topology_capacity_t *capacity_of(const model_topology_t *t, uint32_t element)
{
    return element < 2 * t->link_count ? &t->links[element / 2].capacity
                                       : &t->nodes[element - 2 * t->link_count].capacity;
}

static uint32_t public_of(const model_topology_t *t, uint32_t element)
{
    return element < 2 * t->link_count ? t->links[element / 2].element
                                       : t->nodes[element - 2 * t->link_count].element;
}

/*
 * Which elements the same paths go through: all are in one class at first, and each path takes
 * those that it goes through out of the classes they are in, together. Classes of elements that no
 * path goes through stay 0.
 */
static err_t classify(const path_table_t *t, uint32_t *classes)
{
    size_t pairs = t->from.count * t->to.count;
    uint32_t *next = calloc(t->element_count + 1, sizeof *next);
    uint32_t *taken = calloc(t->element_count + 1, sizeof *taken);
    uint32_t count = 1;
    if (!next || !taken) {
        free(next);
        free(taken);
        return ERR_NOMEM;
    }
    for (size_t pair = 0; pair < pairs; pair++) {
        const uint32_t *at;
        size_t length;
        (void)path_table_get(t, pair, &at, &length);
        for (size_t i = 0; i < length; i++) {
            uint32_t class = classes[at[i]];
            if (taken[class] != pair + 1) {
                taken[class] = (uint32_t)pair + 1;
                next[class] = count++;
            }
            classes[at[i]] = next[class];
        }
    }
    free(next);
    free(taken);
    return ERR_OK;
}

/* While elements become what is named. */
typedef struct namer {
    path_table_t *t;
    const model_topology_t *topology;
    uint32_t *classes;             /* of each element; NULL: each is for itself */
    uint32_t *by_class;            /* place in anes plus 1 */
    uint32_t *by_element;          /* likewise */
    uint8_t (*blocks)[BLOCK_SIZE]; /* identities, by place */
} namer_t;

static void join(namer_t *n, uint32_t place, uint32_t element)
{
    ane_t *ane = &n->t->anes[place];
    const topology_capacity_t *capacity = capacity_of(n->topology, element);
    const uint8_t *identity = n->t->content->index->identities[element];
    if (capacity->known && (!ane->capacity.known || capacity->value < ane->capacity.value)) {
        ane->capacity = *capacity;
    }
    /* Whatever the order is that they come in. */
    for (size_t i = 0; i < BLOCK_SIZE; i++) {
        n->blocks[place][i] ^= identity[i];
    }
    n->by_element[element] = place + 1;
}

/* The place of what the element is named as. */
static uint32_t place_of(namer_t *n, uint32_t element)
{
    if (n->by_element[element]) {
        return n->by_element[element] - 1;
    }
    uint32_t entity = public_of(n->topology, element);
    bool grouped = n->classes && entity == TOPOLOGY_NONE;
    uint32_t *known = grouped ? &n->by_class[n->classes[element]] : NULL;
    uint32_t place = known && *known ? *known - 1 : (uint32_t)n->t->ane_count++;
    if (known) {
        *known = place + 1;
    }
    if (place + 1 == n->t->ane_count) {
        n->t->anes[place].element = entity;
    }
    join(n, place, element);
    return place;
}

/* Paths become places in anes; of a group that a path goes through, the first is enough. */
static err_t rewrite(namer_t *n)
{
    path_table_t *t = n->t;
    size_t pairs = t->from.count * t->to.count, total = t->element_count;
    uint32_t *last = calloc(total + 1, sizeof *last); /* the path that has it already, plus 1 */
    const uint32_t *in = t->elements;
    uint32_t *out = t->elements;
    if (!last) {
        return ERR_NOMEM;
    }
    for (size_t pair = 0; pair < pairs; pair++) {
        const uint32_t *end = t->elements + (t->ends[pair] & ~PATH_VECTOR_NONE);
        for (; in < end; in++) {
            uint32_t place = place_of(n, *in);
            if (last[place] != pair + 1) {
                last[place] = (uint32_t)pair + 1;
                *out++ = place;
            }
        }
        t->ends[pair] = (uint32_t)(out - t->elements) | (t->ends[pair] & PATH_VECTOR_NONE);
    }
    t->element_count = (size_t)(out - t->elements);
    free(last);
    return ERR_OK;
}

static err_t write_names(namer_t *n, const uint8_t *key)
{
    path_table_t *t = n->t;
    err_t err = key ? blocks_permute(key, n->blocks[0], t->ane_count) : ERR_OK;
    for (size_t i = 0; i < t->ane_count && !err; i++) {
        (void)base64url_write(n->blocks[i], ANE_NAME_BYTES, t->anes[i].name);
    }
    return err;
}

static err_t name_all(path_table_t *t, const uint8_t *key)
{
    namer_t n = {.t = t, .topology = t->content->topology};
    size_t elements = 2 * n.topology->link_count + n.topology->node_count;
    size_t most = t->element_count < elements ? t->element_count : elements;
    t->anes = calloc(most + 1, sizeof *t->anes);
    n.blocks = calloc(most + 1, sizeof *n.blocks);
    n.by_element = calloc(elements + 1, sizeof *n.by_element);
    err_t err = t->anes && n.blocks && n.by_element ? ERR_OK : ERR_NOMEM;
    if (!err && n.topology->aggregates) {
        n.classes = calloc(elements + 1, sizeof *n.classes);
        n.by_class = calloc(t->element_count + 2, sizeof *n.by_class);
        err = n.classes && n.by_class ? classify(t, n.classes) : ERR_NOMEM;
    }
    err = err ? err : rewrite(&n);
    err = err ? err : write_names(&n, key);
    free(n.blocks);
    free(n.by_element);
    free(n.classes);
    free(n.by_class);
    return err;
}

err_t path_table_fill(path_table_t *t, const path_vector_content_t *content,
                      const cost_side_t *from, const cost_side_t *to, const uint8_t *passed,
                      const uint8_t *key)
{
    *t = (path_table_t){.content = content, .from = *from, .to = *to};
    err_t err = add_paths(t, passed);
    return err ? err : name_all(t, key);
}

void path_table_release(path_table_t *t)
{
    free(t->ends);
    free(t->elements);
    free(t->anes);
}

/* ---- text ---- */

size_t path_table_room(const path_table_t *t, size_t pair)
{
    const uint32_t *path;
    size_t length;
    (void)path_table_get(t, pair, &path, &length);
    return 2 + length * (ANE_NAME_LEN + 3); /* quotes, and a comma or bracket in front */
}

char *path_table_write(const path_table_t *t, size_t pair, char *at)
{
    const uint32_t *path;
    size_t length;
    (void)path_table_get(t, pair, &path, &length);
    *at++ = '[';
    for (size_t i = 0; i < length; i++) {
        if (i) {
            *at++ = ',';
        }
        *at++ = '"';
        memcpy(at, t->anes[path[i]].name, ANE_NAME_LEN);
        at += ANE_NAME_LEN;
        *at++ = '"';
    }
    *at++ = ']';
    return at;
}
