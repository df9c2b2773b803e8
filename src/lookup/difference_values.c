#include "difference_parts.h"

/* Value i of a list as a list of its own. */
static fp_values_t one(const fp_values_t *v, size_t i)
{
    fp_values_t out = {.type = v->type, .count = 1};
    switch (v->type) {
    case FP_IPV4CIDR:
        out.u.v4 = v->u.v4 + i;
        break;
    case FP_IPV6CIDR:
        out.u.v6 = v->u.v6 + i;
        break;
    case FP_ASN:
        out.u.asn = v->u.asn + i;
        break;
    case FP_COUNTRYCODE:
    case FP_SUBDIVISIONCODE:
        out.u.code = v->u.code + i;
        break;
    case FP_ALTOPID:
        out.u.pid = v->u.pid + i;
        break;
    case FP_UNION:
        break;
    }
    return out;
}

typedef struct listing {
    uint32_t *at;
    size_t listed;
    size_t most;
} listing_t;

/* Lists are as long as they can become, so that each is one allocation. */
static listing_t listing(difference_work_t *w, const fp_values_t *v)
{
    size_t most = v && v->count < w->d->options.listed ? v->count : w->d->options.listed;
    uint32_t *at = v ? arena_array(w->arena, most, sizeof *at) : NULL;
    return (listing_t){at, 0, at ? most : 0};
}

static void list(listing_t *l, size_t i)
{
    if (l->listed < l->most) {
        l->at[l->listed++] = (uint32_t)i;
    }
}

bool difference_values_make(difference_work_t *w, fp_type_t type, const fp_values_t *before,
                            const fp_values_t *after, difference_values_t *out)
{
    if (before && after && !fp_values_cmp(before, after)) {
        return false;
    }
    size_t b = 0, a = 0, removed = 0, added = 0;
    size_t b_count = before ? before->count : 0, a_count = after ? after->count : 0;
    listing_t removals = listing(w, before), additions = listing(w, after);
    while (b < b_count || a < a_count) {
        int cmp = 0;
        if (b == b_count || a == a_count) {
            cmp = b == b_count ? 1 : -1;
        } else {
            fp_values_t x = one(before, b), y = one(after, a);
            cmp = fp_values_cmp(&x, &y);
        }
        if (cmp < 0) {
            list(&removals, b);
            removed++;
        } else if (cmp > 0) {
            list(&additions, a);
            added++;
        }
        b += cmp <= 0;
        a += cmp >= 0;
    }
    *out = (difference_values_t){.type = type,
                                 .before = before,
                                 .after = after,
                                 .added = added,
                                 .removed = removed,
                                 .added_at = additions.at,
                                 .added_listed = additions.listed,
                                 .removed_at = removals.at,
                                 .removed_listed = removals.listed};
    return added || removed;
}
