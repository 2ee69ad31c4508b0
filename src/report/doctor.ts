/** `doctor` as text: what works, then each "no" with its cause and what to do. */
import { CHECK_GROUPS, type CheckGroup, type DoctorReport } from '../model/doctor.ts';
import { table, wrap } from './text.ts';

const TITLES: Readonly<Record<CheckGroup, string>> = {
  runtime: 'What runs',
  calls: 'System calls',
  counters: 'Counters',
  limits: 'Limits',
  files: 'Files',
  machine: 'Machine',
};

const WHAT = 42;
const HERE = 4;
const GAPS = 4;

export function renderDoctor(report: DoctorReport, width = 80): string {
  const rest = Math.max(20, width - WHAT - HERE - GAPS);
  const blocks = CHECK_GROUPS.map((group) => {
    const rows = report.checks
      .filter((check) => check.group === group)
      .map(({ what, capability, seen }) => {
        const here = capability === null ? '' : capability.works ? 'yes' : 'no';
        return [what, here, here === 'no' ? 'see below' : seen];
      });
    return table(
      [
        { head: TITLES[group], width: WHAT },
        { head: 'here', width: HERE },
        { head: '', width: rest },
      ],
      rows,
    );
  });
  const noes = report.checks.flatMap(({ what, capability, remedy }) => {
    if (capability === null || capability.works) return [];
    const lines = [`no ${what}`, wrap(`because ${capability.cause}`, width, '    ', '  ')];
    if (remedy !== undefined) lines.push(wrap(`what to do: ${remedy}`, width, '    ', '  '));
    return [lines.join('\n')];
  });
  const evidence = report.evidence.map(({ figure, from, missing }) =>
    wrap(`${figure}: ${missing === undefined ? from.join(' and ') : 'not at hand (see above)'}`, width, '    ', '  '),
  );
  return `${[
    ...blocks,
    ...noes,
    ['Evidence at hand', ...evidence].join('\n'),
    ...report.warnings.map((warning) => wrap(`Warning: ${warning}`, width, '  ')),
  ].join('\n\n')}\n`;
}
