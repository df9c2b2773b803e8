#include "command.h"

#include "discover_dns.h"
#include "fail.h"
#include "options.h"
#include "remote.h"

#include <stdio.h>

static const char help_text[] =
    "Usage: footprintctl discover [--service SERVICE] [--resolver ADDRESS[#PORT]] [--timeout MS]\n"
    "           [--json] NAME|ADDRESS|PREFIX\n"
    "\n"
    "Looks ALTO servers up in DNS: those of a domain (RFC 7286), or those that are in charge of "
    "an\n"
    "address or a prefix (RFC 8686). Prints the URI, order and preference of each, best first.\n"
    "\n"
    "  --service   the service that is looked up: ALTO:https (default) or ALTO:http\n"
    "  --resolver  the name server that is asked; default: those of the system\n"
    "  --timeout   until a name server is asked again; default: 3000\n"
    "  --json      print what was asked and found as JSON\n"
    "  --help      show this text\n"
    "\n"
    "Exit codes: 0 found, 1 not found, 2 usage, or a prefix that is too short.\n";

typedef struct discover {
    const char *what, *resolver;
    discover_service_t service;
    unsigned timeout_ms;
    bool json;
    arena_t arena;
    char names[DISCOVER_NAMES_MAX][DISCOVER_NAME_MAX];
    size_t count;
    discover_answer_t answers[DISCOVER_NAMES_MAX];
    size_t asked;
} discover_t;

/* ---- the command line ---- */

static int take_service(discover_t *d, slice_t text)
{
    for (unsigned i = 0; i < DISCOVER_SERVICE_COUNT; i++) {
        if (slice_eq_nocase(text, slice_str(discover_service_names[i]))) {
            d->service = (discover_service_t)i;
            return -1;
        }
    }
    return remote_usage("discover", "--service wants ALTO:https or ALTO:http");
}

static int take_timeout(discover_t *d, slice_t text)
{
    uint64_t n = 0;
    if (!json_number_u64(text, &n) || n < 1 || n > 60000) {
        return remote_usage("discover", "--timeout wants milliseconds, 1 to 60000");
    }
    d->timeout_ms = (unsigned)n;
    return -1;
}

static int parse(discover_t *d, int argc, char **argv)
{
    static const struct option table[] = {
        {"service", required_argument, NULL, 's'}, {"resolver", required_argument, NULL, 'r'},
        {"timeout", required_argument, NULL, 't'}, {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0}};
    int c, code = -1;
    while (code < 0 && (c = getopt_long(argc, argv, "", table, NULL)) != -1) {
        switch (c) {
        case 's':
            code = take_service(d, slice_str(optarg));
            break;
        case 'r':
            d->resolver = optarg;
            break;
        case 't':
            code = take_timeout(d, slice_str(optarg));
            break;
        case 'j':
            d->json = true;
            break;
        case 'h':
            (void)fputs(help_text, stdout);
            return CTL_FINE;
        default:
            return options_refused("discover", help_text);
        }
    }
    if (code < 0 && argc - optind != 1) {
        code = remote_usage("discover", "discover wants one name, address or prefix");
    }
    d->what = code < 0 ? argv[optind] : NULL;
    return code;
}

/* ---- names ---- */

static int choose_names(discover_t *d)
{
    slice_t what = slice_str(d->what);
    prefix_t p;
    addr_t a;
    bool is_prefix = !prefix_parse(what, &p, NULL);
    if (!addr_parse(what, &a)) {
        is_prefix = true;
        p.family = a.family;
        if (a.family == FAMILY_IPV4) {
            p.u.v4 = (prefix4_t){a.u.v4, 32};
        } else {
            p.u.v6 = (prefix6_t){a.u.v6, 128};
        }
    }
    if (is_prefix) {
        d->count = discover_reverse_names(&p, d->names);
        return d->count ? -1
                        : ctl_fail(d->json, CTL_USAGE, "unsupported-prefix-length",
                                   "%s is too short: IPv4 prefixes have at least 8 bits here, and "
                                   "IPv6 prefixes 32",
                                   d->what);
    }
    /* What looks like an address and is none is no name either. */
    bool numbers = what.len && what.ptr[what.len - 1] >= '0' && what.ptr[what.len - 1] <= '9' &&
                   !memchr(what.ptr, '-', what.len);
    for (size_t i = 0; numbers && i < what.len; i++) {
        numbers = what.ptr[i] == '.' || (what.ptr[i] >= '0' && what.ptr[i] <= '9');
    }
    if (numbers || !discover_name_valid(what)) {
        return remote_usage("discover",
                            "'%s' is no domain name (in ASCII), no address and no prefix", d->what);
    }
    (void)snprintf(d->names[0], sizeof d->names[0], "%s", d->what);
    d->count = 1;
    return -1;
}

