#include "footprintd/lookup.h"

#include "library.h"

#include <stdlib.h>

/* Codes have at most 8 bytes. */
#define CODE_MAX 9

typedef struct answer_pid {
    const char *map;
    const char *pid;
} answer_pid_t;

struct footprintd_answer {
    const footprintd_lookup_t *lookup;
    uint32_t id;
    char scope[PREFIX_TEXT_MAX];
    char country[CODE_MAX]; /* "": not known */
    char subdivisions[GEO_SUBDIVISIONS_MAX][CODE_MAX];
    size_t subdivision_count;
    bool has_asn;
    uint32_t asn;
    answer_pid_t *pids; /* of as many network maps as there are */
    size_t pid_count;
    lookup_covers_t covers;
    size_t footprint_count; /* of covers.footprints: those that may be told come first */
    footprintd_capability_t *capabilities;
    size_t capability_count;
    size_t capability_cap;
};

footprintd_status_t footprintd_answer_new(const footprintd_lookup_t *lookup,
                                          footprintd_answer_t **out)
{
    footprintd_answer_t *a = calloc(1, sizeof *a);
    answer_pid_t *pids = calloc(lookup->engine->map_count, sizeof *pids);
    *out = NULL;
    if (!a || !pids) {
        free(a);
        free(pids);
        return FOOTPRINTD_NO_MEMORY;
    }
    a->lookup = lookup;
    a->pids = pids;
    *out = a;
    return FOOTPRINTD_OK;
}

void footprintd_answer_free(footprintd_answer_t *answer)
{
    if (answer) {
        lookup_covers_release(&answer->covers);
        free(answer->capabilities);
        free(answer->pids);
        free(answer);
    }
}

static void clear(footprintd_answer_t *a)
{
    a->id = 0;
    a->scope[0] = a->country[0] = '\0';
    a->subdivision_count = a->pid_count = a->footprint_count = a->capability_count = 0;
    a->has_asn = false;
}

/* Whether the document may be told of. */
static bool tells(const footprintd_answer_t *a, uint32_t document)
{
    return a->lookup->options.restricted ||
           model_document_is_public(a->lookup->engine->model, document);
}

/* Texts of the model end in a NUL: they were copied into its arena. */
static void set_capability(const lookup_engine_t *e, lookup_object_t at,
                           footprintd_capability_t *out)
{
    const model_object_t *o = lookup_object_at(e, at);
    *out = (footprintd_capability_t){
        .advertisement = e->model->advertisements[at.advertisement].id.ptr,
        .type = o->capability->name.ptr,
        .value = o->capability->text.ptr,
        .footprint = o->footprint          ? o->footprint->name.ptr
                     : o->footprints.count ? NULL
                                           : MODEL_EVERYWHERE,
        .document = e->model->documents[o->document].file.ptr,
        .line = o->line};
}

static footprintd_status_t set_covers(footprintd_answer_t *a)
{
    const lookup_engine_t *e = a->lookup->engine;
    if (lookup_covers_find(e, a->id, &a->covers)) {
        return FOOTPRINTD_NO_MEMORY;
    }
    if (a->covers.object_count > a->capability_cap) {
        size_t cap = a->covers.object_count + 16;
        footprintd_capability_t *grown = realloc(a->capabilities, cap * sizeof *grown);
        if (!grown) {
            return FOOTPRINTD_NO_MEMORY;
        }
        a->capabilities = grown;
        a->capability_cap = cap;
    }
    for (size_t i = 0; i < a->covers.footprint_count; i++) {
        uint32_t f = a->covers.footprints[i];
        if (tells(a, e->model->footprints[f].document)) {
            a->covers.footprints[a->footprint_count++] = f;
        }
    }
    for (size_t i = 0; i < a->covers.object_count; i++) {
        if (tells(a, lookup_object_at(e, a->covers.objects[i])->document)) {
            set_capability(e, a->covers.objects[i], &a->capabilities[a->capability_count++]);
        }
    }
    return FOOTPRINTD_OK;
}

