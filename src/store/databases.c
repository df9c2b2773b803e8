#include "footprintd/store/databases.h"

#include <stdio.h>
#include <sys/stat.h>

#define DAY_S    86400
#define NO_SLICE ((slice_t){NULL, 0})

const char *const store_database_names[ATTRIBUTE_SOURCE_COUNT] = {
    [ATTRIBUTE_COUNTRY] = "country", [ATTRIBUTE_CITY] = "city", [ATTRIBUTE_ASN] = "asn"};

static const char *path_of(const store_databases_options_t *options, unsigned source)
{
    const char *path = options->paths[source];
    return path && path[0] ? path : NULL;
}

static store_identity_t identify(const char *path)
{
    struct stat st;
    if (!path || stat(path, &st) != 0) {
        return (store_identity_t){0};
    }
    return (store_identity_t){.exists = true,
                              .device = st.st_dev,
                              .inode = st.st_ino,
                              .size = st.st_size,
                              .modified = st.st_mtim,
                              .changed = st.st_ctim};
}

static bool same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool same_file(const store_identity_t *a, const store_identity_t *b)
{
    return a->exists == b->exists && a->device == b->device && a->inode == b->inode &&
           a->size == b->size && same_time(a->modified, b->modified) &&
           same_time(a->changed, b->changed);
}

void store_databases_identify(const store_databases_options_t *options,
                              store_identity_t out[ATTRIBUTE_SOURCE_COUNT])
{
    for (unsigned i = 0; i < ATTRIBUTE_SOURCE_COUNT; i++) {
        out[i] = identify(path_of(options, i));
    }
}

bool store_databases_same(const store_identity_t a[ATTRIBUTE_SOURCE_COUNT],
                          const store_identity_t b[ATTRIBUTE_SOURCE_COUNT])
{
    for (unsigned i = 0; i < ATTRIBUTE_SOURCE_COUNT; i++) {
        if (!same_file(&a[i], &b[i])) {
            return false;
        }
    }
    return true;
}

/* Opened files; one that stands for several is opened once. */
typedef struct opened {
    mmdb_t *dbs[ATTRIBUTE_SOURCE_COUNT];
    bool borrowed[ATTRIBUTE_SOURCE_COUNT];
} opened_t;

static err_t open_one(const store_databases_options_t *options, unsigned source, opened_t *o,
                      findings_t *findings)
{
    const char *path = path_of(options, source);
    for (unsigned i = 0; i < source; i++) {
        if (path_of(options, i) && strcmp(path, path_of(options, i)) == 0) {
            o->dbs[source] = o->dbs[i];
            o->borrowed[source] = true;
            return o->dbs[i] ? ERR_OK : ERR_DATA; /* told already */
        }
    }
    buf_t why = BUF_INIT;
    err_t err = mmdb_open(path, &options->limits, &o->dbs[source], &why);
    if (err && err != ERR_NOMEM) {
        finding_code_t code = err == ERR_IO      ? FINDING_UNREADABLE
                              : err == ERR_LIMIT ? FINDING_LIMIT
                                                 : FINDING_BAD_DATABASE;
        findings_add(findings, code, (place_t){.file = slice_str(path)}, NO_SLICE, NO_SLICE,
                     "the database %.*s", SLICE_ARG(buf_slice(&why)));
        err = ERR_DATA;
    }
    buf_release(&why);
    return err;
}

static void close_all(opened_t *o)
{
    for (unsigned i = 0; i < ATTRIBUTE_SOURCE_COUNT; i++) {
        if (!o->borrowed[i]) {
            mmdb_free(o->dbs[i]);
        }
    }
}

/* Opens all, also after a bad one: the others' findings are worth having. */
static err_t open_all(const store_databases_options_t *options, opened_t *opened,
                      attribute_input_t input[ATTRIBUTE_SOURCE_COUNT], findings_t *findings)
{
    err_t result = ERR_OK;
    for (unsigned i = 0; i < ATTRIBUTE_SOURCE_COUNT; i++) {
        const char *path = path_of(options, i);
        if (!path) {
            continue;
        }
        err_t err = open_one(options, i, opened, findings);
        if (err == ERR_NOMEM) {
            return err;
        }
        result = err ? err : result;
        input[i] = (attribute_input_t){opened->dbs[i], slice_str(path)};
    }
    return result;
}

