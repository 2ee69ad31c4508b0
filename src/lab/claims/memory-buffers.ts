/** What is said of direct memory: whose memory the kernel reads, where it lies, and whether it stays there. */
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { File } from '../../io/file.ts';
import { Pipe } from '../../io/pipe.ts';
import { procIo } from '../../probe/proc-io.ts';
import { type Touch, userWatchpoints, Watchpoints } from '../../probe/watchpoint.ts';
import { O_WRONLY } from '../../sys/fd.ts';
import type { Case, ClaimDefinition, Reading } from './claim.ts';
import { collect, OwnMemory, whileRead, whileWritten } from './memory-address.ts';
import { control, figure } from './readiness.ts';

const SIZE = 65_536;
const SMALL = 64;
const MANY = 1009;
const READS = 23;

/** Touches of the byte at `address` on this thread: by the kernel, and by code in user mode. */
function touches(address: number, work: () => void): { kernel: Reading['value']; user: Reading['value']; by: string } {
  const capability = userWatchpoints();
  if (!capability.works) {
    const missing = { missing: capability.cause };
    return { kernel: missing, user: missing, by: capability.cause };
  }
  using watchpoints = new Watchpoints([{ label: 'payload', address, access: 'rw' }]);
  const seen = watchpoints.during(work);
  const kernel = seen.filter(({ functions }: Touch) => functions.length > 0);
  return {
    kernel: kernel.length,
    user: seen.length - kernel.length,
    by: kernel.map(({ functions }) => functions.slice(0, 3).join(' < ')).join('; ') || 'nobody in the kernel',
  };
}

/** 0 if what JavaScript writes into `buffer` is at `address` at once: then there is no second place. */
function copiesAt(address: number, buffer: Buffer): number {
  using memory = new OwnMemory();
  randomBytes(64).copy(buffer);
  return memory.holds(address, buffer.subarray(0, 64)) ? 0 : 1;
}

async function bufferInPlace(): Promise<Case[]> {
  const buffer = Buffer.alloc(SIZE, 1);
  const { address, copies } = await whileRead(buffer, (at) => ({ address: at, copies: copiesAt(at, buffer) }));
  const other = Buffer.alloc(SIZE);
  const elsewhere = await whileRead(other, (at) => copiesAt(at, buffer));
  using pipe = Pipe.open({ capacity: 2 * SIZE });
  const read = touches(address, () => {
    for (let i = 0; i < READS; i++) if (buffer[0] === -1) throw new Error('no byte is -1');
  });
  const written = touches(address, () => {
    fs.writeSync(pipe.writeEnd.fd, buffer);
  });
  const controls = [control('memory of another Buffer is no alias', 1, '/proc/self/mem', elsewhere)];
  if (typeof read.user === 'number')
    controls.push(control(`${READS} reads by JavaScript are seen`, READS, 'watchpoint', read.user));
  return [
    {
      condition: '',
      measured: {
        copiesBeforeCall: figure('copies', { 'address in /proc': copies, watchpoint: written.user }),
        kernelTouches: figure('touches', { watchpoint: written.kernel }),
      },
      controls,
      evidence: [
        { instrument: 'address in /proc', saw: 'what JavaScript wrote stood at the address that read(2) was given' },
        { instrument: 'watchpoint', saw: `fs.writeSync of the Buffer: ${written.by}` },
      ],
    },
  ];
}

/** Three bytes a character in UTF-8, two in V8's heap: the two cannot be the same memory. */
const TEXT = '拷贝'.repeat(500);

async function stringCopied(): Promise<Case[]> {
  const encoded = Buffer.from(TEXT, 'utf8');
  using memory = new OwnMemory();
  const given = await whileWritten(TEXT, (address, length) => ({
    length,
    utf8: memory.holds(address, encoded),
    heap: memory.holds(address, Buffer.from(TEXT, 'utf16le')),
  }));
  const buffer = Buffer.from(encoded);
  const inPlace = await whileWritten(buffer, (address) => copiesAt(address, buffer));
  using sink = File.open('/dev/null', O_WRONLY);
  const io = procIo('thread').open();
  let bytes: number;
  try {
    io.begin();
    fs.writeSync(sink.fd, TEXT);
    io.end();
    bytes = io.difference().writeCallBytes ?? 0;
  } finally {
    io.close();
  }
  return [
    {
      condition: '',
      measured: {
        copiesBeforeCall: figure('copies', {
          'address in /proc': given.utf8 && !given.heap ? 1 : 0,
          '/proc/thread-self/io': bytes === encoded.length ? 1 : 0,
        }),
        bytesGiven: figure('bytes', { 'address in /proc': given.length, '/proc/thread-self/io': bytes }),
      },
      controls: [control('a Buffer of the same bytes is written from where it lies', 0, '/proc/self/mem', inPlace)],
      evidence: [
        {
          instrument: 'address in /proc',
          saw: `write(2) was given ${given.length} bytes of UTF-8; in the heap the ${TEXT.length} characters take ${2 * TEXT.length}`,
        },
      ],
    },
  ];
}

