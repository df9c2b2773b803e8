#include "geo/metadata.h"

#include "geo/verify.h"

#define MARKER_TEXT "\xab\xcd\xefMaxMind.com"

enum member {
    MAJOR_VERSION,
    MINOR_VERSION,
    BUILD_EPOCH,
    DATABASE_TYPE,
    IP_VERSION,
    NODE_COUNT,
    RECORD_SIZE,
    DESCRIPTION,
    LANGUAGES,
    MEMBER_COUNT,
};

static const struct {
    slice_t key;
    value_type_t type;
    bool optional;
} members[MEMBER_COUNT] = {
    [MAJOR_VERSION] = {SLICE_LIT("binary_format_major_version"), VALUE_UINT16, false},
    [MINOR_VERSION] = {SLICE_LIT("binary_format_minor_version"), VALUE_UINT16, false},
    [BUILD_EPOCH] = {SLICE_LIT("build_epoch"), VALUE_UINT64, false},
    [DATABASE_TYPE] = {SLICE_LIT("database_type"), VALUE_STRING, false},
    [IP_VERSION] = {SLICE_LIT("ip_version"), VALUE_UINT16, false},
    [NODE_COUNT] = {SLICE_LIT("node_count"), VALUE_UINT32, false},
    [RECORD_SIZE] = {SLICE_LIT("record_size"), VALUE_UINT16, false},
    [DESCRIPTION] = {SLICE_LIT("description"), VALUE_MAP, true},
    [LANGUAGES] = {SLICE_LIT("languages"), VALUE_ARRAY, true},
};

static bool find_marker(slice_t file, size_t *out)
{
    const slice_t marker = SLICE_LIT(MARKER_TEXT);
    if (file.len < marker.len) {
        return false;
    }
    size_t at = file.len - marker.len + 1;
    size_t lowest = file.len > METADATA_MAX ? file.len - METADATA_MAX : 0;
    while (at-- > lowest) {
        if (memcmp(file.ptr + at, marker.ptr, marker.len) == 0) {
            *out = at;
            return true;
        }
    }
    return false;
}

/* What stands in a map of texts by language, or in a list of languages. */
static bool all_strings(decoder_t *d, const value_t *value)
{
    size_t at = value->body;
    for (uint32_t i = 0; i < value->size; i++) {
        value_t inner;
        if (value->type == VALUE_MAP && !decoder_skip(d, at, &at)) {
            return false;
        }
        if (!decoder_load(d, at, &inner) || inner.type != VALUE_STRING ||
            !decoder_skip(d, at, &at)) {
            return false;
        }
    }
    return true;
}

static err_t read_members(decoder_t *d, value_t *values, buf_t *why)
{
    slice_t keys[MEMBER_COUNT];
    size_t found[MEMBER_COUNT];
    for (int i = 0; i < MEMBER_COUNT; i++) {
        keys[i] = members[i].key;
    }
    if (!decoder_find(d, 0, keys, MEMBER_COUNT, found)) {
        buf_append_str(why, "the metadata is not a map");
        return ERR_DATA;
    }
    for (int i = 0; i < MEMBER_COUNT; i++) {
        if (found[i] == SIZE_MAX) {
            if (!members[i].optional) {
                buf_printf(why, "the metadata has no %s", keys[i].ptr);
                return ERR_DATA;
            }
            continue;
        }
        value_t *v = &values[i];
        bool right = decoder_load(d, found[i], v) && v->type == members[i].type;
        if (right && (v->type == VALUE_MAP || v->type == VALUE_ARRAY)) {
            right = all_strings(d, v);
        }
        if (!right) {
            buf_printf(why, "byte %zu: %s in the metadata has the wrong type",
                       d->section.file_offset + found[i], keys[i].ptr);
            return ERR_DATA;
        }
    }
    return ERR_OK;
}

static err_t fill(section_t s, const value_t *values, mmdb_info_t *out, buf_t *why)
{
    uint64_t numbers[MEMBER_COUNT] = {0};
    for (int i = 0; i < MEMBER_COUNT; i++) {
        if (values[i].type == VALUE_UINT16 || values[i].type == VALUE_UINT32 ||
            values[i].type == VALUE_UINT64) {
            numbers[i] = value_uint(s, &values[i]);
        }
    }
    int wrong = -1;
    if (numbers[MAJOR_VERSION] != 2) {
        wrong = MAJOR_VERSION;
    } else if (numbers[IP_VERSION] != 4 && numbers[IP_VERSION] != 6) {
        wrong = IP_VERSION;
    } else if (numbers[RECORD_SIZE] != 24 && numbers[RECORD_SIZE] != 28 &&
               numbers[RECORD_SIZE] != 32) {
        wrong = RECORD_SIZE;
    } else if (numbers[NODE_COUNT] == 0) {
        wrong = NODE_COUNT;
    }
    if (wrong >= 0) {
        buf_printf(why, "%s in the metadata is %llu, which is not a value of version 2",
                   members[wrong].key.ptr, (unsigned long long)numbers[wrong]);
        return ERR_DATA;
    }
    out->database_type = value_text(s, &values[DATABASE_TYPE]);
    out->build_epoch = numbers[BUILD_EPOCH];
    out->ip_version = (unsigned)numbers[IP_VERSION];
    out->record_size = (unsigned)numbers[RECORD_SIZE];
    out->node_count = (uint32_t)numbers[NODE_COUNT];
    return ERR_OK;
}

err_t metadata_read(slice_t file, unsigned depth_limit, mmdb_info_t *out, size_t *marker,
                    buf_t *why)
{
    if (!find_marker(file, marker)) {
        buf_append_str(why, "has no metadata marker in its last 128 KiB: not an MMDB file, or cut "
                            "off");
        return ERR_DATA;
    }
    size_t begin = *marker + sizeof MARKER_TEXT - 1;
    section_t s = {(const uint8_t *)file.ptr + begin, file.len - begin, begin};
    verifier_t v;
    err_t err = verifier_init(&v, s, depth_limit, why);
    if (!err) {
        err = verifier_value(&v, 0);
    }
    verifier_release(&v);
    if (err) {
        return err;
    }
    value_t values[MEMBER_COUNT] = {{0}};
    decoder_t d = {s, UINT64_C(64) * METADATA_MAX};
    err = read_members(&d, values, why);
    return err ? err : fill(s, values, out, why);
}
