#include "import_footprints.h"

#include "footprintd/base/suggest.h"
#include "footprintd/model/model.h"

#include <stdlib.h>

#define DEPTH 32 /* that of documents */

typedef struct advertisement {
    import_data_t *d;
    import_footprints_t footprints;
    json_value_t *capabilities; /* in the arena */
    size_t count;
    slice_t list; /* where the capabilities are: "/capabilities" */
} advertisement_t;

static bool find(advertisement_t *a, finding_code_t code, const json_value_t *v, const char *text)
{
    import_find(a->d, code, v->line, v->column, (slice_t){0}, "%s", text);
    return false;
}

/* ---- values that are not as their RFC has them ---- */

/* The types of RFC 8008 that have one list alone: SVTA's test bed has the list or a text by itself.
 */
static const struct {
    const char *type;
    const char *member;
} lists[] = {
    {"FCI.DeliveryProtocol", "delivery-protocols"},
    {"FCI.AcquisitionProtocol", "acquisition-protocols"},
    {"FCI.RedirectionMode", "redirection-modes"},
    {"FCI.Metadata", "metadata"},
};

static const struct {
    const char *written, *registered;
} protocols[] = {
    {"http1.1", "http/1.1"},
    {"https1.1", "https/1.1"},
    {"http2", "http/2"},
    {"http3", "http/3"},
};

static void *alloc(advertisement_t *a, size_t count, size_t size)
{
    void *p = arena_array(&a->d->arena, count, size);
    a->d->failed |= !p;
    return p;
}

static json_value_t put_right(advertisement_t *a, const json_value_t *v)
{
    for (size_t i = 0; v->kind == JSON_STRING && i < sizeof protocols / sizeof *protocols; i++) {
        if (slice_is(v->u.text, protocols[i].written)) {
            import_find(a->d, FINDING_REWRITTEN, v->line, v->column,
                        slice_str(protocols[i].registered), "'%s' is taken as %s",
                        protocols[i].written, protocols[i].registered);
            json_value_t right = *v;
            right.u.text = slice_str(protocols[i].registered);
            return right;
        }
    }
    return *v;
}

/* The items of a list, each put right; a text is a list of one. */
static bool copy_list(advertisement_t *a, const json_value_t *v, json_value_t *out)
{
    size_t count = v->kind == JSON_ARRAY ? v->u.array.count : 1;
    *out = *v;
    out->kind = JSON_ARRAY;
    out->u.array.items = alloc(a, count + 1, sizeof(json_value_t));
    out->u.array.count = count;
    for (size_t i = 0; out->u.array.items && i < count; i++) {
        out->u.array.items[i] = put_right(a, v->kind == JSON_ARRAY ? &v->u.array.items[i] : v);
    }
    return out->u.array.items != NULL;
}

/* {member: list} */
static bool wrap(advertisement_t *a, const char *member, const json_value_t *v, json_value_t *out)
{
    *out = (json_value_t){.kind = JSON_OBJECT, .line = v->line, .column = v->column};
    out->u.object.members = alloc(a, 1, sizeof(json_member_t));
    if (!out->u.object.members) {
        return false;
    }
    out->u.object.count = 1;
    out->u.object.members[0] = (json_member_t){
        .name = slice_str(member), .line = v->line, .column = v->column};
    return copy_list(a, v, &out->u.object.members[0].value);
}

static bool take_value(advertisement_t *a, slice_t type, const json_value_t *v, json_value_t *out)
{
    *out = *v;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        if (!slice_is(type, lists[i].type)) {
            continue;
        }
        const json_value_t *list = json_get(v, lists[i].member);
        if (v->kind == JSON_STRING || v->kind == JSON_ARRAY) {
            import_find(a->d, FINDING_REWRITTEN, v->line, v->column, (slice_t){0},
                        "the value of %s is an object with %s: it is taken as that", lists[i].type,
                        lists[i].member);
            return wrap(a, lists[i].member, v, out);
        }
        if (list && v->u.object.count == 1 &&
            (list->kind == JSON_ARRAY || list->kind == JSON_STRING)) {
            if (list->kind == JSON_STRING) {
                import_find(a->d, FINDING_REWRITTEN, list->line, list->column, (slice_t){0},
                            "%s is a list: the text is taken as one of one", lists[i].member);
            }
            return wrap(a, lists[i].member, list, out);
        }
    }
    return true;
}

