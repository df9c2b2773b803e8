/*
 * Cost calendars (RFC 8896): the clocks on the wall against the C library's, also where they
 * change; requests and answers, by every rule; and what is served without a calendar.
 */
#include "failmalloc.h"
#include "fixture.h"
#include "prng.h"

#include "footprintd/alto/costs.h"
#include "footprintd/base/time.h"
#include "footprintd/model/calendar.h"

#include <math.h>
#include <time.h>

static int64_t moment(const char *text)
{
    int64_t at;
    assert_true(moment_parse(slice_str(text), &at));
    return at;
}

/* ---- the clock on the wall ---- */

typedef struct wall {
    arena_t arena;
    cost_matrix_t matrices[COST_INTERVALS_MAX]; /* interval k costs k */
    cost_calendar_t calendar;
} wall_t;

static wall_t *wall_new(const char *zone, uint32_t interval_s, uint32_t period)
{
    wall_t *w = calloc(1, sizeof *w);
    arena_init(&w->arena, 0);
    w->calendar = (cost_calendar_t){.interval_s = interval_s,
                                    .count = period / interval_s,
                                    .repeats = true,
                                    .matrices = w->matrices};
    for (size_t i = 0; i < w->calendar.count; i++) {
        w->matrices[i] = (cost_matrix_t){.size = 1, .rest = (double)i};
    }
    assert_int_equal(zone_load(ZONE_DIRECTORY, slice_str(zone), &w->arena, &w->calendar.zone),
                     ERR_OK);
    assert_int_equal(setenv("TZ", zone, 1), 0);
    tzset();
    return w;
}

static void wall_free(wall_t *w)
{
    arena_release(&w->arena);
    free(w);
    assert_int_equal(unsetenv("TZ"), 0);
    tzset();
}

static unsigned value_at(const cost_calendar_t *c, int64_t at)
{
    return (unsigned)cost_calendar_at(c, at)->rest;
}

/* By the C library. */
static unsigned wanted_at(const cost_calendar_t *c, int64_t at)
{
    struct tm tm;
    time_t t = at;
    assert_non_null(localtime_r(&t, &tm));
    unsigned second = (unsigned)(tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec);
    if (c->count * c->interval_s > 86400) {
        second += (unsigned)(tm.tm_wday + 6) % 7 * 86400;
    }
    return second / c->interval_s;
}

static void check_wall(const cost_calendar_t *c, int64_t now)
{
    int64_t from, until, length = (int64_t)c->interval_s * c->count;
    cost_run_t run = cost_calendar_run(c, now);
    assert_true(run.start <= now && now - run.start < length);
    assert_true(run.repeated >= 1 && run.repeated <= COST_REPEATED_MAX);
    for (uint32_t k = 0; k < c->count; k++) {
        int64_t at = run.start + (int64_t)k * c->interval_s;
        assert_int_equal(value_at(c, at), wanted_at(c, at));
        for (unsigned r = 1; r < run.repeated; r += 60) {
            assert_int_equal(value_at(c, at), value_at(c, at + r * length));
        }
    }
    assert_int_equal(value_at(c, now), wanted_at(c, now));
    cost_calendar_holds(c, now, &from, &until);
    assert_true(from <= now && now < until && until - from <= (int64_t)c->interval_s);
    assert_int_equal(value_at(c, from), value_at(c, until - 1));
    /* The first moment of the day, or a whole run behind it; the moment before is of another. */
    int64_t day = value_at(c, run.start) ? run.start - length : run.start;
    assert_int_equal(value_at(c, day), 0);
    assert_int_equal(value_at(c, day - 1), c->count - 1);
}

