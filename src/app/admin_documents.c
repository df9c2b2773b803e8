#include "admin_answers.h"

#include "footprintd/base/json.h"
#include "footprintd/config/inputs.h"
#include "footprintd/store/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

static err_t write_entry(const store_document_t *d, buf_t *out)
{
    buf_append_str(out, "{\"name\":");
    json_write_string(out, d->file);
    if (!d->bytes.ptr) {
        buf_append_str(out, ",\"size\":null,\"etag\":null}");
        return ERR_OK;
    }
    char etag[ADMIN_ETAG_MAX];
    err_t err = admin_document_etag(d->bytes, etag);
    buf_printf(out, ",\"size\":%zu,\"etag\":", d->bytes.len);
    json_write_string(out, slice_str(err ? "" : etag));
    buf_append_char(out, '}');
    return err;
}

void admin_document_list(admin_t *admin, const admin_request_t *request, admin_response_t *response)
{
    (void)request;
    findings_t findings;
    store_documents_t documents;
    findings_init(&findings, (size_t)admin->config->limits.findings);
    store_documents_init(&documents);
    buf_t *out = &response->body;
    err_t err = config_read_documents(admin->config, &documents, &findings);
    /* What cannot be read is in the list all the same. */
    err = err == ERR_DATA ? ERR_OK : err;
    buf_append_str(out, "{\"documents\":[");
    for (size_t i = 0; i < documents.count && !err; i++) {
        buf_append_str(out, i ? "," : "");
        err = write_entry(&documents.items[i], out);
    }
    buf_append_str(out, "]}\n");
    response->status = 200;
    if (err) {
        admin_refuse_error(response, err);
    }
    findings_release(&findings);
    store_documents_release(&documents);
}

static void read_document(const admin_t *admin, const char *path, admin_response_t *response)
{
    struct stat st;
    if (stat(path, &st) != 0 && (errno == ENOENT || errno == ENAMETOOLONG)) {
        admin_error(response, 404, "no-such-document", "there is no document of this name");
        return;
    }
    buf_t why = BUF_INIT;
    err_t err = store_file_read(AT_FDCWD, path, (size_t)admin->config->limits.document_bytes,
                                &response->body, &why);
    if (!err) {
        err = admin_document_etag(buf_slice(&response->body), response->etag);
    }
    if (err && why.len) {
        admin_error(response, 500, "unreadable", "the document %.*s", SLICE_ARG(buf_slice(&why)));
    } else if (err) {
        admin_refuse_error(response, err);
    }
    buf_release(&why);
}

void admin_document_get(admin_t *admin, const admin_request_t *request, admin_response_t *response)
{
    doc_format_t format = DOC_YAML;
    if (!admin_document_name(request->name, &format)) {
        admin_error(response, 404, "no-such-document", "there is no document of this name");
        return;
    }
    response->status = 200;
    bool json = request->name.ptr[request->name.len - 1] == 'n';
    response->media_type = format == DOC_YAML ? ADMIN_MEDIA_YAML
                           : json             ? ADMIN_MEDIA_JSON
                                              : ADMIN_MEDIA_CSV;
    slice_t path = arena_printf(&response->arena, "%.*s/%.*s", SLICE_ARG(admin->config->footprints),
                                SLICE_ARG(request->name));
    if (path.ptr) {
        read_document(admin, path.ptr, response);
    }
}
