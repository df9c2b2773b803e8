#include "metrics.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

bool metrics_memory(uint64_t *resident, uint64_t *mapped)
{
    FILE *file = fopen("/proc/self/statm", "re");
    unsigned long long pages = 0, present = 0;
    bool known = file && fscanf(file, "%llu %llu", &pages, &present) == 2;
    if (file) {
        (void)fclose(file);
    }
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    *resident = present * page;
    *mapped = pages * page;
    return known;
}

static void write_memory(metrics_writer_t *w)
{
    uint64_t resident, mapped;
    if (metrics_memory(&resident, &mapped)) {
        metrics_one(w, METRIC_PROCESS_RESIDENT, resident);
        metrics_one(w, METRIC_PROCESS_VIRTUAL, mapped);
    }
}

static uint64_t count_files(void)
{
    DIR *directory = opendir("/proc/self/fd");
    uint64_t count = 0;
    while (directory && readdir(directory)) {
        count++;
    }
    if (directory) {
        (void)closedir(directory);
    }
    return count > 3 ? count - 3 : 0; /* itself, "." and ".." */
}

static uint64_t us_of(struct timeval time)
{
    return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_usec;
}

/*
 * What the allocator has is not asked (mallinfo2): it would hold the lock of each arena for as long
 * as its free blocks are counted, and loops wait for these locks.
 */
void metrics_write_process(const metrics_t *m, metrics_writer_t *w)
{
    struct rusage used;
    struct rlimit files;
    metrics_one(w, METRIC_PROCESS_START_TIME, (uint64_t)m->started);
    if (getrusage(RUSAGE_SELF, &used) == 0) {
        metrics_family(w, METRIC_PROCESS_CPU);
        metrics_us(w, NULL, us_of(used.ru_utime) + us_of(used.ru_stime));
    }
    write_memory(w);
    metrics_one(w, METRIC_PROCESS_OPEN_FDS, count_files());
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        metrics_one(w, METRIC_PROCESS_MAX_FDS, files.rlim_cur);
    }
    metrics_one(w, METRIC_LOG_DROPPED, log_dropped());
}
