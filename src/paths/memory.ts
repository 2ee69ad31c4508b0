/** Page-aligned memory outside V8's heap: the kernel may keep referring to its pages, and a verifier may watch them. */
import { constant, native } from '../native.ts';
import { PAGE_SIZE } from './transfer.ts';

const { sys } = native;
const PROT = constant<'prot'>('PROT_READ') | constant<'prot'>('PROT_WRITE');
const ANONYMOUS = constant<'map'>('MAP_PRIVATE') | constant<'map'>('MAP_ANONYMOUS');

export class Memory {
  readonly address: number;
  readonly length: number;

  constructor(length: number, flags = 0) {
    this.length = Math.ceil(length / PAGE_SIZE) * PAGE_SIZE;
    this.address = sys.mmap(this.length, PROT, ANONYMOUS | flags, -1, 0);
    if (this.address < 0) throw new Error(`mmap ${this.address}`);
  }

  close(): void {
    native.runtime.unmap(this.address);
  }
}