/* ---- what comes of it ---- */

/* One after the other, until one has a server; whatever went wrong with those before. */
static int ask_all(discover_t *d)
{
    discover_dns_t *dns = NULL;
    err_t err = discover_dns_new(d->resolver, d->timeout_ms, &dns);
    if (err == ERR_DATA) {
        return remote_usage("discover", "--resolver wants an address, and perhaps # and a port");
    }
    while (!err && d->asked < d->count) {
        discover_answer_t *answer = &d->answers[d->asked];
        err = discover_dns_ask(dns, d->names[d->asked], d->service, &d->arena, answer);
        d->asked += !err;
        if (!err && answer->count) {
            break;
        }
    }
    discover_dns_free(dns);
    if (err) {
        (void)fprintf(stderr, "footprintctl: %s\n", err_text(ERR_NOMEM));
        return CTL_USAGE;
    }
    return -1;
}

static bool any_temporary(const discover_t *d)
{
    bool any = false;
    for (size_t i = 0; i < d->asked; i++) {
        any |= d->answers[i].result == DISCOVER_TEMPORARY;
    }
    return any;
}

static void write_json(const discover_t *d, const discover_answer_t *last, buf_t *out)
{
    buf_append_str(out, "{\"query\":");
    json_write_string(out, slice_str(d->what));
    buf_printf(out, ",\"service\":\"%s\",\"found\":[", discover_service_names[d->service]);
    for (size_t i = 0; i < last->count; i++) {
        buf_append_str(out, i ? ",{\"uri\":" : "{\"uri\":");
        json_write_string(out, last->found[i].uri);
        buf_printf(out, ",\"order\":%u,\"preference\":%u}", last->found[i].order,
                   last->found[i].preference);
    }
    buf_append_str(out, "],\"lookups\":[");
    for (size_t i = 0; i < d->asked; i++) {
        buf_append_str(out, i ? ",{\"name\":" : "{\"name\":");
        json_write_string(out, slice_str(d->names[i]));
        buf_printf(out, ",\"result\":\"%s\"}", discover_result_names[d->answers[i].result]);
    }
    buf_printf(out, "],\"temporary\":%s}\n", any_temporary(d) ? "true" : "false");
}

static int tell(const discover_t *d)
{
    const discover_answer_t *last = &d->answers[d->asked - 1];
    int code = last->count ? CTL_FINE : CTL_REFUSED;
    buf_t out = BUF_INIT;
    if (d->json) {
        write_json(d, last, &out);
        int printed = remote_print(&out);
        return printed == CTL_FINE ? code : printed;
    }
    for (size_t i = 0; i < last->count; i++) {
        buf_printf(&out, "%.*s\t%u\t%u\n", SLICE_ARG(last->found[i].uri), last->found[i].order,
                   last->found[i].preference);
    }
    if (!last->count) {
        (void)fprintf(stderr, "footprintctl: no %s server is found for %s%s\n",
                      discover_service_names[d->service], d->what,
                      any_temporary(d) ? "; some name servers did not answer" : "");
        for (size_t i = 0; i < d->asked; i++) {
            (void)fprintf(stderr, "  %s: %s\n", d->names[i],
                          discover_result_names[d->answers[i].result]);
        }
    }
    int printed = remote_print(&out);
    return printed == CTL_FINE ? code : printed;
}

int ctl_discover_run(int argc, char **argv)
{
    static discover_t d;
    d = (discover_t){.timeout_ms = 3000};
    arena_init(&d.arena, 0);
    int code = parse(&d, argc, argv);
    code = code >= 0 ? code : choose_names(&d);
    code = code >= 0 ? code : ask_all(&d);
    code = code >= 0 ? code : tell(&d);
    arena_release(&d.arena);
    return code;
}
