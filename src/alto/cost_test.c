#include "cost_test.h"

#include "footprintd/base/json.h"

/* ---- predicates ---- */

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

/* False: there is none at the front. */
static bool take_space(slice_t *s)
{
    size_t n = 0;
    while (n < s->len && is_space(s->ptr[n])) {
        n++;
    }
    *s = slice_of(s->ptr + n, s->len - n);
    return n > 0;
}

/* "[3]" and white space; at most four digits, and no leading zero. */
static bool take_index(slice_t *s, size_t *index)
{
    size_t n = 1;
    *index = 0;
    while (n < s->len && s->ptr[n] >= '0' && s->ptr[n] <= '9') {
        *index = *index * 10 + (size_t)(s->ptr[n++] - '0');
        if (n > 5) {
            return false;
        }
    }
    if (n < 2 || (n > 2 && s->ptr[1] == '0') || n == s->len || s->ptr[n] != ']') {
        return false;
    }
    *s = slice_of(s->ptr + n + 1, s->len - n - 1);
    return take_space(s);
}

static bool take_operator(slice_t *s, cost_predicate_t *out)
{
    static const char names[][3] = {
        [COST_GT] = "gt", [COST_LT] = "lt", [COST_GE] = "ge", [COST_LE] = "le", [COST_EQ] = "eq"};
    unsigned i = COST_GT;
    if (s->len < 2) {
        return false;
    }
    while (i <= COST_EQ && memcmp(s->ptr, names[i], 2) != 0) {
        i++;
    }
    out->operator= i;
    *s = slice_of(s->ptr + 2, s->len - 2);
    return i <= COST_EQ && take_space(s);
}

bool cost_predicate_parse(slice_t text, bool indexed, cost_predicate_t *out)
{
    while (text.len && is_space(text.ptr[text.len - 1])) {
        text.len--;
    }
    (void)take_space(&text);
    out->index = 0;
    if (indexed && text.len && text.ptr[0] == '[' && !take_index(&text, &out->index)) {
        return false;
    }
    return take_operator(&text, out) && json_number_valid(text) &&
           json_number_double(text, &out->value);
}

/* ---- ranges ---- */

static void raise_low(cost_range_t *r, double value, bool above)
{
    if (value > r->low) {
        r->low = value;
        r->above = above;
    } else if (value == r->low) {
        r->above |= above;
    }
}

static void lower_high(cost_range_t *r, double value, bool below)
{
    if (value < r->high) {
        r->high = value;
        r->below = below;
    } else if (value == r->high) {
        r->below |= below;
    }
}

static void narrow(cost_range_t *r, const cost_predicate_t *p)
{
    if (p->operator== COST_GT || p->operator== COST_GE || p->operator== COST_EQ) {
        raise_low(r, p->value, p->operator== COST_GT);
    }
    if (p->operator== COST_LT || p->operator== COST_LE || p->operator== COST_EQ) {
        lower_high(r, p->value, p->operator== COST_LT);
    }
}

/* ---- tests ---- */

bool cost_test_init(cost_test_t *test, size_t groups, size_t predicates, arena_t *arena)
{
    test->group_count = 0;
    test->ends = arena_array(arena, groups + 1, sizeof *test->ends);
    test->bounds = arena_array(arena, predicates + 1, sizeof *test->bounds);
    return test->ends && test->bounds;
}

void cost_test_begin_group(cost_test_t *test)
{
    test->ends[test->group_count] = cost_test_bounds(test);
    test->group_count++;
}

void cost_test_add(cost_test_t *test, size_t column, const cost_predicate_t *predicate)
{
    size_t group = test->group_count - 1;
    size_t i = group ? test->ends[group - 1] : 0;
    while (i < test->ends[group] && test->bounds[i].column != column) {
        i++;
    }
    if (i == test->ends[group]) {
        test->bounds[i] = (cost_bound_t){column, COST_RANGE_ALL};
        test->ends[group]++;
    }
    narrow(&test->bounds[i].range, predicate);
}
