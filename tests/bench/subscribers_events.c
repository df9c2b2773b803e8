/*
 * Counts events of a text/event-stream, and nothing else of them: an event is a group of lines with
 * data that ends with an empty line (lines end with LF here, as both servers write them).
 */
#include "subscribers.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static arrival_t *arrival_at(size_t n)
{
    if (n >= load.arrival_room) {
        size_t room = load.arrival_room ? load.arrival_room * 2 : 1024;
        arrival_t *grown = realloc(load.arrivals, room * sizeof *grown);
        if (!grown) {
            abort();
        }
        memset(grown + load.arrival_room, 0, (room - load.arrival_room) * sizeof *grown);
        load.arrivals = grown;
        load.arrival_room = room;
    }
    if (n >= load.arrival_count) {
        load.arrival_count = n + 1;
    }
    return &load.arrivals[n];
}

static void print_arrival(size_t n)
{
    const arrival_t *arrival = &load.arrivals[n];
    (void)printf("event %zu %" PRIu32 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", n + 1,
                 arrival->count, arrival->first_ns, arrival->last_ns, arrival->bytes);
}

static void event_ended(subscriber_t *subscriber)
{
    arrival_t *arrival = arrival_at(subscriber->events++);
    if (arrival->count++ == 0) {
        arrival->first_ns = load.now_ns;
    }
    arrival->last_ns = load.now_ns;
    arrival->bytes += subscriber->bytes;
    /* Until all are ready, events are the beginnings of streams. */
    load.ready += !load.all_ready && subscriber->events == load.initial;
    if (load.all_ready && arrival->count == load.subscriber_count) {
        print_arrival(load.reported++);
        (void)fflush(stdout);
    }
}

static void keep_copy(const char *bytes, size_t len)
{
    if (load.copy_ended) {
        load.copy_len = 0;
        load.copy_ended = false;
    }
    size_t room = sizeof load.copy - load.copy_len;
    size_t kept = len < room ? len : room;
    memcpy(load.copy + load.copy_len, bytes, kept);
    load.copy_len += kept;
}

/* Knuth, Morris and Pratt: the text may lie across any two pieces. */
static void search(subscriber_t *subscriber, const char *bytes, size_t len)
{
    uint16_t matched = subscriber->matched;
    for (size_t i = 0; i < len; i++) {
        while (matched > 0 && load.needle[matched] != bytes[i]) {
            matched = load.fallback[matched - 1];
        }
        if (load.needle[matched] != bytes[i]) {
            continue;
        }
        if (++matched == load.needle_len) {
            subscriber->found = true;
            if (++load.found == load.subscriber_count) {
                (void)printf("found %" PRIu64 "\n", load.now_ns);
                (void)fflush(stdout);
            }
            return;
        }
    }
    subscriber->matched = matched;
}

void events_take(subscriber_t *subscriber, const char *bytes, size_t len)
{
    if (load.needle_len > 0 && !subscriber->found) {
        search(subscriber, bytes, len);
    }
    const char *end = bytes + len;
    const char *line = bytes;
    bool copied = subscriber == load.subscribers;
    while (line < end) {
        const char *start = line;
        bool ends = false;
        if (!subscriber->inside && *line == '\n') {
            ends = true;
            line++;
        } else {
            /* Of the fields event, data, id and retry only one begins like this. */
            subscriber->data |= !subscriber->inside && *line == 'd';
            const char *feed = memchr(line, '\n', (size_t)(end - line));
            subscriber->inside = !feed;
            line = feed ? feed + 1 : end;
        }
        subscriber->bytes += (uint32_t)(line - start);
        if (copied) {
            keep_copy(start, (size_t)(line - start));
        }
        if (ends) {
            load.copy_ended |= copied;
            if (subscriber->data) {
                event_ended(subscriber);
            }
            subscriber->data = false;
            subscriber->bytes = 0;
        }
    }
}

void events_mark(void)
{
    for (uint32_t i = 0; i < load.subscriber_count; i++) {
        load.subscribers[i].events = 0;
    }
    memset(load.arrivals, 0, load.arrival_room * sizeof *load.arrivals);
    load.arrival_count = 0;
    load.reported = 0;
}

void events_find(const char *text)
{
    size_t len = strlen(text);
    if (len == 0 || len >= sizeof load.needle) {
        (void)printf("no such text\n");
        return;
    }
    memcpy(load.needle, text, len + 1);
    load.needle_len = (uint16_t)len;
    load.found = 0;
    load.fallback[0] = 0;
    uint8_t back = 0;
    for (size_t i = 1; i < len; i++) {
        while (back > 0 && text[back] != text[i]) {
            back = load.fallback[back - 1];
        }
        back = (uint8_t)(back + (text[back] == text[i]));
        load.fallback[i] = back;
    }
    for (uint32_t i = 0; i < load.subscriber_count; i++) {
        load.subscribers[i].matched = 0;
        load.subscribers[i].found = false;
    }
    (void)printf("looking\n");
}

void events_show(void)
{
    uint32_t least = UINT32_MAX;
    uint32_t greatest = 0;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < load.subscriber_count; i++) {
        uint32_t events = load.subscribers[i].events;
        least = events < least ? events : least;
        greatest = events > greatest ? events : greatest;
        sum += events;
    }
    for (size_t n = load.reported; n < load.arrival_count; n++) {
        print_arrival(n);
    }
    (void)printf("shown %" PRIu32 " %" PRIu32 " %" PRIu64 " closed %" PRIu32 "\n", least, greatest,
                 sum, load.closed);
}

void events_print_copy(void)
{
    (void)printf("last ");
    for (size_t i = 0; i < load.copy_len; i++) {
        (void)putchar(load.copy[i] == '\n' ? ' ' : load.copy[i]);
    }
    (void)putchar('\n');
}
