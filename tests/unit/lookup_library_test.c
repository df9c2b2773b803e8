/*
 * The public interface of the look-up, by its header alone but for the databases that it reads.
 */
#include "footprintd/lookup.h"

#include "failmalloc.h"
#include "fpd_cmocka.h"
#include "mmdb_writer.h"

#include <arpa/inet.h>
#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char document[] = "version: 1\n"
                               "footprints:\n"
                               "  england: {subdivisioncode: [gb-eng]}\n"
                               "  racks: {cidr: [192.0.2.0/25, \"2001:db8::/32\"]}\n"
                               "capabilities:\n"
                               "  - capability-type: FCI.DeliveryProtocol\n"
                               "    capability-value: {delivery-protocols: [https/1.1]}\n"
                               "    footprints: [racks, england]\n"
                               "  - capability-type: FCI.Metadata\n"
                               "    capability-value: {metadata: []}\n"
                               "    footprints: [everywhere]\n"
                               "  - capability-type: FCI.RedirectionMode\n"
                               "    capability-value: {redirection-modes: [DNS-I]}\n"
                               "    footprints:\n"
                               "      - {footprint-type: asn, footprint-value: [as64496]}\n"
                               "network-maps:\n"
                               "  netmap:\n"
                               "    default: true\n"
                               "    pids:\n"
                               "      pid-a: {ipv4: [192.0.2.0/24]}\n"
                               "      pid-default: {ipv4: [0.0.0.0/0], ipv6: [\"::/0\"]}\n";

static const char restricted[] = "version: 1\n"
                                 "audience: [ucdn-a]\n"
                                 "footprints:\n"
                                 "  private: {countrycode: [gb]}\n"
                                 "capabilities:\n"
                                 "  - capability-type: FCI.Metadata\n"
                                 "    capability-value: {metadata: [MI.Cache]}\n"
                                 "    footprints: [private]\n"
                                 "network-maps:\n"
                                 "  hidden:\n"
                                 "    pids:\n"
                                 "      secret: {ipv4: [0.0.0.0/0], ipv6: [\"::/0\"]}\n";

typedef struct fixture {
    char dir[64];
    char mmdb[80];
    footprintd_options_t options;
    footprintd_lookup_t *lookup;
    footprintd_answer_t *answer;
} fixture_t;

static void put(const fixture_t *x, const char *name, const void *bytes, size_t len)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", x->dir, name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

/* All of 192.0.2.0/24 in the west of England. */
static void put_database(const fixture_t *x, const char *country)
{
    mmdb_writer_t w;
    buf_t bytes = BUF_INIT;
    mmdb_writer_init(&w, 4, 24);
    uint32_t place = put_place(&w.data, country, "ENG WBK", 64496);
    mmdb_writer_insert(&w, (u128_t){0, UINT32_C(0xc0000200)}, 24, mmdb_data(place));
    mmdb_writer_finish(&w, &bytes);
    put(x, "all.mmdb", bytes.ptr, bytes.len);
    buf_release(&bytes);
    mmdb_writer_release(&w);
}

