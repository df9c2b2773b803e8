#include "admin_answers.h"

#include "footprintd/lookup/report.h"

/* Near misses too: whoever asks about one address wants to know why. */
static err_t explain(const snapshot_t *snapshot, const char *directory, const addr_t *addr,
                     buf_t *out)
{
    lookup_engine_t *engine = NULL;
    err_t err = lookup_engine_new_borrow(snapshot_model(snapshot), snapshot_attributes(snapshot),
                                         snapshot_join(snapshot), &engine);
    if (err) {
        return err;
    }
    report_t report;
    err = report_init(&report, engine, directory, time(NULL));
    if (!err) {
        report.why = true;
        report.names = true;
        err = report_json(&report, addr);
        buf_append_slice(out, buf_slice(&report.out));
    }
    report_release(&report);
    lookup_engine_free(engine);
    return err;
}

void admin_explain(admin_t *admin, const admin_request_t *request, admin_response_t *response)
{
    buf_t text = BUF_INIT;
    addr_t addr;
    if (!admin_query_get(request, "address", &text)) {
        admin_error(response, 400, "no-address", "the parameter address is missing");
    } else if (addr_parse(buf_slice(&text), &addr)) {
        admin_error(response, 400, "bad-address", "'%.*s' is not an IP address",
                    SLICE_ARG(slice_of(text.ptr, text.len < 60 ? text.len : 60)));
    } else {
        snapshot_t *snapshot = builder_take_current(admin->builder);
        err_t err = explain(snapshot, admin->config->footprints.ptr, &addr, &response->body);
        snapshot_unref(snapshot);
        response->status = 200;
        if (err) {
            admin_refuse_error(response, err);
        }
    }
    buf_release(&text);
}
