#include "metrics.h"

#include <dirent.h>
#include <malloc.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static void write_memory(metrics_writer_t *w)
{
    FILE *file = fopen("/proc/self/statm", "re");
    unsigned long long pages = 0, resident = 0;
    unsigned long long page = (unsigned long long)sysconf(_SC_PAGESIZE);
    bool known = file && fscanf(file, "%llu %llu", &pages, &resident) == 2;
    if (file) {
        (void)fclose(file);
    }
    if (known) {
        metrics_one(w, METRIC_PROCESS_RESIDENT, resident * page);
        metrics_one(w, METRIC_PROCESS_VIRTUAL, pages * page);
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

/* It takes the lock of one arena after the other, for as long as its free blocks are counted. */
static void write_malloc(metrics_writer_t *w)
{
    struct mallinfo2 info = mallinfo2();
    const slice_t used = SLICE_LIT("used"), unused = SLICE_LIT("free"),
                  mapped = SLICE_LIT("mapped");
    metrics_family(w, METRIC_MALLOC);
    metrics_u64(w, &used, info.uordblks);
    metrics_u64(w, &unused, info.fordblks);
    metrics_u64(w, &mapped, info.hblkhd);
}

static uint64_t us_of(struct timeval time)
{
    return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_usec;
}

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
    write_malloc(w);
    metrics_one(w, METRIC_LOG_DROPPED, log_dropped());
}
