/*
 * Event streams: what is parsed does not depend on the pieces that the bytes come in, and stays
 * within the limit. The first byte says where they are cut.
 */
#include "ctl/sse_parser.h"

#include "fuzz.h"

#define LIMIT 64

typedef struct seen {
    buf_t text;
    size_t comments;
} seen_t;

static bool on_event(void *arg, slice_t type, slice_t data)
{
    seen_t *seen = arg;
    FUZZ_CHECK(type.len > 0 && type.len <= LIMIT && data.len < LIMIT);
    sse_event_name_t name = sse_event_name(type);
    FUZZ_CHECK(name.media_type.len + name.data_id.len + (name.data_id.ptr != NULL) == type.len);
    FUZZ_CHECK(name.substream.len + name.content_id.len + (name.content_id.ptr != NULL) ==
               name.data_id.len);
    buf_append_slice(&seen->text, type);
    buf_append_char(&seen->text, '\n');
    buf_append_slice(&seen->text, data);
    buf_append_char(&seen->text, '\n');
    return true;
}

static void on_comment(void *arg)
{
    ((seen_t *)arg)->comments++;
}

static bool parse(slice_t bytes, size_t piece, seen_t *seen)
{
    sse_parser_t p;
    sse_parser_init(&p, LIMIT);
    p.on_event = on_event;
    p.on_comment = on_comment;
    p.arg = seen;
    bool fed = true;
    while (fed && bytes.len) {
        size_t len = bytes.len < piece ? bytes.len : piece;
        fed = sse_parser_feed(&p, slice_of(bytes.ptr, len));
        bytes = slice_of(bytes.ptr + len, bytes.len - len);
    }
    FUZZ_CHECK(fed == (p.error == NULL));
    sse_parser_release(&p);
    return fed;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    slice_t bytes = slice_of((const char *)data + 1, size - 1);
    seen_t whole = {.text = BUF_INIT}, pieces = {.text = BUF_INIT};
    FUZZ_CHECK(parse(bytes, size, &whole) == parse(bytes, data[0] % 7 + 1, &pieces));
    FUZZ_CHECK(slice_eq(buf_slice(&whole.text), buf_slice(&pieces.text)));
    FUZZ_CHECK(whole.comments == pieces.comments);
    buf_release(&whole.text);
    buf_release(&pieces.text);
    return 0;
}
