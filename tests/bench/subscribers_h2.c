/*
 * The HTTP/2 of the load client, with libnghttp2: all streams of a connection subscribe at once.
 */
#include "subscribers.h"

#include <stdlib.h>
#include <string.h>

enum { WINDOW_MAX = INT32_MAX, WINDOW_INITIAL = 65535 };

/* Streams are opened in the order of the subscribers: 1, 3, 5. */
static subscriber_t *subscriber_of(const void *user, int32_t stream)
{
    const connection_t *of = user;
    uint32_t n = (uint32_t)(stream - 1) / 2;
    return stream > 0 && n < load.streams ? &of->subscribers[n] : NULL;
}

static ssize_t on_send(nghttp2_session *session, const uint8_t *bytes, size_t len, int flags,
                       void *user)
{
    (void)session;
    (void)flags;
    int64_t written = connection_write(user, bytes, len);
    if (written < 0) {
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    }
    return written == 0 ? NGHTTP2_ERR_WOULDBLOCK : (ssize_t)written;
}

static int on_begin_frame(nghttp2_session *session, const nghttp2_frame_hd *head, void *user)
{
    (void)session;
    subscriber_t *subscriber = head->type == NGHTTP2_DATA ? subscriber_of(user, head->stream_id)
                                                          : NULL;
    if (subscriber) {
        enum { FRAME_HEADER = 9 };
        events_overhead(subscriber, FRAME_HEADER);
    }
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *bytes,
                   size_t len, void *user)
{
    (void)session;
    (void)flags;
    subscriber_t *subscriber = subscriber_of(user, stream);
    if (subscriber) {
        events_take(subscriber, (const char *)bytes, len);
    }
    return 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                     void *user)
{
    (void)session;
    (void)flags;
    (void)value_len;
    subscriber_t *subscriber = subscriber_of(user, frame->hd.stream_id);
    if (subscriber && name_len == strlen(":status") && memcmp(name, ":status", name_len) == 0) {
        subscriber_answered(subscriber, atoi((const char *)value)); /* ends with NUL */
    }
    return 0;
}

static int on_stream_close(nghttp2_session *session, int32_t stream, uint32_t error, void *user)
{
    (void)session;
    (void)error;
    subscriber_t *subscriber = subscriber_of(user, stream);
    if (subscriber) {
        subscriber_closed(subscriber);
    }
    return 0;
}

static ssize_t read_body(nghttp2_session *session, int32_t stream, uint8_t *out, size_t room,
                         uint32_t *flags, nghttp2_data_source *source, void *user)
{
    (void)session;
    (void)stream;
    (void)source;
    (void)user;
    size_t len = strlen(load.body);
    if (len > room) {
        return NGHTTP2_ERR_CALLBACK_FAILURE; /* such requests are not for this client */
    }
    memcpy(out, load.body, len);
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)len;
}

static nghttp2_nv field(const char *name, const char *value)
{
    return (nghttp2_nv){(uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value, strlen(name),
                        strlen(value), NGHTTP2_NV_FLAG_NONE};
}

static int subscribe(nghttp2_session *session)
{
    const nghttp2_nv fields[] = {
        field(":method", load.body ? "POST" : "GET"), field(":scheme", "http"),
        field(":authority", load.authority),          field(":path", load.path),
        field("accept", "text/event-stream"),         field("content-type", load.content_type),
    };
    size_t count = sizeof fields / sizeof fields[0] - (load.body ? 0 : 1);
    const nghttp2_data_provider body = {.read_callback = read_body};
    return nghttp2_submit_request(session, NULL, fields, count, load.body ? &body : NULL, NULL);
}

nghttp2_session *h2_start(connection_t *connection)
{
    static nghttp2_session_callbacks *callbacks;
    if (!callbacks) {
        if (nghttp2_session_callbacks_new(&callbacks) != 0) {
            abort();
        }
        nghttp2_session_callbacks_set_send_callback(callbacks, on_send);
        nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, on_begin_frame);
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
        nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
        nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    }
    nghttp2_session *session = NULL;
    int32_t window = load.window ? (int32_t)load.window : WINDOW_MAX;
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, (uint32_t)window},
    };
    if (nghttp2_session_client_new(&session, callbacks, connection) != 0 ||
        nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings, 2) != 0 ||
        (window > WINDOW_INITIAL &&
         nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, window) != 0)) {
        abort();
    }
    for (uint32_t i = 0; i < load.streams; i++) {
        if (subscribe(session) < 0) {
            abort();
        }
    }
    return session;
}

bool h2_take(nghttp2_session *session, const char *bytes, size_t len)
{
    return nghttp2_session_mem_recv(session, (const uint8_t *)bytes, len) == (ssize_t)len;
}
