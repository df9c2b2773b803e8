#include "http/worker.h"

#include "fpd_cmocka.h"

#include <pthread.h>
#include <stdatomic.h>

/* A job that notes when it ran; a gate keeps the worker busy until the test opens it. */
typedef struct job {
    worker_job_t super;
    int ran; /* the how-manieth; 0: not yet */
    bool cancelled;
} job_t;

static atomic_int runs;
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool at_gate;

static void run_note(worker_job_t *super, bool cancelled)
{
    job_t *job = (job_t *)super;
    job->cancelled = cancelled;
    job->ran = atomic_fetch_add(&runs, 1) + 1;
}

static void run_gate(worker_job_t *super, bool cancelled)
{
    atomic_store(&at_gate, true);
    (void)pthread_mutex_lock(&gate);
    (void)pthread_mutex_unlock(&gate);
    run_note(super, cancelled);
}

/* One thread, busy with `first`. */
static worker_pool_t *busy_pool(size_t limit, job_t *first)
{
    worker_pool_t *pool = NULL;
    atomic_store(&runs, 0);
    atomic_store(&at_gate, false);
    (void)pthread_mutex_lock(&gate);
    assert_int_equal(worker_pool_new(1, limit, &pool), ERR_OK);
    *first = (job_t){.super = {.run = run_gate}};
    assert_true(worker_pool_submit(pool, &first->super));
    while (!atomic_load(&at_gate)) {
    }
    return pool;
}

static void test_order_and_limit(void **state)
{
    (void)state;
    job_t first;
    worker_pool_t *pool = busy_pool(2, &first);
    job_t jobs[4] = {{.ran = 0}};
    for (size_t i = 0; i < 4; i++) {
        jobs[i].super.run = run_note;
    }
    assert_true(worker_pool_submit(pool, &jobs[0].super));
    assert_true(worker_pool_submit(pool, &jobs[1].super));
    assert_false(worker_pool_submit(pool, &jobs[2].super));
    worker_pool_submit_always(pool, &jobs[3].super);
    (void)pthread_mutex_unlock(&gate);
    worker_pool_free(pool); /* runs what waits */
    assert_int_equal(first.ran, 1);
    assert_int_equal(jobs[0].ran, 2);
    assert_int_equal(jobs[1].ran, 3);
    assert_int_equal(jobs[2].ran, 0);
    assert_int_equal(jobs[3].ran, 4);
    assert_false(jobs[3].cancelled);
}

static void test_cancel(void **state)
{
    (void)state;
    job_t first;
    worker_pool_t *pool = busy_pool(10, &first);
    job_t waiting = {.super = {.run = run_note}};
    job_t later = {.super = {.run = run_note}};
    assert_true(worker_pool_submit(pool, &waiting.super));
    worker_pool_cancel(pool);
    assert_true(worker_pool_submit(pool, &later.super));
    (void)pthread_mutex_unlock(&gate);
    worker_pool_free(pool);
    assert_false(first.cancelled);
    assert_true(waiting.cancelled);
    assert_true(later.cancelled);
    assert_int_equal(later.ran, 3);
}

static void test_free_nothing(void **state)
{
    (void)state;
    worker_pool_free(NULL);
    worker_pool_t *pool = NULL;
    assert_int_equal(worker_pool_new(2, 1, &pool), ERR_OK);
    worker_pool_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_and_limit),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_free_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
