#include "footprintd/base/arena.h"

#include "failmalloc.h"
#include "fpd_cmocka.h"

#include <stdalign.h>

static void allocations_are_zeroed_aligned_and_apart(void **state)
{
    (void)state;
    arena_t arena;
    arena_init(&arena, 0);
    unsigned char *blocks[600];
    for (size_t i = 0; i < 600; i++) {
        blocks[i] = arena_alloc(&arena, i * 7);
        assert_non_null(blocks[i]);
        assert_int_equal((uintptr_t)blocks[i] % alignof(max_align_t), 0);
        for (size_t j = 0; j < i * 7; j++) {
            assert_int_equal(blocks[i][j], 0);
        }
        memset(blocks[i], (int)(i & 255), i * 7);
    }
    for (size_t i = 0; i < 600; i++) {
        for (size_t j = 0; j < i * 7; j++) {
            assert_int_equal(blocks[i][j], i & 255);
        }
    }
    assert_false(arena_failed(&arena));
    arena_release(&arena);
    assert_int_equal(arena.total, 0);
}

static void empty_allocations_differ(void **state)
{
    (void)state;
    arena_t arena;
    arena_init(&arena, 0);
    void *a = arena_alloc(&arena, 0), *b = arena_array(&arena, 0, 8);
    assert_non_null(a);
    assert_non_null(b);
    assert_ptr_not_equal(a, b);
    arena_release(&arena);
}

static void a_large_allocation_keeps_the_rest_of_the_block(void **state)
{
    (void)state;
    arena_t arena;
    arena_init(&arena, 0);
    char *first = arena_alloc(&arena, 16);
    char *large = arena_alloc(&arena, 100000);
    char *second = arena_alloc(&arena, 16);
    assert_non_null(large);
    assert_ptr_equal(second, first + 16);
    memset(large, 1, 100000);
    arena_release(&arena);
}

static void sizes_that_overflow_are_refused(void **state)
{
    (void)state;
    arena_t arena;
    arena_init(&arena, 0);
    assert_null(arena_alloc(&arena, SIZE_MAX));
    assert_true(arena_failed(&arena));
    arena_release(&arena);
    assert_false(arena_failed(&arena));
    assert_null(arena_array(&arena, SIZE_MAX / 4, 8));
    assert_true(arena_failed(&arena));
    arena_release(&arena);
    slice_t s = arena_copy(&arena, slice_of("x", SIZE_MAX));
    assert_null(s.ptr);
    assert_true(arena_failed(&arena));
    arena_release(&arena);
}

static void the_limit_holds(void **state)
{
    (void)state;
    enum { LIMIT = 10000 };
    arena_t arena;
    arena_init(&arena, LIMIT);
    size_t count = 0;
    while (arena_alloc(&arena, 16)) {
        count++;
        assert_true(arena.total <= LIMIT);
    }
    assert_true(arena_failed(&arena));
    assert_true(count * 16 <= LIMIT);
    /* Nearly all of it was of use. */
    assert_true(count * 16 >= LIMIT * 9 / 10);
    arena_release(&arena);
}

static void the_limit_costs_few_blocks(void **state)
{
    (void)state;
    /* Close to the limit, too, small allocations share blocks: each block has a cost of its own. */
    arena_t arena;
    arena_init(&arena, 3000);
    size_t before = failmalloc_count();
    while (arena_alloc(&arena, 16)) {
    }
    assert_in_range(failmalloc_count() - before, 1, 3);
    arena_release(&arena);
}

static void the_limit_outlives_a_release(void **state)
{
    (void)state;
    arena_t arena;
    arena_init(&arena, 1000);
    assert_null(arena_alloc(&arena, 2000));
    arena_release(&arena);
    assert_false(arena_failed(&arena));
    assert_null(arena_alloc(&arena, 2000));
    assert_non_null(arena_alloc(&arena, 500));
    arena_release(&arena);
}

static void a_copy_ends_in_a_nul(void **state)
{
    (void)state;
    arena_t arena;
    arena_init(&arena, 0);
    slice_t s = arena_copy(&arena, slice_of("a\0b!", 3));
    assert_int_equal(s.len, 3);
    assert_memory_equal(s.ptr, "a\0b", 4);
    s = arena_copy(&arena, slice_of(NULL, 0));
    assert_non_null(s.ptr);
    assert_int_equal(s.len, 0);
    assert_int_equal(s.ptr[0], 0);
    arena_release(&arena);
}

