/*
 * The sockets that the configuration asks for: opened before anything is read, while the process
 * may, or given by whoever started it (sd_listen_fds(3)), so that a restart refuses no connection.
 */
#ifndef FPD_APP_SOCKETS_H
#define FPD_APP_SOCKETS_H

#include "footprintd/config/config.h"

typedef struct sockets {
    struct socket_item {
        slice_t address; /* the configuration's */
        int fd;          /* above 2; 0: none */
        bool found;
    } * items;
    size_t count;
    size_t given; /* of these */
} sockets_t;

#define SOCKETS_INIT                                                                               \
    {                                                                                              \
        0                                                                                          \
    }

/*
 * Takes the sockets that were given, which must all be of the configuration, and opens the others.
 * Once in the life of a process: the variables of the environment that tell of given ones are gone
 * behind it. One line in *why on failure.
 */
err_t sockets_open(const config_t *config, sockets_t *out, buf_t *why) FPD_MUST_CHECK;
/* That of the next listener with this address, which borrows it; 0 when there is none. */
int sockets_find(sockets_t *sockets, slice_t address);
/* Lets the process open as many files as it may; says when so many connections are more. */
void sockets_allow(uint64_t connections);
void sockets_close(sockets_t *sockets);

#endif