static int setup(void **state)
{
    fixture_t *x = calloc(1, sizeof *x);
    assert_non_null(x);
    (void)snprintf(x->dir, sizeof x->dir, "/tmp/footprintd-library-XXXXXX");
    assert_non_null(mkdtemp(x->dir));
    (void)snprintf(x->mmdb, sizeof x->mmdb, "%s/all.mmdb", x->dir);
    put(x, "a.yaml", document, sizeof document - 1);
    put(x, "b.yaml", restricted, sizeof restricted - 1);
    put_database(x, "GB");
    x->options = (footprintd_options_t){.size = sizeof x->options,
                                        .footprints = x->dir,
                                        .country = x->mmdb,
                                        .city = x->mmdb,
                                        .asn = x->mmdb};
    *state = x;
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

static int teardown(void **state)
{
    fixture_t *x = *state;
    footprintd_answer_free(x->answer);
    footprintd_close(x->lookup);
    assert_int_equal(nftw(x->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
    free(x);
    return 0;
}

static void open_it(fixture_t *x)
{
    char *why = NULL;
    if (footprintd_open(&x->options, &x->lookup, &why) != FOOTPRINTD_OK) {
        fail_msg("%s", why ? why : "no reason");
    }
    assert_null(why);
    assert_int_equal(footprintd_answer_new(x->lookup, &x->answer), FOOTPRINTD_OK);
}

static footprintd_status_t find(fixture_t *x, const char *text)
{
    return footprintd_find_text(x->answer, text, strlen(text));
}

static void assert_capability(const footprintd_answer_t *a, size_t i, const char *type,
                              const char *value, const char *footprint, uint32_t line)
{
    const footprintd_capability_t *c = footprintd_answer_capability(a, i);
    assert_non_null(c);
    assert_string_equal(c->advertisement, "cdni");
    assert_string_equal(c->type, type);
    assert_string_equal(c->value, value);
    assert_int_equal(c->line, line);
    assert_non_null(strstr(c->document, "/a.yaml"));
    if (footprint) {
        assert_string_equal(c->footprint, footprint);
    } else {
        assert_null(c->footprint);
    }
}

static void test_all_of_an_address(void **state)
{
    fixture_t *x = *state;
    open_it(x);
    assert_int_equal(find(x, "192.0.2.1"), FOOTPRINTD_OK);
    const footprintd_answer_t *a = x->answer;
    assert_string_equal(footprintd_answer_scope(a), "192.0.2.0/25");
    assert_string_equal(footprintd_answer_country(a), "gb");
    assert_string_equal(footprintd_answer_subdivision(a, 0), "gb-eng");
    assert_string_equal(footprintd_answer_subdivision(a, 1), "gb-wbk");
    assert_null(footprintd_answer_subdivision(a, 2));
    uint32_t asn = 0;
    assert_int_equal(footprintd_answer_asn(a, &asn), 1);
    assert_int_equal(asn, 64496);
    const char *map = NULL;
    assert_string_equal(footprintd_answer_pid(a, 0, &map), "pid-a");
    assert_string_equal(map, "netmap");
    assert_string_equal(footprintd_answer_pid(a, 0, NULL), "pid-a");
    assert_null(footprintd_answer_pid(a, 1, &map));
    assert_string_equal(footprintd_answer_footprint(a, 0), "england");
    assert_string_equal(footprintd_answer_footprint(a, 1), "racks");
    assert_null(footprintd_answer_footprint(a, 2));
    const char *protocols = "{\"delivery-protocols\":[\"https/1.1\"]}";
    assert_capability(a, 0, "FCI.DeliveryProtocol", protocols, "racks", 6);
    assert_capability(a, 1, "FCI.DeliveryProtocol", protocols, "england", 6);
    assert_capability(a, 2, "FCI.Metadata", "{\"metadata\":[]}", "everywhere", 9);
    assert_capability(a, 3, "FCI.RedirectionMode", "{\"redirection-modes\":[\"DNS-I\"]}", NULL, 12);
    assert_null(footprintd_answer_capability(a, 4));
}

static void test_nothing_known(void **state)
{
    fixture_t *x = *state;
    x->options.country = x->options.city = NULL;
    x->options.asn = "";
    open_it(x);
    assert_int_equal(find(x, "198.51.100.1"), FOOTPRINTD_OK);
    uint32_t asn = 7;
    assert_null(footprintd_answer_country(x->answer));
    assert_null(footprintd_answer_subdivision(x->answer, 0));
    assert_int_equal(footprintd_answer_asn(x->answer, &asn), 0);
    assert_int_equal(asn, 7);
    assert_null(footprintd_answer_footprint(x->answer, 0));
    assert_string_equal(footprintd_answer_capability(x->answer, 0)->footprint, "everywhere");
    assert_null(footprintd_answer_capability(x->answer, 1));
    assert_string_equal(footprintd_answer_pid(x->answer, 0, NULL), "pid-default");
}

/* What is meant for some is told only to a program that asks for it. */
static void test_restricted(void **state)
{
    fixture_t *x = *state;
    x->options.restricted = 1;
    open_it(x);
    assert_int_equal(find(x, "192.0.2.1"), FOOTPRINTD_OK);
    assert_string_equal(footprintd_answer_footprint(x->answer, 1), "private");
    assert_string_equal(footprintd_answer_pid(x->answer, 0, NULL), "secret");
    size_t n = 0;
    while (footprintd_answer_capability(x->answer, n)) {
        n++;
    }
    assert_int_equal(n, 5);
}

static void test_forms_of_an_address(void **state)
{
    fixture_t *x = *state;
    open_it(x);
    unsigned char v4[4], v6[16], mapped[16];
    assert_int_equal(inet_pton(AF_INET, "192.0.2.1", v4), 1);
    assert_int_equal(inet_pton(AF_INET6, "2001:db8::1", v6), 1);
    assert_int_equal(inet_pton(AF_INET6, "::ffff:192.0.2.1", mapped), 1);
    assert_int_equal(footprintd_find_bytes(x->answer, v4, 4), FOOTPRINTD_OK);
    assert_string_equal(footprintd_answer_country(x->answer), "gb");
    assert_int_equal(footprintd_find_bytes(x->answer, v6, 16), FOOTPRINTD_OK);
    assert_string_equal(footprintd_answer_scope(x->answer), "2001:db8::/32");
    assert_string_equal(footprintd_answer_footprint(x->answer, 0), "racks");
    /* A socket's address is mapped; a text is IPv6. */
    assert_int_equal(footprintd_find_bytes(x->answer, mapped, 16), FOOTPRINTD_OK);
    assert_string_equal(footprintd_answer_scope(x->answer), "192.0.2.0/25");
    assert_int_equal(find(x, "::ffff:192.0.2.1"), FOOTPRINTD_OK);
    assert_null(footprintd_answer_country(x->answer));
    assert_null(footprintd_answer_footprint(x->answer, 0));
}

/* Nothing is left of the address before. */
static void test_invalid(void **state)
{
    fixture_t *x = *state;
    open_it(x);
    unsigned char bytes[17] = {0};
    static const char *const texts[] = {"", "192.0.2", "192.0.2.0/24", "2001:db8::1%eth0", "x"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts + 2; i++) {
        assert_int_equal(find(x, "192.0.2.1"), FOOTPRINTD_OK);
        footprintd_status_t status = i == 0   ? footprintd_find_bytes(x->answer, bytes, 5)
                                     : i == 1 ? footprintd_find_id(x->answer,
                                                                   footprintd_id_count(x->lookup))
                                              : find(x, texts[i - 2]);
        assert_int_equal(status, FOOTPRINTD_INVALID);
        assert_string_equal(footprintd_answer_scope(x->answer), "");
        assert_null(footprintd_answer_country(x->answer));
        assert_null(footprintd_answer_subdivision(x->answer, 0));
        assert_null(footprintd_answer_footprint(x->answer, 0));
        assert_null(footprintd_answer_capability(x->answer, 0));
        assert_null(footprintd_answer_pid(x->answer, 0, NULL));
        uint32_t asn;
        assert_int_equal(footprintd_answer_asn(x->answer, &asn), 0);
    }
}

static void test_batch(void **state)
{
    fixture_t *x = *state;
    open_it(x);
    static const char *const v4[] = {"192.0.2.1", "192.0.2.200", "198.51.100.1", "192.0.2.127"};
    static const char *const v6[] = {"2001:db8::1", "::1", "::ffff:192.0.2.1"};
    unsigned char addresses[1 + 4 * 4], wide[1 + 3 * 16]; /* at odd places */
    uint32_t ids[4], wide_ids[3];
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(inet_pton(AF_INET, v4[i], addresses + 1 + 4 * i), 1);
    }
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(inet_pton(AF_INET6, v6[i], wide + 1 + 16 * i), 1);
    }
    assert_int_equal(footprintd_batch(x->lookup, addresses + 1, 4, 4, ids), FOOTPRINTD_OK);
    assert_int_equal(footprintd_batch(x->lookup, wide + 1, 16, 3, wide_ids), FOOTPRINTD_OK);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(find(x, v4[i]), FOOTPRINTD_OK);
        assert_int_equal(footprintd_answer_id(x->answer), ids[i]);
        assert_true(ids[i] < footprintd_id_count(x->lookup));
    }
    assert_int_equal(ids[0], ids[3]);
    assert_int_not_equal(ids[0], ids[1]);
    assert_int_not_equal(ids[1], ids[2]);
    assert_int_equal(find(x, v6[0]), FOOTPRINTD_OK);
    assert_int_equal(footprintd_answer_id(x->answer), wide_ids[0]);
    assert_int_equal(wide_ids[2], ids[0]);
    assert_int_equal(footprintd_find_id(x->answer, ids[1]), FOOTPRINTD_OK);
    assert_string_equal(footprintd_answer_footprint(x->answer, 0), "england");
    assert_null(footprintd_answer_footprint(x->answer, 1));
    assert_non_null(footprintd_answer_capability(x->answer, 0));
    assert_null(footprintd_answer_country(x->answer));
    assert_int_equal(footprintd_batch(x->lookup, addresses, 5, 1, ids), FOOTPRINTD_INVALID);
}

