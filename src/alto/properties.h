/*
 * What both property maps are made of. Private to src/alto.
 */
#ifndef FPD_ALTO_PROPERTIES_H
#define FPD_ALTO_PROPERTIES_H

#include "footprintd/alto/property_map.h"

/* Entity domains (RFC 9240 4, RFC 9241 6.1, RFC 9388 3). */
typedef enum domain_kind {
    DOMAIN_ASN,
    DOMAIN_COUNTRYCODE,
    DOMAIN_IPV4,
    DOMAIN_IPV6,
    DOMAIN_SUBDIVISIONCODE,
    DOMAIN_PID, /* of one network map */
} domain_kind_t;

typedef enum property_kind {
    PROPERTY_CAPABILITIES, /* of one advertisement */
    PROPERTY_PID,          /* of one network map */
    PROPERTY_ASN,
    PROPERTY_COUNTRYCODE,
    PROPERTY_SUBDIVISIONCODE,
} property_kind_t;

typedef struct property {
    slice_t name;   /* "cdni.cdni-capabilities" */
    slice_t quoted; /* "\"cdni.cdni-capabilities\":" */
    property_kind_t kind;
    uint32_t index; /* of the advertisement or map */
} property_t;

typedef struct domain {
    slice_t name; /* "netmap.pid" */
    domain_kind_t kind;
    uint32_t map; /* DOMAIN_PID */
} domain_t;

/* A distinct list of capabilities. */
typedef struct capability_list {
    const uint32_t *numbers; /* of texts, ascending */
    uint32_t count;
    size_t size; /* of the text */
    /* [{"capability-type":...},...]; {NULL, 0} where that would be too much to keep. */
    slice_t text;
} capability_list_t;

/* The capabilities of one advertisement as a view shows them. */
typedef struct capabilities {
    const cdni_content_t *content;
    const slice_t *texts; /* distinct {"capability-type":...,"capability-value":...}, in order */
    size_t count;
    /* By footprint set. */
    const uint32_t *first;   /* set_count + 1: into numbers */
    const uint32_t *numbers; /* of texts, ascending for each set */
    const uint32_t *everywhere;
    size_t everywhere_count;
    /* By answer of the join. */
    const uint32_t *list_of;        /* into lists */
    const capability_list_t *lists; /* [0] is the empty one */
    size_t list_count;
} capabilities_t;

struct property_map_content {
    property_map_input_t in;
    capabilities_t *capabilities; /* by advertisement */
    property_t *properties;       /* by name; those of the databases last */
    size_t property_count;        /* of the filtered map */
    size_t get_property_count;    /* of the GET map: without those of the databases */
    domain_t *domains;            /* by name */
    size_t domain_count;
    slice_t *uses; /* ids, ascending */
    const char **uses_tags;
    size_t uses_count;
    slice_t all_vtags; /* "dependent-vtags":[...] of all of them */
    char tag[TAG_LEN + 1];
};

/* Whether mappings list the property for the domain. */
bool property_applies(const property_map_content_t *c, const property_t *p, const domain_t *d);
const property_t *property_find(const property_map_content_t *c, slice_t name);

/* What every answer of the join shows; all of it lies in the input's arena. */
err_t capabilities_build(const cdni_content_t *content, const property_map_input_t *in,
                         capabilities_t *out) FPD_MUST_CHECK;
/* The text of a list. */
void capabilities_text(const capabilities_t *c, uint32_t list, buf_t *out);

/* "dependent-vtags":[...] of the chosen resources, in the order of `uses`. */
void vtags_text(const property_map_content_t *c, const bool *chosen, buf_t *out);

#endif
