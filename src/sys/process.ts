/**
 * What the kernel knows of a thread or process: getrusage(2), clock_gettime(2), sched_setaffinity(2), prlimit(2).
 * Raw calls: numbers in, `>= 0` or `-errno` out. None of them blocks. See `docs/sys/process.md`.
 */
import { constant, native } from '../native.ts';

const { sys } = native;

/** All threads of the process, those that ended included. */
export const RUSAGE_SELF = constant<'rusage'>('RUSAGE_SELF');
/** The calling thread alone. Linux 2.6.26. */
export const RUSAGE_THREAD = constant<'rusage'>('RUSAGE_THREAD');
/** Children that have ended and were waited for. */
export const RUSAGE_CHILDREN = constant<'rusage'>('RUSAGE_CHILDREN');

export const CLOCK_REALTIME = constant<'clock'>('CLOCK_REALTIME');
/** Never goes back; stands still while the machine sleeps. */
export const CLOCK_MONOTONIC = constant<'clock'>('CLOCK_MONOTONIC');
/** As {@link CLOCK_MONOTONIC}, but NTP does not bend its rate. Linux 2.6.28. */
export const CLOCK_MONOTONIC_RAW = constant<'clock'>('CLOCK_MONOTONIC_RAW');
/** As {@link CLOCK_MONOTONIC}, and runs on while the machine sleeps. Linux 2.6.39. */
export const CLOCK_BOOTTIME = constant<'clock'>('CLOCK_BOOTTIME');
export const CLOCK_PROCESS_CPUTIME_ID = constant<'clock'>('CLOCK_PROCESS_CPUTIME_ID');
export const CLOCK_THREAD_CPUTIME_ID = constant<'clock'>('CLOCK_THREAD_CPUTIME_ID');

/** One more than the highest descriptor number. */
export const RLIMIT_NOFILE = constant<'rlimit'>('RLIMIT_NOFILE');
/** Bytes that may be locked into memory. */
export const RLIMIT_MEMLOCK = constant<'rlimit'>('RLIMIT_MEMLOCK');
export const RLIMIT_AS = constant<'rlimit'>('RLIMIT_AS');
export const RLIMIT_CORE = constant<'rlimit'>('RLIMIT_CORE');
export const RLIMIT_NPROC = constant<'rlimit'>('RLIMIT_NPROC');

/**
 * `int getrusage(int who, struct rusage *usage)` - CPU time, page faults and context switches so far; `readRusage` decodes it.
 *
 * `usage` has at least `RUSAGE_SIZE` bytes, aligned to 8. `-EINVAL` for an unknown `who`. getrusage(2).
 */
export const getrusage = sys.getrusage;

/**
 * `int clock_gettime(clockid_t clockid, struct timespec *tp)` - the time; `readTimespec` decodes it.
 *
 * The system call itself: libc answers the common clocks from the vDSO, without entering the kernel, so this one is dearer
 * than `process.hrtime`. `-EINVAL` for a clock that this kernel does not have. clock_gettime(2).
 */
export const clockGettime = sys.clockGettime;

/**
 * `int sched_setaffinity(pid_t pid, size_t cpusetsize, const cpu_set_t *mask)` - on which CPUs a thread may run; bit n of the
 * mask's bytes is CPU n, `pid` 0 the calling thread.
 *
 * Threads that it starts later inherit it; those that are running keep theirs. A mask that is longer than the machine is
 * wide is fine. `-EINVAL` (none of these CPUs is there, or the cpuset forbids all of them), `-ESRCH`, `-EPERM` (another
 * user's thread). sched_setaffinity(2).
 */
export const schedSetaffinity = sys.schedSetaffinity;

/**
 * `int sched_getaffinity(pid_t pid, size_t cpusetsize, cpu_set_t *mask)` - on which CPUs it may run; answers how many bytes of
 * `mask` were written, unlike libc's wrapper, which answers 0 and clears the rest.
 *
 * `-EINVAL` (`mask` is no multiple of 8 bytes, or too short for the CPUs that the kernel could have: 128 bytes always do on
 * machines of up to 1,024), `-ESRCH`. sched_setaffinity(2).
 */
export const schedGetaffinity = sys.schedGetaffinity;

/**
 * `int prlimit(pid_t pid, int resource, const struct rlimit *new_limit, struct rlimit *old_limit)` - sets a limit, after it was
 * read; either may be `null`, `pid` 0 is the calling process. `encodeRlimit` and `readRlimit` go with it.
 *
 * Any limit can be read; only RLIMIT_NOFILE and RLIMIT_MEMLOCK can be set here (`-EINVAL`): lowering the others ends the
 * process somewhere else. A hard limit that was lowered stays low. `-EPERM` (raising the hard limit without
 * CAP_SYS_RESOURCE; NOFILE above /proc/sys/fs/nr_open; another user's process), `-EINVAL` (soft above hard, an unknown
 * resource), `-ESRCH`. Since Linux 2.6.36. getrlimit(2).
 */
export const prlimit = sys.prlimit;

/** `pid_t gettid(void)` - the calling thread's number: `process.pid` on the main thread only. Never fails. gettid(2). */
export const gettid = sys.gettid;

/**
 * `pid_t getppid(void)` - the parent's number. Does nothing else, so it is what a system call costs at least. Never fails.
 *
 * Changes when the parent ends and another process takes the child over. getppid(2).
 */
export const getppid = sys.getppid;
