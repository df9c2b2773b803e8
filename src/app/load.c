#include "load.h"

#include "footprintd/log/log.h"
#include "footprintd/model/data.h"
#include "footprintd/store/directory.h"

void load_log_findings(const char *area, findings_t *findings)
{
    findings_sort(findings);
    buf_t line = BUF_INIT;
    for (size_t i = 0; i < findings->count; i++) {
        const finding_t *f = &findings->items[i];
        buf_clear(&line);
        finding_format(f, &line);
        bool error = finding_infos[f->code].severity == SEVERITY_ERROR;
        log_listed(error ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING, area, "%.*s",
                   SLICE_ARG(buf_slice(&line)));
    }
    buf_release(&line);
    size_t found = findings->errors + findings->warnings;
    if (found > findings->count) {
        log_line(LOG_LEVEL_WARNING, area, "%zu findings, the first %zu are shown", found,
                 findings->count);
    }
}

void load_name_documents(findings_t *findings, slice_t directory)
{
    size_t len = directory.len;
    for (size_t i = 0; i < findings->count; i++) {
        slice_t *file = &findings->items[i].place.file;
        if (!len || file->len <= len || memcmp(file->ptr, directory.ptr, len) != 0) {
            continue;
        }
        size_t from = directory.ptr[len - 1] == '/' ? len : file->ptr[len] == '/' ? len + 1 : 0;
        *file = slice_of(file->ptr + from, file->len - from);
    }
}

err_t load_texts(const config_t *config, const model_t *before, const store_text_t *texts,
                 size_t count, arena_t *arena, findings_t *findings, model_t **out)
{
    model_source_t *sources = arena_array(arena, count + 1, sizeof *sources);
    slice_t directory = config->footprints;
    bool slash = directory.len && directory.ptr[directory.len - 1] == '/';
    for (size_t i = 0; sources && i < count; i++) {
        doc_format_t format = DOC_YAML;
        (void)store_document_format(texts[i].name, &format);
        format = model_data_name_valid(texts[i].name) ? DOC_DATA : format;
        slice_t path = arena_printf(arena, "%.*s%s%.*s", SLICE_ARG(directory), slash ? "" : "/",
                                    SLICE_ARG(texts[i].name));
        sources[i] = (model_source_t){path, format, texts[i].bytes};
    }
    if (!sources || arena_failed(arena)) {
        return ERR_NOMEM;
    }
    if (!config_check_count(config, count, findings)) {
        return ERR_DATA; /* what is wrong with each is nobody's question */
    }
    model_options_t options = config_model_options(config);
    options.before = before;
    return model_build(sources, count, &options, findings, out);
}

void load_log_levels(const config_t *config)
{
    log_set((log_format_t)config->log_format, (log_level_t)config->log_level);
    for (int i = 0; i < LOG_AREA_COUNT; i++) {
        if (config->log_levels[i]) {
            log_set_area((log_area_t)i, (log_level_t)(config->log_levels[i] - 1));
        }
    }
}
