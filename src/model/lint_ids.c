#include "builder.h"

#include "footprintd/base/suggest.h"

/*
 * Ids of telemetry sources and limits are unique in an advertisement, as far as one uCDN sees it,
 * and a limit's telemetry source must be there (RFC 9808 2.1.1, 2.2.1).
 */

typedef struct id_use {
    const capability_draft_t *cap;
    const json_value_t *at;     /* the id */
    const json_value_t *source; /* the telemetry source, for look-ups */
    struct id_use *next;        /* the same id elsewhere */
} id_use_t;

static slice_t pointer_of(builder_t *b, const capability_draft_t *cap)
{
    return arena_printf(b->arena, "/capabilities/%zu/capability-value", cap->index);
}

static void find_at(builder_t *b, const capability_draft_t *cap, finding_code_t code,
                    const json_value_t *at, slice_t suggestion, const char *text, slice_t name,
                    const id_use_t *other)
{
    place_t place = builder_place(b, cap->document, at->line, at->column);
    if (other) {
        findings_add(b->findings, code, place, pointer_of(b, cap), suggestion,
                     "%s '%.*s' is used already at %.*s:%u", text, SLICE_ARG(name),
                     SLICE_ARG(b->documents[other->cap->document].made.file), other->at->line);
    } else {
        findings_add(b->findings, code, place, pointer_of(b, cap), suggestion, "%s '%.*s'", text,
                     SLICE_ARG(name));
    }
}

/* Canonical values are sorted by content, so that the order of uses is not that of the text. */
static bool stands_before(const id_use_t *x, const id_use_t *y)
{
    if (x->cap->document != y->cap->document) {
        return x->cap->document < y->cap->document;
    }
    return x->at->line != y->at->line ? x->at->line < y->at->line : x->at->column < y->at->column;
}

static void use_id(builder_t *b, table_t *ids, const capability_draft_t *cap,
                   const json_value_t *at, const json_value_t *source, const char *what)
{
    id_use_t *first = table_get(ids, at->u.text);
    for (const id_use_t *use = first; use; use = use->next) {
        if (audiences_meet(b, use->cap->document, cap->document) &&
            windows_meet(&use->cap->window, &cap->window)) {
            id_use_t this = {cap, at, source, NULL};
            const id_use_t *later = stands_before(use, &this) ? &this : use;
            find_at(b, later->cap, FINDING_DUPLICATE_ID, later->at, (slice_t){0}, what, at->u.text,
                    later == use ? &this : use);
            return;
        }
    }
    id_use_t *use = builder_alloc(b, 1, sizeof *use);
    if (use) {
        *use = (id_use_t){cap, at, source, first};
        b->failed |= table_put(ids, at->u.text, use, NULL) != ERR_OK;
    }
}

/* Sorted by name, so that equal ones are neighbours. */
static void check_metrics(builder_t *b, const capability_draft_t *cap, const json_value_t *source)
{
    const json_value_t *metrics = json_get(source, "metrics");
    for (size_t i = 1; i < metrics->u.array.count; i++) {
        const json_value_t *name = json_get(&metrics->u.array.items[i], "name");
        const json_value_t *before = json_get(&metrics->u.array.items[i - 1], "name");
        if (slice_eq(name->u.text, before->u.text)) {
            find_at(b, cap, FINDING_DUPLICATE_ID, name, (slice_t){0},
                    "a source has two metrics of the name", name->u.text, NULL);
        }
    }
}

static const id_use_t *find_source(const builder_t *b, const table_t *sources,
                                   const capability_draft_t *cap, slice_t id)
{
    for (const id_use_t *use = table_get(sources, id); use; use = use->next) {
        if (audience_within(b, cap->document, use->cap->document) &&
            window_within(&cap->window, &use->cap->window)) {
            return use;
        }
    }
    return NULL;
}

static void suggest_source(const table_t *sources, suggest_t *near)
{
    for (size_t i = 0; sources->entries && i <= sources->mask; i++) {
        if (sources->entries[i].value) {
            suggest_offer(near, sources->entries[i].key);
        }
    }
}

