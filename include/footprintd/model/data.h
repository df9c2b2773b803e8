/*
 * Data files: what documents name and do not hold themselves, such as the costs of a cost map. A
 * data file lies in a subdirectory of the documents' directory, and is named by its path from
 * there: "data/costs.csv".
 */
#ifndef FOOTPRINTD_MODEL_DATA_H
#define FOOTPRINTD_MODEL_DATA_H

#include "footprintd/doc/events.h"

/* One directory, one file: no dot first, .csv or .json last, printable UTF-8. */
bool model_data_name_valid(slice_t name);

/*
 * The data files that a document names, once each, in the order of the text; copied into the arena.
 * What is wrong with the document is not said: model_build does. ERR_NOMEM.
 */
err_t model_data_names(slice_t text, doc_format_t format, const doc_limits_t *limits,
                       arena_t *arena, slice_t **out, size_t *count) FPD_MUST_CHECK;

#endif
