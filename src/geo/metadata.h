/*
 * The metadata of an MMDB: found by its marker, verified, and every member that is needed has the
 * type and one of the values that the format names.
 */
#ifndef FPD_GEO_METADATA_H
#define FPD_GEO_METADATA_H

#include "footprintd/geo/mmdb.h"

/* The greatest length of the marker and all behind it. */
#define METADATA_MAX (128 * 1024)

/*
 * *marker is the offset of the last marker: where the data section ends. Texts of *out lie in
 * `file`. ERR_DATA, ERR_LIMIT, ERR_NOMEM, with a line in *why.
 */
err_t metadata_read(slice_t file, unsigned depth_limit, mmdb_info_t *out, size_t *marker,
                    buf_t *why) FPD_MUST_CHECK;

#endif
