/**
 * mmap(2) and what one can ask of and do with mapped pages; cachestat(2), which asks the same of a file.
 * Raw calls: numbers in, `>= 0` or `-errno` out. See `docs/sys/mmap.md`.
 *
 * An address is accepted only when it lies in a mapping that {@link mmap} made in this thread (else RangeError), and a length
 * only up to the end of that mapping (left out: all of it). Where a call takes `Memory`, such an address stands in for a buffer.
 */
import { constant, native } from '../native.ts';

const { sys } = native;

export const PROT_READ = constant<'prot'>('PROT_READ');
export const PROT_WRITE = constant<'prot'>('PROT_WRITE');
export const PROT_NONE = constant<'prot'>('PROT_NONE');

/** Writing changes the file, and everybody who has it mapped sees it. */
export const MAP_SHARED = constant<'map'>('MAP_SHARED');
/** Writing copies the page first. Pages not yet written to still follow the file. */
export const MAP_PRIVATE = constant<'map'>('MAP_PRIVATE');
/** Zeros instead of a file; `fd` is -1. */
export const MAP_ANONYMOUS = constant<'map'>('MAP_ANONYMOUS');
/** Fault all pages in now. A page that cannot be had is no error. */
export const MAP_POPULATE = constant<'map'>('MAP_POPULATE');
export const MAP_NORESERVE = constant<'map'>('MAP_NORESERVE');
/** As {@link mlock} on the range, but pages that cannot be had are no error. */
export const MAP_LOCKED = constant<'map'>('MAP_LOCKED');

/** Wait until it is on the disk. */
export const MS_SYNC = constant<'msync'>('MS_SYNC');
/** Does nothing on Linux: dirty pages are written back in time anyway. */
export const MS_ASYNC = constant<'msync'>('MS_ASYNC');
/** Checks that nothing of the range is locked (`-EBUSY`), and nothing else: mappings of a file are always coherent. */
export const MS_INVALIDATE = constant<'msync'>('MS_INVALIDATE');

export const MADV_NORMAL = constant<'madvise'>('MADV_NORMAL');
export const MADV_RANDOM = constant<'madvise'>('MADV_RANDOM');
export const MADV_SEQUENTIAL = constant<'madvise'>('MADV_SEQUENTIAL');
export const MADV_WILLNEED = constant<'madvise'>('MADV_WILLNEED');
/** Drops the pages now. Anonymous ones read as zeros afterwards, those of a file are fetched again. */
export const MADV_DONTNEED = constant<'madvise'>('MADV_DONTNEED');
export const MADV_HUGEPAGE = constant<'madvise'>('MADV_HUGEPAGE');
/** One fault a page of 4 KiB, never one for 2 MiB: for counting them. */
export const MADV_NOHUGEPAGE = constant<'madvise'>('MADV_NOHUGEPAGE');
/** Let these go first when memory is short. Linux 5.4. */
export const MADV_COLD = constant<'madvise'>('MADV_COLD');
/** Let these go now. Linux 5.4. */
export const MADV_PAGEOUT = constant<'madvise'>('MADV_PAGEOUT');
/** Fault all pages in for reading, and say so if one cannot be had (`-EFAULT` past a truncated end). Linux 5.14. */
export const MADV_POPULATE_READ = constant<'madvise'>('MADV_POPULATE_READ');
/** The same for writing: no first write waits any more. Linux 5.14. */
export const MADV_POPULATE_WRITE = constant<'madvise'>('MADV_POPULATE_WRITE');

export const PAGE_SIZE: number = constant('PAGE_SIZE');

/**
 * **May block** with {@link MAP_POPULATE} or {@link MAP_LOCKED}, on the disk.
 *
 * `void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset)` - maps a range of a file, or zeros, and
 * answers the address.
 *
 * `addr` is no parameter: the kernel chooses, since MAP_FIXED would replace memory that V8 lives in (it, MAP_FIXED_NOREPLACE and
 * MAP_GROWSDOWN are `-EINVAL`). The mapping outlives `fd`. Also `-EINVAL` (`length` 0, `offset` not a multiple of
 * {@link PAGE_SIZE}), `-EBADF`, `-EACCES` (no regular file; not open for reading; MAP_SHARED and PROT_WRITE, but not open for
 * writing), `-ENODEV` (a directory), `-ENOMEM` (too long, or vm.max_map_count mappings), `-EAGAIN` (MAP_LOCKED beyond
 * RLIMIT_MEMLOCK), `-EOVERFLOW` (the end beyond 2^63 - 1), `-EPERM` (sealed). mmap(2).
 */
