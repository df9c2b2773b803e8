#include "footprintd/alto/directory.h"

#include "footprintd/base/json.h"

static void write_entry(const directory_entry_t *e, slice_t base_uri, buf_t *out)
{
    json_write_string(out, e->id);
    /* Ids, and so paths, need no escaping (RFC 7285 10.2); URIs were checked. */
    slice_t base = e->uri.len ? e->uri : base_uri;
    buf_printf(out, ":{\"uri\":\"%.*s%.*s\",\"media-type\":\"%s\"", SLICE_ARG(base),
               SLICE_ARG(e->path), e->kind->media_type);
    if (e->kind->accepts) {
        buf_printf(out, ",\"accepts\":\"%s\"", e->kind->accepts);
    }
    if (e->capabilities.len) {
        buf_append_str(out, ",\"capabilities\":");
        buf_append_slice(out, e->capabilities);
    }
    for (size_t i = 0; i < e->uses_count; i++) {
        buf_append_str(out, i ? "," : ",\"uses\":[");
        json_write_string(out, e->uses[i]);
    }
    buf_append_str(out, e->uses_count ? "]}" : "}");
}

err_t directory_write(const directory_entry_t *entries, size_t count, slice_t default_map,
                      slice_t cost_types, slice_t base_uri, buf_t *out)
{
    buf_append_str(out, "{\"meta\":{\"default-alto-network-map\":");
    json_write_string(out, default_map);
    if (cost_types.len) {
        buf_append_str(out, ",\"cost-types\":");
        buf_append_slice(out, cost_types);
    }
    buf_append_str(out, "},\"resources\":{");
    for (size_t i = 0; i < count; i++) {
        if (i) {
            buf_append_char(out, ',');
        }
        write_entry(&entries[i], base_uri, out);
    }
    buf_append_str(out, "}}");
    return buf_failed(out) ? ERR_NOMEM : ERR_OK;
}

const resource_kind_t resource_kind_directory = {.name = "directory",
                                                 .media_type = ALTO_MEDIA_DIRECTORY};
