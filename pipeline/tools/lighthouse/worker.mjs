// Runs Lighthouse with one warm browser: requests and answers are lines of JSON on standard input and output.
//
// Request: {id, url, preset: "mobile" | "desktop", categories: [...], seconds}. Answer: {id, result} or {id, error, crashed}.
// The first line says {ready: version}. It ends, and the browser with it, when standard input ends.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

import { configuration } from './presets.mjs';

const [root, chrome, ...flags] = process.argv.slice(2);
const load = (name) => import(pathToFileURL(join(root, name)).href);
const { default: lighthouse } = await load('core/index.js');
const constants = await load('core/config/constants.js');
const { default: puppeteer } = await import(
  pathToFileURL(createRequire(join(root, 'package.json')).resolve('puppeteer-core')).href);
const { pageFunctions } = await load('core/lib/page-functions.js');
const { default: { version } } = await import(
  pathToFileURL(join(root, 'package.json')).href, { with: { type: 'json' } });

const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
const profiles = new Set();
let warm = null;

async function browser() {
  if (warm?.connected) return warm;
  const profile = mkdtempSync(join(tmpdir(), 'pages-lighthouse-'));
  profiles.add(profile);
  // Not detached: whoever ends our process group ends the browser too.
  const child = spawn(chrome, [...flags, '--remote-debugging-port=0', `--user-data-dir=${profile}`, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const address = await new Promise((resolve, reject) => {
    let said = '';
    child.stderr.setEncoding('utf8');
    child.stderr.on('data', (text) => {
      said = (said + text).slice(-4000);
      const found = /DevTools listening on (ws:\S+)/.exec(said);
      if (found) resolve(found[1]);
    });
    child.on('error', reject);
    child.on('exit', (code) => reject(new Error(`the browser ended with ${code} at its start: ${said.slice(-500)}`)));
  });
  warm = await puppeteer.connect({ browserWSEndpoint: address, defaultViewport: null });
  child.on('exit', () => {
    rmSync(profile, { recursive: true, force: true });
    profiles.delete(profile);
  });
  warm.child = child;
  return warm;
}

async function run({ url, preset, categories }) {
  const open = await browser();
  // A context of its own has no cache, no cookies and no connections of the runs before.
  const context = await open.createBrowserContext();
  try {
    const page = await context.newPage();
    const config = await configuration(root, constants, preset, categories, true);
    const { lhr } = await lighthouse(url, { logLevel: 'silent' }, config, page);
    benchmarked(lhr.environment.benchmarkIndex);
    return lhr;
  } finally {
    await context.close().catch(() => {});
  }
}

// The benchmark takes a second of every run, and says what the machine is, not what it does now: once is enough.
function benchmarked(index) {
  if (index > 0) pageFunctions.computeBenchmarkIndex = new Function(`return ${Number(index)}`);
}

function end() {
  warm?.child.kill('SIGKILL');
  for (const profile of profiles) rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  process.exit(0);
}

process.on('SIGTERM', end);
process.on('SIGINT', end);
say({ ready: version });
const lines = createInterface({ input: process.stdin });
lines.on('close', end);
let turn = Promise.resolve();
lines.on('line', (line) => {
  const request = JSON.parse(line);
  turn = turn.then(async () => {
    try {
      say({ id: request.id, result: await run(request) });
    } catch (error) {
      say({ id: request.id, error: String(error?.message ?? error), crashed: !warm?.connected });
    }
  });
});
