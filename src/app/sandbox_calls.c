#include "sandbox.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>

/* Sanitizers stop and look at the process when it ends, from a process of their own. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* Names that this architecture, or this version of the library, does not have are passed over. */
static const char *const refused[] = {
    /* other programs */
    "execve",
    "execveat",
    "fork",
    "vfork",
    /* the insides of other processes */
    "process_vm_readv",
    "process_vm_writev",
    "process_madvise",
    "pidfd_getfd",
    "kcmp",
    /* connections that it begins, and ports that it opens: all there are were opened before */
    "socket",
    "socketpair",
    "connect",
    "bind",
    "listen",
    /* what others see of the file system and of the system */
    "mount",
    "umount",
    "umount2",
    "pivot_root",
    "chroot",
    "move_mount",
    "open_tree",
    "fsopen",
    "fsconfig",
    "fsmount",
    "fspick",
    "mount_setattr",
    "unshare",
    "setns",
    "quotactl",
    "quotactl_fd",
    "acct",
    "swapon",
    "swapoff",
    "sethostname",
    "setdomainname",
    "settimeofday",
    "clock_settime",
    "clock_settime64",
    "clock_adjtime",
    "clock_adjtime64",
    "adjtimex",
    "stime",
    "reboot",
    "vhangup",
    "syslog",
    /* what has opened doors into the kernel before */
    "bpf",
    "perf_event_open",
    "userfaultfd",
    "io_uring_setup",
    "io_uring_enter",
    "io_uring_register",
    "init_module",
    "finit_module",
    "delete_module",
    "kexec_load",
    "kexec_file_load",
    "lookup_dcookie",
    "nfsservctl",
    "iopl",
    "ioperm",
    "modify_ldt",
    "personality",
    "add_key",
    "request_key",
    "keyctl",
    /* another identity */
    "setuid",
    "setuid32",
    "setgid",
    "setgid32",
    "setreuid",
    "setreuid32",
    "setregid",
    "setregid32",
    "setresuid",
    "setresuid32",
    "setresgid",
    "setresgid32",
    "setfsuid",
    "setfsuid32",
    "setfsgid",
    "setfsgid32",
    "setgroups",
    "setgroups32",
    "capset",
};

/* With all of these bits in the argument. */
static int refuse_bits(scmp_filter_ctx ctx, uint32_t action, int call, unsigned arg, uint64_t bits)
{
    return seccomp_rule_add(ctx, action, call, 1, SCMP_CMP(arg, SCMP_CMP_MASKED_EQ, bits, bits));
}

static int refuse_memory(scmp_filter_ctx ctx, uint32_t action)
{
    /* Memory that is written is not executed: libraries are loaded as neither both nor later. */
    int failed = refuse_bits(ctx, action, SCMP_SYS(mmap), 2, PROT_WRITE | PROT_EXEC);
    failed = failed ? failed : refuse_bits(ctx, action, SCMP_SYS(mprotect), 2, PROT_EXEC);
    return failed ? failed : refuse_bits(ctx, action, SCMP_SYS(pkey_mprotect), 2, PROT_EXEC);
}

/* Threads are begun all the time, processes never. */
static int refuse_processes(scmp_filter_ctx ctx, uint32_t action)
{
    if (SANITIZED) {
        return 0;
    }
    int failed = seccomp_rule_add(ctx, action, SCMP_SYS(ptrace), 0);
#ifndef __s390x__ /* has another order of arguments */
    failed = failed ? failed
                    : seccomp_rule_add(ctx, action, SCMP_SYS(clone), 1,
                                       SCMP_CMP(0, SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
    /* Its flags lie where no filter sees them; the C library then uses the other one. */
    failed = failed ? failed : seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
#endif
    return failed;
}

static int add_rules(scmp_filter_ctx ctx, uint32_t action)
{
    int failed = refuse_memory(ctx, action);
    failed = failed ? failed : refuse_processes(ctx, action);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0] && !failed; i++) {
        int call = seccomp_syscall_resolve_name(refused[i]);
        /* Below zero are calls of other architectures. */
        failed = call < 0 ? 0 : seccomp_rule_add(ctx, action, call, 0);
    }
    return failed;
}

err_t sandbox_calls(config_seccomp_t mode, buf_t *why)
{
    if (mode == CONFIG_SECCOMP_OFF) {
        return ERR_OK;
    }
    uint32_t action = mode == CONFIG_SECCOMP_LOG ? SCMP_ACT_LOG : SCMP_ACT_KILL_PROCESS;
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
    int failed = ctx ? seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1) : -ENOMEM;
    failed = failed ? failed : seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, action);
    failed = failed ? failed : seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    failed = failed ? failed : add_rules(ctx, action);
    failed = failed ? failed : seccomp_load(ctx);
    if (failed) {
        buf_printf(why, "system calls are not filtered: %s", strerror(-failed));
    }
    if (ctx) {
        seccomp_release(ctx);
    }
    return failed ? ERR_IO : ERR_OK;
}
