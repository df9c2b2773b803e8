#include "stream_params.h"

/*
 * The checks stand in the order in which they are made: every one is made of all entries before the
 * next one, so that one request has one answer (RFC 7285 8.5.2) whatever the order of its members.
 */

static const json_value_t empty_object = {.kind = JSON_OBJECT};

static bool check_presence(params_t *p, const json_value_t *add, const json_value_t *remove,
                           bool control)
{
    bool some = add && (add->kind != JSON_OBJECT || add->u.object.count);
    return some || (control && remove) ? true : params_missing(p, SLICE_LIT("add"));
}

static bool check_entries(params_t *p, const json_value_t *add)
{
    if (add && add->kind != JSON_OBJECT) {
        return params_wrong_type(p, SLICE_LIT("add"));
    }
    for (size_t i = 0; add && i < add->u.object.count; i++) {
        const json_member_t *m = &add->u.object.members[i];
        if (m->value.kind != JSON_OBJECT) {
            return params_wrong_type(p, params_field(p, m->name, NULL));
        }
    }
    for (size_t i = 0; add && i < add->u.object.count; i++) {
        if (!params_id_valid(add->u.object.members[i].name)) {
            return params_wrong_value(p, SLICE_LIT("add"), add->u.object.members[i].name);
        }
    }
    return true;
}

static bool check_missing(params_t *p, const json_value_t *add)
{
    for (size_t i = 0; add && i < add->u.object.count; i++) {
        const json_member_t *m = &add->u.object.members[i];
        if (!json_get(&m->value, "resource-id")) {
            return params_missing(p, params_field(p, m->name, "resource-id"));
        }
    }
    return true;
}

static bool check_types(params_t *p, const json_value_t *add)
{
    static const struct {
        const char *name;
        json_kind_t kind;
    } members[] = {{"resource-id", JSON_STRING},
                   {"tag", JSON_STRING},
                   {"incremental-changes", JSON_BOOL},
                   {"input", JSON_OBJECT}};
    for (size_t k = 0; k < sizeof members / sizeof *members; k++) {
        for (size_t i = 0; add && i < add->u.object.count; i++) {
            const json_member_t *m = &add->u.object.members[i];
            const json_value_t *v = json_get(&m->value, members[k].name);
            if (v && v->kind != members[k].kind) {
                return params_wrong_type(p, params_field(p, m->name, members[k].name));
            }
        }
    }
    return true;
}

static void fill(hub_t *hub, const json_value_t *add, stream_params_t *out)
{
    (void)pthread_mutex_lock(&hub->lock);
    for (size_t i = 0; add && i < add->u.object.count; i++) {
        const json_member_t *m = &add->u.object.members[i];
        const json_value_t *tag = json_get(&m->value, "tag");
        const json_value_t *incremental = json_get(&m->value, "incremental-changes");
        stream_add_t *a = &out->add[i];
        a->id = m->name;
        a->resource = json_get(&m->value, "resource-id")->u.text;
        a->kind = hub_offer(hub, a->resource);
        a->tag = tag ? tag->u.text : SLICE_LIT("");
        a->incremental = !incremental || incremental->u.boolean;
        a->input = json_get(&m->value, "input");
        if (!a->input && a->kind && a->kind->accepts) {
            a->input = &empty_object;
        }
    }
    (void)pthread_mutex_unlock(&hub->lock);
}

static bool check_values(params_t *p, const json_value_t *add, const stream_params_t *params)
{
    for (size_t i = 0; i < params->add_count; i++) {
        const stream_add_t *a = &params->add[i];
        if (!a->kind) {
            return params_wrong_value(p, params_field(p, a->id, "resource-id"), a->resource);
        }
    }
    for (size_t i = 0; i < params->add_count; i++) {
        const stream_add_t *a = &params->add[i];
        bool given = json_get(&add->u.object.members[i].value, "tag") != NULL;
        if (given && !params_tag_valid(a->tag)) {
            return params_wrong_value(p, params_field(p, a->id, "tag"), a->tag);
        }
    }
    for (size_t i = 0; i < params->add_count; i++) {
        const stream_add_t *a = &params->add[i];
        if (a->input && !a->kind->accepts) {
            return params_wrong_json(p, params_field(p, a->id, "input"), a->input);
        }
    }
    return true;
}

static bool check_remove(params_t *p, const json_value_t *remove, stream_params_t *out)
{
    const slice_t field = SLICE_LIT("remove");
    if (!remove) {
        return true;
    }
    if (remove->kind != JSON_ARRAY) {
        return params_wrong_type(p, field);
    }
    size_t count = remove->u.array.count;
    slice_t *ids = arena_array(p->arena, count + 1, sizeof *ids);
    for (size_t i = 0; ids && i < count; i++) {
        if (remove->u.array.items[i].kind != JSON_STRING) {
            return params_wrong_json(p, field, &remove->u.array.items[i]);
        }
        ids[i] = remove->u.array.items[i].u.text;
    }
    if (!count && out->add_count) {
        return params_wrong_value(p, field, SLICE_LIT("[]"));
    }
    out->remove = ids;
    out->remove_count = count;
    out->remove_given = true;
    return ids != NULL;
}

bool stream_params_read(params_t *p, hub_t *hub, slice_t body, bool control, stream_params_t *out)
{
    *out = (stream_params_t){0};
    if (!params_parse(p, body)) {
        return false;
    }
    const json_value_t *add = json_get(p->root, "add");
    const json_value_t *remove = control ? json_get(p->root, "remove") : NULL;
    if (!check_presence(p, add, remove, control) || !check_entries(p, add) ||
        !check_missing(p, add) || !check_types(p, add)) {
        return false;
    }
    out->add_count = add ? add->u.object.count : 0;
    out->add = arena_array(p->arena, out->add_count + 1, sizeof *out->add);
    if (!out->add) {
        return false;
    }
    fill(hub, add, out);
    return check_values(p, add, out) && check_remove(p, remove, out);
}