static void test_refused(void **state)
{
    fixture_t *x = *state;
    char *why = NULL;
    put(x, "bad.yaml", "version: 1\ncapabilites: []\n", 27);
    put(x, "all.mmdb", "no database", 11);
    assert_int_equal(footprintd_open(&x->options, &x->lookup, &why), FOOTPRINTD_REFUSED);
    assert_null(x->lookup);
    assert_non_null(why);
    assert_non_null(strstr(why, "/all.mmdb: error: the database "));
    assert_non_null(strstr(why, "/bad.yaml:2:1: error: "));
    assert_int_equal(why[strlen(why) - 1], '\n');
    footprintd_text_free(why);
    assert_int_equal(footprintd_open(&x->options, &x->lookup, NULL), FOOTPRINTD_REFUSED);
    x->options.footprints = "/nonexistent/footprints";
    assert_int_equal(footprintd_open(&x->options, &x->lookup, NULL), FOOTPRINTD_REFUSED);
}

static void test_bad_options(void **state)
{
    fixture_t *x = *state;
    x->options.size--;
    assert_int_equal(footprintd_open(&x->options, &x->lookup, NULL), FOOTPRINTD_INVALID);
    x->options.size++;
    x->options.footprints = NULL;
    assert_int_equal(footprintd_open(&x->options, &x->lookup, NULL), FOOTPRINTD_INVALID);
    assert_null(x->lookup);
}

