/* Copies of documents: what is read of them, and which patches are refused. */
#include "ctl/watch_doc.h"

#include "failmalloc.h"
#include "fpd_cmocka.h"

#define TAGGED(tag, rest)                                                                          \
    "{\"meta\":{\"vtag\":{\"resource-id\":\"r\",\"tag\":\"" tag "\"}}," rest "}"
#define ALTO                SLICE_LIT("application/alto-cdni+json")
#define OP(op, path, value) "{\"op\":\"" op "\",\"path\":\"" path "\",\"value\":" value "}"

static watch_doc_t read_doc(const char *text)
{
    watch_doc_t doc;
    buf_t why = BUF_INIT;
    watch_doc_init(&doc);
    err_t err = watch_doc_read(ALTO, slice_str(text), &doc, &why);
    if (err) {
        fail_msg("%s: %.*s", text, SLICE_ARG(buf_slice(&why)));
    }
    buf_release(&why);
    return doc;
}

static void assert_refused(const char *text, const char *reason)
{
    watch_doc_t doc;
    buf_t why = BUF_INIT;
    watch_doc_init(&doc);
    assert_int_equal(watch_doc_read(ALTO, slice_str(text), &doc, &why), ERR_DATA);
    buf_append_char(&why, '\0');
    assert_string_equal(why.ptr, reason);
    assert_false(watch_doc_held(&doc));
    buf_release(&why);
}

static void documents(void **state)
{
    (void)state;
    watch_doc_t doc = read_doc(" {\"z\": [1.0, 1e2],\n \"meta\" : {\"dependent-vtags\": [{\"tag\": "
                               "\"t1\", \"resource-id\": \"map\"}]}} ");
    assert_true(slice_is(buf_slice(&doc.text), "{\"z\":[1.0,1e2],\"meta\":{\"dependent-vtags\":[{"
                                               "\"tag\":\"t1\",\"resource-id\":\"map\"}]}}"));
    assert_null(doc.vtag.tag.ptr);
    assert_int_equal(doc.dep_count, 1);
    assert_true(slice_is(doc.deps[0].resource, "map") && slice_is(doc.deps[0].tag, "t1"));
    watch_doc_release(&doc);
    doc = read_doc(TAGGED("~!", "\"x\":1"));
    assert_true(slice_is(doc.vtag.resource, "r") && slice_is(doc.vtag.tag, "~!"));
    assert_int_equal(doc.dep_count, 0);
    watch_doc_release(&doc);
}

static void what_is_none(void **state)
{
    (void)state;
    assert_refused("{\"a\":1,}", "the document is not JSON: line 1 column 8: unexpected '}': "
                                 "expected a member name in quotes");
    const char *shape = "it is not an ALTO document: the text and its meta have to be objects";
    assert_refused("[]", shape);
    assert_refused("null", shape);
    assert_refused("{\"meta\":[]}", shape);
    const char *vtag = "a version tag in meta is not one (RFC 7285 10.3)";
    assert_refused("{\"meta\":{\"vtag\":[]}}", vtag);
    assert_refused(TAGGED("", "\"x\":1"), vtag);
    assert_refused(TAGGED("a b", "\"x\":1"), vtag);
    assert_refused(
        TAGGED("0123456789012345678901234567890123456789012345678901234567890123x", "\"x\":1"),
        vtag);
    assert_refused("{\"meta\":{\"dependent-vtags\":[{\"tag\":\"t\"}]}}", vtag);
    assert_refused("{\"meta\":{\"dependent-vtags\":{}}}", "dependent-vtags in meta is not a list");
}

/* What a patch makes of a document, or "!" and the reason; the document itself stays as it is. */
static void assert_patch(const char *from_text, watch_kind_t kind, const char *patch,
                         const char *want)
{
    watch_doc_t from = read_doc(from_text), made;
    buf_t before = BUF_INIT, got = BUF_INIT, why = BUF_INIT;
    buf_append_slice(&before, buf_slice(&from.text));
    watch_doc_init(&made);
    const watch_update_t update = {.kind = kind, .media_type = ALTO, .bytes = slice_str(patch)};
    err_t err = watch_doc_update(&from, &update, &made, &why);
    assert_true(err == ERR_OK || err == ERR_DATA);
    assert_int_equal(err == ERR_OK, watch_doc_held(&made));
    buf_append_str(&got, err ? "!" : "");
    buf_append_slice(&got, err ? buf_slice(&why) : buf_slice(&made.text));
    buf_append_char(&got, '\0');
    assert_string_equal(got.ptr, want);
    assert_true(slice_eq(buf_slice(&before), buf_slice(&from.text)));
    watch_doc_release(&made);
    watch_doc_release(&from);
    buf_release(&before);
    buf_release(&got);
    buf_release(&why);
}

static void patches(void **state)
{
    (void)state;
    const char *from = TAGGED("t1", "\"x\":1"), *to = TAGGED("t2", "\"x\":2");
    const watch_kind_t merge = WATCH_MERGE_PATCH, patch = WATCH_JSON_PATCH;
    assert_patch(from, merge, "{\"meta\":{\"vtag\":{\"tag\":\"t2\"}},\"x\":2}", to);
    assert_patch(from, patch,
                 "[" OP("test", "/meta/vtag/tag", "\"t1\"") "," OP(
                     "replace", "/meta/vtag/tag", "\"t2\"") "," OP("add", "/x", "2") "]",
                 to);
    assert_patch(from, patch,
                 "[" OP("replace", "",
                        "{\"meta\":{\"vtag\":{\"resource-id\":\"r\",\"tag\":\"t2\"}},"
                        "\"x\":2}") "]",
                 to);
    assert_patch(from, WATCH_FULL, to, to);
    /* Events need not be changes (RFC 8895 6.6). */
    assert_patch(from, merge, "{}", from);
    assert_patch(from, patch, "[]", from);
}

