/*
 * YAML events: libyaml with aliases replayed and plain scalars resolved. Private to src/doc.
 */
#ifndef FPD_DOC_YAML_H
#define FPD_DOC_YAML_H

#include "footprintd/doc/events.h"

typedef struct yaml_source yaml_source_t;

/* Why there is no further event. */
typedef struct source_error {
    finding_code_t code; /* SOURCE_NOMEM: no fault of the text, and no finding */
    uint32_t line;
    uint32_t column;
    char text[200];
} source_error_t;

#define SOURCE_NOMEM FINDING_CODE_COUNT

err_t yaml_source_new(slice_t text, const doc_limits_t *limits, yaml_source_t **out) FPD_MUST_CHECK;
void yaml_source_free(yaml_source_t *y);
/* Fills *ev (keys not yet told from values); false with *error filled. */
bool yaml_source_next(yaml_source_t *y, doc_event_t *ev, source_error_t *error);

#endif
