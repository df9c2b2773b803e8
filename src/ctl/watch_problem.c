#include "watch_problem.h"

#include "footprintd/base/json.h"

#define QUOTED_MAX 200

/* The meta of an ALTO error in the body, or NULL. The tree is in the arena. */
static const json_value_t *alto_error(const watch_answer_t *answer, arena_t *arena)
{
    json_value_t *root;
    if (!slice_eq_nocase(answer->media_type, SLICE_LIT("application/alto-error+json")) ||
        json_parse(answer->body, 0, arena, &root, NULL)) {
        return NULL;
    }
    const json_value_t *meta = json_get(root, "meta");
    return json_is_string(json_get(meta, "code")) ? meta : NULL;
}

watch_verdict_t watch_problem_verdict(const watch_answer_t *answer)
{
    switch (answer->status) {
    case 0:
        return answer->for_good ? WATCH_REFUSED : WATCH_AGAIN;
    case 400: {
        arena_t arena;
        arena_init(&arena, 0);
        bool refused = alto_error(answer, &arena) != NULL;
        arena_release(&arena);
        return refused ? WATCH_REFUSED : WATCH_OTHER_WAY;
    }
    case 401:
    case 403:
        return WATCH_REFUSED;
    case 408:
    case 425:
    case 429:
        return WATCH_AGAIN;
    case 501:
    case 505:
        return WATCH_OTHER_WAY;
    default:
        return answer->status >= 500 ? WATCH_AGAIN : WATCH_OTHER_WAY;
    }
}

void watch_problem_quote(slice_t text, buf_t *out)
{
    slice_t cut = utf8_valid(text)
                      ? utf8_truncate(text, QUOTED_MAX)
                      : slice_of(text.ptr, text.len < QUOTED_MAX ? text.len : QUOTED_MAX);
    for (size_t i = 0; i < cut.len; i++) {
        unsigned char c = (unsigned char)cut.ptr[i];
        buf_append_char(out, c < 0x20 || c == 0x7f ? '?' : cut.ptr[i]);
    }
    buf_append_str(out, cut.len < text.len ? "..." : "");
}

static void append_member(const json_value_t *meta, const char *name, buf_t *out)
{
    const json_value_t *v = json_get(meta, name);
    if (!v) {
        return;
    }
    buf_t text = BUF_INIT;
    if (v->kind == JSON_STRING) {
        buf_append_slice(&text, v->u.text);
    } else { /* RFC 8895 7.6 has a list here */
        json_write_value(&text, v);
    }
    buf_printf(out, ", %s '", name);
    watch_problem_quote(buf_slice(&text), out);
    buf_append_char(out, '\'');
    buf_release(&text);
}

void watch_problem_text(const watch_answer_t *answer, buf_t *out)
{
    if (answer->status == 0) {
        buf_append_str(out, answer->failure ? answer->failure : "no answer");
        return;
    }
    arena_t arena;
    arena_init(&arena, 0);
    const json_value_t *meta = alto_error(answer, &arena);
    buf_printf(out, "HTTP status %ld", answer->status);
    if (meta) {
        buf_append_str(out, ": ");
        watch_problem_quote(json_get(meta, "code")->u.text, out);
        append_member(meta, "syntax-error", out);
        append_member(meta, "field", out);
        append_member(meta, "value", out);
    }
    arena_release(&arena);
}
