/*
 * From the directory of documents to a model.
 */
#ifndef FPD_APP_LOAD_H
#define FPD_APP_LOAD_H

#include "footprintd/config/config.h"
#include "footprintd/model/model.h"
#include "footprintd/store/directory.h"

/*
 * Reads the documents and builds the model. documents, which store_documents_init made, must
 * outlive the findings. ERR_DATA or ERR_IO when findings say why there is none; ERR_NOMEM.
 */
err_t load_model(const config_t *config, store_documents_t *documents, findings_t *findings,
                 model_t **out) FPD_MUST_CHECK;

/* One log line for each finding, sorted. */
void load_log_findings(const char *area, findings_t *findings);

#endif