static void test_wall(void **state)
{
    (void)state;
    static const char *const zones[] = {"Europe/Berlin", "America/New_York", "Asia/Tokyo"};
    static const struct {
        uint32_t interval_s, period;
    } shapes[] = {{3600, 86400},  {900, 86400},     {7200, 86400},
                  {3600, 604800}, {302400, 604800}, {86400, 604800}};
    prng_t random = prng_start();
    for (size_t z = 0; z < sizeof zones / sizeof *zones; z++) {
        for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
            wall_t *w = wall_new(zones[z], shapes[s].interval_s, shapes[s].period);
            int64_t begin = moment("2026-01-01T00:00:00Z");
            for (unsigned i = 0; i < 150; i++) {
                check_wall(&w->calendar, begin + (int64_t)prng_below(&random, 366 * 86400));
            }
            /* Every hour around the changes. */
            for (unsigned i = 0; i < 60; i++) {
                check_wall(&w->calendar, moment("2026-03-07T12:00:00Z") + i * 3600);
                check_wall(&w->calendar, moment("2026-03-28T12:00:00Z") + i * 3600);
                check_wall(&w->calendar, moment("2026-10-24T12:00:00Z") + i * 3600);
                check_wall(&w->calendar, moment("2026-10-31T12:00:00Z") + i * 3600);
            }
            wall_free(w);
        }
    }
}

static void check_run(const cost_calendar_t *c, const char *now, const char *start,
                      unsigned repeated, const unsigned *values)
{
    cost_run_t run = cost_calendar_run(c, moment(now));
    assert_int_equal(run.start, moment(start));
    assert_int_equal(run.repeated, repeated);
    for (uint32_t k = 0; values && k < c->count; k++) {
        assert_int_equal(value_at(c, run.start + (int64_t)k * c->interval_s), values[k]);
    }
}

static void test_changes(void **state)
{
    (void)state;
    static const unsigned plain[] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11,
                                     12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23};
    static const unsigned shorter[] = {0,  1,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12,
                                       13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 0};
    static const unsigned longer[] = {0,  1,  2,  2,  3,  4,  5,  6,  7,  8,  9,  10,
                                      11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22};
    static const unsigned behind[] = {23, 0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10,
                                      11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22};
    wall_t *w = wall_new("Europe/Berlin", 3600, 86400);
    check_run(&w->calendar, "2026-11-26T12:00:00Z", "2026-11-25T23:00:00Z", 122, plain);
    check_run(&w->calendar, "2026-03-28T12:00:00Z", "2026-03-27T23:00:00Z", 1, plain);
    check_run(&w->calendar, "2026-03-29T00:30:00Z", "2026-03-28T23:00:00Z", 1, shorter);
    check_run(&w->calendar, "2026-03-29T21:59:59Z", "2026-03-28T23:00:00Z", 1, shorter);
    check_run(&w->calendar, "2026-03-29T22:00:00Z", "2026-03-29T22:00:00Z", 209, plain);
    check_run(&w->calendar, "2026-10-24T22:00:00Z", "2026-10-24T22:00:00Z", 1, longer);
    check_run(&w->calendar, "2026-10-25T21:59:59Z", "2026-10-24T22:00:00Z", 1, longer);
    check_run(&w->calendar, "2026-10-25T22:30:00Z", "2026-10-25T22:00:00Z", 153, behind);
    check_run(&w->calendar, "2026-10-25T23:00:00Z", "2026-10-25T23:00:00Z", 153, plain);
    wall_free(w);
    w = wall_new("Asia/Tokyo", 3600, 604800);
    check_run(&w->calendar, "2026-11-26T12:00:00Z", "2026-11-22T15:00:00Z", 366, NULL);
    check_run(&w->calendar, "2026-11-22T14:59:59Z", "2026-11-15T15:00:00Z", 366, NULL);
    wall_free(w);
    /* Where clocks leave midnight out, the day begins with what they show next. */
    w = wall_new("Asia/Beirut", 3600, 86400);
    check_run(&w->calendar, "2025-03-30T12:00:00Z", "2025-03-29T22:00:00Z", 209, NULL);
    assert_int_equal(value_at(&w->calendar, moment("2025-03-29T22:00:00Z")), 1);
    wall_free(w);
    /* Where they show it twice, with the first. */
    w = wall_new("America/Havana", 3600, 86400);
    check_run(&w->calendar, "2025-11-02T12:00:00Z", "2025-11-02T04:00:00Z", 1, NULL);
    wall_free(w);
}

