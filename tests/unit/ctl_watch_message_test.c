/* Answers of several parts: media types, parts, and copies of which parts are patched. */
#include "ctl/watch_doc.h"
#include "ctl/watch_message.h"

#include "failmalloc.h"
#include "fpd_cmocka.h"

#define RELATED SLICE_LIT("Multipart/Related; boundary=b; type=\"application/alto-costmap+json\"")
#define COSTS(tag, rest)                                                                           \
    "{\"meta\":{\"vtag\":{\"resource-id\":\"pv.costs\",\"tag\":\"" tag                             \
    "\"},\"dependent-vtags\":[{\"resource-id\":\"net\",\"tag\":\"n\"}]}," rest "}"
#define PROPERTIES(tag, rest)                                                                      \
    "{\"meta\":{\"dependent-vtags\":[{\"resource-id\":\"pv.costs\",\"tag\":\"" tag                 \
    "\"},{\"resource-id\":\"elements\",\"tag\":\"e\"}]}," rest "}"
#define PART(id, json) "--b\r\nContent-Type: x/y\r\nContent-ID: " id "\r\n\r\n" json "\r\n"
#define MESSAGE(costs, properties)                                                                 \
    PART("<costs@alto.example>", costs) PART("<properties@alto.example>", properties) "--b--\r\n"

