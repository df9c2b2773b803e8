#include "difference_parts.h"

const char *const difference_rail_names[] = {
    [RAIL_ADDRESSES] = "addresses",
    [RAIL_COUNTRIES] = "countries",
    [RAIL_COUNTRY] = "country",
    [RAIL_NOTHING_LEFT] = "nothing-left",
};

typedef struct verdict {
    difference_guard_t *guard;
    difference_breach_t *list; /* NULL: there is no memory, which sticks */
    size_t most;
} verdict_t;

static void hold(verdict_t *v, difference_breach_t breach)
{
    if (breach.share <= breach.allowed) {
        return;
    }
    v->guard->asks = true;
    v->guard->breach_count++;
    if (v->list && v->guard->breach_listed < v->most) {
        v->list[v->guard->breach_listed++] = breach;
    }
}

static difference_count_t whole_family(family_t family)
{
    return family == FAMILY_IPV4 ? (difference_count_t){{0, UINT64_C(1) << 32}, 0}
                                 : (difference_count_t){{0, 0}, 1};
}

static void hold_addresses(verdict_t *v, const difference_coverage_t *row, double allowed)
{
    for (unsigned f = 0; f < FAMILY_COUNT; f++) {
        const difference_moves_t *m = &row->moves[f];
        difference_count_t of = difference_count_zero(m->before) ? whole_family((family_t)f)
                                                                 : m->before;
        difference_breach_t breach = {RAIL_ADDRESSES, row, NULL, (family_t)f, true, 0, allowed};
        breach.share = difference_count_share(m->lost, of);
        hold(v, breach);
        breach.lost = false;
        breach.share = difference_count_share(m->gained, of);
        hold(v, breach);
    }
}

static void hold_countries(verdict_t *v, const difference_coverage_t *row, double allowed)
{
    if (!row->countries_before) {
        return; /* a new advertisement or capability type is meant to cover what it covers */
    }
    difference_breach_t breach = {RAIL_COUNTRIES, row, NULL, FAMILY_IPV4, true, 0, allowed};
    breach.share = (double)row->countries_vanished / (double)row->countries_before;
    hold(v, breach);
    breach.lost = false;
    breach.share = (double)row->countries_appeared / (double)row->countries_before;
    hold(v, breach);
    for (size_t i = 0; i < row->country_count; i++) {
        const difference_country_t *c = &row->countries[i];
        for (unsigned f = 0; c->code && f < FAMILY_COUNT; f++) {
            breach = (difference_breach_t){RAIL_COUNTRY, row, c, (family_t)f, true, 0, allowed};
            breach.share = difference_count_share(c->moves[f].lost, c->whole[f]);
            hold(v, breach);
            breach.lost = false;
            breach.share = difference_count_share(c->moves[f].gained, c->whole[f]);
            hold(v, breach);
        }
    }
}

void difference_guard_make(difference_work_t *w)
{
    difference_t *d = w->d;
    const difference_coverage_t *all = &d->coverage[0];
    bool before = false, after = false;
    for (unsigned f = 0; f < FAMILY_COUNT; f++) {
        before |= !difference_count_zero(all->moves[f].before);
        after |= !difference_count_zero(all->moves[f].after);
    }
    verdict_t v = {&d->guard, arena_array(w->arena, d->options.listed, sizeof *v.list),
                   d->options.listed};
    d->guard = (difference_guard_t){
        .from_nothing = !before && after, .to_nothing = before && !after, .breaches = v.list};
    if (d->guard.from_nothing) {
        return; /* nobody relies on anything yet */
    }
    if (d->guard.to_nothing) {
        hold(&v, (difference_breach_t){RAIL_NOTHING_LEFT, all, NULL, FAMILY_IPV4, true, 1, 0});
    }
    for (size_t i = 0; i < d->coverage_count; i++) {
        if (!d->coverage[i].as_around) {
            hold_addresses(&v, &d->coverage[i], d->options.address_share);
            hold_countries(&v, &d->coverage[i], d->options.country_share);
        }
    }
}
