#include "discover_dns.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>

/* As often is one followed to another name. */
#define STEPS_MAX 5
/* Each server is asked so often. */
#define TRIES 2

const char *const discover_result_names[DISCOVER_RESULT_COUNT] = {"found", "absent", "permanent",
                                                                  "temporary"};

struct discover_dns {
    ares_channel channel;
    /* The query at hand: */
    bool done;
    int status;
    struct ares_naptr_reply *records;
};

/* ---- the resolver ---- */

/* "127.0.0.1#5353" and "::1#5353", as c-ares wants them. */
static bool set_server(ares_channel channel, slice_t text, err_t *err)
{
    char at[ADDR_TEXT_MAX], csv[ADDR_TEXT_MAX + 16];
    const char *hash = memchr(text.ptr, '#', text.len);
    slice_t address = slice_of(text.ptr, hash ? (size_t)(hash - text.ptr) : text.len);
    uint16_t port = 53;
    addr_t a;
    *err = ERR_DATA;
    if (addr_parse(address, &a) ||
        (hash && (!port_parse(slice_of(hash + 1, text.len - address.len - 1), &port) || !port))) {
        return false;
    }
    (void)addr_format(&a, at);
    (void)snprintf(csv, sizeof csv, a.family == FAMILY_IPV4 ? "%s:%u" : "[%s]:%u", at, port);
    int code = ares_set_servers_ports_csv(channel, csv);
    *err = code == ARES_ENOMEM ? ERR_NOMEM : ERR_DATA;
    return code == ARES_SUCCESS;
}

err_t discover_dns_new(const char *resolver, unsigned timeout_ms, discover_dns_t **out)
{
    struct ares_options options = {.timeout = (int)timeout_ms, .tries = TRIES};
    discover_dns_t *dns = calloc(1, sizeof *dns);
    err_t err = ERR_NOMEM;
    if (!dns) {
        return err;
    }
    if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS) {
        free(dns);
        return err;
    }
    if (ares_init_options(&dns->channel, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES) !=
        ARES_SUCCESS) {
        ares_library_cleanup();
        free(dns);
        return err;
    }
    if (resolver && !set_server(dns->channel, slice_str(resolver), &err)) {
        discover_dns_free(dns);
        return err;
    }
    *out = dns;
    return ERR_OK;
}

void discover_dns_free(discover_dns_t *dns)
{
    if (dns) {
        ares_destroy(dns->channel);
        ares_library_cleanup();
        free(dns);
    }
}

/* ---- one query ---- */

static void on_answer(void *arg, int status, int timeouts, unsigned char *bytes, int len)
{
    discover_dns_t *dns = arg;
    (void)timeouts;
    dns->done = true;
    dns->status = status;
    if (status == ARES_SUCCESS) {
        dns->status = ares_parse_naptr_reply(bytes, len, &dns->records);
    }
}

static void wait_for(discover_dns_t *dns)
{
    while (!dns->done) {
        ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
        struct pollfd polled[ARES_GETSOCK_MAXNUM];
        struct timeval most = {60, 0}, left;
        nfds_t n = 0;
        /* As ARES_GETSOCK_READABLE and _WRITABLE have it, which shift into the sign. */
        unsigned bits = (unsigned)ares_getsock(dns->channel, sockets, ARES_GETSOCK_MAXNUM);
        for (unsigned i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
            short events = (short)((bits >> i & 1 ? POLLIN : 0) |
                                   (bits >> (i + ARES_GETSOCK_MAXNUM) & 1 ? POLLOUT : 0));
            if (events) {
                polled[n++] = (struct pollfd){sockets[i], events, 0};
            }
        }
        const struct timeval *wait = ares_timeout(dns->channel, &most, &left);
        (void)poll(polled, n, (int)(wait->tv_sec * 1000 + wait->tv_usec / 1000) + 1);
        for (nfds_t i = 0; i < n; i++) {
            bool in = polled[i].revents & (POLLIN | POLLERR | POLLHUP);
            bool out = polled[i].revents & POLLOUT;
            ares_process_fd(dns->channel, in ? polled[i].fd : ARES_SOCKET_BAD,
                            out ? polled[i].fd : ARES_SOCKET_BAD);
        }
        ares_process_fd(dns->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD); /* what is late */
    }
}

