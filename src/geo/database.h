/* What an mmdb_t is, for the files of this area. */
#ifndef FPD_GEO_DATABASE_H
#define FPD_GEO_DATABASE_H

#include "footprintd/geo/mmdb.h"

#include "geo/decode.h"
#include "geo/tree.h"

struct mmdb {
    buf_t file; /* owned; everything else points into it */
    mmdb_info_t info;
    tree_t tree;
    section_t data;
};

#endif
