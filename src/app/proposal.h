/*
 * Proposals: what the documents of the directory would be with some changes, and what that would
 * mean. Makes no change.
 */
#ifndef FPD_APP_PROPOSAL_H
#define FPD_APP_PROPOSAL_H

#include "footprintd/config/inputs.h"
#include "footprintd/config/ucdns.h"
#include "footprintd/lookup/difference.h"
#include "footprintd/store/edit.h"

typedef struct proposal_change {
    slice_t name; /* of the document, without its directory */
    slice_t text; /* unless it is removed */
    bool remove;
    bool exists;  /* the document has to be there, whatever it is */
    bool expects; /* `before` counts: what the document has to be now */
    store_hash_t before;
    slice_t from; /* its bytes, in place of `before`; a ptr of NULL: not so */
} proposal_change_t;

/* What is wanted: changes, or exactly these documents, whatever the directory has. */
typedef struct proposal_wish {
    const proposal_change_t *changes;
    size_t count;
    const store_texts_t *towards; /* NULL: the changes */
} proposal_wish_t;

typedef struct proposal {
    const ucdns_t *ucdns; /* borrowed; NULL: only what everybody may see is made, for a preview */
    arena_t arena;
    store_documents_t documents; /* as the directory has them */
    findings_t findings;         /* of the set as it would be; they know documents by their names */
    const store_text_t *texts;   /* that set, by name */
    size_t text_count;
    const store_edit_change_t *edits; /* what is to be done to the files */
    size_t edit_count;
    snapshot_t *snapshot; /* NULL: the findings say why not */
    snapshot_t *before;   /* a reference */
    difference_t *difference;
} proposal_t;

void proposal_init(proposal_t *p, const config_t *config);
void proposal_release(proposal_t *p);

/*
 * ERR_OK also when the set is refused (findings.errors); ERR_NOT_NOW: a document is not what a
 * change expects; ERR_IO: the directory cannot be read; *why names it; ERR_RANGE: as
 * proposal_names_check, of documents that are wanted. `before` is what is served.
 */
err_t proposal_make(proposal_t *p, const config_t *config, snapshot_t *before, uint64_t generation,
                    const proposal_wish_t *wish, buf_t *why) FPD_MUST_CHECK;

/* What the directory has of this name, borrowed; a ptr of NULL: nothing. */
slice_t proposal_bytes(const proposal_t *p, slice_t name);

/* Whether every change is of what can be a document; *why names the first that is not. */
bool proposal_names_check(const proposal_change_t *changes, size_t count, buf_t *why);

#endif
