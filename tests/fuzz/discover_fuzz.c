/*
 * NAPTR records: lines of order, preference, flags, service, regular expression and replacement,
 * with tabs between them. Whatever they say, a URI that is taken has the scheme of the service and
 * lies in the record. The same bytes as a prefix: its names are domain names, each a parent of the
 * one before.
 */
#include "ctl/discover_names.h"

#include "fuzz.h"

static void check_record(const discover_record_t *r)
{
    for (unsigned s = 0; s < DISCOVER_SERVICE_COUNT; s++) {
        slice_t uri = {NULL, 0};
        discover_kind_t kind = discover_record_read(r, (discover_service_t)s, &uri);
        if (kind == DISCOVER_URI) {
            const char *scheme = s == DISCOVER_HTTPS ? "https://" : "http://";
            size_t n = strlen(scheme);
            FUZZ_CHECK(uri.ptr >= r->regexp.ptr && uri.len > n &&
                       uri.ptr + uri.len <= r->regexp.ptr + r->regexp.len);
            FUZZ_CHECK(slice_eq_nocase(slice_of(uri.ptr, n), slice_str(scheme)));
        } else if (kind == DISCOVER_GO_ON) {
            FUZZ_CHECK(discover_name_valid(r->replacement));
        }
    }
}

static void check_names(slice_t text)
{
    static char names[DISCOVER_NAMES_MAX][DISCOVER_NAME_MAX];
    prefix_t p;
    if (prefix_parse(text, &p, NULL)) {
        return;
    }
    size_t n = discover_reverse_names(&p, names);
    for (size_t i = 0; i < n; i++) {
        FUZZ_CHECK(discover_name_valid(slice_str(names[i])));
        size_t len = strlen(names[i]), before = i ? strlen(names[i - 1]) : 0;
        FUZZ_CHECK(!i || (len < before && !strcmp(names[i - 1] + before - len, names[i])));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    slice_t text = slice_of((const char *)data, size), fields[4] = {{NULL, 0}};
    size_t at = 0;
    for (unsigned i = 0; i < 4; i++) {
        const char *tab = at < size ? memchr(text.ptr + at, '\t', size - at) : NULL;
        size_t end = tab ? (size_t)(tab - text.ptr) : size;
        fields[i] = at < size ? slice_of(text.ptr + at, end - at) : SLICE_LIT("");
        at = end + 1;
    }
    check_record(&(discover_record_t){1, 1, fields[0], fields[1], fields[2], fields[3]});
    check_names(text);
    (void)discover_name_valid(text);
    return 0;
}