/* ---- objects ---- */

/* As documents would be checked, with places of the source. */
static bool check_value(advertisement_t *a, const json_value_t *type, const json_value_t *value,
                        slice_t where)
{
    import_data_t *d = a->d;
    findings_t findings;
    json_value_t canonical;
    findings_init(&findings, 0);
    capability_check_t check = {&findings, d->file,
                                arena_printf(&d->arena, "%.*s/capability-value", SLICE_ARG(where)),
                                &d->arena};
    place_t place = {d->file, type->line, type->column};
    bool good = capability_type_check(
        &findings, place, arena_printf(&d->arena, "%.*s/capability-type", SLICE_ARG(where)),
        type->u.text);
    good = good && capability_type_find(type->u.text)->canonical(&check, value, &canonical);
    for (size_t i = 0; i < findings.count; i++) {
        const finding_t *f = &findings.items[i];
        bool error = finding_infos[f->code].severity == SEVERITY_ERROR;
        findings_add(error ? &d->errors : &d->warnings, f->code, f->place, f->pointer,
                     f->suggestion, "%.*s", SLICE_ARG(f->text));
    }
    d->failed |= findings.failed || arena_failed(&d->arena);
    findings_release(&findings);
    return good;
}

static bool check_members(advertisement_t *a, const json_value_t *v)
{
    static const char *const names[] = {"capability-type", "capability-value", "footprints"};
    for (size_t i = 0; i < v->u.object.count; i++) {
        const json_member_t *m = &v->u.object.members[i];
        suggest_t s;
        bool known = false;
        suggest_init(&s, m->name);
        for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
            known |= slice_is(m->name, names[k]);
            suggest_offer(&s, slice_str(names[k]));
        }
        if (!known) {
            import_find(a->d, FINDING_UNKNOWN_KEY, m->line, m->column, s.best,
                        "'%.*s' may narrow what is said here, and documents have nothing like it",
                        SLICE_ARG(m->name));
            return false;
        }
    }
    return true;
}

/* The names of footprints: one of them, or everywhere. */
static bool take_footprints(advertisement_t *a, const json_value_t *object, slice_t where,
                            json_value_t *out)
{
    const json_value_t *type = json_get(object, "capability-type");
    const json_value_t *list = json_get(object, "footprints");
    slice_t name = SLICE_LIT(MODEL_EVERYWHERE);
    bool some = list && list->kind != JSON_NULL;
    if (some && list->kind != JSON_ARRAY) {
        return find(a, FINDING_WRONG_TYPE, list, "footprints is a list");
    }
    if (some && list->u.array.count) {
        slice_t at = arena_printf(&a->d->arena, "%.*s/footprints", SLICE_ARG(where));
        name = at.ptr ? import_footprints_name(&a->footprints, list, at) : at;
    } else {
        const json_value_t *place = list ? list : object;
        import_find(a->d, FINDING_GLOBAL_BY_ABSENCE, place->line, place->column, (slice_t){0},
                    "%.*s has no footprints: it covers every address", SLICE_ARG(type->u.text));
    }
    *out = (json_value_t){.kind = JSON_ARRAY};
    out->u.array.items = name.ptr ? alloc(a, 1, sizeof(json_value_t)) : NULL;
    if (!out->u.array.items) {
        return false;
    }
    out->u.array.count = 1;
    out->u.array.items[0] = (json_value_t){.kind = JSON_STRING, .u.text = name};
    return true;
}

static bool take_object(advertisement_t *a, const json_value_t *v, size_t index, json_value_t *out)
{
    const json_value_t *type = json_get(v, "capability-type");
    const json_value_t *value = json_get(v, "capability-value");
    json_value_t right, footprints;
    slice_t where = arena_printf(&a->d->arena, "%.*s/%zu", SLICE_ARG(a->list), index);
    if (v->kind != JSON_OBJECT) {
        return find(a, FINDING_WRONG_TYPE, v, "this is no object of an advertisement");
    }
    if (!json_is_string(type)) {
        return find(a, FINDING_MISSING_KEY, v, "an object of an advertisement has capability-type");
    }
    if (!value || value->kind == JSON_NULL) {
        return find(a, FINDING_MISSING_KEY, v,
                    "an object of an advertisement has capability-value");
    }
    bool good = check_members(a, v) && take_value(a, type->u.text, value, &right) &&
                check_value(a, type, &right, where);
    /* What is wrong with the one does not hide what is wrong with the other. */
    good = take_footprints(a, v, where, &footprints) && good;
    json_member_t *members = good ? alloc(a, 3, sizeof *members) : NULL;
    if (!members) {
        return false;
    }
    members[0] = (json_member_t){.name = SLICE_LIT("capability-type"), .value = *type};
    members[1] = (json_member_t){.name = SLICE_LIT("capability-value"), .value = right};
    members[2] = (json_member_t){.name = SLICE_LIT("footprints"), .value = footprints};
    *out = (json_value_t){.kind = JSON_OBJECT, .u.object = {members, 3}};
    return true;
}

