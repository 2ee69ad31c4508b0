/** The machine that the figures are of, and what it let be seen. */
import type { Environment } from '../../model/environment.ts';
import { both } from './both.ts';
import { html, type Markup, type Part } from './markup.ts';
import { type Cell, folded, table } from './table.ts';

const GIB = 2 ** 30;

export function environmentBlock(environment: Environment): Markup {
  const { cpu, steal, user, mitigations, sysctls, instruments } = environment;
  const unknown = both('nothing says', '无从得知');
  const facts: readonly (readonly [Markup, Part])[] = [
    [both('kernel', '内核'), environment.kernel],
    [both('distribution', '发行版'), environment.distribution ?? unknown],
    ['CPU', html`${cpu.model}, ${cpu.online} ${both('online', '个在线')}, ${cpu.allowed} ${both('allowed', '个可用')}`],
    [both('clock', '时钟源'), cpu.clocksource ?? unknown],
    [both('memory', '内存'), `${(environment.memoryBytes / GIB).toFixed(1)} GiB`],
    [both('hypervisor', '虚拟化'), environment.hypervisor ?? both('nothing says so', '无迹象')],
    [both('container', '容器'), environment.container ?? both('nothing says so', '无迹象')],
    [both('time taken by the hypervisor', '被虚拟机监控器占用'), percent(steal.after - steal.before, steal.ticks)],
    [both('file system of the files', '文件所在文件系统'), environment.fileSystem],
    [both('user', '用户'), `uid ${user.uid}, CapEff ${user.capabilities}`],
    ['Node', `${environment.node}, ${environment.architecture}`],
    ['iolab', `${environment.iolab}${environment.git === null ? '' : `, ${environment.git}`}`],
  ].map(([name, value]) => [html`${name as Part}`, value as Part]);
  const named = (all: Readonly<Record<string, string>>) =>
    Object.entries(all).map(([name, value]): Cell[] => [{ shown: name }, { shown: value }]);
  const nameAndValue = [both('name', '名称'), both('value', '值')];
  return html`<dl class="facts-list">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
${folded(both('What this machine lets be measured', '本机可用的测量手段'), instrumentTable(instruments))}
${folded(both('Settings of the kernel', '内核参数'), table('sysctl', nameAndValue, named(sysctls)))}
${folded(both('Mitigations of the CPU’s weaknesses', 'CPU 漏洞缓解措施'), table(both('as the kernel tells them', '内核所报告'), nameAndValue, named(mitigations)))}`;
}

function percent(part: number, whole: number): string {
  return whole > 0 ? `${((100 * part) / whole).toFixed(2)} %` : '–';
}

function instrumentTable(instruments: Environment['instruments']): Markup {
  const rows = instruments.map(({ name, counts, capability, overheadNs }): Cell[] => [
    { shown: name },
    {
      shown: capability.works
        ? both('works', '可用')
        : html`<span class="no">${both('no', '不可用')}</span> ${capability.cause}`,
    },
    { shown: counts.join(', ') },
    { shown: overheadNs === null ? '–' : Math.round(overheadNs), data: overheadNs ?? '', numeric: true },
  ]);
  const heads = [
    both('instrument', '手段'),
    both('here', '本机'),
    both('counts', '计量'),
    both('ns a reading', '每次读取（纳秒）'),
  ];
  return table(both('Instruments', '测量手段'), heads, rows);
}
