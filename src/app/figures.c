#include "figures.h"

#include "builder_private.h"

#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

const char *const build_result_names[BUILD_RESULT_COUNT] = {"published", "unchanged", "refused",
                                                            "failed"};
const char *const build_part_names[BUILD_PART_COUNT] = {"read", "snapshot", "record", "changes"};

static uint64_t now_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void figures_start(builder_t *b)
{
    uint64_t now = now_us();
    b->stopwatch = (stopwatch_t){.start_us = now, .lap_us = now};
}

void figures_part(builder_t *b, build_part_t part)
{
    uint64_t now = now_us();
    b->stopwatch.parts_us[part] += now - b->stopwatch.lap_us;
    b->stopwatch.lap_us = now;
}

void figures_count(builder_t *b, build_result_t result)
{
    pthread_mutex_lock(&b->lock);
    b->figures.builds[result]++;
    pthread_mutex_unlock(&b->lock);
}

void figures_published(builder_t *b)
{
    b->figures.builds[BUILD_PUBLISHED]++;
    b->figures.total_us = now_us() - b->stopwatch.start_us;
    for (size_t i = 0; i < BUILD_PART_COUNT; i++) {
        b->figures.parts_us[i] = b->stopwatch.parts_us[i];
    }
}

void figures_findings(builder_t *b, size_t errors, size_t warnings)
{
    pthread_mutex_lock(&b->lock);
    b->figures.errors = errors;
    b->figures.warnings = warnings;
    pthread_mutex_unlock(&b->lock);
}

static uint64_t size_of(const char *state, const char *name)
{
    char path[4096];
    struct stat about;
    int len = snprintf(path, sizeof path, "%s/%s", state, name);
    return len > 0 && (size_t)len < sizeof path && stat(path, &about) == 0 ? (uint64_t)about.st_size
                                                                           : 0;
}

void figures_look(builder_t *b)
{
    if (!b->journal) {
        return;
    }
    arena_t arena;
    buf_t why = BUF_INIT;
    store_generations_t newest = {NULL, 0, 0};
    store_held_list_t held = {NULL, 0};
    arena_init(&arena, 0);
    store_history_t *history = journal_history(b->journal);
    err_t err = store_history_list(history, 0, 1, &arena, &newest, &why);
    err = err ? err : store_held_list(history, &arena, &held, &why);
    uint64_t failed = 0;
    for (size_t i = 0; i < held.count; i++) {
        failed += held.items[i].failure.len > 0;
    }
    const char *state = b->config->state.ptr;
    uint64_t bytes = size_of(state, STORE_HISTORY_FILE) + size_of(state, STORE_HISTORY_FILE "-wal");
    if (!err) {
        pthread_mutex_lock(&b->lock);
        b->figures.generations = newest.total;
        b->figures.history_bytes = bytes;
        b->figures.held_failed = failed;
        b->figures.held_waiting = held.count - failed;
        pthread_mutex_unlock(&b->lock);
    }
    buf_release(&why);
    arena_release(&arena);
}

void figures_read(builder_t *b, builder_figures_t *out)
{
    pthread_mutex_lock(&b->lock);
    *out = b->figures;
    pthread_mutex_unlock(&b->lock);
}
