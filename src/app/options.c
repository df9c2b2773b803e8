#include "options.h"

#include "footprintd/config/limits.h"
#include "footprintd/metrics/metrics.h"

#include <getopt.h>
#include <stdio.h>

static const char usage_text[] =
    "Usage: footprintd --config FILE [--check-config | --healthcheck] [--refuse-root]\n"
    "       footprintd --list-metrics | --list-limits\n"
    "\n"
    "Serves the footprints and capabilities of a downstream CDN by ALTO (RFC 7285, RFC 9241).\n"
    "\n"
    "  --config FILE   the configuration, see footprintd.yaml(5)\n"
    "  --check-config  read the configuration and everything that it names, report, and exit\n"
    "  --healthcheck   ask the server that runs with it whether it lives, and exit\n"
    "  --refuse-root   end rather than serve as root\n"
    "  --list-metrics  show all metrics, as a table in Markdown\n"
    "  --list-limits   show all limits of the configuration, likewise\n"
    "  --help          show this text\n"
    "  --version       show the version\n"
    "\n"
    "SIGHUP reads the documents, databases, certificates and profiles of uCDNs again; SIGTERM and\n"
    "SIGINT end the server when the requests under way are answered. Exit codes: 0 fine,\n"
    "1 configuration or data refused, 2 usage.\n";

enum {
    OPTION_CONFIG = 256,
    OPTION_CHECK,
    OPTION_HEALTH,
    OPTION_REFUSE_ROOT,
    OPTION_METRICS,
    OPTION_LIMITS,
    OPTION_HELP,
    OPTION_VERSION
};

static int show(void (*write)(buf_t *out))
{
    buf_t out = BUF_INIT;
    write(&out);
    bool shown = !buf_failed(&out) && fwrite(out.ptr, 1, out.len, stdout) == out.len &&
                 fflush(stdout) == 0;
    buf_release(&out);
    return shown ? EXIT_FINE : EXIT_REFUSED;
}

static int usage_error(const char *text)
{
    (void)fprintf(stderr, "footprintd: %s; see footprintd --help\n", text);
    return EXIT_USAGE;
}

int options_parse(int argc, char **argv, options_t *options)
{
    static const struct option table[] = {{"config", required_argument, NULL, OPTION_CONFIG},
                                          {"check-config", no_argument, NULL, OPTION_CHECK},
                                          {"healthcheck", no_argument, NULL, OPTION_HEALTH},
                                          {"refuse-root", no_argument, NULL, OPTION_REFUSE_ROOT},
                                          {"list-metrics", no_argument, NULL, OPTION_METRICS},
                                          {"list-limits", no_argument, NULL, OPTION_LIMITS},
                                          {"help", no_argument, NULL, OPTION_HELP},
                                          {"version", no_argument, NULL, OPTION_VERSION},
                                          {NULL, 0, NULL, 0}};
    *options = (options_t){0};
    int c;
    while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
        switch (c) {
        case OPTION_CONFIG:
            options->config = optarg;
            break;
        case OPTION_CHECK:
            options->check_config = true;
            break;
        case OPTION_HEALTH:
            options->healthcheck = true;
            break;
        case OPTION_REFUSE_ROOT:
            options->refuse_root = true;
            break;
        case OPTION_METRICS:
            return show(metrics_write_reference);
        case OPTION_LIMITS:
            return show(config_limits_write_reference);
        case OPTION_HELP:
            (void)fputs(usage_text, stdout);
            return EXIT_FINE;
        case OPTION_VERSION:
            (void)puts("footprintd " FPD_VERSION);
            return EXIT_FINE;
        default:
            return usage_error("that is no command line of mine");
        }
    }
    if (optind < argc) {
        return usage_error("unexpected argument");
    }
    if (!options->config) {
        return usage_error("--config FILE is needed");
    }
    if (options->check_config && options->healthcheck) {
        return usage_error("--check-config and --healthcheck are two things");
    }
    return -1;
}
