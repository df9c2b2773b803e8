/*
 * Documents as text: a tree as YAML or JSON that a person likes to read, and that doc_read_tree
 * reads back as an equal tree.
 *
 * Maps stand in blocks, small collections on one line where they fit. What is text stays text for
 * readers of YAML 1.1 too: what one of them would take for a number, a boolean or null is quoted.
 */
#ifndef FOOTPRINTD_DOC_WRITE_H
#define FOOTPRINTD_DOC_WRITE_H

#include "footprintd/doc/events.h"

/*
 * Appends the tree, whose texts are valid UTF-8, with a newline at its end. The recursion is as
 * deep as the tree.
 */
void doc_write(const json_value_t *tree, doc_format_t format, buf_t *out);
/*
 * Whether it can be said in YAML as documents are read: the key << cannot, however it is quoted.
 */
bool doc_write_is_yaml(const json_value_t *tree);
/* Appends text as a YAML scalar: plain where that is safe, also within [] and {}, else quoted. */
void doc_write_yaml_text(buf_t *out, slice_t text);

#endif
