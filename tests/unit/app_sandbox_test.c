/* What a process that was confined can still do, and what is the end of it. */
#include "app/sandbox.h"

#include "fpd_cmocka.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- system calls ---- */

static void call_execve(void)
{
    char *const args[] = {(char *)(uintptr_t) "true", NULL};
    (void)execve("/bin/true", args, args + 1);
}
static void call_socket(void)
{
    (void)socket(AF_INET, SOCK_STREAM, 0);
}
static void call_connect(void)
{
    struct sockaddr to = {.sa_family = AF_UNIX};
    (void)connect(0, &to, sizeof to);
}
static void call_bind(void)
{
    struct sockaddr to = {.sa_family = AF_UNIX};
    (void)bind(0, &to, sizeof to);
}
static void call_unshare(void)
{
    (void)syscall(SYS_unshare, 0);
}
static void call_mount(void)
{
    (void)syscall(SYS_mount, "", "", "", 0, "");
}
static void call_bpf(void)
{
    (void)syscall(SYS_bpf, -1, NULL, 0);
}
static void call_keyctl(void)
{
    (void)syscall(SYS_keyctl, -1, 0, 0, 0, 0);
}
static void call_setuid(void)
{
    (void)syscall(SYS_setuid, getuid());
}
static void call_io_uring(void)
{
    (void)syscall(SYS_io_uring_setup, 0, NULL);
}
static void call_mmap(void)
{
    (void)mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}
static void call_mprotect(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    (void)mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

static void *nothing(void *arg)
{
    return arg;
}

/* What the server goes on doing. */
static void call_usual(void)
{
    pthread_t thread;
    char byte = 0;
    int ends[2];
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    bool fine = page != MAP_FAILED && mprotect(page, 4096, PROT_READ) == 0 && pipe(ends) == 0 &&
                write(ends[1], &byte, 1) == 1 && read(ends[0], &byte, 1) == 1 &&
                pthread_create(&thread, NULL, nothing, NULL) == 0 &&
                pthread_join(thread, NULL) == 0;
    int file = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (!fine || file < 0) {
        _exit(2);
    }
}

static pthread_barrier_t barrier;

static void *other_thread(void *arg)
{
    (void)pthread_barrier_wait(&barrier);
    call_socket();
    return arg;
}

static void call_in_another_thread(void)
{
    (void)pthread_barrier_wait(&barrier);
    (void)pause();
}

/* The wait status of a child that confines itself and makes the call. */
static int confined(config_seccomp_t mode, void (*call)(void), bool threaded)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        buf_t why = BUF_INIT;
        pthread_t thread;
        if (threaded && (pthread_barrier_init(&barrier, NULL, 2) != 0 ||
                         pthread_create(&thread, NULL, other_thread, NULL) != 0)) {
            _exit(3);
        }
        if (sandbox_calls(mode, &why)) {
            _exit(1);
        }
        call();
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void test_calls(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        void (*call)(void);
    } rows[] = {
        {"execve", call_execve},     {"socket", call_socket},   {"connect", call_connect},
        {"bind", call_bind},         {"unshare", call_unshare}, {"mount", call_mount},
        {"bpf", call_bpf},           {"keyctl", call_keyctl},   {"setuid", call_setuid},
        {"io_uring", call_io_uring}, {"mmap", call_mmap},       {"mprotect", call_mprotect},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int status = confined(CONFIG_SECCOMP_ON, rows[i].call, false);
        if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS) {
            fail_msg("%s was let pass: %d", rows[i].name, status);
        }
        assert_int_equal(confined(CONFIG_SECCOMP_LOG, rows[i].call, false), 0);
        assert_int_equal(confined(CONFIG_SECCOMP_OFF, rows[i].call, false), 0);
    }
    assert_int_equal(confined(CONFIG_SECCOMP_ON, call_usual, false), 0);
    /* Threads that were there before are confined as well. */
    int status = confined(CONFIG_SECCOMP_ON, call_in_another_thread, true);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

/* ---- files ---- */

static char root[] = "/tmp/fpd-sandbox-XXXXXX";

static void write_file(const char *name)
{
    FILE *file = fopen(name, "we");
    assert_non_null(file);
    (void)fputs("x", file);
    (void)fclose(file);
}

/* ConfigMaps: files are links over a link that is exchanged. */
static void make_tree(void)
{
    assert_non_null(mkdtemp(root));
    assert_int_equal(chdir(root), 0);
    static const char *const directories[] = {"etc",       "etc/tls",   "volume",   "volume/v1",
                                              "volume/v2", "docs",      "docs/git", "docs/git/a",
                                              "elsewhere", "etc/direct"};
    for (size_t i = 0; i < sizeof directories / sizeof directories[0]; i++) {
        assert_int_equal(mkdir(directories[i], 0700), 0);
    }
    static const char *const files[] = {"etc/f.yaml",        "etc/tls/cert.pem",
                                        "volume/v1/key.pem", "volume/v2/key.pem",
                                        "docs/git/a/a.yaml", "elsewhere/secret"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        write_file(files[i]);
    }
    assert_int_equal(symlink("v1", "volume/..data"), 0);
    assert_int_equal(symlink("..data/key.pem", "volume/key.pem"), 0);
    assert_int_equal(symlink("../docs/git/a", "etc/footprints"), 0);
}

