#include "http/admin_routes.h"

#include "footprintd/model/data.h"

const admin_route_t admin_routes[ADMIN_ENDPOINT_COUNT] = {
    {ADMIN_STATUS, "GET", "/v1/status", ADMIN_READER, ADMIN_BODY_NONE},
    {ADMIN_DOCUMENT_LIST, "GET", "/v1/documents", ADMIN_READER, ADMIN_BODY_NONE},
    {ADMIN_DOCUMENT_GET, "GET", "/v1/documents/{name}", ADMIN_READER, ADMIN_BODY_NONE},
    {ADMIN_DOCUMENT_PUT, "PUT", "/v1/documents/{name}", ADMIN_EDITOR, ADMIN_BODY_DOCUMENT},
    {ADMIN_DOCUMENT_DELETE, "DELETE", "/v1/documents/{name}", ADMIN_EDITOR, ADMIN_BODY_NONE},
    {ADMIN_CHANGES, "POST", "/v1/changes", ADMIN_EDITOR, ADMIN_BODY_JSON},
    {ADMIN_CHECK, "POST", "/v1/check", ADMIN_READER, ADMIN_BODY_JSON},
    {ADMIN_DIFF, "POST", "/v1/diff", ADMIN_READER, ADMIN_BODY_JSON},
    {ADMIN_GENERATION_LIST, "GET", "/v1/generations", ADMIN_READER, ADMIN_BODY_NONE},
    {ADMIN_GENERATION_GET, "GET", "/v1/generations/{number}", ADMIN_READER, ADMIN_BODY_NONE},
    {ADMIN_ROLLBACK, "POST", "/v1/rollback", ADMIN_EDITOR, ADMIN_BODY_JSON},
    {ADMIN_COSTS, "POST", "/v1/costs/{map}", ADMIN_EDITOR, ADMIN_BODY_JSON},
    {ADMIN_HELD_LIST, "GET", "/v1/held", ADMIN_READER, ADMIN_BODY_NONE},
    {ADMIN_HELD_GET, "GET", "/v1/held/{id}", ADMIN_READER, ADMIN_BODY_NONE},
    {ADMIN_HELD_DROP, "DELETE", "/v1/held/{id}", ADMIN_EDITOR, ADMIN_BODY_NONE},
    {ADMIN_EXPLAIN, "GET", "/v1/explain", ADMIN_READER, ADMIN_BODY_NONE},
    {ADMIN_RELOAD, "POST", "/v1/reload", ADMIN_ADMIN, ADMIN_BODY_NONE},
    {ADMIN_AUDIT, "GET", "/v1/audit", ADMIN_ADMIN, ADMIN_BODY_NONE},
    {ADMIN_BACKUP, "GET", "/v1/backup", ADMIN_ADMIN, ADMIN_BODY_NONE},
};

const char *admin_role_name(admin_role_t role)
{
    static const char *const names[] = {
        [ADMIN_READER] = "reader", [ADMIN_EDITOR] = "editor", [ADMIN_ADMIN] = "admin"};
    return names[role];
}

/* The braces are at the end of a pattern, or nowhere. */
static bool path_fits(const char *pattern, slice_t path, slice_t *name)
{
    const char *brace = strchr(pattern, '{');
    size_t fixed = brace ? (size_t)(brace - pattern) : strlen(pattern);
    *name = SLICE_LIT("");
    if (path.len < fixed || memcmp(path.ptr, pattern, fixed) != 0) {
        return false;
    }
    if (!brace) {
        return path.len == fixed;
    }
    *name = slice_of(path.ptr + fixed, path.len - fixed);
    if (strcmp(pattern, "/v1/documents/{name}") == 0 && model_data_name_valid(*name)) {
        return true; /* with its directory */
    }
    return name->len && !memchr(name->ptr, '/', name->len) && !memchr(name->ptr, '\0', name->len);
}

const admin_route_t *admin_route_find(slice_t method, slice_t path, slice_t *name, buf_t *allow)
{
    const char *wanted_head = slice_is(method, "HEAD") ? "GET" : NULL;
    for (size_t i = 0; i < ADMIN_ENDPOINT_COUNT; i++) {
        const admin_route_t *route = &admin_routes[i];
        if (!path_fits(route->path, path, name)) {
            continue;
        }
        if (wanted_head ? strcmp(route->method, wanted_head) == 0
                        : slice_is(method, route->method)) {
            return route;
        }
        buf_append_str(allow, allow->len ? ", " : "");
        buf_append_str(allow, route->method);
        buf_append_str(allow, strcmp(route->method, "GET") == 0 ? ", HEAD" : "");
    }
    return NULL;
}
