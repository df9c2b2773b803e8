/*
 * All documents of a set as one: a document that means the same, or, where one cannot say it, a
 * bundle of them. Private to src/ctl.
 *
 * A bundle is {"version": 1, "documents": {NAME: document}}, with the documents as they would be
 * read: comments and the order of values in files are not part of it.
 */
#ifndef FPD_CTL_EXPORT_MERGE_H
#define FPD_CTL_EXPORT_MERGE_H

#include "footprintd/doc/write.h"
#include "footprintd/model/model.h"

typedef struct export_document {
    slice_t name; /* of the file, without its directory */
    slice_t path; /* as findings name it */
    doc_format_t format;
    slice_t text;
    json_value_t tree;
} export_document_t;

typedef struct export_set {
    arena_t arena; /* names, trees; texts too, unless somebody else holds them */
    export_document_t *items;
    size_t count, cap;
    model_source_t *data; /* data files: checked with the documents, and not exported */
    size_t data_count;
    findings_t findings;
    int64_t now; /* seconds since the epoch: a withdrawal that is over is checked less */
} export_set_t;

void export_set_init(export_set_t *set);
void export_set_release(export_set_t *set);
/*
 * A document, or a data file. Borrows all three, which have to live as long as the set. The path is
 * NULL for the name.
 */
err_t export_set_add(export_set_t *set, slice_t name, slice_t path, slice_t text) FPD_MUST_CHECK;
/*
 * Checks the set and reads its documents into trees. ERR_DATA: a finding is an error, and there is
 * nothing to export; ERR_NOMEM.
 */
err_t export_set_read(export_set_t *set) FPD_MUST_CHECK;

/*
 * One document of all, in the arena, with their texts shared. ERR_RANGE: they cannot be one, and
 * *why is a sentence that says so.
 */
err_t export_merge(export_set_t *set, json_value_t *out, buf_t *why) FPD_MUST_CHECK;
err_t export_bundle(export_set_t *set, json_value_t *out) FPD_MUST_CHECK;

/* The data files that cost maps of the set name: calls tell for each. */
void export_data_files(const export_set_t *set,
                       void (*tell)(const export_document_t *d, slice_t map, slice_t file,
                                    void *arg),
                       void *arg);

#endif
