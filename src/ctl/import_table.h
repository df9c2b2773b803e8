/*
 * Values by footprint, each with its line in the source. Private to src/ctl.
 */
#ifndef FPD_CTL_IMPORT_TABLE_H
#define FPD_CTL_IMPORT_TABLE_H

#include "footprintd/base/table.h"
#include "footprintd/model/footprint.h"
#include "import_data.h"

/* The group of what is in no footprint. */
#define IMPORT_NO_GROUP UINT32_MAX

/* A prefix; an IPv4 address is in the low 32 bits. */
typedef struct import_prefix {
    u128_t addr;
    uint32_t group;
    uint32_t line;
    uint8_t family;
    uint8_t len;
    bool dropped;
} import_prefix_t;

/* An AS number or a code. */
typedef struct import_value {
    uint64_t value;
    uint32_t group;
    uint32_t line;
    uint32_t type; /* fp_type_t */
    bool dropped;
} import_value_t;

typedef struct import_group {
    slice_t name;
    uint32_t line;  /* where it is first */
    uint32_t types; /* a bit for each kind: prefixes are bit 0, others 1 << fp_type_t */
} import_group_t;

struct import_table {
    import_group_t **groups; /* in the arena, in the order that they came in */
    size_t group_count, group_cap;
    table_t by_name;
    import_prefix_t *prefixes;
    size_t prefix_count, prefix_cap;
    import_value_t *values;
    size_t value_count, value_cap;
};

void import_table_init(import_table_t *t);
void import_table_release(import_table_t *t);
/* The group of the name, which is copied. IMPORT_NO_GROUP when memory failed. */
uint32_t import_table_group(import_data_t *d, import_table_t *t, slice_t name, uint32_t line);
bool import_table_prefix(import_data_t *d, import_table_t *t, uint32_t group, uint32_t line,
                         const prefix_t *p);
bool import_table_value(import_data_t *d, import_table_t *t, uint32_t group, uint32_t line,
                        fp_type_t type, uint64_t value);
/* Groups by their names' bytes, in place of the order that they came in. */
bool import_table_by_name(import_data_t *d, import_table_t *t);
/*
 * Sorts by group and value, finds repetitions and prefixes within others, drops what is said twice
 * and, where that is wanted, merges. Afterwards nothing is `dropped`.
 */
bool import_table_finish(import_data_t *d, import_table_t *t);
/*
 * For geofeeds, before the table is finished: of every prefix what more specific ones of other
 * groups have is taken out. One prefix in two groups is an error.
 */
bool import_table_carve(import_data_t *d, import_table_t *t);
/* The document of the table, which is finished. */
bool import_table_write(import_data_t *d, const import_table_t *t);

u128_t import_prefix_last(const import_prefix_t *p);
prefix_t import_prefix_get(const import_prefix_t *p);
/* By family, address, length and line; the group does not matter. */
int import_prefix_cmp(const void *a, const void *b);

#endif
