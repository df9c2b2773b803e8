#include "command.h"

#include "fail.h"
#include "import_maps_options.h"
#include "import_routes.h"
#include "options.h"
#include "remote.h"

#include "footprintd/base/time.h"
#include "footprintd/model/footprint.h"
#include "footprintd/model/model.h"

#include <stdio.h>

static const char help_text[] =
    "Usage: footprintctl import-rib [--from FORMAT] [--pid WHAT] [--peer PEER]\n"
    "           [--network-map ID] [--default] [--name-prefix TEXT]\n"
    "           [--max-length LEN[,LEN]] [--min-prefixes N] [--other PID] [--aggregate] [--skip]\n"
    "           [--name NAME] [--output FILE|DIR] [--yes] [--dry-run] [--json] FILE\n"
    "\n"
    "Makes a document with a network map of a routing table, and shows or writes it. FILE may be\n"
    "-, which is standard input; gzip and bzip2 are unpacked.\n"
    "\n"
    "  --from          mrt or pfx2as; default: what it looks like\n"
    "  --pid           a PID for each origin-as (default), neighbor-as or next-hop\n"
    "  --peer          routes of one peer alone, by its address or AS number\n"
    "  --network-map   the id of the network map; default: netmap\n"
    "  --default       make it the default network map\n"
    "  --name-prefix   what names of PIDs begin with; default: as, or nh- for next hops\n"
    "  --max-length    leave out longer prefixes: of IPv4 and, behind a comma, IPv6\n"
    "  --min-prefixes  put PIDs of fewer prefixes together in one\n"
    "  --other         which is called so; default: other\n"
    "  --aggregate     merge prefixes into fewer that say the same by longest match\n"
    "  --skip          leave out what is bad, and go on\n"
    "  --name          the name of the document; default: that of FILE, with .yaml\n"
    "  --output        write the document to this file, or in this directory\n"
    "  --yes           replace a file that import did not make\n"
    "  --dry-run       tell what the document would have and how large it would be; write nothing\n"
    "  --json          print what was imported as JSON\n"
    "  --help          show this text\n"
    "\n"
    "Exit codes: 0 fine, 1 refused, and nothing is written, 2 usage, or a file that cannot be "
    "read\n"
    "or written.\n";

typedef struct rib {
    import_routes_t routes;
    import_data_t data;
    import_target_t target;
    import_progress_t progress;
    import_maps_options_t options;
    const char *path, *from, *name_prefix, *other;
    size_t least;
} rib_t;

/* ---- the command line ---- */

static int usage(const char *text)
{
    return remote_usage("import-rib", "%s", text);
}

static bool parse_count(slice_t text, uint64_t most, uint64_t *out)
{
    return json_number_u64(text, out) && *out <= most;
}

static int take_lengths(rib_t *r, slice_t text)
{
    const char *comma = memchr(text.ptr, ',', text.len);
    size_t first = comma ? (size_t)(comma - text.ptr) : text.len;
    uint64_t v4 = 0, v6 = 128;
    if (!parse_count(slice_of(text.ptr, first), 32, &v4) ||
        (comma && !parse_count(slice_of(comma + 1, text.len - first - 1), 128, &v6))) {
        return usage("--max-length wants a length of IPv4 prefixes and, behind a comma, of IPv6 "
                     "prefixes, such as 24,48");
    }
    r->routes.longest[FAMILY_IPV4] = (unsigned)v4;
    r->routes.longest[FAMILY_IPV6] = (unsigned)v6;
    return -1;
}

static int take_peer(rib_t *r, slice_t text)
{
    char buffer[16];
    uint64_t asn = 0;
    slice_t lower = slice_lower_short(text, buffer);
    import_routes_t *routes = &r->routes;
    routes->of_peer_addr = !addr_parse(text, &routes->peer_addr);
    routes->of_peer_as = fp_asn_parse(lower, &routes->peer_as);
    if (!routes->of_peer_addr && !routes->of_peer_as && parse_count(text, UINT32_MAX, &asn)) {
        routes->of_peer_as = true;
        routes->peer_as = (uint32_t)asn;
    }
    return routes->of_peer_addr || routes->of_peer_as
               ? -1
               : usage("--peer wants an address or an AS number");
}

static int take_by(rib_t *r, slice_t text)
{
    for (unsigned i = 0; i < IMPORT_PID_BY_COUNT; i++) {
        if (slice_is(text, import_pid_by_names[i])) {
            r->routes.by = (import_pid_by_t)i;
            return -1;
        }
    }
    return usage("--pid wants origin-as, neighbor-as or next-hop");
}

static int take_least(rib_t *r, slice_t text)
{
    uint64_t n = 0;
    if (!parse_count(text, IMPORT_PREFIXES_MAX, &n)) {
        return usage("--min-prefixes wants a number");
    }
    r->least = (size_t)n;
    return -1;
}

static int option(rib_t *r, int c)
{
    switch (c) {
    case 'f':
        r->from = optarg;
        return slice_is(slice_str(optarg), "mrt") || slice_is(slice_str(optarg), "pfx2as")
                   ? -1
                   : usage("--from wants mrt or pfx2as");
    case 'p':
        return take_by(r, slice_str(optarg));
    case 'P':
        return take_peer(r, slice_str(optarg));
    case 'x':
        r->name_prefix = optarg;
        return -1;
    case 'l':
        return take_lengths(r, slice_str(optarg));
    case 'c':
        return take_least(r, slice_str(optarg));
    case 'O':
        r->other = optarg;
        return fp_pid_valid(slice_str(optarg)) ? -1 : usage("--other wants the name of a PID");
    default:
        return import_maps_option(&r->options, c);
    }
}

