/*
 * What a configuration names: its documents as a model, its databases as attributes.
 */
#ifndef FOOTPRINTD_CONFIG_INPUTS_H
#define FOOTPRINTD_CONFIG_INPUTS_H

#include "footprintd/config/config.h"
#include "footprintd/model/model.h"
#include "footprintd/store/databases.h"
#include "footprintd/store/directory.h"

/* store_directory_read of the configured directory, within the configured limits. */
err_t config_read_documents(const config_t *config, store_documents_t *documents,
                            findings_t *findings) FPD_MUST_CHECK;
/* Of a set that is not there yet: whether config_read_documents will take so many. */
bool config_check_count(const config_t *config, size_t count, findings_t *findings);
/* For model_build, by the configured limits. */
model_options_t config_model_options(const config_t *config);
/*
 * Reads the documents and builds the model; before: model_options_t.before. documents, which
 * store_documents_init made, must outlive the findings. ERR_DATA or ERR_IO when findings say why
 * there is none; ERR_NOMEM.
 */
err_t config_read_model(const config_t *config, const model_t *before, store_documents_t *documents,
                        findings_t *findings, model_t **out) FPD_MUST_CHECK;

/* For store_databases_load; borrows the paths from the configuration. */
store_databases_options_t config_databases(const config_t *config);

#endif
