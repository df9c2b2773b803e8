/*
 * What the admin interface reads before it knows who asks, and its file of tokens. The first byte
 * picks which of them the rest is.
 */
#include "footprintd/base/json.h"
#include "http/admin_routes.h"
#include "http/tokens.h"

#include "fuzz.h"

static void check_query(slice_t text)
{
    admin_request_t request = {.query = text};
    buf_t out = BUF_INIT;
    bool found = admin_query_get(&request, "a", &out);
    FUZZ_CHECK(found || out.len == 0);
    FUZZ_CHECK(out.len <= text.len);
    buf_release(&out);
}

static void check_path(slice_t text)
{
    static const slice_t methods[] = {{"GET", 3}, {"HEAD", 4}, {"PUT", 3}, {"POST", 4}, {"?", 1}};
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        slice_t name;
        buf_t allow = BUF_INIT;
        const admin_route_t *route = admin_route_find(methods[i], text, &name, &allow);
        FUZZ_CHECK(!route || !name.len || !memchr(name.ptr, '/', name.len));
        buf_release(&allow);
    }
}

static void check_tokens(slice_t text)
{
    tokens_t tokens = {NULL, 0};
    buf_t why = BUF_INIT;
    err_t err = tokens_parse(text, &tokens, &why);
    FUZZ_CHECK((err != ERR_OK) == (why.len != 0));
    for (size_t i = 0; i < tokens.count; i++) {
        /* Each is found by its hash, and is the only one that has it. */
        FUZZ_CHECK(tokens_find(&tokens, &tokens.items[i].digest) == &tokens.items[i]);
    }
    tokens_release(&tokens);
    buf_release(&why);
}

static void check_error(slice_t text)
{
    admin_response_t response = {0};
    admin_error(&response, 400, "fuzz", "%.*s", SLICE_ARG(text));
    arena_t arena;
    arena_init(&arena, 0);
    json_value_t *root;
    json_error_t error;
    FUZZ_CHECK(json_parse(buf_slice(&response.body), 0, &arena, &root, &error) == ERR_OK);
    arena_release(&arena);
    buf_release(&response.body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    slice_t text = slice_of((const char *)data + 1, size - 1);
    slice_t token;
    switch (data[0] & 7) {
    case 0:
        check_query(text);
        break;
    case 1:
        check_path(text);
        break;
    case 2:
        check_tokens(text);
        break;
    case 3:
        FUZZ_CHECK(!tokens_bearer(text, &token) || token.len > 0);
        break;
    default:
        check_error(text);
        break;
    }
    return 0;
}
