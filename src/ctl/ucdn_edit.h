/*
 * Edits of a file of profiles as text, so that comments and layout stay. What comes out is read
 * again before it counts: the profiles that were not meant are the same.
 */
#ifndef FPD_CTL_UCDN_EDIT_H
#define FPD_CTL_UCDN_EDIT_H

#include "footprintd/config/ucdns.h"

/*
 * Takes the lines of the profile out of the text: from its name to the next profile, without the
 * comments above that one. False when it is not laid out like that.
 */
bool ucdn_edit_remove(slice_t text, const ucdns_t *ucdns, size_t index, buf_t *out);
/* The profile's lines behind the text. */
void ucdn_edit_append(slice_t text, const ucdns_t *ucdns, slice_t lines, buf_t *out);

#endif
