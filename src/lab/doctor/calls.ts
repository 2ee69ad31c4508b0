/** System calls that may be absent (an older kernel) or forbidden (seccomp): each is made once, on things of our own. */
import { EAGAIN, SystemError, check as succeed } from '../../io/errors.ts';
import type { DoctorCheck } from '../../model/doctor.ts';
import * as sys from '../../sys/index.ts';
import { check } from './check.ts';
import { withFile, withMapping, withPipe } from './things.ts';

const PAGE = 4096;

export function callChecks(directory: string): DoctorCheck[] {
  const bytes = new Uint8Array(64);
  return [
    check('calls', 'openat2 with RESOLVE_BENEATH', () => {
      const how = sys.O_PATH | sys.O_DIRECTORY;
      const fd = succeed(sys.openat2(sys.AT_FDCWD, '.', how, 0, sys.RESOLVE_BENEATH), 'openat2', { path: '.' });
      sys.close(fd);
      return 'since Linux 5.6';
    }),
    check('calls', 'epoll_pwait2 (nanoseconds)', () => {
      const epfd = succeed(sys.epollCreate1(0), 'epoll_create1');
      try {
        succeed(sys.epollPwait2(epfd, new Uint32Array(sys.EPOLL_EVENT_WORDS), 1, 0n, null), 'epoll_pwait2');
      } finally {
        sys.close(epfd);
      }
      return 'since Linux 5.11';
    }),
    check('calls', 'cachestat', () => {
      withFile(directory, PAGE, (fd) => {
        succeed(sys.cachestat(fd, 0, 0, new BigUint64Array(sys.CACHESTAT_SIZE / 8), 0), 'cachestat');
      });
      return 'since Linux 6.5';
    }),
    check(
      'calls',
      'preadv2 with RWF_NOWAIT',
      () => {
        withFile(directory, PAGE, (fd) => {
          const r = sys.preadv2(fd, [bytes], 0, sys.RWF_NOWAIT);
          // EAGAIN is an answer, too: the pages were not there
          if (r !== -EAGAIN) succeed(r, 'preadv2');
        });
        return 'since Linux 4.14';
      },
      { EOPNOTSUPP: `the file system of ${directory} does not know it: use another (--directory)` },
    ),
    check(
      'calls',
      'preadv2 with RWF_DONTCACHE',
      () => {
        withFile(directory, PAGE, (fd) => void succeed(sys.preadv2(fd, [bytes], 0, sys.RWF_DONTCACHE), 'preadv2'));
        return 'since Linux 6.14';
      },
      { EOPNOTSUPP: 'needs Linux 6.14, and a file system that takes part (ext4, xfs, btrfs)' },
    ),
    check(
      'calls',
      'process_vm_readv of our own memory',
      () => {
        withMapping(PAGE, (address) => void succeed(sys.processVmReadv(address, 64, bytes), 'process_vm_readv'));
      },
      { EPERM: 'ptrace is forbidden here; without it, Mapping.read() does not work: use pread' },
    ),
    check('calls', 'memfd_create with seals', () => {
      const fd = succeed(sys.memfdCreate('iolab-doctor', sys.MFD_ALLOW_SEALING), 'memfd_create');
      try {
        succeed(sys.ftruncate(fd, PAGE), 'ftruncate');
        succeed(sys.fcntl(fd, sys.F_ADD_SEALS, sys.F_SEAL_SHRINK), 'fcntl F_ADD_SEALS');
        const r = sys.ftruncate(fd, 0);
        if (r >= 0) throw new Error('the seal was accepted, but the file could be cut all the same');
      } finally {
        sys.close(fd);
      }
    }),
    check('calls', 'tee and splice between pipes', () => {
      withPipe((readEnd, writeEnd) => {
        withPipe((otherRead, otherWrite) => {
          succeed(sys.write(writeEnd, bytes), 'write');
          same('tee', sys.tee(readEnd, otherWrite, 64, sys.SPLICE_F_NONBLOCK), 64);
          same('splice', sys.splice(readEnd, null, otherWrite, null, 64, sys.SPLICE_F_NONBLOCK), 64);
          same('read', sys.read(otherRead, new Uint8Array(128)), 128);
        });
      });
    }),
    check('calls', 'vmsplice', () => {
      withPipe((_, writeEnd) => {
        withMapping(PAGE, (address) => {
          same('vmsplice', sys.vmsplice(writeEnd, new Float64Array([address, 64]), sys.SPLICE_F_NONBLOCK), 64);
        });
      });
    }),
    check('calls', 'timerfd, eventfd, signalfd', () => {
      for (const [name, fd] of [
        ['timerfd_create', sys.timerfdCreate(sys.CLOCK_MONOTONIC, 0)],
        ['eventfd2', sys.eventfd(0, 0)],
        ['signalfd4', sys.signalfd(-1, 0n, 0)],
      ] as const)
        sys.close(succeed(fd, name));
    }),
  ];
}

function same(syscall: string, result: number, expected: number): void {
  if (result < 0) throw new SystemError(-result, syscall);
  if (result !== expected) throw new Error(`${syscall} moved ${result} bytes, not ${expected}`);
}