/* ---- the whole ---- */

/* The list of objects; NULL after a finding. */
static const json_value_t *find_list(advertisement_t *a, const json_value_t *root)
{
    const json_value_t *alto = json_get(root, "cdni-advertisement");
    const json_value_t *list = json_get(root, "capabilities");
    a->list = SLICE_LIT("/capabilities");
    if (root->kind == JSON_ARRAY) {
        list = root;
        a->list = SLICE_LIT("");
    } else if (alto) {
        list = json_get(alto, "capabilities-with-footprints");
        a->list = SLICE_LIT("/cdni-advertisement/capabilities-with-footprints");
    }
    if (list && list->kind == JSON_ARRAY) {
        return list;
    }
    (void)find(a, FINDING_MISSING_KEY, root,
               "an advertisement has a list 'capabilities', or cdni-advertisement with "
               "capabilities-with-footprints");
    a->d->hopeless = true;
    return NULL;
}

static bool write_document(advertisement_t *a)
{
    import_data_t *d = a->d;
    import_document_t *document = import_document_add(d, d->name);
    json_member_t *footprints = alloc(a, a->footprints.count + 1, sizeof *footprints);
    json_member_t members[3] = {
        {.name = SLICE_LIT("version"), .value = {.kind = JSON_NUMBER, .u.text = SLICE_LIT("1")}},
        {.name = SLICE_LIT("footprints"),
         .value = {.kind = JSON_OBJECT, .u.object = {footprints, a->footprints.count}}},
        {.name = SLICE_LIT("capabilities"),
         .value = {.kind = JSON_ARRAY, .u.array = {a->capabilities, a->count}}}};
    if (!document || !footprints) {
        return false;
    }
    for (size_t i = 0; i < a->footprints.count; i++) {
        footprints[i] = *a->footprints.items[i];
    }
    if (!a->footprints.count) {
        members[1] = members[2];
    }
    json_value_t tree = {.kind = JSON_OBJECT, .u.object = {members, a->footprints.count ? 3 : 2}};
    if (!doc_write_is_yaml(&tree)) {
        import_refuse(d, FINDING_YAML_FEATURE, "it has the key '<<', which YAML cannot have");
        return false;
    }
    import_write_comment(d, &document->text);
    doc_write(&tree, DOC_YAML, &document->text);
    d->failed |= buf_failed(&document->text);
    d->footprints = a->footprints.count;
    d->capabilities = a->count;
    return !d->failed;
}

static bool run(advertisement_t *a, const json_value_t *root)
{
    const json_value_t *list = find_list(a, root);
    size_t count = list ? list->u.array.count : 0;
    a->capabilities = list ? alloc(a, count + 1, sizeof *a->capabilities) : NULL;
    if (!a->capabilities) {
        return false;
    }
    for (size_t i = 0; i < count && !a->d->failed; i++) {
        a->count += take_object(a, &list->u.array.items[i], i, &a->capabilities[a->count]);
    }
    return a->count && import_is_fine(a->d) && write_document(a);
}

bool import_advertisement(import_data_t *d, slice_t text)
{
    advertisement_t a = {.d = d};
    json_value_t *root = NULL;
    json_error_t error;
    err_t err = json_parse(text, DEPTH, &d->arena, &root, &error);
    if (err) {
        d->failed |= err == ERR_NOMEM;
        d->hopeless = true;
        if (err != ERR_NOMEM) {
            import_find(d, FINDING_SYNTAX, error.line, error.column, (slice_t){0}, "%s",
                        error.text);
        }
        return false;
    }
    import_footprints_init(&a.footprints, d);
    bool ok = run(&a, root);
    import_footprints_release(&a.footprints);
    return ok && !d->failed;
}
