#include "import_footprints.h"

#include "footprintd/base/suggest.h"

#include <stdio.h>
#include <stdlib.h>

/* What one list of Footprint objects says: by type, as lists of text. */
typedef struct parts {
    import_table_t tables[FP_TYPE_COUNT]; /* of all but PIDs */
    json_value_t lists[FP_TYPE_COUNT];    /* afterwards; a union's are objects of one type */
    uint32_t types;                       /* a bit for each that is there */
    slice_t *pids;
    size_t pid_count, pid_cap;
} parts_t;

static bool take_list(import_footprints_t *f, const json_value_t *list, slice_t where,
                      bool in_union, parts_t *parts);

void import_footprints_init(import_footprints_t *f, import_data_t *d)
{
    *f = (import_footprints_t){.d = d, .by_text = TABLE_INIT};
}

void import_footprints_release(import_footprints_t *f)
{
    table_release(&f->by_text);
    free(f->items);
}

static bool find(import_footprints_t *f, finding_code_t code, const json_value_t *v,
                 slice_t suggestion, const char *text)
{
    import_find(f->d, code, v->line, v->column, suggestion, "%s", text);
    return false;
}

/* ---- values ---- */

static void init(parts_t *parts)
{
    *parts = (parts_t){.types = 0};
    for (unsigned i = 0; i < FP_TYPE_COUNT; i++) {
        import_table_init(&parts->tables[i]);
    }
}

static void release(parts_t *parts)
{
    for (unsigned i = 0; i < FP_TYPE_COUNT; i++) {
        import_table_release(&parts->tables[i]);
    }
    free(parts->pids);
}

static bool take_pid(import_footprints_t *f, const json_value_t *v, parts_t *parts)
{
    if (!fp_pid_valid(v->u.text)) {
        return find(f, FINDING_BAD_VALUE, v, (slice_t){0}, "this is no name of a PID");
    }
    if (parts->pid_count == parts->pid_cap) {
        size_t cap = parts->pid_cap ? parts->pid_cap * 2 : 16;
        slice_t *grown = realloc(parts->pids, cap * sizeof *grown);
        if (!grown) {
            f->d->failed = true;
            return false;
        }
        parts->pids = grown;
        parts->pid_cap = cap;
    }
    parts->pids[parts->pid_count++] = v->u.text;
    return true;
}

static bool take_prefix(import_footprints_t *f, fp_type_t type, const json_value_t *v,
                        uint32_t group, import_table_t *t)
{
    prefix_t p;
    if (!import_parse_prefix(f->d, v->u.text, v->line, v->column, &p)) {
        return false;
    }
    if (p.family != (type == FP_IPV4CIDR ? FAMILY_IPV4 : FAMILY_IPV6)) {
        return find(f, FINDING_BAD_VALUE, v, (slice_t){0},
                    type == FP_IPV4CIDR ? "this is no IPv4 prefix" : "this is no IPv6 prefix");
    }
    return import_table_prefix(f->d, t, group, v->line, &p);
}

static bool take_code(import_footprints_t *f, fp_type_t type, const json_value_t *v, uint32_t group,
                      import_table_t *t)
{
    char buffer[16];
    slice_t lower = slice_lower_short(v->u.text, buffer);
    uint32_t asn = 0;
    fp_code_t code = 0;
    bool good = type == FP_ASN           ? fp_asn_parse(lower, &asn)
                : type == FP_COUNTRYCODE ? fp_country_parse(lower, &code)
                                         : fp_subdivision_parse(lower, &code);
    if (!good) {
        import_find(f->d, FINDING_BAD_VALUE, v->line, v->column, (slice_t){0}, "'%.*s' is not %s",
                    SLICE_ARG(v->u.text), fp_type_infos[type].wants);
        return false;
    }
    return import_table_value(f->d, t, group, v->line, type, type == FP_ASN ? asn : code);
}

