/**
 * All that the page needs a script for: copying, and the switch of languages. Its hash is in the page's Content-Security-
 * Policy, so that a browser runs this and nothing else, whatever a result may hold.
 */
export const SCRIPT = `'use strict';
const root = document.documentElement;
const status = document.getElementById('status');
const say = (en, zh) => { status.textContent = root.dataset.lang === 'zh' ? zh : en; };
const show = (lang) => {
  root.dataset.lang = lang;
  root.lang = lang === 'zh' ? 'zh-CN' : 'en';
  document.title = document.title.replace(/^.*?:/, lang === 'zh' ? 'iolab 报告:' : 'iolab report:');
  for (const button of document.querySelectorAll('[data-to]'))
    button.setAttribute('aria-pressed', String(button.dataset.to === lang));
};
const copy = async (text) => {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.createElement('textarea');
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    if (!done) return say('Nothing could be copied.', '无法复制。');
  }
  say('Copied.', '已复制。');
};
const quoted = (text) => (/[",\\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text);
const wordOf = (cell) => {
  const mark = cell.querySelector('sup');
  if (mark !== null) {
    const causes = cell.closest('.table').querySelectorAll('.causes span');
    return 'missing: ' + causes[Number(mark.textContent) - 1].textContent;
  }
  if (cell.dataset.v !== undefined) return cell.dataset.v;
  const own = cell.cloneNode(true);
  for (const other of own.querySelectorAll('.zh')) other.remove();
  return own.textContent.trim();
};
const csv = (table) =>
  [...table.rows].map((row) => [...row.cells].map((cell) => quoted(wordOf(cell))).join(',')).join('\\n') + '\\n';
document.addEventListener('click', ({ target }) => {
  const button = target.closest('button');
  if (button === null) return;
  if (button.dataset.to !== undefined) show(button.dataset.to);
  else if (button.classList.contains('copy')) copy(csv(button.closest('.table').querySelector('table')));
  else if (button.classList.contains('copy-command')) copy(button.parentElement.querySelector('code').textContent);
});
// tables that are folded would not be printed
addEventListener('beforeprint', () => {
  for (const fold of document.querySelectorAll('details.fold:not([open])')) {
    fold.open = true;
    fold.dataset.printed = '';
  }
});
addEventListener('afterprint', () => {
  for (const fold of document.querySelectorAll('[data-printed]')) {
    fold.open = false;
    delete fold.dataset.printed;
  }
});
show(root.dataset.lang);
for (const hidden of document.querySelectorAll('[hidden]')) hidden.hidden = false;
`;
