/* Event streams: the cases of tests/golden/updates, in pieces of every size; limits; names. */
#include "ctl/sse_parser.h"

#include "failmalloc.h"
#include "tight.h"
#include "update_cases.h"

typedef struct seen {
    buf_t text; /* type, NUL, data, NUL for each event */
    size_t comments;
    size_t events;
    size_t stop_after;
} seen_t;

static bool on_event(void *arg, slice_t type, slice_t data)
{
    seen_t *seen = arg;
    buf_append_slice(&seen->text, type);
    buf_append_char(&seen->text, '|');
    buf_append_slice(&seen->text, data);
    buf_append_char(&seen->text, '\0');
    return ++seen->events != seen->stop_after;
}

static void on_comment(void *arg)
{
    ((seen_t *)arg)->comments++;
}

static void start(sse_parser_t *p, seen_t *seen, size_t limit)
{
    *seen = (seen_t){.text = BUF_INIT};
    sse_parser_init(p, limit);
    p->on_event = on_event;
    p->on_comment = on_comment;
    p->arg = seen;
}

static void run_case(const json_value_t *at, size_t piece)
{
    sse_parser_t p;
    seen_t seen;
    slice_t bytes = update_case_text(at, "bytes");
    start(&p, &seen, 1000);
    for (size_t from = 0; from < bytes.len; from += piece) {
        slice_t part = tight_copy(
            slice_of(bytes.ptr + from, bytes.len - from < piece ? bytes.len - from : piece));
        assert_true(sse_parser_feed(&p, part));
        tight_free(part);
    }
    buf_t want = BUF_INIT;
    const json_value_t *events = json_get(at, "events"), *comments = json_get(at, "comments");
    for (size_t i = 0; i < events->u.array.count; i++) {
        const json_value_t *pair = events->u.array.items[i].u.array.items;
        buf_append_slice(&want, pair[0].u.text);
        buf_append_char(&want, '|');
        buf_append_slice(&want, pair[1].u.text);
        buf_append_char(&want, '\0');
    }
    if (!slice_eq(buf_slice(&want), buf_slice(&seen.text))) {
        fail_msg("%.*s in pieces of %zu", SLICE_ARG(update_case_text(at, "name")), piece);
    }
    if (comments) {
        assert_int_equal(seen.comments, comments->u.text.ptr[0] - '0');
    }
    buf_release(&want);
    buf_release(&seen.text);
    sse_parser_release(&p);
}

static void cases(void **state)
{
    (void)state;
    update_cases_t cases = update_cases_read("sse.json");
    for (size_t i = 0; i < cases.list->u.array.count; i++) {
        const json_value_t *at = &cases.list->u.array.items[i];
        size_t len = update_case_text(at, "bytes").len;
        for (size_t piece = 1; piece <= len; piece++) {
            run_case(at, piece);
        }
    }
    arena_release(&cases.arena);
}

/* Whether a stream within a limit of 10 bytes is refused, and with what. */
static const char *error_of(const char *bytes)
{
    sse_parser_t p;
    seen_t seen;
    start(&p, &seen, 10);
    bool fed = sse_parser_feed(&p, slice_str(bytes));
    const char *error = p.error;
    assert_int_equal(fed, error == NULL);
    buf_release(&seen.text);
    sse_parser_release(&p);
    return error;
}

static void limits(void **state)
{
    (void)state;
    assert_null(error_of("data: 4567\n\n"));
    assert_string_equal(error_of("data: 45678\n\n"), "a line is longer than this program takes");
    assert_string_equal(error_of("data: 45678"), "a line is longer than this program takes");
    assert_string_equal(error_of(":234567890a"), "a line is longer than this program takes");
    /* With the line feeds between them. */
    assert_null(error_of("data:1234\ndata:678\n\n"));
    assert_null(error_of("data:1234\n\ndata:5678\n\n"));
    assert_string_equal(error_of("data:1234\ndata:67890\n\n"),
                        "an event is longer than this program takes");
}

static void a_callback_ends_it(void **state)
{
    (void)state;
    sse_parser_t p;
    seen_t seen;
    start(&p, &seen, 100);
    seen.stop_after = 1;
    assert_false(sse_parser_feed(&p, SLICE_LIT("data:1\n\ndata:2\n\n")));
    assert_null(p.error);
    assert_int_equal(seen.events, 1);
    buf_release(&seen.text);
    sse_parser_release(&p);
}

static bool ignore_event(void *arg, slice_t type, slice_t data)
{
    (void)type;
    (void)data;
    ++*(size_t *)arg;
    return true;
}

static void memory_fails(void **state)
{
    (void)state;
    for (size_t n = 1;; n++) {
        sse_parser_t p;
        size_t events = 0;
        sse_parser_init(&p, 100000);
        p.on_event = ignore_event;
        p.arg = &events;
        failmalloc_arm(n);
        bool fed = sse_parser_feed(&p, SLICE_LIT("event: abc\nda")) &&
                   sse_parser_feed(&p, SLICE_LIT("ta: x\n\n"));
        bool refused = failmalloc_disarm();
        assert_int_equal(fed, !refused);
        assert_int_equal(events, refused ? 0 : 1);
        sse_parser_release(&p);
        if (!refused) {
            assert_true(n > 2);
            break;
        }
        assert_string_equal(p.error, "out of memory");
    }
}

static void names(void **state)
{
    (void)state;
    static const struct {
        const char *type, *media, *data_id, *substream, *content;
    } cases[] = {
        {"application/json-patch+json,sub1", "application/json-patch+json", "sub1", "sub1", NULL},
        {"application/alto-updatestreamcontrol+json", "application/alto-updatestreamcontrol+json",
         NULL, NULL, NULL},
        {"multipart/related;boundary=\"a,b\";type=x/y,s1",
         "multipart/related;boundary=\"a,b\";type=x/y", "s1", "s1", NULL},
        {"application/merge-patch+json,s.part.x", "application/merge-patch+json", "s.part.x", "s",
         "part.x"},
        {"a/b,", "a/b", "", "", NULL},
        {"", "", NULL, NULL, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sse_event_name_t name = sse_event_name(slice_str(cases[i].type));
        const char *want[] = {cases[i].media, cases[i].data_id, cases[i].substream,
                              cases[i].content};
        slice_t got[] = {name.media_type, name.data_id, name.substream, name.content_id};
        for (size_t j = 0; j < 4; j++) {
            assert_int_equal(got[j].ptr != NULL, want[j] != NULL);
            assert_true(!want[j] || slice_is(got[j], want[j]));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cases),
        cmocka_unit_test(limits),
        cmocka_unit_test(a_callback_ends_it),
        cmocka_unit_test(memory_fails),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
