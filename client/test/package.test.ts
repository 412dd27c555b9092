// The package as others get it: what is in dist.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { test } from 'node:test';
import { build } from 'esbuild';
import type { Codec } from '../src/index';
import { loadScript } from './world';

const described = JSON.parse(readFileSync('package.json', 'utf8')) as Record<string, unknown>;

for (const entry of ['leafmidas-client', 'leafmidas-client/protobuf']) {
  test(`${entry} can be imported and required, and is the same`, async () => {
    const imported = Object.keys(await import(entry) as object).filter((name) => name !== 'default');
    const required = Object.keys(createRequire(import.meta.url)(entry) as object);
    assert.ok(required.length > 0);
    assert.deepEqual(imported.sort(), required.sort());
  });
}

for (const resolution of ['bundler', 'node16']) {
  test(`the declarations are found and sound, with moduleResolution ${resolution}`, () => {
    const folder = path.resolve('.build', resolution);
    mkdirSync(folder);
    writeFileSync(path.join(folder, 'game.ts'), `
      import { browserPlatform, MidasClient, MidasError, type Balance, type MidasErrorCode } from 'leafmidas-client';
      import { idsFrom, protobuf } from 'leafmidas-client/protobuf';
      const midas = new MidasClient({ url: '', codec: protobuf({ ids: idsFrom(2) }), platform: browserPlatform({ loginCode: async () => '' }) });
      midas.onBalance((b: Balance) => b.balance.toFixed());
      midas.purchase('sword', 1, { signal: new AbortController().signal }).catch((e: MidasError): MidasErrorCode => e.code);
      export const wrong: Promise<string> = midas.login(); // line 7
    `);
    const tsc = spawnSync(process.execPath, [
      'node_modules/typescript/bin/tsc', '--ignoreConfig', '--noEmit', '--strict', '--target', 'ES2017', '--lib', 'ES2017,DOM', '--types', '',
      '--module', resolution === 'bundler' ? 'ESNext' : 'node16', '--moduleResolution', resolution, path.join(folder, 'game.ts'),
    ], { encoding: 'utf8' });
    assert.match(tsc.stdout, /^\S*game\.ts\(7,\d+\): error TS2322: [^]*$/);
    assert.equal(tsc.stdout.match(/error/g)?.length, 1, tsc.stdout);
  });
}

// What a game's bundle grows by, minified: a game for a browser has nothing of WeChat's windows, and one that names an error has only that.
test('a game links what it uses, and no more', async () => {
  const sizeOf = async (game: string): Promise<number> => {
    const { outputFiles } = await build({
      stdin: { contents: game, resolveDir: '.' }, bundle: true, minify: true, write: false, format: 'esm', target: 'es2017', logLevel: 'silent',
    });
    return outputFiles[0]!.contents.length;
  };
  const whole = await sizeOf(`import { MidasClient, browserPlatform } from 'leafmidas-client'; export { MidasClient, browserPlatform };`);
  const part = await sizeOf(`import { MidasError } from 'leafmidas-client'; export { MidasError };`);
  const nothing = await sizeOf(`import 'leafmidas-client'; import 'leafmidas-client/protobuf';`);
  assert.ok(whole < 30_000, `the client adds ${whole} bytes`);
  assert.ok(part < 3_000, `an error adds ${part} bytes`);
  assert.ok(nothing < 100, `an import that uses nothing adds ${nothing} bytes`);
});

test('the package needs nothing at run time', () => {
  assert.deepEqual([described.dependencies, described.peerDependencies, described.optionalDependencies], [undefined, undefined, undefined]);
});

test('the single files need nothing but ES2017', () => {
  const old = { globalThis: undefined, BigInt: undefined, wx: undefined };
  const { json } = loadScript('dist/leafmidas-client.js', old) as { json: Codec };
  const { protobuf, idsFrom } = loadScript('dist/protobuf.js', old) as { protobuf: (o: object) => Codec; idsFrom: (n: number) => object };
  const order = { bill_no: 'b', request_id: 'r', item_id: '游戏🗡️', quantity: 1, amount: 2 ** 53 - 1, state: 2, created_unix: 1_700_000_000 };
  for (const codec of [json, protobuf({ ids: idsFrom(0) })]) {
    const frame = codec.encode('MidasOrders', { orders: [order], more: true });
    assert.equal(JSON.stringify(codec.decode(frame)), JSON.stringify({ name: 'MidasOrders', body: { orders: [order], more: true } }));
  }
});

test('without a wx and a platform the client says what is missing', () => {
  const { MidasClient } = loadScript('dist/leafmidas-client.js', { setTimeout, clearTimeout }) as { MidasClient: new (o: object) => unknown };
  assert.throws(() => new MidasClient({ url: 'ws://game' }), /no global wx here: pass a platform/);
});