export const mmap = sys.mmap;

/**
 * `int munmap(void *addr, size_t length)` - gives pages back. A part may be cut out: both sides stay mapped and usable.
 *
 * `addr` must be a multiple of {@link PAGE_SIZE}; `length` is rounded up to one. `-EINVAL` (unaligned, `length` 0), `-EBUSY` (an
 * ArrayBuffer looks into it: `Mapping.close` detaches that first), `-ENOMEM` (a cut would need a mapping above
 * vm.max_map_count). munmap(2).
 */
export const munmap = sys.munmap;

/**
 * **Blocks the calling thread** with {@link MS_SYNC}, until the range is on the disk.
 *
 * `int msync(void *addr, size_t length, int flags)` - writes changed pages of a shared mapping back to the file.
 *
 * `-EINVAL` (unaligned `addr`, MS_SYNC with MS_ASYNC), `-EBUSY` (MS_INVALIDATE and it is locked), `-EIO`. msync(2).
 */
export const msync = sys.msync;

/**
 * **May block** with MADV_POPULATE_READ, MADV_POPULATE_WRITE and MADV_PAGEOUT.
 *
 * `int madvise(void *addr, size_t length, int advice)` - tells how the range will be used, or has its pages fetched or dropped.
 *
 * Only the advice exported here: the rest (MADV_HWPOISON, MADV_REMOVE, ...) is `-EINVAL` before the kernel is asked, as are an
 * unaligned `addr`, MADV_DONTNEED on locked pages and advice that this kernel does not know. `-EFAULT` (populating past the
 * end of the file), `-ENOMEM`. madvise(2).
 */
export const madvise = sys.madvise;

/**
 * `int mincore(void *addr, size_t length, unsigned char *vec)` - bit 0 of `vec[i]`: page i would not have to be fetched.
 *
 * For a file it tells what is in the page cache, whoever brought it there; one that the caller neither owns nor may write to
 * reads as all there. A page past a truncated end is not there. `-EINVAL` (unaligned `addr`, `vec` shorter than the pages).
 * mincore(2).
 */
export const mincore = sys.mincore;

/**
 * **May block** while the pages are fetched from the disk.
 *
 * `int mlock(const void *addr, size_t length)` - fetches the pages and keeps them in memory until they are unlocked or unmapped.
 *
 * Locks do not nest. `-ENOMEM` (beyond RLIMIT_MEMLOCK; or a page cannot be had, as with PROT_NONE), `-EPERM` (RLIMIT_MEMLOCK is 0).
 * mlock(2).
 */
export const mlock = sys.mlock;

/** `int munlock(const void *addr, size_t length)` - lets the pages go again; none need be locked. mlock(2). */
export const munlock = sys.munlock;

/**
 * `int cachestat(unsigned int fd, struct cachestat_range *range, struct cachestat *cstat, unsigned int flags)` - how many pages
 * of a file are in the page cache, dirty, or gone from it; `len` 0 is to the end. `readCachestat` decodes it.
 *
 * `cstat` has at least `CACHESTAT_SIZE` bytes, aligned to 8. `-EPERM` (neither open for writing, nor ours, nor may we write to
 * it; in Linux 6.14 and stable kernels of that time), `-EINVAL` (`flags` is not 0), `-EOPNOTSUPP` (hugetlbfs).
 * `-ENOSYS` before Linux 6.5.
 */
export const cachestat = sys.cachestat;

/**
 * `ssize_t process_vm_readv(pid_t pid, ...)` of this process - copies `length` bytes of a mapping into `to`, from its byte `at`;
 * no more than fit.
 *
 * The kernel reads, so where the file has become shorter than its mapping there is no SIGBUS but a short count, or `-EFAULT`
 * if not one byte could be had. The same for PROT_NONE. `-EPERM` where seccomp or a container forbids it.
 * Since Linux 3.2. process_vm_readv(2).
 */
export const processVmReadv = sys.processVmReadv;

/**
 * `ssize_t process_vm_writev(pid_t pid, ...)` of this process - copies into a mapping from `from`, from its byte `at`, up to
 * `length` bytes; no more than there are.
 *
 * A short count or `-EFAULT` past the end of the file or where the mapping is not writable. Since Linux 3.2.
 * process_vm_writev(2).
 */
export const processVmWritev = sys.processVmWritev;
