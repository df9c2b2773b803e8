#include "names.h"

static bool ends_in(slice_t name, const char *suffix)
{
    size_t len = strlen(suffix);
    return name.len > len && memcmp(name.ptr + name.len - len, suffix, len) == 0;
}

bool store_document_format(slice_t name, doc_format_t *format)
{
    if (!name.len || name.ptr[0] == '.') {
        return false;
    }
    *format = ends_in(name, ".json") ? DOC_JSON : DOC_YAML;
    return *format == DOC_JSON || ends_in(name, ".yaml") || ends_in(name, ".yml");
}

bool document_name_printable(slice_t name)
{
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.ptr[i];
        if (c < 0x20 || c == 0x7f) {
            return false;
        }
    }
    return utf8_valid(name);
}

slice_t store_document_name(slice_t path)
{
    const char *slash = path.len ? memrchr(path.ptr, '/', path.len) : NULL;
    size_t from = slash ? (size_t)(slash - path.ptr) + 1 : 0;
    return slice_of(path.ptr + from, path.len - from);
}
