#include "builder.h"

#include "footprintd/base/suggest.h"
#include "footprintd/base/time.h"

/*
 * What counts for a time only: footprints and capabilities with not-before and not-after, and
 * withdrawals, which take a footprint or a type of capability out of service whatever documents
 * say. Nothing here ever widens what a capability covers: what is not in force is left out of
 * lists, and a capability of which nothing is left is not published.
 */

bool parse_moment(builder_t *b, bool after, model_window_t *window)
{
    const doc_event_t *ev = doc_reader_last(b->reader);
    const char *what = after ? "not-after" : "not-before";
    slice_t text;
    if (ev->kind == DOC_EV_SCALAR && ev->scalar != JSON_NULL) {
        text = ev->text;
        if (!moment_parse(text, after ? &window->until : &window->from)) {
            doc_reader_find(b->reader, FINDING_BAD_VALUE, (slice_t){0},
                            "%s is a date and a time with a zone, such as 2026-11-26T16:00:00Z",
                            what);
        }
        return true;
    }
    (void)builder_expect_text(b, what, true, &text);
    return doc_reader_last(b->reader)->kind != DOC_EV_ERROR;
}

void check_window(builder_t *b, const model_window_t *window, place_t place, slice_t pointer)
{
    if (window->from >= window->until) {
        findings_add(b->findings, FINDING_BAD_VALUE, place, pointer, (slice_t){0},
                     "not-after is not later than not-before: it would never be in force");
    }
}

bool windows_meet(const model_window_t *x, const model_window_t *y)
{
    return x->from < y->until && y->from < x->until;
}

bool window_within(const model_window_t *x, const model_window_t *outer)
{
    return outer->from <= x->from && x->until <= outer->until;
}

static bool is_open(const builder_t *b, const model_window_t *w)
{
    return w->from <= b->now && b->now < w->until;
}

bool footprint_in_force(const builder_t *b, const footprint_draft_t *f)
{
    return !f->withdrawn && is_open(b, &f->window);
}

bool capability_in_force(const builder_t *b, const capability_draft_t *cap)
{
    return !cap->withdrawn && is_open(b, &cap->window);
}

/* ---- withdrawals ---- */

static bool parse_withdrawal_member(builder_t *b, withdrawal_draft_t *w, int key, unsigned *named)
{
    const doc_event_t *ev = doc_reader_last(b->reader);
    slice_t text;
    switch (key) {
    case 0:
    case 1:
        w->pointer = builder_pointer(b);
        w->place = builder_place(b, b->document, ev->line, ev->column);
        ++*named;
        if (builder_expect_text(b, key ? "capability-type" : "footprint", !key, &text)) {
            w->made.kind = key ? MODEL_TIMED_WITHDRAWAL_OF_CAPABILITY
                               : MODEL_TIMED_WITHDRAWAL_OF_FOOTPRINT;
            w->made.name = text;
        } else {
            w->bad = true;
        }
        return doc_reader_last(b->reader)->kind != DOC_EV_ERROR;
    case 2:
    case 3:
        return parse_moment(b, key == 3, &w->made.window);
    case 4:
        if (builder_expect_text(b, "reason", true, &text)) {
            w->made.reason = text;
        }
        return doc_reader_last(b->reader)->kind != DOC_EV_ERROR;
    default:
        return doc_reader_skip(b->reader);
    }
}

