/** What leaves as one segment, and what a receiver need not copy: TCP as its own counters and its peers tell. */
import { check } from '../../io/errors.ts';
import { Mapping } from '../../io/mapping.ts';
import type { Socket } from '../../io/socket.ts';
import { TracepointRecorder, threadRecorder } from '../../probe/recorder.ts';
import { sendfile } from '../../sys/sendfile.ts';
import { getsockopt, IPPROTO_TCP, MSG_MORE, MSG_TRUNC, recv, send, TCP_INFO } from '../../sys/socket.ts';
import { untilArrived } from '../copies/pair.ts';
import { openRoute } from '../routes.ts';
import { scrambled, unnamedFile } from '../unnamed.ts';
import type { Case, ClaimDefinition, Reading } from './claim.ts';
import { control, figure } from './readiness.ts';

/**
 * Where struct tcp_info has the segments with data that came in and went out: fixed by the kernel's interface since Linux
 * 4.6 (include/uapi/linux/tcp.h); libc's own header ends before them.
 */
const DATA_SEGS_IN = 152;
const DATA_SEGS_OUT = 156;
const INFO_BYTES = 160;

function segments({ fd }: Socket, at: number): Reading['value'] {
  const info = new Uint8Array(INFO_BYTES);
  const length = Int32Array.of(INFO_BYTES);
  check(getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, length), 'getsockopt', { fd });
  if ((length[0] ?? 0) < INFO_BYTES) return { missing: 'TCP_INFO counts no segments here: that came with Linux 4.6' };
  return new DataView(info.buffer).getUint32(at, true);
}

const HEADER = new TextEncoder().encode('HTTP/1.1 200 OK\r\nContent-Length: 1009\r\n\r\n');
const BODY = 1009;
/** Of a packet's bytes those that are not its headers: prime or nearly so, that nobody else's are taken for them. */
const LENGTHS = [HEADER.length, BODY, HEADER.length + BODY];
type How = 'plain' | 'MSG_MORE' | 'TCP_CORK';

/** Segments with data, by the sender's count, the receiver's and the device's. */
function segmentsOf(how: How, times = 1): Readonly<Record<string, Reading['value']>> {
  using route = openRoute('tcp');
  const { sender, receiver } = route;
  using file = unnamedFile('disk', scrambled(BODY));
  // without Nagle's algorithm, which would only make the second segment wait for an acknowledgement
  sender.noDelay();
  const recording = threadRecorder();
  using recorder = recording.works ? TracepointRecorder.open(['net/net_dev_start_xmit']) : undefined;
  recorder?.start();
  for (let i = 0; i < times; i++) {
    if (how === 'TCP_CORK') sender.cork(true);
    check(send(sender.fd, HEADER, HEADER.length, how === 'MSG_MORE' ? MSG_MORE : 0), 'send');
    check(sendfile(sender.fd, file.fd, 0, BODY), 'sendfile');
    if (how === 'TCP_CORK') sender.cork(false);
  }
  untilArrived(route, times * (HEADER.length + BODY));
  recorder?.stop();
  // by their lengths: an interrupt sends acknowledgements, and packets of others, in this thread's name
  const xmits = recorder?.drain().filter(({ fields }) => LENGTHS.includes(fields.data_len)).length;
  return {
    'TCP_INFO, sender': segments(sender, DATA_SEGS_OUT),
    'TCP_INFO, receiver': segments(receiver, DATA_SEGS_IN),
    'net:net_dev_start_xmit': xmits ?? { missing: recording.works ? '' : recording.cause },
  };
}

function headerAndFile(): Case[] {
  return [
    {
      condition: '',
      measured: {
        segments: figure('segments', segmentsOf('plain')),
        segmentsWithMore: figure('segments', segmentsOf('MSG_MORE')),
        segmentsWithCork: figure('segments', segmentsOf('TCP_CORK')),
      },
      controls: [
        control(
          '23 responses with MSG_MORE, segments',
          23,
          'TCP_INFO',
          segmentsOf('MSG_MORE', 23)['TCP_INFO, sender'] ?? Number.NaN,
        ),
        control('none sent, segments', 0, 'TCP_INFO', segmentsOf('plain', 0)['TCP_INFO, sender'] ?? Number.NaN),
      ],
      evidence: [],
    },
  ];
}