static void test_once(void **state)
{
    (void)state;
    cost_matrix_t matrices[] = {{.rest = 0}, {.rest = 1}, {.rest = 2}, {.rest = 9}};
    const cost_calendar_t c = {.interval_s = 300,
                               .count = 3,
                               .start = 10000,
                               .matrices = matrices,
                               .outside = &matrices[3]};
    static const struct {
        int64_t now, start, from, until;
        unsigned value;
    } cases[] = {{10000, 10000, 10000, 10300, 0},      {10299, 10000, 10000, 10300, 0},
                 {10899, 10000, 10600, 10900, 2},      {10900, 10900, 10900, INT64_MAX, 9},
                 {9999, 9700, INT64_MIN, 10000, 9},    {9700, 9700, INT64_MIN, 10000, 9},
                 {9699, 9400, INT64_MIN, 10000, 9},    {100900, 100900, 10900, INT64_MAX, 9},
                 {100899, 100000, 10900, INT64_MAX, 9}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t from, until;
        cost_run_t run = cost_calendar_run(&c, cases[i].now);
        assert_int_equal(run.start, cases[i].start);
        assert_int_equal(run.repeated, 1);
        assert_int_equal(value_at(&c, cases[i].now), cases[i].value);
        cost_calendar_holds(&c, cases[i].now, &from, &until);
        assert_int_equal(from, cases[i].from);
        assert_int_equal(until, cases[i].until);
    }
}

/* ---- documents ---- */

/* Four intervals a day; a delay once, in a file. */
#define CALENDAR "calendar: {interval-s: 21600, every: day, timezone: Europe/Berlin}"
static const char document[] =
    "network-maps:\n"
    "  m:\n"
    "    pids:\n"
    "      a: {ipv4: [192.0.2.0/24]}\n"
    "      b: {ipv4: [0.0.0.0/0], ipv6: [\"::/0\"]}\n"
    "cost-maps:\n"
    "  routing:\n"
    "    {network-map: m, cost-metric: routingcost, cost-mode: numerical, " CALENDAR ", costs:\n"
    "     {a: {a: 1, b: [10, 20, null, 40]}, b: {a: [5, 50, 5, 5]}}}\n"
    "  hops: {network-map: m, cost-metric: hopcount, cost-mode: numerical, costs: {a: {b: 3}}}\n"
    "  delay:\n"
    "    {network-map: m, cost-metric: delay-ow, cost-mode: numerical, costs-file: d/delay.csv,\n"
    "     calendar: {interval-s: 300, start: \"2026-11-26T00:00:00Z\", intervals: 3}}\n"
    "  loss:\n"
    "    {network-map: m, cost-metric: lossrate, cost-mode: numerical, costs-file: d/loss.json,\n"
    "     default-cost: 0.5, " CALENDAR "}\n";
static const char delay[] = "source,destination,00:00,00:05,00:10\n\na,b,7,,9\r\nb,b,1.5,2,3\n";
static const char loss[] = "{\"a\": {\"b\": [0, 1, 2, 3.5]}}";

static err_t build_at(int64_t now, snapshot_t **out)
{
    const model_source_t sources[] = {{SLICE_LIT("a.yaml"), DOC_YAML, slice_str(document)},
                                      {SLICE_LIT("d/delay.csv"), DOC_DATA, slice_str(delay)},
                                      {SLICE_LIT("d/loss.json"), DOC_DATA, slice_str(loss)}};
    const model_options_t options = {.now = now};
    const snapshot_options_t show = {.base_uri = SLICE_LIT("")};
    findings_t findings;
    model_t *model = NULL;
    *out = NULL;
    findings_init(&findings, 0);
    err_t err = model_build(sources, 3, &options, &findings, &model);
    if (findings.count && !err) {
        buf_t text = BUF_INIT;
        finding_format(&findings.items[0], &text);
        fail_msg("%.*s", SLICE_ARG(buf_slice(&text)));
    }
    findings_release(&findings);
    return err ? err : snapshot_build_take(model, &show, NULL, 1, out);
}

static snapshot_t *snapshot_at(const char *now)
{
    snapshot_t *s;
    assert_int_equal(build_at(moment(now), &s), ERR_OK);
    return s;
}

