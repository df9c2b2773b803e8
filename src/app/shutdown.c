#include "shutdown.h"

#include "footprintd/log/log.h"

#include <errno.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

/* Tells the watch that it is not needed any more. */
#define SIGNAL_STOP SIGUSR1

static void *watch_main(void *arg)
{
    const shutdown_watch_t *watch = arg;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGNAL_STOP);
    struct timespec now, left;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    time_t end = now.tv_sec + (time_t)watch->seconds + 1;
    for (;;) {
        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        left = (struct timespec){.tv_sec = end > now.tv_sec ? end - now.tv_sec : 0};
        int signal = sigtimedwait(&set, NULL, &left);
        if (signal == SIGNAL_STOP) {
            return NULL;
        }
        if (signal < 0 && errno == EINTR) {
            continue;
        }
        if (signal < 0) {
            log_line(LOG_LEVEL_WARNING, "app", "not drained after %u seconds: ending all the same",
                     watch->seconds);
        } else {
            log_line(LOG_LEVEL_WARNING, "app", "second signal: ending at once");
        }
        log_flush();
        _exit(0);
    }
}

err_t shutdown_watch_start(shutdown_watch_t *watch, unsigned seconds)
{
    watch->seconds = seconds;
    return pthread_create(&watch->thread, NULL, watch_main, watch) == 0 ? ERR_OK : ERR_NOMEM;
}

void shutdown_watch_stop(shutdown_watch_t *watch)
{
    pthread_kill(watch->thread, SIGNAL_STOP);
    pthread_join(watch->thread, NULL);
}
