#include "import_data.h"

/* As findings and the comment name it, which are UTF-8. */
static slice_t file_name(arena_t *arena, slice_t path)
{
    buf_t out = BUF_INIT;
    if (utf8_valid(path)) {
        return path;
    }
    for (size_t i = 0; i < path.len; i++) {
        if (path.ptr[i] & 0x80) {
            buf_printf(&out, "\\x%02x", (unsigned char)path.ptr[i]);
        } else {
            buf_append_char(&out, path.ptr[i]);
        }
    }
    slice_t name = arena_copy(arena, buf_slice(&out));
    buf_release(&out);
    return name;
}

slice_t import_sane_name(arena_t *arena, slice_t text)
{
    buf_t out = BUF_INIT;
    for (size_t i = 0; i < text.len && out.len < 40; i++) {
        char c = text.ptr[i];
        c = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
        bool good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (good) {
            buf_append_char(&out, c);
        } else if (out.len && out.ptr[out.len - 1] != '-') {
            buf_append_char(&out, '-');
        }
    }
    while (out.len && out.ptr[out.len - 1] == '-') {
        out.len--;
    }
    slice_t name = arena_copy(arena, out.len ? buf_slice(&out) : SLICE_LIT("imported"));
    buf_release(&out);
    return name;
}

slice_t import_stem(slice_t name)
{
    for (size_t i = name.len; i > 1; i--) {
        if (name.ptr[i - 1] == '.') {
            return slice_of(name.ptr, i - 1);
        }
    }
    return name;
}

bool import_choose_names(import_data_t *d, const char *path, const char *name)
{
    bool standard = slice_is(slice_str(path), "-");
    const char *slash = strrchr(path, '/');
    slice_t base = slice_str(slash ? slash + 1 : path);
    d->file = file_name(&d->arena, slice_str(path));
    d->base = standard ? SLICE_LIT("") : file_name(&d->arena, base);
    slice_t stem = import_sane_name(&d->arena, standard ? d->base : import_stem(base));
    d->name = name ? slice_str(name) : arena_printf(&d->arena, "%.*s.yaml", SLICE_ARG(stem));
    return d->file.ptr && d->base.ptr && stem.ptr && d->name.ptr;
}
