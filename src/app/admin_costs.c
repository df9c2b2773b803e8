#include "asked.h"

#include "footprintd/base/time.h"
#include "footprintd/store/file.h"

#include <fcntl.h>

/* Measured costs: a batch becomes one change of the file that has the costs of a map. */

/* ---- how many ---- */

/* So many a second, and as many at once. */
static bool take_turn(admin_t *admin, admin_response_t *response)
{
    uint64_t now = monotonic_ms() * 1000, second = 1000000;
    uint64_t each = second / admin->config->limits.cost_batches_per_s;
    if (admin->costs_us > now + second - each) {
        admin_error(response, 429, "too-many-batches",
                    "there are more batches of costs than limits.cost-batches-per-s allows");
        response->retry_after = 1;
        response->batches = true;
        return false;
    }
    admin->costs_us = (admin->costs_us > now ? admin->costs_us : now) + each;
    return true;
}

/* ---- the file ---- */

static const model_cost_map_t *find_map(const snapshot_t *s, slice_t id)
{
    const model_t *model = snapshot_model(s);
    for (size_t i = 0; i < model->cost_map_count; i++) {
        if (slice_eq(model->cost_maps[i].id, id)) {
            return &model->cost_maps[i];
        }
    }
    return NULL;
}

/* The name of the file, in the arena; as the documents that are served have it. */
static bool find_file(admin_t *admin, asked_t *a, slice_t id, slice_t *file,
                      admin_response_t *response)
{
    snapshot_t *s = builder_take_current(admin->builder);
    const model_cost_map_t *map = s ? find_map(s, id) : NULL;
    slice_t name = map ? map->file : SLICE_LIT("");
    bool csv = name.len > 4 && memcmp(name.ptr + name.len - 4, ".csv", 4) == 0;
    if (!map) {
        admin_error(response, 404, "no-such-cost-map", "no document has a cost map of this id");
    } else if (!csv || map->calendar) {
        admin_error(response, 409, "no-costs-file",
                    "the cost map has no costs-file in CSV with a cost of each pair");
    } else {
        *file = arena_copy(&a->arena, name);
        if (!file->ptr) {
            admin_refuse_error(response, ERR_NOMEM);
        }
    }
    if (s) {
        snapshot_unref(s);
    }
    return file->ptr != NULL;
}

static bool read_file(admin_t *admin, asked_t *a, slice_t file, buf_t *out,
                      admin_response_t *response)
{
    buf_t why = BUF_INIT;
    slice_t path = arena_printf(&a->arena, "%.*s/%.*s", SLICE_ARG(admin->config->footprints),
                                SLICE_ARG(file));
    err_t err = path.ptr ? store_file_read(AT_FDCWD, path.ptr,
                                           (size_t)admin->config->limits.document_bytes, out, &why)
                         : ERR_NOMEM;
    if (err && why.len) {
        admin_error(response, 500, "unreadable", "the file %.*s", SLICE_ARG(buf_slice(&why)));
    } else if (err) {
        admin_refuse_error(response, err);
    }
    buf_release(&why);
    return !err;
}

static bool merge(const cost_batch_t *batch, slice_t file, buf_t *out, admin_response_t *response)
{
    buf_t why = BUF_INIT, now = BUF_INIT;
    moment_write(moment_now(), &now);
    err_t err = buf_failed(&now) ? ERR_NOMEM
                                 : cost_batch_merge(batch, file, buf_slice(&now), out, &why);
    if (err == ERR_DATA) {
        admin_error(response, 409, "no-costs-file", "%.*s", SLICE_ARG(buf_slice(&why)));
    } else if (err) {
        admin_refuse_error(response, err);
    }
    buf_release(&why);
    buf_release(&now);
    return !err;
}

/* Batches come one after another: room for a file of up to so much stays. */
#define ROOM_KEPT ((size_t)8 << 20)

static void empty(buf_t *buf)
{
    buf_clear(buf);
    if (buf->cap > ROOM_KEPT) {
        buf_release(buf);
    }
}

/* Of the file as it was read: somebody else's change in between is not taken back. */
static void change(admin_t *admin, asked_t *a, slice_t file, const cost_batch_t *batch,
                   admin_response_t *response)
{
    proposal_change_t change = {.name = file, .expects = true};
    buf_t *before = &admin->costs_before, *after = &admin->costs_after;
    a->changes = &change;
    a->count = 1;
    if (read_file(admin, a, file, before, response) &&
        merge(batch, buf_slice(before), after, response)) {
        change.text = buf_slice(after);
        change.from = buf_slice(before);
        asked_carry_out(admin, a, response);
    }
    empty(before);
    empty(after);
}

void admin_costs(admin_t *admin, const admin_request_t *request, admin_response_t *response)
{
    asked_t a;
    cost_batch_t batch;
    slice_t file = {NULL, 0};
    asked_init(&a, request);
    if (asked_read_query(&a, request, response) &&
        asked_read_costs(&a, request, &batch, response) &&
        find_file(admin, &a, request->name, &file, response)) {
        (void)pthread_mutex_lock(&admin->costs_lock);
        if (take_turn(admin, response)) {
            change(admin, &a, file, &batch, response);
        }
        (void)pthread_mutex_unlock(&admin->costs_lock);
    }
    arena_release(&a.arena);
}
