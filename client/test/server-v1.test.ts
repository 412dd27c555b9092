import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { WebSocket } from 'ws';
import { browserPlatform, MidasClient, type MidasError } from '../src/index';
import { eventually, join, World } from './world';

let world: World;
before(async () => { world = await World.start('v1'); });
after(() => world.stop());

const give = (openid: string, coins: number) => world.control('recharge', { env: 'sandbox', openid, zone_id: '1', coins });
const rejection = (p: Promise<unknown>) => p.then(() => assert.fail('resolved'), (e: MidasError) => e);

test('a player logs in, recharges, and buys a sword', async (t) => {
  const { phone, midas } = await join(t, world, 'alice');
  const shown: string[] = [];
  midas.onBalance((b) => shown.push(`${b.reason} ${b.balance}`));
  assert.equal(shown[0], 'LOGIN 0');

  const recharged = await midas.recharge(60);
  assert.equal(recharged.state, 'CREDITED');
  assert.equal(recharged.coins, 60);
  assert.equal(phone.windows, 1);

  const bought = await midas.purchase('sword');
  assert.equal(bought.state, 'DELIVERED');
  assert.equal(bought.amount, 60);
  assert.equal((await midas.getBalance()).balance, 0);
  assert.equal(midas.balance?.cost_sum, 60);

  const bag = new Promise<{ items?: unknown }>((resolve) => midas.on('Inventory', resolve));
  midas.send('GetInventory', {});
  assert.deepEqual(structuredClone((await bag).items), { sword: 1 });
  const { orders, more } = await midas.listOrders({ limit: 10 });
  assert.deepEqual(structuredClone(orders.map((o) => [o.bill_no, o.state, o.amount])), [[bought.bill_no, 'DELIVERED', 60]]);
  assert.equal(more, false);
  const { recharges } = await midas.listRecharges();
  assert.deepEqual(structuredClone(recharges.map((r) => [r.state, r.buy_quantity, r.coins, r.fen, r.late])), [['CREDITED', 60, 60, 600, false]]);
});

test('coins that are credited late come by themselves', async (t) => {
  const { phone, midas } = await join(t, world, 'late');
  phone.fate = { credit_after: '1s' };
  const results: unknown[] = [];
  midas.on('MidasRechargeResult', (r) => results.push(r.state));
  assert.equal((await midas.recharge(60)).state, 'PENDING');
  assert.equal(midas.balance?.balance, 0);
  await eventually('the coins come', () => midas.balance?.balance === 60);
  assert.equal(midas.balance?.reason, 'RECHARGE');
  await eventually('the recharge is told as credited', () => results.includes('CREDITED'));
});

test('a player who cancels keeps the money, and the server knows', async (t) => {
  const { phone, midas } = await join(t, world, 'cancels');
  const states: unknown[] = [];
  midas.on('MidasRechargeResult', (r) => states.push(r.state));
  phone.moods.push(1, 2);
  assert.equal((await rejection(midas.recharge(60))).code, 'PAYMENT_CANCELLED');
  assert.equal((await rejection(midas.recharge(60))).code, 'PAYMENT_BUSY');
  assert.deepEqual(states, ['CANCELLED', 'FAILED']);
});

test('a sword that costs more than there is brings INSUFFICIENT_BALANCE', async (t) => {
  const { midas } = await join(t, world, 'poor');
  const e = await rejection(midas.purchase('sword'));
  assert.equal(e.code, 'INSUFFICIENT_BALANCE');
  assert.equal(e.retryable, false);
  assert.equal((await rejection(midas.purchase('dragon'))).code, 'UNKNOWN_ITEM');
  assert.equal((await rejection(midas.recharge(7))).code, 'BAD_TIER');
  assert.equal((await rejection(midas.buyGoods('pass'))).code, 'NOT_PERMITTED');
});

test('what the server cannot take is refused, and not asked for ever', async (t) => {
  const { midas } = await join(t, world, 'odd');
  const states: string[] = [];
  midas.onState((s) => states.push(s));
  for (const quantity of [0, -1, 1.5, NaN, Infinity, 2 ** 53, 1e21, '1' as never, {} as never]) {
    assert.equal((await rejection(midas.purchase('sword', quantity))).code, 'INVALID_ARGUMENT');
    assert.match((await rejection(midas.recharge(quantity))).code, /^(INVALID_ARGUMENT|BAD_TIER)$/);
  }
  for (const id of ['', 'x'.repeat(5000), 'a\u0000']) {
    assert.equal((await rejection(midas.purchase('sword', 1, { requestId: id }))).code, 'INVALID_ARGUMENT');
    assert.equal((await rejection(midas.purchase(id))).code, 'INVALID_ARGUMENT');
  }
  assert.deepEqual(states, []);
});

test('a connection that is cut in the middle of a purchase costs nothing but time', async (t) => {
  const { phone, midas } = await join(t, world, 'cut');
  await give(phone.openid, 120);
  await world.control('script', { api: 'pay', faults: [{ kind: 'slow', delay: '600ms' }] });
  const states: string[] = [];
  midas.onState((s) => states.push(s));
  const calls = await world.calls('pay');
  phone.line.deafen(); // no answer is there before the cut
  const bought = midas.purchase('sword', 1, { requestId: 'once' });
  await eventually('the server asks Midas', async () => await world.calls('pay') > calls);
  phone.line.deafen(false);
  phone.line.cut();
  const first = await bought;
  assert.equal(first.state, 'DELIVERED');
  assert.deepEqual(states, ['offline', 'connecting', 'online']);
  const again = await midas.purchase('sword', 1, { requestId: 'once' });
  assert.equal(again.bill_no, first.bill_no);
  assert.equal((await midas.listOrders()).orders.length, 1);
  assert.equal((await midas.getBalance()).balance, 60);
  assert.equal(phone.logins, 2);
});

