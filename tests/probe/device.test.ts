import { describe, expect, test } from 'vitest';
import { Socket } from '../../src/io/socket.ts';
import { openRoute, vethCapability } from '../../src/lab/routes.ts';
import { deviceCapability, deviceFeature, deviceFeatureNames, deviceFeatures } from '../../src/probe/device.ts';
import { ETHTOOL_SGRO, ETHTOOL_SSG, ETHTOOL_STXCSUM, ethtoolValue } from '../../src/sys/net.ts';

const veth = vethCapability();
const reason = veth.works ? '' : ` (${veth.cause})`;

/** Name to 1 or 0; fails if one of them is missing. */
function values(socket: Socket, device: string): Record<string, number> {
  return Object.fromEntries(
    Object.entries(deviceFeatures(socket, device)).map(([name, seen]) => [
      name,
      'value' in seen ? seen.value : expect.fail(seen.missing),
    ]),
  );
}

test('works for everybody', () => {
  expect(deviceCapability()).toEqual({ works: true });
});

test('loopback takes pieces, and leaves segments and checksums alone', () => {
  using socket = Socket.tcp();
  expect(values(socket, 'lo')).toMatchObject({
    scatterGather: 1,
    tcpSegmentation: 1,
    genericSegmentation: 1,
    sendChecksum: 1,
  });
});

test('what cannot be told is missing, with the reason, and never 0', () => {
  using socket = Socket.tcp();
  for (const seen of Object.values(deviceFeatures(socket, 'nosuch0')))
    expect(seen).toEqual({ missing: expect.stringMatching(/of nosuch0, by SIOCETHTOOL: ENODEV/) });
  // @ts-expect-error: no such feature
  expect(() => deviceFeature(socket, 'lo', 'teleport')).toThrow(/feature must be one of scatterGather, .*got teleport/);
});

describe.skipIf(!veth.works)(`a veth pair${reason}`, () => {
  test.each([true, false])('scatter-gather %s, asked for, is read back, with what depends on it', (on) => {
    using route = openRoute('veth', { scatterGather: on });
    const value = on ? 1 : 0;
    expect(values(route.sender, 'veth0')).toMatchObject({
      scatterGather: value,
      tcpSegmentation: value,
      genericSegmentation: value,
      sendChecksum: 1,
    });
    // the other end is a device of its own
    expect(values(route.receiver, 'veth1')).toMatchObject({ scatterGather: 1, tcpSegmentation: 1 });
    expect(deviceFeature(route.receiver, 'veth0', 'scatterGather')).toHaveProperty('missing');
  });

  test('23 changes are seen, each at once, and nothing else changes', () => {
    using route = openRoute('veth');
    const { sender } = route;
    const before = values(sender, 'veth0');
    expect(Object.keys(before)).toEqual(deviceFeatureNames);
    const seen: number[] = [];
    for (let i = 1; i <= 23; i++) {
      expect(ethtoolValue(sender.fd, 'veth0', ETHTOOL_SGRO, i % 2)).toBe(0);
      const now = values(sender, 'veth0');
      seen.push(now.genericReceive ?? -1);
      expect({ ...now, genericReceive: 0 }).toEqual({ ...before, genericReceive: 0 });
    }
    expect(seen).toEqual(Array.from({ length: 23 }, (_, i) => (i + 1) % 2));
  });

  test('without checksums there is no scatter-gather; both come back', () => {
    using route = openRoute('veth');
    const { sender } = route;
    const before = values(sender, 'veth0');
    ethtoolValue(sender.fd, 'veth0', ETHTOOL_STXCSUM, 0);
    expect(values(sender, 'veth0')).toMatchObject({ sendChecksum: 0, scatterGather: 1, tcpSegmentation: 0 });
    ethtoolValue(sender.fd, 'veth0', ETHTOOL_STXCSUM, 1);
    expect(values(sender, 'veth0')).toEqual(before);
    ethtoolValue(sender.fd, 'veth0', ETHTOOL_SSG, 0);
    ethtoolValue(sender.fd, 'veth0', ETHTOOL_SSG, 1);
    expect(values(sender, 'veth0')).toEqual(before);
  });
});