static void patches_that_are_refused(void **state)
{
    (void)state;
    const char *from = TAGGED("t1", "\"x\":1");
    const watch_kind_t merge = WATCH_MERGE_PATCH, patch = WATCH_JSON_PATCH;
    assert_patch(
        from, patch, "[" OP("test", "/meta/vtag/tag", "\"t0\"") "]",
        "!operation 1 of 1 (test \"/meta/vtag/tag\"): the document has \"t1\", the patch is "
        "for \"t0\"");
    assert_patch(from, patch, "{",
                 "!the patch is not JSON: line 1 column 2: unexpected end of the "
                 "text");
    const char *unchanged = "!the patch changes the document and not its tag";
    assert_patch(from, merge, "{\"x\":2}", unchanged);
    assert_patch(from, patch, "[" OP("replace", "/x", "2") "]", unchanged);
    assert_patch(from, patch,
                 "[" OP("replace", "/meta/vtag/tag", "\"t1\"") "," OP("replace", "/x", "2") "]",
                 unchanged);
    const char *lost = "!the patched document has not the vtag of its resource";
    assert_patch(from, merge, "{\"meta\":{\"vtag\":null},\"x\":2}", lost);
    assert_patch(from, merge, "{\"meta\":{\"vtag\":{\"resource-id\":\"s\",\"tag\":\"t2\"}}}", lost);
    assert_patch(from, patch,
                 "[" OP("replace", "/meta/vtag/tag",
                        "\"t2\"") ","
                                  "{\"op\":\"copy\",\"from\":\"/x\",\"path\":\"/meta/vtag/tag\"}]",
                 "!a version tag in meta is not one (RFC 7285 10.3)");
    assert_patch(TAGGED("t1", "\"x\":\"t3\""), patch,
                 "[" OP("replace", "/meta/vtag/tag",
                        "\"t2\"") ","
                                  "{\"op\":\"copy\",\"from\":\"/x\",\"path\":\"/meta/vtag/tag\"}]",
                 "!the patched document has tag t3, and the patch leads to tag t2");
    assert_patch(from, merge, "null",
                 "!it is not an ALTO document: the text and its meta have to be objects");
}

/* A filtered property map has no vtag: its dependent vtags say what it belongs to. */
static void documents_without_vtag(void **state)
{
    (void)state;
    const char *from =
        "{\"meta\":{\"dependent-vtags\":[{\"resource-id\":\"c\",\"tag\":\"1\"}]},\"x\":1}";
    assert_patch(
        from, WATCH_JSON_PATCH,
        "[" OP("replace", "/meta/dependent-vtags/0/tag", "\"2\"") "," OP("replace", "/x", "2") "]",
        "{\"meta\":{\"dependent-vtags\":[{\"resource-id\":\"c\",\"tag\":\"2\"}]},\"x\":2}");
    const char *lost = "!the patched document has lost a dependent vtag";
    assert_patch(from, WATCH_MERGE_PATCH, "{\"meta\":{\"dependent-vtags\":[]}}", lost);
    assert_patch(from, WATCH_MERGE_PATCH,
                 "{\"meta\":{\"dependent-vtags\":[{\"resource-id\":\"d\",\"tag\":\"1\"}]}}", lost);
}

static void without_a_document(void **state)
{
    (void)state;
    watch_doc_t from, made;
    buf_t why = BUF_INIT;
    watch_doc_init(&from);
    watch_doc_init(&made);
    const watch_update_t update = {.kind = WATCH_MERGE_PATCH, .bytes = SLICE_LIT("{}")};
    assert_int_equal(watch_doc_update(&from, &update, &made, &why), ERR_DATA);
    assert_true(slice_is(buf_slice(&why), "there is no document that the patch could be for"));
    buf_release(&why);
}

static void kinds(void **state)
{
    (void)state;
    assert_int_equal(watch_kind_of(SLICE_LIT("application/JSON-patch+json")), WATCH_JSON_PATCH);
    assert_int_equal(watch_kind_of(SLICE_LIT("application/merge-patch+json")), WATCH_MERGE_PATCH);
    assert_int_equal(watch_kind_of(SLICE_LIT("application/alto-cdni+json")), WATCH_FULL);
    assert_string_equal(watch_kind_name(WATCH_FULL), "full");
    assert_string_equal(watch_kind_name(WATCH_MERGE_PATCH), "merge-patch");
    assert_string_equal(watch_kind_name(WATCH_JSON_PATCH), "json-patch");
}

static void memory_fails(void **state)
{
    (void)state;
    for (size_t n = 1;; n++) {
        watch_doc_t from = read_doc(TAGGED("t1", "\"x\":1")), made;
        buf_t why = BUF_INIT;
        watch_doc_init(&made);
        const watch_update_t update = {
            .kind = WATCH_MERGE_PATCH,
            .bytes = SLICE_LIT("{\"meta\":{\"vtag\":{\"tag\":\"t2\"}}}")};
        failmalloc_arm(n);
        err_t err = watch_doc_update(&from, &update, &made, &why);
        bool refused = failmalloc_disarm();
        assert_int_equal(err, refused ? ERR_NOMEM : ERR_OK);
        assert_int_equal(watch_doc_held(&made), !refused);
        watch_doc_release(&made);
        watch_doc_release(&from);
        buf_release(&why);
        if (!refused) {
            assert_true(n > 3);
            break;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents),
        cmocka_unit_test(what_is_none),
        cmocka_unit_test(patches),
        cmocka_unit_test(patches_that_are_refused),
        cmocka_unit_test(documents_without_vtag),
        cmocka_unit_test(without_a_document),
        cmocka_unit_test(kinds),
        cmocka_unit_test(memory_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
