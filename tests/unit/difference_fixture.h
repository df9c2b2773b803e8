/*
 * Two states of documents and their difference: for tests of differences.
 */
#ifndef FPD_TESTS_DIFFERENCE_FIXTURE_H
#define FPD_TESTS_DIFFERENCE_FIXTURE_H

#include "fixture.h"

#include "footprintd/lookup/difference.h"

typedef struct pair {
    model_t *model[2]; /* before, after */
    join_index_t *join[2];
    attributes_t *attributes;
    arena_t arena;
    difference_t *d;
    buf_t text;
} pair_t;

static inline difference_side_t side(const pair_t *p, unsigned i)
{
    return (difference_side_t){p->model[i], p->join[i]};
}

static const difference_options_t rails = {0, 0.1, 0.2, false};

static inline err_t make(pair_t *p, const difference_options_t *options)
{
    arena_release(&p->arena);
    return difference_make(side(p, 0), side(p, 1), p->attributes, options, &p->arena, &p->d);
}

/* Each side in one document, or in a "b.yaml" too; text NULL: nothing at all. Takes attributes. */
static inline pair_t compare_files(const char *const before[2], const char *const after[2],
                                   attributes_t *attributes, const difference_options_t *options)
{
    pair_t p = {.attributes = attributes};
    arena_init(&p.arena, 0);
    for (unsigned i = 0; i < 2; i++) {
        const char *const *texts = i ? after : before;
        fixture_file_t files[] = {{"a.yaml", texts[0]}, {"b.yaml", texts[1]}};
        findings_t findings;
        findings_init(&findings, 0);
        if (texts[0]) {
            p.model[i] = fixture_model(files, texts[1] ? 2 : 1, &findings);
            if (!p.model[i]) {
                buf_t text = BUF_INIT;
                finding_format(&findings.items[0], &text);
                fail_msg("%.*s", SLICE_ARG(buf_slice(&text)));
            }
            assert_int_equal(join_build(p.model[i], attributes, &p.join[i]), ERR_OK);
        }
        findings_release(&findings);
    }
    assert_int_equal(make(&p, options), ERR_OK);
    return p;
}

static inline void release(pair_t *p)
{
    arena_release(&p->arena);
    buf_release(&p->text);
    for (unsigned i = 0; i < 2; i++) {
        join_free(p->join[i]);
        model_free(p->model[i]);
    }
    attributes_unref(p->attributes);
}

static inline uint64_t low(difference_count_t c)
{
    assert_true(!c.top && !c.n.hi);
    return c.n.lo;
}

#endif
