#include "builder.h"

#include "footprintd/base/time.h"

/* The `calendar` of a cost map. */

enum { KEY_INTERVAL, KEY_EVERY, KEY_ZONE, KEY_START, KEY_INTERVALS };

#define BIT(key) (1u << (key))

static void wrong(builder_t *b, calendar_draft_t *c, finding_code_t code, const char *text)
{
    c->bad = true;
    doc_reader_find(b->reader, code, (slice_t){0}, "%s", text);
}

/* The last event is the value. */
static bool take_number(builder_t *b, calendar_draft_t *c, uint64_t most, const char *what,
                        uint32_t *out)
{
    const doc_event_t *ev = doc_reader_last(b->reader);
    uint64_t value;
    if (ev->kind != DOC_EV_SCALAR || ev->scalar != JSON_NUMBER) {
        wrong(b, c, FINDING_WRONG_TYPE, what);
        return doc_reader_skip(b->reader);
    }
    if (!json_number_u64(ev->text, &value) || !value || value > most) {
        wrong(b, c, FINDING_BAD_VALUE, what);
    } else {
        *out = (uint32_t)value;
    }
    return true;
}

static void take_period(builder_t *b, calendar_draft_t *c)
{
    slice_t text;
    if (!builder_expect_text(b, "every", false, &text)) {
        c->bad = true;
    } else if (slice_is(text, "day") || slice_is(text, "week")) {
        c->period = text.len == 3 ? 86400 : 7 * 86400;
    } else {
        wrong(b, c, FINDING_BAD_VALUE, "every is day or week");
    }
}

static void take_zone(builder_t *b, calendar_draft_t *c)
{
    slice_t text;
    if (!builder_expect_text(b, "timezone", false, &text)) {
        c->bad = true;
        return;
    }
    switch (zone_load(ZONE_DIRECTORY, text, b->arena, &c->zone)) {
    case ERR_OK:
        break;
    case ERR_NOMEM:
        b->failed = true;
        break;
    case ERR_RANGE:
    case ERR_NOT_FOUND:
        c->bad = true;
        doc_reader_find(b->reader, FINDING_BAD_VALUE, (slice_t){0},
                        "there is no time zone '%.*s' in " ZONE_DIRECTORY, SLICE_ARG(text));
        break;
    default:
        c->bad = true;
        doc_reader_find(b->reader, FINDING_UNREADABLE, (slice_t){0},
                        "the time zone '%.*s' in " ZONE_DIRECTORY " cannot be read",
                        SLICE_ARG(text));
    }
}

static void take_start(builder_t *b, calendar_draft_t *c)
{
    const doc_event_t *ev = doc_reader_last(b->reader);
    slice_t text;
    if (ev->kind != DOC_EV_SCALAR || ev->scalar == JSON_NULL) {
        c->bad = true;
        (void)builder_expect_text(b, "start", true, &text);
    } else if (!moment_parse(ev->text, &c->start)) {
        wrong(b, c, FINDING_BAD_VALUE,
              "start is a date and a time with a zone, such as 2026-11-26T16:00:00Z");
    }
}

static bool take_member(builder_t *b, calendar_draft_t *c, int key)
{
    switch (key) {
    case KEY_INTERVAL:
        return take_number(b, c, 7 * 86400, "interval-s is a number of seconds, from 60 to 604800",
                           &c->interval_s);
    case KEY_EVERY:
        take_period(b, c);
        break;
    case KEY_ZONE:
        take_zone(b, c);
        break;
    case KEY_START:
        take_start(b, c);
        break;
    case KEY_INTERVALS:
        return take_number(b, c, COST_INTERVALS_MAX, "intervals is a number from 1 to 2016",
                           &c->count);
    default:
        c->bad = true;
        return doc_reader_skip(b->reader);
    }
    return doc_reader_last(b->reader)->kind != DOC_EV_ERROR;
}

/* NULL: nothing is wrong. */
static const char *what_is_wrong(calendar_draft_t *c, unsigned seen, finding_code_t *code)
{
    unsigned repeating = seen & (BIT(KEY_EVERY) | BIT(KEY_ZONE));
    unsigned once = seen & (BIT(KEY_START) | BIT(KEY_INTERVALS));
    *code = FINDING_MISSING_KEY;
    if (!(seen & BIT(KEY_INTERVAL))) {
        return "a calendar needs interval-s";
    }
    if (repeating && once) {
        *code = FINDING_CONFLICT;
        return "a calendar is there every day or week, or once, from start on";
    }
    if (!(seen & BIT(KEY_EVERY)) && once != (BIT(KEY_START) | BIT(KEY_INTERVALS))) {
        return "a calendar needs every, or start and intervals";
    }
    *code = FINDING_BAD_VALUE;
    if (!c->bad && c->interval_s < COST_INTERVAL_MIN_S) {
        return "an interval has 60 seconds or more";
    }
    if (!c->bad && repeating) {
        if (c->period % c->interval_s) {
            return "a day, or a week, is a whole number of intervals";
        }
        c->count = c->period / c->interval_s;
    }
    return !c->bad && c->count > COST_INTERVALS_MAX ? "a calendar has 2016 intervals at the most"
                                                    : NULL;
}

bool parse_calendar(builder_t *b, calendar_draft_t *c)
{
    const doc_event_t *ev = doc_reader_last(b->reader);
    unsigned seen = 0;
    *c = (calendar_draft_t){.given = true, .line = ev->line, .column = ev->column};
    slice_t pointer = builder_pointer(b);
    if (!builder_expect_map(b, "a calendar")) {
        c->bad = true;
        return doc_reader_last(b->reader)->kind != DOC_EV_ERROR;
    }
    for (;;) {
        ev = builder_next(b);
        if (ev->kind == DOC_EV_MAP_END) {
            break;
        }
        if (ev->kind != DOC_EV_SCALAR) {
            return false;
        }
        int key = keys_find(b, KEYS_CALENDAR, ev->text, "a calendar");
        seen |= key < 0 ? 0 : BIT(key);
        if (builder_next(b)->kind == DOC_EV_ERROR || !take_member(b, c, key)) {
            return false;
        }
    }
    finding_code_t code;
    const char *text = what_is_wrong(c, seen, &code);
    if (text) {
        c->bad = true;
        findings_add(b->findings, code, builder_place(b, b->document, c->line, c->column), pointer,
                     (slice_t){0}, "%s", text);
    }
    return true;
}
