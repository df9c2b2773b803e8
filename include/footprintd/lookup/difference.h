/*
 * Differences: what a change of documents means, before it is made.
 *
 * Compared are two states of the documents with the same databases: in named footprints, in network
 * maps, in the objects of advertisements, and in addresses. Addresses are counted exactly, by
 * walking the ranges of both joins and of the databases side by side; nothing is sampled. All
 * documents take part, whoever may see them: a document's audience is compared as a property of
 * what the document says, and moves no address.
 *
 * A difference lies in an arena and points into both states, which must outlive it. It is mirrored
 * when its two sides change places.
 */
#ifndef FOOTPRINTD_LOOKUP_DIFFERENCE_H
#define FOOTPRINTD_LOOKUP_DIFFERENCE_H

#include "footprintd/snapshot/snapshot.h"

/* One state of the documents; a model of NULL: nothing at all. */
typedef struct difference_side {
    const model_t *model;
    const join_index_t *join; /* of the model */
} difference_side_t;

static inline difference_side_t difference_side(const snapshot_t *s)
{
    return (difference_side_t){s ? snapshot_model(s) : NULL, s ? snapshot_join(s) : NULL};
}

typedef struct difference_options {
    size_t listed; /* of each list so many are kept, all are counted; 0: 20 */
    /* Guard rails, below. */
    double address_share;
    double country_share;
    bool names; /* JSON tells documents by their names, without the directory */
} difference_options_t;

/* ---- numbers of addresses ---- */

/* top * 2^128 + n: all of IPv6 is one more than 128 bits can say. */
typedef struct difference_count {
    u128_t n;
    uint32_t top; /* 0 or 1 */
} difference_count_t;

/* Decimal, exact, with a NUL; returns its length. */
#define DIFFERENCE_DECIMAL_MAX 40
size_t difference_count_decimal(difference_count_t count, char out[DIFFERENCE_DECIMAL_MAX]);
/*
 * For people: "512 IPv4 addresses", "3 /48", "1.50 /48", "2 /64", "7 IPv6 addresses". With a point
 * it is rounded.
 */
#define DIFFERENCE_AMOUNT_MAX 64
void difference_count_amount(difference_count_t count, family_t family,
                             char out[DIFFERENCE_AMOUNT_MAX]);
int difference_count_cmp(difference_count_t a, difference_count_t b);
/* part / whole; 0 when the whole is nothing. */
double difference_count_share(difference_count_t part, difference_count_t whole);

static inline bool difference_count_zero(difference_count_t c)
{
    return !c.top && !c.n.hi && !c.n.lo;
}

/* before + gained - lost is after. */
typedef struct difference_moves {
    difference_count_t before;
    difference_count_t after;
    difference_count_t gained;
    difference_count_t lost;
} difference_moves_t;

/* ---- documents ---- */

/* Values of one type in a footprint, or in a PID. */
typedef struct difference_values {
    fp_type_t type;
    unsigned in_union;         /* 0: by itself; n: in the footprint's n-th footprintunion */
    const fp_values_t *before; /* NULL: none, */
    const fp_values_t *after;  /* which in a footprint is no condition rather than no value */
    size_t added;
    size_t removed;
    const uint32_t *added_at; /* the first so many: indices into after's values */
    size_t added_listed;
    const uint32_t *removed_at; /* into before's */
    size_t removed_listed;
} difference_values_t;

/* How many of a kind differ. */
typedef struct difference_tally {
    size_t added;
    size_t removed;
    size_t changed;
} difference_tally_t;

static inline size_t difference_tally_sum(difference_tally_t t)
{
    return t.added + t.removed + t.changed;
}

typedef struct difference_footprint {
    const model_footprint_t *before; /* NULL: added */
    const model_footprint_t *after;  /* NULL: removed */
    bool audience;                   /* others see it than before */
    const difference_values_t *values;
    size_t value_count;
} difference_footprint_t;

/*
 * What is changed has the same capability and came by the same name, or by none, on both sides; its
 * footprints or its audience differ.
 */
typedef struct difference_object {
    const model_object_t *before;
    const model_object_t *after;
    bool audience;
} difference_object_t;

typedef struct difference_advertisement {
    slice_t id;
    bool in_before;
    bool in_after;
    difference_tally_t tally;
    const difference_object_t *objects; /* the first so many, by capability and name */
    size_t object_count;
} difference_advertisement_t;

typedef struct difference_pid {
    const model_pid_t *before;
    const model_pid_t *after;
    const difference_values_t *values; /* prefixes by family */
    size_t value_count;
} difference_pid_t;

typedef struct difference_map {
    const model_network_map_t *before;
    const model_network_map_t *after;
    bool audience;
    difference_tally_t tally; /* of PIDs */
    const difference_pid_t *pids;
    size_t pid_count;
} difference_map_t;

/* A cost map; its pairs of PIDs are counted, not listed: there may be millions. */
typedef struct difference_costs {
    const model_cost_map_t *before;
    const model_cost_map_t *after;
    bool audience;
    bool type;                /* another cost type, or network map */
    difference_tally_t tally; /* of pairs with a cost */
} difference_costs_t;

