#include "ucdns.h"

#include "certificate.h"
#include "footprintd/base/hex.h"
#include "footprintd/base/suggest.h"
#include "footprintd/doc/events.h"
#include "footprintd/model/capability.h"
#include "read.h"

#include <stdio.h>
#include <stdlib.h>

#define NO_SLICE  ((slice_t){NULL, 0})
#define USER_MAX  128
#define SHOWN_MAX 100
#define RATE_MAX  1000000000000

typedef struct ucdns_reader {
    config_reader_t base; /* its config is not used */
    ucdns_t *ucdns;
} ucdns_reader_t;

typedef enum member_kind {
    MEMBER_CERTIFICATES,
    MEMBER_DIGEST,
    MEMBER_CAPABILITY_TYPES,
    MEMBER_FOOTPRINT_TYPES,
    MEMBER_GEO_PROPERTIES,
    MEMBER_RATES,
    MEMBER_USER,
    MEMBER_SHA256,
    MEMBER_MD5,
    MEMBER_REQUESTS,
    MEMBER_ENTITIES,
    MEMBER_BYTES,
    MEMBER_COUNT
} member_kind_t;

/* What belongs to a map: rows with its name as parent. */
static const struct {
    const char *parent; /* "" for the profile */
    const char *name;
} members[MEMBER_COUNT] = {
    [MEMBER_CERTIFICATES] = {"", "certificates"},
    [MEMBER_DIGEST] = {"", "digest"},
    [MEMBER_CAPABILITY_TYPES] = {"", "capability-types"},
    [MEMBER_FOOTPRINT_TYPES] = {"", "footprint-types"},
    [MEMBER_GEO_PROPERTIES] = {"", "geo-properties"},
    [MEMBER_RATES] = {"", "rates"},
    [MEMBER_USER] = {"digest", "user"},
    [MEMBER_SHA256] = {"digest", "ha1-sha256"},
    [MEMBER_MD5] = {"digest", "ha1-md5"},
    [MEMBER_REQUESTS] = {"rates", "requests-per-s"},
    [MEMBER_ENTITIES] = {"rates", "entities-per-s"},
    [MEMBER_BYTES] = {"rates", "bytes-per-s"},
};

const char *ucdns_member_name(size_t i)
{
    return i < MEMBER_COUNT ? members[i].name : NULL;
}

const char *ucdns_member_map(size_t i)
{
    return i < MEMBER_COUNT ? members[i].parent : NULL;
}

static slice_t shown(slice_t text)
{
    return utf8_truncate(text, SHOWN_MAX);
}

static bool wants(ucdns_reader_t *r, const json_value_t *v, json_kind_t kind, const char *what)
{
    if (v->kind != kind) {
        config_reader_find(&r->base, v, FINDING_WRONG_TYPE, NO_SLICE, "%s is wanted here, not %s",
                           what, config_kind_text(v->kind));
    }
    return v->kind == kind;
}

static bool not_empty(ucdns_reader_t *r, const json_value_t *list, const char *what)
{
    if (!wants(r, list, JSON_ARRAY, "a list")) {
        return false;
    }
    if (!list->u.array.count) {
        config_reader_find(&r->base, list, FINDING_EMPTY, NO_SLICE,
                           "the list is empty; leave the key out %s", what);
    }
    return list->u.array.count > 0;
}

static size_t enter_item(ucdns_reader_t *r, size_t i)
{
    char index[24];
    (void)snprintf(index, sizeof index, "%zu", i);
    return config_reader_enter(&r->base, slice_str(index));
}