interface Growth {
  readonly arrayBuffers: number;
  readonly external: number;
  readonly heapUsed: number;
}

const ROUNDS = 5;

/**
 * What memory `work` takes and keeps. `prepare` is not in the window. A collector that still frees in the background, or
 * runs in between, takes away from one of V8's two counts before the other: such a round is made again.
 */
function growth<T>(prepare: () => T, work: (prepared: T) => unknown): Growth {
  for (let round = 1; ; round++) {
    const prepared = prepare();
    collect();
    collect();
    const before = process.memoryUsage();
    const kept = work(prepared);
    const after = process.memoryUsage();
    const since = (name: keyof Growth) => after[name] - before[name];
    const found = {
      arrayBuffers: since('arrayBuffers'),
      external: since('external'),
      heapUsed: since('heapUsed'),
    };
    if (kept === growth || prepared === growth) throw new Error('never: it keeps both alive up to here');
    if (found.arrayBuffers === found.external || round === ROUNDS) return found;
  }
}

const nothing = () => undefined;
const make = <T>(n: number, one: () => T): T[] => Array.from({ length: n }, one);

function offHeap(): Case[] {
  const idle = growth(nothing, nothing).arrayBuffers;
  const tried = (condition: string, n: number, bytes: number, one: () => unknown): Case => {
    const grown = growth(nothing, () => make(n, one));
    const all = n * bytes;
    return {
      condition,
      measured: {
        offHeapShare: figure('of the bytes', {
          arrayBuffers: grown.arrayBuffers / all,
          external: grown.external / all,
        }),
        heapBytesEach: figure('bytes of V8 heap', { heapUsed: Math.round(grown.heapUsed / n) }),
      },
      controls: [control('nothing allocated, nothing grown', 0, 'arrayBuffers', idle)],
      evidence: [
        {
          instrument: 'process.memoryUsage()',
          saw: `${n} of ${bytes} bytes: ${grown.arrayBuffers} bytes more in arrayBuffers, ${grown.heapUsed} in heapUsed`,
        },
      ],
    };
  };
  return [
    tried('Buffers of 65,536 bytes', 23, SIZE, () => Buffer.alloc(SIZE)),
    tried('Buffers of 65 bytes', MANY, SMALL + 1, () => Buffer.alloc(SMALL + 1)),
    tried('Buffers of 64 bytes', MANY, SMALL, () => Buffer.alloc(SMALL)),
  ];
}

async function gcMoves(): Promise<Case[]> {
  const tried = async (condition: string, bytes: Uint8Array): Promise<Case> => {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const first = await whileRead(buffer, (address) => address);
    for (let i = 0; i < 3; i++) {
      make(10_000, () => ({ garbage: [i] }));
      collect();
    }
    const second = await whileRead(buffer, (address) => address);
    const other = Buffer.alloc(bytes.byteLength);
    const elsewhere = await whileRead(other, (address) => address);
    using memory = new OwnMemory();
    randomBytes(SMALL).copy(buffer);
    return {
      condition,
      measured: {
        moves: figure('moves', {
          'address in /proc': first === second ? 0 : 1,
          '/proc/self/mem': memory.holds(first, buffer.subarray(0, SMALL)) ? 0 : 1,
        }),
      },
      controls: [control('another Buffer has another address', 1, 'address in /proc', Number(elsewhere !== second))],
      evidence: [
        {
          instrument: 'address in /proc',
          saw: `0x${first.toString(16)} before, 0x${second.toString(16)} after three collections`,
        },
      ],
    };
  };
  return [
    await tried('a Buffer of 65,536 bytes', Buffer.alloc(SIZE)),
    await tried('a typed array of 64 bytes, once it was used for I/O', new Uint8Array(SMALL)),
  ];
}

function copiedBeforeIo(): Case[] {
  using sink = File.open('/dev/null', O_WRONLY);
  const write = (arrays: readonly Uint8Array[]) => arrays.map((array) => fs.writeSync(sink.fd, array));
  const tried = (condition: string, n: number, size: number, prepared: () => Uint8Array[]): Case => {
    const { arrayBuffers, external } = growth(prepared, write);
    return {
      condition,
      measured: {
        copiedPerByte: figure('bytes', { arrayBuffers: arrayBuffers / (n * size), external: external / (n * size) }),
      },
      controls: [],
      evidence: [{ instrument: 'process.memoryUsage()', saw: `${n} writes of ${size} bytes each` }],
    };
  };
  const small = () => make(MANY, () => new Uint8Array(SMALL));
  return [
    tried('Buffers outside the heap', 23, SIZE, () => make(23, () => Buffer.alloc(SIZE))),
    tried('typed arrays on the heap, first write', MANY, SMALL, small),
    tried('the same typed arrays, second write', MANY, SMALL, () => {
      const arrays = small();
      write(arrays);
      return arrays;
    }),
  ];
}

