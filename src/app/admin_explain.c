#include "admin_answers.h"

#include "footprintd/lookup/report.h"

/* What is asked about: an address, or all addresses of a prefix. */
typedef struct subject {
    bool is_prefix;
    bool host_bits; /* of the prefix were set */
    prefix_t prefix;
    addr_t addr;
} subject_t;

static bool parse(slice_t text, subject_t *out)
{
    *out = (subject_t){.is_prefix = memchr(text.ptr, '/', text.len) != NULL};
    return out->is_prefix ? !prefix_parse(text, &out->prefix, &out->host_bits)
                          : !addr_parse(text, &out->addr);
}

/* Near misses too: whoever asks about one address wants to know why. */
static err_t explain(const snapshot_t *snapshot, const char *directory, const subject_t *subject,
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
        err = subject->is_prefix ? report_json_prefix(&report, &subject->prefix, subject->host_bits)
                                 : report_json(&report, &subject->addr);
        buf_append_slice(out, buf_slice(&report.out));
    }
    report_release(&report);
    lookup_engine_free(engine);
    return err;
}

void admin_explain(admin_t *admin, const admin_request_t *request, admin_response_t *response)
{
    buf_t text = BUF_INIT;
    subject_t subject;
    if (!admin_query_get(request, "address", &text)) {
        admin_error(response, 400, "no-address", "the parameter address is missing");
    } else if (!text.len || !parse(buf_slice(&text), &subject)) {
        admin_error(response, 400, "bad-address", "'%.*s' is neither an IP address nor a prefix",
                    SLICE_ARG(slice_of(text.ptr, text.len < 60 ? text.len : 60)));
    } else {
        snapshot_t *snapshot = builder_take_current(admin->builder);
        err_t err = explain(snapshot, admin->config->footprints.ptr, &subject, &response->body);
        snapshot_unref(snapshot);
        response->status = 200;
        if (err) {
            admin_refuse_error(response, err);
        }
    }
    buf_release(&text);
}
