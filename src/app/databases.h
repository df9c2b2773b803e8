/*
 * The databases of the configuration while the server runs: read, watched, and told of in the log.
 */
#ifndef FPD_APP_DATABASES_H
#define FPD_APP_DATABASES_H

#include "footprintd/config/inputs.h"

/* One thread at a time. */
typedef struct databases {
    const config_t *config;
    store_databases_t loaded;
    store_identity_t tried[ATTRIBUTE_SOURCE_COUNT]; /* at the last attempt, good or bad */
    store_identity_t seen[ATTRIBUTE_SOURCE_COUNT];  /* at the last look */
    bool told_old;                                  /* of those that are loaded */
} databases_t;

/* config is borrowed. */
void databases_init(databases_t *d, const config_t *config);
void databases_release(databases_t *d);

/*
 * Reads what is another file than before. The log tells of each database when it is new, and of
 * what is wrong; then everything is as it was. d->loaded.attributes is NULL without any database.
 */
err_t databases_load(databases_t *d) FPD_MUST_CHECK;
/*
 * A look at the files: true when they are others than at the last attempt to read them, and have
 * not changed since the last look, so that nobody is still writing. Also tells once of a database
 * that has grown old.
 */
bool databases_replaced(databases_t *d);

#endif
