// Bundles every test and runs it; words of file names as arguments pick some of them. The tests on a real server need Go: what
// they run is built here, once. It fails if a test does, or is left out.
import { build } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const out = path.join(here, '../.build');
process.chdir(path.join(here, '..'));

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
  target: 'node18', sourcemap: 'inline', packages: 'external', logLevel: 'warning',
});
if (tests.some((f) => f.startsWith('server'))) {
  const go = spawnSync('go', ['build', '-o', out + path.sep, './example_server', './cmd/midasctl', './client/test/protobufgate'], { cwd: path.join(here, '../..'), stdio: 'inherit' });
  if (go.status !== 0) {
    process.exit(1);
  }
}

process.env.NODE_OPTIONS = '--enable-source-maps'; // for the processes of the tests
const ended = { passed: 0, failed: 0, skipped: 0 };
const results = run({ files: tests.map((f) => path.join(out, f.replace(/ts$/, 'mjs'))), concurrency: true, timeout: 60_000 });
results.on('test:pass', (test) => ended[test.skip === undefined && test.todo === undefined ? 'passed' : 'skipped']++);
results.on('test:fail', () => ended.failed++);
results.compose(new spec()).pipe(process.stdout);
results.on('end', () => {
  console.log(`${ended.passed} tests passed, ${ended.failed} failed, ${ended.skipped} were left out`);
  process.exitCode = ended.passed > 0 && ended.failed + ended.skipped === 0 ? 0 : 1;
});
