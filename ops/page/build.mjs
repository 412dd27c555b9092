// Builds the page into ../static, or into the folder that is given: what the package embeds.
import { build } from 'esbuild';
import { cp, mkdir, rm } from 'node:fs/promises';

const out = process.argv[2] ?? '../static';
await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
await build({
  entryPoints: ['src/ops.tsx', 'src/ops.css'],
  outdir: out,
  bundle: true,
  minify: true,
  format: 'esm',
  target: ['es2022', 'chrome109', 'safari16', 'firefox115'],
  legalComments: 'none',
  logLevel: 'warning',
});
await cp('public', out, { recursive: true });
