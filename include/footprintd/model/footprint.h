/*
 * Footprints (RFC 8006 4.2.2.2, RFC 9241 4, RFC 9388): types, values, and what they mean together.
 *
 * How constraints combine (RFC 8008 appendix B, RFC 9388 2.2), for one object:
 *
 *   footprints                        covers an address when
 *   absent, null, []                  always ("everywhere")
 *   values of one type                any value matches                             (OR)
 *   two types                         both match                                    (AND)
 *   ipv4cidr and ipv6cidr             never: the null footprint, refused in documents
 *   a footprintunion                  any member matches                            (OR)
 *   a footprintunion and a type       both match                                    (AND)
 *   two footprintunions               both match                                    (AND)
 *
 * An attribute that is not known of an address matches nothing: unknown data fails closed.
 */
#ifndef FOOTPRINTD_MODEL_FOOTPRINT_H
#define FOOTPRINTD_MODEL_FOOTPRINT_H

#include "footprintd/base/arena.h"
#include "footprintd/net/addr.h"

/* In the byte order of the names, which is the order of Footprint objects on the wire. */
typedef enum fp_type {
    FP_ALTOPID,
    FP_ASN,
    FP_COUNTRYCODE,
    FP_UNION,
    FP_IPV4CIDR,
    FP_IPV6CIDR,
    FP_SUBDIVISIONCODE,
} fp_type_t;
#define FP_TYPE_COUNT 7

typedef struct fp_type_info {
    const char *name;      /* "ipv4cidr" */
    const char *wants;     /* what a value looks like, for messages */
    const char *reference; /* the RFC that defines it */
} fp_type_info_t;

extern const fp_type_info_t fp_type_infos[FP_TYPE_COUNT];

/* FP_TYPE_COUNT when the name is none. */
fp_type_t fp_type_find(slice_t name);

/*
 * A country or subdivision code: its ASCII bytes from the most significant end, zeros behind, so
 * that numeric order is the order of bytes: "us-ny" is 0x75732d6e79000000.
 */
typedef uint64_t fp_code_t;

/* Strict forms (lower case); false when the text is none. */
bool fp_asn_parse(slice_t text, uint32_t *out);
bool fp_country_parse(slice_t text, fp_code_t *out);
bool fp_subdivision_parse(slice_t text, fp_code_t *out);
/* PIDName (RFC 7285 10.1) without the reserved '.': 1 to 64 of [0-9A-Za-z:@_-]. */
bool fp_pid_valid(slice_t text);
/* The text of a code, without a NUL; returns its length (at most 8). */
size_t fp_code_format(fp_code_t code, char out[8]);

/* Values of one type: ascending, without duplicates, at least one. */
typedef struct fp_values {
    fp_type_t type; /* not FP_UNION */
    size_t count;
    union {
        const prefix4_t *v4;   /* FP_IPV4CIDR */
        const prefix6_t *v6;   /* FP_IPV6CIDR */
        const uint32_t *asn;   /* FP_ASN */
        const fp_code_t *code; /* FP_COUNTRYCODE, FP_SUBDIVISIONCODE */
        const slice_t *pid;    /* FP_ALTOPID, ordered by bytes */
    } u;
} fp_values_t;

/* One Footprint object: values of one type, or a union of such. */
typedef struct fp_constraint {
    fp_type_t type;
    const fp_values_t *values;         /* not for FP_UNION */
    const fp_values_t *const *members; /* FP_UNION: by type, each type once */
    size_t member_count;
} fp_constraint_t;

/* The footprints of one wire object, all of which must match; ordered by type, then content. */
typedef struct fp_set {
    const fp_constraint_t *constraints;
    size_t count; /* 0: everywhere */
} fp_set_t;

/* Canonical order by content: <0, 0, >0. */
int fp_values_cmp(const fp_values_t *a, const fp_values_t *b);
int fp_constraint_cmp(const fp_constraint_t *a, const fp_constraint_t *b);
int fp_set_cmp(const fp_set_t *a, const fp_set_t *b);
/* True when some constraint, or member of one, has the type. */
bool fp_set_has(const fp_set_t *set, fp_type_t type);

/* The text of value i, for messages and the wire (PIDs are returned as they are). */
#define FP_VALUE_TEXT_MAX PREFIX_TEXT_MAX
slice_t fp_value_text(const fp_values_t *v, size_t i, char out[FP_VALUE_TEXT_MAX]);

#endif