static void check_map(const snapshot_t *s, const char *path, const char *map)
{
    buf_t body = fixture_body(s, path), want = BUF_INIT;
    buf_printf(&want, "\"cost-map\":%s}", map);
    assert_true(body.len > want.len);
    if (memcmp(body.ptr + body.len - want.len, want.ptr, want.len) != 0) {
        fail_msg("%.*s", SLICE_ARG(buf_slice(&body)));
    }
    buf_release(&body);
    buf_release(&want);
}

/* What GET shows is of now, and until when it holds is known. */
static void test_current(void **state)
{
    (void)state;
    static const struct {
        const char *now, *from, *until, *routing, *delay, *loss;
    } cases[] = {
        {"2026-11-26T00:07:00Z", "2026-11-26T00:05:00Z", "2026-11-26T00:10:00Z",
         "{\"a\":{\"a\":1,\"b\":10},\"b\":{\"a\":5}}", "{\"b\":{\"b\":2}}",
         "{\"a\":{\"a\":0.5,\"b\":0},\"b\":{\"a\":0.5,\"b\":0.5}}"},
        {"2026-11-26T00:10:00Z", "2026-11-26T00:10:00Z", "2026-11-26T00:15:00Z",
         "{\"a\":{\"a\":1,\"b\":10},\"b\":{\"a\":5}}", "{\"a\":{\"b\":9},\"b\":{\"b\":3}}",
         "{\"a\":{\"a\":0.5,\"b\":0},\"b\":{\"a\":0.5,\"b\":0.5}}"},
        {"2026-11-26T05:00:00Z", "2026-11-26T05:00:00Z", "2026-11-26T11:00:00Z",
         "{\"a\":{\"a\":1,\"b\":20},\"b\":{\"a\":50}}", "{}",
         "{\"a\":{\"a\":0.5,\"b\":1},\"b\":{\"a\":0.5,\"b\":0.5}}"},
        {"2026-11-26T12:00:00Z", "2026-11-26T11:00:00Z", "2026-11-26T17:00:00Z",
         "{\"a\":{\"a\":1},\"b\":{\"a\":5}}", "{}",
         "{\"a\":{\"a\":0.5,\"b\":2},\"b\":{\"a\":0.5,\"b\":0.5}}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snapshot_t *s = snapshot_at(cases[i].now);
        check_map(s, "/routing", cases[i].routing);
        check_map(s, "/delay", cases[i].delay);
        check_map(s, "/loss", cases[i].loss);
        assert_int_equal(snapshot_model(s)->holds.from, moment(cases[i].from));
        assert_int_equal(snapshot_model(s)->holds.until, moment(cases[i].until));
        snapshot_unref(s);
    }
}

/* ---- requests ---- */

#define TYPE(metric) "{\"cost-mode\":\"numerical\",\"cost-metric\":\"" metric "\"}"
#define RANKS        "{\"cost-mode\":\"ordinal\",\"cost-metric\":\"routingcost\"}"
#define ONE          "\"cost-type\":" TYPE("routingcost")
#define ATTRIBUTES(names, start, size, number, more)                                               \
    "{\"cost-type-names\":[" names "],\"calendar-start-time\":\"" start                            \
    "\",\"time-interval-size\":" size ",\"number-of-intervals\":" number more "}"
#define DAILY(names)                                                                               \
    ATTRIBUTES(names, "Wed, 25 Nov 2026 23:00:00 GMT", "21600", "4", ",\"repeated\":122")

static buf_t post_at(const snapshot_t *s, const char *path, const char *request, const char *now,
                     int status)
{
    const alto_limits_t limits = {.now = moment(now)};
    const resource_t *r = fixture_resource(s, path);
    alto_answer_t answer, refused = {0};
    arena_t arena;
    nodes_t nodes;
    node_t *root = NULL;
    buf_t tree = BUF_INIT,
          out = fixture_post_limited(s, path, slice_str(request), &limits, &answer);
    if (answer.status != status) {
        fail_msg("%d: %s for %s", answer.status, out.ptr, request);
    }
    arena_init(&arena, 0);
    nodes_init(&nodes, NULL, NULL);
    assert_int_equal(r->kind->tree(r, slice_str(request), &limits, &arena, &refused, &nodes, &root),
                     ERR_OK);
    assert_true((root != NULL) == (status == 200));
    if (root) {
        node_write(root, &tree);
        assert_true(slice_is(buf_slice(&tree), out.ptr));
    }
    buf_release(&tree);
    nodes_release(&nodes);
    arena_release(&arena);
    return out;
}

static void compare(const char *request, const buf_t *text, const char *member, const char *want)
{
    arena_t arena;
    buf_t made = BUF_INIT;
    arena_init(&arena, 0);
    const json_value_t *tree = fixture_json(&arena, slice_str(text->ptr));
    const json_value_t *got = json_get(tree, member);
    got = got ? got : json_get(json_get(tree, "meta"), member);
    if (got) {
        json_write_value(&made, got);
    }
    if (!slice_is(buf_slice(&made), want)) {
        fail_msg("%.*s\nnot\n%s\nfor %s", SLICE_ARG(buf_slice(&made)), want, request);
    }
    buf_release(&made);
    arena_release(&arena);
}

static const struct {
    const char *request, *calendars, *map;
} answers[] = {
    {"{" ONE ",\"calendared\":[true]}", "[" DAILY("\"num-routingcost\"") "]",
     "{\"a\":{\"a\":[1,1,1,1],\"b\":[10,20,null,40]},\"b\":{\"a\":[5,50,5,5]}}"},
    /* Constraints are not for calendars: they are not even read. */
    {"{" ONE ",\"calendared\":[true],\"constraints\":7,\"or-constraints\":[],"
     "\"pids\":{\"srcs\":[\"b\"],\"dsts\":[]}}",
     "[" DAILY("\"num-routingcost\"") "]", "{\"b\":{\"a\":[5,50,5,5]}}"},
    {"{" ONE ",\"calendared\":[false],\"constraints\":[\"gt 4\"]}", "",
     "{\"a\":{\"b\":10},\"b\":{\"a\":5}}"},
    {"{" ONE ",\"constraints\":[\"gt 4\"]}", "", "{\"a\":{\"b\":10},\"b\":{\"a\":5}}"},
    /* What has no calendar is one number, and is tested. */
    {"{\"cost-type\":" TYPE("hopcount") ",\"calendared\":[true],\"constraints\":[\"le 3\"]}", "",
     "{\"a\":{\"b\":3}}"},
    {"{\"cost-type\":" TYPE("hopcount") ",\"calendared\":[true],\"constraints\":[\"lt 3\"]}", "",
     "{}"},
    {"{\"multi-cost-types\":[" TYPE("routingcost") "," TYPE(
         "hopcount") "],"
                     "\"calendared\":[true,false],\"constraints\":[\"gt 1000\"]}",
     "[" DAILY("\"num-routingcost\"") "]",
     "{\"a\":{\"a\":[[1,1,1,1],null],\"b\":[[10,20,null,40],3]},\"b\":{\"a\":[[5,50,5,5],null]}}"},
    /* Ranks are of each interval. */
    {"{\"cost-type\":" RANKS ",\"calendared\":[true]}", "[" DAILY("\"ord-routingcost\"") "]",
     "{\"a\":{\"a\":[1,1,1,1],\"b\":[3,2,null,3]},\"b\":{\"a\":[2,3,2,2]}}"},
    /* Times that are the same are said once; the once-calendar has others. */
    {"{\"cost-type\":{},\"multi-cost-types\":[" TYPE("delay-ow") "," TYPE("routingcost") "," TYPE(
         "lossrate") "," TYPE("routingcost") "," TYPE("routingcost") "],"
                                                                     "\"calendared\":[true,false,"
                                                                     "true,true,true]}",
     "[" ATTRIBUTES("\"num-delay-ow\"", "Thu, 26 Nov 2026 00:00:00 GMT", "300", "3",
                    "") "," DAILY("\"num-lossrate\",\"num-routingcost\"") "]",
     "{\"a\":{\"a\":[null,1,[0.5,0.5,0.5,0.5],[1,1,1,1],[1,1,1,1]],"
     "\"b\":[[7,null,9],10,[0,1,2,3.5],[10,20,null,40],[10,20,null,40]]},"
     "\"b\":{\"a\":[null,5,[0.5,0.5,0.5,0.5],[5,50,5,5],[5,50,5,5]],"
     "\"b\":[[1.5,2,3],null,[0.5,0.5,0.5,0.5],null,null]}}"},
};

static void test_answers(void **state)
{
    (void)state;
    snapshot_t *s = snapshot_at("2026-11-26T00:12:00Z");
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        buf_t text = post_at(s, "/routing-filtered", answers[i].request, "2026-11-26T00:12:00Z",
                             200);
        compare(answers[i].request, &text, "cost-map", answers[i].map);
        compare(answers[i].request, &text, "calendar-response-attributes", answers[i].calendars);
        buf_release(&text);
    }
    static const char ends[] = "{" ONE ",\"calendared\":[true],\"endpoints\":{\"srcs\":["
                               "\"ipv4:192.0.2.1\"],\"dsts\":[\"ipv6:::1\",\"ipv4:192.0.2.2\"]}}";
    buf_t text = post_at(s, "/endpoint-cost", ends, "2026-11-26T00:12:00Z", 200);
    compare(ends, &text, "endpoint-cost-map",
            "{\"ipv4:192.0.2.1\":{\"ipv6:::1\":[10,20,null,40],\"ipv4:192.0.2.2\":[1,1,1,1]}}");
    compare(ends, &text, "calendar-response-attributes", "[" DAILY("\"num-routingcost\"") "]");
    buf_release(&text);
    snapshot_unref(s);
}