/* The key lies in the arena from now on; says whose it is when somebody else has it. */
static void put_unique(ucdns_reader_t *r, table_t *table, slice_t key, const json_value_t *at,
                       ucdn_profile_t *profile, const char *what)
{
    slice_t copy = arena_copy(&r->ucdns->arena, key);
    const ucdn_profile_t *other = copy.ptr ? table_get(table, copy) : NULL;
    if (other) {
        bool same = other == profile;
        config_reader_find(&r->base, at, FINDING_CONFLICT, NO_SLICE, "%s stands %s '%.*s'%s", what,
                           same ? "twice in the profile" : "in the profile", SLICE_ARG(other->name),
                           same ? "" : " too");
    } else if (!copy.ptr || table_put(table, copy, profile, NULL)) {
        r->base.failed = true;
    }
}

/* ---- certificates ---- */

static void read_certificate(ucdns_reader_t *r, const json_value_t *item, ucdn_profile_t *profile)
{
    if (!wants(r, item, JSON_OBJECT, "a map such as {san: \"dns:ucdn.example\"}")) {
        return;
    }
    if (item->u.object.count != 1) {
        config_reader_find(&r->base, item, FINDING_BAD_VALUE, NO_SLICE,
                           "one of subject, san and spki-sha256 is wanted in each item");
        return;
    }
    const json_member_t *member = &item->u.object.members[0];
    suggest_t near;
    suggest_init(&near, member->name);
    int kind = 0;
    while (kind < CERTIFICATE_KINDS && !slice_is(member->name, certificate_kind_names[kind])) {
        suggest_offer(&near, slice_str(certificate_kind_names[kind++]));
    }
    size_t mark = config_reader_enter(&r->base, member->name);
    if (kind == CERTIFICATE_KINDS) {
        findings_add(r->base.findings, FINDING_UNKNOWN_KEY,
                     config_reader_place(&r->base, member->line, member->column),
                     buf_slice(&r->base.pointer), near.best,
                     "'%.*s' is not one of subject, san and spki-sha256",
                     SLICE_ARG(shown(member->name)));
    } else if (wants(r, &member->value, JSON_STRING, "a text")) {
        buf_t key = BUF_INIT;
        slice_t text = member->value.u.text;
        const char *wrong = certificate_key_parse((certificate_kind_t)kind, text, &key);
        if (wrong) {
            config_reader_find(&r->base, &member->value, FINDING_BAD_VALUE, NO_SLICE, "'%.*s' %s",
                               SLICE_ARG(shown(text)), wrong);
        } else if (!buf_failed(&key)) {
            put_unique(r, &r->ucdns->certificates, buf_slice(&key), &member->value, profile,
                       "this certificate");
            profile->certificates++;
        }
        r->base.failed |= buf_failed(&key);
        buf_release(&key);
    }
    config_reader_leave(&r->base, mark);
}

static void read_certificates(ucdns_reader_t *r, const json_value_t *list, ucdn_profile_t *profile)
{
    if (not_empty(r, list, "when there are no certificates")) {
        for (size_t i = 0; i < list->u.array.count; i++) {
            size_t mark = enter_item(r, i);
            read_certificate(r, &list->u.array.items[i], profile);
            config_reader_leave(&r->base, mark);
        }
    }
}

/* ---- HTTP Digest ---- */

static void read_user(ucdns_reader_t *r, const json_value_t *v, ucdn_profile_t *profile)
{
    if (!wants(r, v, JSON_STRING, "a text")) {
        return;
    }
    slice_t user = v->u.text;
    bool fits = user.len > 0 && user.len <= USER_MAX;
    for (size_t i = 0; i < user.len && fits; i++) {
        unsigned char c = (unsigned char)user.ptr[i];
        fits = c >= 0x20 && c != 0x7f && c != ':';
    }
    if (!fits) {
        config_reader_find(&r->base, v, FINDING_BAD_VALUE, NO_SLICE,
                           "a user name has 1 to %d bytes without control characters and ':'",
                           USER_MAX);
        return;
    }
    profile->user = arena_copy(&r->ucdns->arena, user);
    r->base.failed |= !profile->user.ptr;
    put_unique(r, &r->ucdns->users, user, v, profile, "this user name");
}

