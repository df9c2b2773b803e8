#include "notify.h"

#include "footprintd/base/json.h"
#include "footprintd/base/time.h"

#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static uint64_t env_number(const char *name)
{
    const char *text = getenv(name);
    uint64_t number = 0;
    return text && json_number_u64(slice_str(text), &number) ? number : 0;
}

/* A path, or '@' and a name that is in no file system. */
static int connect_to(const char *address)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t len = strlen(address);
    if ((address[0] != '/' && address[0] != '@') || len < 2 || len >= sizeof to.sun_path) {
        return -1;
    }
    memcpy(to.sun_path, address, len);
    if (address[0] == '@') {
        to.sun_path[0] = '\0';
    }
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&to, size) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

void notify_open(notify_t *n)
{
    const char *address = getenv("NOTIFY_SOCKET");
    uint64_t pid = env_number("WATCHDOG_PID");
    *n = (notify_t){.fd = address ? connect_to(address) : -1};
    if (!pid || pid == (uint64_t)getpid()) {
        n->watchdog_us = env_number("WATCHDOG_USEC");
    }
    (void)unsetenv("NOTIFY_SOCKET");
    (void)unsetenv("WATCHDOG_PID");
    (void)unsetenv("WATCHDOG_USEC");
}

void notify_send(const notify_t *n, slice_t state)
{
    if (n->fd >= 0) {
        (void)!send(n->fd, state.ptr, state.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
}

void notify_ready(const notify_t *n)
{
    notify_send(n, SLICE_LIT("READY=1\nSTATUS=serving"));
}

static void send_with_number(const notify_t *n, const char *before, uint64_t us, const char *status)
{
    buf_t state = BUF_INIT;
    buf_printf(&state, "%s%llu\nSTATUS=%s", before, (unsigned long long)us, status);
    notify_send(n, buf_slice(&state));
    buf_release(&state);
}

void notify_reloading(const notify_t *n)
{
    send_with_number(n, "RELOADING=1\nMONOTONIC_USEC=", monotonic_ms() * 1000,
                     "reading everything again");
}

void notify_stopping(const notify_t *n, unsigned most_s)
{
    send_with_number(n, "STOPPING=1\nEXTEND_TIMEOUT_USEC=", (uint64_t)most_s * 1000000, "draining");
}

void notify_close(notify_t *n)
{
    if (n->fd >= 0) {
        (void)close(n->fd);
    }
    *n = (notify_t)NOTIFY_INIT;
}
