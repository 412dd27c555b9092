import assert from 'node:assert/strict';
import { test } from 'node:test';
import { balance, failure, letIn, online, pass, rejection, settled, UNAVAILABLE } from './fake';

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

test("another player's balance is not shown", async (t) => {
  const { client, platform } = await online(t);
  platform.line.lose();
  await pass(250);
  await letIn(platform, 'bob');
  assert.equal(client.balance === undefined, true);
  platform.line.receive('MidasBalance', balance({ balance: 3, version: 0, reason: 2 }));
  assert.equal(client.balance?.balance, 3);
});

test('a balance that the login did not bring is asked for', async (t) => {
  const { client, platform } = await online(t);
  platform.line.lose();
  await pass(250);
  await letIn(platform);
  platform.line.sent.length = 0;
  platform.line.receive('MidasError', failure('', UNAVAILABLE, { retryable: true, retry_after_ms: 3000 }));
  await pass(2999);
  assert.deepEqual(platform.line.sent, []);
  await pass(1);
  const [asked] = platform.line.asked('MidasGetBalance');
  platform.line.receive('MidasBalance', balance({ balance: 77, version: 99, request_id: asked?.request_id }));
  assert.equal(client.balance?.balance, 77);
});

test('a question for the balance ends if there is no server', async (t) => {
  const { client, platform } = await online(t, { timeoutMs: 1000 });
  platform.line.lose();
  const e = rejection(client.getBalance());
  await pass(3000);
  assert.deepEqual({ code: (await e).code, retryable: (await e).retryable }, { code: 'UNAVAILABLE', retryable: true });
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
  platform.line.receive('MidasServiceState', { available: false, retry_after_ms: 5000 });
  platform.line.receive('MidasServiceState', { available: true, retry_after_ms: 0 });
  assert.deepEqual(heard, [{ available: false, retry_after_ms: 5000 }, { available: true, retry_after_ms: 0 }]);
});