/* Calendars follow the clock, whatever snapshot there is. */
static void test_clock(void **state)
{
    (void)state;
    static const char request[] = "{" ONE ",\"calendared\":[true],"
                                  "\"pids\":{\"srcs\":[\"a\"],\"dsts\":[\"b\"]}}";
    static const char once[] = "{\"cost-type\":" TYPE(
        "delay-ow") ",\"calendared\":[true],\"pids\":{\"srcs\":[\"b\"],\"dsts\":[\"b\"]}}";
    snapshot_t *s = snapshot_at("2026-11-26T00:12:00Z");
    /* Clocks show two o'clock twice; the last hour of the day is behind the four intervals. */
    buf_t text = post_at(s, "/routing-filtered", request, "2026-10-25T22:30:00Z", 200);
    compare("", &text, "cost-map", "{\"a\":{\"b\":[40,10,20,null]}}");
    compare("", &text, "calendar-response-attributes",
            "[" ATTRIBUTES("\"num-routingcost\"", "Sun, 25 Oct 2026 22:00:00 GMT", "21600", "4",
                           ",\"repeated\":153") "]");
    buf_release(&text);
    text = post_at(s, "/routing-filtered", request, "2026-10-25T12:30:00Z", 200);
    compare("", &text, "calendar-response-attributes",
            "[" ATTRIBUTES("\"num-routingcost\"", "Sat, 24 Oct 2026 22:00:00 GMT", "21600", "4",
                           "") "]");
    buf_release(&text);
    /* Before it begins it is seen coming; behind its end there is nothing. */
    text = post_at(s, "/routing-filtered", once, "2026-11-25T23:54:00Z", 200);
    compare("", &text, "cost-map", "{\"b\":{\"b\":[null,null,1.5]}}");
    compare(
        "", &text, "calendar-response-attributes",
        "[" ATTRIBUTES("\"num-delay-ow\"", "Wed, 25 Nov 2026 23:50:00 GMT", "300", "3", "") "]");
    buf_release(&text);
    text = post_at(s, "/routing-filtered", once, "2026-11-27T00:00:00Z", 200);
    compare("", &text, "cost-map", "{}");
    buf_release(&text);
    /* The real clock, where no other is given. */
    alto_answer_t answer;
    text = fixture_post(s, "/routing-filtered", request, &answer);
    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(text.ptr, "\"calendar-start-time\":\""));
    buf_release(&text);
    snapshot_unref(s);
}

