#include "sockets.h"

#include "footprintd/http/server.h"
#include "footprintd/log/log.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

/* sd_listen_fds(3): the first descriptor, and more of them than anybody has listeners. */
#define GIVEN_FIRST 3
#define GIVEN_MAX   4096
/* More would only cost tables somewhere: limits.connections goes no further. */
#define FILES_MAX 1048576

static bool env_number(const char *name, uint64_t *out)
{
    const char *text = getenv(name);
    return text && json_number_u64(slice_str(text), out);
}

/* How many were given to this very process. */
static size_t count_given(void)
{
    uint64_t pid = 0, count = 0;
    bool ours = env_number("LISTEN_PID", &pid) && pid == (uint64_t)getpid() &&
                env_number("LISTEN_FDS", &count);
    (void)unsetenv("LISTEN_PID");
    (void)unsetenv("LISTEN_FDS");
    (void)unsetenv("LISTEN_FDNAMES");
    return !ours ? 0 : count < GIVEN_MAX ? (size_t)count : GIVEN_MAX;
}

static bool assign(sockets_t *s, int fd)
{
    for (size_t i = 0; i < s->count; i++) {
        if (!s->items[i].fd && http_listens_at(fd, s->items[i].address)) {
            s->items[i].fd = fd;
            s->given++;
            return true;
        }
    }
    return false;
}

/* Nobody would answer on one that is of no listener. */
static err_t take_given(sockets_t *s, size_t count, buf_t *why)
{
    err_t err = ERR_OK;
    for (size_t i = 0; i < count; i++) {
        int fd = GIVEN_FIRST + (int)i;
        (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
        if (!assign(s, fd) && !err) {
            buf_printf(why,
                       "socket %zu of the %zu that were given (LISTEN_FDS) listens at no address "
                       "of the configuration",
                       i + 1, count);
            err = ERR_DATA;
        }
    }
    return err;
}

err_t sockets_open(const config_t *config, sockets_t *out, buf_t *why)
{
    size_t given = count_given();
    *out = (sockets_t){.items = calloc(config->listener_count + 2, sizeof *out->items)};
    if (!out->items) {
        buf_append_str(why, err_text(ERR_NOMEM));
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < config->listener_count; i++) {
        out->items[out->count++].address = config->listeners[i].address;
    }
    if (config->admin) {
        out->items[out->count++].address = config->admin_listener.address;
    }
    if (config->metrics) {
        out->items[out->count++].address = config->metrics_listener.address;
    }
    err_t err = take_given(out, given, why);
    for (size_t i = 0; i < out->count && !err; i++) {
        if (!out->items[i].fd) {
            err = http_listen(out->items[i].address, &out->items[i].fd, why);
        }
    }
    if (err) {
        sockets_close(out);
    }
    return err;
}

int sockets_find(sockets_t *sockets, slice_t address)
{
    for (size_t i = 0; i < sockets->count; i++) {
        struct socket_item *item = &sockets->items[i];
        if (!item->found && slice_eq(item->address, address)) {
            item->found = true;
            return item->fd;
        }
    }
    return 0;
}

void sockets_allow(uint64_t connections)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return;
    }
    rlim_t wanted = limit.rlim_max < FILES_MAX ? limit.rlim_max : FILES_MAX;
    if (limit.rlim_cur < wanted) {
        limit.rlim_cur = wanted;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    if (connections > wanted) {
        log_line(LOG_LEVEL_WARNING, "app",
                 "limits.connections is %llu, but this process may open only %llu files",
                 (unsigned long long)connections, (unsigned long long)wanted);
    }
}

void sockets_close(sockets_t *sockets)
{
    for (size_t i = 0; i < sockets->count; i++) {
        if (sockets->items[i].fd > 0) {
            (void)close(sockets->items[i].fd);
        }
    }
    free(sockets->items);
    *sockets = (sockets_t)SOCKETS_INIT;
}
