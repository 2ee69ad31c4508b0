/**
 * Two fresh networks with a cable between them. veth(4) is the one device that everybody has whose features can be changed
 * without harm: it is only ours, and what is sent through it goes through the whole of TCP, IP and the device's queue.
 */
import { check, EPERM } from '../io/errors.ts';
import { File } from '../io/file.ts';
import { Listener } from '../io/listener.ts';
import { Socket } from '../io/socket.ts';
import { CLONE_NEWNET, ETHTOOL_GLINK, ETHTOOL_SSG, ethtoolValue, setns, unshare } from '../sys/net.ts';
import { type Device, LOOPBACK_DEVICE, RouteNetlink } from './rtnetlink.ts';

/** Two sockets that can reach each other. */
export interface Endpoints {
  /** Not connected yet. */
  readonly sender: Socket;
  readonly listener: Listener;
  /** Where the sender finds the listener. */
  readonly host: string;
}

interface Closable {
  close(): void;
}

/** What `make` makes; if it throws, all of `things` is closed, also what `make` added to them. */
export function orClose<T>(things: readonly Closable[], make: () => T): T {
  try {
    return make();
  } catch (error) {
    for (const thing of things) thing.close();
    throw error;
  }
}

const NETWORK = '/proc/thread-self/ns/net';
/** Addresses for documentation (RFC 5737): nobody routes them, and in a fresh network nobody else has them. */
const SENDER_ADDRESS = '192.0.2.1';
const RECEIVER_ADDRESS = '192.0.2.2';
const PREFIX_LENGTH = 24;
const SENDER_DEVICE: Device = { name: 'veth0', index: 2 };
const RECEIVER_DEVICE: Device = { name: 'veth1', index: 3 };

/**
 * Runs `make` in a network that is new. It has no name: it goes with the last descriptor that belongs to it. `make` must
 * not wait, since Node's loop would serve others meanwhile, in the wrong network.
 */
function inFreshNetwork<T>(make: () => T): T {
  const home = File.open(NETWORK);
  try {
    check(unshare(CLONE_NEWNET), 'unshare', { hint: 'a network of one’s own needs CAP_SYS_ADMIN' });
    try {
      return make();
    } finally {
      const text = 'this thread cannot go back to its own network: end the process';
      check(setns(home.fd, CLONE_NEWNET), 'setns', { fd: home.fd, text });
    }
  } finally {
    home.close();
  }
}

/** What was made within a network: later uses of it happen there, wherever the thread is. */
interface Side<T extends Socket | Listener> {
  readonly network: File;
  readonly netlink: RouteNetlink;
  readonly socket: T;
}

function makeSide<T extends Socket | Listener>(makeSocket: () => T): Side<T> {
  const made: Closable[] = [];
  const keep = <C extends Closable>(one: C): C => {
    made.push(one);
    return one;
  };
  return orClose(made, () =>
    inFreshNetwork(() => ({
      network: keep(File.open(NETWORK)),
      netlink: keep(RouteNetlink.open()),
      socket: keep(makeSocket()),
    })),
  );
}

function configure({ netlink }: Side<Socket | Listener>, device: Device, address: string): void {
  netlink.up(LOOPBACK_DEVICE);
  netlink.addAddress(device, address, PREFIX_LENGTH);
  netlink.up(device);
}

function ethtool(socket: Socket | Listener, device: Device, command: number, value: number): number {
  const { fd } = socket;
  const result = ethtoolValue(fd, device.name, command, value);
  const hint = result === -EPERM ? 'changing a device needs CAP_NET_ADMIN' : undefined;
  return check(result, 'ioctl', { fd, text: `ethtool command ${command} for ${device.name} failed`, hint });
}

/** Until a device's queue is set up, which the kernel does later unless it is asked for the carrier, packets are lost. */
function awaitCarrier(socket: Socket | Listener, device: Device): void {
  if (ethtool(socket, device, ETHTOOL_GLINK, 0) !== 1)
    throw new Error(`${device.name} has no carrier, though both ends of the pair are up`);
}

function join(sending: Side<Socket>, receiving: Side<Listener>, scatterGather: boolean | undefined): void {
  sending.netlink.addVethPair(SENDER_DEVICE, RECEIVER_DEVICE, receiving.network.fd);
  configure(sending, SENDER_DEVICE, SENDER_ADDRESS);
  configure(receiving, RECEIVER_DEVICE, RECEIVER_ADDRESS);
  if (scatterGather !== undefined) ethtool(sending.socket, SENDER_DEVICE, ETHTOOL_SSG, scatterGather ? 1 : 0);
  awaitCarrier(sending.socket, SENDER_DEVICE);
  awaitCarrier(receiving.socket, RECEIVER_DEVICE);
}

/**
 * A socket in one fresh network and a listener in another, and a veth pair between the two, up and with addresses.
 * `EPERM` (needs CAP_SYS_ADMIN and CAP_NET_ADMIN), `ENOSPC` (user.max_net_namespaces), `EOPNOTSUPP` (no veth).
 */
export function vethEndpoints(scatterGather?: boolean): Endpoints & { readonly device: string } {
  const sending = makeSide(() => Socket.tcp());
  const opened: Closable[] = [sending.socket];
  const temporary: Closable[] = [sending.network, sending.netlink];
  try {
    return orClose(opened, () => {
      // all addresses, since the device that will have one is not there yet
      const receiving = makeSide(() => Listener.tcp({ host: '0.0.0.0' }));
      opened.push(receiving.socket);
      temporary.push(receiving.network, receiving.netlink);
      join(sending, receiving, scatterGather);
      return { sender: sending.socket, listener: receiving.socket, host: RECEIVER_ADDRESS, device: SENDER_DEVICE.name };
    });
  } finally {
    for (const one of temporary) one.close();
  }
}
