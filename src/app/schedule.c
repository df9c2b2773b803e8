#include "schedule.h"

#include "footprintd/base/json.h"
#include "footprintd/base/time.h"
#include "footprintd/store/directory.h"

/* So many are told of in one line. */
#define TOLD_MAX 5

static const char *const kind_names[] = {
    [MODEL_TIMED_FOOTPRINT] = "footprint",
    [MODEL_TIMED_CAPABILITY] = "capability",
    [MODEL_TIMED_WITHDRAWAL_OF_FOOTPRINT] = "footprint-withdrawal",
    [MODEL_TIMED_WITHDRAWAL_OF_CAPABILITY] = "capability-withdrawal",
};

static const char *const state_names[] = {
    [MODEL_TIMED_WAITING] = "waiting",
    [MODEL_TIMED_IN_FORCE] = "in-force",
    [MODEL_TIMED_ENDED] = "ended",
};

static void write_moment(const char *name, int64_t at, buf_t *out)
{
    buf_printf(out, ",\"%s\":", name);
    if (at == INT64_MIN || at == INT64_MAX) {
        buf_append_str(out, "null");
        return;
    }
    buf_append_char(out, '"');
    moment_write(at, out);
    buf_append_char(out, '"');
}

void schedule_write_json(const model_t *model, buf_t *out)
{
    buf_append_char(out, '[');
    for (size_t i = 0; i < model->timed_count; i++) {
        const model_timed_t *t = &model->timed[i];
        buf_printf(out, "%s{\"kind\":\"%s\",\"name\":", i ? "," : "", kind_names[t->kind]);
        json_write_string(out, t->name);
        buf_printf(out, ",\"state\":\"%s\"", state_names[t->state]);
        write_moment("not-before", t->window.from, out);
        write_moment("not-after", t->window.until, out);
        buf_append_str(out, ",\"reason\":");
        json_write_string(out, t->reason);
        buf_append_str(out, ",\"document\":");
        json_write_string(out, store_document_name(model->documents[t->document].file));
        buf_printf(out, ",\"line\":%u}", t->line);
    }
    buf_append_char(out, ']');
}

static void write_change(const model_timed_t *t, const char *what, size_t told, buf_t *out)
{
    static const char *const words[] = {
        [MODEL_TIMED_FOOTPRINT] = "footprint",
        [MODEL_TIMED_CAPABILITY] = "capability",
        [MODEL_TIMED_WITHDRAWAL_OF_FOOTPRINT] = "withdrawal of",
        [MODEL_TIMED_WITHDRAWAL_OF_CAPABILITY] = "withdrawal of",
    };
    if (told < TOLD_MAX) {
        buf_printf(out, "%s%s '%.*s' %s", told ? "; " : "", words[t->kind], SLICE_ARG(t->name),
                   what);
    }
}

void schedule_write_changes(const model_t *model, int64_t since, int64_t now, buf_t *out)
{
    size_t told = 0;
    for (size_t i = 0; i < model->timed_count; i++) {
        const model_timed_t *t = &model->timed[i];
        if (since < t->window.from && t->window.from <= now && now < t->window.until) {
            write_change(t, "begins", told++, out);
        }
        if (since < t->window.until && t->window.until <= now && t->window.from <= since) {
            write_change(t, "ends", told++, out);
        }
    }
    if (told > TOLD_MAX) {
        buf_printf(out, "; and %zu more", told - TOLD_MAX);
    }
}