const BYTES = 65_521;
const MARK = 0xa5;

interface Received {
  readonly answer: number;
  /** Bytes that reached the receiver's memory. */
  readonly copied: Readonly<Record<string, Reading['value']>>;
}

/** A stream of bytes of which none is the mark; the receiver's memory holds nothing else. */
function received(flags: number): Received {
  using route = openRoute('tcp');
  const { sender, receiver } = route;
  check(send(sender.fd, new Uint8Array(BYTES).fill(1), BYTES, 0), 'send');
  untilArrived(route, BYTES);
  using memory = Mapping.anonymous(BYTES);
  const before = new Uint8Array(BYTES).fill(MARK);
  memory.write(0, before);
  const recording = threadRecorder();
  using recorder = recording.works ? TracepointRecorder.open(['skb/skb_copy_datagram_iovec']) : undefined;
  recorder?.start();
  const answer = recv(receiver.fd, memory.address, BYTES, flags);
  recorder?.stop();
  memory.read(0, before);
  const copied = recorder?.drain().reduce((sum, { fields }) => sum + fields.len, 0);
  return {
    answer,
    copied: {
      'bytes changed in memory': before.reduce((sum, byte) => sum + Number(byte !== MARK), 0),
      'skb:skb_copy_datagram_iovec': copied ?? { missing: recording.works ? '' : recording.cause },
    },
  };
}

function discarding(): Case[] {
  const [thrown, kept] = [received(MSG_TRUNC), received(0)];
  const first = (one: Received) => one.copied['bytes changed in memory'] ?? Number.NaN;
  return [
    {
      condition: '',
      measured: {
        bytesTaken: figure('bytes', { recv: thrown.answer }),
        bytesCopied: figure('bytes', thrown.copied),
        bytesCopiedWithout: figure('bytes', kept.copied),
      },
      controls: [control('the same recv without MSG_TRUNC: bytes in memory', BYTES, 'memory', first(kept))],
      evidence: [{ instrument: 'recv', saw: `with MSG_TRUNC it took ${thrown.answer} bytes off the queue` }],
    },
  ];
}

export const tcpCallClaims: readonly ClaimDefinition[] = [
  {
    id: 'header-and-sendfile-share-a-segment',
    statement: {
      en: 'A header that is sent before a small file by sendfile leaves with it in one segment.',
      zh: '先 send 报头、再用 sendfile 发送小文件，两者会在同一个 TCP 报文段中发出。',
    },
    source: 'sendfile(2), NOTES (TCP_CORK); fasthttp issue 931',
    scope: 'header of 41 bytes and file of 1009 bytes over TCP on loopback, TCP_NODELAY set; segments with data',
    expected: { segments: 1 },
    recorded: 'fails',
    note: {
      en: 'Two calls are two segments unless the first is told that more comes: MSG_MORE, or TCP_CORK around both. With Nagle on, the second also waits for the acknowledgement of the first.',
      zh: '两次调用就是两个报文段，除非告诉第一次调用后面还有数据：MSG_MORE，或用 TCP_CORK 包住两次调用。若启用 Nagle，第二段还要等第一段的确认。',
    },
    judge: headerAndFile,
  },
  {
    id: 'msg-trunc-discards-without-copying',
    statement: {
      en: 'A receive with MSG_TRUNC takes bytes off a TCP stream without copying them.',
      zh: '对 TCP 使用带 MSG_TRUNC 的接收会丢弃数据而不拷贝。',
    },
    source: 'tcp(7), MSG_TRUNC',
    scope: "one recv of 65,521 bytes over loopback; the receiver's copy alone",
    expected: { bytesTaken: BYTES, bytesCopied: 0 },
    recorded: 'holds',
    judge: discarding,
  },
];
