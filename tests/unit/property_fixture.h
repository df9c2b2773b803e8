/*
 * Snapshots with databases, and their property maps: for tests of both. A database is a list of
 * places, written with the MMDB writer and read as any file is.
 */
#ifndef FPD_TESTS_PROPERTY_FIXTURE_H
#define FPD_TESTS_PROPERTY_FIXTURE_H

#include "fixture.h"
#include "geo_make.h"

typedef struct spot {
    const char *prefix;       /* "192.0.2.0/24"; a shorter one before those in it */
    const char *country;      /* "DE"; NULL: none */
    const char *subdivisions; /* "ENG WBK"; NULL: none */
    uint32_t asn;             /* 0: none */
} spot_t;

/* Parts of a database, by 1 << attribute_source_t. */
#define PART_COUNTRY (1u << ATTRIBUTE_COUNTRY)
#define PART_CITY    (1u << ATTRIBUTE_CITY)
#define PART_ASN     (1u << ATTRIBUTE_ASN)
#define PART_ALL     (PART_COUNTRY | PART_CITY | PART_ASN)

/* One file that serves as all of the parts. */
static inline attributes_t *places_attributes(const spot_t *places, size_t count, unsigned parts)
{
    mmdb_writer_t w;
    mmdb_writer_init(&w, 6, 28);
    for (size_t i = 0; i < count; i++) {
        prefix_t p;
        assert_int_equal(prefix_parse(slice_str(places[i].prefix), &p, NULL), ERR_OK);
        uint32_t at = put_place(&w.data, places[i].country, places[i].subdivisions, places[i].asn);
        if (p.family == FAMILY_IPV4) {
            mmdb_writer_insert(&w, (u128_t){0, p.u.v4.addr}, 96u + p.u.v4.len, mmdb_data(at));
        } else {
            mmdb_writer_insert(&w, p.u.v6.addr, p.u.v6.len, mmdb_data(at));
        }
    }
    buf_t file = BUF_INIT;
    mmdb_writer_finish(&w, &file);
    mmdb_t *db = open_bytes(buf_slice(&file));
    attribute_input_t input[ATTRIBUTE_SOURCE_COUNT] = {{0}};
    for (unsigned i = 0; i < ATTRIBUTE_SOURCE_COUNT; i++) {
        input[i].db = parts >> i & 1 ? db : NULL;
    }
    attributes_t *attributes = NULL;
    assert_int_equal(attributes_build(input, &attributes), ERR_OK);
    mmdb_free(db);
    buf_release(&file);
    mmdb_writer_release(&w);
    return attributes;
}

typedef struct joined_options {
    const spot_t *places; /* NULL: no database */
    size_t place_count;
    unsigned parts; /* 0: PART_ALL */
    size_t max_entities, max_get_bytes;
} joined_options_t;

/* The snapshot of documents without errors and of databases. */
static inline snapshot_t *joined_snapshot(const fixture_file_t *files, size_t count,
                                          const joined_options_t *options)
{
    findings_t findings;
    findings_init(&findings, 0);
    model_t *model = fixture_model(files, count, &findings);
    if (!model) {
        buf_t text = BUF_INIT;
        for (size_t i = 0; i < findings.count; i++) {
            finding_format(&findings.items[i], &text);
            buf_append_char(&text, '\n');
        }
        fail_msg("%.*s", SLICE_ARG(buf_slice(&text)));
    }
    findings_release(&findings);
    snapshot_options_t with = {.base_uri = SLICE_LIT("")};
    if (options) {
        with.propmap_max_entities = options->max_entities;
        with.propmap_max_get_bytes = options->max_get_bytes;
    }
    if (options && options->places) {
        with.attributes = places_attributes(options->places, options->place_count,
                                            options->parts ? options->parts : PART_ALL);
    }
    snapshot_t *snapshot = NULL;
    assert_int_equal(snapshot_build_take(model, &with, NULL, 1, &snapshot), ERR_OK);
    attributes_unref(with.attributes);
    return snapshot;
}

static inline snapshot_t *joined_one(const char *yaml, const joined_options_t *options)
{
    fixture_file_t file = {"a.yaml", yaml};
    return joined_snapshot(&file, 1, options);
}

/* Everything from "property-map" on, so that tags need not be known; with a NUL. */
static inline const char *after_meta(const buf_t *text)
{
    const char *at = strstr(text->ptr, "\"property-map\":");
    assert_non_null(at);
    return at;
}

/*
 * The GET map, or the answer to a request, is exactly this property map: the text between the
 * braces of "property-map". Capabilities are shortened to their letters by the caller's documents.
 */
static inline void expect_map(const buf_t *text, const char *members, const char *label)
{
    buf_t want = BUF_INIT;
    buf_printf(&want, "\"property-map\":{%s}}", members);
    buf_append_char(&want, '\0');
    if (strcmp(after_meta(text), want.ptr) != 0) {
        fail_msg("%s\n got %s\nwant %s", label, after_meta(text), want.ptr);
    }
    buf_release(&want);
}

static inline void expect_get(const snapshot_t *s, const char *members)
{
    buf_t text = fixture_body(s, "/propmap");
    buf_append_char(&text, '\0');
    expect_map(&text, members, "GET");
    buf_release(&text);
}

static inline void expect_post(const snapshot_t *s, const char *request, const char *members)
{
    alto_answer_t answer;
    buf_t text = fixture_post(s, "/propmap-filtered", request, &answer);
    if (answer.status != 200) {
        fail_msg("%s: %d %s", request, answer.status, text.ptr);
    }
    expect_map(&text, members, request);
    buf_release(&text);
}

#endif
