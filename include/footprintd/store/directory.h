/*
 * The documents of a directory: `*.yaml`, `*.yml` and `*.json` directly in it, no dot files, in the
 * order of their names' bytes; and behind them the data files that they name (model/data.h), which
 * belong to the set as the documents do.
 */
#ifndef FOOTPRINTD_STORE_DIRECTORY_H
#define FOOTPRINTD_STORE_DIRECTORY_H

#include "footprintd/base/hash.h"
#include "footprintd/doc/events.h"
#include "footprintd/doc/finding.h"
#include "footprintd/model/model.h"
#include "footprintd/store/file.h"

typedef struct store_document {
    slice_t name; /* "footprints/dach.yaml": the directory as it was given, a slash, the file */
    slice_t file; /* "dach.yaml"; of a data file "data/costs.csv" */
    doc_format_t format; /* DOC_DATA: a data file */
    slice_t bytes;       /* owned; a ptr of NULL: it could not be read, a finding says why */
    digest_t digest;     /* of bytes, when they could be read */
    store_stamp_t stamp; /* likewise */
} store_document_t;

typedef struct store_documents {
    store_document_t *items;
    size_t count;
    size_t cap;
    size_t data_count; /* of count: the data files */
    arena_t arena;     /* names */
} store_documents_t;

typedef struct store_limits {
    size_t documents; /* 0: 10,000 */
    size_t bytes;     /* of one document; 0: 64 MiB */
} store_limits_t;

/* Whether a file of this name is a document, and in which format. */
bool store_document_format(slice_t name, doc_format_t *format);

/* The part of a document's path that is its name. */
slice_t store_document_name(slice_t path);

void store_documents_init(store_documents_t *documents);
void store_documents_release(store_documents_t *documents);

/*
 * Reads all documents of the directory into what store_documents_init made. Whatever cannot be read
 * is a finding and the rest is read all the same.
 * ERR_IO: the directory itself cannot be read (with a finding); ERR_DATA: some document could not
 * be read; ERR_NOMEM. Findings name files by slices that live as long as *out.
 */
err_t store_directory_read(const char *directory, const store_limits_t *limits,
                           store_documents_t *out, findings_t *findings) FPD_MUST_CHECK;

/* What the model is built from: those that could be read. Returns their number; out has room. */
size_t store_sources(const store_documents_t *documents, model_source_t *out);

#endif
