/** Why epoll_ctl(2) refused, in words: it has a dozen reasons and few numbers for them. */
import { constants } from 'node:os';
import { SystemError } from './errors.ts';

const { EBADF, EEXIST, EINVAL, ELOOP, ENOENT, ENOSPC, EPERM } = constants.errno;

const HINTS: Readonly<Record<number, string>> = {
  [EBADF]: 'the descriptor is not open',
  [EEXIST]: 'it is watched already: modify() changes what is looked for',
  [ELOOP]: 'epoll objects that watch each other in a circle, or nested more than 5 deep',
  [ENOENT]: 'it is not watched: add() it first',
  [ENOSPC]: 'the limit of /proc/sys/fs/epoll/max_user_watches',
  [EPERM]: 'a regular file or a directory is always ready and cannot be watched: read it with File, or in a Worker',
};

/** Throws what epoll_ctl answered for `fd` in the set `epfd`. */
export function refuseControl(result: number, fd: number, epfd: number, method: 'add' | 'modify' | 'delete'): never {
  const errno = -result;
  let hint = HINTS[errno];
  if (errno === EINVAL)
    hint = fd === epfd ? 'an epoll object cannot watch itself' : 'exclusive cannot be asked for an epoll object';
  throw new SystemError(errno, 'epoll_ctl', { fd, text: `cannot ${method} descriptor ${fd}`, hint });
}
