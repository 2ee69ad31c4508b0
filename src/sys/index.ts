/**
 * The raw layer: one exported function is one system call, under its kernel name in camelCase, arguments in the order of the
 * man page. It answers what the kernel answers: `>= 0`, or `-errno`. A wrong type or range throws before the call is made.
 * No state, no retry, no exception for an errno: that is what `iolab/io` is for.
 */
import { native } from '../native.ts';

export type { Address, Flag, Memory, Offset, Result, Timeout, View } from '../native.ts';
export * from './cmsg.ts';
export * from './epoll.ts';
export * from './event.ts';
export * from './fd.ts';
export * from './mmap.ts';
export * from './net.ts';
export * from './perf.ts';
export * from './pipe.ts';
export * from './poll.ts';
export * from './process.ts';
export * from './select.ts';
export * from './sendfile.ts';
export * from './sockaddr.ts';
export * from './socket.ts';
export * from './structs.ts';

const { runtime } = native;

/**
 * **Unsafe**: from now on this thread may close `fd`, which these calls did not make; also one of Node's event loop, which
 * ends the process sooner or later. For a descriptor that was inherited or received. Answers `fd`, or `-EBADF` if it is not open.
 *
 * Whoever made it must not close it any more: give it up there first, or adopt a duplicate.
 */
export const adopt = runtime.adopt;

/** Gives responsibility for `fd` up without closing it, for somebody else to take. 1 if it was ours, else 0. */
export const disown = runtime.disown;

/** 1 if this thread may close `fd`: made by these calls, or adopted. Numbers are never shared between Workers. */
export const owns = runtime.owns;
