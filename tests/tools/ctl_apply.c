/*
 * What the subscriber's parts make of cases from outside: one JSON object a line on standard input,
 * one a line on standard output.
 *
 *     {"doc": ..., "patch": ..., "kind": "json-patch" | "merge-patch"}
 *         -> {"result": ...} or {"error": "..."}
 *     {"sse": "bytes"}   -> {"events": [["type", "data"], ...]}
 *     {"message": "text", "type": "multipart/related;..."}
 *         -> {"result": {"part": ...}} or {"error": "..."}
 *     {"event": "type"}  -> {"names": ["media type", "data-id", "substream-id", "content-id"]}
 */
#include "ctl/json_patch.h"
#include "ctl/sse_parser.h"
#include "ctl/watch_message.h"

#include <stdio.h>
#include <stdlib.h>

static void patch(const json_value_t *line, json_value_t *doc, arena_t *arena, buf_t *out)
{
    buf_t why = BUF_INIT;
    const json_value_t *changes = json_get(line, "patch"), *kind = json_get(line, "kind");
    err_t err = slice_is(kind->u.text, "merge-patch")
                    ? ctl_merge_patch_apply(doc, changes, arena)
                    : ctl_json_patch_apply(doc, changes, arena, &why);
    buf_append_str(out, err ? "{\"error\":" : "{\"result\":");
    if (err) {
        json_write_string(out, err == ERR_DATA ? buf_slice(&why) : slice_str(err_text(err)));
    } else {
        json_write_value(out, doc);
    }
    buf_append_char(out, '}');
    buf_release(&why);
}

static bool on_event(void *arg, slice_t type, slice_t data)
{
    buf_t *out = arg;
    buf_append_str(out, out->ptr[out->len - 1] == '[' ? "[" : ",[");
    json_write_string(out, type);
    buf_append_char(out, ',');
    json_write_string(out, data);
    buf_append_char(out, ']');
    return true;
}

static void events(slice_t bytes, buf_t *out)
{
    sse_parser_t parser;
    sse_parser_init(&parser, 1 << 20);
    parser.on_event = on_event;
    parser.arg = out;
    buf_append_str(out, "{\"events\":[");
    (void)sse_parser_feed(&parser, bytes);
    buf_append_str(out, "]}");
    sse_parser_release(&parser);
}

static void message(const json_value_t *line, arena_t *arena, buf_t *out)
{
    buf_t why = BUF_INIT;
    json_value_t *root = NULL;
    err_t err = watch_message_read(json_get(line, "type")->u.text,
                                   json_get(line, "message")->u.text, arena, &root, &why);
    buf_append_str(out, err ? "{\"error\":" : "{\"result\":");
    if (err) {
        json_write_string(out, err == ERR_DATA ? buf_slice(&why) : slice_str(err_text(err)));
    } else {
        json_write_value(out, root);
    }
    buf_append_char(out, '}');
    buf_release(&why);
}

static void names(slice_t type, buf_t *out)
{
    sse_event_name_t name = sse_event_name(type);
    slice_t all[] = {name.media_type, name.data_id, name.substream, name.content_id};
    for (size_t i = 0; i < 4; i++) {
        buf_append_str(out, i ? "," : "{\"names\":[");
        if (all[i].ptr) {
            json_write_string(out, all[i]);
        } else {
            buf_append_str(out, "null");
        }
    }
    buf_append_str(out, "]}");
}

static void answer(slice_t text, buf_t *out)
{
    arena_t arena;
    json_error_t error;
    json_value_t *line;
    arena_init(&arena, 64 << 20);
    if (json_parse(text, 0, &arena, &line, &error)) {
        buf_append_str(out, "{\"error\":");
        json_write_string(out, slice_str(error.text));
        buf_append_char(out, '}');
    } else if (json_get(line, "sse")) {
        events(json_get(line, "sse")->u.text, out);
    } else if (json_get(line, "message")) {
        message(line, &arena, out);
    } else if (json_get(line, "event")) {
        names(json_get(line, "event")->u.text, out);
    } else {
        /* The value itself, not a copy: the patch changes it. */
        for (size_t i = 0; i < line->u.object.count; i++) {
            json_member_t *m = &line->u.object.members[i];
            if (slice_is(m->name, "doc")) {
                patch(line, &m->value, &arena, out);
            }
        }
    }
    arena_release(&arena);
}

int main(void)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t len;
    buf_t out = BUF_INIT;
    while ((len = getline(&line, &size, stdin)) > 0) {
        buf_clear(&out);
        answer(slice_of(line, (size_t)len), &out);
        (void)printf("%.*s\n", SLICE_ARG(buf_slice(&out)));
    }
    free(line);
    buf_release(&out);
    return 0;
}