#define VALUE(field, value)                                                                        \
    "{\"code\":\"E_INVALID_FIELD_VALUE\",\"field\":\"" field "\",\"value\":\"" value "\"}"
static const struct {
    const char *request, *meta;
} errors[] = {
    {"{" ONE ",\"calendared\":true}",
     "{\"code\":\"E_INVALID_FIELD_TYPE\",\"field\":\"calendared\"}"},
    {"{" ONE ",\"calendared\":[\"true\"]}", VALUE("calendared", "true")},
    {"{" ONE ",\"calendared\":[null]}", VALUE("calendared", "null")},
    {"{" ONE ",\"calendared\":[true,false]}", VALUE("calendared", "[true,false]")},
    {"{" ONE ",\"calendared\":[]}", VALUE("calendared", "[]")},
    {"{\"multi-cost-types\":[" TYPE("hopcount") "," TYPE("routingcost") "],\"calendared\":[true]}",
     VALUE("calendared", "[true]")},
    /* Behind constraints, which nothing makes void here, and before lists. */
    {"{" ONE ",\"calendared\":[false,false],\"constraints\":[\"x\"]}", VALUE("constraints", "x")},
    {"{" ONE ",\"calendared\":[],\"pids\":{\"srcs\":[5],\"dsts\":[]}}", VALUE("calendared", "[]")},
};