/* Never repeats what stands there. */
static bool read_hash(ucdns_reader_t *r, const json_value_t *v, uint8_t *out, size_t size)
{
    /* One that has digits alone is a number to YAML. */
    bool text = v->kind == JSON_STRING || v->kind == JSON_NUMBER;
    if (!text || !hex_decode(v->u.text, out, size)) {
        config_reader_find(
            &r->base, v, FINDING_BAD_VALUE, NO_SLICE,
            "%zu hexadecimal digits are wanted here, the hash of user:realm:password", 2 * size);
        return false;
    }
    return true;
}

/* ---- what it may see ---- */

static int cmp_slice(const void *x, const void *y)
{
    return slice_cmp(*(const slice_t *)x, *(const slice_t *)y);
}

static void read_capability_types(ucdns_reader_t *r, const json_value_t *list,
                                  ucdn_profile_t *profile)
{
    if (!not_empty(r, list, "when all are understood")) {
        return;
    }
    size_t count = list->u.array.count;
    slice_t *names = arena_array(&r->ucdns->arena, count, sizeof *names);
    size_t kept = 0;
    for (size_t i = 0; names && i < count; i++) {
        const json_value_t *v = &list->u.array.items[i];
        size_t mark = enter_item(r, i);
        if (wants(r, v, JSON_STRING, "a capability type such as FCI.DeliveryProtocol") &&
            capability_type_check(r->base.findings,
                                  config_reader_place(&r->base, v->line, v->column),
                                  buf_slice(&r->base.pointer), v->u.text)) {
            names[kept] = arena_copy(&r->ucdns->arena, v->u.text);
            r->base.failed |= !names[kept++].ptr;
        }
        config_reader_leave(&r->base, mark);
    }
    if (!names || r->base.failed) {
        r->base.failed = true;
        return;
    }
    qsort(names, kept, sizeof *names, cmp_slice);
    size_t unique = 0;
    for (size_t i = 0; i < kept; i++) {
        if (!unique || !slice_eq(names[unique - 1], names[i])) {
            names[unique++] = names[i];
        }
    }
    profile->all_capability_types = false;
    profile->capability_types = names;
    profile->capability_type_count = unique;
}

static void read_footprint_types(ucdns_reader_t *r, const json_value_t *list,
                                 ucdn_profile_t *profile)
{
    if (!not_empty(r, list, "when all are understood")) {
        return;
    }
    memset(profile->footprint_types, 0, sizeof profile->footprint_types);
    for (size_t i = 0; i < list->u.array.count; i++) {
        const json_value_t *v = &list->u.array.items[i];
        size_t mark = enter_item(r, i);
        if (wants(r, v, JSON_STRING, "a footprint type such as ipv4cidr")) {
            fp_type_t type = fp_type_find(v->u.text);
            if (type < FP_TYPE_COUNT) {
                profile->footprint_types[type] = true;
            } else {
                suggest_t near;
                suggest_init(&near, v->u.text);
                for (int known = 0; known < FP_TYPE_COUNT; known++) {
                    suggest_offer(&near, slice_str(fp_type_infos[known].name));
                }
                config_reader_find(&r->base, v, FINDING_BAD_VALUE, near.best,
                                   "'%.*s' is not a footprint type", SLICE_ARG(shown(v->u.text)));
            }
        }
        config_reader_leave(&r->base, mark);
    }
}

static void read_flag(ucdns_reader_t *r, const json_value_t *v, bool *out)
{
    if (wants(r, v, JSON_BOOL, "true or false")) {
        *out = v->u.boolean;
    }
}

static void read_rate(ucdns_reader_t *r, const json_value_t *v, uint64_t *out)
{
    if (wants(r, v, JSON_NUMBER, "a whole number") &&
        (!json_number_u64(v->u.text, out) || *out < 1 || *out > RATE_MAX)) {
        config_reader_find(&r->base, v, FINDING_BAD_VALUE, NO_SLICE,
                           "%.*s is not a whole number from 1 to %llu", SLICE_ARG(shown(v->u.text)),
                           (unsigned long long)RATE_MAX);
    }
}

