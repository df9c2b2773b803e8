#include "http/principal.h"

#include "footprintd/log/log.h"
#include "http/internal.h"
#include "http/measure.h"
#include "http/send.h"

#include <netdb.h>
#include <stdio.h>

slice_t principal_name(h2o_req_t *req)
{
    return principal_of_request(req)->profile->name;
}

slice_t principal_account(h2o_req_t *req, char *buffer)
{
    const principal_t *principal = principal_of_request(req);
    if (principal->means == PRINCIPAL_ANONYMOUS) {
        return peer_key_of_request(req, buffer);
    }
    /* No address looks like this. */
    int len = snprintf(buffer, NI_MAXHOST, "ucdn %.*s", SLICE_ARG(principal->profile->name));
    return slice_of(buffer, (size_t)len);
}

uint64_t principal_slot(h2o_req_t *req)
{
    char buffer[NI_MAXHOST];
    return hash_slice(principal_account(req, buffer));
}

/* One line for a uCDN in so long, however often it is refused. */
#define TELL_EVERY_S 10

static void tell(const principal_t *principal, uint64_t now, uint64_t retry_s)
{
    _Atomic uint64_t *told = &principal->rate->account->told_s;
    uint64_t now_s = now / 1000000000, before = atomic_load_explicit(told, memory_order_relaxed);
    if ((!before || now_s >= before + TELL_EVERY_S) &&
        atomic_compare_exchange_strong_explicit(told, &before, now_s, memory_order_relaxed,
                                                memory_order_relaxed)) {
        uint64_t refused = atomic_load_explicit(&principal->rate->account->refused,
                                                memory_order_relaxed);
        log_line(LOG_LEVEL_WARNING, "http",
                 "'%.*s' asks for more than its rates allow: 429, again after %llu s; %llu "
                 "requests refused so far",
                 SLICE_ARG(principal->profile->name), (unsigned long long)retry_s,
                 (unsigned long long)refused);
    }
}

bool principal_admit(h2o_req_t *req)
{
    const principal_t *principal = principal_of_request(req);
    rate_kind_t what;
    uint64_t retry_s;
    if (!principal->rate) {
        return true;
    }
    uint64_t now = rate_now();
    if (rate_take_request(principal->rate, now, &what, &retry_s)) {
        return true;
    }
    measure_refused(req);
    measure_hit(loop_of_request(req), (http_hit_t)(HTTP_HIT_UCDN_REQUESTS + what));
    tell(principal, now, retry_s);
    send_after(req, 429, retry_s);
    return false;
}

void principal_pay(h2o_req_t *req, rate_kind_t kind, uint64_t amount)
{
    if (!conn_of_request(req)->guard.operators) {
        const principal_t *principal = principal_of_request(req);
        if (principal && principal->rate) {
            rate_add(principal->rate, kind, amount, rate_now());
        }
    }
}