static void test_errors(void **state)
{
    (void)state;
    snapshot_t *s = snapshot_at("2026-11-26T00:12:00Z");
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        buf_t text = post_at(s, "/routing-filtered", errors[i].request, "2026-11-26T00:12:00Z",
                             400);
        compare(errors[i].request, &text, "meta", errors[i].meta);
        buf_release(&text);
    }
    /* The answer has 4 intervals of 4 pairs. */
    const alto_limits_t tight = {.cost_values = 15}, enough = {.cost_values = 16};
    alto_answer_t answer;
    buf_t text = fixture_post_limited(
        s, "/routing-filtered", SLICE_LIT("{" ONE ",\"calendared\":[true]}"), &tight, &answer);
    assert_int_equal(answer.status, 413);
    buf_release(&text);
    text = fixture_post_limited(s, "/routing-filtered",
                                SLICE_LIT("{" ONE ",\"calendared\":[true]}"), &enough, &answer);
    assert_int_equal(answer.status, 200);
    buf_release(&text);
    snapshot_unref(s);
}

/* Where there are no calendars the member is not known. */
static void test_absent(void **state)
{
    (void)state;
    snapshot_t *s = fixture_one("version: 1\n");
    alto_answer_t answer;
    buf_t text = fixture_post(s, "/num-routingcost-filtered",
                              "{" ONE ",\"calendared\":\"x\",\"constraints\":[\"gt 0\"]}", &answer);
    assert_int_equal(answer.status, 200);
    assert_null(strstr(text.ptr, "calendar"));
    buf_release(&text);
    text = fixture_body(s, "/directory");
    assert_null(memmem(text.ptr, text.len, "calendar", 8));
    buf_release(&text);
    snapshot_unref(s);
    s = snapshot_at("2026-11-26T00:12:00Z");
    text = fixture_body(s, "/directory");
    buf_append_char(&text, '\0');
    static const char want[] =
        "\"cost-constraints\":true,\"max-cost-types\":8,\"calendar-attributes\":["
        "{\"cost-type-names\":[\"num-delay-ow\",\"ord-delay-ow\"],\"time-interval-size\":300,"
        "\"number-of-intervals\":3},{\"cost-type-names\":[\"num-lossrate\",\"num-routingcost\","
        "\"ord-lossrate\",\"ord-routingcost\"],\"time-interval-size\":21600,"
        "\"number-of-intervals\":4}]}";
    const char *first = strstr(text.ptr, want);
    assert_non_null(first);                   /* of a filtered cost map */
    assert_non_null(strstr(first + 1, want)); /* of the endpoint cost service, at least */
    assert_non_null(strstr(text.ptr,
                           "\"num-lossrate\":{\"cost-mode\":\"numerical\",\"cost-metric\":"
                           "\"lossrate\",\"description\":\"in percent, from 0 to 100\"}"));
    buf_release(&text);
    snapshot_unref(s);
}

/* ---- measured costs ---- */

