// Payment windows that do not call back, or do so late.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { balance, clock, DELIVERED, type FakePlatform, letIn, online, order, pass, PENDING, rejection, settled } from './fake';

const CREDITED = 1, NOT_SEEN = 2, R_CANCELLED = 3, R_FAILED = 4;
const result = (requestId: string, state: number, coins = 0) => ({ request_id: requestId, state, coins });

/** A player whose windows call back when the test says so. */
async function silent(t: TestContext) {
  const { client, platform } = await online(t, { windowMs: 100_000 });
  let back: { paid(): void; failed(reason: unknown): void } = { paid: () => undefined, failed: () => undefined };
  const open = () => new Promise<void>((paid, failed) => { back = { paid, failed }; });
  platform.coins = open;
  platform.goods = open;
  const reports = () => platform.line.asked('MidasRechargeDone').map((m) => m.err_code);
  return { client, platform, reports, paid: () => back.paid(), failed: (reason: unknown) => back.failed(reason) };
}

/** Lets time pass at a server that answers: the coins are as they were, and the goods are not paid for. */
async function pause(platform: FakePlatform, ms: number): Promise<void> {
  let asked = platform.line.sent.length;
  for (let passed = 0; passed < ms; passed += 1000) {
    await pass(Math.min(1000, ms - passed));
    for (const { name, body } of platform.line.sent.slice(asked)) {
      if (name === 'MidasGetBalance') {
        platform.line.receive('MidasBalance', balance({ balance: 100, version: 2, request_id: body.request_id }));
      } else if (name === 'MidasBuyGoods') {
        platform.line.receive('MidasGoodsOptions', signed);
      }
    }
    asked = platform.line.sent.length;
  }
}

const signed = { request_id: 'r1', sign_data: '{}', pay_sig: 'p', signature: 's' };

/** A player in front of a window for coins. */
async function recharging(t: TestContext) {
  const world = await silent(t);
  const done = world.client.recharge(60);
  world.platform.line.receive('MidasRechargeOptions', {
    request_id: 'r1', mode: 'game', env: 1, offer_id: '1450', currency_type: 'CNY', platform: 'android', buy_quantity: 60, zone_id: '1', out_trade_no: '',
  });
  await settled();
  return { ...world, done };
}

/** A player in front of a window for goods. */
async function buying(t: TestContext) {
  const world = await silent(t);
  const done = world.client.buyGoods('pass');
  world.platform.line.receive('MidasGoodsOptions', signed);
  await settled();
  return { ...world, done, asked: () => world.platform.line.asked('MidasBuyGoods').length };
}

test('a window that never calls back is paid when the server says that the coins came', async (t) => {
  const { platform, done } = await recharging(t);
  platform.line.receive('MidasRechargeResult', result('another', CREDITED, 60));
  platform.line.receive('MidasRechargeResult', result('r1', NOT_SEEN));
  platform.line.receive('MidasRechargeResult', result('r1', CREDITED, 60));
  assert.deepEqual(await done, { request_id: 'r1', state: 'CREDITED', coins: 60 });
  assert.equal(clock.countTimers(), 0);
});

test('a balance that grows under a window is asked about, and one that does not is not', async (t) => {
  const { platform, done, reports } = await recharging(t);
  platform.line.receive('MidasBalance', balance({ balance: 100, version: 2, reason: 1 }));
  platform.line.receive('MidasBalance', balance({ balance: 40, version: 3, reason: 3 }));
  assert.deepEqual(reports(), []);
  platform.line.receive('MidasBalance', balance({ balance: 50, version: 4, reason: 6 })); // a present
  assert.deepEqual(reports(), [0]);
  platform.line.receive('MidasRechargeResult', result('r1', NOT_SEEN));
  platform.line.receive('MidasBalance', balance({ balance: 50, save_amt: 60, version: 5, reason: 5 })); // bought, and spent at once
  assert.deepEqual(reports(), [0, 0]);
  platform.line.receive('MidasRechargeResult', result('r1', CREDITED, 60));
  assert.equal((await done).state, 'CREDITED');
});

test('a window that is cancelled after a question about it is cancelled, and the server is told', async (t) => {
  const { platform, done, reports, failed } = await recharging(t);
  platform.line.receive('MidasBalance', balance({ balance: 150, version: 2, reason: 6 }));
  platform.line.receive('MidasRechargeResult', result('r1', NOT_SEEN));
  failed({ errCode: 1 });
  await settled();
  assert.deepEqual(reports(), [0, 1]);
  platform.line.receive('MidasRechargeResult', result('r1', R_CANCELLED));
  assert.equal((await rejection(done)).code, 'PAYMENT_CANCELLED');
});

test('coins that come while the connection is lost end a silent window after the next login', async (t) => {
  const { platform, done, reports } = await recharging(t);
  platform.line.lose();
  await pass(250);
  await letIn(platform);
  platform.line.receive('MidasBalance', balance({ balance: 160, version: 2, reason: 2 }));
  assert.deepEqual(reports(), [0]);
  platform.line.receive('MidasRechargeResult', result('r1', CREDITED, 60));
  assert.equal((await done).coins, 60);
});

