/*
 * Entity ids (RFC 9240 5.1.3): "ipv4:192.0.2.0/24", "asn:as64496", "netmap.pid:pid-fra". Private to
 * src/alto.
 */
#ifndef FPD_ALTO_ENTITY_H
#define FPD_ALTO_ENTITY_H

#include "properties.h"

typedef struct entity {
    const domain_t *domain;
    slice_t spelling; /* as the client wrote it; {NULL, 0}: canonical */
    union {
        prefix_t prefix; /* DOMAIN_IPV4, DOMAIN_IPV6; an address is a prefix of full length */
        uint64_t value;  /* DOMAIN_ASN: number; _COUNTRYCODE, _SUBDIVISIONCODE: code */
        slice_t pid;     /* DOMAIN_PID */
    } u;
} entity_t;

/*
 * The domain is the longest name of the mappings that the id begins with: ids of network maps may
 * have colons, and so may what follows. False: not an id of an announced domain.
 */
bool entity_parse(const property_map_content_t *c, slice_t id, entity_t *out);

/* Canonical text: no length for a whole address, host bits masked, RFC 5952. */
void entity_text(const entity_t *e, buf_t *out);
void entity_prefix_text(const prefix_t *p, buf_t *out);

/* By address, then the shorter length first; within one family. */
static inline int entity_prefix_cmp(const prefix_t *x, const prefix_t *y)
{
    return x->family == FAMILY_IPV4 ? prefix_cmp_v4(x->u.v4, y->u.v4)
                                    : prefix_cmp_v6(x->u.v6, y->u.v6);
}

/* Whether outer holds all of inner, which may be the same; of one family. */
bool entity_prefix_contains(const prefix_t *outer, const prefix_t *inner);

static inline bool entity_is_ip(const entity_t *e)
{
    return e->domain->kind == DOMAIN_IPV4 || e->domain->kind == DOMAIN_IPV6;
}

static inline unsigned entity_prefix_len(const prefix_t *p)
{
    return p->family == FAMILY_IPV4 ? p->u.v4.len : p->u.v6.len;
}

static inline unsigned entity_prefix_full(const prefix_t *p)
{
    return p->family == FAMILY_IPV4 ? 32 : 128;
}

#endif
