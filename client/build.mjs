// Builds the package into the folder it is told: an ES module and a single script for each of the two entries, and the
// type declarations. The result depends on the sources and package-lock.json only, so that a committed build can be checked.
import { build } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const out = path.resolve(process.argv[2] ?? path.join(here, 'dist'));
rmSync(out, { recursive: true, force: true });

// Mini games run on the JavaScript of old telephones: ES2017, and nothing that needs a polyfill.
const common = { absWorkingDir: here, bundle: true, target: 'es2017', charset: 'utf8', logLevel: 'warning', legalComments: 'inline' };
const entries = [
  { from: 'src/index.ts', to: 'leafmidas-client', global: 'leafmidas' },
  { from: 'src/protobuf.ts', to: 'protobuf', global: 'leafmidasProtobuf' },
];
for (const { from, to, global } of entries) {
  await build({ ...common, entryPoints: [from], format: 'esm', outfile: path.join(out, to + '.mjs') });
  await build({
    ...common, entryPoints: [from], format: 'iife', globalName: global, outfile: path.join(out, to + '.js'),
    // require() in a mini game, a <script> in a page.
    footer: { js: `if (typeof module === 'object' && module.exports) { module.exports = ${global}; }` },
  });
}

const tsc = spawnSync(process.execPath, [
  path.join(here, 'node_modules/typescript/bin/tsc'), '--project', here, '--declaration', '--emitDeclarationOnly', '--outDir', path.join(out, 'types'),
], { stdio: 'inherit' });
rmSync(path.join(out, 'types/generated'), { recursive: true, force: true }); // no other declaration mentions it
process.exit(tsc.status ?? 1);
