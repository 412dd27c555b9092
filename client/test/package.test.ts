// The package as others get it: what is in dist.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
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

test('the package needs nothing at run time', () => {
  assert.deepEqual([described.dependencies, described.peerDependencies, described.optionalDependencies], [undefined, undefined, undefined]);
});

test('the single files need nothing but the language', () => {
  const { json } = loadScript('dist/leafmidas-client.js', {}) as { json: Codec };
  const { protobuf, idsFrom } = loadScript('dist/protobuf.js', {}) as { protobuf: (o: object) => Codec; idsFrom: (n: number) => object };
  for (const codec of [json, protobuf({ ids: idsFrom(0) })]) {
    const frame = codec.encode('MidasLogin', { code: '游戏🗡️', zone_id: '1', platform: 'android' });
    assert.equal(JSON.stringify(codec.decode(frame)), '{"name":"MidasLogin","body":{"code":"游戏🗡️","zone_id":"1","platform":"android"}}');
  }
});
