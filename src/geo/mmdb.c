#include "footprintd/geo/mmdb.h"

#include "geo/database.h"
#include "geo/metadata.h"
#include "geo/read.h"
#include "geo/verify.h"

#include <stdlib.h>

#define FILE_BYTES ((size_t)1 << 30)

static err_t locate(mmdb_t *db, size_t marker, buf_t *why)
{
    const mmdb_info_t *info = &db->info;
    const uint8_t *file = (const uint8_t *)db->file.ptr;
    uint64_t tree_bytes = (uint64_t)info->node_count * (info->record_size / 4);
    if (tree_bytes + TREE_SEPARATOR > marker) {
        buf_printf(why,
                   "%lu nodes of two %u-bit records do not fit into the %zu bytes before the "
                   "metadata",
                   (unsigned long)info->node_count, info->record_size, marker);
        return ERR_DATA;
    }
    size_t data = (size_t)tree_bytes + TREE_SEPARATOR;
    for (size_t i = (size_t)tree_bytes; i < data; i++) {
        if (file[i] != 0) {
            buf_printf(why, "byte %zu: the 16 bytes behind the tree are not zeros", i);
            return ERR_DATA;
        }
    }
    db->data = (section_t){file + data, marker - data, data};
    tree_init(&db->tree, file, info->node_count, info->record_size, info->ip_version);
    uint32_t node;
    const char *wrong = tree_check(&db->tree, db->data.size, &node);
    if (wrong) {
        buf_printf(why, "byte %zu: a record of node %lu %s", (size_t)node * (info->record_size / 4),
                   (unsigned long)node, wrong);
    }
    return wrong ? ERR_DATA : ERR_OK;
}

static err_t verify_family(const mmdb_t *db, verifier_t *v, family_t family)
{
    tree_walk_t walk;
    tree_leaf_t leaf;
    tree_step_t step;
    tree_walk_init(&walk, &db->tree, family);
    while ((step = tree_walk_next(&walk, &leaf)) == TREE_LEAF) {
        if (tree_has_data(&db->tree, leaf.record)) {
            err_t err = verifier_value(v, tree_data_offset(&db->tree, leaf.record));
            if (err) {
                return err;
            }
        }
    }
    if (step == TREE_TOO_DEEP) {
        buf_printf(v->why, "node %lu of the tree lies deeper than an address has bits",
                   (unsigned long)walk.at.record);
        return ERR_DATA;
    }
    if (step == TREE_TOO_LONG) {
        buf_append_str(v->why, "nodes of the tree are shared so much that a walk would not end");
        return ERR_LIMIT;
    }
    return ERR_OK;
}

static err_t verify(mmdb_t *db, unsigned depth_limit, buf_t *why)
{
    size_t marker;
    err_t err = metadata_read(buf_slice(&db->file), depth_limit, &db->info, &marker, why);
    if (!err) {
        err = locate(db, marker, why);
    }
    if (err) {
        return err;
    }
    verifier_t v;
    err = verifier_init(&v, db->data, depth_limit, why);
    if (!err) {
        err = verify_family(db, &v, FAMILY_IPV4);
    }
    if (!err && db->tree.family == FAMILY_IPV6) {
        err = verify_family(db, &v, FAMILY_IPV6);
    }
    verifier_release(&v);
    return err;
}

/* The bytes are those of db->file, which is given up on failure. */
static err_t open_db(mmdb_t *db, const mmdb_limits_t *limits, mmdb_t **out, buf_t *why)
{
    err_t err = verify(db, limits ? limits->depth : 0, why);
    if (err) {
        mmdb_free(db);
        return err;
    }
    *out = db;
    return ERR_OK;
}

static size_t file_limit(const mmdb_limits_t *limits)
{
    return limits && limits->file_bytes ? limits->file_bytes : FILE_BYTES;
}

err_t mmdb_open(const char *path, const mmdb_limits_t *limits, mmdb_t **out, buf_t *why)
{
    mmdb_t *db = calloc(1, sizeof *db);
    if (!db) {
        return ERR_NOMEM;
    }
    err_t err = read_file(path, file_limit(limits), &db->file, why);
    if (err) {
        mmdb_free(db);
        return err;
    }
    return open_db(db, limits, out, why);
}

err_t mmdb_open_bytes(slice_t bytes, const mmdb_limits_t *limits, mmdb_t **out, buf_t *why)
{
    if (bytes.len > file_limit(limits)) {
        return read_too_long(file_limit(limits), why);
    }
    mmdb_t *db = calloc(1, sizeof *db);
    if (!db) {
        return ERR_NOMEM;
    }
    buf_append_slice(&db->file, bytes);
    if (buf_failed(&db->file)) {
        mmdb_free(db);
        return ERR_NOMEM;
    }
    return open_db(db, limits, out, why);
}

void mmdb_free(mmdb_t *db)
{
    if (db) {
        buf_release(&db->file);
        free(db);
    }
}

const mmdb_info_t *mmdb_info(const mmdb_t *db)
{
    return &db->info;
}
