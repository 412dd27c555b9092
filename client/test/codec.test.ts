import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { toUTF8, utf8 } from '../src/codec';
import { json } from '../src/index';
import { idsFrom, protobuf } from '../src/protobuf';
import { isBody, type Body } from '../src/wire';

test('text is read and written as the engine does', () => {
  for (const text of ['', 'plain', 'ü€', '游戏币', '🗡️ sword', '\u0000\u007f\u0080\u07ff\u0800\uffff\u{10000}\u{10ffff}']) {
    const bytes = new TextEncoder().encode(text);
    assert.deepEqual(toUTF8(text), new Uint8Array(bytes));
    assert.equal(utf8(bytes), text);
  }
  assert.deepEqual(toUTF8('\ud800x'), new Uint8Array(new TextEncoder().encode('\ud800x')));
});

test('bytes that are no text never make a wrong character', () => {
  for (const bytes of [[0x80], [0xc3], [0xc0, 0x80], [0xe0, 0x80, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xff, 0xfe], [0xe6, 0xb8]]) {
    const read = utf8(Uint8Array.from([0x61, ...bytes, 0x62]));
    assert.match(read, /^a\ufffd+b$/, `${bytes} is read as ${JSON.stringify(read)}`);
  }
});

test('a JSON frame is an object with one name', () => {
  assert.equal(json.encode('MidasLogin', { code: 'c' }), '{"MidasLogin":{"code":"c"}}');
  assert.deepEqual(json.decode('{"A":{"b":1}}'), { name: 'A', body: { b: 1 } });
  for (const other of ['', '{', 'null', '[]', '{}', '1', '{"A":1}', '{"A":[]}', '{"A":{},"B":{}}']) {
    assert.equal(json.decode(other), undefined, other);
  }
});

/** Frames that the Go side has frozen: every message with the most it can hold. */
const frozen = readFileSync('../msg/testdata/frames.jsonl', 'utf8').trim().split('\n');

test('every message that the Go side has frozen is read alike in JSON and in protobuf', () => {
  assert.ok(frozen.length > 0);
  const codec = protobuf({ ids: idsFrom(2) });
  const names = new Set<string>();
  for (const line of frozen) {
    const frame = json.decode(line) ?? (() => { throw new Error(line); })();
    names.add(frame.name);
    const binary = codec.encode(frame.name, frame.body);
    assert.ok(binary instanceof ArrayBuffer);
    // In JSON a field that came to its message later is left out while it is zero.
    const read = codec.decode(binary) ?? (() => { throw new Error(line); })();
    for (const [field, value] of Object.entries(read.body)) {
      if (!(field in frame.body) && (value === 0 || value === '' || value === false)) {
        delete read.body[field];
      }
    }
    assert.deepEqual(withoutLaterZeros(read, frame), frame);
  }
  assert.deepEqual([...names].sort(), Object.keys(idsFrom(0)).sort());
});

/** What is read, as far as the error in an order has the fields that JSON has. */
function withoutLaterZeros(read: { name: string; body: Body }, frame: { body: Body }): { name: string; body: Body } {
  const [inner, outer] = [read.body.error, frame.body.error];
  if (isBody(inner) && isBody(outer)) {
    read.body.error = Object.fromEntries(Object.entries(inner).filter(([field, value]) => field in outer || value !== 0));
  }
  return read;
}

test('ids are two bytes, big endian unless the server says otherwise', () => {
  const bytes = (littleEndian: boolean) => [...new Uint8Array(protobuf({ ids: idsFrom(2), littleEndian }).encode('MidasGetBalance', { request_id: 'a' }) as ArrayBuffer)];
  assert.deepEqual(bytes(false), [0, 3, 10, 1, 97]);
  assert.deepEqual(bytes(true), [3, 0, 10, 1, 97]);
  assert.equal(idsFrom(0xff00).MidasGoodsOptions, 0xff0f);
});

test("the game's own messages have a place beside ours", () => {
  const codec = protobuf({
    ids: idsFrom(2), messages: { Inventory: { id: 1, encode: () => Uint8Array.of(9), decode: (bytes) => ({ first: bytes[0] }) } },
  });
  assert.deepEqual([...new Uint8Array(codec.encode('Inventory', {}) as ArrayBuffer)], [0, 1, 9]);
  assert.deepEqual(codec.decode(Uint8Array.of(0, 1, 7).buffer), { name: 'Inventory', body: { first: 7 } });
  assert.throws(() => codec.encode('Nobody', {}), /Nobody has no id/);
  assert.throws(() => protobuf({ ids: { MidasLogin: 1, MidasError: 1 } }), /id of MidasError is 1: MidasLogin/);
  assert.throws(() => protobuf({ ids: { MidasLogin: 65536 } }), /two bytes/);
});

test('a frame that is not ours, or broken, is not read', () => {
  const codec = protobuf({ ids: idsFrom(2) });
  for (const bytes of [[], [0], [0, 1], [9, 9, 1], [0, 3, 10, 127]]) {
    assert.equal(codec.decode(Uint8Array.from(bytes).buffer), undefined);
  }
  assert.equal(codec.decode('text'), undefined);
});

test('a body that does not fit its message is refused, not sent', () => {
  const codec = protobuf({ ids: idsFrom(2) });
  assert.throws(() => codec.encode('MidasPurchase', { quantity: 'many' }), TypeError);
  assert.throws(() => codec.encode('MidasPurchase', { request_id: '\ud800' }), TypeError);
});
