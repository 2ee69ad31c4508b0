/**
 * What a network device does for its senders: whether it takes a packet in pieces (scatter-gather), cuts and joins packets,
 * and handles checksums. These decide whether `sendfile` can pass pages on or has to copy them.
 *
 * Scope: the settings of one device in the network of the socket that is asked with, at this moment; not what became of a
 * packet. Read before and after a transfer, never in it: one ioctl(2) a feature, 1 µs, which disturbs nothing. Needs no
 * privilege. Since Linux 2.4; netdevice(7), SIOCETHTOOL.
 */
import { describeErrno } from '../io/errors.ts';
import type { Fd } from '../io/fd.ts';
import { Socket } from '../io/socket.ts';
import type { Evidence } from '../model/evidence.ts';
import { type Capability, refused, works } from '../model/works.ts';
import {
  ETHTOOL_GGRO,
  ETHTOOL_GGSO,
  ETHTOOL_GRXCSUM,
  ETHTOOL_GSG,
  ETHTOOL_GTSO,
  ETHTOOL_GTXCSUM,
  ethtoolValue,
} from '../sys/net.ts';
import { once } from './instrument.ts';

const INSTRUMENT = 'device';

const COMMANDS = {
  /** Takes a packet in pieces, so that pages need not be copied into one. */
  scatterGather: ETHTOOL_GSG,
  /** Cuts what TCP hands over into packets itself. */
  tcpSegmentation: ETHTOOL_GTSO,
  /** The kernel cuts it, as late as possible. */
  genericSegmentation: ETHTOOL_GGSO,
  /** Fills in the checksums of what is sent: otherwise the CPU reads every byte. */
  sendChecksum: ETHTOOL_GTXCSUM,
  /** Checks those of what arrives. */
  receiveChecksum: ETHTOOL_GRXCSUM,
  /** Packets that arrive together are joined before TCP sees them (GRO). */
  genericReceive: ETHTOOL_GGRO,
} as const;

export type DeviceFeature = keyof typeof COMMANDS;
export const deviceFeatureNames = Object.keys(COMMANDS) as readonly DeviceFeature[];
/** Each is 1 (on), 0 (off), or why that cannot be told. */
export type DeviceFeatures = Readonly<Record<DeviceFeature, Evidence>>;

/** One feature of `device`, as the network of `socket` has it; with a {@link Route}'s sender that of the route. */
export function deviceFeature(socket: Fd, device: string, feature: DeviceFeature): Evidence {
  const command = COMMANDS[feature];
  if (command === undefined)
    throw new RangeError(`feature must be one of ${deviceFeatureNames.join(', ')}, got ${String(feature)}`);
  const value = ethtoolValue(socket.fd, device, command, 0);
  if (value >= 0) return { value, unit: 'on', instrument: INSTRUMENT };
  const [code, text] = describeErrno(-value);
  return { missing: `${feature} of ${device}, by SIOCETHTOOL: ${code}, ${text}` };
}

export function deviceFeatures(socket: Fd, device: string): DeviceFeatures {
  const features = {} as Record<DeviceFeature, Evidence>;
  for (const name of deviceFeatureNames) features[name] = deviceFeature(socket, device, name);
  return features;
}

/** Asked about loopback, whose scatter-gather nobody can switch off, and about a device that is not there. */
export const deviceCapability: () => Capability = once(() => {
  using socket = Socket.tcp();
  for (const name of deviceFeatureNames) {
    const seen = deviceFeature(socket, 'lo', name);
    if ('missing' in seen) return refused(seen.missing);
  }
  const always = deviceFeature(socket, 'lo', 'scatterGather');
  if (!('value' in always) || always.value !== 1) return refused('loopback is said to have no scatter-gather');
  const nobody = deviceFeature(socket, 'no such dev', 'scatterGather');
  return 'missing' in nobody ? works : refused('it has an answer for a device that is not there');
});