static bool take_values(import_footprints_t *f, fp_type_t type, const json_value_t *list,
                        slice_t where, parts_t *parts)
{
    import_table_t *t = &parts->tables[type];
    bool good = true;
    uint32_t group = import_table_group(f->d, t, where, list->line);
    for (size_t i = 0; !f->d->failed && i < list->u.array.count; i++) {
        const json_value_t *v = &list->u.array.items[i];
        if (v->kind != JSON_STRING) {
            good = find(f, FINDING_WRONG_TYPE, v, (slice_t){0}, "a value of a footprint is text");
        } else if (type == FP_ALTOPID) {
            good &= take_pid(f, v, parts);
        } else if (type == FP_IPV4CIDR || type == FP_IPV6CIDR) {
            good &= take_prefix(f, type, v, group, t);
        } else {
            good &= take_code(f, type, v, group, t);
        }
    }
    parts->types |= 1u << type;
    return good && !f->d->failed;
}

/* ---- lists of text ---- */

static int by_bytes(const void *a, const void *b)
{
    return slice_cmp(*(const slice_t *)a, *(const slice_t *)b);
}

static void add_text(import_footprints_t *f, json_value_t *list, slice_t text)
{
    slice_t copy = arena_copy(&f->d->arena, text);
    f->d->failed |= !copy.ptr;
    list->u.array.items[list->u.array.count++] = (json_value_t){.kind = JSON_STRING,
                                                                .u.text = copy};
}

static bool list_of(import_footprints_t *f, size_t count, json_value_t *out)
{
    *out = (json_value_t){.kind = JSON_ARRAY};
    out->u.array.items = arena_array(&f->d->arena, count + 1, sizeof(json_value_t));
    f->d->failed |= !out->u.array.items;
    return !f->d->failed;
}

static bool make_pids(import_footprints_t *f, parts_t *parts, json_value_t *out)
{
    qsort(parts->pids, parts->pid_count, sizeof *parts->pids, by_bytes);
    if (!list_of(f, parts->pid_count, out)) {
        return false;
    }
    for (size_t i = 0; i < parts->pid_count; i++) {
        if (!i || !slice_eq(parts->pids[i], parts->pids[i - 1])) {
            add_text(f, out, parts->pids[i]);
        }
    }
    return !f->d->failed;
}

/* The values of a type, in order, each once. */
static bool make_list(import_footprints_t *f, fp_type_t type, parts_t *parts, json_value_t *out)
{
    char text[PREFIX_TEXT_MAX];
    import_table_t *t = &parts->tables[type];
    if (type == FP_ALTOPID) {
        return make_pids(f, parts, out);
    }
    if (!import_table_finish(f->d, t) || !list_of(f, t->prefix_count + t->value_count, out)) {
        return false;
    }
    for (size_t i = 0; i < t->prefix_count; i++) {
        prefix_t p = import_prefix_get(&t->prefixes[i]);
        add_text(f, out, slice_of(text, prefix_format(&p, text)));
    }
    for (size_t i = 0; i < t->value_count; i++) {
        uint64_t value = t->values[i].value;
        int n = type == FP_ASN ? snprintf(text, sizeof text, "as%u", (uint32_t)value)
                               : (int)fp_code_format(value, text);
        add_text(f, out, slice_of(text, n < 0 ? 0 : (size_t)n));
    }
    return !f->d->failed;
}

static bool one_member(import_footprints_t *f, unsigned type, json_value_t list, json_value_t *out)
{
    *out = (json_value_t){.kind = JSON_OBJECT};
    out->u.object.members = arena_array(&f->d->arena, 1, sizeof(json_member_t));
    if (!out->u.object.members) {
        f->d->failed = true;
        return false;
    }
    out->u.object.count = 1;
    out->u.object.members[0] = (json_member_t){.name = slice_str(fp_type_infos[type].name),
                                               .value = list};
    return true;
}

/* A footprintunion as documents have it; its members are one for each type. */
static bool take_union(import_footprints_t *f, const json_value_t *list, slice_t where,
                       parts_t *outer)
{
    parts_t parts;
    init(&parts);
    json_value_t *made = &outer->lists[FP_UNION];
    bool good = take_list(f, list, where, true, &parts) && list_of(f, FP_TYPE_COUNT, made);
    for (unsigned i = 0; good && i < FP_TYPE_COUNT; i++) {
        json_value_t values;
        if (parts.types & 1u << i) {
            good = make_list(f, (fp_type_t)i, &parts, &values) &&
                   one_member(f, i, values, &made->u.array.items[made->u.array.count]);
            made->u.array.count += good;
        }
    }
    outer->types |= 1u << FP_UNION;
    release(&parts);
    return good;
}