static void set_code(char out[CODE_MAX], geo_code_t code)
{
    out[fp_code_format(code, out)] = '\0';
}

static void set_facts(footprintd_answer_t *a, const addr_t *addr)
{
    const lookup_engine_t *e = a->lookup->engine;
    attribute_set_t set = lookup_attributes(e, addr);
    prefix_t scope = lookup_scope(e, addr);
    (void)prefix_format(&scope, a->scope);
    set_code(a->country, set.country);
    for (size_t i = 0; i < set.subdivision_count; i++) {
        set_code(a->subdivisions[i], set.subdivisions[i]);
    }
    a->subdivision_count = set.subdivision_count;
    a->has_asn = set.has_asn;
    a->asn = set.asn;
    for (size_t i = 0; i < e->map_count; i++) {
        const model_pid_t *pid = lookup_pid(e, i, addr);
        if (pid && tells(a, e->maps[i].document)) {
            a->pids[a->pid_count++] = (answer_pid_t){e->maps[i].id.ptr, pid->name.ptr};
        }
    }
}

static footprintd_status_t find(footprintd_answer_t *a, const addr_t *addr)
{
    a->id = join_answer(a->lookup->engine->join, addr);
    footprintd_status_t status = set_covers(a);
    if (status) {
        clear(a);
        return status;
    }
    set_facts(a, addr);
    return FOOTPRINTD_OK;
}

footprintd_status_t footprintd_find_text(footprintd_answer_t *answer, const char *text,
                                         size_t length)
{
    addr_t addr;
    clear(answer);
    if (addr_parse(slice_of(text, length), &addr)) {
        return FOOTPRINTD_INVALID;
    }
    return find(answer, &addr);
}

footprintd_status_t footprintd_find_bytes(footprintd_answer_t *answer, const void *address,
                                          size_t length)
{
    addr_t addr;
    clear(answer);
    return library_address(address, length, &addr) ? find(answer, &addr) : FOOTPRINTD_INVALID;
}

footprintd_status_t footprintd_find_id(footprintd_answer_t *answer, uint32_t id)
{
    clear(answer);
    if (id >= footprintd_id_count(answer->lookup)) {
        return FOOTPRINTD_INVALID;
    }
    answer->id = id;
    footprintd_status_t status = set_covers(answer);
    if (status) {
        clear(answer);
    }
    return status;
}

uint32_t footprintd_answer_id(const footprintd_answer_t *answer)
{
    return answer->id;
}

const char *footprintd_answer_scope(const footprintd_answer_t *answer)
{
    return answer->scope;
}

const char *footprintd_answer_country(const footprintd_answer_t *answer)
{
    return answer->country[0] ? answer->country : NULL;
}

const char *footprintd_answer_subdivision(const footprintd_answer_t *answer, size_t i)
{
    return i < answer->subdivision_count ? answer->subdivisions[i] : NULL;
}

int footprintd_answer_asn(const footprintd_answer_t *answer, uint32_t *asn)
{
    if (answer->has_asn) {
        *asn = answer->asn;
    }
    return answer->has_asn;
}

const char *footprintd_answer_pid(const footprintd_answer_t *answer, size_t i,
                                  const char **network_map)
{
    if (i >= answer->pid_count) {
        return NULL;
    }
    if (network_map) {
        *network_map = answer->pids[i].map;
    }
    return answer->pids[i].pid;
}

const char *footprintd_answer_footprint(const footprintd_answer_t *answer, size_t i)
{
    if (i >= answer->footprint_count) {
        return NULL;
    }
    return answer->lookup->engine->model->footprints[answer->covers.footprints[i]].name.ptr;
}

const footprintd_capability_t *footprintd_answer_capability(const footprintd_answer_t *answer,
                                                            size_t i)
{
    return i < answer->capability_count ? &answer->capabilities[i] : NULL;
}