static void check_age(const char *now, const char *map, int64_t from, int64_t until)
{
    static const char text[] =
        "network-maps: {m: {pids: {a: {ipv4: [192.0.2.0/24]}, b: {ipv4: [0.0.0.0/0], ipv6: "
        "['::/0']}}}}\n"
        "cost-maps: {c: {network-map: m, cost-metric: delay-ow, cost-mode: numerical, "
        "default-cost: 9, costs-file: d/c.csv, max-age-s: 60}}\n";
    static const char csv[] = "source,destination,cost,time\n"
                              "a,a,1,2026-11-26T12:00:00Z\r\n\n"
                              "a,b,2,2026-11-26T13:00:30+01:00\n"
                              "b,a,3,\n";
    const model_source_t sources[] = {{SLICE_LIT("a.yaml"), DOC_YAML, slice_str(text)},
                                      {SLICE_LIT("d/c.csv"), DOC_DATA, slice_str(csv)}};
    const model_options_t options = {.now = moment(now)};
    const snapshot_options_t show = {.base_uri = SLICE_LIT("")};
    findings_t findings;
    model_t *model = NULL;
    snapshot_t *s;
    findings_init(&findings, 0);
    assert_int_equal(model_build(sources, 2, &options, &findings, &model), ERR_OK);
    findings_release(&findings);
    assert_int_equal(model->holds.from, from);
    assert_int_equal(model->holds.until, until);
    assert_true(slice_is(model->cost_maps[0].file, "d/c.csv"));
    assert_int_equal(snapshot_build_take(model, &show, NULL, 1, &s), ERR_OK);
    check_map(s, "/c", map);
    snapshot_unref(s);
}

/* What is too old is withdrawn: the pair has not even the default. */
static void test_age(void **state)
{
    (void)state;
    check_age("2026-11-26T12:00:59Z", "{\"a\":{\"a\":1,\"b\":2},\"b\":{\"a\":3,\"b\":9}}",
              INT64_MIN, moment("2026-11-26T12:01:00Z"));
    check_age("2026-11-26T12:01:00Z", "{\"a\":{\"b\":2},\"b\":{\"a\":3,\"b\":9}}",
              moment("2026-11-26T12:01:00Z"), moment("2026-11-26T12:01:30Z"));
    check_age("2026-11-27T00:00:00Z", "{\"b\":{\"a\":3,\"b\":9}}", moment("2026-11-26T12:01:30Z"),
              INT64_MAX);
}

/* ---- memory ---- */

static void test_nomem(void **state)
{
    (void)state;
    long live = failmalloc_live();
    for (size_t n = 1;; n++) {
        snapshot_t *s;
        failmalloc_arm(n);
        err_t err = build_at(moment("2026-11-26T00:12:00Z"), &s);
        bool refused = failmalloc_disarm();
        assert_int_equal(err, refused ? ERR_NOMEM : ERR_OK);
        snapshot_unref(s);
        assert_int_equal(failmalloc_live(), live);
        if (!refused) {
            break;
        }
    }
    snapshot_t *s = snapshot_at("2026-11-26T00:12:00Z");
    const resource_t *r = fixture_resource(s, "/routing-filtered");
    live = failmalloc_live();
    for (size_t n = 1;; n++) {
        const alto_limits_t limits = {.now = 1};
        arena_t arena;
        alto_answer_t answer;
        arena_init(&arena, 0);
        failmalloc_arm(n);
        err_t err = r->kind->answer(r, slice_str(answers[7].request), &limits, &arena, &answer);
        bool refused = failmalloc_disarm();
        arena_release(&arena);
        assert_int_equal(err, refused ? ERR_NOMEM : ERR_OK);
        assert_int_equal(failmalloc_live(), live);
        if (!refused) {
            break;
        }
    }
    snapshot_unref(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wall),    cmocka_unit_test(test_changes),
        cmocka_unit_test(test_once),    cmocka_unit_test(test_current),
        cmocka_unit_test(test_answers), cmocka_unit_test(test_clock),
        cmocka_unit_test(test_errors),  cmocka_unit_test(test_absent),
        cmocka_unit_test(test_age),     cmocka_unit_test(test_nomem),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