static void test_reload(void **state)
{
    fixture_t *x = *state;
    open_it(x);
    put(x, "c.yaml", "version: 1\nfootprints: {more: {countrycode: [gb]}}\n", 51);
    footprintd_lookup_t *next = NULL;
    char *why = NULL;
    assert_int_equal(footprintd_reload(x->lookup, &next, &why), FOOTPRINTD_OK);
    footprintd_answer_t *answer = NULL;
    assert_int_equal(footprintd_answer_new(next, &answer), FOOTPRINTD_OK);
    assert_int_equal(footprintd_find_text(answer, "192.0.2.1", 9), FOOTPRINTD_OK);
    assert_string_equal(footprintd_answer_footprint(answer, 1), "more");
    /* The old one is as it was. */
    assert_int_equal(find(x, "192.0.2.1"), FOOTPRINTD_OK);
    assert_string_equal(footprintd_answer_footprint(x->answer, 1), "racks");
    footprintd_answer_free(answer);
    footprintd_close(next);
    /* A database that is another is read; one that is bad is refused. */
    assert_int_equal(unlink(x->mmdb), 0);
    put_database(x, "DE");
    assert_int_equal(footprintd_reload(x->lookup, &next, &why), FOOTPRINTD_OK);
    assert_int_equal(footprintd_answer_new(next, &answer), FOOTPRINTD_OK);
    assert_int_equal(footprintd_find_text(answer, "192.0.2.1", 9), FOOTPRINTD_OK);
    assert_string_equal(footprintd_answer_country(answer), "de");
    footprintd_answer_free(answer);
    footprintd_close(next);
    assert_int_equal(truncate(x->mmdb, 10), 0);
    assert_int_equal(footprintd_reload(x->lookup, &next, &why), FOOTPRINTD_REFUSED);
    assert_null(next);
    footprintd_text_free(why);
}

