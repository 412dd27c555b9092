import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { balance, clock, failure, letIn, online, pass, rejection, settled, UNAVAILABLE } from './fake';

test('a balance that is older than the one shown is dropped', async (t) => {
  const { client, platform } = await online(t);
  const shown: number[] = [];
  client.onBalance((b) => shown.push(b.balance));
  for (const [version, coins] of [[5, 50], [3, 30], [5, 51], [6, 60]]) {
    platform.line.receive('MidasBalance', balance({ balance: coins, version, reason: 3 }));
  }
  assert.deepEqual(shown, [100, 50, 60]);
  assert.equal(client.balance?.balance, 60);
  assert.equal(client.balance?.reason, 'PURCHASE');
});

test('who asks is told the newest balance, though the answer is an older one', async (t) => {
  const { client, platform } = await online(t);
  const asked = client.getBalance();
  platform.line.receive('MidasBalance', balance({ balance: 70, version: 9, reason: 5 }));
  platform.line.receive('MidasBalance', balance({ balance: 60, version: 8, request_id: 'r1' }));
  assert.equal((await asked).balance, 70);
});

test("a fresh login's balance counts, though another server's clock has numbered it lower", async (t) => {
  const { client, platform } = await online(t);
  platform.line.receive('MidasBalance', balance({ balance: 50, version: 5000, reason: 3 }));
  platform.line.lose();
  await pass(250);
  await letIn(platform);
  platform.line.receive('MidasBalance', balance({ balance: 80, version: 4000, reason: 2 }));
  assert.equal(client.balance?.balance, 80);
  platform.line.receive('MidasBalance', balance({ balance: 90, version: 3999, reason: 2 })); // of another connection's login
  assert.equal(client.balance?.balance, 80);
});

for (const [what, before, login, after] of [
  ['newer than that from before the login', 7, 6, 7],
  ['numbered by a clock that lags behind', 4, 3, 4],
  ['older than that of the login', 3, 4, 4],
] as const) {
  test(`a balance that comes before the login's own counts by its number: ${what}`, async (t) => {
    const { client, platform } = await online(t);
    platform.line.receive('MidasBalance', balance({ balance: 50, version: 5, reason: 3 }));
    platform.line.lose();
    await pass(250);
    await letIn(platform);
    const shown: number[] = [];
    client.onBalance((b) => shown.push(b.version));
    platform.line.receive('MidasBalance', balance({ version: before, reason: 3 }));
    platform.line.receive('MidasBalance', balance({ version: login, reason: 2 }));
    assert.deepEqual(shown, [5, after]);
  });
}

test('a balance that was asked for counts after a login that brought none, though another clock has numbered it lower', async (t) => {
  const { client, platform, asked } = await ungreeted(t);
  await pass(3250);
  platform.line.receive('MidasBalance', balance({ balance: 80, version: 0, request_id: asked()[0] }));
  assert.equal(client.balance?.balance, 80);
});

test("another player's balance is not shown", async (t) => {
  const { client, platform } = await online(t);
  platform.line.lose();
  await pass(250);
  await letIn(platform, 'bob');
  assert.equal(client.balance === undefined, true);
  platform.line.receive('MidasBalance', balance({ balance: 3, version: 0, reason: 2 }));
  assert.equal(client.balance?.balance, 3);
});

/** A player on a new connection whose login brings no balance. */
async function ungreeted(t: TestContext, list = false) {
  const { client, platform } = await online(t);
  platform.line.lose();
  await pass(250);
  await letIn(platform);
  const listed = list ? rejection(client.listOrders()) : undefined;
  await settled();
  platform.line.sent.length = 0;
  platform.line.receive('MidasError', failure('', UNAVAILABLE, { retryable: true, retry_after_ms: 3000 }));
  return { client, platform, listed, asked: () => platform.line.asked('MidasGetBalance').map((m) => String(m.request_id)) };
}

test('a balance that the login did not bring is asked for, ever more seldom, until there is one', async (t) => {
  const { client, platform, asked } = await ungreeted(t);
  for (const [i, pause] of [3250, 3500, 4000, 5000, 7000, 11_000, 18_000, 18_000].entries()) {
    await pass(pause - 1);
    assert.equal(asked().length, i);
    await pass(1);
    assert.equal(asked().length, i + 1, `not asked for after ${pause} ms`);
    platform.line.receive('MidasError', failure(asked()[i] ?? '', UNAVAILABLE, { retryable: true, retry_after_ms: 3000 }));
  }
  await pass(18_000);
  platform.line.receive('MidasBalance', balance({ balance: 77, version: 99, request_id: asked()[8] }));
  assert.equal(client.balance?.balance, 77);
  assert.equal(clock.countTimers(), 0);
});

