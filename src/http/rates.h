/*
 * Rates: what each uCDN may ask for a second (`rates` in ucdns.yaml, `ucdn-*-per-s` in the table of
 * limits).
 *
 * One second's worth may come at once. A request is paid for before it is answered; entities and
 * bytes are known only afterwards, and who had more than a second's worth of them has to wait until
 * the rest is paid for. So nothing is ever cut short, and a reader of event streams, which are paid
 * for as well, keeps them.
 *
 * An account is the uCDN's, by its name: it outlives reloads of the profiles. Any thread.
 */
#ifndef FOOTPRINTD_HTTP_RATES_H
#define FOOTPRINTD_HTTP_RATES_H

#include "footprintd/config/ucdns.h"

#include <stdatomic.h>

typedef enum rate_kind {
    RATE_REQUESTS,
    RATE_ENTITIES,
    RATE_BYTES,
} rate_kind_t;
#define RATE_KIND_COUNT 3

/* By rate_kind_t, a second; 0: no limit. */
typedef struct rate_limits {
    uint64_t per_s[RATE_KIND_COUNT];
} rate_limits_t;

typedef struct rate_account {
    atomic_uint references;
    _Atomic uint64_t paid[RATE_KIND_COUNT]; /* ns: when all that was taken will be paid for */
    _Atomic uint64_t refused;               /* requests */
    _Atomic uint64_t told_s;                /* s of rate_now: when the log said so last */
} rate_account_t;

typedef struct rate {
    rate_limits_t limits;
    rate_account_t *account; /* NULL: no limits */
} rate_t;

typedef struct rates rates_t;

/*
 * Of the profiles of a table: `limits` holds where a profile says nothing. `before` are those of
 * another table (`ucdns_before`), whose accounts go on; both NULL at first.
 */
err_t rates_new(const ucdns_t *ucdns, const rate_limits_t *limits, const rates_t *before,
                const ucdns_t *ucdns_before, rates_t **out) FPD_MUST_CHECK;
rates_t *rates_ref(rates_t *rates);
/* NULL is fine. */
void rates_unref(rates_t *rates);

/* That of a profile, by its index; NULL when it has no limits. Lives as long as the rates. */
const rate_t *rates_of(const rates_t *rates, size_t index);

/* ns of a clock that only goes forward. */
uint64_t rate_now(void);
/* Takes one request. False: not now, for a want of *what, but after *retry_s seconds (at least 1).
 */
bool rate_take_request(const rate_t *rate, uint64_t now, rate_kind_t *what, uint64_t *retry_s);
/* Counts what was had. */
void rate_add(const rate_t *rate, rate_kind_t kind, uint64_t amount, uint64_t now);

#endif
