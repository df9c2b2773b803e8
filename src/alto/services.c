#include "footprintd/alto/services.h"

slice_t service_capabilities(const resource_kind_t *kind, const slice_t *uses, size_t count,
                             arena_t *arena)
{
    buf_t text = BUF_INIT;
    buf_append_str(&text, "{\"incremental-change-media-types\":{");
    for (size_t i = 0; i < count; i++) {
        buf_printf(&text, "%s\"%.*s\":\"" ALTO_MEDIA_PATCHES "\"", i ? "," : "",
                   SLICE_ARG(uses[i]));
    }
    buf_append_str(&text,
                   kind->service == SERVICE_UPDATES ? "},\"support-stream-control\":true}" : "}}");
    slice_t copy = buf_failed(&text) ? slice_of(NULL, 0) : arena_copy(arena, buf_slice(&text));
    buf_release(&text);
    return copy;
}

const resource_kind_t resource_kind_updates = {
    .name = "updates",
    .media_type = ALTO_MEDIA_EVENT_STREAM,
    .accepts = ALTO_MEDIA_STREAM_PARAMS,
    .service = SERVICE_UPDATES,
};

const resource_kind_t resource_kind_tips = {
    .name = "tips",
    .media_type = ALTO_MEDIA_TIPS,
    .accepts = ALTO_MEDIA_TIPS_PARAMS,
    .service = SERVICE_TIPS,
};