static bool can(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0600);
    if (fd >= 0) {
        (void)close(fd);
    }
    return fd >= 0;
}

#define CHECK(what)                                                                                \
    do {                                                                                           \
        if (!(what)) {                                                                             \
            (void)fprintf(stderr, "line %d: %s\n", __LINE__, #what);                               \
            return 1;                                                                              \
        }                                                                                          \
    } while (0)

static int check_reading(void)
{
    CHECK(can("etc/f.yaml", O_RDONLY));
    CHECK(can("etc/tls/cert.pem", O_RDONLY));
    CHECK(can("volume/key.pem", O_RDONLY));
    CHECK(can("etc/footprints/a.yaml", O_RDONLY));
    CHECK(!can("elsewhere/secret", O_RDONLY) && errno == EACCES);
    CHECK(!can("/etc/passwd", O_RDONLY) && errno == EACCES);
    CHECK(!can("/", O_RDONLY | O_DIRECTORY));
    CHECK(!can("etc/tls/cert.pem", O_WRONLY) && errno == EACCES);
    CHECK(!can("etc/tls/new", O_WRONLY | O_CREAT) && errno == EACCES);
    CHECK(!can("elsewhere/new", O_WRONLY | O_CREAT) && errno == EACCES);
    CHECK(unlink("etc/tls/cert.pem") != 0 && errno == EACCES);
    return 0;
}

static int check_state(void)
{
    CHECK(can("etc/state/history.db", O_RDWR | O_CREAT));
    CHECK(rename("etc/state/history.db", "etc/state/aside") == 0);
    CHECK(truncate("etc/state/aside", 0) == 0);
    CHECK(unlink("etc/state/aside") == 0);
    return 0;
}

static int check_documents(bool written)
{
    CHECK(can("etc/footprints/b.yaml", O_RDWR | O_CREAT) == written);
    CHECK(can("etc/footprints/a.yaml", O_RDWR) == written);
    CHECK((rename("etc/footprints/b.yaml", "etc/footprints/c.yaml") == 0) == written);
    return 0;
}

static int in_child(const char *text, bool written, bool state)
{
    config_t config;
    config_init(&config);
    findings_t findings;
    findings_init(&findings, 0);
    buf_t why = BUF_INIT;
    CHECK(!config_parse(slice_str(text), SLICE_LIT("etc/f.yaml"), &config, &findings));
    CHECK(!sandbox_files(&config, "etc/f.yaml", &why) && why.len == 0);
    CHECK(!check_reading());
    CHECK(!check_documents(written));
    CHECK(!state || !check_state());
    return 0;
}

/* What is exchanged afterwards, by somebody else, is found; what leads elsewhere is refused. */
static int after_exchange(void)
{
    CHECK(can("volume/key.pem", O_RDONLY));
    CHECK(!can("etc/tls/stray.pem", O_RDONLY) && errno == EACCES);
    return 0;
}

static void expect(pid_t child)
{
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

#define LISTEN                                                                                     \
    "listen: [{address: '127.0.0.1:0', tls: {certificate: tls/cert.pem, key: "                     \
    "../volume/key.pem}}]\n"

static void test_files(void **state)
{
    (void)state;
    if (syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) < 1) {
        print_message("this kernel has no Landlock\n");
        skip();
    }
    make_tree();
    static const struct {
        const char *more;
        bool written, state;
    } rows[] = {
        {"footprints: footprints\n", false, false},
        {"footprints: footprints\nstate: state\n", true, true},
        {"footprints: footprints\nadmin: {listen: '127.0.0.1:0', tokens: tokens}\n", true, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        buf_t text = BUF_INIT;
        buf_printf(&text, "%s%s%c", LISTEN, rows[i].more, '\0');
        pid_t child = fork();
        if (child == 0) {
            _exit(in_child(text.ptr, rows[i].written, rows[i].state));
        }
        expect(child);
        buf_release(&text);
    }
    int go[2];
    assert_int_equal(pipe(go), 0);
    pid_t child = fork();
    if (child == 0) {
        char byte = 'x';
        int failed = in_child(LISTEN "footprints: footprints\n", false, false);
        failed += write(go[1], &byte, 1) != 1;
        while (access("volume/done", F_OK) != 0) {
            (void)usleep(1000);
        }
        _exit(failed + after_exchange());
    }
    char byte;
    assert_int_equal(read(go[0], &byte, 1), 1);
    assert_int_equal(symlink("v2", "volume/..new"), 0);
    assert_int_equal(rename("volume/..new", "volume/..data"), 0);
    assert_int_equal(symlink("../../elsewhere/secret", "etc/tls/stray.pem"), 0);
    write_file("volume/done");
    expect(child);
    assert_int_equal(chdir("/"), 0);
    buf_t command = BUF_INIT;
    buf_printf(&command, "rm -rf %s%c", root, '\0');
    assert_int_equal(system(command.ptr), 0);
    buf_release(&command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calls),
        cmocka_unit_test(test_files),
    };
    return cmocka_run_group_tests_name("sandbox", tests, NULL, NULL);
}
