#include "footprintd/log/log.h"

#include "log/flood.h"
#include "log/line.h"

#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
/* cmocka.h wants the headers above. */
#include <cmocka.h>

static char *written(log_format_t format, slice_t text)
{
    struct timespec when = {.tv_sec = 1795395723, .tv_nsec = 456789012};
    buf_t out = BUF_INIT;
    log_line_write(&out, format, &when, LOG_LEVEL_INFO, SLICE_LIT("http"), text);
    buf_append_char(&out, '\0');
    assert_false(buf_failed(&out));
    return out.ptr;
}

static void check_line(log_format_t format, slice_t text, const char *want)
{
    char *got = written(format, text);
    assert_string_equal(got, want);
    free(got);
}

static void test_text_format(void **state)
{
    (void)state;
    check_line(LOG_FORMAT_TEXT, SLICE_LIT("hello \xc3\xa4"),
               "2026-11-23T01:02:03.456Z info http: hello \xc3\xa4\n");
    /* Nothing in a text may begin a line of its own, or steer a terminal. */
    check_line(LOG_FORMAT_TEXT, SLICE_LIT("a\nb\tc\x1b[2J\x7f\\d\r"),
               "2026-11-23T01:02:03.456Z info http: a\\nb\\tc\\x1b[2J\\x7f\\\\d\\x0d\n");
    check_line(LOG_FORMAT_TEXT, SLICE_LIT("\xff \xc0\xaf \xed\xa0\x80 \xc2\x9b \xe2\x82"),
               "2026-11-23T01:02:03.456Z info http: \\xff \\xc0\\xaf \\xed\\xa0\\x80 \\xc2\\x9b "
               "\\xe2\\x82\n");
}

static void test_json_format(void **state)
{
    (void)state;
    check_line(LOG_FORMAT_JSON, SLICE_LIT("say \"hi\"\n\x01\\"),
               "{\"time\":\"2026-11-23T01:02:03.456Z\",\"level\":\"info\",\"area\":\"http\","
               "\"text\":\"say \\\"hi\\\"\\n\\u0001\\\\\"}\n");
}

/* Whatever the bytes are, the line is one JSON object. */
static void test_json_always_valid(void **state)
{
    (void)state;
    char bytes[4];
    for (unsigned i = 0; i < 65536; i++) {
        bytes[0] = (char)(i & 0xff);
        bytes[1] = (char)(i >> 8);
        bytes[2] = (char)0xbf;
        bytes[3] = 'x';
        char *line = written(LOG_FORMAT_JSON, slice_of(bytes, sizeof bytes));
        json_error_t error;
        json_t *object = json_loads(line, JSON_ALLOW_NUL, &error);
        assert_non_null(object);
        assert_null(memchr(line, '\n', strlen(line) - 1));
        json_decref(object);
        free(line);
    }
}

static char *read_all(int fd)
{
    buf_t out = BUF_INIT;
    char part[65536];
    ssize_t n;
    while ((n = read(fd, part, sizeof part)) > 0) {
        buf_append(&out, part, (size_t)n);
    }
    buf_append_char(&out, '\0');
    assert_false(buf_failed(&out));
    return out.ptr;
}

static size_t count_of(const char *text, const char *what)
{
    size_t n = 0;
    for (const char *at = strstr(text, what); at; at = strstr(at + 1, what)) {
        n++;
    }
    return n;
}