static int parse(rib_t *r, int argc, char **argv)
{
    static const struct option table[] = {{"from", required_argument, NULL, 'f'},
                                          {"pid", required_argument, NULL, 'p'},
                                          {"peer", required_argument, NULL, 'P'},
                                          {"name-prefix", required_argument, NULL, 'x'},
                                          {"max-length", required_argument, NULL, 'l'},
                                          {"min-prefixes", required_argument, NULL, 'c'},
                                          {"other", required_argument, NULL, 'O'},
                                          IMPORT_MAPS_OPTIONS,
                                          {NULL, 0, NULL, 0}};
    int c;
    while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
        int code = option(r, c);
        if (code >= 0) {
            return code;
        }
    }
    int code = import_maps_options_end(&r->options, argc, argv, &r->path);
    if (code >= 0) {
        return code;
    }
    r->name_prefix = r->name_prefix                    ? r->name_prefix
                     : r->routes.by == IMPORT_NEXT_HOP ? "nh-"
                                                       : "as";
    /* The longest name is that of an IPv6 address. */
    slice_t prefix = slice_str(r->name_prefix);
    if (prefix.len > 24 || (prefix.len && !fp_pid_valid(prefix))) {
        return usage("--name-prefix wants at most 24 of A-Z a-z 0-9 - _ : @");
    }
    r->routes.name_prefix = prefix;
    return -1;
}

/* ---- the source ---- */

static int choose_format(rib_t *r, import_stream_t *s, bool *mrt)
{
    bool looks = import_looks_like_mrt(s);
    *mrt = r->from ? slice_is(slice_str(r->from), "mrt") : looks;
    if (!r->from && !r->target.json) {
        (void)fprintf(stderr, "footprintctl: %s looks like --from %s\n", r->path,
                      *mrt ? "mrt" : "pfx2as");
    }
    if (!*mrt &&
        (r->routes.by != IMPORT_ORIGIN_AS || r->routes.of_peer_as || r->routes.of_peer_addr)) {
        return usage("pfx2as has origin ASes alone: neither --peer nor another --pid");
    }
    return -1;
}

static int run(rib_t *r, import_stream_t *s)
{
    import_data_t *d = &r->data;
    buf_t told = BUF_INIT;
    bool mrt = false;
    int code = choose_format(r, s, &mrt);
    if (code >= 0) {
        return code;
    }
    import_progress_begin(&r->progress, d);
    bool fine = import_routes_document(&r->routes, s, mrt, r->least, slice_str(r->other));
    import_progress_end(&r->progress);
    if (d->failed) {
        return import_nomem();
    }
    if (!r->target.json) {
        import_append_findings(d, &told);
        import_append_map(d, &r->routes.pids, &told);
        if (r->routes.several) {
            buf_printf(&told,
                       "%llu of the prefixes have routes that differ: what most say counts\n",
                       (unsigned long long)r->routes.several);
        }
        return import_give_out(d, &r->target, fine, &told);
    }
    buf_printf(&told, "{\"from\":\"%s\",\"by\":\"%s\",", mrt ? "mrt" : "pfx2as",
               import_pid_by_names[r->routes.by]);
    import_append_documents(d, &told);
    import_append_map_json(d, &r->routes.pids, &told);
    buf_printf(&told, ",\"routes\":%llu,\"several\":%llu,", (unsigned long long)r->routes.routes,
               (unsigned long long)r->routes.several);
    import_append_report(d, &told);
    if (import_shows_texts(&r->target, fine)) {
        buf_append_char(&told, ',');
        import_append_texts(d, &told);
    }
    buf_append_str(&told, "}\n");
    return import_give_out(d, &r->target, fine, &told);
}

static int open_and_run(rib_t *r)
{
    import_stream_t *s = NULL;
    buf_t why = BUF_INIT;
    err_t err = import_stream_open(r->path, &s, &why);
    int code = CTL_USAGE;
    if (err == ERR_NOMEM) {
        code = import_nomem();
    } else if (err) {
        (void)ctl_fail(r->target.json, CTL_USAGE, "unreadable", "%s %.*s", r->path,
                       SLICE_ARG(buf_slice(&why)));
    } else {
        code = import_choose_names(&r->data, r->path, r->options.name) ? run(r, s) : import_nomem();
    }
    buf_release(&why);
    import_stream_free(s);
    return code;
}

int ctl_import_rib_run(int argc, char **argv)
{
    static rib_t r; /* tables of a few kB */
    r = (rib_t){.other = "other"};
    r.options = (import_maps_options_t){.command = "import-rib",
                                        .help = help_text,
                                        .data = &r.data,
                                        .pids = &r.routes.pids,
                                        .target = &r.target,
                                        .map = MODEL_NETWORK_MAP};
    import_data_init(&r.data);
    import_routes_init(&r.routes, &r.data, SLICE_LIT(""));
    r.data.now = moment_now();
    int code = parse(&r, argc, argv);
    code = code >= 0 ? code : open_and_run(&r);
    import_routes_release(&r.routes);
    import_data_release(&r.data);
    return code;
}
