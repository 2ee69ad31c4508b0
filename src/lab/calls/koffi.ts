/** The rival: libc's functions through koffi, if it is installed. It is a development dependency, never ours at run time. */
import type { KoffiCall, NativeName } from './cases.ts';

const PROTOTYPES: Readonly<Record<NativeName, string>> = {
  epollWait: 'int epoll_wait(int, void *, int, int)',
  epollCtl2: 'int epoll_ctl(int, int, int, void *)',
  poll: 'int poll(void *, unsigned long, int)',
  select: 'int select(int, void *, void *, void *, void *)',
  read: 'long read(int, void *, size_t)',
  write: 'long write(int, void *, size_t)',
  pread: 'long pread(int, void *, size_t, int64_t)',
  pwrite: 'long pwrite(int, void *, size_t, int64_t)',
  send: 'long send(int, void *, size_t, int)',
  recv: 'long recv(int, void *, size_t, int)',
  recvDiscard: 'long recv(int, void *, size_t, int)',
  sendfile: 'long sendfile(int, int, void *, size_t)',
  splice: 'long splice(int, void *, int, void *, size_t, unsigned int)',
  tee: 'long tee(int, int, size_t, unsigned int)',
  lseek: 'int64_t lseek(int, int64_t, int)',
  fionread: 'int ioctl(int, unsigned long, void *)',
  fstat: 'int fstat(int, void *)',
  getrusage: 'int getrusage(int, void *)',
  clockGettime: 'int clock_gettime(int, void *)',
  gettid: 'int gettid()',
};

const LIBRARIES = ['libc.so.6', 'libc.so', 'libc.musl-x86_64.so.1', 'libc.musl-aarch64.so.1'];

export interface KoffiLibrary {
  readonly version: string;
  bind(name: NativeName): KoffiCall;
}

/** Throws an Error that says why there is no koffi to compare with. */
export async function loadKoffi(): Promise<KoffiLibrary> {
  const module = await import('koffi').catch((error: NodeJS.ErrnoException) => {
    throw new Error(error.code === 'ERR_MODULE_NOT_FOUND' ? 'koffi is not installed' : `koffi: ${error.message}`);
  });
  const koffi = module.default;
  for (const name of LIBRARIES) {
    try {
      const library = koffi.load(name);
      return { version: koffi.version, bind: (call) => library.func(PROTOTYPES[call]) as KoffiCall };
    } catch {
      // another libc's name
    }
  }
  throw new Error(`koffi finds none of ${LIBRARIES.join(', ')}`);
}
