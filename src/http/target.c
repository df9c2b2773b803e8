#include "http/target.h"

method_t method_parse(slice_t name)
{
    static const char *const others[] = {"PUT", "DELETE", "PATCH", "TRACE", "CONNECT"};
    if (slice_is(name, "GET")) {
        return METHOD_GET;
    }
    if (slice_is(name, "POST")) {
        return METHOD_POST;
    }
    if (slice_is(name, "HEAD")) {
        return METHOD_HEAD;
    }
    if (slice_is(name, "OPTIONS")) {
        return METHOD_OPTIONS;
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (slice_is(name, others[i])) {
            return METHOD_OTHER;
        }
    }
    return METHOD_UNKNOWN;
}

bool target_is_absolute(slice_t target, slice_t *path)
{
    static const slice_t schemes[] = {{"http://", 7}, {"https://", 8}};
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        size_t len = schemes[i].len;
        if (target.len <= len || !slice_eq_nocase(slice_of(target.ptr, len), schemes[i])) {
            continue;
        }
        size_t at = len;
        while (at < target.len && target.ptr[at] != '/' && target.ptr[at] != '?') {
            at++;
        }
        if (at == len) {
            return false; /* no authority */
        }
        *path = slice_of(target.ptr + at, target.len - at);
        return true;
    }
    return false;
}
