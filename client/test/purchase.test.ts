import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  BUSY, CANCELLED, DELIVERED, FAILED, failure, INTERNAL, INVALID_ARGUMENT, letIn, type Line, NOT_LOGGED_IN, NOT_PERMITTED, online, order, pass,
  PENDING, RATE_LIMITED, rejection, SESSION_EXPIRED, settled, SHORT, UNAVAILABLE, UNKNOWN_ITEM,
} from './fake';

const sword = { request_id: 'r1', item_id: 'sword', quantity: 1 };

test('a purchase resolves when the item is delivered', async (t) => {
  const { client, platform } = await online(t);
  const seen: string[] = [];
  client.onOrder((r) => seen.push(`${r.request_id} ${r.state}`));
  const bought = client.purchase('sword', 2);
  assert.deepEqual(platform.line.asked('MidasPurchase'), [{ ...sword, quantity: 2 }]);
  platform.line.receive('MidasPurchaseResult', order('another', DELIVERED));
  platform.line.receive('MidasPurchaseResult', order('r1', PENDING));
  platform.line.receive('MidasPurchaseResult', order('r1', DELIVERED));
  assert.equal((await bought).bill_no, 'b-r1');
  assert.deepEqual(seen, ['another DELIVERED', 'r1 PENDING', 'r1 DELIVERED']);
});

test('a connection that breaks in the middle of a purchase changes nothing but the connection', async (t) => {
  const { client, platform } = await online(t);
  const bought = client.purchase('sword');
  platform.line.lose();
  await pass(250);
  await letIn(platform);
  assert.deepEqual(platform.line.asked('MidasPurchase'), [sword]);
  platform.line.receive('MidasPurchaseResult', order('r1', PENDING));
  platform.line.lose();
  await pass(250);
  await letIn(platform);
  assert.deepEqual(platform.line.asked('MidasPurchase'), [sword]);
  platform.line.receive('MidasPurchaseResult', order('r1', DELIVERED));
  assert.equal((await bought).state, 'DELIVERED');
});

test('a purchase made while offline is asked for once there is a connection', async (t) => {
  const { client, platform } = await online(t);
  platform.line.lose();
  const bought = client.purchase('sword', 1, { requestId: 'earlier' });
  await pass(250);
  await letIn(platform);
  assert.deepEqual(platform.line.asked('MidasPurchase'), [{ ...sword, request_id: 'earlier' }]);
  platform.line.receive('MidasPurchaseResult', order('earlier', DELIVERED));
  await bought;
});

test('a connection on which an answer does not come is distrusted', async (t) => {
  const { client, platform } = await online(t, { timeoutMs: 2000 });
  const bought = client.purchase('sword');
  await pass(1999);
  assert.equal(platform.lines.length, 1);
  await pass(1);
  assert.equal(platform.lines[0]?.closed, true);
  await pass(250);
  await letIn(platform);
  platform.line.receive('MidasPurchaseResult', order('r1', DELIVERED));
  await bought;
});

test('an order that is pending is looked at again, ever more seldom', async (t) => {
  const { client, platform } = await online(t, { timeoutMs: 2000 });
  const bought = client.purchase('sword');
  for (const pause of [2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]) {
    const asked = platform.line.asked('MidasPurchase').length;
    platform.line.receive('MidasPurchaseResult', order('r1', PENDING));
    await pass(pause - 1);
    assert.equal(platform.line.asked('MidasPurchase').length, asked);
    await pass(1);
    assert.equal(platform.line.asked('MidasPurchase').length, asked + 1, `no look after ${pause} ms`);
  }
  platform.line.receive('MidasPurchaseResult', order('r1', DELIVERED));
  await bought;
});