test('under an open window the balance is asked for again and again, until it ends', async (t) => {
  const { platform, done } = await recharging(t);
  const looks = () => platform.line.asked('MidasGetBalance').length;
  await pause(platform, 29_999);
  assert.equal(looks(), 0);
  await pause(platform, 1);
  assert.equal(looks(), 1);
  await pause(platform, 30_000);
  assert.equal(looks(), 2);
  platform.line.receive('MidasBalance', balance({ balance: 160, version: 9, request_id: '' }));
  platform.line.receive('MidasRechargeResult', result('r1', CREDITED, 60));
  assert.equal((await done).coins, 60);
  assert.equal(clock.countTimers(), 0);
});

test('a player who comes back from a silent window has the balance asked for, and the coins end it', async (t) => {
  const { client, platform, done, reports } = await recharging(t);
  void client.login(); // wx.onShow
  const [look] = platform.line.asked('MidasGetBalance');
  platform.line.receive('MidasBalance', balance({ balance: 160, version: 2, request_id: look?.request_id }));
  assert.deepEqual(reports(), [0]);
  platform.line.receive('MidasRechargeResult', result('r1', CREDITED, 60));
  assert.equal((await done).coins, 60);
});

test('a window that does not call back within windowMs has failed, and the server is told', async (t) => {
  const { platform, done, reports } = await recharging(t);
  await pause(platform, 99_999);
  assert.deepEqual(reports(), []);
  await pause(platform, 1);
  assert.deepEqual(reports(), [-1]);
  platform.line.receive('MidasRechargeResult', result('r1', R_FAILED));
  const e = await rejection(done);
  assert.deepEqual([e.code, e.retryable, e.errCode, e.requestId], ['PAYMENT_FAILED', false, -1, 'r1']);
  assert.match(String(e.message), /not called back within 100000 ms/);
});

test('a window that was paid and silent for windowMs is a recharge', async (t) => {
  const { platform, done } = await recharging(t);
  await pause(platform, 100_000);
  platform.line.receive('MidasRechargeResult', result('r1', CREDITED, 60));
  assert.equal((await done).coins, 60);
});

for (const [what, errCode] of [['was paid', 0], ['was cancelled', 1]] as const) {
  test(`a window that calls back after it was given up is told to the server: it ${what}`, async (t) => {
    const { platform, done, reports, paid, failed } = await recharging(t);
    await pause(platform, 100_000);
    platform.line.receive('MidasRechargeResult', result('r1', R_FAILED));
    assert.equal((await rejection(done)).code, 'PAYMENT_FAILED');
    if (errCode === 0) {
      paid();
    } else {
      failed({ errCode });
    }
    await settled();
    assert.deepEqual(reports(), [-1, errCode]);
  });
}

test('a window that calls back when the coins are there already changes nothing', async (t) => {
  const { platform, done, reports, paid } = await recharging(t);
  platform.line.receive('MidasRechargeResult', result('r1', CREDITED, 60));
  await done;
  paid();
  await settled();
  assert.deepEqual(reports(), []);
});

test('close ends the waiting for a window', async (t) => {
  const coins = await recharging(t);
  coins.client.close();
  assert.deepEqual([(await rejection(coins.done)).code, clock.countTimers()], ['CLOSED', 0]);
  coins.paid();
  await settled();
});

test('a window for goods that never calls back is paid when the server says that the order goes on', async (t) => {
  const { platform, done, asked } = await buying(t);
  platform.line.receive('MidasPurchaseResult', order('another', DELIVERED));
  assert.equal(asked(), 1);
  platform.line.receive('MidasPurchaseResult', order('r1', PENDING));
  await settled();
  assert.equal(asked(), 2);
  platform.line.receive('MidasPurchaseResult', order('r1', DELIVERED));
  assert.equal((await done).state, 'DELIVERED');
  assert.equal(clock.countTimers(), 0);
});

test('under an open window for goods the server is asked again and again, and when the player comes back', async (t) => {
  const { client, platform, done, asked } = await buying(t);
  await pause(platform, 30_000);
  assert.equal(asked(), 2); // not paid yet: no second window
  void client.login();
  assert.equal(asked(), 3);
  platform.line.receive('MidasPurchaseResult', order('r1', DELIVERED));
  await settled();
  platform.line.receive('MidasPurchaseResult', order('r1', DELIVERED));
  assert.equal((await done).state, 'DELIVERED');
});

for (const paid of [false, true]) {
  test(`a window for goods that does not call back within windowMs ${paid ? 'and was paid is a purchase' : 'has failed'}`, async (t) => {
    const { platform, done, asked } = await buying(t);
    await pause(platform, 99_000);
    const before = asked();
    clock.tick(1000);
    await settled();
    assert.equal(asked(), before + 1);
    if (paid) {
      platform.line.receive('MidasPurchaseResult', order('r1', DELIVERED));
      assert.equal((await done).state, 'DELIVERED');
    } else {
      platform.line.receive('MidasGoodsOptions', signed);
      assert.equal((await rejection(done)).code, 'PAYMENT_FAILED');
    }
  });
}

test('a window for goods that was paid after it was given up is asked about', async (t) => {
  const { platform, done, asked, paid } = await buying(t);
  await pause(platform, 100_000);
  assert.equal((await rejection(done)).code, 'PAYMENT_FAILED');
  const before = asked();
  paid();
  await settled();
  assert.equal(asked(), before + 1);
});
