#include "check.h"
#include "healthcheck.h"
#include "options.h"
#include "server.h"

#include <malloc.h>
#include <signal.h>

/*
 * Blocks above this come from the system one by one and go back to it when they are freed: what a
 * build or a great answer took for a moment does not stay. The library's own threshold would grow.
 */
#define BIG_BLOCK (1 << 20)

int main(int argc, char **argv)
{
    (void)mallopt(M_MMAP_THRESHOLD, BIG_BLOCK);
    options_t options;
    int code = options_parse(argc, argv, &options);
    if (code >= 0) {
        return code;
    }
    if (options.check_config) {
        return check_config(&options);
    }
    if (options.healthcheck) {
        return healthcheck(options.config);
    }
    /* Blocked before any thread is made: only the main thread takes signals, by sigwait. */
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    return server_run(&options);
}
