/*
 * Documents to a model, and findings as log lines.
 */
#ifndef FPD_APP_LOAD_H
#define FPD_APP_LOAD_H

#include "footprintd/config/inputs.h"
#include "footprintd/store/history.h"

/* One log line for each finding, sorted. */
void load_log_findings(const char *area, findings_t *findings);

/*
 * Findings for those who know documents by their names alone: what follows the directory, where a
 * finding's file lies in it.
 */
void load_name_documents(findings_t *findings, slice_t directory);

/*
 * The model of texts that stand for the directory's documents, which are called as a build from the
 * directory calls them. As model_build, `before` as in its options; the arena is for what lives as
 * long as the call.
 */
err_t load_texts(const config_t *config, const model_t *before, const store_text_t *texts,
                 size_t count, arena_t *arena, findings_t *findings, model_t **out) FPD_MUST_CHECK;

/* Format and levels of the log; log_start forgets levels of areas. */
void load_log_levels(const config_t *config);

#endif
