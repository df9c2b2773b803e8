/*
 * Routing tables: whatever the bytes are, there is a document that passes its check, or a finding
 * that says why not. Merging changes the PID of no address. The first byte says what they are taken
 * for.
 */
#include "ctl/import_routes.h"
#include "footprintd/join/pids.h"
#include "footprintd/model/model.h"

#include "fuzz.h"

static model_t *model_of(const import_data_t *d)
{
    findings_t findings;
    model_t *model = NULL;
    FUZZ_CHECK(d->document_count == 1 && utf8_valid(buf_slice(&d->documents[0].text)));
    model_source_t source = {d->documents[0].name, DOC_YAML, buf_slice(&d->documents[0].text)};
    findings_init(&findings, 0);
    FUZZ_CHECK(!model_build(&source, 1, NULL, &findings, &model));
    findings_release(&findings);
    return model;
}

static model_t *import(const uint8_t *data, size_t size, bool aggregate)
{
    import_data_t d;
    static import_routes_t r;
    import_stream_t *s = NULL;
    model_t *model = NULL;
    buf_t why = BUF_INIT;
    uint8_t how = data[0];
    import_data_init(&d);
    import_routes_init(&r, &d, SLICE_LIT("netmap"));
    d.file = d.base = SLICE_LIT("fuzz");
    d.name = SLICE_LIT("fuzz.yaml");
    d.skip = how & 0x10;
    d.aggregate = aggregate;
    r.by = (import_pid_by_t)(how / 2 % IMPORT_PID_BY_COUNT);
    r.of_peer_as = how & 0x80;
    r.peer_as = 64496;
    FUZZ_CHECK(!import_stream_open_memory(slice_of((const char *)data + 1, size - 1), &s, &why));
    (void)import_looks_like_mrt(s);
    bool fine = import_routes_document(&r, s, how & 1, how & 0x40 ? 2 : 0, SLICE_LIT("other"));
    FUZZ_CHECK(!d.failed && (fine || d.errors.errors) && (!fine || d.skip || !d.errors.errors));
    if (fine) {
        model = model_of(&d);
        FUZZ_CHECK(model->network_map_count == 1);
        size_t pids = model->network_maps[0].pid_count;
        FUZZ_CHECK(pids >= r.pids.used && pids <= r.pids.used + 1); /* pid-default */
    }
    import_stream_free(s);
    import_routes_release(&r);
    import_data_release(&d);
    buf_release(&why);
    return model;
}

static slice_t pid_at(const model_t *model, const pid_index_t *index, const addr_t *a)
{
    uint32_t pid = pid_index_get(index, a);
    return pid ? model->network_maps[0].pids[pid - 1].name : SLICE_LIT("");
}

static u128_t before(u128_t a)
{
    return (u128_t){a.hi - !a.lo, a.lo - 1};
}

/* At the ends of every prefix of either, where anything may change. */
static void compare(const model_t *plain, const model_t *merged)
{
    pid_index_t a, b;
    FUZZ_CHECK(!pid_index_build(&plain->network_maps[0], &a));
    FUZZ_CHECK(!pid_index_build(&merged->network_maps[0], &b));
    for (unsigned f = 0; f < FAMILY_COUNT; f++) {
        for (unsigned k = 0; k < 2; k++) {
            const join_ranges_t *r = k ? &b.ranges[f] : &a.ranges[f];
            for (size_t i = 0; i < r->count; i++) {
                u128_t start = join_ranges_start(r, i), places[2] = {start, before(start)};
                for (unsigned n = 0; n < 2; n++) {
                    addr_t at = {.family = (family_t)f};
                    if (f == FAMILY_IPV4) {
                        at.u.v4 = (uint32_t)places[n].lo;
                    } else {
                        at.u.v6 = places[n];
                    }
                    FUZZ_CHECK(slice_eq(pid_at(plain, &a, &at), pid_at(merged, &b, &at)));
                }
            }
        }
    }
    pid_index_release(&a);
    pid_index_release(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size) {
        return 0;
    }
    model_t *plain = import(data, size, false), *merged = import(data, size, true);
    FUZZ_CHECK((plain != NULL) == (merged != NULL));
    if (plain && merged) {
        compare(plain, merged);
        model_free(plain);
        model_free(merged);
    }
    return 0;
}
