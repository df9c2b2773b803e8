/*
 * Schedules: what documents say for a time only (model_timed_t), as the builder, the admin
 * interface and the log see it.
 */
#ifndef FPD_APP_SCHEDULE_H
#define FPD_APP_SCHEDULE_H

#include "footprintd/model/model.h"

/* As an array, in the order of the model; documents are known by their names. */
void schedule_write_json(const model_t *model, buf_t *out);

/*
 * What has begun and ended from `since` to now, as one line: "footprint 'metro' ends; ...". Empty
 * when nothing has.
 */
void schedule_write_changes(const model_t *model, int64_t since, int64_t now, buf_t *out);

#endif
