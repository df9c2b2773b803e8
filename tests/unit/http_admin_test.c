/* The admin interface without a server: queries, problem details, routes, wrong tokens. */
#include "footprintd/base/json.h"
#include "http/admin_routes.h"
#include "http/wrong_peers.h"

#include "fpd_cmocka.h"

static void test_query(void **state)
{
    (void)state;
    static const struct {
        const char *query;
        const char *name;
        const char *value; /* NULL: absent */
    } rows[] = {
        {"address=192.0.2.1", "address", "192.0.2.1"},
        {"address=2001%3Adb8%3a%3a1", "address", "2001:db8::1"},
        {"a=1&address=x&address=y", "address", "x"},
        {"add%72ess=x", "address", "x"},
        {"a=b+c%2B", "a", "b c+"},
        {"a=b=c", "a", "b=c"},
        {"a=", "a", ""},
        {"a", "a", ""},
        {"a&b=2", "b", "2"},
        {"&&a=1&", "a", "1"},
        {"", "a", NULL},
        {"&", "a", NULL},
        {"=x", "a", NULL},
        {"=x", "", "x"},
        {"aa=1", "a", NULL},
        {"A=1", "a", NULL},
        {"b=a=1", "a", NULL},
        {"a=%", "a", "%"},
        {"a=%4", "a", "%4"},
        {"a=%zz", "a", "%zz"},
        {"a=%41", "a", "A"},
        {"a=%e2%82%ac", "a", "\xe2\x82\xac"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        admin_request_t request = {.query = slice_str(rows[i].query)};
        buf_t out = BUF_INIT;
        bool found = admin_query_get(&request, rows[i].name, &out);
        assert_int_equal(found, rows[i].value != NULL);
        assert_true(slice_is(buf_slice(&out), rows[i].value ? rows[i].value : ""));
        buf_release(&out);
    }
    admin_request_t request = {.query = SLICE_LIT("a=x%00y")};
    buf_t out = BUF_INIT;
    assert_true(admin_query_get(&request, "a", &out));
    assert_int_equal(out.len, 3);
    buf_release(&out);
}

static const json_value_t *parsed(const admin_response_t *response, arena_t *arena)
{
    json_value_t *root = NULL;
    json_error_t error;
    assert_int_equal(json_parse(buf_slice(&response->body), 0, arena, &root, &error), ERR_OK);
    return root;
}

static void assert_text(const json_value_t *problem, const char *name, const char *text)
{
    const json_value_t *value = json_get(problem, name);
    assert_true(json_is_string(value));
    assert_true(slice_is(value->u.text, text));
}

static void test_problem(void **state)
{
    (void)state;
    admin_response_t response = {.etag = "\"x\""};
    arena_t arena;
    arena_init(&arena, 0);
    buf_append_str(&response.body, "what was begun");
    admin_error(&response, 404, "no-such-thing", "there is no \"%s\"\n", "thing");
    assert_int_equal(response.status, 404);
    assert_string_equal(response.media_type, "application/problem+json");
    assert_string_equal(response.etag, "");
    const json_value_t *problem = parsed(&response, &arena);
    assert_int_equal(problem->u.object.count, 5);
    assert_text(problem, "type", "about:blank");
    assert_text(problem, "title", "Not Found");
    assert_text(problem, "detail", "there is no \"thing\"\n");
    assert_text(problem, "code", "no-such-thing");
    assert_true(slice_is(json_get(problem, "status")->u.text, "404"));
    admin_error_member(&response, "findings", SLICE_LIT("[1,2]"));
    problem = parsed(&response, &arena);
    assert_int_equal(problem->u.object.count, 6);
    assert_int_equal(json_get(problem, "findings")->u.array.count, 2);
    arena_release(&arena);
    buf_release(&response.body);
}

/* What a client sent may be anything; the answer is JSON all the same. */
static void test_problem_with_odd_text(void **state)
{
    (void)state;
    char longer[2000];
    memset(longer, 'x', sizeof longer);
    for (size_t i = 0; i < 510; i += 3) {
        memcpy(longer + i, "\xe2\x82\xac", 3);
    }
    longer[sizeof longer - 1] = '\0';
    const char *const texts[] = {"\xff\xfe", "\xc3", longer, ""};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        admin_response_t response = {0};
        arena_t arena;
        arena_init(&arena, 0);
        admin_error(&response, 400, "odd", "%s", texts[i]);
        assert_text(parsed(&response, &arena), "code", "odd");
        arena_release(&arena);
        buf_release(&response.body);
    }
}

