/* Which names in a directory are documents. */
#ifndef FPD_STORE_NAMES_H
#define FPD_STORE_NAMES_H

#include "footprintd/store/directory.h"

/* Whether it could be shown on one line of a terminal or a log. */
bool document_name_printable(slice_t name);

#endif
