/*
 * Batches of measured costs, merged into a file of costs (source,destination,cost[,time]).
 */
#ifndef FPD_APP_COST_BATCH_H
#define FPD_APP_COST_BATCH_H

#include "footprintd/base/json.h"

typedef struct cost_value {
    slice_t source, destination; /* names of PIDs */
    slice_t cost;                /* JSON's number; "" takes the pair's line out */
    slice_t time;                /* as in the file; "" when the batch does not say */
    slice_t key;                 /* source,destination */
} cost_value_t;

typedef struct cost_batch {
    const cost_value_t *values;
    size_t count;
    bool has_times;
} cost_batch_t;

/*
 * [{"source","destination","cost"[,"time"]}...], each pair once. ERR_DATA: *why says what is wrong;
 * ERR_NOMEM. What it makes lies in the arena.
 */
err_t cost_batch_read(const json_value_t *list, arena_t *arena, cost_batch_t *out,
                      buf_t *why) FPD_MUST_CHECK;
/*
 * The file's text with the batch in it: lines of its pairs are replaced, new ones stand behind. A
 * value without a time has `now` where the file has times, or gets them by this batch. ERR_DATA:
 * the file has another form.
 */
err_t cost_batch_merge(const cost_batch_t *batch, slice_t file, slice_t now, buf_t *out,
                       buf_t *why) FPD_MUST_CHECK;

#endif
