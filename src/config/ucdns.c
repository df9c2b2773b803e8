#include "ucdns.h"

#include "certificate.h"
#include "footprintd/store/file.h"

#include <fcntl.h>
#include <stdlib.h>

#define NO_SLICE   ((slice_t){NULL, 0})
#define FILE_BYTES ((size_t)16 << 20)

err_t ucdns_new(ucdns_t **out)
{
    ucdns_t *ucdns = calloc(1, sizeof *ucdns);
    if (!ucdns) {
        return ERR_NOMEM;
    }
    atomic_init(&ucdns->references, 1);
    ucdns->anonymous = UCDN_NONE;
    arena_init(&ucdns->arena, 0);
    *out = ucdns;
    return ERR_OK;
}

void ucdn_profile_defaults(ucdn_profile_t *profile)
{
    *profile = (ucdn_profile_t){.all_capability_types = true};
    for (int type = 0; type < FP_TYPE_COUNT; type++) {
        profile->footprint_types[type] = true;
    }
}

err_t ucdns_new_open(ucdns_t **out)
{
    ucdns_t *ucdns;
    err_t err = ucdns_new(&ucdns);
    if (err) {
        return err;
    }
    ucdns->profiles = arena_array(&ucdns->arena, 1, sizeof *ucdns->profiles);
    if (!ucdns->profiles) {
        ucdns_unref(ucdns);
        return ERR_NOMEM;
    }
    ucdn_profile_defaults(&ucdns->profiles[0]);
    ucdns->profiles[0].name = SLICE_LIT(UCDN_ANONYMOUS);
    ucdns->profiles[0].geo_properties = true;
    ucdns->count = 1;
    ucdns->anonymous = 0;
    err = table_put(&ucdns->names, ucdns->profiles[0].name, &ucdns->profiles[0], NULL);
    if (err) {
        ucdns_unref(ucdns);
        return err;
    }
    *out = ucdns;
    return ERR_OK;
}

ucdns_t *ucdns_ref(ucdns_t *ucdns)
{
    (void)atomic_fetch_add_explicit(&ucdns->references, 1, memory_order_relaxed);
    return ucdns;
}

void ucdns_unref(ucdns_t *ucdns)
{
    if (!ucdns || atomic_fetch_sub_explicit(&ucdns->references, 1, memory_order_acq_rel) != 1) {
        return;
    }
    table_release(&ucdns->names);
    table_release(&ucdns->users);
    table_release(&ucdns->certificates);
    arena_release(&ucdns->arena);
    free(ucdns);
}

/* ---- looking up ---- */

size_t ucdns_count(const ucdns_t *ucdns)
{
    return ucdns->count;
}

const ucdn_profile_t *ucdns_profile(const ucdns_t *ucdns, size_t index)
{
    return &ucdns->profiles[index];
}

size_t ucdns_anonymous(const ucdns_t *ucdns)
{
    return ucdns->anonymous;
}

static size_t index_in(const ucdns_t *ucdns, const table_t *table, slice_t key)
{
    const ucdn_profile_t *profile = table_get(table, key);
    return profile ? (size_t)(profile - ucdns->profiles) : UCDN_NONE;
}

size_t ucdns_find(const ucdns_t *ucdns, slice_t name)
{
    return index_in(ucdns, &ucdns->names, name);
}

size_t ucdns_find_user(const ucdns_t *ucdns, slice_t user)
{
    return index_in(ucdns, &ucdns->users, user);
}

typedef struct search {
    const ucdns_t *ucdns;
    size_t found;
    bool ambiguous;
} search_t;

static bool visit_key(void *arg, slice_t key)
{
    search_t *search = arg;
    size_t index = index_in(search->ucdns, &search->ucdns->certificates, key);
    if (index != UCDN_NONE) {
        search->ambiguous = search->found != UCDN_NONE && search->found != index;
        search->found = index;
    }
    return !search->ambiguous;
}

size_t ucdns_find_certificate(const ucdns_t *ucdns, struct x509_st *certificate, bool *ambiguous)
{
    search_t search = {.ucdns = ucdns, .found = UCDN_NONE};
    bool whole = certificate_keys(certificate, visit_key, &search);
    *ambiguous = search.ambiguous;
    /* One that was not looked at whole might be somebody else's too. */
    return whole ? search.found : UCDN_NONE;
}

/* ---- files ---- */

static err_t refuse(findings_t *findings, finding_code_t code, slice_t file, const buf_t *why)
{
    findings_add(findings, code, (place_t){.file = file}, NO_SLICE, NO_SLICE, "the file%s %.*s",
                 code == FINDING_INSECURE ? "'s" : "", SLICE_ARG(buf_slice(why)));
    return findings->failed ? ERR_NOMEM : ERR_DATA;
}

err_t ucdns_load(const char *file, ucdns_t **out, findings_t *findings)
{
    slice_t name = slice_str(file);
    buf_t text = BUF_INIT, why = BUF_INIT;
    err_t err = store_file_check_private(file, &why);
    if (err) {
        err = refuse(findings, err == ERR_DATA ? FINDING_INSECURE : FINDING_UNREADABLE, name, &why);
    } else {
        err = store_file_read(AT_FDCWD, file, FILE_BYTES, &text, &why);
        if (err && err != ERR_NOMEM) {
            err = refuse(findings, err == ERR_LIMIT ? FINDING_LIMIT : FINDING_UNREADABLE, name,
                         &why);
        }
        err = err ? err : ucdns_parse(buf_slice(&text), name, out, findings);
    }
    buf_release(&text);
    buf_release(&why);
    return err;
}
