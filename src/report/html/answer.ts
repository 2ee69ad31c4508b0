/** The answer in a few sentences, computed: nothing that the noise could have made is called a winner. */
import { isMeasured, type Measured } from '../../model/evidence.ts';
import type { Results } from '../../model/results.ts';
import { apart, isControl } from '../leaders.ts';
import { figure, size } from '../text.ts';
import { both } from './both.ts';
import { html, type Markup } from './markup.ts';
import { type Group, quotient, type Setting, settingName } from './runs.ts';

interface Standing {
  readonly fileBytes: number;
  /** Whose CPU cost is the least; all that the noise cannot tell from the least one. */
  readonly least: readonly { readonly path: string; readonly cost: Measured }[];
}

/** Sender CPU per GiB at one size. Undefined if it was not measured. */
export function standing({ runs, noise, fileBytes }: Group): Standing | undefined {
  const ranked = runs
    .flatMap(({ path, metrics: { senderCpuPerGiB: cost } }) =>
      isControl(path) || !isMeasured(cost) ? [] : [{ path, cost }],
    )
    .sort((a, b) => a.cost.value - b.cost.value);
  const [first] = ranked;
  if (first === undefined) return undefined;
  return { fileBytes, least: ranked.filter((one) => one === first || !apart(first.cost, one.cost, noise)) };
}

const strong = (text: string) => html`<strong>${text}</strong>`;

function listed<T>(items: readonly T[], language: 'en' | 'zh', show: (item: T) => Markup | string): Markup {
  const [comma, last] = language === 'en' ? [', ', ' and '] : ['、', ' 和 '];
  return html`${items.map((item, i) => html`${i === 0 ? '' : i === items.length - 1 ? last : comma}${show(item)}`)}`;
}

/** Sizes at which the same paths came out best are told together. */
export function cheapest(setting: Setting): Markup {
  const found = setting.groups.flatMap((group) => standing(group) ?? []);
  if (found.length === 0) return both('No CPU cost was measured.', '没有测得 CPU 开销。');
  const same = new Map<string, Standing[]>();
  for (const one of found) {
    const key = one.least
      .map(({ path }) => path)
      .sort()
      .join();
    same.set(key, [...(same.get(key) ?? []), one]);
  }
  const clauses = [...same.values()];
  const at = (all: readonly Standing[], language: 'en' | 'zh') =>
    listed(all, language, ({ fileBytes }) => size(fileBytes));
  const en = clauses.map((all) => {
    const paths = (all[0] as Standing).least.map(({ path }) => path);
    if (paths.length === 1)
      return html`at ${at(all, 'en')} ${strong(paths[0] as string)} costs the sender the least CPU`;
    return html`at ${at(all, 'en')} nobody wins: ${listed(paths, 'en', strong)} lie within the noise`;
  });
  const zh = clauses.map((all) => {
    const paths = (all[0] as Standing).least.map(({ path }) => path);
    if (paths.length === 1) return html`${at(all, 'zh')} 时，${strong(paths[0] as string)} 的发送方 CPU 开销最小`;
    return html`${at(all, 'zh')} 时没有胜者：${listed(paths, 'zh', strong)} 的差别在噪声之内`;
  });
  const head = { en: settingName(setting), zh: settingName(setting) };
  return both(
    html`${head.en}: ${en.map((clause, i) => html`${i === 0 ? '' : '; '}${clause}`)}.`,
    html`${head.zh}：${zh.map((clause, i) => html`${i === 0 ? '' : '；'}${clause}`)}。`,
  );
}

/** The path that is ahead at a size, or the cheapest of those that nobody can tell apart, against another. */
export function against(setting: Setting, reference: string, en: string, zh: string): Markup | undefined {
  const told = setting.groups.flatMap((group) => {
    const best = standing(group)?.least.find(({ path }) => path !== reference);
    const cost = group.runs.find(({ path }) => path === reference)?.metrics.senderCpuPerGiB;
    if (best === undefined || cost === undefined || !isMeasured(cost)) return [];
    const ratio = quotient(best.cost, cost);
    return ratio === undefined
      ? []
      : [{ ...ratio, path: best.path, at: size(group.fileBytes), clear: apart(best.cost, cost, group.noise) }];
  });
  if (told.length === 0) return undefined;
  type Told = (typeof told)[number];
  const range = ({ ci }: Told, to: string) => `${figure(ci[0])} ${to} ${figure(ci[1])}`;
  const sayEn = (one: Told) =>
    one.clear
      ? html`${one.path} ${strong(`×\u00a0${figure(one.value)}`)} (${range(one, 'to')}) at ${one.at}`
      : html`${one.path} at ${one.at} within the noise (${range(one, 'to')})`;
  const sayZh = (one: Told) =>
    one.clear
      ? html`${one.at} 时 ${one.path} 为其 ${strong(`${figure(one.value)} 倍`)}（${range(one, '至')}）`
      : html`${one.at} 时 ${one.path} 的差别在噪声之内（${range(one, '至')}）`;
  return both(
    html`CPU against ${en}: ${told.map((one, i) => html`${i === 0 ? '' : ', '}${sayEn(one)}`)}.`,
    html`与 ${zh}相比的 CPU 开销：${told.map((one, i) => html`${i === 0 ? '' : '，'}${sayZh(one)}`)}。`,
  );
}

/** How much of what there is to measure this machine lets us measure. */
export function measurable({ environment: { instruments, user } }: Pick<Results, 'environment'>): Markup {
  const failing = instruments.filter(({ capability }) => !capability.works);
  const working = instruments.length - failing.length;
  const who = user.uid === 0 ? { en: 'root', zh: 'root' } : { en: `user ${user.uid}`, zh: `用户 ${user.uid}` };
  const names = failing.map(({ name }) => name);
  const without = {
    en: names.length === 0 ? html`` : html`; it refused ${listed(names, 'en', (name) => html`<code>${name}</code>`)}`,
    zh: names.length === 0 ? html`` : html`；不可用：${listed(names, 'zh', (name) => html`<code>${name}</code>`)}`,
  };
  return both(
    html`This machine let ${working} of ${instruments.length} instruments work (as ${who.en})${without.en}. Why is told under <a href="#environment">Environment</a>.`,
    html`本机可用 ${instruments.length} 种测量手段中的 ${working} 种（以 ${who.zh} 运行）${without.zh}。原因见<a href="#environment">环境</a>。`,
  );
}