/* ---- Footprint objects ---- */

static bool find_type(import_footprints_t *f, const json_value_t *name, fp_type_t *out)
{
    suggest_t s;
    *out = json_is_string(name) ? fp_type_find(name->u.text) : (fp_type_t)FP_TYPE_COUNT;
    if (*out != (fp_type_t)FP_TYPE_COUNT) {
        return true;
    }
    if (name->kind != JSON_STRING) {
        return find(f, FINDING_WRONG_TYPE, name, (slice_t){0}, "footprint-type is text");
    }
    suggest_init(&s, name->u.text);
    for (unsigned i = 0; i < FP_TYPE_COUNT; i++) {
        suggest_offer(&s, slice_str(fp_type_infos[i].name));
    }
    import_find(f->d, FINDING_UNKNOWN_TYPE, name->line, name->column, s.best,
                "'%.*s' is not a footprint type", SLICE_ARG(name->u.text));
    return false;
}

static bool take_object(import_footprints_t *f, const json_value_t *v, slice_t where, bool in_union,
                        parts_t *parts)
{
    const json_value_t *name = json_get(v, "footprint-type");
    const json_value_t *value = json_get(v, "footprint-value");
    fp_type_t type;
    if (!name || !value) {
        return find(f, FINDING_MISSING_KEY, v, (slice_t){0},
                    "a Footprint object has footprint-type and footprint-value");
    }
    for (size_t i = 0; i < v->u.object.count; i++) {
        const json_member_t *m = &v->u.object.members[i];
        if (&m->value != name && &m->value != value) {
            import_find(f->d, FINDING_UNKNOWN_KEY, m->line, m->column, (slice_t){0},
                        "'%.*s' has no meaning in a Footprint object", SLICE_ARG(m->name));
            return false;
        }
    }
    if (!find_type(f, name, &type)) {
        return false;
    }
    if (value->kind != JSON_ARRAY || !value->u.array.count) {
        return find(f, value->kind == JSON_ARRAY ? FINDING_EMPTY : FINDING_WRONG_TYPE, value,
                    (slice_t){0}, "footprint-value is a list of at least one value");
    }
    if (type != FP_UNION) {
        return take_values(f, type, value, where, parts);
    }
    if (in_union) {
        return find(f, FINDING_NESTED_UNION, v, (slice_t){0},
                    "a footprintunion cannot hold a footprintunion");
    }
    if (parts->types & 1u << FP_UNION) {
        return find(f, FINDING_NOT_ONE_OBJECT, v, (slice_t){0},
                    "two footprintunions of one object are not imported");
    }
    return take_union(f, value, where, parts);
}

static bool take_list(import_footprints_t *f, const json_value_t *list, slice_t where,
                      bool in_union, parts_t *parts)
{
    bool good = true;
    for (size_t i = 0; i < list->u.array.count && !f->d->failed; i++) {
        const json_value_t *v = &list->u.array.items[i];
        if (v->kind != JSON_OBJECT) {
            good = find(f, FINDING_WRONG_TYPE, v, (slice_t){0}, "this is no Footprint object");
        } else {
            good &= take_object(f, v, where, in_union, parts);
        }
    }
    return good && !f->d->failed;
}

/* ---- names ---- */

