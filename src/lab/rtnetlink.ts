/**
 * Asks the kernel for devices and addresses, by rtnetlink(7): as much of it as a pair of connected networks needs. The
 * kernel carries a request out before send(2) is back, and its answer waits then: nothing here waits.
 *
 * A request acts in the network in which its socket was made, wherever the thread is now.
 */

import { check, EPERM, SystemError } from '../io/errors.ts';
import { Fd } from '../io/fd.ts';
import { type Flag, type Layout, offsetOf } from '../native.ts';
import * as net from '../sys/net.ts';
import { AF_INET, AF_UNSPEC, MSG_DONTWAIT, recv, send } from '../sys/socket.ts';

const LITTLE = true;
const ANSWER_BYTES = 8192;

function padded(length: number): number {
  return Math.ceil(length / net.RTA_ALIGNTO) * net.RTA_ALIGNTO;
}

/** A structure of which some fields are not 0. Their widths are those of the C headers. */
function structure(of: Layout, fields: Readonly<Record<string, [width: 1 | 2 | 4, value: number]>>): Uint8Array {
  const bytes = new Uint8Array(padded(of.size));
  const view = new DataView(bytes.buffer);
  for (const [name, [width, value]] of Object.entries(fields)) {
    const at = offsetOf(of, name);
    if (width === 1) view.setUint8(at, value);
    else if (width === 2) view.setUint16(at, value, LITTLE);
    else view.setUint32(at, value, LITTLE);
  }
  return bytes;
}

/** `struct rtattr` and what it holds, which may be attributes again. */
function attribute(type: Flag<'rta'>, ...content: readonly Uint8Array[]): Uint8Array {
  const payload = Buffer.concat(content);
  const length = net.rtattr.size + payload.length;
  const head = structure(net.rtattr, { rta_len: [2, length], rta_type: [2, type] });
  return Buffer.concat([head, payload], padded(length));
}

const text = (value: string) => Buffer.from(`${value}\0`);

function u32(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}

function link(index: number, flags: Flag<'iff'> = 0): Uint8Array {
  return structure(net.ifinfomsg, {
    ifi_family: [1, AF_UNSPEC],
    ifi_index: [4, index],
    ifi_flags: [4, flags],
    ifi_change: [4, flags],
  });
}

function quad(address: string): Uint8Array {
  return Uint8Array.from(address.split('.').map(Number));
}

export interface Device {
  readonly name: string;
  /** Its number in its network. */
  readonly index: number;
}

/** Every network has it, under this number; in a new one it is off. */
export const LOOPBACK_DEVICE: Device = { name: 'lo', index: 1 };

/** Every request throws SystemError with what was asked for: EPERM (needs CAP_NET_ADMIN), EOPNOTSUPP, EEXIST, ENODEV. */
export class RouteNetlink extends Fd {
  #sequence = 0;

  /** In the network that this thread is in. `EMFILE`. */
  static open(): RouteNetlink {
    return RouteNetlink.own(check(net.netlinkRoute(0), 'socket'));
  }

  /** Two devices, a cable between them; the peer in the network of `peerNetwork`, an open /proc/PID/ns/net. veth(4). */
  addVethPair(device: Device, peer: Device, peerNetwork: number): void {
    const other = attribute(
      net.VETH_INFO_PEER,
      link(peer.index),
      attribute(net.IFLA_IFNAME, text(peer.name)),
      attribute(net.IFLA_NET_NS_FD, u32(peerNetwork)),
    );
    const info = attribute(
      net.IFLA_LINKINFO,
      attribute(net.IFLA_INFO_KIND, text('veth')),
      attribute(net.IFLA_INFO_DATA, other),
    );
    const body = [link(device.index), attribute(net.IFLA_IFNAME, text(device.name)), info];
    const what = `a veth pair ${device.name} and ${peer.name}`;
    this.#request(net.RTM_NEWLINK, net.NLM_F_CREATE | net.NLM_F_EXCL, body, what);
  }

  /** Switches a device on. */
  up({ index, name }: Device): void {
    this.#request(net.RTM_NEWLINK, 0, [link(index, net.IFF_UP)], `${name} (device ${index}) up`);
  }

  /** Gives the device an IPv4 address. */
  addAddress({ index, name }: Device, address: string, prefixLength: number): void {
    const head = structure(net.ifaddrmsg, {
      ifa_family: [1, AF_INET],
      ifa_prefixlen: [1, prefixLength],
      ifa_index: [4, index],
    });
    const body = [head, attribute(net.IFA_LOCAL, quad(address)), attribute(net.IFA_ADDRESS, quad(address))];
    const what = `address ${address}/${prefixLength} for ${name} (device ${index})`;
    this.#request(net.RTM_NEWADDR, net.NLM_F_CREATE | net.NLM_F_EXCL, body, what);
  }

  #request(type: Flag<'nlmsg'>, flags: Flag<'nlm'>, body: readonly Uint8Array[], what: string): void {
    const { fd } = this;
    const length = body.reduce((sum, { length }) => sum + length, net.nlmsghdr.size);
    const head = structure(net.nlmsghdr, {
      nlmsg_len: [4, length],
      nlmsg_type: [2, type],
      nlmsg_flags: [2, net.NLM_F_REQUEST | net.NLM_F_ACK | flags],
      nlmsg_seq: [4, ++this.#sequence],
    });
    const message = Buffer.concat([head, ...body], length);
    check(send(fd, message, length, 0), 'send', { fd, text: `asking for ${what}` });
    this.#acknowledged(what);
  }

  #acknowledged(what: string): void {
    const { fd } = this;
    const answer = new Uint8Array(ANSWER_BYTES);
    const bytes = check(recv(fd, answer, ANSWER_BYTES, MSG_DONTWAIT), 'recv', { fd, text: `no answer to ${what}` });
    const view = new DataView(answer.buffer);
    const type = view.getUint16(offsetOf(net.nlmsghdr, 'nlmsg_type'), LITTLE);
    const sequence = view.getUint32(offsetOf(net.nlmsghdr, 'nlmsg_seq'), LITTLE);
    if (bytes < net.nlmsghdr.size + net.nlmsgerr.size || type !== net.NLMSG_ERROR || sequence !== this.#sequence)
      throw new Error(`rtnetlink: asked for ${what}, the answer has ${bytes} bytes, type ${type}, number ${sequence}`);
    const error = -view.getInt32(net.nlmsghdr.size + offsetOf(net.nlmsgerr, 'error'), LITTLE);
    if (error === 0) return;
    const hint = error === EPERM ? 'devices and addresses need CAP_NET_ADMIN' : undefined;
    throw new SystemError(error, 'rtnetlink', { text: `the kernel refused ${what}`, fd, hint });
  }
}