static void formatted_text(void **state)
{
    (void)state;
    arena_t arena;
    arena_init(&arena, 0);
    slice_t s = arena_printf(&arena, "%s:%d:%5000s", "a", 7, "z");
    assert_int_equal(s.len, 5004);
    assert_memory_equal(s.ptr, "a:7: ", 5);
    assert_string_equal(s.ptr + 5003, "z");
    s = arena_printf(&arena, "%s", "");
    assert_non_null(s.ptr);
    assert_int_equal(s.len, 0);
    assert_false(arena_failed(&arena));
    arena_release(&arena);
}

static void a_format_that_fails_fails_the_arena(void **state)
{
    (void)state;
    static const wchar_t unprintable[] = {0x7fffffff, 0};
    arena_t arena;
    arena_init(&arena, 0);
    slice_t s = arena_printf(&arena, "%ls", unprintable);
    assert_null(s.ptr);
    assert_int_equal(s.len, 0);
    assert_true(arena_failed(&arena));
    arena_release(&arena);
}

static void a_refused_block_is_a_failure_that_sticks(void **state)
{
    (void)state;
    long before = failmalloc_live();
    arena_t arena;
    arena_init(&arena, 0);
    assert_non_null(arena_alloc(&arena, 16));
    failmalloc_arm(1);
    assert_null(arena_alloc(&arena, 1 << 16));
    assert_true(failmalloc_disarm());
    assert_non_null(arena_alloc(&arena, 16));
    assert_true(arena_failed(&arena));
    arena_release(&arena);
    assert_int_equal(failmalloc_live(), before);
}

static void a_buffer_is_adopted_without_a_copy(void **state)
{
    (void)state;
    long before = failmalloc_live();
    arena_t arena;
    buf_t text = BUF_INIT;
    arena_init(&arena, 100000);
    for (unsigned i = 0; i < 3; i++) {
        buf_append_str(&text, "some text");
        const char *there = text.ptr;
        slice_t s = arena_adopt(&arena, &text);
        assert_ptr_equal(s.ptr, there);
        assert_true(slice_is(s, "some text"));
        assert_true(!text.ptr && !text.len && !text.cap && !text.failed);
    }
    assert_true(arena.total >= 3 * 128);
    /* Over the limit, and what has failed: it is released. */
    assert_true(buf_reserve(&text, 200000));
    buf_append_str(&text, "x");
    assert_null(arena_adopt(&arena, &text).ptr);
    assert_true(arena_failed(&arena) && arena.full && !text.ptr);
    arena_release(&arena);
    assert_int_equal(failmalloc_live(), before);
    text.failed = true;
    assert_null(arena_adopt(&arena, &text).ptr);
    assert_true(arena_failed(&arena));
    arena_release(&arena);
    failmalloc_arm(1);
    buf_append_str(&text, "x");
    assert_true(failmalloc_disarm());
    buf_release(&text);
    buf_append_str(&text, "x");
    failmalloc_arm(1);
    assert_null(arena_adopt(&arena, &text).ptr);
    assert_true(failmalloc_disarm() && !text.ptr);
    arena_release(&arena);
    assert_int_equal(failmalloc_live(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocations_are_zeroed_aligned_and_apart),
        cmocka_unit_test(empty_allocations_differ),
        cmocka_unit_test(a_large_allocation_keeps_the_rest_of_the_block),
        cmocka_unit_test(sizes_that_overflow_are_refused),
        cmocka_unit_test(the_limit_holds),
        cmocka_unit_test(the_limit_costs_few_blocks),
        cmocka_unit_test(the_limit_outlives_a_release),
        cmocka_unit_test(a_copy_ends_in_a_nul),
        cmocka_unit_test(a_buffer_is_adopted_without_a_copy),
        cmocka_unit_test(formatted_text),
        cmocka_unit_test(a_format_that_fails_fails_the_arena),
        cmocka_unit_test(a_refused_block_is_a_failure_that_sticks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
