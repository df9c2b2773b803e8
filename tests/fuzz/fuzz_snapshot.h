/*
 * The snapshot that targets ask: of one document in JSON.
 */
#ifndef FPD_TESTS_FUZZ_SNAPSHOT_H
#define FPD_TESTS_FUZZ_SNAPSHOT_H

#include "footprintd/model/model.h"
#include "footprintd/snapshot/snapshot.h"

#include "fuzz.h"

/* most: entities of one answer of a property map; 0: the default. */
static inline snapshot_t *fuzz_snapshot(const char *documents, size_t most)
{
    const model_source_t source = {SLICE_LIT("fuzz"), DOC_JSON, slice_str(documents)};
    const snapshot_options_t options = {.base_uri = SLICE_LIT(""), .propmap_max_entities = most};
    findings_t findings;
    model_t *model = NULL;
    snapshot_t *snapshot = NULL;
    findings_init(&findings, 0);
    FUZZ_CHECK(!model_build(&source, 1, NULL, &findings, &model));
    findings_release(&findings);
    FUZZ_CHECK(!snapshot_build_take(model, &options, NULL, 1, &snapshot));
    return snapshot;
}

#endif
