#include "footprintd/model/costs.h"

#define METRIC_MAX 32 /* RFC 7285 10.6 */

const char *const cost_mode_names[COST_MODE_COUNT] = {
    [COST_NUMERICAL] = "numerical",
    [COST_ORDINAL] = "ordinal",
    [COST_ARRAY] = "array",
};

cost_mode_t cost_mode_find(slice_t name)
{
    unsigned mode = 0;
    while (mode < COST_MODE_COUNT && !slice_is(name, cost_mode_names[mode])) {
        mode++;
    }
    return (cost_mode_t)mode;
}

static const cost_metric_t metrics[] = {
    {"routingcost", "", false, false, false},
    {"delay-ow", "microseconds", false, true, false},
    {"delay-rt", "microseconds", false, true, false},
    {"delay-variation", "microseconds", false, true, false},
    {"lossrate", "percent", false, true, false},
    {"hopcount", "hops", false, true, true},
    {"tput", "bytes per second", true, true, false},
    {"bw-residual", "bytes per second", true, true, false},
    {"bw-available", "bytes per second", true, true, false},
};

static const cost_metric_t *find_base(slice_t name)
{
    for (size_t i = 0; i < sizeof metrics / sizeof *metrics; i++) {
        if (slice_is(name, metrics[i].name)) {
            return &metrics[i];
        }
    }
    return NULL;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "p" and a number from 0 to 100 without leading zeros (RFC 9439 3.2). */
static bool is_percentile(slice_t s)
{
    size_t i = 1, whole = 0;
    while (i < s.len && is_digit(s.ptr[i])) {
        whole = whole * 10 + (size_t)(s.ptr[i++] - '0');
        if (i > 4) {
            return false;
        }
    }
    if (i < 2 || whole > 100 || (i > 2 && s.ptr[1] == '0')) {
        return false;
    }
    if (i == s.len) {
        return true;
    }
    if (s.ptr[i] != '.' || ++i == s.len) {
        return false;
    }
    for (; i < s.len; i++) {
        if (!is_digit(s.ptr[i]) || (whole == 100 && s.ptr[i] != '0')) {
            return false;
        }
    }
    return true;
}

static bool is_statistic(slice_t s)
{
    static const char *const names[] = {"cur", "min", "max", "median", "mean", "stddev", "stdvar"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (slice_is(s, names[i])) {
            return true;
        }
    }
    return s.len && s.ptr[0] == 'p' && is_percentile(s);
}

static bool is_private(slice_t name)
{
    return name.len >= 5 && memcmp(name.ptr, "priv:", 5) == 0;
}

/* What a base identifier of RFC 9439 has behind its colon; ptr NULL: nothing. */
static slice_t statistic_of(slice_t name, const cost_metric_t **base)
{
    const char *colon = name.len ? memrchr(name.ptr, ':', name.len) : NULL;
    size_t at = colon ? (size_t)(colon - name.ptr) : name.len;
    *base = find_base(slice_of(name.ptr, at));
    return *base && colon ? slice_of(colon + 1, name.len - at - 1) : slice_of(NULL, 0);
}

const cost_metric_t *cost_metric_find(slice_t name)
{
    const cost_metric_t *base = NULL;
    slice_t statistic = statistic_of(name, &base);
    return !statistic.ptr || is_statistic(statistic) ? base : NULL;
}

cost_metric_verdict_t cost_metric_check(slice_t name)
{
    if (!name.len || name.len > METRIC_MAX || (is_private(name) && name.len == 5)) {
        return COST_METRIC_BAD;
    }
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool alnum = is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!alnum && !memchr("-:_.", c, 4)) {
            return COST_METRIC_BAD;
        }
    }
    if (is_private(name)) {
        return COST_METRIC_OK;
    }
    const cost_metric_t *base = NULL;
    slice_t statistic = statistic_of(name, &base);
    if (base && statistic.ptr) {
        bool plain = slice_is(slice_str(base->name), "routingcost"); /* has no statistics */
        return !plain && is_statistic(statistic) ? COST_METRIC_OK : COST_METRIC_BAD;
    }
    return base ? COST_METRIC_OK : COST_METRIC_UNREGISTERED;
}