static discover_result_t result_of(int status)
{
    switch (status) {
    case ARES_SUCCESS:
        return DISCOVER_FOUND;
    case ARES_ENODATA:
    case ARES_ENOTFOUND:
        return DISCOVER_ABSENT;
    case ARES_ETIMEOUT:
    case ARES_ESERVFAIL:
    case ARES_ECONNREFUSED:
    case ARES_ECANCELLED:
    case ARES_EDESTRUCTION:
    case ARES_EOF:
        return DISCOVER_TEMPORARY;
    default:
        return DISCOVER_PERMANENT;
    }
}

/* ---- records ---- */

static slice_t text_of(const unsigned char *text)
{
    return slice_str(text ? (const char *)text : "");
}

static int cmp_found(const void *px, const void *py)
{
    const discover_found_t *x = px, *y = py;
    if (x->order != y->order) {
        return x->order < y->order ? -1 : 1;
    }
    if (x->preference != y->preference) {
        return x->preference < y->preference ? -1 : 1;
    }
    return slice_cmp(x->uri, y->uri);
}

/* Those of the service; *next is the first that says to go on, of the lowest order. */
static bool take_records(const discover_dns_t *dns, discover_service_t service, arena_t *arena,
                         discover_answer_t *out, slice_t *next)
{
    size_t count = 0;
    unsigned best = UINT32_MAX;
    for (const struct ares_naptr_reply *r = dns->records; r; r = r->next) {
        count++;
    }
    out->found = arena_array(arena, count, sizeof *out->found);
    for (const struct ares_naptr_reply *r = dns->records; r && out->found; r = r->next) {
        const discover_record_t record = {r->order,           r->preference,
                                          text_of(r->flags),  text_of(r->service),
                                          text_of(r->regexp), slice_str(r->replacement)};
        slice_t uri = {NULL, 0};
        unsigned rank = (unsigned)r->order << 16 | r->preference;
        discover_kind_t kind = discover_record_read(&record, service, &uri);
        if (kind == DISCOVER_URI) {
            out->found[out->count++] = (discover_found_t){arena_copy(arena, uri), r->order,
                                                          r->preference};
        } else if (kind == DISCOVER_GO_ON && rank < best) {
            best = rank;
            *next = arena_copy(arena, record.replacement);
        }
    }
    if (out->count > 1) {
        qsort(out->found, out->count, sizeof *out->found, cmp_found);
    }
    return !arena_failed(arena);
}

err_t discover_dns_ask(discover_dns_t *dns, const char *name, discover_service_t service,
                       arena_t *arena, discover_answer_t *out)
{
    slice_t at = slice_str(name);
    for (unsigned step = 0; step < STEPS_MAX; step++) {
        slice_t next = {NULL, 0};
        dns->done = false;
        dns->records = NULL;
        ares_query(dns->channel, at.ptr, C_IN, T_NAPTR, on_answer, dns);
        wait_for(dns);
        *out = (discover_answer_t){.result = result_of(dns->status)};
        bool ok = dns->status != ARES_ENOMEM &&
                  (!dns->records || take_records(dns, service, arena, out, &next));
        if (dns->records) {
            ares_free_data(dns->records);
        }
        if (!ok) {
            return ERR_NOMEM;
        }
        if (out->result != DISCOVER_FOUND || out->count) {
            return ERR_OK;
        }
        out->result = next.ptr ? DISCOVER_PERMANENT : DISCOVER_ABSENT;
        if (!next.ptr) {
            return ERR_OK;
        }
        at = next;
    }
    return ERR_OK; /* round and round: as good as malformed */
}
