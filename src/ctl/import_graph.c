#include "command.h"

#include "fail.h"
#include "import_graph.h"
#include "import_maps_options.h"
#include "options.h"
#include "remote.h"
#include "watch.h"

#include "footprintd/base/time.h"
#include "footprintd/model/footprint.h"
#include "footprintd/model/model.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const char help_text[] =
    "Usage: footprintctl import-graph [--nodes FILE] [--metric WHAT] [--symmetric]\n"
    "           [--network-map ID] [--default] [--name-prefix TEXT] [--aggregate] [--skip]\n"
    "           [--name NAME] [--output FILE|DIR] [--costs-file] [--yes] [--dry-run] [--json]\n"
    "           FILE\n"
    "\n"
    "Makes a document with a network map and cost maps of a link-state graph, and shows or writes\n"
    "it. FILE is JSON, or a table of links. It may be -, which is standard input.\n"
    "\n"
    "  --nodes        of a table of links: the table of nodes and their prefixes\n"
    "  --metric       hopcount (default), igp for routingcost by the links' metrics, or both\n"
    "  --symmetric    every link goes both ways\n"
    "  --network-map  the id of the network map; default: netmap\n"
    "  --default      make it the default network map\n"
    "  --name-prefix  what names of PIDs begin with that are called as their nodes are\n"
    "  --aggregate    merge prefixes into fewer that say the same by longest match\n"
    "  --skip         leave out what is bad, and go on\n"
    "  --name         the name of the document; default: that of FILE, with .yaml\n"
    "  --output       write the document to this file, or in this directory\n"
    "  --costs-file   write costs to files in data/ beside the document\n"
    "  --yes          replace files that import did not make\n"
    "  --dry-run      tell what the document would have and how large it would be; write nothing\n"
    "  --json         print what was imported as JSON\n"
    "  --help         show this text\n"
    "\n"
    "Exit codes: 0 fine, 1 refused, and nothing is written, 2 usage, or a file that cannot be "
    "read\n"
    "or written.\n";

typedef struct graph {
    import_graph_t graph;
    import_data_t data;
    import_target_t target;
    import_progress_t progress;
    import_maps_options_t options;
    const char *path, *nodes;
    buf_t text, nodes_text;
} graph_t;

/* ---- the command line ---- */

static int usage(const char *text)
{
    return remote_usage("import-graph", "%s", text);
}

static int take_metric(graph_t *g, slice_t text)
{
    bool both = slice_is(text, "both");
    g->graph.metrics[IMPORT_HOPCOUNT] = both || slice_is(text, "hopcount");
    g->graph.metrics[IMPORT_IGP] = both || slice_is(text, "igp");
    return g->graph.metrics[IMPORT_HOPCOUNT] || g->graph.metrics[IMPORT_IGP]
               ? -1
               : usage("--metric wants hopcount, igp or both");
}

static int option(graph_t *g, int c)
{
    switch (c) {
    case 'N':
        g->nodes = optarg;
        return -1;
    case 'M':
        return take_metric(g, slice_str(optarg));
    case 'S':
        g->graph.symmetric = true;
        return -1;
    case 'x':
        g->graph.name_prefix = slice_str(optarg);
        return !*optarg || fp_pid_valid(slice_str(optarg))
                   ? -1
                   : usage("--name-prefix wants at most 64 of A-Z a-z 0-9 - _ : @");
    case 'c':
        g->graph.to_files = true;
        return -1;
    default:
        return import_maps_option(&g->options, c);
    }
}

static int parse(graph_t *g, int argc, char **argv)
{
    static const struct option table[] = {{"nodes", required_argument, NULL, 'N'},
                                          {"metric", required_argument, NULL, 'M'},
                                          {"symmetric", no_argument, NULL, 'S'},
                                          {"name-prefix", required_argument, NULL, 'x'},
                                          {"costs-file", no_argument, NULL, 'c'},
                                          IMPORT_MAPS_OPTIONS,
                                          {NULL, 0, NULL, 0}};
    int c;
    while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
        int code = option(g, c);
        if (code >= 0) {
            return code;
        }
    }
    int code = import_maps_options_end(&g->options, argc, argv, &g->path);
    if (code >= 0) {
        return code;
    }
    return g->graph.to_files && !g->target.output && !g->target.dry_run
               ? usage("--costs-file wants --output, beside which the files lie")
               : -1;
}