for (const [name, code] of [['SESSION_EXPIRED', SESSION_EXPIRED], ['NOT_LOGGED_IN', NOT_LOGGED_IN]] as const) {
  test(`${name} leads to a fresh login on the same connection, and the same question`, async (t) => {
    const { client, platform } = await online(t);
    const bought = client.purchase('sword');
    platform.line.receive('MidasError', failure('r1', code, { retryable: true }));
    await settled();
    assert.equal(platform.line.asked('MidasLogin')[0]?.code, 'code-2');
    assert.equal(platform.line.asked('MidasPurchase').length, 1);
    await letIn(platform, 'alice', true);
    assert.deepEqual(platform.line.asked('MidasPurchase'), [sword, sword]);
    platform.line.receive('MidasPurchaseResult', order('r1', DELIVERED));
    await bought;
    assert.equal(platform.lines.length, 1);
    assert.equal(client.state, 'online');
  });
}

test('a session that expires again and again is told', async (t) => {
  const { client, platform } = await online(t);
  const bought = rejection(client.purchase('sword'));
  for (let i = 0; i < 3; i++) {
    platform.line.receive('MidasError', failure('r1', SESSION_EXPIRED, { retryable: true }));
    await letIn(platform, 'alice', true);
  }
  platform.line.receive('MidasError', failure('r1', SESSION_EXPIRED, { retryable: true }));
  assert.equal((await bought).code, 'SESSION_EXPIRED');
  assert.equal(platform.line.asked('MidasLogin').length, 3);
});

test('two questions with one expired session lead to one login', async (t) => {
  const { client, platform } = await online(t);
  const both = [client.purchase('sword'), client.purchase('sword')];
  platform.line.receive('MidasError', failure('r1', SESSION_EXPIRED, { retryable: true }));
  await letIn(platform, 'alice', true);
  platform.line.receive('MidasError', failure('r2', SESSION_EXPIRED, { retryable: true })); // of the session before
  await settled();
  assert.equal(platform.line.asked('MidasLogin').length, 1);
  assert.equal(platform.line.asked('MidasPurchase').length, 4);
  platform.line.receive('MidasPurchaseResult', order('r1', DELIVERED));
  platform.line.receive('MidasPurchaseResult', order('r2', DELIVERED));
  await Promise.all(both);
});

test('an order that waits for a login gets one', async (t) => {
  const { client, platform } = await online(t);
  const bought = client.purchase('sword');
  platform.line.receive('MidasPurchaseResult', order('r1', PENDING, { code: SESSION_EXPIRED, retryable: true }));
  await letIn(platform, 'alice', true);
  assert.equal(platform.line.asked('MidasLogin').length, 1);
  platform.line.receive('MidasPurchaseResult', order('r1', DELIVERED));
  await bought;
});

test('a server that has too much to do is asked again as soon as it says', async (t) => {
  const { client, platform } = await online(t);
  const bought = client.purchase('sword');
  platform.line.receive('MidasError', failure('r1', RATE_LIMITED, { retryable: true, retry_after_ms: 700 }));
  await pass(700);
  assert.equal(platform.line.asked('MidasPurchase').length, 1);
  await pass(250);
  assert.equal(platform.line.asked('MidasPurchase').length, 2);
  platform.line.receive('MidasPurchaseResult', order('r1', DELIVERED));
  await bought;
});

test('a server that stays busy is not waited for longer than a player would', async (t) => {
  const { client, platform } = await online(t, { timeoutMs: 3000 });
  const bought = rejection(client.purchase('sword'));
  for (let i = 0; i < 2; i++) {
    platform.line.receive('MidasError', failure('r1', BUSY, { retryable: true, retry_after_ms: 1000 }));
    await pass(1500);
  }
  platform.line.receive('MidasError', failure('r1', BUSY, { retryable: true, retry_after_ms: 1000 }));
  const e = await bought;
  assert.deepEqual([e.code, e.retryable, e.retryAfterMs, e.requestId], ['BUSY', true, 1000, 'r1']);
});

