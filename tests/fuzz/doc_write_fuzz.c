/*
 * Trees as text: whatever was read as a document, is written in both formats and read back as the
 * same tree.
 */
#include "footprintd/doc/write.h"

#include "fuzz.h"

static json_value_t *read_tree(slice_t text, doc_format_t format, const doc_limits_t *limits,
                               arena_t *arena)
{
    json_value_t *tree = NULL;
    findings_t findings;
    findings_init(&findings, 0);
    err_t err = doc_read_tree(text, format, SLICE_LIT("fuzz"), limits, arena, &findings, &tree);
    FUZZ_CHECK(err == ERR_OK || err == ERR_DATA);
    findings_release(&findings);
    return err ? NULL : tree;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const doc_limits_t limits = {
        .bytes = 1 << 20, .depth = 16, .scalar_bytes = 4096, .aliases = 16, .alias_events = 2000};
    for (unsigned in = DOC_YAML; in <= DOC_JSON; in++) {
        arena_t arena;
        arena_init(&arena, 0);
        slice_t text = slice_of((const char *)data, size);
        const json_value_t *tree = read_tree(text, (doc_format_t)in, &limits, &arena);
        for (unsigned out = DOC_YAML; tree && out <= DOC_JSON; out++) {
            buf_t written = BUF_INIT;
            bool sayable = out == DOC_JSON || doc_write_is_yaml(tree);
            doc_write(tree, (doc_format_t)out, &written);
            const json_value_t *back = read_tree(buf_slice(&written), (doc_format_t)out, NULL,
                                                 &arena);
            FUZZ_CHECK((back != NULL) == sayable);
            FUZZ_CHECK(!back || json_value_equal(tree, back));
            buf_release(&written);
        }
        arena_release(&arena);
    }
    return 0;
}