/* ---- the source ---- */

static int read_source(const graph_t *g, const char *path, buf_t *out)
{
    buf_t why = BUF_INIT;
    err_t err = import_read(path, out, &why);
    int code = err == ERR_NOMEM ? import_nomem() : err ? CTL_USAGE : -1;
    if (err && err != ERR_NOMEM) {
        (void)ctl_fail(g->target.json, CTL_USAGE, "unreadable", "%s %.*s", path,
                       SLICE_ARG(buf_slice(&why)));
    }
    buf_release(&why);
    return code;
}

static bool looks_like_json(slice_t text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!memchr(" \t\r\n", text.ptr[i], 4)) {
            return text.ptr[i] == '{' || text.ptr[i] == '[';
        }
    }
    return false;
}

/* ---- files of costs ---- */

#define HEADER "source,destination,cost\n"

/* The folder of the document, "" or with a slash at its end; NULL when memory failed. */
static const char *folder_of(graph_t *g)
{
    struct stat st;
    const char *output = g->target.output, *slash = strrchr(output, '/');
    if (stat(output, &st) == 0 && S_ISDIR(st.st_mode)) {
        return arena_printf(&g->data.arena, "%s/", output).ptr;
    }
    return arena_printf(&g->data.arena, "%.*s", slash ? (int)(slash - output + 1) : 0, output).ptr;
}

/* What is there already may only be a file of costs. */
static bool may_replace(const char *path)
{
    char head[sizeof HEADER - 1];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        return errno == ENOENT;
    }
    ssize_t n = read(fd, head, sizeof head);
    (void)close(fd);
    return n == (ssize_t)sizeof head && !memcmp(head, HEADER, sizeof head);
}

static int write_files(graph_t *g)
{
    const char *folder = folder_of(g);
    for (unsigned round = 0; folder && round < 2; round++) {
        for (size_t i = 0; i < g->graph.cost_count; i++) {
            const import_costs_t *c = &g->graph.costs[i];
            const char *path =
                arena_printf(&g->data.arena, "%s%.*s", folder, SLICE_ARG(c->path)).ptr;
            buf_t why = BUF_INIT;
            bool written = true;
            if (!path) {
                return import_nomem();
            }
            if (!round && !g->target.yes && !may_replace(path)) {
                (void)fprintf(stderr,
                              "footprintctl: %s is there already, and no file of costs (--yes): "
                              "nothing is written\n",
                              path);
                return CTL_REFUSED;
            }
            if (round) {
                written = watch_write(path, buf_slice(&c->text), &why);
            }
            if (!written) {
                (void)fprintf(stderr, "footprintctl: %.*s\n", SLICE_ARG(buf_slice(&why)));
            }
            buf_release(&why);
            if (!written) {
                return CTL_USAGE;
            }
        }
        const char *data = arena_printf(&g->data.arena, "%sdata", folder).ptr;
        if (!round && data && mkdir(data, 0777) != 0 && errno != EEXIST) {
            (void)fprintf(stderr, "footprintctl: %s cannot be made: %s\n", data,
                          strerrordesc_np(errno));
            return CTL_USAGE;
        }
    }
    return folder ? CTL_FINE : import_nomem();
}

/* ---- what comes of it ---- */

static void append_costs(const graph_t *g, buf_t *out)
{
    for (size_t i = 0; i < g->graph.cost_count; i++) {
        const import_costs_t *c = &g->graph.costs[i];
        buf_append_str(out, "cost map ");
        buf_append_slice(out, c->id);
        if (g->graph.to_files) {
            buf_append_str(out, " in ");
            buf_append_slice(out, c->path);
            buf_append_str(out, ", ");
            import_append_size(out, c->text.len);
        }
        buf_append_char(out, '\n');
    }
}

