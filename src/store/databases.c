#include "footprintd/store/databases.h"

#include <sys/stat.h>

#define DAY_S 86400

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
                      buf_t *why)
{
    const char *path = path_of(options, source);
    for (unsigned i = 0; i < source; i++) {
        if (o->dbs[i] && strcmp(path, path_of(options, i)) == 0) {
            o->dbs[source] = o->dbs[i];
            o->borrowed[source] = true;
            return ERR_OK;
        }
    }
    buf_t reason = BUF_INIT;
    err_t err = mmdb_open(path, &options->limits, &o->dbs[source], &reason);
    if (err) {
        buf_printf(why, "%s: %.*s", path,
                   SLICE_ARG(reason.len ? buf_slice(&reason) : slice_str(err_text(err))));
    }
    buf_release(&reason);
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

static err_t read_all(const store_databases_options_t *options, attributes_t **out, buf_t *why)
{
    opened_t opened = {0};
    attribute_input_t input[ATTRIBUTE_SOURCE_COUNT] = {{0}};
    bool any = false;
    err_t err = ERR_OK;
    for (unsigned i = 0; i < ATTRIBUTE_SOURCE_COUNT && !err; i++) {
        const char *path = path_of(options, i);
        if (path) {
            any = true;
            err = open_one(options, i, &opened, why);
            input[i] = (attribute_input_t){opened.dbs[i], slice_str(path)};
        }
    }
    if (any && !err && (err = attributes_build(input, out))) {
        buf_printf(why, "the databases cannot be used: %s", err_text(err));
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
                           const store_databases_t *previous, store_databases_t *out, buf_t *why)
{
    store_databases_t next = {0};
    /* Before the files are opened: one that is replaced meanwhile is seen the next time. */
    store_databases_identify(options, next.identities);
    if (previous && all_exist(options, next.identities) &&
        store_databases_same(previous->identities, next.identities)) {
        next.attributes = previous->attributes ? attributes_ref(previous->attributes) : NULL;
    } else {
        err_t err = read_all(options, &next.attributes, why);
        if (err) {
            return err;
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

const char *store_database_oddity(const attributes_t *attributes, attribute_source_t source)
{
    static const char *const texts[ATTRIBUTE_SOURCE_COUNT] = {
        [ATTRIBUTE_COUNTRY] = "there is no country code in it",
        [ATTRIBUTE_CITY] = "there is no subdivision in it",
        [ATTRIBUTE_ASN] = "there is no AS number in it"};
    static const unsigned wanted[ATTRIBUTE_SOURCE_COUNT] = {[ATTRIBUTE_COUNTRY] = GEO_COUNTRY,
                                                            [ATTRIBUTE_CITY] = GEO_SUBDIVISION,
                                                            [ATTRIBUTE_ASN] = GEO_ASN};
    const geo_table_t *table = attributes_table(attributes, source);
    return table && !(table->has & wanted[source]) ? texts[source] : NULL;
}