static slice_t choose(import_footprints_t *f, const parts_t *parts, const json_value_t *body)
{
    static const char *const kinds[FP_TYPE_COUNT + 1] = {[FP_ALTOPID] = "pids",
                                                         [FP_ASN] = "networks",
                                                         [FP_COUNTRYCODE] = "countries",
                                                         [FP_UNION] = "union",
                                                         [FP_IPV4CIDR] = "ipv4",
                                                         [FP_IPV6CIDR] = "ipv6",
                                                         [FP_SUBDIVISIONCODE] = "subdivisions",
                                                         [FP_TYPE_COUNT] = "mixed"};
    const json_value_t *list = &body->u.object.members[0].value;
    slice_t prefix = f->d->footprint;
    const char *dash = prefix.len ? "-" : "";
    unsigned kind = FP_TYPE_COUNT;
    for (unsigned i = 0; i < FP_TYPE_COUNT; i++) {
        kind = parts->types == 1u << i ? i : kind;
    }
    bool one = list->u.array.count == 1 && list->u.array.items[0].kind == JSON_STRING;
    if (one && (kind == FP_ASN || kind == FP_COUNTRYCODE || kind == FP_SUBDIVISIONCODE)) {
        static const char *const before[FP_TYPE_COUNT] = {
            [FP_ASN] = "", [FP_COUNTRYCODE] = "country-", [FP_SUBDIVISIONCODE] = "subdivision-"};
        return arena_printf(&f->d->arena, "%.*s%s%s%.*s", SLICE_ARG(prefix), dash, before[kind],
                            SLICE_ARG(list->u.array.items[0].u.text));
    }
    return arena_printf(&f->d->arena, "%.*s%s%s-%zu", SLICE_ARG(prefix), dash, kinds[kind],
                        ++f->numbers[kind]);
}

static bool push(import_footprints_t *f, json_member_t *made)
{
    if (f->count == f->cap) {
        size_t cap = f->cap ? f->cap * 2 : 16;
        json_member_t **grown = realloc(f->items, cap * sizeof *grown);
        if (!grown) {
            return false;
        }
        f->items = grown;
        f->cap = cap;
    }
    f->items[f->count++] = made;
    return true;
}

/* The name of the body, which is one that is there, or a new one. */
static slice_t name_body(import_footprints_t *f, const parts_t *parts, json_value_t *body)
{
    import_data_t *d = f->d;
    buf_t text = BUF_INIT;
    json_write_value(&text, body);
    const json_member_t *known = buf_failed(&text) ? NULL
                                                   : table_get(&f->by_text, buf_slice(&text));
    if (!known && !buf_failed(&text)) {
        json_member_t *made = arena_alloc(&d->arena, sizeof *made);
        slice_t key = arena_copy(&d->arena, buf_slice(&text));
        if (made && key.ptr) {
            *made = (json_member_t){.name = choose(f, parts, body), .value = *body};
            known = made->name.ptr && !table_put(&f->by_text, key, made, NULL) && push(f, made)
                        ? made
                        : NULL;
        }
        for (unsigned i = 0; known && i < FAMILY_COUNT; i++) {
            const json_value_t *list = &parts->lists[i == FAMILY_IPV4 ? FP_IPV4CIDR : FP_IPV6CIDR];
            d->prefixes[i] += list->kind == JSON_ARRAY ? list->u.array.count : 0;
        }
    }
    d->failed |= !known;
    buf_release(&text);
    return known ? known->name : slice_of(NULL, 0);
}

static bool make_body(import_footprints_t *f, parts_t *parts, json_value_t *out)
{
    *out = (json_value_t){.kind = JSON_OBJECT};
    out->u.object.members = arena_array(&f->d->arena, FP_TYPE_COUNT, sizeof(json_member_t));
    if (!out->u.object.members) {
        f->d->failed = true;
        return false;
    }
    for (unsigned i = 0; i < FP_TYPE_COUNT; i++) {
        if (parts->types & 1u << i) {
            if (i != FP_UNION && !make_list(f, (fp_type_t)i, parts, &parts->lists[i])) {
                return false;
            }
            out->u.object.members[out->u.object.count++] = (json_member_t){
                .name = slice_str(fp_type_infos[i].name), .value = parts->lists[i]};
        }
    }
    return true;
}

slice_t import_footprints_name(import_footprints_t *f, const json_value_t *list, slice_t where)
{
    parts_t parts;
    json_value_t body;
    slice_t name = {NULL, 0};
    init(&parts);
    bool good = take_list(f, list, where, false, &parts);
    uint32_t both = 1u << FP_IPV4CIDR | 1u << FP_IPV6CIDR;
    if (good && (parts.types & both) == both) {
        good = find(f, FINDING_NULL_FOOTPRINT, list, (slice_t){0},
                    "no address is IPv4 and IPv6 at once: ipv4cidr beside ipv6cidr covers nobody");
    }
    if (good && make_body(f, &parts, &body)) {
        name = name_body(f, &parts, &body);
    }
    release(&parts);
    return name;
}
