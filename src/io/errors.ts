/**
 * The one place where an errno becomes an exception. Expected outcomes (would block, end of file) are values; what is
 * thrown is a {@link SystemError}, shaped like Node's own. See `docs/io/errors.md`.
 */
import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';

export const { EAGAIN, EBADF, EINTR, EINVAL, ENOMEM, ENOSYS, EPERM } = constants.errno;

/** What the kernel may answer and libuv has no name for. Numbers of asm-generic/errno.h (x86-64 and arm64). */
const BEYOND_LIBUV: Readonly<Record<number, readonly [code: string, text: string]>> = {
  8: ['ENOEXEC', 'exec format error'],
  10: ['ECHILD', 'no child processes'],
  33: ['EDOM', 'numerical argument out of domain'],
  35: ['EDEADLK', 'resource deadlock would occur'],
  37: ['ENOLCK', 'no record locks available'],
  42: ['ENOMSG', 'no message of that type'],
  43: ['EIDRM', 'identifier removed'],
  60: ['ENOSTR', 'not a stream'],
  62: ['ETIME', 'timer expired'],
  63: ['ENOSR', 'out of streams resources'],
  67: ['ENOLINK', 'link has been severed'],
  72: ['EMULTIHOP', 'multihop attempted'],
  74: ['EBADMSG', 'not a data message'],
  77: ['EBADFD', 'file descriptor in bad state'],
  102: ['ENETRESET', 'network dropped connection on reset'],
  115: ['EINPROGRESS', 'operation now in progress'],
  116: ['ESTALE', 'stale file handle'],
  117: ['EUCLEAN', 'file system needs cleaning'],
  122: ['EDQUOT', 'disk quota exceeded'],
  126: ['ENOKEY', 'required key not available'],
  130: ['EOWNERDEAD', 'owner died'],
  131: ['ENOTRECOVERABLE', 'state not recoverable'],
  133: ['EHWPOISON', 'memory page has a hardware error'],
  // never meant for user space, but some drivers and file systems let it out
  524: ['ENOTSUPP', 'operation is not supported'],
};

/** `EPIPE` for 32, with the text that Node would show. A number that nobody knows keeps its number: `ERRNO_999`. */
export function describeErrno(errno: number): readonly [code: string, text: string] {
  return getSystemErrorMap().get(-errno) ?? BEYOND_LIBUV[errno] ?? [`ERRNO_${errno}`, `unknown error ${errno}`];
}

export interface ErrorContext {
  /** A code of iolab's own (`ERR_*`, `EBADF_CLOSED`), where the errno alone would not tell enough. */
  code?: string;
  /** Says what is wrong, instead of the errno's text. */
  text?: string;
  fd?: number;
  path?: string;
  /** Why, and the way that works. */
  hint?: string | undefined;
}

/** A system call failed in a way that its caller could not expect. `message`: `EPIPE: broken pipe, write`. */
export class SystemError extends Error {
  /** `EPIPE`, or a code of iolab's own. */
  readonly code: string;
  /** Positive, as in errno(3). (Node's own errors have it negative.) */
  readonly errno: number;
  /** The call by its kernel name. */
  readonly syscall: string;
  declare readonly fd?: number;
  declare readonly path?: string;
  /** Why it failed and the way that works, where that is known. It is part of the message, too. */
  declare readonly hint?: string;

  constructor(errno: number, syscall: string, context: ErrorContext = {}) {
    const [name, text] = describeErrno(errno);
    const code = context.code ?? name;
    let message = `${code}: ${context.text ?? text}, ${syscall}`;
    if (context.path !== undefined) message += ` '${context.path}'`;
    if (context.hint !== undefined) message += ` (${context.hint})`;
    super(message);
    this.name = 'SystemError';
    this.code = code;
    this.errno = errno;
    this.syscall = syscall;
    if (context.fd !== undefined) this.fd = context.fd;
    if (context.path !== undefined) this.path = context.path;
    if (context.hint !== undefined) this.hint = context.hint;
  }
}

/** `result` if the call succeeded; throws what it failed with. */
export function check(result: number, syscall: string, context?: ErrorContext): number {
  if (result >= 0) return result;
  throw new SystemError(-result, syscall, context);
}

/** {@link check}, with `undefined` for a call that would have had to wait (EAGAIN). */
export function checkReady(result: number, syscall: string, context?: ErrorContext): number | undefined {
  return result === -EAGAIN ? undefined : check(result, syscall, context);
}

/**
 * Makes a call again as long as a signal interrupted it before it did anything. Only for calls that do not wait (a wait
 * has to shorten its time-out by what has passed), and never for close(2), which has closed whatever it answers.
 */
export function retryOnEintr(call: () => number): number {
  for (;;) {
    const result = call();
    if (result !== -EINTR) return result;
  }
}
