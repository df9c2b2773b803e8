#include "load.h"

#include "footprintd/log/log.h"

void load_log_findings(const char *area, findings_t *findings)
{
    findings_sort(findings);
    buf_t line = BUF_INIT;
    for (size_t i = 0; i < findings->count; i++) {
        const finding_t *f = &findings->items[i];
        buf_clear(&line);
        finding_format(f, &line);
        bool error = finding_infos[f->code].severity == SEVERITY_ERROR;
        log_line(error ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING, area, "%.*s",
                 SLICE_ARG(buf_slice(&line)));
    }
    buf_release(&line);
    size_t found = findings->errors + findings->warnings;
    if (found > findings->count) {
        log_line(LOG_LEVEL_WARNING, area, "%zu findings, the first %zu are shown", found,
                 findings->count);
    }
}