/* ---- maps ---- */

static void read_map(ucdns_reader_t *r, const json_value_t *map, const char *parent,
                     ucdn_profile_t *profile);

static void read_digest(ucdns_reader_t *r, const json_value_t *map, ucdn_profile_t *profile)
{
    size_t before = r->base.findings->errors;
    read_map(r, map, "digest", profile);
    if (map->kind != JSON_OBJECT || r->base.findings->errors > before) {
        return;
    }
    if (!profile->user.len) {
        config_reader_find(&r->base, map, FINDING_MISSING_KEY, NO_SLICE,
                           "the key 'user' is missing");
    }
    if (!profile->has_sha256 && !profile->has_md5) {
        config_reader_find(&r->base, map, FINDING_MISSING_KEY, NO_SLICE,
                           "the key 'ha1-sha256' is missing");
    }
}

static void read_member(ucdns_reader_t *r, member_kind_t kind, const json_value_t *v,
                        ucdn_profile_t *profile)
{
    switch (kind) {
    case MEMBER_CERTIFICATES:
        read_certificates(r, v, profile);
        return;
    case MEMBER_DIGEST:
        read_digest(r, v, profile);
        return;
    case MEMBER_CAPABILITY_TYPES:
        read_capability_types(r, v, profile);
        return;
    case MEMBER_FOOTPRINT_TYPES:
        read_footprint_types(r, v, profile);
        return;
    case MEMBER_GEO_PROPERTIES:
        read_flag(r, v, &profile->geo_properties);
        return;
    case MEMBER_RATES:
        read_map(r, v, "rates", profile);
        return;
    case MEMBER_USER:
        read_user(r, v, profile);
        return;
    case MEMBER_SHA256:
        profile->has_sha256 = read_hash(r, v, profile->ha1_sha256.bytes, DIGEST_SIZE);
        return;
    case MEMBER_MD5:
        profile->has_md5 = read_hash(r, v, profile->ha1_md5, UCDN_MD5_SIZE);
        return;
    case MEMBER_REQUESTS:
        read_rate(r, v, &profile->requests_per_s);
        return;
    case MEMBER_ENTITIES:
        read_rate(r, v, &profile->entities_per_s);
        return;
    case MEMBER_BYTES:
        read_rate(r, v, &profile->bytes_per_s);
        return;
    case MEMBER_COUNT:
        return;
    }
}

static void read_map(ucdns_reader_t *r, const json_value_t *map, const char *parent,
                     ucdn_profile_t *profile)
{
    if (!wants(r, map, JSON_OBJECT, "a map")) {
        return;
    }
    for (size_t m = 0; m < map->u.object.count; m++) {
        const json_member_t *member = &map->u.object.members[m];
        size_t mark = config_reader_enter(&r->base, member->name);
        place_t place = config_reader_place(&r->base, member->line, member->column);
        slice_t pointer = buf_slice(&r->base.pointer);
        suggest_t near;
        suggest_init(&near, member->name);
        int kind = MEMBER_COUNT;
        for (int i = 0; i < MEMBER_COUNT; i++) {
            if (strcmp(members[i].parent, parent) == 0) {
                suggest_offer(&near, slice_str(members[i].name));
                kind = slice_is(member->name, members[i].name) ? i : kind;
            }
        }
        if (kind == MEMBER_COUNT) {
            findings_add(r->base.findings, FINDING_UNKNOWN_KEY, place, pointer, near.best,
                         "'%.*s' is not a key of %s", SLICE_ARG(shown(member->name)),
                         parent[0] ? parent : "a profile");
        }
        read_member(r, (member_kind_t)kind, &member->value, profile);
        config_reader_leave(&r->base, mark);
    }
}