static void media_types(void **state)
{
    (void)state;
    assert_true(watch_message_is(RELATED));
    assert_true(watch_message_is(SLICE_LIT("multipart/related")));
    assert_false(watch_message_is(SLICE_LIT("multipart/mixed;boundary=b")));
    assert_false(watch_message_is(SLICE_LIT("")));
    static const char announced[] = "multipart/related;type=application/alto-costmap+json";
    static const struct {
        const char *announced, *got;
        bool same;
    } cases[] = {
        {announced, "multipart/related;boundary=x;type=application/alto-costmap+json", true},
        {announced, "Multipart/Related; type=\"application/alto-costmap+json\"; boundary=\"a;b\"",
         true},
        {announced, "multipart/related;boundary=x;type=application/alto-endpointcost+json", false},
        {announced, "multipart/related;boundary=x", false},
        {announced, "application/alto-costmap+json", false},
        {"multipart/related", "multipart/related;type=x/y", true},
        {"application/alto-cdni+json", "application/alto-CDNI+json; charset=utf-8", true},
        {"application/alto-cdni+json", "application/alto-propmap+json", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(watch_media_same(slice_str(cases[i].announced), slice_str(cases[i].got)),
                         cases[i].same);
    }
}

static void names(void **state)
{
    (void)state;
    assert_true(slice_is(watch_part_name(SLICE_LIT(" <costs@alto.example>\r")), "costs"));
    assert_true(slice_is(watch_part_name(SLICE_LIT("costs@alto.example")), "costs"));
    assert_true(slice_is(watch_part_name(SLICE_LIT("costs")), "costs"));
    assert_true(slice_is(watch_part_name(SLICE_LIT("<>")), ""));
}

/* What is read of a message, or "!" and the reason. */
static void assert_message(slice_t type, const char *text, const char *want)
{
    arena_t arena;
    json_value_t *root = NULL;
    buf_t got = BUF_INIT;
    arena_init(&arena, 0);
    buf_append_char(&got, '!');
    err_t err = watch_message_read(type, slice_str(text), &arena, &root, &got);
    if (!err) {
        buf_clear(&got);
        json_write_value(&got, root);
    }
    buf_append_char(&got, '\0');
    assert_true(err == ERR_OK || err == ERR_DATA);
    assert_string_equal(got.ptr, want);
    arena_release(&arena);
    buf_release(&got);
}

static void messages(void **state)
{
    (void)state;
    const char *both = "{\"a\":{\"x\":1},\"c\":[]}";
    assert_message(RELATED, PART("<a@b>", "{\"x\":1}") PART("<c@b>", "[]") "--b--\r\n", both);
    /* As lines of an event; and as RFC 9275 prints them, without the closing delimiter. */
    assert_message(SLICE_LIT("multipart/related;boundary=\"b\""),
                   "preamble\n--b\ncontent-id:a\n\n{\"x\":\n1}\n--b \nContent-ID: <c>\n\n[]\n--b--",
                   both);
    assert_message(RELATED, "--b\nContent-ID: a\n\n{\"x\":1}\n--b\nContent-ID: c\n\n[]\n--b\n",
                   both);
    assert_message(
        RELATED, PART("a", "\"--b\"") PART("c", "[]") "--bb\r\n--b--",
        "!part 'c' is not JSON: line 2 column 1: unexpected '-': text behind the end of the value");
    assert_message(RELATED, PART("a", "{}") "--b--", "!the message has not all its parts");
    assert_message(RELATED, PART("a", "{}") PART("a@c", "{}") "--b--",
                   "!the message has too many parts, or one of them twice");
    assert_message(RELATED, PART("a", "{}") PART("", "{}") "--b--",
                   "!a part of the message has no Content-ID");
    assert_message(RELATED, PART("a", "{}") PART("<\x01@b>", "{}") "--b--",
                   "!a part of the message has no Content-ID");
    assert_message(RELATED, PART("a", "{}") PART("c", "{}"), "!the message has no end");
    assert_message(RELATED, "", "!the message has no parts");
    assert_message(RELATED, "--c\r\n\r\n{}\r\n--c--", "!the message has no parts");
    assert_message(SLICE_LIT("multipart/related"), PART("a", "{}"), "!the message has no parts");
}

static err_t read_message(const char *text, watch_doc_t *doc, buf_t *why)
{
    watch_doc_init(doc);
    return watch_doc_read(RELATED, slice_str(text), doc, why);
}

static void copies(void **state)
{
    (void)state;
    watch_doc_t doc;
    buf_t why = BUF_INIT;
    assert_int_equal(
        read_message(MESSAGE(COSTS("1", "\"x\":1"), PROPERTIES("1", "\"y\":1")), &doc, &why),
        ERR_OK);
    assert_true(doc.parts && !doc.torn && !doc.vtag.tag.ptr);
    assert_int_equal(doc.dep_count, 2);
    assert_true(slice_is(doc.deps[0].resource, "net") &&
                slice_is(doc.deps[1].resource, "elements"));
    watch_doc_release(&doc);
    assert_int_equal(
        read_message(MESSAGE(COSTS("1", "\"x\":1"), PROPERTIES("2", "\"y\":1")), &doc, &why),
        ERR_DATA);
    assert_false(watch_doc_held(&doc));
    assert_true(slice_is(buf_slice(&why), "the parts of the message are not of one version"));
    buf_release(&why);
}

/* Takes the place of what was held; or the reason why not. */
static const char *patch(watch_doc_t *doc, const char *part, const char *text, buf_t *why)
{
    const watch_update_t update = {.kind = WATCH_MERGE_PATCH,
                                   .part = part ? slice_str(part) : (slice_t){NULL, 0},
                                   .bytes = slice_str(text)};
    watch_doc_t made;
    watch_doc_init(&made);
    buf_clear(why);
    if (watch_doc_update(doc, &update, &made, why)) {
        buf_append_char(why, '\0');
        return why->ptr;
    }
    watch_doc_release(doc);
    *doc = made;
    return "";
}

#define NEW_COSTS(tag) "{\"meta\":{\"vtag\":{\"tag\":\"" tag "\"}},\"x\":2}"
#define NEW_PROPERTIES(tag)                                                                        \
    "{\"meta\":{\"dependent-vtags\":[{\"resource-id\":\"pv.costs\",\"tag\":\"" tag                 \
    "\"},{\"resource-id\":\"elements\",\"tag\":\"e\"}]}}"

static void patches(void **state)
{
    (void)state;
    watch_doc_t doc;
    buf_t why = BUF_INIT;
    assert_int_equal(
        read_message(MESSAGE(COSTS("1", "\"x\":1"), PROPERTIES("1", "\"y\":1")), &doc, &why),
        ERR_OK);
    /* Properties alone. */
    assert_string_equal(patch(&doc, "properties@alto.example", "{\"y\":2}", &why), "");
    assert_false(doc.torn);
    /* Costs, and then the properties that belong to them. */
    assert_string_equal(patch(&doc, "costs@alto.example", NEW_COSTS("2"), &why), "");
    assert_true(doc.torn);
    assert_string_equal(patch(&doc, "properties@alto.example", NEW_PROPERTIES("2"), &why), "");
    assert_false(doc.torn);
    static const char want[] = "{\"costs\":" COSTS("2", "\"x\":2") ",\"properties\":" PROPERTIES(
        "2", "\"y\":2") "}";
    assert_true(slice_is(buf_slice(&doc.text), want));
    assert_string_equal(patch(&doc, NULL, "{}", &why), "the patch is for no part of the message");
    assert_string_equal(patch(&doc, "other@alto.example", "{}", &why),
                        "the patch is for no part of the message");
    assert_string_equal(patch(&doc, "costs", "{\"x\":3}", &why),
                        "the patch changes the document and not its tag");
    assert_string_equal(patch(&doc, "properties", "{\"meta\":null}", &why),
                        "the patched document has lost a dependent vtag");
    assert_true(slice_is(buf_slice(&doc.text), want));
    watch_doc_release(&doc);
    /* A document of one part has none. */
    watch_doc_init(&doc);
    buf_clear(&why);
    assert_int_equal(watch_doc_read(SLICE_LIT("x/y"), SLICE_LIT("{}"), &doc, &why), ERR_OK);
    assert_string_equal(patch(&doc, "costs", "{}", &why),
                        "the patch is for a part, and the document has none");
    watch_doc_release(&doc);
    buf_release(&why);
}

static void memory_fails(void **state)
{
    (void)state;
    for (size_t n = 1;; n++) {
        watch_doc_t doc, made;
        buf_t why = BUF_INIT;
        long live = failmalloc_live();
        const watch_update_t update = {.kind = WATCH_MERGE_PATCH,
                                       .part = SLICE_LIT("costs"),
                                       .bytes = SLICE_LIT(NEW_COSTS("2"))};
        watch_doc_init(&made);
        failmalloc_arm(n);
        err_t err = read_message(MESSAGE(COSTS("1", "\"x\":1"), PROPERTIES("1", "\"y\":1")), &doc,
                                 &why);
        err = err ? err : watch_doc_update(&doc, &update, &made, &why);
        bool refused = failmalloc_disarm();
        assert_int_equal(err, refused ? ERR_NOMEM : ERR_OK);
        assert_int_equal(watch_doc_held(&made), !refused);
        watch_doc_release(&doc);
        watch_doc_release(&made);
        buf_release(&why);
        assert_int_equal(failmalloc_live(), live);
        if (!refused) {
            assert_true(n > 6);
            break;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(media_types), cmocka_unit_test(names),   cmocka_unit_test(messages),
        cmocka_unit_test(copies),      cmocka_unit_test(patches), cmocka_unit_test(memory_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
