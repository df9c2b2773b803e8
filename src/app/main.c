#include "check.h"
#include "options.h"
#include "server.h"

#include <signal.h>

int main(int argc, char **argv)
{
    options_t options;
    int code = options_parse(argc, argv, &options);
    if (code >= 0) {
        return code;
    }
    if (options.check_config) {
        return check_config(options.config);
    }
    /* Blocked before any thread is made: only the main thread takes signals, by sigwait. */
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    return server_run(options.config);
}
