/*
 * The GeoIP and ASN databases of a configuration: read, verified, made into attributes.
 *
 * A set of databases is read as a whole: when a file of it is another than before (replaced by a
 * rename, or rewritten), all are read anew; when none is, the attributes stay the same object, so
 * that whatever depends on them need not be made again. What is wrong with a file is one line.
 */
#ifndef FOOTPRINTD_STORE_DATABASES_H
#define FOOTPRINTD_STORE_DATABASES_H

#include "footprintd/doc/finding.h"
#include "footprintd/join/attributes.h"

#include <sys/types.h>
#include <time.h>

/* What tells one version of a file from another without reading it. */
typedef struct store_identity {
    bool exists; /* all else is zero when it does not */
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec modified;
    struct timespec changed; /* of the inode: also when somebody sets the time of modification */
} store_identity_t;

typedef struct store_databases_options {
    const char *paths[ATTRIBUTE_SOURCE_COUNT]; /* NULL or "": none; one path may stand for several
                                                */
    mmdb_limits_t limits;
} store_databases_options_t;

typedef struct store_databases {
    attributes_t *attributes; /* one reference; NULL when no database is named */
    store_identity_t identities[ATTRIBUTE_SOURCE_COUNT];
} store_databases_t;

/* "country", "city", "asn": as the keys of the configuration name them. */
extern const char *const store_database_names[ATTRIBUTE_SOURCE_COUNT];

/*
 * Reads what the options name. previous may be NULL; when its files are still the same, *out has
 * its attributes. On failure *out is untouched, and findings say of every file that is bad what is
 * wrong with it, and at which offset: ERR_DATA, or ERR_NOMEM. out may not be previous.
 */
err_t store_databases_load(const store_databases_options_t *options,
                           const store_databases_t *previous, store_databases_t *out,
                           findings_t *findings) FPD_MUST_CHECK;
/* A zeroed one is fine. */
void store_databases_release(store_databases_t *databases);

/* The files as they lie there now, without opening them. */
void store_databases_identify(const store_databases_options_t *options,
                              store_identity_t out[ATTRIBUTE_SOURCE_COUNT]);
bool store_databases_same(const store_identity_t a[ATTRIBUTE_SOURCE_COUNT],
                          const store_identity_t b[ATTRIBUTE_SOURCE_COUNT]);

/* Whole days since the database was built; 0 for one that claims to come from the future. */
uint64_t store_database_age_days(const attribute_info_t *info, time_t now);
/* "2026-11-01", UTC, with a NUL; "an unknown time" for one beyond the calendar. */
#define STORE_DATABASE_DATE_MAX 24
void store_database_date(const attribute_info_t *info, char out[STORE_DATABASE_DATE_MAX]);
/*
 * Warnings: databases older than so many days, and those that have nothing of what they are
 * configured for.
 */
void store_databases_check(const attributes_t *attributes, uint64_t max_age_days, time_t now,
                           findings_t *findings);

#endif
