#include "footprintd/metrics/metrics.h"

#define F(id, type, name, unit, help, ...)                                                         \
    [METRIC_##id] = {"footprintd_" name, METRIC_##type, unit, {__VA_ARGS__}, help}
/* What every program has under the same name. */
#define P(id, type, name, unit, help)                                                              \
    [METRIC_PROCESS_##id] = {"process_" name, METRIC_##type, unit, {NULL}, help}

/* Help is one sentence, or clauses, for people; it has no '|', which would end a cell of the
 * reference. */
const metric_family_t metric_families[METRIC_FAMILY_COUNT] = {
    F(BUILD, INFO, "build", "", "The version of the program.", "version"),
    P(START_TIME, GAUGE, "start_time_seconds", "seconds", "When the process began, since 1970."),
    P(CPU, COUNTER, "cpu_seconds", "seconds", "Processor time of all threads."),
    P(RESIDENT, GAUGE, "resident_memory_bytes", "bytes", "Memory that is resident."),
    P(VIRTUAL, GAUGE, "virtual_memory_bytes", "bytes", "Memory that is mapped."),
    P(OPEN_FDS, GAUGE, "open_fds", "", "File descriptors that are open."),
    P(MAX_FDS, GAUGE, "max_fds", "", "File descriptors that may be open."),
    F(LOG_DROPPED, COUNTER, "log_dropped_lines", "",
      "Lines of the log that were dropped because it was not taken fast enough."),
    F(READY, GAUGE, "ready", "", "1 when /readyz says that the server is ready, else 0."),

    F(GENERATION, GAUGE, "generation", "", "The number of the generation that is served."),
    F(PUBLISHED, GAUGE, "published_timestamp_seconds", "seconds",
      "When what is served was published, since 1970."),
    F(DOCUMENTS, GAUGE, "documents", "", "Footprint documents in what is served."),
    F(RESOURCE_BYTES, GAUGE, "resource_bytes", "bytes",
      "Size of the document that everybody without a profile of his own gets.", "resource",
      "coding"),
    F(BUILDS, COUNTER, "builds", "",
      "Builds by what came of them: published, unchanged, refused (the documents have errors) or "
      "failed (the system refused).",
      "result"),
    F(BUILD_DURATION, GAUGE, "build_duration_seconds", "seconds",
      "How long the parts of the last build took that was published: read (documents to a model), "
      "snapshot, record (in the history), changes (what changed, as patches), and total.",
      "part"),
    F(BUILD_FINDINGS, GAUGE, "build_findings", "", "Findings of the last build from the directory.",
      "severity"),
    F(BUILD_REFUSED, GAUGE, "build_refused", "",
      "1 while the directory has documents that were refused, and what was before is served."),
    F(REFUSED_SINCE, GAUGE, "refused_timestamp_seconds", "seconds",
      "When they were refused, since 1970; 0 while nothing is."),
    F(DATABASE_BUILT, GAUGE, "database_built_timestamp_seconds", "seconds",
      "When the database says that it was built, since 1970.", "database"),
    F(DATABASE_AGE, GAUGE, "database_age_seconds", "seconds", "The age of the database.",
      "database"),
    F(DATABASE_MAX_AGE, GAUGE, "database_max_age_seconds", "seconds",
      "geoip.max-age-days: above this age the server is not ready."),
    F(PENDING_EDITS, GAUGE, "pending_edits", "",
      "Documents that were edited and whose files cannot be written yet."),
    F(HELD_CHANGES, GAUGE, "held_changes", "",
      "Changes that are held until their time (waiting), or could not be made (failed).", "state"),
    F(HISTORY_GENERATIONS, GAUGE, "history_generations", "", "Generations in the history."),
    F(HISTORY_BYTES, GAUGE, "history_bytes", "bytes", "Size of the history's database."),
    F(HISTORY_SET_ASIDE, GAUGE, "history_set_aside", "",
      "1 when the history was damaged at the start and began anew."),

    F(REQUESTS, COUNTER, "requests", "",
      "Requests that were answered, by kind of resource, status code and protocol.", "resource",
      "code", "protocol"),
    F(REQUEST_DURATION, HISTOGRAM, "request_duration_seconds", "seconds",
      "From the head of a request (h1) or its dispatch (h2) to the last byte of its answer; "
      "without event streams and polls.",
      "resource"),
    F(UCDN_REQUESTS, COUNTER, "ucdn_requests", "",
      "Requests by uCDN: a profile, 'unauthenticated' for who was refused as such, 'other' when "
      "there were too many names.",
      "ucdn", "class"),
    F(UCDN_REFUSED, COUNTER, "ucdn_refused", "",
      "Requests that were refused because a uCDN asked for more than its rates allow.", "ucdn"),
    F(UCDN_SENT, COUNTER, "ucdn_sent_bytes", "bytes", "Bytes of bodies that a uCDN was sent.",
      "ucdn"),
    F(CREDENTIAL_FAILURES, COUNTER, "credential_failures", "",
      "Wrong credentials: digest (a user or password of a uCDN), token (of the admin interface).",
      "kind"),

    F(CONNECTIONS, GAUGE, "connections", "", "Connections that are open.", "listener"),
    F(CONNECTIONS_ACCEPTED, COUNTER, "connections_accepted", "", "Connections that were taken.",
      "listener"),
    F(CONNECTIONS_REFUSED, COUNTER, "connections_refused", "",
      "Connections that were closed at once: too many of all (limit), or of one client (peer).",
      "listener", "reason"),
    F(HANDSHAKE_FAILURES, COUNTER, "handshake_failures", "",
      "TLS handshakes that failed, or took too long.", "listener"),
    F(RECEIVED, COUNTER, "received_bytes", "bytes",
      "Bytes from clients, above TLS; of open connections some seconds late.", "listener"),
    F(SENT, COUNTER, "sent_bytes", "bytes",
      "Bytes to clients, above TLS; of open connections some seconds late.", "listener"),

    F(LIMIT_VALUE, GAUGE, "limit_value", "", "What the limits of the configuration are set to.",
      "limit"),
    F(LIMIT_USE, GAUGE, "limit_use", "", "How much of a limit is in use, where that is known.",
      "limit"),
    F(LIMIT_HITS, COUNTER, "limit_hits", "",
      "How often something was refused or cut off by a limit. What documents and databases come "
      "up against is a finding of the build instead.",
      "limit"),
    F(GUARD_ACTIONS, COUNTER, "guard_actions", "",
      "What was refused or cut off below HTTP semantics, by kind.", "kind"),

    F(LOOP_TURNS, COUNTER, "loop_turns", "", "Turns of a serving thread's event loop.", "loop"),
    F(LOOP_STALLS, COUNTER, "loop_stalls", "", "Turns that took more than 10 ms.", "loop"),
    F(LOOP_STALL, GAUGE, "loop_stall_seconds", "seconds",
      "The longest turn since the last scrape, by whomever.", "loop"),
    F(LOOP_WORST_STALL, GAUGE, "loop_worst_stall_seconds", "seconds",
      "The longest turn since the start.", "loop"),
    F(LOOP_CPU, COUNTER, "loop_cpu_seconds", "seconds", "Processor time of a serving thread.",
      "loop"),
    F(WORKER_JOBS, GAUGE, "worker_jobs", "", "Jobs that wait for a worker thread.", "pool"),

    F(UPDATE_STREAMS, GAUGE, "update_streams", "", "Update streams that are open (RFC 8895)."),
    F(UPDATE_STREAMS_OPENED, COUNTER, "update_streams_opened", "",
      "Update streams that were opened."),
    F(UPDATE_STREAMS_REFUSED, COUNTER, "update_streams_refused", "",
      "Update streams that were refused."),
    F(UPDATE_SUBSTREAMS, GAUGE, "update_substreams", "", "Substreams of the open streams."),
    F(TIPS_VIEWS, GAUGE, "tips_views", "", "TIPS views that are open (RFC 9569)."),
    F(TIPS_VIEWS_OPENED, COUNTER, "tips_views_opened", "", "TIPS views that were opened."),
    F(TIPS_VIEWS_REFUSED, COUNTER, "tips_views_refused", "", "TIPS views that were refused."),
    F(TIPS_HELD_POLLS, GAUGE, "tips_held_polls", "", "Polls that wait for their edge."),
    F(UPDATE_MESSAGES, COUNTER, "update_messages", "",
      "What readers were sent over streams and TIPS: full, merge-patch, json-patch, control.",
      "via", "kind"),
    F(UPDATE_SENT, COUNTER, "update_sent_bytes", "bytes", "Bytes of these.", "via", "kind"),
    F(UPDATE_FAN_OUT, HISTOGRAM, "update_fan_out_seconds", "seconds",
      "From the news of a publication to the last stream of a loop that took it."),
    F(UPDATE_LAG_VERSIONS, GAUGE, "update_lag_versions", "",
      "Versions by which the slowest stream is behind, as of some seconds ago."),
    F(UPDATE_LAG, GAUGE, "update_lag_seconds", "seconds",
      "For how long the slowest stream has not taken what it is being sent, as of some seconds "
      "ago."),
    F(UPDATE_VERSIONS, COUNTER, "update_versions", "", "Versions of resources that were made."),
    F(UPDATE_PATCHES, COUNTER, "update_patches", "", "Patches from one version to the next.",
      "kind"),
    F(UPDATE_PATCHES_REFUSED, COUNTER, "update_patches_refused", "",
      "Patches that did not lead where they should and were not sent: a defect of footprintd."),
    F(UPDATE_FEEDS, GAUGE, "update_feeds", "", "Resources and inputs whose changes are followed."),
    F(UPDATE_LOG_BYTES, GAUGE, "update_log_bytes", "bytes",
      "Bytes of old versions and patches, of updates.log-bytes."),
};

const char *metric_type_name(metric_type_t type)
{
    static const char *const names[] = {"counter", "gauge", "histogram", "info"};
    return names[type];
}

const metric_bound_t metric_bounds[METRIC_BUCKETS] = {
    {100, "0.0001"},  {250, "0.00025"}, {500, "0.0005"},  {1000, "0.001"},
    {2500, "0.0025"}, {5000, "0.005"},  {10000, "0.01"},  {25000, "0.025"},
    {50000, "0.05"},  {100000, "0.1"},  {250000, "0.25"}, {500000, "0.5"},
    {1000000, "1.0"}, {2500000, "2.5"}, {5000000, "5.0"}, {10000000, "10.0"},
};

size_t metric_bucket(uint64_t microseconds)
{
    size_t i = 0;
    while (i < METRIC_BUCKETS && microseconds > metric_bounds[i].microseconds) {
        i++;
    }
    return i;
}