/* Whether anything of the capability is published at this time. */
static bool is_published(const model_advertisement_t *a, const capability_draft_t *cap)
{
    for (size_t i = 0; i < a->count; i++) {
        const model_object_t *o = &a->objects[i];
        if (o->document == cap->document && o->line == cap->line && o->column == cap->column) {
            return true;
        }
    }
    return false;
}

static void check_reference(builder_t *b, const model_advertisement_t *a, const table_t *sources,
                            const capability_draft_t *cap, const json_value_t *limit)
{
    const json_value_t *ref = json_get(limit, "telemetry-source");
    if (!ref) {
        return;
    }
    const json_value_t *id = json_get(ref, "id"), *metric = json_get(ref, "metric");
    const id_use_t *use = find_source(b, sources, cap, id->u.text);
    suggest_t near;
    if (!use) {
        bool hidden = table_get(sources, id->u.text) != NULL;
        suggest_init(&near, id->u.text);
        if (!hidden) {
            suggest_source(sources, &near);
        }
        find_at(b, cap, FINDING_DANGLING, id, near.best,
                hidden ? "who sees this limit does not see at all times its telemetry source"
                       : "no FCI.Telemetry of this advertisement has a source",
                id->u.text, NULL);
        return;
    }
    const json_value_t *metrics = json_get(use->source, "metrics");
    suggest_init(&near, metric->u.text);
    for (size_t i = 0; i < metrics->u.array.count; i++) {
        slice_t name = json_get(&metrics->u.array.items[i], "name")->u.text;
        if (slice_eq(name, metric->u.text)) {
            /* Windows of time cannot do that, see find_source; withdrawals may. */
            if (is_published(a, cap) && !is_published(a, use->cap)) {
                find_at(b, cap, FINDING_SOURCE_WITHDRAWN, id, (slice_t){0},
                        "who sees this limit does not see, while it is withdrawn, its telemetry "
                        "source",
                        id->u.text, NULL);
            }
            return;
        }
        suggest_offer(&near, name);
    }
    find_at(b, cap, FINDING_DANGLING, metric, near.best, "the telemetry source has no metric",
            metric->u.text, NULL);
}

static slice_t advertisement_of(const builder_t *b, const capability_draft_t *cap)
{
    slice_t id = b->documents[cap->document].advertisement;
    return id.ptr ? id : SLICE_LIT(MODEL_ADVERTISEMENT);
}

static bool is_of(const builder_t *b, const capability_draft_t *cap, slice_t id, const char *type)
{
    return cap->value_ok && slice_is(cap->name, type) && slice_eq(advertisement_of(b, cap), id);
}

void lint_ids(builder_t *b, const model_advertisement_t *a)
{
    table_t sources = TABLE_INIT, limits = TABLE_INIT;
    for (size_t i = 0; i < b->capability_list.count; i++) {
        const capability_draft_t *cap = b->capability_list.items[i];
        if (!is_of(b, cap, a->id, "FCI.Telemetry")) {
            continue;
        }
        const json_value_t *list = json_get(&cap->value, "sources");
        for (size_t k = 0; k < list->u.array.count; k++) {
            const json_value_t *source = &list->u.array.items[k];
            use_id(b, &sources, cap, json_get(source, "id"), source, "telemetry source id");
            check_metrics(b, cap, source);
        }
    }
    for (size_t i = 0; i < b->capability_list.count; i++) {
        const capability_draft_t *cap = b->capability_list.items[i];
        if (!is_of(b, cap, a->id, "FCI.CapacityLimits")) {
            continue;
        }
        const json_value_t *list = json_get(&cap->value, "limits");
        for (size_t k = 0; k < list->u.array.count; k++) {
            const json_value_t *limit = &list->u.array.items[k];
            const json_value_t *id = json_get(limit, "id");
            if (id) {
                use_id(b, &limits, cap, id, NULL, "limit id");
            }
            check_reference(b, a, &sources, cap, limit);
        }
    }
    table_release(&sources);
    table_release(&limits);
}
