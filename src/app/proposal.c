#include "proposal.h"

#include "footprintd/config/inputs.h"
#include "footprintd/model/data.h"
#include "footprintd/store/file.h"
#include "journal.h"
#include "load.h"
#include "profiles.h"

#include <fcntl.h>
#include <stdlib.h>

void proposal_init(proposal_t *p, const config_t *config)
{
    *p = (proposal_t){.texts = NULL};
    arena_init(&p->arena, 0);
    store_documents_init(&p->documents);
    findings_init(&p->findings, (size_t)config->limits.findings);
}

void proposal_release(proposal_t *p)
{
    findings_release(&p->findings);
    if (p->snapshot) {
        snapshot_unref(p->snapshot);
    }
    if (p->before) {
        snapshot_unref(p->before);
    }
    store_documents_release(&p->documents);
    arena_release(&p->arena);
}

static const proposal_change_t *find_change(const proposal_change_t *changes, size_t count,
                                            slice_t name)
{
    for (size_t i = 0; i < count; i++) {
        if (slice_eq(changes[i].name, name)) {
            return &changes[i];
        }
    }
    return NULL;
}

static const store_document_t *document_now(const store_documents_t *documents, slice_t name)
{
    for (size_t i = 0; i < documents->count; i++) {
        if (slice_eq(documents->items[i].file, name)) {
            return &documents->items[i];
        }
    }
    return NULL;
}

static slice_t bytes_now(const store_documents_t *documents, slice_t name)
{
    const store_document_t *document = document_now(documents, name);
    return document ? document->bytes : slice_of(NULL, 0);
}

slice_t proposal_bytes(const proposal_t *p, slice_t name)
{
    return bytes_now(&p->documents, name);
}

static bool is_expected(const proposal_change_t *c, const store_document_t *now,
                        const store_hash_t *hash)
{
    return c->from.ptr ? now && now->bytes.ptr && slice_eq(now->bytes, c->from)
                       : store_hash_eq(hash, &c->before);
}

/* What each change does to its file, if it is what was expected. */
static err_t make_edits(proposal_t *p, const proposal_change_t *changes, size_t count, buf_t *why)
{
    store_edit_change_t *edits = arena_array(&p->arena, count + 1, sizeof *edits);
    err_t err = edits ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; i < count && !err; i++) {
        const proposal_change_t *c = &changes[i];
        edits[i] = (store_edit_change_t){.name = c->name, .remove = c->remove, .bytes = c->text};
        const store_document_t *now = document_now(&p->documents, c->name);
        if (now && now->bytes.ptr) {
            edits[i].before = (store_hash_t){.present = true, .digest = now->digest};
            edits[i].stamp = &now->stamp;
        }
        edits[i].hashed = !c->remove;
        err = c->remove ? ERR_OK : digest_slice(c->text, &edits[i].digest);
        if (!err && c->expects && !is_expected(c, now, &edits[i].before)) {
            buf_printf(why, "the document %.*s is %s", SLICE_ARG(c->name),
                       edits[i].before.present ? "another than that" : "not there");
            err = ERR_NOT_NOW;
        }
        /* One that cannot be read is for the findings. */
        if (!err && (c->remove || c->exists) && !edits[i].before.present && !p->findings.errors) {
            buf_printf(why, "the document %.*s is not there", SLICE_ARG(c->name));
            err = ERR_NOT_NOW;
        }
    }
    p->edits = edits;
    p->edit_count = count;
    return err;
}

static int by_name(const void *a, const void *b)
{
    return slice_cmp(((const store_text_t *)a)->name, ((const store_text_t *)b)->name);
}

/* The set as it would be. */
static err_t make_texts(proposal_t *p, const proposal_change_t *changes, size_t count)
{
    store_text_t *texts = arena_array(&p->arena, p->documents.count + count + 1, sizeof *texts);
    size_t n = 0;
    if (!texts) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < p->documents.count; i++) {
        const store_document_t *d = &p->documents.items[i];
        slice_t name = d->file;
        if (d->bytes.ptr && !find_change(changes, count, name)) {
            texts[n++] = journal_text(d);
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (!changes[i].remove) {
            texts[n++] = (store_text_t){.name = changes[i].name,
                                        .bytes = changes[i].text,
                                        .digest = p->edits[i].digest,
                                        .hashed = true};
        }
    }
    qsort(texts, n, sizeof *texts, by_name);
    p->texts = texts;
    p->text_count = n;
    return ERR_OK;
}