test('a shop that is closed is told at once', async (t) => {
  const { client, platform } = await online(t);
  const bought = rejection(client.purchase('sword'));
  platform.line.receive('MidasError', failure('r1', UNAVAILABLE, { retryable: true, retry_after_ms: 5000 }));
  const e = await bought;
  assert.deepEqual([e.code, e.retryable, e.retryAfterMs, e.requestId], ['UNAVAILABLE', true, 5000, 'r1']);
});

test('but an order that may have been made is asked for until it is known', async (t) => {
  const { client, platform } = await online(t);
  const bought = client.purchase('sword');
  platform.line.lose();
  await pass(250);
  await letIn(platform);
  platform.line.receive('MidasError', failure('r1', UNAVAILABLE, { retryable: true, retry_after_ms: 5000 }));
  await pass(5250);
  assert.equal(platform.line.asked('MidasPurchase').length, 2);
  platform.line.receive('MidasPurchaseResult', order('r1', DELIVERED));
  await bought;
});

for (const [state, error, expected] of [
  [FAILED, { code: SHORT }, 'INSUFFICIENT_BALANCE'],
  [FAILED, { code: UNAVAILABLE }, 'ORDER_FAILED'],
  [FAILED, undefined, 'ORDER_FAILED'],
  [CANCELLED, { code: UNAVAILABLE, retryable: true }, 'ORDER_CANCELLED'],
  [CANCELLED, { code: SHORT }, 'INSUFFICIENT_BALANCE'],
] as const) {
  test(`an order that ends as ${state} because of ${error?.code ?? 'nothing'} is ${expected}`, async (t) => {
    const { client, platform } = await online(t);
    const bought = rejection(client.purchase('sword'));
    platform.line.receive('MidasPurchaseResult', order('r1', state, error));
    const e = await bought;
    assert.equal(e.code, expected);
    assert.equal(e.requestId, 'r1');
    assert.equal((e.order as { bill_no: string }).bill_no, 'b-r1');
  });
}

test('an order that an operator has to decide on is told, and asked for under the same id it is found delivered', async (t) => {
  const { client, platform } = await online(t);
  const bought = rejection(client.purchase('sword'));
  platform.line.receive('MidasPurchaseResult', order('r1', PENDING, { code: INTERNAL, message: 'this order is being looked into' }));
  const e = await bought;
  assert.deepEqual([e.code, e.message, e.retryable, e.requestId], ['INTERNAL', 'INTERNAL: this order is being looked into (bill b-r1)', true, 'r1']);
  assert.deepEqual(((r) => [r.bill_no, r.state])(e.order as { bill_no: string; state: string }), ['b-r1', 'PENDING']);
  await pass(100_000);
  assert.equal(platform.line.asked('MidasPurchase').length, 1);

  const again = client.purchase('sword', 1, { requestId: 'r1' });
  platform.line.receive('MidasPurchaseResult', order('r1', DELIVERED));
  assert.equal((await again).state, 'DELIVERED');
});

for (const [what, id] of [
  ['empty', ''], ['too long', 'x'.repeat(65)], ['too long in UTF-8', '剑'.repeat(22)], ['with a line break', 'a\nb'], ['with a control character', 'a\u0085'],
  ['half a character', 'a\ud83d'], ['no text', 7 as never],
] as const) {
  test(`an id that no server takes, ${what}, is refused and not sent`, async (t) => {
    const { client, platform } = await online(t, { newRequestId: () => id });
    const asked = [
      client.purchase('sword'), client.recharge(60), client.buyGoods('pass'), client.getBalance(),
      client.purchase('sword', 1, { requestId: id }), client.recharge(60, { requestId: id }), client.buyGoods('pass', 1, { requestId: id }),
      client.purchase(id, 1, { requestId: 'good' }), client.buyGoods(id, 1, { requestId: 'good' }),
    ];
    for (const e of await Promise.all(asked.map(rejection))) {
      assert.deepEqual([e.code, e.retryable], ['INVALID_ARGUMENT', false]);
    }
    assert.deepEqual(platform.line.sent, []);
  });
}

