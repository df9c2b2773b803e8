/*
 * Who may ask, and what each may see: the profiles of `ucdns.yaml`, read whole and checked.
 *
 * A table is immutable once it was made, and shared by reference; a profile is its index in it, in
 * the order of the file. A profile says how a uCDN is known (client certificates, HTTP Digest) and
 * what it may see. One that is called `anonymous` has no credentials and is what strangers get;
 * without it they get nothing. Secrets never come out of a table: it has hashes, and a finding
 * never repeats a value of `digest`.
 */
#ifndef FOOTPRINTD_CONFIG_UCDNS_H
#define FOOTPRINTD_CONFIG_UCDNS_H

#include "footprintd/base/hash.h"
#include "footprintd/doc/finding.h"
#include "footprintd/model/footprint.h"

#define UCDN_ANONYMOUS "anonymous"
#define UCDN_NONE      SIZE_MAX
#define UCDN_NAME_MAX  64
#define UCDN_MD5_SIZE  16

typedef struct ucdn_profile {
    slice_t name;
    slice_t user;        /* HTTP Digest; "" without */
    digest_t ha1_sha256; /* H(user ":" realm ":" password) */
    uint8_t ha1_md5[UCDN_MD5_SIZE];
    bool has_sha256;
    bool has_md5;
    size_t certificates; /* how many are listed */
    /* What it understands; a list that is not there means all. Sorted, without duplicates. */
    bool all_capability_types;
    const slice_t *capability_types;
    size_t capability_type_count;
    bool footprint_types[FP_TYPE_COUNT]; /* all true without a list */
    bool geo_properties;                 /* .priv: properties of addresses; default false */
    uint64_t requests_per_s;             /* 0: the server's own limits */
    uint64_t entities_per_s;
    uint64_t bytes_per_s;
    place_t place;
} ucdn_profile_t;

typedef struct ucdns ucdns_t;
struct x509_st;

/*
 * file names the text in findings, and must outlive them. ERR_DATA when findings has an error;
 * ERR_NOMEM.
 */
err_t ucdns_parse(slice_t text, slice_t file, ucdns_t **out, findings_t *findings) FPD_MUST_CHECK;
/*
 * The same of a file, which nobody but its owner may write and others than its group not read
 * either; a mode that lets them is the finding insecure.
 */
err_t ucdns_load(const char *file, ucdns_t **out, findings_t *findings) FPD_MUST_CHECK;
/* Where no file is configured: one profile, `anonymous`, that may see whatever has no audience. */
err_t ucdns_new_open(ucdns_t **out) FPD_MUST_CHECK;
ucdns_t *ucdns_ref(ucdns_t *ucdns);
/* NULL is fine. */
void ucdns_unref(ucdns_t *ucdns);

size_t ucdns_count(const ucdns_t *ucdns);
/* index: below the count. */
const ucdn_profile_t *ucdns_profile(const ucdns_t *ucdns, size_t index);
/* The index of the profile that strangers have; UCDN_NONE when they get nothing. */
size_t ucdns_anonymous(const ucdns_t *ucdns);
/* By its name; UCDN_NONE. */
size_t ucdns_find(const ucdns_t *ucdns, slice_t name);
/* By the user name of HTTP Digest; UCDN_NONE. */
size_t ucdns_find_user(const ucdns_t *ucdns, slice_t user);
/*
 * Whose certificate it is, by subject, alternative names and key, which others have verified.
 * UCDN_NONE when no profile has it, and when several do (*ambiguous): it says nothing then.
 */
size_t ucdns_find_certificate(const ucdns_t *ucdns, struct x509_st *certificate, bool *ambiguous);

/* The keys of a profile and of the maps in it, for the reference's test; NULL behind the last. */
const char *ucdns_member_name(size_t i);
/* The map that it is in, "" for the profile. */
const char *ucdns_member_map(size_t i);

#endif
