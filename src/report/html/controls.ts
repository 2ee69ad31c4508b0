/** What the run says about itself: noise, the receiver's headroom, where it ran, what is doubtful. */
import { isMeasured } from '../../model/evidence.ts';
import type { Results, Run } from '../../model/results.ts';
import { figure, size } from '../text.ts';
import { both } from './both.ts';
import { command } from './claims.ts';
import { html, type Markup } from './markup.ts';
import { type Cell, folded, table } from './table.ts';

export function controlsBlock(results: Results): Markup {
  const { controls, pinning, seconds, seed } = results;
  const { aa, receiverHeadroom: room } = controls;
  const hashed = results.runs.reduce((sum, { verified }) => sum + verified.transfers, 0);
  const rows = controls.groups.map(({ sink, fileBytes, aa }): Cell[] => [
    { shown: sink },
    { shown: size(fileBytes), data: fileBytes, numeric: true },
    ...[aa.value, ...aa.ci].map((value) => ({ shown: value.toFixed(3), data: value, numeric: true })),
    {
      shown:
        aa.ci[0] <= 1 && 1 <= aa.ci[1]
          ? both('holds 1', '包含 1')
          : html`<span class="no">${both('does not hold 1', '不包含 1')}</span>`,
    },
  ]);
  const heads = [
    both('socket', '套接字'),
    both('size', '大小'),
    both('ratio', '比值'),
    both('from', '下限'),
    both('to', '上限'),
    both('as it should', '是否正常'),
  ];
  return html`<ul class="plain">
<li>${both(html`The same arm against itself came out as <b>${aa.value.toFixed(3)}</b> (${aa.ci[0].toFixed(3)} to ${aa.ci[1].toFixed(3)}): differences within that are noise.`, html`同一路径与自身相比为 <b>${aa.value.toFixed(3)}</b>（${aa.ci[0].toFixed(3)} 至 ${aa.ci[1].toFixed(3)}）：在此范围内的差别是噪声。`)}</li>
<li>${both(html`The receiver alone takes at least <b>${figure(room.value)}</b> times what it was sent (least at ${room.path}, ${size(room.fileBytes)}).`, html`接收方单独的处理能力至少是所收数据的 <b>${figure(room.value)}</b> 倍（最低：${room.path}，${size(room.fileBytes)}）。`)}</li>
<li>${both(`Every byte was hashed by the receiver in all ${hashed} transfers of the verifying pass, and was as it was sent.`, `校验阶段的全部 ${hashed} 次传输中，接收方对每个字节做了散列，均与发送的一致。`)}</li>
<li>${pinning === null ? both('Sender and receiver ran where the scheduler put them.', '收发双方由调度器安排 CPU。') : both(`Senders ran on CPU ${pinning.sender}, receivers on CPU ${pinning.receiver}.`, `发送方在 CPU ${pinning.sender}，接收方在 CPU ${pinning.receiver}。`)}</li>
<li>${both(`It took ${Math.round(seconds)} s, from ${results.startedAt}.`, `用时 ${Math.round(seconds)} 秒，开始于 ${results.startedAt}。`)}</li></ul>
${folded(both('The same arm against itself (A/A)', '同一路径与自身之比（A/A）'), table(both('95 % intervals', '95% 区间'), heads, rows))}
${overPump(results.runs)}
<p>${both('To measure the same again, in the same order:', '以同样的顺序再测一次：')}</p>${command(repeat(results, seed))}`;
}

function repeat({ runs }: Results, seed: number): string {
  const all = (of: (run: Run) => string | number) => [...new Set(runs.map(of))].join(',');
  const paths = [...new Set(runs.map(({ path }) => path))].filter((path) => !path.startsWith('pump-'));
  const pumps = runs.some(({ path }) => path.startsWith('pump-')) ? '' : ' --no-pumps';
  const chunks = [...new Set(runs.map(({ chunkBytes }) => chunkBytes))];
  const chunk = chunks.length === 1 ? ` --chunk ${chunks[0]}` : '';
  return `iolab bench paths --paths ${paths.join(',')} --sizes ${all((run) => run.fileBytes)} --sink ${all((run) => run.sink)}${chunk}${pumps} --seed ${seed}`;
}

function overPump(runs: readonly Run[]): Markup {
  const rows = runs.flatMap(({ path, sink, fileBytes, overPump }): Cell[][] => {
    if (!isMeasured(overPump)) return [];
    const [low, high] = overPump.ci ?? [overPump.value, overPump.value];
    return [
      [
        { shown: path },
        { shown: sink },
        { shown: size(fileBytes), data: fileBytes, numeric: true },
        ...[overPump.value, low, high].map((value) => ({ shown: figure(value), data: value, numeric: true })),
      ],
    ];
  });
  if (rows.length === 0) return html``;
  const heads = [
    both('path', '路径'),
    both('socket', '套接字'),
    both('size', '大小'),
    both('ratio', '比值'),
    both('from', '下限'),
    both('to', '上限'),
  ];
  return folded(
    both('Throughput over that of a loop in C++ with the same calls', '吞吐量与发出同样调用的 C++ 循环之比'),
    table(both('What JavaScript between the calls costs', '调用之间的 JavaScript 的代价'), heads, rows),
  );
}