static void read_profile(ucdns_reader_t *r, const json_member_t *member, ucdn_profile_t *profile)
{
    size_t mark = config_reader_enter(&r->base, member->name);
    place_t place = config_reader_place(&r->base, member->line, member->column);
    slice_t pointer = buf_slice(&r->base.pointer);
    bool stranger = slice_is(member->name, UCDN_ANONYMOUS);
    ucdn_profile_defaults(profile);
    profile->place = (place_t){.line = place.line, .column = place.column};
    profile->name = arena_copy(&r->ucdns->arena, member->name);
    r->base.failed |= !profile->name.ptr ||
                      table_put(&r->ucdns->names, profile->name, profile, NULL);
    /* The grammar of names in documents, whose audiences these are. */
    if (!fp_pid_valid(member->name)) {
        findings_add(r->base.findings, FINDING_BAD_NAME, place, pointer, NO_SLICE,
                     "'%.*s' cannot be the name of a uCDN: a name has 1 to 64 of A-Z a-z 0-9 - _ "
                     ": @",
                     SLICE_ARG(shown(member->name)));
    }
    /* `anonymous:` with nothing behind it lets strangers in, and says no more. */
    if (!stranger || member->value.kind != JSON_NULL) {
        read_map(r, &member->value, "", profile);
    }
    bool known = profile->certificates || profile->user.len;
    if (stranger) {
        r->ucdns->anonymous = (size_t)(profile - r->ucdns->profiles);
        if (known) {
            findings_add(r->base.findings, FINDING_CONFLICT, place, pointer, NO_SLICE,
                         "'" UCDN_ANONYMOUS "' is whoever has no credentials: it has none either");
        }
    } else if (!known && member->value.kind == JSON_OBJECT &&
               !json_get(&member->value, "certificates") && !json_get(&member->value, "digest")) {
        findings_add(r->base.findings, FINDING_MISSING_KEY, place, pointer, NO_SLICE,
                     "nobody can be this uCDN: give it 'certificates' or 'digest'");
    }
    config_reader_leave(&r->base, mark);
}

static void read_profiles(ucdns_reader_t *r, const json_value_t *root)
{
    if (root->kind == JSON_NULL) {
        return; /* a file without profiles lets nobody in */
    }
    if (!wants(r, root, JSON_OBJECT, "a map of profiles")) {
        return;
    }
    size_t count = root->u.object.count;
    r->ucdns->profiles = arena_array(&r->ucdns->arena, count ? count : 1,
                                     sizeof *r->ucdns->profiles);
    if (!r->ucdns->profiles) {
        r->base.failed = true;
        return;
    }
    r->ucdns->count = count;
    for (size_t i = 0; i < count; i++) {
        read_profile(r, &root->u.object.members[i], &r->ucdns->profiles[i]);
    }
}

static bool is_json(slice_t file)
{
    return file.len > 5 && memcmp(file.ptr + file.len - 5, ".json", 5) == 0;
}

err_t ucdns_parse(slice_t text, slice_t file, ucdns_t **out, findings_t *findings)
{
    size_t before = findings->errors;
    ucdns_reader_t r = {.base = {.findings = findings, .file = file, .pointer = BUF_INIT}};
    err_t err = ucdns_new(&r.ucdns);
    if (err) {
        return err;
    }
    arena_t arena;
    arena_init(&arena, 0);
    json_value_t *root = NULL;
    err = doc_read_tree(text, is_json(file) ? DOC_JSON : DOC_YAML, file, &doc_limits_default,
                        &arena, findings, &root);
    if (!err) {
        read_profiles(&r, root);
        bool failed = r.base.failed || findings->failed || arena_failed(&r.ucdns->arena);
        err = failed ? ERR_NOMEM : findings->errors > before ? ERR_DATA : ERR_OK;
    }
    buf_release(&r.base.pointer);
    arena_release(&arena);
    if (err) {
        ucdns_unref(r.ucdns);
        return err;
    }
    *out = r.ucdns;
    return ERR_OK;
}
