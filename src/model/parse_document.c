#include "builder.h"

#include "footprintd/base/json.h"

#include <stdlib.h>

#define VERSION_NEWEST 1 /* of the format of documents */

static bool parse_version(builder_t *b)
{
    const doc_event_t *ev = doc_reader_last(b->reader);
    uint64_t number = 0;
    if (ev->kind == DOC_EV_SCALAR && json_number_u64(ev->text, &number) &&
        number > VERSION_NEWEST) {
        doc_reader_find(b->reader, FINDING_BAD_VALUE, (slice_t){NULL, 0},
                        "version %llu of the document format is of a newer footprintd: the newest "
                        "that this one reads is version %d",
                        (unsigned long long)number, VERSION_NEWEST);
        return doc_reader_skip(b->reader);
    }
    if (ev->kind != DOC_EV_SCALAR || !slice_is(ev->text, "1")) {
        doc_reader_find(b->reader, FINDING_BAD_VALUE, SLICE_LIT("1"),
                        "this program reads version 1 of the document format");
        return doc_reader_skip(b->reader);
    }
    return true;
}

static bool parse_advertisement(builder_t *b)
{
    slice_t id;
    if (builder_expect_text(b, "advertisement", true, &id) &&
        resource_id_check(b, id, "the id of an advertisement", MODEL_ADVERTISEMENT)) {
        b->documents[b->document].advertisement = id;
    }
    return doc_reader_last(b->reader)->kind != DOC_EV_ERROR;
}

static int cmp_slice(const void *x, const void *y)
{
    return slice_cmp(*(const slice_t *)x, *(const slice_t *)y);
}

static void set_audience(builder_t *b, slice_t *names, size_t count)
{
    model_document_t *doc = &b->documents[b->document].made;
    sort_items(names, count, sizeof *names, cmp_slice);
    slice_t *kept = builder_alloc(b, count, sizeof *kept);
    for (size_t i = 0; kept && i < count; i++) {
        if (!i || !slice_eq(names[i], names[i - 1])) {
            kept[doc->audience_count++] = names[i];
        }
    }
    doc->audience = kept;
}

static bool parse_audience(builder_t *b)
{
    if (!builder_expect_list(b, "audience")) {
        return doc_reader_last(b->reader)->kind != DOC_EV_ERROR;
    }
    const doc_event_t *ev = doc_reader_last(b->reader);
    place_t place = builder_place(b, b->document, ev->line, ev->column);
    slice_t pointer = builder_pointer(b);
    ptrs_t list = {0};
    bool going = true;
    for (;;) {
        ev = builder_next(b);
        if (ev->kind == DOC_EV_SEQ_END || ev->kind == DOC_EV_ERROR) {
            going = ev->kind == DOC_EV_SEQ_END;
            break;
        }
        slice_t *name = builder_alloc(b, 1, sizeof *name);
        if (name && builder_expect_text(b, "the name of a uCDN", true, name) &&
            builder_check_name(b, *name, "the name of a uCDN")) {
            builder_push(b, &list, name);
        }
        if (doc_reader_last(b->reader)->kind == DOC_EV_ERROR) {
            going = false;
            break;
        }
    }
    if (going && !list.count) {
        findings_add(
            b->findings, FINDING_EMPTY, place, pointer, (slice_t){0},
            "audience names nobody; leave the key out when every uCDN may see the document");
    }
    slice_t *names = calloc(list.count + 1, sizeof *names);
    for (size_t i = 0; names && i < list.count; i++) {
        names[i] = *(const slice_t *)list.items[i];
    }
    if (names && list.count) {
        set_audience(b, names, list.count);
    }
    b->failed |= !names;
    free(names);
    return going;
}

static bool parse_member(builder_t *b, int key)
{
    switch (key) {
    case 0:
        return parse_version(b);
    case 1:
        return parse_advertisement(b);
    case 2:
        return parse_audience(b);
    case 3:
        return parse_footprint_map(b);
    case 4:
        return parse_capabilities(b);
    case 5:
        return parse_network_maps(b);
    case 6:
        return parse_cost_maps(b);
    case 7:
        return parse_withdrawals(b);
    case 8:
        return parse_topologies(b);
    case 9:
        return parse_directories(b);
    default:
        return doc_reader_skip(b->reader);
    }
}

static void parse_body(builder_t *b)
{
    const doc_event_t *ev = builder_next(b);
    if (ev->kind == DOC_EV_ERROR) {
        return;
    }
    bool nothing = ev->kind == DOC_EV_END || (ev->kind == DOC_EV_SCALAR && ev->scalar == JSON_NULL);
    if (nothing) {
        /* A truncated file must not withdraw what it used to say. */
        findings_add(b->findings, FINDING_EMPTY, builder_place(b, b->document, 0, 0), SLICE_LIT(""),
                     (slice_t){0}, "the document is empty; remove the file when that is meant");
        return;
    }
    if (!builder_expect_map(b, "a document")) {
        return;
    }
    for (;;) {
        ev = builder_next(b);
        if (ev->kind != DOC_EV_SCALAR) {
            break;
        }
        int key = keys_find(b, KEYS_DOCUMENT, ev->text, "a document");
        if (builder_next(b)->kind == DOC_EV_ERROR || !parse_member(b, key) || b->failed) {
            return;
        }
    }
    if (ev->kind == DOC_EV_MAP_END) {
        (void)builder_next(b); /* finds what follows the document */
    }
}

bool parse_document(builder_t *b, const model_source_t *source)
{
    err_t err = doc_reader_new(source->bytes, source->format, source->file, &b->limits, b->findings,
                               &b->reader);
    if (err) {
        return false;
    }
    parse_body(b);
    b->failed |= doc_reader_nomem(b->reader);
    doc_reader_free(b->reader);
    b->reader = NULL;
    return !b->failed;
}