/* The last event opens the map of one withdrawal. */
static bool parse_withdrawal(builder_t *b)
{
    withdrawal_draft_t *w = builder_alloc(b, 1, sizeof *w);
    const doc_event_t *ev = doc_reader_last(b->reader);
    unsigned named = 0;
    if (!w) {
        return false;
    }
    w->made = (model_timed_t){.window = WINDOW_ALWAYS,
                              .reason = SLICE_LIT(""),
                              .document = b->document,
                              .line = ev->line,
                              .column = ev->column};
    slice_t here = builder_pointer(b);
    for (;;) {
        ev = builder_next(b);
        if (ev->kind == DOC_EV_MAP_END) {
            break;
        }
        if (ev->kind != DOC_EV_SCALAR) {
            return false;
        }
        int key = keys_find(b, KEYS_WITHDRAWAL, ev->text, "a withdrawal");
        if (builder_next(b)->kind == DOC_EV_ERROR || !parse_withdrawal_member(b, w, key, &named)) {
            return false;
        }
    }
    place_t place = builder_place(b, b->document, w->made.line, w->made.column);
    if (named != 1) {
        findings_add(b->findings, named ? FINDING_BAD_VALUE : FINDING_MISSING_KEY, place, here,
                     (slice_t){0},
                     "a withdrawal names what it takes out of service: a footprint or a "
                     "capability-type, and one of them");
        w->bad = true;
    }
    check_window(b, &w->made.window, place, here);
    builder_push(b, &b->withdrawal_list, w);
    return true;
}

bool parse_withdrawals(builder_t *b)
{
    if (!builder_expect_list(b, "withdrawals")) {
        return doc_reader_last(b->reader)->kind != DOC_EV_ERROR;
    }
    for (;;) {
        const doc_event_t *ev = builder_next(b);
        if (ev->kind == DOC_EV_SEQ_END || ev->kind == DOC_EV_ERROR) {
            return ev->kind == DOC_EV_SEQ_END;
        }
        if (!builder_expect_map(b, "a withdrawal")) {
            if (doc_reader_last(b->reader)->kind == DOC_EV_ERROR) {
                return false;
            }
        } else if (!parse_withdrawal(b)) {
            return false;
        }
    }
}

static bool withdraw_footprint(builder_t *b, const withdrawal_draft_t *w, bool now, suggest_t *near)
{
    footprint_draft_t *f = table_get(&b->footprints, w->made.name);
    if (f) {
        f->withdrawn |= now;
        return true;
    }
    for (size_t i = 0; i < b->footprint_list.count; i++) {
        suggest_offer(near, ((const footprint_draft_t *)b->footprint_list.items[i])->name);
    }
    return false;
}

static bool withdraw_capability(builder_t *b, const withdrawal_draft_t *w, bool now,
                                suggest_t *near)
{
    bool found = false;
    for (size_t i = 0; i < b->capability_list.count; i++) {
        capability_draft_t *cap = b->capability_list.items[i];
        if (slice_eq(cap->name, w->made.name)) {
            cap->withdrawn |= now;
            found = true;
        } else if (cap->name.ptr) {
            suggest_offer(near, cap->name);
        }
    }
    return found;
}

/* One that is over is no reason to refuse what documents have become since. */
static void withdraw(builder_t *b, const withdrawal_draft_t *w)
{
    suggest_t near;
    bool now = is_open(b, &w->made.window);
    bool over = w->made.window.until <= b->now;
    bool footprint = w->made.kind == MODEL_TIMED_WITHDRAWAL_OF_FOOTPRINT;
    suggest_init(&near, w->made.name);
    if (footprint ? withdraw_footprint(b, w, now, &near) : withdraw_capability(b, w, now, &near)) {
        return;
    }
    if (!over) {
        findings_add(b->findings, FINDING_UNKNOWN_WITHDRAWN, w->place, w->pointer, near.best,
                     footprint ? "no document defines footprint '%.*s', which is withdrawn here"
                               : "no document has a capability of type '%.*s', which is withdrawn "
                                 "here",
                     SLICE_ARG(w->made.name));
    }
}

/* ---- the model ---- */

static void note_boundary(builder_t *b, int64_t at)
{
    model_window_t *holds = &b->model->holds;
    if (at <= b->now) {
        holds->from = at > holds->from ? at : holds->from;
    } else {
        holds->until = at < holds->until ? at : holds->until;
    }
}