static void test_routes(void **state)
{
    (void)state;
    static const struct {
        const char *method, *path;
        int endpoint; /* -1: none */
        const char *name;
        const char *allow;
    } rows[] = {
        {"GET", "/v1/status", ADMIN_STATUS, "", ""},
        {"HEAD", "/v1/status", ADMIN_STATUS, "", ""},
        {"GET", "/v1/documents", ADMIN_DOCUMENT_LIST, "", ""},
        {"GET", "/v1/documents/dach.yaml", ADMIN_DOCUMENT_GET, "dach.yaml", ""},
        {"HEAD", "/v1/documents/dach.yaml", ADMIN_DOCUMENT_GET, "dach.yaml", ""},
        {"PUT", "/v1/documents/a b", ADMIN_DOCUMENT_PUT, "a b", ""},
        {"DELETE", "/v1/documents/x", ADMIN_DOCUMENT_DELETE, "x", ""},
        {"POST", "/v1/changes", ADMIN_CHANGES, "", ""},
        {"GET", "/v1/generations/17", ADMIN_GENERATION_GET, "17", ""},
        {"GET", "/v1/audit", ADMIN_AUDIT, "", ""},
        {"GET", "/v1/backup", ADMIN_BACKUP, "", ""},
        {"POST", "/v1/status", -1, NULL, "GET, HEAD"},
        {"OPTIONS", "/v1/documents/x", -1, NULL, "GET, HEAD, PUT, DELETE"},
        {"get", "/v1/status", -1, NULL, "GET, HEAD"},
        {"HEAD", "/v1/changes", -1, NULL, "POST"},
        {"GET", "/v1/reload", -1, NULL, "POST"},
        {"GET", "/v1/documents/", -1, NULL, ""},
        {"GET", "/v1/documents/a/b", -1, NULL, ""},
        {"GET", "/v1/status/", -1, NULL, ""},
        {"GET", "/v1/statuses", -1, NULL, ""},
        {"GET", "/v1", -1, NULL, ""},
        {"GET", "/", -1, NULL, ""},
        {"GET", "", -1, NULL, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        buf_t allow = BUF_INIT;
        slice_t name;
        const admin_route_t *route = admin_route_find(slice_str(rows[i].method),
                                                      slice_str(rows[i].path), &name, &allow);
        assert_int_equal(route ? (int)route->endpoint : -1, rows[i].endpoint);
        assert_true(!route || slice_is(name, rows[i].name));
        assert_true(route || slice_is(buf_slice(&allow), rows[i].allow));
        buf_release(&allow);
    }
    slice_t name;
    buf_t allow = BUF_INIT;
    assert_null(admin_route_find(SLICE_LIT("GET"), SLICE_LIT("/v1/documents/a\0b"), &name, &allow));
    buf_release(&allow);
}

static void test_route_table(void **state)
{
    (void)state;
    for (int i = 0; i < ADMIN_ENDPOINT_COUNT; i++) {
        assert_int_equal(admin_routes[i].endpoint, i);
        /* What changes anything is not for readers. */
        if (strcmp(admin_routes[i].method, "PUT") == 0 ||
            strcmp(admin_routes[i].method, "DELETE") == 0) {
            assert_int_equal(admin_routes[i].role, ADMIN_EDITOR);
        }
    }
    assert_int_equal(admin_routes[ADMIN_CHANGES].role, ADMIN_EDITOR);
    assert_int_equal(admin_routes[ADMIN_ROLLBACK].role, ADMIN_EDITOR);
    assert_int_equal(admin_routes[ADMIN_RELOAD].role, ADMIN_ADMIN);
    assert_int_equal(admin_routes[ADMIN_AUDIT].role, ADMIN_ADMIN);
    assert_int_equal(admin_routes[ADMIN_BACKUP].role, ADMIN_ADMIN);
}

static void test_wrong_tokens(void **state)
{
    (void)state;
    static wrong_peers_t peers;
    for (int i = 0; i < WRONG_FREE; i++) {
        assert_int_equal(wrong_peers_add(&peers, 2, 100), WRONG_ANSWER);
    }
    for (int i = 0; i < WRONG_HELD; i++) {
        assert_int_equal(wrong_peers_add(&peers, 2, 100), WRONG_HOLD);
    }
    assert_int_equal(wrong_peers_add(&peers, 2, 100), WRONG_REFUSE);
    /* Another one is not concerned. */
    assert_int_equal(wrong_peers_add(&peers, 4, 100), WRONG_ANSWER);
    wrong_peers_released(&peers, 2);
    assert_int_equal(wrong_peers_add(&peers, 2, 100), WRONG_HOLD);
    assert_int_equal(wrong_peers_add(&peers, 2, 100), WRONG_REFUSE);
    /* One is forgiven a second, and a clock that stands still forgives none. */
    assert_int_equal(wrong_peers_add(&peers, 2, 101), WRONG_ANSWER);
    assert_int_equal(wrong_peers_add(&peers, 2, 101), WRONG_REFUSE);
    for (int i = 0; i < WRONG_FREE; i++) {
        assert_int_equal(wrong_peers_add(&peers, 2, 1000), WRONG_ANSWER);
    }
    assert_int_equal(wrong_peers_add(&peers, 2, 1000), WRONG_REFUSE);
    wrong_peers_released(&peers, 12345); /* forgotten: nothing happens */
}

static void test_many_peers(void **state)
{
    (void)state;
    static wrong_peers_t peers;
    /* The table forgets who was heard of the longest ago. */
    for (uint64_t i = 1; i <= 3 * WRONG_PEERS; i++) {
        assert_int_equal(wrong_peers_add(&peers, i * 2, i), WRONG_ANSWER);
    }
    /* Those whose answers are held are not forgotten, and when there is no room, nobody is free. */
    static wrong_peers_t full;
    for (uint64_t i = 1; i <= WRONG_PEERS; i++) {
        for (int k = 0; k <= WRONG_FREE; k++) {
            (void)wrong_peers_add(&full, i * 2, 7);
        }
    }
    assert_int_equal(wrong_peers_add(&full, 99999, 8), WRONG_REFUSE);
    wrong_peers_released(&full, 20);
    assert_int_equal(wrong_peers_add(&full, 99999, 8), WRONG_ANSWER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_query),
        cmocka_unit_test(test_problem),
        cmocka_unit_test(test_problem_with_odd_text),
        cmocka_unit_test(test_routes),
        cmocka_unit_test(test_route_table),
        cmocka_unit_test(test_wrong_tokens),
        cmocka_unit_test(test_many_peers),
    };
    return cmocka_run_group_tests_name("admin interface", tests, NULL, NULL);
}