test('an error that ends a list may be the login\'s, and the balance is asked for too', async (t) => {
  const { listed, asked } = await ungreeted(t, true);
  assert.equal((await listed)?.code, 'UNAVAILABLE');
  await pass(3250);
  assert.equal(asked().length, 1);
});

for (const [what, end] of [
  ['a balance that comes by itself', ({ platform }) => platform.line.receive('MidasBalance', balance({ balance: 5, version: 99, reason: 3 }))],
  ['a connection that is lost', ({ platform }) => platform.line.lose()],
  ['close', ({ client }) => client.close()],
] as [string, (to: Awaited<ReturnType<typeof ungreeted>>) => void][]) {
  for (const asking of [false, true]) {
    test(`after ${what} no balance is looked for, ${asking ? 'with a question' : 'with none'} under way`, async (t) => {
      const world = await ungreeted(t);
      await pass(asking ? 3250 : 0);
      const { line } = world.platform;
      end(world);
      if (asking) {
        line.receive('MidasError', failure(world.asked()[0] ?? '', UNAVAILABLE, { retryable: true }));
      }
      await pass(100_000);
      assert.equal(line.asked('MidasGetBalance').length, asking ? 1 : 0);
      world.client.close();
      await settled();
      assert.equal(clock.countTimers(), 0);
    });
  }
}

test('a question for the balance ends if there is no server', async (t) => {
  const { client, platform } = await online(t, { timeoutMs: 1000 });
  platform.line.lose();
  const e = rejection(client.getBalance());
  await pass(3000);
  assert.deepEqual({ code: (await e).code, retryable: (await e).retryable }, { code: 'UNAVAILABLE', retryable: true });
});

test('recharges are listed with all that is known of them', async (t) => {
  const { client, platform } = await online(t);
  const listed = client.listRecharges({ limit: 1, before: 'r9' });
  const refused = rejection(client.listRecharges());
  await settled();
  const [ask, other] = platform.line.asked('MidasListRecharges');
  assert.deepEqual([ask?.['limit'], ask?.['before'], other?.['limit'], other?.['before']], [1, 'r9', 0, '']);
  const line = {
    request_id: 'r8', buy_quantity: 60, coins: 60, fen: 600, state: 1, late: true, created_unix: 1, updated_unix: 2,
    out_trade_no: 'T', mch_order_no: 'M', transaction_id: '42',
  };
  platform.line.receive('MidasRecharges', { request_id: ask?.['request_id'], recharges: [line, 7], more: true });
  assert.deepEqual(await listed, { request_id: ask?.['request_id'], recharges: [{ ...line, state: 'CREDITED' }], more: true });
  platform.line.receive('MidasError', failure(String(other?.['request_id']), 1));
  assert.equal((await refused).code, 'INVALID_ARGUMENT');
});

test('lists are asked for one after the other, as none tells whose it is', async (t) => {
  const { client, platform } = await online(t);
  const first = client.listOrders({ limit: 1 });
  const second = client.listOrders({ before: 'b9' });
  await settled();
  assert.deepEqual(platform.line.asked('MidasListOrders'), [{ limit: 1, before: '' }]);
  const line = { bill_no: 'b9', request_id: 'r', item_id: 'sword', quantity: 1, amount: 60, state: 2, created_unix: 1 };
  platform.line.receive('MidasOrders', { orders: [line], more: true });
  assert.deepEqual(await first, { orders: [{ ...line, state: 'DELIVERED' }], more: true });
  await settled();
  assert.deepEqual(platform.line.asked('MidasListOrders')[1], { limit: 0, before: 'b9' });
  platform.line.receive('MidasError', failure('', 1));
  assert.equal((await rejection(second)).code, 'INVALID_ARGUMENT');
});

test('the shop opens and closes', async (t) => {
  const { client, platform } = await online(t);
  const heard: unknown[] = [];
  client.onService((s) => heard.push(s));
  platform.line.receive('MidasServiceState', { available: false, retry_after_ms: 5000, reason: 2 });
  platform.line.receive('MidasServiceState', { available: true, retry_after_ms: 0 });
  assert.deepEqual(heard, [{ available: false, retry_after_ms: 5000, reason: 'UNREACHABLE' }, { available: true, retry_after_ms: 0, reason: 'UNSPECIFIED' }]);
});
