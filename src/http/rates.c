#include "http/rates.h"

#include <stdlib.h>
#include <time.h>

#define SECOND_NS UINT64_C(1000000000)
/* Nobody is sent away for longer, whatever one request cost. */
#define DEBT_MAX_NS (3600 * SECOND_NS)

struct rates {
    atomic_uint references;
    size_t count;
    rate_t items[]; /* by profile */
};

/* ---- the table ---- */

static void account_unref(rate_account_t *account)
{
    if (account && atomic_fetch_sub_explicit(&account->references, 1, memory_order_acq_rel) == 1) {
        free(account);
    }
}

static rate_account_t *account_for(slice_t name, const rates_t *before, const ucdns_t *ucdns_before)
{
    size_t index = before ? ucdns_find(ucdns_before, name) : UCDN_NONE;
    rate_account_t *account = index == UCDN_NONE ? NULL : before->items[index].account;
    if (account) {
        (void)atomic_fetch_add_explicit(&account->references, 1, memory_order_relaxed);
        return account;
    }
    account = calloc(1, sizeof *account);
    if (account) {
        atomic_init(&account->references, 1);
    }
    return account;
}

static rate_limits_t limits_of(const ucdn_profile_t *profile, const rate_limits_t *limits)
{
    const uint64_t own[RATE_KIND_COUNT] = {[RATE_REQUESTS] = profile->requests_per_s,
                                           [RATE_ENTITIES] = profile->entities_per_s,
                                           [RATE_BYTES] = profile->bytes_per_s};
    rate_limits_t out;
    for (int kind = 0; kind < RATE_KIND_COUNT; kind++) {
        out.per_s[kind] = own[kind] ? own[kind] : limits->per_s[kind];
    }
    return out;
}

err_t rates_new(const ucdns_t *ucdns, const rate_limits_t *limits, const rates_t *before,
                const ucdns_t *ucdns_before, rates_t **out)
{
    size_t count = ucdns_count(ucdns);
    rates_t *rates = calloc(1, sizeof *rates + count * sizeof rates->items[0]);
    if (!rates) {
        return ERR_NOMEM;
    }
    atomic_init(&rates->references, 1);
    for (; rates->count < count; rates->count++) {
        const ucdn_profile_t *profile = ucdns_profile(ucdns, rates->count);
        rate_t *rate = &rates->items[rates->count];
        rate->limits = limits_of(profile, limits);
        const uint64_t *per_s = rate->limits.per_s;
        if (!per_s[RATE_REQUESTS] && !per_s[RATE_ENTITIES] && !per_s[RATE_BYTES]) {
            continue;
        }
        rate->account = account_for(profile->name, before, ucdns_before);
        if (!rate->account) {
            rates_unref(rates);
            return ERR_NOMEM;
        }
    }
    *out = rates;
    return ERR_OK;
}

rates_t *rates_ref(rates_t *rates)
{
    (void)atomic_fetch_add_explicit(&rates->references, 1, memory_order_relaxed);
    return rates;
}

void rates_unref(rates_t *rates)
{
    if (!rates || atomic_fetch_sub_explicit(&rates->references, 1, memory_order_acq_rel) != 1) {
        return;
    }
    for (size_t i = 0; i < rates->count; i++) {
        account_unref(rates->items[i].account);
    }
    free(rates);
}

const rate_t *rates_of(const rates_t *rates, size_t index)
{
    const rate_t *rate = &rates->items[index];
    return rate->account ? rate : NULL;
}

/* ---- accounts ---- */

uint64_t rate_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

/* How long an amount takes to be paid for. */
static uint64_t time_of(uint64_t amount, uint64_t per_s)
{
    /* Exact for whatever fits, and never an overflow. */
    uint64_t whole = amount / per_s, rest = amount % per_s;
    if (whole > DEBT_MAX_NS / SECOND_NS) {
        return DEBT_MAX_NS;
    }
    double part = (double)rest * (double)SECOND_NS / (double)per_s;
    return whole * SECOND_NS + (uint64_t)part;
}

/* How much later than a second from now all will be paid for; 0: it is not. */
static uint64_t debt(uint64_t paid, uint64_t now)
{
    return paid > now + SECOND_NS ? paid - now - SECOND_NS : 0;
}

static uint64_t later(uint64_t paid, uint64_t now, uint64_t time)
{
    uint64_t from = paid > now ? paid : now, to = from + time;
    return to > now + DEBT_MAX_NS ? now + DEBT_MAX_NS : to;
}

static bool refuse(const rate_t *rate, rate_kind_t kind, uint64_t wait, rate_kind_t *what,
                   uint64_t *retry_s)
{
    *what = kind;
    (void)atomic_fetch_add_explicit(&rate->account->refused, 1, memory_order_relaxed);
    *retry_s = (wait + SECOND_NS - 1) / SECOND_NS;
    return false;
}

bool rate_take_request(const rate_t *rate, uint64_t now, rate_kind_t *what, uint64_t *retry_s)
{
    for (int kind = RATE_ENTITIES; kind < RATE_KIND_COUNT; kind++) {
        uint64_t paid = atomic_load_explicit(&rate->account->paid[kind], memory_order_relaxed);
        uint64_t wait = rate->limits.per_s[kind] ? debt(paid, now) : 0;
        if (wait) {
            return refuse(rate, (rate_kind_t)kind, wait, what, retry_s);
        }
    }
    uint64_t per_s = rate->limits.per_s[RATE_REQUESTS];
    if (!per_s) {
        return true;
    }
    _Atomic uint64_t *place = &rate->account->paid[RATE_REQUESTS];
    uint64_t paid = atomic_load_explicit(place, memory_order_relaxed), next;
    do {
        next = later(paid, now, SECOND_NS / per_s);
        uint64_t wait = debt(next, now);
        if (wait) {
            return refuse(rate, RATE_REQUESTS, wait, what, retry_s);
        }
    } while (!atomic_compare_exchange_weak_explicit(place, &paid, next, memory_order_relaxed,
                                                    memory_order_relaxed));
    return true;
}

void rate_add(const rate_t *rate, rate_kind_t kind, uint64_t amount, uint64_t now)
{
    uint64_t per_s = rate->limits.per_s[kind];
    if (!per_s || !amount) {
        return;
    }
    _Atomic uint64_t *place = &rate->account->paid[kind];
    uint64_t time = time_of(amount, per_s);
    uint64_t paid = atomic_load_explicit(place, memory_order_relaxed), next;
    do {
        next = later(paid, now, time);
    } while (!atomic_compare_exchange_weak_explicit(place, &paid, next, memory_order_relaxed,
                                                    memory_order_relaxed));
}