function pool(): Case[] {
  const tried = (condition: string, n: number, one: () => Buffer): Case => {
    const known = Buffer.allocUnsafe(1).buffer;
    const stores = new Set<ArrayBufferLike>();
    // asking a small Buffer for its ArrayBuffer is what moves it out of V8's heap
    const { arrayBuffers } = growth(
      () => stores.clear(),
      () => {
        for (const { buffer } of make(n, one)) stores.add(buffer);
      },
    );
    const each = [...stores].at(-1)?.byteLength ?? 0;
    stores.delete(known);
    return {
      condition,
      measured: {
        newArrayBuffers: figure(`for ${n} Buffers`, {
          'identity of .buffer': stores.size,
          arrayBuffers: Math.round(arrayBuffers / each),
        }),
        bytesEach: figure('bytes', { byteLength: each }),
      },
      controls: [],
      evidence: [{ instrument: 'identity of .buffer', saw: `${stores.size} ArrayBuffers of ${each} bytes` }],
    };
  };
  return [
    tried('Buffer.allocUnsafe(10)', 100, () => Buffer.allocUnsafe(10)),
    tried('Buffer.from("10 letters")', 100, () => Buffer.from('10 letters')),
    tried('Buffer.alloc(10)', 100, () => Buffer.alloc(10)),
    tried('Buffer.allocUnsafe(half the pool)', 100, () => Buffer.allocUnsafe(Buffer.poolSize >>> 1)),
  ];
}

const NOTES = 'notes, section 2 (direct memory)';

export const bufferClaims: readonly ClaimDefinition[] = [
  {
    id: 'buffer-in-place',
    statement: {
      en: 'The kernel reads and writes a Node Buffer where it lies: nothing copies it before the call.',
      zh: '内核直接读写 Node 的 Buffer 所在的内存，系统调用之前没有拷贝。',
    },
    source: NOTES,
    scope: 'fs.read and fs.writeSync of one Buffer of 65,536 bytes; up to the system call, not inside it',
    expected: { copiesBeforeCall: 0 },
    recorded: 'holds',
    judge: bufferInPlace,
  },
  {
    id: 'string-copied',
    statement: {
      en: 'A string has to be copied into other memory before the kernel can write it.',
      zh: '字符串必须先编码、拷贝到另一块内存，内核才能写出它。',
    },
    source: `${NOTES}; Node’s documentation of fs.write`,
    scope: 'fs.write and fs.writeSync of a string of 1,000 characters beyond Latin-1, before the system call',
    expected: { copiesBeforeCall: 1 },
    recorded: 'holds',
    judge: stringCopied,
  },
  {
    id: 'buffers-off-heap',
    statement: {
      en: 'Buffers are direct memory: their bytes lie outside V8’s heap.',
      zh: 'Buffer 是直接内存：它的字节在 V8 堆之外。',
    },
    source: NOTES,
    scope: 'memory of this process right after allocation, before any byte is used for I/O',
    expected: { offHeapShare: 1 },
    recorded: 'depends',
    note: {
      en: 'V8 keeps typed arrays of up to 64 bytes, Buffers among them, in its heap until somebody asks for their ArrayBuffer, which I/O does.',
      zh: 'V8 把不超过 64 字节的类型化数组（包括 Buffer）放在堆里，直到有人取它的 ArrayBuffer，而做 I/O 时就会取。',
    },
    judge: offHeap,
  },
  {
    id: 'gc-does-not-move-buffers',
    statement: {
      en: 'The garbage collector does not move a Buffer’s memory, so its address may be given to the kernel.',
      zh: '垃圾回收不会移动 Buffer 的内存，所以它的地址可以交给内核。',
    },
    source: `${NOTES}; java.nio.ByteBuffer on direct buffers`,
    scope: 'one Buffer, its address before and after three collections of the whole heap',
    expected: { moves: 0 },
    recorded: 'holds',
    judge: gcMoves,
  },
  {
    id: 'heap-memory-copied-before-io',
    statement: {
      en: 'Heap memory is copied into direct memory before each I/O; direct memory saves that copy.',
      zh: '堆内存每次做 I/O 前都要先拷贝到直接内存；使用直接内存省去这次拷贝。',
    },
    source: `${NOTES}; sun.nio.ch.IOUtil of Java`,
    scope: 'memory that fs.writeSync to /dev/null takes, for each byte written',
    expected: { copiedPerByte: 1 },
    recorded: 'depends',
    note: {
      en: 'In Java each write from a heap buffer is copied. In Node only a typed array that is still on the heap is, and only once: from then on it lies outside.',
      zh: 'Java 的堆缓冲区每次写都要拷贝；在 Node 里只有还在堆里的小类型化数组会被搬出去，而且只有一次。',
    },
    judge: copiedBeforeIo,
  },
  {
    id: 'buffer-pool',
    statement: {
      en: 'Small Buffers are cut from one pool that they share.',
      zh: '小的 Buffer 是从一个共用的内存池里切出来的。',
    },
    source: 'Node’s documentation of Buffer.poolSize; Netty’s PooledByteBufAllocator',
    scope: '100 Buffers made in a row on the main thread',
    expected: { newArrayBuffers: { max: 1 } },
    recorded: 'depends',
    judge: pool,
  },
];
