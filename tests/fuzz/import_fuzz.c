/*
 * Foreign data: whatever the bytes are, there is a document that passes its check, or a finding
 * that says why not; and what was left out is told. The first byte says what they are taken for.
 */
#include "ctl/import_data.h"
#include "footprintd/model/model.h"
#include "footprintd/store/directory.h"

#include "fuzz.h"

static void check_findings(const findings_t *f)
{
    for (size_t i = 0; i < f->count; i++) {
        buf_t line = BUF_INIT;
        finding_format(&f->items[i], &line);
        FUZZ_CHECK(f->items[i].text.len > 0 && utf8_valid(f->items[i].text));
        for (size_t k = 0; k < line.len; k++) {
            FUZZ_CHECK((unsigned char)line.ptr[k] >= 0x20 && line.ptr[k] != 0x7f);
        }
        buf_release(&line);
    }
}

static void check_documents(const import_data_t *d)
{
    model_source_t sources[64];
    findings_t findings;
    model_t *model = NULL;
    if (d->document_count > 64) {
        return;
    }
    for (size_t i = 0; i < d->document_count; i++) {
        FUZZ_CHECK(utf8_valid(buf_slice(&d->documents[i].text)));
        sources[i].file = d->documents[i].name;
        sources[i].bytes = buf_slice(&d->documents[i].text);
        FUZZ_CHECK(store_document_format(sources[i].file, &sources[i].format));
    }
    findings_init(&findings, 0);
    FUZZ_CHECK(!model_build(sources, d->document_count, NULL, &findings, &model));
    /* What a table says is all that was counted, however it is merged. */
    if (d->format <= IMPORT_PREFIXES) {
        FUZZ_CHECK(model->footprint_count == d->footprints && d->footprints > 0);
        FUZZ_CHECK(model->prefix_count == d->prefixes[FAMILY_IPV4] + d->prefixes[FAMILY_IPV6]);
    }
    model_free(model);
    findings_release(&findings);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    import_data_t d;
    import_format_t guessed;
    if (!size) {
        return 0;
    }
    import_data_init(&d);
    slice_t text = slice_of((const char *)data + 1, size - 1);
    d.format = (import_format_t)(data[0] % IMPORT_FORMAT_COUNT);
    d.by = (import_by_t)(data[0] / 8 % 3);
    d.skip = data[0] & 0x40;
    d.aggregate = data[0] & 0x80;
    d.file = d.base = SLICE_LIT("fuzz.csv");
    d.name = SLICE_LIT("fuzz.yaml");
    bool named = d.format == IMPORT_PREFIXES || d.by == IMPORT_BY_NONE;
    d.footprint = named ? SLICE_LIT("fuzz") : SLICE_LIT("");
    bool fine = import_run(&d, text);
    (void)import_guess(text, &guessed);
    FUZZ_CHECK(!d.failed);
    FUZZ_CHECK(fine || d.errors.errors);
    FUZZ_CHECK(!fine || d.skip || !d.errors.errors);
    check_findings(&d.errors);
    check_findings(&d.warnings);
    if (fine) {
        check_documents(&d);
    }
    import_data_release(&d);
    return 0;
}