static void test_version(void **state)
{
    (void)state;
    assert_string_equal(footprintd_version(), FPD_VERSION);
}

static void *ask_often(void *arg)
{
    const footprintd_lookup_t *lookup = arg;
    footprintd_answer_t *answer = NULL;
    bool good = footprintd_answer_new(lookup, &answer) == FOOTPRINTD_OK;
    for (int i = 0; good && i < 2000; i++) {
        const char *text = i % 2 ? "192.0.2.1" : "198.51.100.1";
        good = footprintd_find_text(answer, text, strlen(text)) == FOOTPRINTD_OK &&
               (footprintd_answer_footprint(answer, 1) != NULL) == (i % 2 != 0);
    }
    footprintd_answer_free(answer);
    return good ? arg : NULL;
}

static void test_threads(void **state)
{
    fixture_t *x = *state;
    open_it(x);
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, ask_often, x->lookup), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        void *good = NULL;
        assert_int_equal(pthread_join(threads[i], &good), 0);
        assert_ptr_equal(good, x->lookup);
    }
}

/* Whatever allocation fails: no leak, and nothing half-made. */
static void test_no_memory(void **state)
{
    fixture_t *x = *state;
    for (size_t n = 1;; n++) {
        footprintd_lookup_t *lookup = NULL;
        footprintd_answer_t *answer = NULL;
        char *why = NULL;
        long before = failmalloc_live();
        failmalloc_arm(n);
        footprintd_status_t status = footprintd_open(&x->options, &lookup, &why);
        status = status ? status : footprintd_answer_new(lookup, &answer);
        status = status ? status : footprintd_find_text(answer, "192.0.2.1", 9);
        bool refused = failmalloc_disarm();
        if (status == FOOTPRINTD_OK) {
            assert_non_null(footprintd_answer_capability(answer, 3));
        } else {
            assert_int_equal(status, FOOTPRINTD_NO_MEMORY);
        }
        footprintd_text_free(why);
        footprintd_answer_free(answer);
        footprintd_close(lookup);
        assert_int_equal(failmalloc_live(), before);
        if (!refused) {
            assert_int_equal(status, FOOTPRINTD_OK);
            break;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_all_of_an_address, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nothing_known, setup, teardown),
        cmocka_unit_test_setup_teardown(test_restricted, setup, teardown),
        cmocka_unit_test_setup_teardown(test_forms_of_an_address, setup, teardown),
        cmocka_unit_test_setup_teardown(test_invalid, setup, teardown),
        cmocka_unit_test_setup_teardown(test_batch, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_options, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reload, setup, teardown),
        cmocka_unit_test(test_version),
        cmocka_unit_test_setup_teardown(test_threads, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_memory, setup, teardown),
    };
    return cmocka_run_group_tests_name("library", tests, NULL, NULL);
}
