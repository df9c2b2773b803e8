#include "footprintd/lookup.h"

#include "footprintd/base/time.h"
#include "footprintd/store/directory.h"
#include "library.h"

#include <stdlib.h>

/* Everything of the oldest version of the options; newer members come behind. */
#define OPTIONS_LEAST sizeof(footprintd_options_t)

static footprintd_status_t status_of(err_t err)
{
    switch (err) {
    case ERR_OK:
        return FOOTPRINTD_OK;
    case ERR_NOMEM:
        return FOOTPRINTD_NO_MEMORY;
    default:
        return FOOTPRINTD_REFUSED;
    }
}

static bool keep(arena_t *arena, const char *text, const char **out)
{
    *out = text && text[0] ? arena_copy(arena, slice_str(text)).ptr : NULL;
    return *out || !text || !text[0];
}

static bool keep_options(footprintd_lookup_t *l, const footprintd_options_t *options)
{
    footprintd_options_t *o = &l->options;
    o->size = sizeof *o;
    o->restricted = options->restricted;
    return keep(&l->arena, options->footprints, &o->footprints) &&
           keep(&l->arena, options->country, &o->country) &&
           keep(&l->arena, options->city, &o->city) && keep(&l->arena, options->asn, &o->asn);
}

static err_t build_model(const store_documents_t *documents, findings_t *findings, model_t **out)
{
    model_source_t *sources = calloc(documents->count + 1, sizeof *sources);
    if (!sources) {
        return ERR_NOMEM;
    }
    size_t count = store_sources(documents, sources);
    model_options_t options = {.limits = doc_limits_default, .now = moment_now()};
    err_t err = model_build(sources, count, &options, findings, out);
    free(sources);
    return err;
}

static err_t read_model(const char *directory, store_documents_t *documents, findings_t *findings,
                        model_t **out)
{
    err_t read = store_directory_read(directory, NULL, documents, findings);
    if (read && read != ERR_DATA) {
        return read;
    }
    /* Also after an unreadable document: the others' findings are worth having. */
    model_t *model = NULL;
    err_t err = build_model(documents, findings, &model);
    if (err || read) {
        model_free(model);
        return err ? err : read;
    }
    *out = model;
    return ERR_OK;
}

static err_t fill(footprintd_lookup_t *l, const store_databases_t *previous,
                  store_documents_t *documents, findings_t *findings)
{
    store_databases_options_t options = {.paths = {[ATTRIBUTE_COUNTRY] = l->options.country,
                                                   [ATTRIBUTE_CITY] = l->options.city,
                                                   [ATTRIBUTE_ASN] = l->options.asn}};
    err_t databases = store_databases_load(&options, previous, &l->databases, findings);
    if (databases == ERR_NOMEM) {
        return databases;
    }
    model_t *model = NULL;
    err_t err = read_model(l->options.footprints, documents, findings, &model);
    if (err || databases) {
        model_free(model);
        return err ? err : databases;
    }
    return lookup_engine_new_take(model, l->databases.attributes, &l->engine);
}

/* The errors, a line each; NULL when there is no memory for them. */
static char *errors_text(findings_t *findings)
{
    buf_t out = BUF_INIT;
    findings_sort(findings);
    for (size_t i = 0; i < findings->count; i++) {
        if (finding_infos[findings->items[i].code].severity == SEVERITY_ERROR) {
            finding_format(&findings->items[i], &out);
            buf_append_char(&out, '\n');
        }
    }
    buf_append_char(&out, '\0');
    if (buf_failed(&out)) {
        buf_release(&out);
        return NULL;
    }
    return out.ptr;
}

static footprintd_status_t open_lookup(const footprintd_options_t *options,
                                       const store_databases_t *previous, footprintd_lookup_t **out,
                                       char **why)
{
    footprintd_lookup_t *l = calloc(1, sizeof *l);
    if (!l) {
        return FOOTPRINTD_NO_MEMORY;
    }
    arena_init(&l->arena, 0);
    findings_t findings;
    findings_init(&findings, 0);
    store_documents_t documents;
    store_documents_init(&documents);
    err_t err = keep_options(l, options) ? fill(l, previous, &documents, &findings) : ERR_NOMEM;
    footprintd_status_t status = status_of(err);
    if (status == FOOTPRINTD_REFUSED && why) {
        *why = errors_text(&findings);
        status = *why ? status : FOOTPRINTD_NO_MEMORY;
    }
    findings_release(&findings);
    store_documents_release(&documents);
    if (err) {
        footprintd_close(l);
        return status;
    }
    *out = l;
    return FOOTPRINTD_OK;
}

footprintd_status_t footprintd_open(const footprintd_options_t *options, footprintd_lookup_t **out,
                                    char **why)
{
    *out = NULL;
    if (why) {
        *why = NULL;
    }
    if (options->size < OPTIONS_LEAST || !options->footprints || !options->footprints[0]) {
        return FOOTPRINTD_INVALID;
    }
    return open_lookup(options, NULL, out, why);
}

footprintd_status_t footprintd_reload(const footprintd_lookup_t *current, footprintd_lookup_t **out,
                                      char **why)
{
    *out = NULL;
    if (why) {
        *why = NULL;
    }
    return open_lookup(&current->options, &current->databases, out, why);
}

void footprintd_close(footprintd_lookup_t *lookup)
{
    if (lookup) {
        lookup_engine_free(lookup->engine);
        store_databases_release(&lookup->databases);
        arena_release(&lookup->arena);
        free(lookup);
    }
}

void footprintd_text_free(char *text)
{
    free(text);
}

const char *footprintd_version(void)
{
    return FPD_VERSION;
}

static uint64_t load_be64(const unsigned char *p)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < 8; i++) {
        value = value << 8 | p[i];
    }
    return value;
}

bool library_address(const void *bytes, size_t length, addr_t *out)
{
    const unsigned char *p = bytes;
    if (length == 16) {
        u128_t a = {load_be64(p), load_be64(p + 8)};
        if (a.hi == 0 && a.lo >> 32 == 0xffff) {
            *out = (addr_t){FAMILY_IPV4, .u.v4 = (uint32_t)a.lo};
        } else {
            *out = (addr_t){FAMILY_IPV6, .u.v6 = a};
        }
        return true;
    }
    if (length == 4) {
        *out = (addr_t){FAMILY_IPV4, .u.v4 = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
                                             (uint32_t)p[2] << 8 | p[3]};
        return true;
    }
    return false;
}

footprintd_status_t footprintd_batch(const footprintd_lookup_t *lookup, const void *addresses,
                                     size_t length, size_t count, uint32_t *ids)
{
    const unsigned char *p = addresses;
    if (length != 4 && length != 16) {
        return FOOTPRINTD_INVALID;
    }
    for (size_t i = 0; i < count; i++) {
        addr_t addr;
        (void)library_address(p + i * length, length, &addr);
        ids[i] = join_answer(lookup->engine->join, &addr);
    }
    return FOOTPRINTD_OK;
}

uint32_t footprintd_id_count(const footprintd_lookup_t *lookup)
{
    return (uint32_t)lookup->engine->join->answer_count;
}
