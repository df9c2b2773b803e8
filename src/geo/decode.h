/*
 * Values of an MMDB section: heads, pointers, maps.
 *
 * Nothing here follows more than one pointer or recurses; every offset is checked against its
 * section, so that a head may be read at any offset whatsoever.
 */
#ifndef FPD_GEO_DECODE_H
#define FPD_GEO_DECODE_H

#include "footprintd/base/bytes.h"

/* Pointers count from the first byte of the section that they stand in. */
typedef struct section {
    const uint8_t *bytes;
    size_t size;
    size_t file_offset; /* of its first byte, for messages */
} section_t;

/* The numbers are those of the format. */
typedef enum value_type {
    VALUE_POINTER = 1,
    VALUE_STRING = 2,
    VALUE_DOUBLE = 3,
    VALUE_BYTES = 4,
    VALUE_UINT16 = 5,
    VALUE_UINT32 = 6,
    VALUE_MAP = 7,
    VALUE_INT32 = 8,
    VALUE_UINT64 = 9,
    VALUE_UINT128 = 10,
    VALUE_ARRAY = 11,
    VALUE_BOOL = 14,
    VALUE_FLOAT = 15,
} value_type_t;

typedef struct value {
    value_type_t type;
    uint32_t size; /* bytes; of a map the entries, of an array the elements, of a bool its value */
    size_t body;   /* offset of the bytes, or of the first key or element */
    size_t next;   /* offset behind the value; of a map or an array, body */
    size_t target; /* of a pointer */
} value_t;

/*
 * NULL, or what is wrong. A value that stands has its bytes within the section, a map or an array
 * no more entries than bytes are left for, and a pointer a target within the section.
 */
const char *value_read(section_t s, size_t at, value_t *out);

static inline slice_t value_text(section_t s, const value_t *v)
{
    return slice_of((const char *)s.bytes + v->body, v->size);
}

/* Of an unsigned integer of at most 64 bits. */
uint64_t value_uint(section_t s, const value_t *v);

/*
 * Access to values that were verified (verify.h). Steps bound the work: each head read is one, and
 * when they are used up nothing is found any more.
 */
typedef struct decoder {
    section_t section;
    uint64_t steps;
} decoder_t;

/* The value, or the one that a pointer there leads to. */
bool decoder_load(decoder_t *d, size_t at, value_t *out);
/* The offset behind a value with all that it contains. */
bool decoder_skip(decoder_t *d, size_t at, size_t *next);
/*
 * The first value of each key: `found` has its offset, or SIZE_MAX. False when there is no map or
 * the steps are used up.
 */
bool decoder_find(decoder_t *d, size_t at, const slice_t *keys, size_t count, size_t *found);

#endif
