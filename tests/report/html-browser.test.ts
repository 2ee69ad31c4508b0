/** The page in a real browser: what a person with eyes, a keyboard, a screen reader or a phone meets. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AxeResults } from 'axe-core';
import puppeteer, { type Browser, type Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { renderHtml } from '../../src/report/html/index.ts';
import { whole } from './page.ts';

function find(): string | undefined {
  for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
    try {
      return execFileSync('/bin/sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim();
    } catch {
      // the next one
    }
  }
  return undefined;
}

const chromium = find();
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

describe.skipIf(chromium === undefined)('the page in Chromium (needs chromium in the PATH)', () => {
  let browser: Browser;
  let directory: string;
  const said: string[] = [];

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'iolab-browser-'));
    browser = await puppeteer.launch({
      executablePath: chromium as string,
      userDataDir: join(directory, 'profile'),
      env: { ...process.env, HOME: directory },
      args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
    });
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  });

  interface Look {
    width?: number;
    scheme?: 'light' | 'dark';
    language?: 'en' | 'zh';
    stored?: unknown;
  }

  /** What the page says to its console, and what it asks for, is in `said` afterwards. */
  async function open({ width = 1280, scheme = 'light', language = 'en', stored = whole() }: Look = {}): Promise<Page> {
    const file = join(directory, 'report.html');
    writeFileSync(file, renderHtml(stored, { language }));
    said.length = 0;
    const page = await browser.newPage();
    page.on('console', (message) => said.push(message.text()));
    page.on('pageerror', (error) => said.push(String(error)));
    page.on('dialog', (dialog) => said.push(`dialog: ${dialog.message()}`));
    page.on('request', (request) => {
      if (request.url() !== `file://${file}`) said.push(request.url());
    });
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
    await page.setViewport({ width, height: 900 });
    await page.goto(`file://${file}`);
    return page;
  }

  test.each<Look & { name: string }>([
    { name: 'light' },
    { name: 'dark', scheme: 'dark' },
    { name: 'phone', width: 390 },
    { name: 'phone, dark, Chinese', width: 390, scheme: 'dark', language: 'zh' },
    { name: 'Chinese', language: 'zh' },
  ])(
    'axe finds nothing, the console is empty, nothing stands out: $name',
    { timeout: 60_000 },
    async ({ name: _, ...look }) => {
      const page = await open(look);
      const wide = () => page.evaluate('document.documentElement.scrollWidth - innerWidth');
      expect(await wide()).toBeLessThanOrEqual(0);
      await page.evaluate('for (const one of document.querySelectorAll("details")) one.open = true');
      expect(await wide()).toBeLessThanOrEqual(0);
      await page.evaluate(axe);
      const { violations, passes } = (await page.evaluate('axe.run()')) as AxeResults;
      expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
      // the control: axe did look at colours
      expect(passes.map(({ id }) => id)).toContain('color-contrast');
      expect(said).toEqual([]);
      await page.close();
    },
  );

  test('what a result says runs nothing', { timeout: 60_000 }, async () => {
    const attack = `"'><img src=x onerror=alert(1)></script></svg></style><script>alert(2)</script>`;
    const stored = JSON.parse(
      JSON.stringify(whole()).replaceAll(
        /It is said so\.|read it slowly|"node-stream|\(?test\)?(?=")/g,
        (text) => text + JSON.stringify(attack).slice(1, -1),
      ),
    );
    const page = await open({ stored });
    expect(await page.$$eval('script, img', (all) => all.length)).toBe(1);
    expect(await page.$eval('.statement', (element) => element.textContent)).toContain(attack);
    expect(said).toEqual([]);
    // and if something got in, the policy would keep it from running
    await page.evaluate('document.body.insertAdjacentHTML("beforeend", "<img src=x onerror=alert(3)>")');
    await page.evaluate(
      '{ const s = document.createElement("script"); s.textContent = "alert(4)"; document.body.append(s) }',
    );
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(said.filter((line) => line.startsWith('dialog'))).toEqual([]);
    expect(said.some((line) => line.includes('Content Security Policy'))).toBe(true);
    await page.close();
  });

  test('languages, sizes and verdicts are chosen by the keyboard', { timeout: 60_000 }, async () => {
    const page = await open();
    const shown = (selector: string) =>
      page.$$eval(selector, (all) => all.filter((one) => one.checkVisibility()).length);
    expect(await shown('h1 .en')).toBe(1);
    await page.focus('[data-to=zh]');
    await page.keyboard.press('Enter');
    expect([await shown('h1 .en'), await shown('h1 .zh')]).toEqual([0, 1]);
    expect(await page.evaluate('document.documentElement.lang')).toBe('zh-CN');
    expect(await shown('details.claim')).toBe(4);
    await page.focus('#only-all');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    expect([await shown('details.claim'), await shown('details.claim.fails')]).toEqual([1, 1]);
    await page.focus('details.claim.fails > summary');
    await page.keyboard.press('Enter');
    expect(await shown('details.claim.fails .inside')).toBe(1);
    const paneOf = () => page.$$eval('.pane', (all) => all.findIndex((one) => one.checkVisibility()));
    expect(await paneOf()).toBe(0);
    await page.focus('.setting .pick input:checked');
    await page.keyboard.press('ArrowRight');
    expect([await paneOf(), await shown('.pane')]).toEqual([1, 1]);
    await page.close();
  });

  test('data is copied as CSV, with all digits and causes', { timeout: 60_000 }, async () => {
    const page = await open({ language: 'zh' });
    // a page of a file has no clipboard that a test could read
    await page.evaluate(
      'Object.defineProperty(navigator, "clipboard", { value: { writeText: async (text) => { copied = text; } } }); var copied',
    );
    await page.evaluate('for (const one of document.querySelectorAll(".fold")) one.open = true');
    await page.evaluate('document.querySelector("#figures > .fold:last-child .copy").click()');
    const csv = (await page.evaluate('copied')) as string;
    const [head, first] = csv.split('\n');
    expect(head).toMatch(/^path,"socket, cache, chunk",size,system calls,mode switches,/);
    expect(first).toBe('read-write,tcp warm 65536,65536,4,10,0,1,1,0,2,3,0');
    expect(csv).toContain('missing: not counted here');
    await page.waitForFunction('document.getElementById("status").textContent === "已复制。"');
    await page.close();
  });

  test('prints, with its tables', { timeout: 60_000 }, async () => {
    const page = await open();
    const pdf = await page.pdf({ format: 'A4' });
    expect(Buffer.from(pdf).subarray(0, 5).toString()).toBe('%PDF-');
    await page.close();
  });
});
