/* Hexadecimal digits (RFC 4648 8), of either case. */
#ifndef FOOTPRINTD_BASE_HEX_H
#define FOOTPRINTD_BASE_HEX_H

#include "footprintd/base/bytes.h"

/* 0 to 15; -1: it is no such digit. */
static inline int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte that two digits begin text with, from 0 on; -1: they are not there. */
int hex_byte(slice_t text);

/* False: the text is not just the digits of `size` bytes; out may be written to in part. */
bool hex_decode(slice_t text, uint8_t *out, size_t size);

#endif