for (const id of ['x'.repeat(64), '剑'.repeat(21), '🗡️ of Alice']) {
  test(`an id like ${id} is sent`, async (t) => {
    const { client, platform } = await online(t);
    const bought = client.purchase(id, 1, { requestId: id });
    assert.deepEqual(platform.line.asked('MidasPurchase'), [{ request_id: id, item_id: id, quantity: 1 }]);
    platform.line.receive('MidasPurchaseResult', order(id, DELIVERED));
    await bought;
  });
}

test('a refusal that will not pass is told', async (t) => {
  const { client, platform } = await online(t);
  const bought = rejection(client.purchase('dragon'));
  platform.line.receive('MidasError', failure('r1', INVALID_ARGUMENT));
  const e = await bought;
  assert.ok(e instanceof Error);
  assert.deepEqual([e.code, e.retryable, (e as unknown as Error).message], ['INVALID_ARGUMENT', false, 'INVALID_ARGUMENT: why']);
});

for (const [what, requestId, before, retryable] of [
  ['has been asked for', undefined, () => undefined, true],
  ['is pending', undefined, (line: Line) => line.receive('MidasPurchaseResult', order('r1', PENDING)), true],
  ['was put off', undefined, (line: Line) => line.receive('MidasError', failure('r1', BUSY, { retryable: true })), false],
  ['may be of an earlier time', 'r1', (line: Line) => line.receive('MidasError', failure('r1', BUSY, { retryable: true })), true],
] as const) {
  for (const where of ['same', 'next'] as const) {
    test(`a login refused on the ${where} connection ends an order that ${what} as one to ask for ${retryable ? 'again' : 'no more'}`, async (t) => {
      const { client, platform } = await online(t);
      const bought = rejection(client.purchase('sword', 1, requestId === undefined ? {} : { requestId }));
      before(platform.line);
      if (where === 'same') {
        client.getBalance().catch(() => undefined);
        const { request_id: asked } = platform.line.asked('MidasGetBalance')[0] ?? {};
        platform.line.receive('MidasError', failure(String(asked), SESSION_EXPIRED, { retryable: true }));
      } else {
        platform.line.lose();
        await pass(250);
        platform.line.open();
      }
      await settled();
      platform.line.receive('MidasError', failure('', NOT_PERMITTED));
      const e = await bought;
      assert.deepEqual([e.code, e.retryable, e.order], ['NOT_PERMITTED', retryable, undefined]);
    });
  }
}

for (const [code, name, retryable] of [[UNKNOWN_ITEM, 'UNKNOWN_ITEM', false], [INTERNAL, 'INTERNAL', true]] as const) {
  test(`an order that may have been made and is refused with ${name} is one to ask for ${retryable ? 'again' : 'no more'}`, async (t) => {
    const { client, platform } = await online(t);
    const bought = rejection(client.purchase('sword'));
    platform.line.lose();
    await pass(250);
    await letIn(platform);
    platform.line.receive('MidasError', failure('r1', code));
    const e = await bought;
    assert.deepEqual([e.code, e.retryable, e.requestId], [name, retryable, 'r1']);
  });
}

test('nobody waits after an abort, but the order is still told', async (t) => {
  const { client, platform } = await online(t);
  const seen: string[] = [];
  client.onOrder((r) => seen.push(r.state));
  const stop = new AbortController();
  const bought = rejection(client.purchase('sword', 1, { signal: stop.signal }));
  stop.abort();
  const e = await bought;
  assert.deepEqual([e.code, e.retryable, e.requestId], ['ABORTED', true, 'r1']);
  platform.line.receive('MidasPurchaseResult', order('r1', DELIVERED));
  assert.deepEqual(seen, ['DELIVERED']);
  await pass(100_000);
  assert.equal(platform.line.asked('MidasPurchase').length, 1);
  assert.equal(platform.lines.length, 1);

  assert.equal((await rejection(client.purchase('sword', 1, { signal: stop.signal }))).code, 'ABORTED');
  assert.equal(platform.line.asked('MidasPurchase').length, 1);
});
