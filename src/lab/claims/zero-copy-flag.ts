/** MSG_ZEROCOPY: whether a send copies, and whether its completion says so. */
import type { Case, ClaimDefinition } from './claim.ts';
import { control, errno, figure } from './readiness.ts';
import { type How, type Sent, sent } from './zero-copy-send.ts';

const PLACES: readonly (How & { condition: string })[] = [
  { condition: 'TCP over loopback', route: 'tcp', option: true, flag: true },
  {
    condition: 'veth to a receiver on this machine, scatter-gather on',
    route: 'veth',
    options: { scatterGather: true },
    option: true,
    flag: true,
  },
  {
    condition: 'veth to a receiver on this machine, scatter-gather off',
    route: 'veth',
    options: { scatterGather: false },
    option: true,
    flag: true,
  },
];

/** One case for each place; one that cannot be had here says so and leaves the others alone. */
function everywhere(measured: (seen: Sent) => Case['measured'], names: readonly string[]): Case[] {
  const plain = sent({ route: 'tcp', option: true, flag: false });
  const controls = [
    control('a plain send: completions', 0, 'error queue', plain.count),
    control('a plain send: copied', 1, 'aliasing', plain.copies.aliasing ?? Number.NaN),
  ];
  return PLACES.map((place) => {
    try {
      const seen = sent(place);
      return {
        condition: place.condition,
        measured: measured(seen),
        controls: [...controls, control('completions of one send', 1, 'error queue', seen.count)],
        evidence: [
          seen.finding,
          { instrument: 'error queue', saw: `the completion says ${seen.copied > 0 ? 'copied' : 'not copied'}` },
        ],
      };
    } catch (error) {
      const missing = { missing: error instanceof Error ? error.message : String(error) };
      const nothing = Object.fromEntries(names.map((name) => [name, missing]));
      return { condition: place.condition, measured: nothing, controls, evidence: [] };
    }
  });
}

const saysCopied = ({ copied }: Sent) => figure('1 if it does', { 'error queue': copied });

function copying(): Case[] {
  return everywhere(
    (seen) => ({ copies: figure('copies per byte', seen.copies), completionSaysCopied: saysCopied(seen) }),
    ['copies'],
  );
}

function truthful(): Case[] {
  return everywhere(
    (seen) => {
      const copies = figure('copies per byte', seen.copies);
      const agrees = 'value' in copies ? { ...copies, value: Number(copies.value > 0 === seen.copied > 0) } : copies;
      return {
        completionTrue: 'value' in agrees ? { ...agrees, unit: '1 if it is' } : agrees,
        copies,
        completionSaysCopied: saysCopied(seen),
      };
    },
    ['completionTrue'],
  );
}

function withoutOption(): Case[] {
  const seen = sent({ route: 'tcp', option: false, flag: true });
  const asked = sent({ route: 'tcp', option: true, flag: true });
  return [
    {
      condition: '',
      measured: {
        completions: figure('completions', { 'error queue': seen.count }),
        copies: figure('copies per byte', seen.copies),
      },
      controls: [control('completions with SO_ZEROCOPY set', 1, 'error queue', asked.count)],
      evidence: [seen.finding],
    },
  ];
}

function onUnix(): Case[] {
  const seen = sent({ route: 'unix', option: true, flag: true });
  const tcp = sent({ route: 'tcp', option: true, flag: true });
  return [
    {
      condition: '',
      measured: {
        optionTaken: figure('1 if it is', { setsockopt: Number(seen.option === 0) }),
        completions: figure('completions', { 'error queue': seen.count }),
        copies: figure('copies per byte', seen.copies),
      },
      controls: [
        control('a TCP socket takes the option', 0, 'setsockopt', errno(tcp.option)),
        control('completions of a TCP socket', 1, 'error queue', tcp.count),
      ],
      evidence: [
        seen.finding,
        {
          instrument: 'setsockopt',
          saw: `SO_ZEROCOPY on a UNIX socket: errno ${errno(seen.option)}; the send with the flag: no error`,
        },
      ],
    },
  ];
}

const SCOPE = 'one send of 32 KiB until it has arrived at the receiver, whose own copy is not counted';

export const zeroCopyFlagClaims: readonly ClaimDefinition[] = [
  {
    id: 'msg-zerocopy-copies-nothing',
    statement: {
      en: 'A send with MSG_ZEROCOPY is not copied.',
      zh: '带 MSG_ZEROCOPY 标志的 send 不会拷贝数据。',
    },
    source: 'send(2), MSG_ZEROCOPY; Documentation/networking/msg_zerocopy.rst for the exceptions',
    scope: SCOPE,
    expected: { copies: 0 },
    recorded: 'fails',
    note: {
      en: 'Only receivers on this machine can be tried here, and for these the kernel always copies: a queue of another process must not refer to memory that its owner may change. A network card reads the pages itself.',
      zh: '这里只能测试本机接收者，而对它们内核总会拷贝：别的进程的接收队列不能引用发送方随时可改的内存。真正的网卡则直接读取这些页。',
    },
    judge: copying,
  },
  {
    id: 'msg-zerocopy-completion-tells-copies',
    statement: {
      en: 'The completion of a zero-copy send tells whether the kernel copied after all (SO_EE_CODE_ZEROCOPY_COPIED).',
      zh: '零拷贝发送的完成通知会说明内核最终是否拷贝了数据（SO_EE_CODE_ZEROCOPY_COPIED）。',
    },
    source: 'Documentation/networking/msg_zerocopy.rst, Deferred copies',
    scope: SCOPE,
    expected: { completionTrue: 1 },
    recorded: 'depends',
    note: {
      en: 'It tells of the copy that is made for a local receiver. A packet that is made linear for a device without scatter-gather is copied as well, and the completion says that it was not.',
      zh: '它只反映为本机接收者所做的拷贝。设备不支持 scatter-gather 时内核要把报文线性化，同样拷贝了，完成通知却说没有。',
    },
    judge: truthful,
  },
  {
    id: 'msg-zerocopy-ignored-without-option',
    statement: {
      en: 'Without SO_ZEROCOPY the flag MSG_ZEROCOPY is ignored: no error, no completion, a copy.',
      zh: '没有设置 SO_ZEROCOPY 时，MSG_ZEROCOPY 标志会被忽略：不报错、没有完成通知、照常拷贝。',
    },
    source: 'Documentation/networking/msg_zerocopy.rst, Socket setup',
    scope: SCOPE,
    expected: { completions: 0, copies: 1 },
    recorded: 'holds',
    judge: withoutOption,
  },
  {
    id: 'msg-zerocopy-works-on-unix',
    statement: {
      en: 'MSG_ZEROCOPY works on UNIX sockets, too.',
      zh: 'MSG_ZEROCOPY 对 UNIX 套接字同样有效。',
    },
    source: 'taken for granted where a program is moved from TCP to UNIX sockets (netty issue 17126)',
    scope: SCOPE,
    expected: { optionTaken: 1, completions: 1, copies: 0 },
    recorded: 'fails',
    judge: onUnix,
  },
];
