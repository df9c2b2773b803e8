/*
 * Matrices of costs, and the texts of what is in them: dense, sparse, and one number for all pairs.
 */
#include "failmalloc.h"
#include "fpd_cmocka.h"
#include "prng.h"

#include "footprintd/base/json.h"
#include "footprintd/model/costs.h"

#include <stdlib.h>

static void check_text(double cost, const char *want)
{
    cost_text_t text = cost_text(cost);
    assert_int_equal(text.len, want ? strlen(want) : COST_TEXT_LONG);
    assert_memory_equal(text.text, want ? want : "", want ? strlen(want) : 0);
}

static void test_texts(void **state)
{
    (void)state;
    assert_int_equal(cost_text(COST_NONE).len, 0);
    check_text(0, "0");
    check_text(-1.5, "-1.5");
    check_text(1234.56, "1234.56");
    check_text(9999999, "9999999");
    check_text(12345.67, NULL);
    check_text(10000000, NULL);
    check_text(1.0 / 3, NULL);
}

#define SIZE 20

typedef struct world {
    arena_t arena;
    double costs[SIZE][SIZE];
    cost_cell_t cells[SIZE * SIZE];
    size_t count;
    cost_matrix_t matrix;
} world_t;

static double draw(prng_t *p)
{
    switch (prng_below(p, 3)) {
    case 0:
        return (double)prng_below(p, 1000);
    case 1:
        return (double)prng_below(p, 1000000) / 1000;
    default:
        return -1 / (double)(1 + prng_below(p, 99));
    }
}

/* Cells in a random order, by this share of all. */
static void draw_cells(world_t *w, prng_t *p, unsigned percent, double rest)
{
    w->count = 0;
    for (uint32_t i = 0; i < SIZE; i++) {
        for (uint32_t k = 0; k < SIZE; k++) {
            w->costs[i][k] = rest;
            /* One row is whole, and one empty. */
            if (i == 3 || (i != 5 && prng_below(p, 100) < percent)) {
                w->costs[i][k] = draw(p);
                size_t at = prng_below(p, w->count + 1);
                w->cells[w->count++] = w->cells[at];
                w->cells[at] = (cost_cell_t){.from = i, .to = k, .cost = w->costs[i][k]};
            }
        }
    }
}

static bool same(double x, double y)
{
    return x == y || (!cost_is_defined(x) && !cost_is_defined(y));
}

static void check_cell(const world_t *w, size_t from, size_t to, double cost, cost_text_t text)
{
    char want[JSON_DOUBLE_MAX];
    assert_true(same(cost, w->costs[from][to]));
    size_t len = cost_is_defined(cost) ? json_format_double(cost, want) : 0;
    assert_int_equal(text.len, len <= COST_TEXT_MAX ? len : COST_TEXT_LONG);
    assert_memory_equal(text.text, want, len <= COST_TEXT_MAX ? len : 0);
}

static void check_matrix(const world_t *w)
{
    double row[SIZE];
    cost_text_t texts[SIZE];
    for (size_t i = 0; i < SIZE; i++) {
        cost_matrix_row(&w->matrix, i, row);
        cost_matrix_texts(&w->matrix, i, texts);
        for (size_t k = 0; k < SIZE; k++) {
            check_cell(w, i, k, row[k], texts[k]);
            check_cell(w, i, k, cost_matrix_get(&w->matrix, i, k),
                       cost_matrix_text(&w->matrix, i, k));
        }
    }
}

static void test_matrices(void **state)
{
    (void)state;
    static const unsigned shares[] = {0, 10, 50, 79, 100};
    prng_t random = prng_start();
    world_t *w = calloc(1, sizeof *w);
    assert_non_null(w);
    for (size_t s = 0; s < sizeof shares / sizeof *shares; s++) {
        for (unsigned with_rest = 0; with_rest < 2; with_rest++) {
            cost_cell_t repeated;
            arena_init(&w->arena, 0);
            draw_cells(w, &random, shares[s], with_rest ? 12345.678 : COST_NONE);
            assert_int_equal(cost_matrix_make(w->cells, w->count, SIZE,
                                              with_rest ? 12345.678 : COST_NONE, &w->arena,
                                              &w->matrix, &repeated),
                             ERR_OK);
            assert_int_equal(w->matrix.dense != NULL, shares[s] == 100);
            check_matrix(w);
            arena_release(&w->arena);
        }
    }
    /* Without cells. */
    for (size_t i = 0; i < SIZE * SIZE; i++) {
        w->costs[i / SIZE][i % SIZE] = 2.5;
    }
    w->matrix = (cost_matrix_t){.size = SIZE, .rest = 2.5};
    check_matrix(w);
    free(w);
}

static void test_no_memory(void **state)
{
    (void)state;
    static const double dense[] = {1, 2, COST_NONE, 4};
    cost_cell_t repeated,
        cells[] = {{.from = 0, .to = 1, .cost = 1}, {.from = 1, .to = 1, .cost = 2}};
    for (unsigned kind = 0; kind < 3; kind++) {
        err_t err = ERR_NOMEM;
        for (unsigned n = 1; err; n++) {
            arena_t arena;
            cost_matrix_t m;
            arena_init(&arena, 0);
            failmalloc_arm((long)n);
            err = kind == 2 ? cost_matrix_make_dense(dense, 2, &arena, &m)
                            : cost_matrix_make(cells, 2, kind ? 100 : 2, 3, &arena, &m, &repeated);
            bool refused = failmalloc_disarm();
            assert_int_equal(err, refused ? ERR_NOMEM : ERR_OK);
            arena_release(&arena);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_matrices),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
