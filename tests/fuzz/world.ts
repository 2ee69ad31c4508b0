/**
 * What the calls are made on: one descriptor of each kind, mappings, memory with canaries around it. `tidy()` closes
 * everything that the calls have opened, and holds what is left against what was there at first.
 */
import { closeSync, mkdirSync, openSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { native } from '../../src/native.ts';

const { sys, pump, runtime, constants } = native;
const c = (name: string): number => constants[name] ?? 0;

const CANARY = 0xa5;
const MARGIN = 64;
const PAGES = 4;
const PAGE = 4096;

/** Numbers that `dup3` may fill; nobody else has descriptors up there. */
export const HIGH_FD = 900;

export class World {
  /** By name: what a generated argument stands for when the call is made. */
  readonly fds = new Map<string, number>();
  /** Descriptors that Node's event loop lives on, and one that `node:fs` opened: the addon must keep off them. */
  readonly guarded: number[] = [];
  foreign = -1;
  address = 0;
  /** Set when code of ours ran that a decoder must not run: a getter, valueOf, toString, a proxy's trap. */
  touched = '';
  readonly #canaries: { buffer: ArrayBufferLike; from: number; to: number }[] = [];
  readonly #watches = new Set<number>();
  readonly #services = new Set<number>();
  readonly #mapped: { address: number; length: number }[] = [];
  readonly #baseline: Set<number>;

  constructor() {
    mkdirSync('dir', { recursive: true });
    this.foreign = openSync('foreign', 'w+');
    for (const name of readdirSync('/proc/self/fd')) if (runtime.guards(Number(name)) === 1) this.guarded.push(+name);
    this.#baseline = new Set(open());
    this.build();
  }

  /** Memory of `length` bytes in the middle of more; the rest must be unchanged after the call. */
  surround(buffer: ArrayBufferLike, length: number, fill: number): number {
    const all = new Uint8Array(buffer);
    all.fill(CANARY);
    all.fill(fill, MARGIN, MARGIN + length);
    this.#canaries.push({ buffer, from: MARGIN, to: MARGIN + length });
    return MARGIN;
  }

  static room(length: number): number {
    return length + 2 * MARGIN;
  }

  /** Whether a call wrote outside the memory that it was given. */
  overwritten(): boolean {
    for (const { buffer, from, to } of this.#canaries.splice(0)) {
      const all = new Uint8Array(buffer);
      for (let i = 0; i < all.length; i++) if ((i < from || i >= to) && all[i] !== CANARY) return true;
    }
    return false;
  }

  /** Remembers what has to be given back. */
  made(call: string, args: readonly unknown[], result: unknown): void {
    if (typeof result !== 'number' || result < 0) return;
    if (call === 'disown' && result === 1) runtime.adopt(Number(args[0]));
    if (call === 'watchClose') this.#watches.delete(Number(args[0]));
    if (call === 'watchOpen') this.#watches.add(result);
    if (call === 'threadsStart') this.#services.add(result);
    if (call === 'threadsStop') this.#services.delete(Number(args[0]));
    if (call === 'mmap') {
      const length = Number(args[0]);
      // more than a few pages could not be walked through below
      if (length > 16 * PAGE) runtime.unmap(result);
      else this.#mapped.push({ address: result, length });
    }
  }

  /** The id of one of the watches that are open. */
  watch(i: number): number {
    return [...this.#watches][i] ?? 0;
  }

  build(): void {
    writeFileSync('dir/file', 'in the directory');
    writeFileSync('file', Buffer.alloc(65_536, 'iolab'));
    const pair = new Int32Array(2);
    const add = (name: string, fd: number) => {
      if (fd >= 0) this.fds.set(name, fd);
    };
    const ends = (a: string, b: string) => {
      add(a, pair[0] ?? -1);
      add(b, pair[1] ?? -1);
    };
    const nonblock = c('SOCK_NONBLOCK');
    add('file', sys.openat(c('AT_FDCWD'), 'file', c('O_RDWR'), 0));
    add('dir', sys.openat(c('AT_FDCWD'), 'dir', c('O_PATH') | c('O_DIRECTORY'), 0));
    add('null', sys.openat(c('AT_FDCWD'), '/dev/null', c('O_RDWR'), 0));
    add('copy', sys.openat(c('AT_FDCWD'), 'copy', c('O_RDWR') | c('O_CREAT') | c('O_TRUNC'), 0o600));
    add('memfd', sys.memfdCreate('fuzz', c('MFD_ALLOW_SEALING')));
    sys.pipe2(pair, c('O_NONBLOCK'));
    ends('pipeRead', 'pipeWrite');
    sys.write(this.fds.get('pipeWrite') ?? -1, Buffer.from('some bytes'));
    sys.pipe2(pair, c('O_NONBLOCK'));
    ends('otherEnd', 'otherPipe');
    sys.socketpair(c('AF_UNIX'), c('SOCK_STREAM') | nonblock, 0, pair);
    ends('unixA', 'unixB');
    add('listener', sys.socket(c('AF_INET'), c('SOCK_STREAM') | nonblock, 0));
    const address = loopback();
    sys.bind(this.fds.get('listener') ?? -1, address);
    sys.listen(this.fds.get('listener') ?? -1, 8);
    sys.getsockname(this.fds.get('listener') ?? -1, address, Int32Array.of(16));
    add('tcp', sys.socket(c('AF_INET'), c('SOCK_STREAM') | nonblock, 0));
    sys.connect(this.fds.get('tcp') ?? -1, address);
    add('udp', sys.socket(c('AF_INET'), c('SOCK_DGRAM') | nonblock, 0));
    add('epoll', sys.epollCreate1(0));
    sys.epollCtl(this.fds.get('epoll') ?? -1, c('EPOLL_CTL_ADD'), this.fds.get('pipeRead') ?? -1, c('EPOLLIN'), 7n);
    add('eventfd', sys.eventfd(0, c('EFD_NONBLOCK')));
    add('timerfd', sys.timerfdCreate(c('CLOCK_MONOTONIC'), c('TFD_NONBLOCK')));
    const attr = new Uint32Array(28);
    attr.set([c('PERF_TYPE_SOFTWARE'), 112, c('PERF_COUNT_SW_PAGE_FAULTS')]);
    add('perf', sys.perfEventOpen(attr, 0, -1, -1, 0));
    const protection = c('PROT_READ') | c('PROT_WRITE');
    this.address = sys.mmap(PAGES * PAGE, protection, c('MAP_PRIVATE') | c('MAP_ANONYMOUS'), -1, 0);
    this.#mapped.push({ address: this.address, length: PAGES * PAGE });
  }

  /** Gives everything back; answers what could not be. */
  tidy(): string[] {
    for (const id of this.#watches) runtime.watchClose(id);
    this.#watches.clear();
    for (const id of this.#services) pump.threadsStop(id);
    this.#services.clear();
    const left: string[] = [];
    for (const fd of open()) {
      if (this.#baseline.has(fd)) continue;
      if (runtime.owns(fd) === 1) sys.close(fd);
      else left.push(`descriptor ${fd} -> ${target(fd)} is not known to the addon`);
    }
    for (const fd of this.#baseline) if (target(fd) === '') left.push(`descriptor ${fd} was closed`);
    for (const { address, length } of this.#mapped.splice(0))
      for (let at = address; at < address + length; at += PAGE) unmap(at);
    if (runtime.mappings() !== 0) left.push(`${runtime.mappings()} mappings`);
    this.fds.clear();
    rmSync('made', { recursive: true, force: true });
    return left;
  }

  end(): void {
    closeSync(this.foreign);
  }
}

/** Calls may have cut the mapping in pieces: whatever begins here goes. */
function unmap(address: number): void {
  try {
    runtime.unmap(address);
  } catch {
    // nothing of ours is there any more
  }
}

export function loopback(): Uint8Array {
  const bytes = new Uint8Array(16);
  new Uint16Array(bytes.buffer)[0] = c('AF_INET');
  bytes.set([127, 0, 0, 1], 4);
  return bytes;
}

function open(): number[] {
  return readdirSync('/proc/self/fd')
    .map(Number)
    .filter((fd) => target(fd) !== '');
}

/** What a descriptor points to; empty when it is closed by now, as the one that readdir used. */
function target(fd: number): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return '';
  }
}
