// Bundles every test and hands it to node's test runner; words of file names as arguments pick some of them. The tests on a
// real server need Go: what they run is built here, once.
import { build } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const out = path.join(here, '../.build');
const wanted = process.argv.slice(2);
const tests = readdirSync(here).filter((f) => f.endsWith('.test.ts') && (wanted.length === 0 || wanted.some((w) => f.includes(w))));
if (tests.length === 0) {
  console.error('no test file is called that');
  process.exit(1);
}

rmSync(out, { recursive: true, force: true });
mkdirSync(out);
await build({
  entryPoints: tests.map((f) => path.join(here, f)), outdir: out, outExtension: { '.js': '.mjs' }, bundle: true, platform: 'node', format: 'esm',
  target: 'node20', sourcemap: 'inline', packages: 'external', logLevel: 'warning',
});
if (tests.some((f) => f.startsWith('server'))) {
  const go = spawnSync('go', ['build', '-o', out + path.sep, './example_server', './cmd/midasctl'], { cwd: path.join(here, '../..'), stdio: 'inherit' });
  if (go.status !== 0) {
    process.exit(1);
  }
}
const files = tests.map((f) => path.join(out, f.replace(/ts$/, 'mjs')));
const run = spawnSync(process.execPath, ['--enable-source-maps', '--test', '--test-timeout', '30000', '--test-reporter', 'spec', ...files], { stdio: 'inherit', cwd: path.join(here, '..') });
process.exit(run.status ?? 1);
