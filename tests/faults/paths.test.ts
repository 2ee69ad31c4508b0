/** Every call of every path fails once, in every way, and is cut short in every place. */
import { closeSync, openSync, readSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { SystemError } from '../../src/io/errors.ts';
import { Mapping } from '../../src/io/mapping.ts';
import { Pipe } from '../../src/io/pipe.ts';
import { native } from '../../src/native.ts';
import { type Path, type PathName, type PathOptions, paths, type Transfer } from '../../src/paths/index.ts';
import { Rig, residue } from '../paths/rig.ts';
import { errno } from '../support/errno.ts';
import { withFaults } from '../support/gate.ts';
import { pattern, tempFile } from '../support/temp.ts';

const LENGTH = 40_000;
const OFFSET = 1234;
const content = pattern(64 * 1024);
const options = { chunk: 9000, window: 16_384, pipeCapacity: 32_768 };

/** A transfer of LENGTH bytes over a UNIX socket, whose reader makes no call that the gate would see. */
class Trial {
  readonly rig = new Rig('UNIX', 'nonblocking');
  readonly fd = openSync(tempFile(content), 'r');
  readonly path: Path;
  transfer: Transfer | undefined;
  #received: Buffer[] = [];
  #piece = Buffer.allocUnsafe(LENGTH);

  constructor(path: Path) {
    this.path = path;
  }

  get received(): Buffer {
    return Buffer.concat(this.#received);
  }

  expected(length: number): Buffer {
    return this.path.name === 'null' ? Buffer.alloc(length) : content.subarray(OFFSET, OFFSET + length);
  }

  read(): void {
    try {
      for (;;) {
        const n = readSync(this.rig.reader, this.#piece);
        if (n === 0) return;
        this.#received.push(Buffer.from(this.#piece.subarray(0, n)));
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }

  start(more: PathOptions = {}): Transfer {
    const file = { fd: this.fd, offset: OFFSET, length: LENGTH };
    this.transfer = this.path.start(file, this.rig.sender, { ...options, ...more });
    return this.transfer;
  }

  /** Steps to the end, or to an error that is none of those to go on after. */
  run(transfer: Transfer): number {
    for (;;) {
      const n = transfer.step();
      this.read();
      if (n <= 0 && n !== -errno.EAGAIN && n !== -errno.EINTR) return n;
    }
  }

  [Symbol.dispose](): void {
    this.transfer?.close();
    this.rig[Symbol.dispose]();
    closeSync(this.fd);
  }
}

const { pump } = native;
const { chunk, window } = options;
type Pump = (out: number, fd: number, pipe: Pipe, memory: Mapping) => number;
const pumps: Readonly<Record<PathName, Pump>> = {
  null: (out, _fd, _pipe, { address }) => pump.null(out, address, chunk, LENGTH),
  'read-write': (out, fd, _pipe, { address }) => pump.readWrite(out, fd, OFFSET, address, chunk, LENGTH),
  'mmap-write': (out, fd) => pump.mmapWrite(out, fd, OFFSET, window, chunk, LENGTH),
  sendfile: (out, fd) => pump.sendfile(out, fd, OFFSET, chunk, LENGTH),
  splice: (out, fd, { readEnd, writeEnd }) => pump.splice(out, fd, OFFSET, readEnd.fd, writeEnd.fd, chunk, LENGTH),
  vmsplice: (out, fd, { readEnd, writeEnd }, { address }) =>
    pump.vmsplice(out, fd, OFFSET, readEnd.fd, writeEnd.fd, address, chunk, LENGTH),
};

describe.each(Object.values(paths))('$name', (path) => {
  test.each(['EIO', 'ENOMEM', 'EINTR', 'EAGAIN', 'EINVAL'] as const)(
    'every call fails once with %s: nothing is lost, doubled or leaked, and it can go on',
    (code) => {
      const failure = { error: errno[code] };
      for (let nth = 1; ; nth++) {
        using trial = new Trial(path);
        let result = 0;
        let thrown: unknown;
        const { fired } = withFaults({ ...failure, nth }, () => {
          try {
            result = trial.run(trial.start());
          } catch (error) {
            thrown = error;
          }
        });
        if (fired === 0) {
          expect(nth).toBeGreaterThan(4);
          break;
        }
        const { transfer } = trial;
        if (transfer === undefined) {
          expect(thrown).toBeInstanceOf(SystemError);
          expect(thrown).toMatchObject({ code });
          continue;
        }
        expect(thrown).toBeUndefined();
        expect(transfer.left).toBe(transfer.taken - transfer.delivered);
        expect(trial.received.equals(trial.expected(transfer.delivered))).toBe(true);
        if (path.name === 'splice') expect(residue(transfer)).toBe(transfer.left);
        if (result < 0) {
          expect(transfer.error).toMatchObject({ errno: -result });
          expect(trial.run(transfer)).toBe(0);
        }
        expect(trial.received.equals(trial.expected(LENGTH))).toBe(true);
      }
    },
  );

  test.each([1, 100, 4095])('every call moves at most %i bytes, and all arrive', (shorten) => {
    using trial = new Trial(path);
    const { fired } = withFaults({ every: 1, shorten }, () => {
      expect(trial.run(trial.start())).toBe(0);
    });
    expect(fired).toBeGreaterThanOrEqual(LENGTH / Math.max(shorten, 4095));
    expect(trial.received.equals(trial.expected(LENGTH))).toBe(true);
    expect([trial.transfer?.taken, trial.transfer?.left]).toEqual([LENGTH, 0]);
  });

  test.each([0, 1, 2, 3, 5, 7])('short counts on every call after %i others', (nth) => {
    using trial = new Trial(path);
    withFaults({ nth: nth + 1, shorten: 777 }, () => {
      expect(trial.run(trial.start())).toBe(0);
    });
    expect(trial.received.equals(trial.expected(LENGTH))).toBe(true);
  });

  test.each<PathOptions>([{}, { chunk: 65_536 }, { chunk: 1000, window: 4096 }, { chunk: 12_288, populate: true }])(
    'counts its own calls rightly with %o',
    (more) => {
      using trial = new Trial(path);
      const { seen } = withFaults({}, () => {
        const transfer = trial.start(more);
        expect(trial.run(transfer)).toBe(0);
        transfer.close();
      });
      expect(trial.transfer?.calls).toBe(seen);
    },
  );

  test('counts its own calls rightly when a call fails, those for the hint included', () => {
    using trial = new Trial(path);
    let transfer: Transfer | undefined;
    const { seen } = withFaults({}, () => {
      transfer = path.start({ fd: trial.fd, offset: OFFSET, length: LENGTH }, 1_000_000, options);
      expect(transfer.step()).toBe(-errno.EBADF);
      transfer.close();
    });
    expect(transfer?.error?.hint).toBe('socket 1000000 is not open');
    expect(transfer?.calls).toBe(seen);
  });

  test('the C++ pump makes the same calls and delivers the same bytes', () => {
    using trial = new Trial(path);
    using pumped = new Trial(path);
    const transfer = trial.start();
    const { seen } = withFaults({}, () => {
      expect(trial.run(transfer)).toBe(0);
      // the pump's mapping is its own, too
      if (path.name === 'mmap-write') transfer.close();
    });
    // the memory that vmsplice gets at its first step is given to the pump
    const setup = path.name === 'vmsplice' ? 1 : 0;
    using pipe = Pipe.open({ capacity: options.pipeCapacity });
    using memory = Mapping.anonymous(options.chunk);
    const pump = withFaults({}, () => {
      expect(pumps[path.name](pumped.rig.sender, pumped.fd, pipe, memory)).toBe(LENGTH);
    });
    pumped.read();
    expect(pumped.received.equals(trial.received)).toBe(true);
    expect(pump.seen).toBe(seen - setup);
  });
});

describe('vmsplice', () => {
  test.each(['EOPNOTSUPP', 'EINVAL', 'ENOSYS', 'EPERM'] as const)(
    '%s names the path that works, which can take over',
    (code) => {
      using trial = new Trial(paths.vmsplice);
      const transfer = trial.start();
      // pipe2 and fcntl are behind it; mmap, pread, then vmsplice
      withFaults({ nth: 3, error: errno[code] }, () => expect(transfer.step()).toBe(-errno[code]));
      expect(transfer.error).toMatchObject({
        errno: errno[code],
        syscall: 'vmsplice',
        hint: expect.stringContaining('read-write'),
      });
      expect([transfer.taken, transfer.delivered, transfer.left]).toEqual([chunk, 0, chunk]);
      const rest = { fd: trial.fd, offset: OFFSET + transfer.delivered, length: LENGTH - transfer.delivered };
      using fallback = paths['read-write'].start(rest, trial.rig.sender);
      expect(trial.run(fallback)).toBe(0);
      expect(trial.received.equals(trial.expected(LENGTH))).toBe(true);
    },
  );

  test('takes new memory where the pages cannot be dropped', () => {
    using trial = new Trial(paths.vmsplice);
    const transfer = trial.start();
    expect(transfer.step()).toBe(chunk);
    const [before] = transfer.buffers;
    withFaults({ nth: 1, error: errno.EINVAL }, () => expect(transfer.step()).toBe(chunk));
    expect(trial.run(transfer)).toBe(0);
    expect(before).toMatchObject({ kind: 'memory' });
    expect(trial.received.equals(trial.expected(LENGTH))).toBe(true);
  });
});
