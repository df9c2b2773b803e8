#include "http/negotiate.h"

#include "http/scan.h"

enum { RANGE_ANY, RANGE_TYPE, RANGE_EXACT };

/* The two halves of "type/subtype"; false without a slash. */
static bool split_type(slice_t text, slice_t *type, slice_t *subtype)
{
    const char *slash = text.len ? memchr(text.ptr, '/', text.len) : NULL;
    if (!slash) {
        return false;
    }
    *type = slice_of(text.ptr, (size_t)(slash - text.ptr));
    *subtype = slice_of(slash + 1, text.len - type->len - 1);
    const char *parameters = subtype->len ? memchr(subtype->ptr, ';', subtype->len) : NULL;
    if (parameters) {
        subtype->len = (size_t)(parameters - subtype->ptr);
    }
    return true;
}

void accept_begin(accept_t *a, slice_t media_type)
{
    *a = (accept_t){.type = media_type, .q = {-1, -1, -1}};
}

/* The specificity of the range type/subtype for the wanted one; -1 when it does not cover it. */
static int range_covers(slice_t wanted, slice_t type, slice_t subtype)
{
    slice_t want_type, want_subtype;
    if (!split_type(wanted, &want_type, &want_subtype)) {
        return -1;
    }
    if (slice_is(type, "*")) {
        return RANGE_ANY; /* the caller saw to "*" "/" "*" */
    }
    if (!slice_eq_nocase(type, want_type)) {
        return -1;
    }
    if (slice_is(subtype, "*")) {
        return RANGE_TYPE;
    }
    return slice_eq_nocase(subtype, want_subtype) ? RANGE_EXACT : -1;
}

void accept_add(accept_t *a, slice_t line)
{
    scan_t s = scan_of(line);
    do {
        scan_space(&s);
        slice_t type = scan_token(&s);
        if (type.len == 0 || !scan_take(&s, '/')) {
            continue;
        }
        slice_t subtype = scan_token(&s);
        int q = 1000;
        if (subtype.len == 0 || (slice_is(type, "*") && !slice_is(subtype, "*")) ||
            !scan_parameters(&s, &q) || !scan_element_done(&s)) {
            continue;
        }
        a->seen = true;
        int specificity = range_covers(a->type, type, subtype);
        if (specificity >= 0 && q > a->q[specificity]) {
            a->q[specificity] = q;
        }
    } while (scan_next_element(&s));
}

bool accept_allows(const accept_t *a)
{
    if (!a->seen) {
        return true;
    }
    for (int i = RANGE_EXACT; i >= RANGE_ANY; i--) {
        if (a->q[i] >= 0) {
            return a->q[i] > 0;
        }
    }
    return false;
}

void accept_encoding_begin(accept_encoding_t *a)
{
    *a = (accept_encoding_t){.q = {-1, -1, -1}, .star = -1};
}

static int *coding_slot(accept_encoding_t *a, slice_t name)
{
    if (slice_eq_nocase(name, SLICE_LIT("gzip")) || slice_eq_nocase(name, SLICE_LIT("x-gzip"))) {
        return &a->q[CODING_GZIP];
    }
    if (slice_eq_nocase(name, SLICE_LIT("br"))) {
        return &a->q[CODING_BROTLI];
    }
    if (slice_eq_nocase(name, SLICE_LIT("identity"))) {
        return &a->q[CODING_IDENTITY];
    }
    return slice_is(name, "*") ? &a->star : NULL;
}

void accept_encoding_add(accept_encoding_t *a, slice_t line)
{
    scan_t s = scan_of(line);
    do {
        scan_space(&s);
        slice_t name = scan_token(&s);
        int q = 1000;
        if (name.len == 0 || !scan_parameters(&s, &q) || !scan_element_done(&s)) {
            continue;
        }
        int *slot = coding_slot(a, name);
        if (slot && q > *slot) {
            *slot = q;
        }
    } while (scan_next_element(&s));
}

coding_t accept_encoding_choose(const accept_encoding_t *a, unsigned available)
{
    static const coding_t preference[] = {CODING_BROTLI, CODING_GZIP};
    /* Identity that nobody names is acceptable, but the last choice. */
    int best_q = a->q[CODING_IDENTITY] >= 0 ? a->q[CODING_IDENTITY] : a->star;
    if (best_q < 0) {
        best_q = 0;
    }
    coding_t best = CODING_IDENTITY;
    int identity_q = best_q;
    for (size_t i = 0; i < sizeof preference / sizeof preference[0]; i++) {
        coding_t coding = preference[i];
        int q = a->q[coding] >= 0 ? a->q[coding] : a->star;
        if (!(available & 1u << coding) || q <= 0 || q < identity_q) {
            continue;
        }
        if (best == CODING_IDENTITY || q > best_q) {
            best = coding;
            best_q = q;
        }
    }
    return best;
}

bool media_type_matches(slice_t content_type, slice_t media_type)
{
    scan_t s = scan_of(content_type);
    scan_space(&s);
    const char *start = s.at;
    slice_t type = scan_token(&s);
    if (type.len == 0 || !scan_take(&s, '/')) {
        return false;
    }
    slice_t subtype = scan_token(&s);
    slice_t whole = slice_of(start, (size_t)(s.at - start));
    scan_space(&s);
    int next = scan_peek(&s);
    return subtype.len && (next < 0 || next == ';') && slice_eq_nocase(whole, media_type);
}