static void append_costs_json(const graph_t *g, bool csv, buf_t *out)
{
    buf_printf(out, "{\"from\":\"%s\",", csv ? "csv" : "json");
    import_append_documents(&g->data, out);
    import_append_map_json(&g->data, &g->graph.pids, out);
    buf_printf(out, ",\"nodes\":%zu,\"links\":%zu,\"pairs\":%llu,\"unreachable\":%llu,",
               g->graph.node_count, g->graph.link_count, (unsigned long long)g->graph.pairs,
               (unsigned long long)g->graph.unreachable);
    buf_append_str(out, "\"cost-maps\":[");
    for (size_t i = 0; i < g->graph.cost_count; i++) {
        const import_costs_t *c = &g->graph.costs[i];
        buf_append_str(out, i ? ",{\"id\":" : "{\"id\":");
        json_write_string(out, c->id);
        if (g->graph.to_files) {
            buf_append_str(out, ",\"costs-file\":");
            json_write_string(out, c->path);
            buf_printf(out, ",\"bytes\":%zu", c->text.len);
        }
        buf_append_char(out, '}');
    }
    buf_append_str(out, "],");
    import_append_report(&g->data, out);
}

static bool make(graph_t *g, bool csv)
{
    slice_t text = buf_slice(&g->text);
    bool ok = import_clean(&g->data, &text);
    ok = ok &&
         (csv ? import_graph_csv(&g->graph, text, buf_slice(&g->nodes_text), slice_str(g->nodes))
              : import_graph_json(&g->graph, text));
    return ok && import_graph_finish(&g->graph) && import_graph_document(&g->graph, csv);
}

static int run(graph_t *g, bool csv)
{
    import_data_t *d = &g->data;
    buf_t told = BUF_INIT;
    import_progress_begin(&g->progress, d);
    bool fine = make(g, csv);
    import_progress_end(&g->progress);
    if (d->failed) {
        return import_nomem();
    }
    int code = CTL_FINE;
    if (fine && g->graph.to_files && !g->target.dry_run) {
        code = import_may_write(d, g->target.output, g->target.yes);
        code = code == CTL_FINE ? write_files(g) : code;
    }
    if (code != CTL_FINE) {
        return code;
    }
    if (g->target.json) {
        append_costs_json(g, csv, &told);
        if (import_shows_texts(&g->target, fine)) {
            buf_append_char(&told, ',');
            import_append_texts(d, &told);
        }
        buf_append_str(&told, "}\n");
    } else {
        import_append_findings(d, &told);
        import_append_map(d, &g->graph.pids, &told);
        append_costs(g, &told);
    }
    return import_give_out(d, &g->target, fine, &told);
}

static int open_and_run(graph_t *g)
{
    int code = read_source(g, g->path, &g->text);
    bool csv = code < 0 && !looks_like_json(buf_slice(&g->text));
    if (code < 0 && csv && !g->nodes) {
        return usage("a table of links wants --nodes, the table of nodes; JSON begins with {");
    }
    if (code < 0 && !csv && g->nodes) {
        return usage("--nodes belongs to a table of links");
    }
    code = code < 0 && csv ? read_source(g, g->nodes, &g->nodes_text) : code;
    if (code >= 0) {
        return code;
    }
    return import_choose_names(&g->data, g->path, g->options.name) ? run(g, csv) : import_nomem();
}

int ctl_import_graph_run(int argc, char **argv)
{
    graph_t g = {.path = NULL};
    g.options = (import_maps_options_t){.command = "import-graph",
                                        .help = help_text,
                                        .data = &g.data,
                                        .pids = &g.graph.pids,
                                        .target = &g.target,
                                        .map = MODEL_NETWORK_MAP};
    import_data_init(&g.data);
    import_graph_init(&g.graph, &g.data, SLICE_LIT(""));
    g.graph.metrics[IMPORT_HOPCOUNT] = true;
    g.data.now = moment_now();
    int code = parse(&g, argc, argv);
    code = code >= 0 ? code : open_and_run(&g);
    import_graph_release(&g.graph);
    import_data_release(&g.data);
    buf_release(&g.text);
    buf_release(&g.nodes_text);
    return code;
}
