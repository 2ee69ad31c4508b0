/**
 * What the loopback device does for its senders; and, where this user may, that a fresh network has a loopback of its own.
 *
 * Needs Linux 3.0; the second part CAP_SYS_ADMIN, and says so where it is refused.
 * Run: node --import ./tests/support/typescript.mjs examples/sys/net.ts
 */
import { getSystemErrorName } from 'node:util';
import {
  AF_INET,
  AT_FDCWD,
  CLONE_NEWNET,
  close,
  ETHTOOL_GGRO,
  ETHTOOL_GGSO,
  ETHTOOL_GLINK,
  ETHTOOL_GSG,
  ETHTOOL_GTSO,
  ETHTOOL_GTXCSUM,
  ethtoolValue,
  O_RDONLY,
  openat,
  SOCK_DGRAM,
  setns,
  socket,
  unshare,
} from '../../src/sys/index.ts';

const outside = socket(AF_INET, SOCK_DGRAM, 0);
for (const [name, command] of Object.entries({
  'scatter-gather': ETHTOOL_GSG,
  'TCP segmentation': ETHTOOL_GTSO,
  'generic segmentation': ETHTOOL_GGSO,
  'checksums of what is sent': ETHTOOL_GTXCSUM,
  'joining of what arrives': ETHTOOL_GGRO,
})) {
  const value = ethtoolValue(outside, 'lo', command, 0);
  console.log(`lo, ${name}: ${value < 0 ? getSystemErrorName(value) : value === 1 ? 'on' : 'off'}`);
}

const home = openat(AT_FDCWD, '/proc/thread-self/ns/net', O_RDONLY, 0);
const result = unshare(CLONE_NEWNET);
if (result < 0) console.log(`a network of one's own: ${getSystemErrorName(result)} (needs CAP_SYS_ADMIN)`);
else {
  const inside = socket(AF_INET, SOCK_DGRAM, 0);
  // back before anything else happens: from here on the socket alone is in there
  if (setns(home, CLONE_NEWNET) < 0) process.exit(1);
  const link = (fd: number) => (ethtoolValue(fd, 'lo', ETHTOOL_GLINK, 0) === 1 ? 'up' : 'down');
  console.log(`lo is ${link(outside)} here, and ${link(inside)} in a network of its own`);
  close(inside);
}
close(outside);
close(home);