static void test_levels_of_areas(void **state)
{
    (void)state;
    log_set(LOG_FORMAT_TEXT, LOG_LEVEL_WARNING);
    log_set_area(LOG_AREA_HTTP, LOG_LEVEL_DEBUG);
    log_set_area(LOG_AREA_WATCH, LOG_LEVEL_ERROR);
    assert_true(log_enabled(LOG_LEVEL_DEBUG, "http"));
    assert_false(log_enabled(LOG_LEVEL_WARNING, "watch"));
    assert_true(log_enabled(LOG_LEVEL_ERROR, "watch"));
    assert_false(log_enabled(LOG_LEVEL_INFO, "watchdog"));
    assert_true(log_enabled(LOG_LEVEL_WARNING, "watchdog"));
    /* One that is in no list is as the others. */
    assert_false(log_enabled(LOG_LEVEL_INFO, "somewhere"));
    assert_true(log_enabled(LOG_LEVEL_WARNING, "somewhere"));
    log_set(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
    assert_false(log_enabled(LOG_LEVEL_DEBUG, "http"));
    assert_true(log_enabled(LOG_LEVEL_INFO, "watch"));
}

static void test_levels_and_raw(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(log_start(ends[1], LOG_FORMAT_TEXT, LOG_LEVEL_WARNING), ERR_OK);
    assert_false(log_enabled(LOG_LEVEL_INFO, "http"));
    assert_true(log_enabled(LOG_LEVEL_ERROR, "http"));
    log_line(LOG_LEVEL_INFO, "app", "not wanted");
    log_line(LOG_LEVEL_ERROR, "app", "wanted %d", 7);
    log_raw(SLICE_LIT("as is"));
    log_stop();
    close(ends[1]);
    char *text = read_all(ends[0]);
    close(ends[0]);
    assert_null(strstr(text, "not wanted"));
    assert_non_null(strstr(text, "Z error app: wanted 7\nas is\n"));
    free(text);
}

static void test_flush(void **state)
{
    (void)state;
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(log_start(fileno(file), LOG_FORMAT_TEXT, LOG_LEVEL_INFO), ERR_OK);
    for (unsigned i = 1; i <= 200; i++) {
        log_raw(SLICE_LIT("x"));
        log_flush();
        assert_int_equal(lseek(fileno(file), 0, SEEK_CUR), 2 * (off_t)i);
    }
    log_stop();
    (void)fclose(file);
}

#define PRODUCERS 4
#define LINES     2000

static void *produce(void *arg)
{
    for (unsigned i = 0; i < LINES; i++) {
        char line[32];
        (void)snprintf(line, sizeof line, "p%d %06u", *(int *)arg, i);
        log_raw(slice_str(line));
    }
    return NULL;
}

/* Many producers: no line is lost or torn, and each producer's lines keep their order. */
static void test_producers(void **state)
{
    (void)state;
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(log_start(fileno(file), LOG_FORMAT_TEXT, LOG_LEVEL_INFO), ERR_OK);
    pthread_t threads[PRODUCERS];
    int numbers[PRODUCERS];
    for (int i = 0; i < PRODUCERS; i++) {
        numbers[i] = i;
        assert_int_equal(pthread_create(&threads[i], NULL, produce, &numbers[i]), 0);
    }
    for (int i = 0; i < PRODUCERS; i++) {
        pthread_join(threads[i], NULL);
    }
    log_stop();
    rewind(file);
    unsigned next[PRODUCERS] = {0};
    char line[64];
    size_t lines = 0;
    while (fgets(line, sizeof line, file)) {
        char want[64];
        int producer = line[1] - '0';
        assert_in_range(producer, 0, PRODUCERS - 1);
        (void)snprintf(want, sizeof want, "p%d %06u\n", producer, next[producer]++);
        assert_string_equal(line, want);
        lines++;
    }
    assert_int_equal(lines, PRODUCERS * LINES);
    (void)fclose(file);
}

static void *reader_main(void *arg)
{
    return read_all(*(int *)arg);
}

/* A reader that does not read: producers go on, memory is bounded, and the loss is counted. */
static void test_full_queue_drops_and_counts(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(log_start(ends[1], LOG_FORMAT_TEXT, LOG_LEVEL_INFO), ERR_OK);
    char line[1024];
    memset(line, 'x', sizeof line);
    const size_t sent = 16384;
    for (size_t i = 0; i < sent; i++) {
        log_raw(slice_of(line, sizeof line));
    }
    pthread_t reader;
    assert_int_equal(pthread_create(&reader, NULL, reader_main, &ends[0]), 0);
    log_stop();
    close(ends[1]);
    void *text = NULL;
    pthread_join(reader, &text);
    close(ends[0]);

    unsigned long long dropped = 0;
    for (const char *at = strstr(text, "warning log: "); at; at = strstr(at + 1, "warning log: ")) {
        dropped += strtoull(at + strlen("warning log: "), NULL, 10);
    }
    assert_true(dropped > 0);
    assert_int_equal(log_dropped(), dropped);
    size_t warnings = count_of(text, "lines dropped");
    assert_int_equal(count_of(text, "\n") - warnings + dropped, sent);
    /* The budget, the pipe, and nothing more. */
    assert_true(strlen(text) < ((size_t)4 << 20) + ((size_t)1 << 20));
    free(text);
}

/* Nobody ever reads: whoever ends does not wait for it, and whoever logs later does not either. */
static void test_stuck_reader(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(log_start(ends[1], LOG_FORMAT_TEXT, LOG_LEVEL_INFO), ERR_OK);
    char line[1024];
    memset(line, 'x', sizeof line);
    for (size_t i = 0; i < 8192; i++) {
        log_raw(slice_of(line, sizeof line));
    }
    log_flush();
    log_stop();
    log_raw(SLICE_LIT("lost"));
    log_line(LOG_LEVEL_ERROR, "app", "lost");
    /* The writer that was left behind ends when its pipe does. */
    close(ends[0]);
}

static void test_flood(void **state)
{
    (void)state;
    static const char a[] = "%d", b[] = "%s";
    static flood_t f;
    flood_kind_t kind;
    flood_init(&f, 10);
    size_t written = 0;
    for (int i = 0; i < 1000; i++) {
        written += flood_admit(&f, LOG_LEVEL_WARNING, "x", a, 5000);
    }
    assert_int_equal(written, 50);
    /* Another kind is another matter: another format, and another area. */
    assert_true(flood_admit(&f, LOG_LEVEL_INFO, "x", b, 5000));
    assert_true(flood_admit(&f, LOG_LEVEL_INFO, "y", a, 5000));
    assert_true(flood_tell(&f, &kind));
    assert_int_equal(kind.omitted, 950);
    assert_ptr_equal(kind.fmt, a);
    assert_string_equal(kind.area, "x");
    assert_int_equal(kind.level, LOG_LEVEL_WARNING);
    assert_false(flood_tell(&f, &kind));
    /* As time goes by there are more, up to five seconds' worth. */
    assert_false(flood_admit(&f, LOG_LEVEL_INFO, "x", a, 5099));
    assert_true(flood_admit(&f, LOG_LEVEL_INFO, "x", a, 5100));
    assert_false(flood_admit(&f, LOG_LEVEL_INFO, "x", a, 5100));
    written = 0;
    for (int i = 0; i < 1000; i++) {
        written += flood_admit(&f, LOG_LEVEL_INFO, "x", a, 1000000000);
    }
    assert_int_equal(written, 50);
    assert_true(flood_tell(&f, &kind));
    assert_int_equal(kind.omitted, 952);
    flood_init(&f, 0);
    for (int i = 0; i < 1000; i++) {
        assert_true(flood_admit(&f, LOG_LEVEL_INFO, "x", a, 0));
    }
    assert_false(flood_tell(&f, &kind));
}

/* More kinds than the table has are limited as well. */
static void test_flood_of_kinds(void **state)
{
    (void)state;
    static const char many[FLOOD_KINDS * 4];
    static flood_t f;
    flood_kind_t kind;
    uint64_t omitted = 0;
    flood_init(&f, 1);
    for (size_t i = 0; i < sizeof many; i++) {
        for (int k = 0; k < 5; k++) {
            bool admitted = flood_admit(&f, LOG_LEVEL_INFO, "x", &many[i], 0);
            assert_true(admitted || i >= FLOOD_KINDS);
        }
    }
    while (flood_tell(&f, &kind)) {
        omitted += kind.omitted;
    }
    assert_int_equal(omitted, (sizeof many - FLOOD_KINDS) * 5);
}

/* What is left out is counted in the log itself, and a list never is. */
static void test_limit(void **state)
{
    (void)state;
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(log_start(fileno(file), LOG_FORMAT_TEXT, LOG_LEVEL_INFO), ERR_OK);
    for (int i = 0; i < 200; i++) {
        log_line(LOG_LEVEL_ERROR, "app", "early %d", i);
    }
    log_limit(1);
    for (int i = 0; i < 200; i++) {
        log_line(LOG_LEVEL_WARNING, "app", "flood %d", i);
        log_listed(LOG_LEVEL_WARNING, "app", "list %d", i);
    }
    log_stop();
    rewind(file);
    char *text = read_all(fileno(file));
    assert_int_equal(count_of(text, "early "), 200);
    assert_int_equal(count_of(text, "list "), 200);
    unsigned long long omitted = 0;
    const char *said = text;
    while ((said = strstr(said, " lines like \"flood %d\" were left out\n"))) {
        const char *number = said;
        while (number > text && number[-1] != ' ') {
            number--;
        }
        omitted += strtoull(number, NULL, 10);
        said++;
    }
    assert_true(omitted > 0);
    assert_int_equal(count_of(text, "app: flood ") + omitted, 200);
    assert_non_null(strstr(text, " warning app: "));
    free(text);
    (void)fclose(file);
}

/* Before log_start, and after log_stop, nothing is lost either. */
static void test_without_writer(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    int saved = dup(STDERR_FILENO);
    assert_true(saved >= 0);
    dup2(ends[1], STDERR_FILENO);
    log_line(LOG_LEVEL_ERROR, "app", "early");
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(ends[1]);
    char *text = read_all(ends[0]);
    close(ends[0]);
    assert_non_null(strstr(text, "Z error app: early\n"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_format),
        cmocka_unit_test(test_json_format),
        cmocka_unit_test(test_json_always_valid),
        cmocka_unit_test(test_without_writer),
        cmocka_unit_test(test_levels_of_areas),
        cmocka_unit_test(test_levels_and_raw),
        cmocka_unit_test(test_flush),
        cmocka_unit_test(test_producers),
        cmocka_unit_test(test_full_queue_drops_and_counts),
        cmocka_unit_test(test_flood),
        cmocka_unit_test(test_flood_of_kinds),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_stuck_reader), /* the last: it leaves the writer behind */
    };
    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
