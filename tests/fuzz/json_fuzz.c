/*
 * JSON: the reader and the tree agree on what is well-formed, except for duplicate names; what the
 * writer makes of a tree reads back as the same tree and is written the same way again.
 */
#include "footprintd/base/json.h"

#include "fuzz.h"

/* Reads all of the text; the last event. */
static json_event_t read_all(slice_t text, unsigned depth_limit)
{
    json_reader_t r;
    if (json_reader_init(&r, text, depth_limit)) {
        return JSON_EV_ERROR;
    }
    json_event_t event;
    size_t offset = 0;
    uint32_t line = 1, column = 1;
    int depth = 0;
    do {
        event = json_reader_next(&r);
        depth += (event == JSON_EV_OBJECT) + (event == JSON_EV_ARRAY);
        depth -= (event == JSON_EV_OBJECT_END) + (event == JSON_EV_ARRAY_END);
        FUZZ_CHECK(depth >= 0 && (unsigned)depth <= depth_limit);
        FUZZ_CHECK(r.offset <= text.len);
        FUZZ_CHECK(r.line > line || (r.line == line && r.column >= column));
        FUZZ_CHECK(r.offset >= offset);
        FUZZ_CHECK(r.column <= r.offset + 1);
        if (event == JSON_EV_KEY || event == JSON_EV_STRING) {
            FUZZ_CHECK(text.ptr[r.offset] == '"');
            FUZZ_CHECK(utf8_valid(r.text));
        }
        offset = r.offset;
        line = r.line;
        column = r.column;
    } while (event != JSON_EV_ERROR && event != JSON_EV_END);
    FUZZ_CHECK(event == JSON_EV_ERROR ? r.error != NULL : depth == 0);
    FUZZ_CHECK(json_reader_next(&r) == event);
    json_reader_release(&r);
    return event;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const unsigned depth_limit = 40;
    slice_t text = slice_of((const char *)data, size);
    arena_t arena, again_arena;
    json_value_t *tree = NULL, *again = NULL;
    json_error_t error = {.text = ""};
    arena_init(&arena, 0);
    arena_init(&again_arena, 0);
    err_t err = json_parse(text, depth_limit, &arena, &tree, &error);
    json_event_t last = read_all(text, depth_limit);
    if (err) {
        FUZZ_CHECK(last == JSON_EV_ERROR || strstr(error.text, "duplicate member"));
        FUZZ_CHECK(error.offset <= size && error.line > 0 && error.column > 0);
        FUZZ_CHECK(utf8_valid(slice_str(error.text)));
    } else {
        FUZZ_CHECK(last == JSON_EV_END && utf8_valid(text));
        buf_t written = BUF_INIT, rewritten = BUF_INIT;
        json_write_value(&written, tree);
        FUZZ_CHECK(!buf_failed(&written));
        FUZZ_CHECK(!json_parse(buf_slice(&written), depth_limit, &again_arena, &again, &error));
        FUZZ_CHECK(json_value_equal(tree, again) && json_value_equal(again, tree));
        json_write_value(&rewritten, again);
        FUZZ_CHECK(slice_eq(buf_slice(&written), buf_slice(&rewritten)));
        buf_release(&written);
        buf_release(&rewritten);
    }
    arena_release(&arena);
    arena_release(&again_arena);
    return 0;
}
