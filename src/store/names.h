/* Which names in a directory are documents. */
#ifndef FPD_STORE_NAMES_H
#define FPD_STORE_NAMES_H

#include "footprintd/doc/events.h"

/* False for what is no document at all: a dot file, another suffix. */
bool document_name_format(slice_t name, doc_format_t *format);
/* Whether it could be shown on one line of a terminal or a log. */
bool document_name_printable(slice_t name);

#endif