/* ---- addresses ---- */

typedef struct difference_country {
    fp_code_t code; /* 0: addresses of which the databases know no country */
    difference_moves_t moves[FAMILY_COUNT];
    difference_count_t whole[FAMILY_COUNT]; /* what the databases give to the country */
} difference_country_t;

static inline bool difference_country_covered(const difference_country_t *c, bool before)
{
    bool any = false;
    for (unsigned f = 0; f < FAMILY_COUNT; f++) {
        any |= !difference_count_zero(before ? c->moves[f].before : c->moves[f].after);
    }
    return any;
}

/*
 * What is covered by any object of a kind. A country is covered when any address of it is; one
 * appears or vanishes altogether.
 */
typedef struct difference_coverage {
    slice_t advertisement; /* "": of all */
    slice_t type;          /* capability type; "": of all in the advertisement */
    bool as_around;        /* just what is covered by its advertisement, or by everything, which
                              it is a part of: on both sides */
    difference_moves_t moves[FAMILY_COUNT];
    size_t countries_before;
    size_t countries_after;
    size_t countries_appeared;
    size_t countries_vanished;
    const difference_country_t *countries; /* those that gain or lose, by code */
    size_t country_count;
} difference_coverage_t;

/* ---- guard rails ---- */

/*
 * A rail asks for a confirmation when a change gains more than its share, or loses more than it, in
 * the coverage of everything, of an advertisement, or of a capability type in one:
 *   addresses  of those covered before, by family; of the whole family when none was
 *   countries  that appear, or vanish, of those covered before
 *   country    of one country, the addresses that the databases give to it, by family
 * The first is held against address_share, the other two against country_share; these are silent
 * without databases, and where no country was covered before. What a row says as_around is said
 * once, of the row around it. A first publication, where nothing at
 * all was covered, never asks; a change after which nothing is covered always does, whatever the
 * shares.
 */
typedef enum difference_rail {
    RAIL_ADDRESSES,
    RAIL_COUNTRIES,
    RAIL_COUNTRY,
    RAIL_NOTHING_LEFT,
} difference_rail_t;

/* "addresses", "countries", "country", "nothing-left". */
extern const char *const difference_rail_names[];

typedef struct difference_breach {
    difference_rail_t rail;
    const difference_coverage_t *coverage;
    const difference_country_t *country; /* RAIL_COUNTRY */
    family_t family;                     /* not of RAIL_COUNTRIES and RAIL_NOTHING_LEFT */
    bool lost;                           /* or gained */
    double share;
    double allowed;
} difference_breach_t;

typedef struct difference_guard {
    bool asks;
    bool from_nothing;
    bool to_nothing;
    const difference_breach_t *breaches; /* the first so many */
    size_t breach_count;
    size_t breach_listed;
} difference_guard_t;

/* ---- the whole ---- */

typedef struct difference {
    difference_side_t before;
    difference_side_t after;
    difference_options_t options;
    bool same; /* nothing differs */

    difference_tally_t footprint_tally;
    const difference_footprint_t *footprints; /* by name */
    size_t footprint_count;

    difference_tally_t object_tally;                  /* over all advertisements */
    const difference_advertisement_t *advertisements; /* that differ, by id */
    size_t advertisement_count;

    const difference_map_t *maps; /* that differ, by id */
    size_t map_count;

    const difference_costs_t *costs; /* that differ, by id */
    size_t cost_count;

    bool has_countries;                    /* there is a database that knows of countries */
    const difference_coverage_t *coverage; /* [0]: everything; then each advertisement by id, and
                                              its types behind it */
    size_t coverage_count;

    difference_guard_t guard;
} difference_t;

/*
 * attributes: those that both joins were built with, NULL without any. Everything that is kept lies
 * in the arena. ERR_NOMEM.
 */
err_t difference_make(difference_side_t before, difference_side_t after,
                      const attributes_t *attributes, const difference_options_t *options,
                      arena_t *arena, difference_t **out) FPD_MUST_CHECK;

/*
 * The same of two snapshots, of which one may be NULL: nothing. Where they were built with
 * different databases, what these move counts as well, and countries are those of the later one.
 * What was counted of a snapshot is kept with it: a difference to the next one walks what changes.
 */
err_t difference_make_snapshots(snapshot_t *before, snapshot_t *after,
                                const difference_options_t *options, arena_t *arena,
                                difference_t **out) FPD_MUST_CHECK;

/*
 * One line without a newline, for logs: "2 footprints changed, 1 object added; +512 IPv4 addresses
 * in de, at; -1 /48". Addresses are those of everything; where they stay the same, those of the
 * first advertisement or capability type that moves, with its name.
 */
void difference_write_summary(const difference_t *d, buf_t *out);
/* One JSON object without a newline; its members are in footprintctl-diff(1). */
void difference_write_json(const difference_t *d, buf_t *out);
/* Lines for people, with the summary as the last one; colours: escape sequences of terminals. */
void difference_write_text(const difference_t *d, bool colours, buf_t *out);
/* "1.5%"; what is not all, or not nothing, never looks so: ">99.9%", "<0.1%". */
void difference_write_percent(double share, buf_t *out);

#endif
