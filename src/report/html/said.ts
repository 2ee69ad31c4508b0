/** The same ways as the texts tell them that the claims are taken from: to be drawn beside what was measured. */
import type { Passing, Station } from './way.ts';

export interface SaidHop {
  readonly over: readonly Station[];
  readonly passing: Passing;
  readonly en: string;
  readonly zh: string;
}

export interface Said {
  readonly hops: readonly SaidHop[];
  readonly en: string;
  readonly zh: string;
}

const fromDisk: SaidHop = { over: ['disk', 'file'], passing: 'device', en: 'DMA copy', zh: 'DMA 拷贝' };
const toCard: SaidHop = { over: ['socket', 'card'], passing: 'device', en: 'DMA copy', zh: 'DMA 拷贝' };

export const SAID: Readonly<Record<string, Said>> = {
  'read-write': {
    hops: [
      fromDisk,
      { over: ['file', 'user'], passing: 'copied', en: 'CPU copy', zh: 'CPU 拷贝' },
      { over: ['user', 'socket'], passing: 'copied', en: 'CPU copy', zh: 'CPU 拷贝' },
      toCard,
    ],
    en: 'four copies, two of them by the CPU; “four context switches”',
    zh: '四次拷贝，其中两次由 CPU 完成；“四次上下文切换”',
  },
  'mmap-write': {
    hops: [
      {
        over: ['disk', 'mapping'],
        passing: 'device',
        en: 'DMA copy, past the kernel buffer',
        zh: 'DMA 拷贝，不经内核缓冲区',
      },
      { over: ['mapping', 'socket'], passing: 'copied', en: 'CPU copy', zh: 'CPU 拷贝' },
      toCard,
    ],
    en: 'the disk straight into a mapped user buffer, then one CPU copy',
    zh: '磁盘经内存映射直达用户程序缓冲区，再一次 CPU 拷贝',
  },
  sendfile: {
    hops: [
      fromDisk,
      {
        over: ['file', 'socket'],
        passing: 'reference',
        en: 'descriptors only: position and length',
        zh: '只拷贝描述符：位置和大小',
      },
      toCard,
    ],
    en: 'the CPU passes on position and length, not the data',
    zh: 'CPU 只拷贝数据位置和大小描述符',
  },
  splice: {
    hops: [
      fromDisk,
      {
        over: ['file', 'pipe', 'socket'],
        passing: 'reference',
        en: 'by a pipe, without a CPU copy',
        zh: '管道连接，无需 CPU 拷贝',
      },
      toCard,
    ],
    en: 'a pipe connects file and socket: no CPU copy',
    zh: '管道连接文件与套接字，无需 CPU 拷贝',
  },
};
