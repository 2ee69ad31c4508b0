/** Page-aligned memory outside V8's heap: the kernel may keep referring to its pages, and a verifier may watch them. */
import { check } from '../io/errors.ts';
import { native } from '../native.ts';
import { MAP_ANONYMOUS, MAP_PRIVATE, mmap, PROT_READ, PROT_WRITE } from '../sys/mmap.ts';
import { PAGE_SIZE } from './transfer.ts';

export class Memory {
  readonly address: number;
  readonly length: number;

  constructor(length: number, flags = 0) {
    this.length = Math.ceil(length / PAGE_SIZE) * PAGE_SIZE;
    this.address = check(mmap(this.length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0), 'mmap');
  }

  close(): void {
    native.runtime.unmap(this.address);
  }
}