static void add_timed(builder_t *b, model_timed_t *list, const model_timed_t *timed)
{
    model_timed_t *t = &list[b->model->timed_count++];
    *t = *timed;
    t->state = t->window.until <= b->now ? MODEL_TIMED_ENDED
               : is_open(b, &t->window)  ? MODEL_TIMED_IN_FORCE
                                         : MODEL_TIMED_WAITING;
    note_boundary(b, t->window.from);
    note_boundary(b, t->window.until);
    if (t->state == MODEL_TIMED_ENDED) {
        findings_add(b->findings, FINDING_ENDED, builder_place(b, t->document, t->line, t->column),
                     SLICE_LIT(""), (slice_t){0},
                     t->kind == MODEL_TIMED_FOOTPRINT ? "footprint '%.*s' is not in force any more"
                     : t->kind == MODEL_TIMED_CAPABILITY
                         ? "this %.*s is not in force any more"
                         : "the withdrawal of '%.*s' is over; it can be removed",
                     SLICE_ARG(t->name));
    }
}

static bool is_timed(const model_window_t *w)
{
    return w->from != INT64_MIN || w->until != INT64_MAX;
}

static int cmp_timed(const void *px, const void *py)
{
    const model_timed_t *x = px, *y = py;
    if (x->document != y->document) {
        return x->document < y->document ? -1 : 1;
    }
    if (x->line != y->line) {
        return x->line < y->line ? -1 : 1;
    }
    return x->column < y->column ? -1 : x->column > y->column;
}

static void add_footprint(builder_t *b, model_timed_t *list, const footprint_draft_t *f)
{
    const model_timed_t timed = {.kind = MODEL_TIMED_FOOTPRINT,
                                 .name = f->name,
                                 .window = f->window,
                                 .reason = SLICE_LIT(""),
                                 .document = f->document,
                                 .line = f->line,
                                 .column = f->column};
    if (is_timed(&f->window)) {
        add_timed(b, list, &timed);
    }
}

static void add_capability(builder_t *b, model_timed_t *list, const capability_draft_t *cap)
{
    const model_timed_t timed = {.kind = MODEL_TIMED_CAPABILITY,
                                 .name = cap->name.ptr ? cap->name : SLICE_LIT(""),
                                 .window = cap->window,
                                 .reason = SLICE_LIT(""),
                                 .document = cap->document,
                                 .line = cap->line,
                                 .column = cap->column};
    if (is_timed(&cap->window)) {
        add_timed(b, list, &timed);
    }
}

bool resolve_windows(builder_t *b)
{
    const ptrs_t *footprints = &b->footprint_list, *capabilities = &b->capability_list;
    const ptrs_t *withdrawals = &b->withdrawal_list;
    size_t count = withdrawals->count;
    for (size_t i = 0; i < footprints->count; i++) {
        count += is_timed(&((const footprint_draft_t *)footprints->items[i])->window);
    }
    for (size_t i = 0; i < capabilities->count; i++) {
        count += is_timed(&((const capability_draft_t *)capabilities->items[i])->window);
    }
    model_timed_t *list = builder_alloc(b, count, sizeof *list);
    if (!list) {
        return false;
    }
    b->model->holds = WINDOW_ALWAYS;
    b->model->timed = list;
    for (size_t i = 0; i < footprints->count; i++) {
        add_footprint(b, list, footprints->items[i]);
    }
    for (size_t i = 0; i < capabilities->count; i++) {
        add_capability(b, list, capabilities->items[i]);
    }
    for (size_t i = 0; i < withdrawals->count; i++) {
        const withdrawal_draft_t *w = withdrawals->items[i];
        if (!w->bad) {
            withdraw(b, w);
            add_timed(b, list, &w->made);
        }
    }
    for (size_t i = 0; i < b->model->cost_map_count; i++) {
        note_boundary(b, b->model->cost_maps[i].holds.from);
        note_boundary(b, b->model->cost_maps[i].holds.until);
    }
    sort_items(list, b->model->timed_count, sizeof *list, cmp_timed);
    return !b->failed;
}
