#include "http/ane_key.h"

#include "http/principal.h"

#include <openssl/rand.h>

err_t ane_secret_init(http_server_t *server)
{
    return RAND_bytes(server->ane_secret, sizeof server->ane_secret) == 1 ? ERR_OK : ERR_NOMEM;
}

/* The same for all requests of a uCDN; of a stranger, for those that come from its address. */
static bool key_of_client(h2o_req_t *req, uint8_t key[BLOCK_SIZE])
{
    const http_server_t *server = loop_of_request(req)->server;
    const principal_t *principal = principal_of_request(req);
    bool stranger = principal->means == PRINCIPAL_ANONYMOUS;
    char peer[NI_MAXHOST];
    digest_t digest;
    hasher_t h;
    if (hasher_init(&h)) {
        return false;
    }
    hasher_begin(&h);
    hasher_update(&h, server->ane_secret, sizeof server->ane_secret);
    hasher_update_slice(&h, stranger ? SLICE_LIT("address\n") : SLICE_LIT("ucdn\n"));
    hasher_update_slice(&h, stranger ? peer_of_request(req, peer) : principal->profile->name);
    err_t err = hasher_finish(&h, &digest);
    hasher_release(&h);
    if (!err) {
        memcpy(key, digest.bytes, BLOCK_SIZE);
    }
    return !err;
}

bool ane_key_set(h2o_req_t *req, const resource_t *resource, uint8_t key[BLOCK_SIZE],
                 alto_limits_t *limits)
{
    ane_names_t names = loop_of_request(req)->server->options.ane_names;
    if (!resource->kind->hides_names || names == ANE_NAMES_STABLE) {
        limits->ane_key = NULL;
        return true;
    }
    limits->ane_key = key;
    return names == ANE_NAMES_PER_CLIENT ? key_of_client(req, key)
                                         : RAND_bytes(key, BLOCK_SIZE) == 1;
}