test('a connection that falls silent in the middle of a purchase is replaced', async (t) => {
  const { phone, midas } = await join(t, world, 'silent', { timeoutMs: 1000 });
  await give(phone.openid, 60);
  const states: string[] = [];
  midas.onState((s) => states.push(s));
  phone.line.silence();
  assert.equal((await midas.purchase('sword')).state, 'DELIVERED');
  assert.deepEqual(states, ['offline', 'connecting', 'online']);
  assert.equal((await midas.listOrders()).orders.length, 1);
});

test('a window that is paid and never calls back is a recharge when the player comes back from it', async (t) => {
  const { phone, midas } = await join(t, world, 'speechless');
  const pay = phone.requestMidasPayment.bind(phone);
  const paid = new Promise<void>((resolve, reject) => {
    phone.requestMidasPayment = (o) => pay({ ...o, success: () => resolve(), fail: reject });
  });
  const recharged = midas.recharge(60);
  await paid;
  await midas.login(); // wx.onShow
  assert.deepEqual(structuredClone(await recharged), { request_id: (await recharged).request_id, state: 'CREDITED', coins: 60 });
  assert.equal(midas.balance?.balance, 60);
});

test('a connection that died while the telephone slept is replaced when the player comes back, with the coins that came meanwhile', async (t) => {
  const { phone, midas } = await join(t, world, 'sleeper', { timeoutMs: 1000 });
  phone.line.silence();
  await give(phone.openid, 60);
  await midas.login(); // wx.onShow
  await eventually('the coins are shown', () => midas.balance?.balance === 60);
  assert.deepEqual([midas.state, phone.logins], ['online', 2]);
});

test('a server that is killed in the middle of a purchase delivers it once, when it is back', async (t) => {
  const { phone, midas } = await join(t, world, 'killed');
  await give(phone.openid, 120);
  await world.control('script', { api: 'pay', faults: [{ kind: 'slow', delay: '600ms' }] });
  const calls = await world.calls('pay');
  const bought = midas.purchase('sword');
  await eventually('the server asks Midas', async () => await world.calls('pay') > calls);
  await world.restart();
  assert.equal((await bought).state, 'DELIVERED');
  assert.equal((await midas.listOrders()).orders.length, 1);
  assert.equal((await midas.getBalance()).balance, 60);
  const bag = new Promise<{ items?: unknown }>((resolve) => midas.on('Inventory', resolve));
  midas.send('GetInventory', {});
  assert.deepEqual(structuredClone((await bag).items), { sword: 1 });
});

test('an order whose outcome nobody knows is pending, and then delivered', async (t) => {
  const { phone, midas } = await join(t, world, 'unsure');
  await give(phone.openid, 60);
  const states: string[] = [];
  midas.onOrder((r) => states.push(r.state));
  await world.control('script', { api: 'pay', faults: [{ kind: 'fail' }, { kind: 'refuse' }] });
  assert.equal((await midas.purchase('sword')).state, 'DELIVERED');
  assert.deepEqual(states, ['PENDING', 'DELIVERED']);
  assert.equal((await midas.getBalance()).balance, 0);
});

test('a session that WeChat has ended is renewed without a word to the player', async (t) => {
  const { phone, midas } = await join(t, world, 'idle');
  await give(phone.openid, 60);
  await world.control('session/expire', { openid: phone.openid });
  assert.equal((await midas.purchase('sword')).state, 'DELIVERED');
  await world.control('session/expire', { openid: phone.openid });
  assert.equal((await midas.getBalance()).balance, 0);
  assert.equal(phone.logins, 3);
  assert.equal(midas.state, 'online');
});

test('a page in a browser buys with stand-ins for what only WeChat has', async (t) => {
  Object.assign(globalThis, { WebSocket });
  const midas = new MidasClient({
    url: `ws://${world.ws}`, backoff: { firstMs: 10 },
    platform: browserPlatform({ loginCode: () => Promise.resolve(world.code('page')), platform: 'android' }),
  });
  t.after(() => midas.close());
  const { openid } = await midas.login();
  await give(openid, 60);
  assert.equal((await midas.getBalance()).balance, 60);
  assert.equal((await midas.purchase('sword')).state, 'DELIVERED');
  const e = await rejection(midas.recharge(60));
  assert.deepEqual([e.code, e.message], ['PAYMENT_FAILED', 'PAYMENT_FAILED: another error (errCode 6, requestMidasPayment:fail not supported here)']);
});

test('two telephones of one player both see what one of them does', async (t) => {
  const [a, b] = [await join(t, world, 'twice'), await join(t, world, 'twice')];
  assert.equal(a.phone.openid, b.phone.openid);
  assert.equal((await a.midas.recharge(60)).state, 'CREDITED');
  for (const { midas } of [a, b]) {
    await eventually('the coins are shown', () => midas.balance?.balance === 60);
  }
  await b.midas.purchase('sword');
  for (const { midas } of [a, b]) {
    await eventually('the price is shown', () => midas.balance?.balance === 0);
  }
});

test('a server that is asked too much puts the client off, and nothing is lost', async (t) => {
  const { midas } = await join(t, world, 'hasty', { timeoutMs: 20_000 });
  const refused: unknown[] = [];
  midas.on('MidasError', (e) => refused.push(e.code));
  const lists = Array.from({ length: 260 }, () => midas.getBalance());
  await Promise.all(lists);
  assert.ok(refused.length > 0 && refused.every((code) => code === 'RATE_LIMITED' || code === 'BUSY'), `refused: ${refused}`);
});
