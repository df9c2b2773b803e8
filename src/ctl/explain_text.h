/*
 * An explanation for people, from its JSON: an address, or a prefix. Private to src/ctl.
 */
#ifndef FPD_CTL_EXPLAIN_TEXT_H
#define FPD_CTL_EXPLAIN_TEXT_H

#include "remote.h"

void explain_write_address(const json_value_t *answer, buf_t *out);
/* paths: documents with their directory, which those of a server do not lie in. */
void explain_write_prefix(const json_value_t *answer, bool paths, buf_t *out);

/* ---- parts of both ---- */

/* The label on the first line of a part, nothing on its others. */
void explain_label(buf_t *out, const char *text, bool first);
/* A member that is a text. */
void explain_line(buf_t *out, const char *name, const json_value_t *answer, const char *member);
/* The texts of an array, with commas. */
void explain_texts(const json_value_t *list, buf_t *out);
void explain_place(const json_value_t *what, bool paths, buf_t *out);
void explain_pids(const json_value_t *list, buf_t *out);
void explain_footprints(const json_value_t *list, bool paths, buf_t *out);
void explain_capabilities(const json_value_t *list, bool paths, buf_t *out);
void explain_notes(const json_value_t *list, buf_t *out);

static inline const json_value_t *explain_item(const json_value_t *list, size_t i)
{
    return &list->u.array.items[i];
}

#endif
