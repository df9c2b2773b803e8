#include "footprintd/config/inputs.h"

#include "footprintd/base/time.h"

#include <stdlib.h>

model_options_t config_model_options(const config_t *config)
{
    const config_limits_t *limits = &config->limits;
    return (model_options_t){.now = moment_now(),
                             .limits = {.bytes = (size_t)limits->document_bytes,
                                        .depth = (unsigned)limits->document_depth,
                                        .scalar_bytes = (size_t)limits->document_scalar_bytes,
                                        .aliases = (size_t)limits->document_aliases,
                                        .alias_events = (size_t)limits->document_alias_events}};
}

err_t config_read_documents(const config_t *config, store_documents_t *documents,
                            findings_t *findings)
{
    store_limits_t limits = {.documents = (size_t)config->limits.documents,
                             .bytes = (size_t)config->limits.document_bytes};
    /* Paths of the configuration end in a NUL: they were copied into its arena. */
    return store_directory_read(config->footprints.ptr, &limits, documents, findings);
}

bool config_check_count(const config_t *config, size_t count, findings_t *findings)
{
    const slice_t none = {NULL, 0};
    if (count > config->limits.documents) {
        findings_add(findings, FINDING_LIMIT, (place_t){.file = config->footprints}, none, none,
                     "more than the limit of %llu documents",
                     (unsigned long long)config->limits.documents);
        return false;
    }
    return true;
}

err_t config_read_model(const config_t *config, const model_t *before, store_documents_t *documents,
                        findings_t *findings, model_t **out)
{
    err_t read = config_read_documents(config, documents, findings);
    if (read && read != ERR_DATA) {
        return read;
    }
    model_source_t *sources = calloc(documents->count + 1, sizeof *sources);
    if (!sources) {
        return ERR_NOMEM;
    }
    size_t count = store_sources(documents, sources);
    /* Also after an unreadable document: the others' findings are worth having. */
    model_options_t options = config_model_options(config);
    options.before = before;
    model_t *model = NULL;
    err_t built = model_build(sources, count, &options, findings, &model);
    free(sources);
    if (built || read) {
        model_free(model);
        return built ? built : read;
    }
    *out = model;
    return ERR_OK;
}

store_databases_options_t config_databases(const config_t *config)
{
    return (store_databases_options_t){
        .paths = {[ATTRIBUTE_COUNTRY] = config->geoip_country.ptr,
                  [ATTRIBUTE_CITY] = config->geoip_city.ptr,
                  [ATTRIBUTE_ASN] = config->geoip_asn.ptr},
        .limits = {.file_bytes = (size_t)config->limits.database_bytes}};
}