static const store_text_t *find_text(const proposal_t *p, slice_t name)
{
    for (size_t i = 0; i < p->text_count; i++) {
        if (slice_eq(p->texts[i].name, name)) {
            return &p->texts[i];
        }
    }
    return NULL;
}

/* A data file that the documents of before did not name: it may lie in the directory all the same.
 */
static err_t read_data(proposal_t *p, const config_t *config, slice_t name, slice_t *out)
{
    buf_t bytes = BUF_INIT, why = BUF_INIT;
    slice_t path = arena_printf(&p->arena, "%.*s/%.*s", SLICE_ARG(config->footprints),
                                SLICE_ARG(name));
    err_t err = path.ptr ? store_file_read(AT_FDCWD, path.ptr,
                                           (size_t)config->limits.document_bytes, &bytes, &why)
                         : ERR_NOMEM;
    *out = err ? slice_of(NULL, 0) : arena_copy(&p->arena, buf_slice(&bytes));
    buf_release(&bytes);
    buf_release(&why);
    /* What cannot be read is for the findings: the model says so. */
    return err == ERR_NOMEM || arena_failed(&p->arena) ? ERR_NOMEM : ERR_OK;
}

static err_t add_named(proposal_t *p, const config_t *config, slice_t name, store_text_t *texts,
                       size_t *count)
{
    const store_text_t *there = find_text(p, name);
    store_text_t text = there ? *there : (store_text_t){.name = name};
    for (size_t i = 0; i < *count; i++) {
        if (slice_eq(texts[i].name, name)) {
            return ERR_OK;
        }
    }
    err_t err = there ? ERR_OK : read_data(p, config, name, &text.bytes);
    if (!err && text.bytes.ptr) {
        texts[(*count)++] = text;
    }
    return err;
}

/* The set has the data files that its documents name, and no others. */
static err_t settle_data(proposal_t *p, const config_t *config)
{
    const doc_limits_t limits = config_model_options(config).limits;
    slice_t **names = arena_array(&p->arena, p->text_count + 1, sizeof(slice_t *));
    size_t *counts = arena_array(&p->arena, p->text_count + 1, sizeof *counts), total = 0;
    err_t err = names && counts ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; i < p->text_count && !err; i++) {
        doc_format_t format;
        if (!model_data_name_valid(p->texts[i].name) &&
            store_document_format(p->texts[i].name, &format)) {
            err = model_data_names(p->texts[i].bytes, format, &limits, &p->arena, &names[i],
                                   &counts[i]);
            total += counts[i];
        }
    }
    store_text_t *texts = err ? NULL
                              : arena_array(&p->arena, p->text_count + total + 1, sizeof *texts);
    size_t count = 0;
    err = err || texts ? err : ERR_NOMEM;
    for (size_t i = 0; i < p->text_count && !err; i++) {
        if (!model_data_name_valid(p->texts[i].name)) {
            texts[count++] = p->texts[i];
        }
    }
    for (size_t i = 0; i < p->text_count && !err; i++) {
        for (size_t k = 0; k < counts[i] && !err; k++) {
            err = add_named(p, config, names[i][k], texts, &count);
        }
    }
    if (!err) {
        qsort(texts, count, sizeof *texts, by_name);
        p->texts = texts;
        p->text_count = count;
    }
    return err;
}

