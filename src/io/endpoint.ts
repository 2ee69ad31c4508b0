/** What a {@link Socket} and a {@link Listener} have in common: options and an address of their own. */
import { native } from '../native.ts';
import { decodeSockaddr, SOCKADDR_SIZE, type SocketAddress } from '../sys/sockaddr.ts';
import { SO_ERROR, SO_RCVBUF, SO_SNDBUF, SOL_SOCKET } from '../sys/socket.ts';
import { check } from './errors.ts';
import { Fd } from './fd.ts';

const { sys } = native;

// filled and read within one call, so one of each is enough for a thread
const value = new Int32Array(1);
const length = new Int32Array(1);
const address = new Uint8Array(SOCKADDR_SIZE);

export abstract class Endpoint extends Fd {
  /** An option whose value is an int, such as `SOL_SOCKET`, `SO_KEEPALIVE`. `ENOPROTOOPT`. setsockopt(2), socket(7), tcp(7). */
  setOption(level: number, name: number, to: number): void {
    if (!Number.isInteger(to) || to < -(2 ** 31) || to >= 2 ** 31)
      throw Object.assign(new RangeError(`the option's value must be a 32-bit integer, got ${to}`), {
        code: 'ERR_OUT_OF_RANGE',
      });
    const { fd } = this;
    value[0] = to;
    check(sys.setsockopt(fd, level, name, value), 'setsockopt', { fd });
  }

  /** `ENOPROTOOPT`. getsockopt(2). */
  getOption(level: number, name: number): number {
    const { fd } = this;
    // an option of fewer bytes leaves the others as they are
    value[0] = 0;
    length[0] = value.byteLength;
    check(sys.getsockopt(fd, level, name, value, length), 'getsockopt', { fd });
    return value[0];
  }

  /** The pending error (0: none), which is none any more then. SO_ERROR. */
  takeError(): number {
    return this.getOption(SOL_SOCKET, SO_ERROR);
  }

  /** Bytes. The kernel sets twice what it is told, for its own overhead, and answers that. SO_SNDBUF. */
  get sendBuffer(): number {
    return this.getOption(SOL_SOCKET, SO_SNDBUF);
  }

  set sendBuffer(bytes: number) {
    this.setOption(SOL_SOCKET, SO_SNDBUF, bytes);
  }

  /** Bytes; as {@link sendBuffer}. Accepted sockets take it over from their listener. SO_RCVBUF. */
  get receiveBuffer(): number {
    return this.getOption(SOL_SOCKET, SO_RCVBUF);
  }

  set receiveBuffer(bytes: number) {
    this.setOption(SOL_SOCKET, SO_RCVBUF, bytes);
  }

  /** Its own address: tells the port that the kernel chose. getsockname(2). */
  localAddress(): SocketAddress {
    return this.#address(sys.getsockname, 'getsockname');
  }

  protected peerAddress(): SocketAddress {
    return this.#address(sys.getpeername, 'getpeername');
  }

  #address(call: typeof sys.getsockname, syscall: string): SocketAddress {
    const { fd } = this;
    length[0] = SOCKADDR_SIZE;
    check(call(fd, address, length), syscall, { fd });
    return decodeSockaddr(address, length[0]);
  }
}