static err_t read_all(const store_databases_options_t *options, attributes_t **out,
                      findings_t *findings)
{
    opened_t opened = {0};
    attribute_input_t input[ATTRIBUTE_SOURCE_COUNT] = {{0}};
    err_t err = open_all(options, &opened, input, findings);
    bool any = false;
    for (unsigned i = 0; i < ATTRIBUTE_SOURCE_COUNT; i++) {
        any |= input[i].db != NULL;
    }
    err = err || !any ? err : attributes_build(input, out);
    if (err == ERR_LIMIT) {
        /* Which of them is not known. */
        for (unsigned i = 0; i < ATTRIBUTE_SOURCE_COUNT; i++) {
            if (input[i].db) {
                findings_add(findings, FINDING_LIMIT, (place_t){.file = input[i].file}, NO_SLICE,
                             NO_SLICE,
                             "the attributes in this database, or in one that is used "
                             "with it, take too many steps to find");
            }
        }
        err = ERR_DATA;
    }
    close_all(&opened);
    return err;
}

/* A file that is not there cannot be the one that was read. */
static bool all_exist(const store_databases_options_t *options, const store_identity_t *identities)
{
    for (unsigned i = 0; i < ATTRIBUTE_SOURCE_COUNT; i++) {
        if (path_of(options, i) && !identities[i].exists) {
            return false;
        }
    }
    return true;
}

err_t store_databases_load(const store_databases_options_t *options,
                           const store_databases_t *previous, store_databases_t *out,
                           findings_t *findings)
{
    store_databases_t next = {0};
    /* Before the files are opened: one that is replaced meanwhile is seen the next time. */
    store_databases_identify(options, next.identities);
    if (previous && all_exist(options, next.identities) &&
        store_databases_same(previous->identities, next.identities)) {
        next.attributes = previous->attributes ? attributes_ref(previous->attributes) : NULL;
    } else {
        err_t err = read_all(options, &next.attributes, findings);
        if (err || findings->failed) {
            store_databases_release(&next);
            return err ? err : ERR_NOMEM;
        }
    }
    *out = next;
    return ERR_OK;
}

void store_databases_release(store_databases_t *databases)
{
    attributes_unref(databases->attributes);
    *databases = (store_databases_t){0};
}

uint64_t store_database_age_days(const attribute_info_t *info, time_t now)
{
    uint64_t seconds = now > 0 ? (uint64_t)now : 0;
    return seconds > info->build_epoch ? (seconds - info->build_epoch) / DAY_S : 0;
}

void store_database_date(const attribute_info_t *info, char out[STORE_DATABASE_DATE_MAX])
{
    /* The last second of the year 9999. */
    static const uint64_t last = UINT64_C(253402300799);
    struct tm tm;
    time_t built = (time_t)(info->build_epoch <= last ? info->build_epoch : 0);
    if (info->build_epoch > last || !gmtime_r(&built, &tm) ||
        !strftime(out, STORE_DATABASE_DATE_MAX, "%Y-%m-%d", &tm)) {
        (void)snprintf(out, STORE_DATABASE_DATE_MAX, "an unknown time");
    }
}

void store_databases_check(const attributes_t *attributes, uint64_t max_age_days, time_t now,
                           findings_t *findings)
{
    static const struct {
        unsigned has;
        const char *what;
    } wanted[ATTRIBUTE_SOURCE_COUNT] = {[ATTRIBUTE_COUNTRY] = {GEO_COUNTRY, "country codes"},
                                        [ATTRIBUTE_CITY] = {GEO_SUBDIVISION, "subdivisions"},
                                        [ATTRIBUTE_ASN] = {GEO_ASN, "AS numbers"}};
    for (unsigned i = 0; attributes && i < ATTRIBUTE_SOURCE_COUNT; i++) {
        const attribute_info_t *info = attributes_info(attributes, (attribute_source_t)i);
        if (!info) {
            continue;
        }
        place_t place = {.file = info->file};
        uint64_t age = store_database_age_days(info, now);
        if (age > max_age_days) {
            char date[STORE_DATABASE_DATE_MAX];
            store_database_date(info, date);
            findings_add(findings, FINDING_OLD_DATABASE, place, NO_SLICE, NO_SLICE,
                         "geoip.%s: the database was built on %s, %llu days ago; more than %llu is "
                         "old",
                         store_database_names[i], date, (unsigned long long)age,
                         (unsigned long long)max_age_days);
        }
        if (!(attributes_table(attributes, (attribute_source_t)i)->has & wanted[i].has)) {
            findings_add(findings, FINDING_MUTE_DATABASE, place, NO_SLICE, NO_SLICE,
                         "geoip.%s: the database (%.*s) has no %s", store_database_names[i],
                         SLICE_ARG(info->database_type), wanted[i].what);
        }
    }
}