static err_t make_snapshot(proposal_t *p, const config_t *config, uint64_t generation)
{
    model_t *model = NULL;
    err_t err = load_texts(config, snapshot_model(p->before), p->texts, p->text_count, &p->arena,
                           &p->findings, &model);
    if (!err && p->findings.errors) {
        /* Of a document that is there and cannot be read: nobody meant the set without it. */
        model_free(model);
        err = ERR_DATA;
    }
    load_name_documents(&p->findings, config->footprints);
    findings_sort(&p->findings);
    if (err) {
        return err == ERR_DATA ? ERR_OK : err;
    }
    snapshot_options_t options = {
        .base_uri = config->base_uri,
        .attributes = (attributes_t *)(uintptr_t)snapshot_attributes(p->before),
        .propmap_max_get_bytes = (size_t)config->propmap_max_get_bytes,
        .propmap_max_entities = (size_t)config->propmap_max_response_entities,
    };
    err = profiles_set(p->ucdns, &p->arena, &options);
    if (err) {
        model_free(model);
        return err;
    }
    err = snapshot_build_take(model, &options, p->before, generation, &p->snapshot);
    const difference_options_t rails = {.address_share = config->guard_address_share,
                                        .country_share = config->guard_country_share,
                                        .names = true};
    return err ? err
               : difference_make_snapshots(p->before, p->snapshot, &rails, &p->arena,
                                           &p->difference);
}

/* Also when some cannot be read: that is for the findings. */
static err_t read_documents(const config_t *config, store_documents_t *documents,
                            findings_t *findings, buf_t *why)
{
    err_t err = config_read_documents(config, documents, findings);
    if (err == ERR_IO) {
        buf_printf(why, "the directory of documents, %.*s, cannot be read",
                   SLICE_ARG(config->footprints));
    }
    return err == ERR_DATA ? ERR_OK : err;
}

bool proposal_names_check(const proposal_change_t *changes, size_t count, buf_t *why)
{
    buf_t reason = BUF_INIT;
    bool good = true;
    for (size_t i = 0; i < count && good; i++) {
        good = store_edit_name_check(changes[i].name, &reason);
        if (!good) {
            buf_printf(why, "the name '%.*s' %.*s", SLICE_ARG(utf8_truncate(changes[i].name, 100)),
                       SLICE_ARG(buf_slice(&reason)));
        }
    }
    buf_release(&reason);
    return good;
}

static bool has_text(const store_texts_t *texts, slice_t name)
{
    for (size_t i = 0; i < texts->count; i++) {
        if (slice_eq(texts->items[i].name, name)) {
            return true;
        }
    }
    return false;
}

/*
 * The changes that make the directory have exactly these documents. Of the same reading of it as
 * the rest: what others change at the same time is in both, or in neither and then found.
 */
static err_t make_towards(proposal_t *p, const store_texts_t *texts, proposal_wish_t *out,
                          buf_t *why)
{
    const store_documents_t *documents = &p->documents;
    proposal_change_t *made = arena_array(&p->arena, documents->count + texts->count + 1,
                                          sizeof *made);
    size_t n = 0;
    for (size_t i = 0; made && i < texts->count; i++) {
        slice_t now = bytes_now(documents, texts->items[i].name);
        if (!now.ptr || !slice_eq(now, texts->items[i].bytes)) {
            made[n++] = (proposal_change_t){.name = texts->items[i].name,
                                            .text = texts->items[i].bytes};
        }
    }
    /* A data file that no document names is none: it may stay. */
    for (size_t i = 0; made && i < documents->count - documents->data_count; i++) {
        slice_t name = documents->items[i].file;
        if (!has_text(texts, name)) {
            made[n++] = (proposal_change_t){.name = name, .remove = true};
        }
    }
    *out = (proposal_wish_t){.changes = made, .count = n};
    return !made ? ERR_NOMEM : proposal_names_check(made, n, why) ? ERR_OK : ERR_RANGE;
}

err_t proposal_make(proposal_t *p, const config_t *config, snapshot_t *before, uint64_t generation,
                    const proposal_wish_t *wish, buf_t *why)
{
    proposal_wish_t w = *wish;
    p->before = snapshot_ref(before);
    err_t err = read_documents(config, &p->documents, &p->findings, why);
    if (!err && w.towards) {
        err = make_towards(p, w.towards, &w, why);
    }
    err = err ? err : make_edits(p, w.changes, w.count, why);
    err = err ? err : make_texts(p, w.changes, w.count);
    err = err ? err : settle_data(p, config);
    return err ? err : make_snapshot(p, config, generation);
}
