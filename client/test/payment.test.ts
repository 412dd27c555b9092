import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GoodsOptions, RechargeOptions } from '../src/index';
import { CANCELLED, DELIVERED, failure, FAILED, INTERNAL, INVALID_ARGUMENT, letIn, NOT_PERMITTED, online, order, pass, PENDING, rejection, settled, UNAVAILABLE } from './fake';

const CREDITED = 1, NOT_SEEN = 2, R_CANCELLED = 3, R_FAILED = 4;

const offer = (requestId: string, outTradeNo = '') => ({
  request_id: requestId, mode: 'game', env: 1, offer_id: '1450', currency_type: 'CNY', platform: 'android', buy_quantity: 60, zone_id: '1',
  out_trade_no: outTradeNo, sign_data: '', pay_sig: '', signature: '',
});
const signed = (requestId: string, signature = 's1') => ({ request_id: requestId, sign_data: '{"a": 1}', pay_sig: 'p', signature });
const result = (requestId: string, state: number, coins = 0) => ({ request_id: requestId, state, coins });
const failsWith = (errCode: unknown, errMsg = 'requestMidasPayment:fail') => () => Promise.reject({ errCode, errMsg });

test('a recharge passes what the server offers to the window, and tells the server that it was paid', async (t) => {
  const { client, platform } = await online(t);
  let given: RechargeOptions | undefined;
  platform.coins = (o) => { given = o; return Promise.resolve(); };
  const done = client.recharge(60);
  assert.deepEqual(platform.line.asked('MidasRecharge'), [{ request_id: 'r1', buy_quantity: 60 }]);
  platform.line.receive('MidasRechargeOptions', offer('r1', 'T1'));
  await settled();
  assert.deepEqual(given, offer('r1', 'T1'));
  assert.deepEqual(platform.line.asked('MidasRechargeDone'), [{ request_id: 'r1', err_code: 0 }]);
  platform.line.receive('MidasRechargeResult', result('r1', CREDITED, 60));
  assert.deepEqual(await done, { request_id: 'r1', state: 'CREDITED', coins: 60 });
});

test('coins that come late resolve as PENDING, and are a balance later', async (t) => {
  const { client, platform } = await online(t);
  const done = client.recharge(60, { requestId: 'mine' });
  platform.line.receive('MidasRechargeOptions', offer('mine'));
  await settled();
  platform.line.receive('MidasRechargeResult', result('mine', NOT_SEEN));
  assert.equal((await done).state, 'PENDING');
  platform.line.receive('MidasBalance', { balance: 160, version: 7, reason: 5 });
  assert.equal(client.balance?.balance, 160);
});

test('a payment is reported on the next connection, if this one breaks while the window is open', async (t) => {
  const { client, platform } = await online(t);
  let pay: () => void = () => undefined;
  platform.coins = () => new Promise((resolve) => { pay = resolve; });
  const done = client.recharge(60);
  platform.line.receive('MidasRechargeOptions', offer('r1'));
  await settled();
  platform.line.lose();
  pay();
  await pass(250);
  await letIn(platform);
  assert.deepEqual(platform.line.asked('MidasRecharge'), []);
  assert.deepEqual(platform.line.asked('MidasRechargeDone'), [{ request_id: 'r1', err_code: 0 }]);
  platform.line.receive('MidasError', failure('r1', UNAVAILABLE, { retryable: true, retry_after_ms: 100 }));
  await pass(350);
  platform.line.receive('MidasRechargeResult', result('r1', CREDITED, 60));
  assert.equal((await done).coins, 60);
});

test('a recharge that was paid is not lost by a login that is refused', async (t) => {
  const { client, platform } = await online(t);
  const done = client.recharge(60);
  platform.line.receive('MidasRechargeOptions', offer('r1'));
  await settled();
  platform.line.lose();
  await pass(250);
  platform.line.open();
  await settled();
  platform.line.receive('MidasError', failure('', INTERNAL));
  assert.deepEqual(await done, { request_id: 'r1', state: 'PENDING', coins: 0 });
});

for (const { errCode, code, retryable, reported = errCode } of [
  { errCode: 1, code: 'PAYMENT_CANCELLED', retryable: false },
  { errCode: 7, code: 'PAYMENT_CANCELLED', retryable: false },
  { errCode: -2, code: 'PAYMENT_CANCELLED', retryable: false },
  { errCode: 2, code: 'PAYMENT_BUSY', retryable: true },
  { errCode: 3, code: 'PAYMENT_FAILED', retryable: false },
  { errCode: 4, code: 'PAYMENT_FAILED', retryable: false },
  { errCode: 5, code: 'PAYMENT_FAILED', retryable: false },
  { errCode: 6, code: 'PAYMENT_FAILED', retryable: false },
  { errCode: 8, code: 'PAYMENT_FAILED', retryable: false },
  { errCode: 1000, code: 'PAYMENT_FAILED', retryable: false },
  { errCode: 1001, code: 'PAYMENT_FAILED', retryable: false },
  { errCode: 1003, code: 'PAYMENT_FAILED', retryable: false },
  { errCode: 1008, code: 'PAYMENT_FAILED', retryable: true },
  { errCode: 1016, code: 'PAYMENT_FAILED', retryable: true },
  { errCode: 3017, code: 'PAYMENT_FAILED', retryable: false },
  { errCode: 701001, code: 'UNSUPPORTED_PLATFORM', retryable: false },
  { errCode: -1, code: 'PAYMENT_FAILED', retryable: true },
  { errCode: -6, code: 'PAYMENT_FAILED', retryable: false },
  { errCode: -15001, code: 'PAYMENT_FAILED', retryable: false },
  { errCode: -15002, code: 'PAYMENT_FAILED', retryable: false },
  { errCode: -15003, code: 'PAYMENT_FAILED', retryable: false },
  { errCode: -15004, code: 'PAYMENT_FAILED', retryable: true },
  { errCode: -15005, code: 'PAYMENT_FAILED', retryable: false },
  { errCode: -15006, code: 'PAYMENT_FAILED', retryable: false },
  { errCode: -15009, code: 'PAYMENT_FAILED', retryable: false },
  { errCode: -15010, code: 'PAYMENT_FAILED', retryable: false },
  { errCode: -15011, code: 'PAYMENT_FAILED', retryable: false },
  { errCode: -15012, code: 'PAYMENT_FAILED', retryable: false },
  { errCode: -15013, code: 'PAYMENT_FAILED', retryable: false },
  { errCode: -15014, code: 'PAYMENT_FAILED', retryable: false },
  { errCode: -15015, code: 'SESSION_EXPIRED', retryable: true },
  { errCode: -15016, code: 'PAYMENT_FAILED', retryable: false },
  { errCode: -15017, code: 'PAYMENT_FAILED', retryable: false },
  { errCode: '-15004', code: 'PAYMENT_FAILED', retryable: true, reported: -15004 },
  { errCode: 424242, code: 'PAYMENT_FAILED', retryable: false },
  { errCode: undefined, code: 'PAYMENT_FAILED', retryable: true, reported: -1 },
] as { errCode: unknown; code: string; retryable: boolean; reported?: unknown }[]) {
  test(`a window that ends with ${JSON.stringify(errCode)} is ${code}, and the server is told`, async (t) => {
    const { client, platform } = await online(t);
    platform.coins = failsWith(errCode);
    const done = rejection(client.recharge(60));
    platform.line.receive('MidasRechargeOptions', offer('r1'));
    await settled();
    assert.deepEqual(platform.line.asked('MidasRechargeDone'), [{ request_id: 'r1', err_code: reported }]);
    platform.line.receive('MidasRechargeResult', result('r1', code === 'PAYMENT_CANCELLED' ? R_CANCELLED : R_FAILED));
    const e = await done;
    assert.deepEqual([e.code, e.retryable, e.errCode, e.requestId], [code, retryable, reported, 'r1']);
  });
}

test('a window that says that the order is paid already is a payment, of coins and of goods', async (t) => {
  const { client, platform } = await online(t);
  platform.coins = failsWith(-15007);
  const recharged = client.recharge(60);
  platform.line.receive('MidasRechargeOptions', offer('r1'));
  await settled();
  assert.deepEqual(platform.line.asked('MidasRechargeDone'), [{ request_id: 'r1', err_code: 0 }]);
  platform.line.receive('MidasRechargeResult', result('r1', NOT_SEEN));
  assert.equal((await recharged).state, 'PENDING');

  platform.goods = failsWith('-15007');
  const bought = client.buyGoods('pass');
  platform.line.receive('MidasGoodsOptions', signed('r2'));
  await settled();
  platform.line.receive('MidasGoodsOptions', signed('r2')); // Midas does not know yet
  await pass(10_000);
  assert.equal(platform.line.asked('MidasBuyGoods').length, 3);
  platform.line.receive('MidasPurchaseResult', order('r2', DELIVERED));
  assert.equal((await bought).state, 'DELIVERED');
});

for (const reason of [
  { errMsg: 'requestMidasPayment:fail cancel' }, { errMsg: 'requestMidasPayment:fail cancel', errCode: '' },
  { errMsg: 'requestMidasPayment:fail cancel', errCode: null }, { errMsg: 'requestMidasPayment:fail cancel', errCode: 'fail' },
  { errMsg: 'requestMidasPayment:fail:cancel', errCode: 0 }, 'requestMidasPayment:fail cancel', new Error('requestMidasPayment:fail cancel'),
  { errMsg: 'requestMidasPayment:fail', errCode: '1' }, { errMsg: 'requestMidasPayment:fail', errCode: ' 1 ' },
]) {
  test(`a window that is cancelled is understood from ${reason instanceof Error ? String(reason) : JSON.stringify(reason)}`, async (t) => {
    const { client, platform } = await online(t);
    platform.coins = () => Promise.reject(reason);
    const done = rejection(client.recharge(60));
    platform.line.receive('MidasRechargeOptions', offer('r1'));
    await settled();
    assert.deepEqual(platform.line.asked('MidasRechargeDone'), [{ request_id: 'r1', err_code: 1 }]);
    platform.line.receive('MidasRechargeResult', result('r1', R_CANCELLED));
    assert.equal((await done).code, 'PAYMENT_CANCELLED');
  });
}

for (const reason of [undefined, null, {}, 'requestMidasPayment:fail', { errCode: {} }, { errCode: [1] }, { errCode: true }, { errCode: 1.5 }]) {
  test(`a window that fails with ${JSON.stringify(reason)} has failed, and the server is told a number`, async (t) => {
    const { client, platform } = await online(t);
    platform.coins = () => Promise.reject(reason);
    const done = rejection(client.recharge(60));
    platform.line.receive('MidasRechargeOptions', offer('r1'));
    await settled();
    assert.deepEqual(platform.line.asked('MidasRechargeDone'), [{ request_id: 'r1', err_code: -1 }]);
    platform.line.receive('MidasRechargeResult', result('r1', R_FAILED));
    assert.deepEqual([(await done).code, (await done).errCode], ['PAYMENT_FAILED', -1]);
  });
}

test('a window that failed although it was paid is a recharge', async (t) => {
  const { client, platform } = await online(t);
  platform.coins = failsWith(-15004);
  const done = client.recharge(60);
  platform.line.receive('MidasRechargeOptions', offer('r1'));
  await settled();
  platform.line.receive('MidasRechargeResult', result('r1', CREDITED, 60));
  assert.equal((await done).coins, 60);
});

test('a player who cancelled does not wait for a server that is away, which hears of it later', async (t) => {
  const { client, platform } = await online(t, { timeoutMs: 2000 });
  platform.coins = failsWith(1);
  const done = rejection(client.recharge(60));
  platform.line.receive('MidasRechargeOptions', offer('r1'));
  platform.line.lose();
  await pass(2000);
  assert.equal((await done).code, 'PAYMENT_CANCELLED');
  await letIn(platform);
  assert.deepEqual(platform.line.asked('MidasRechargeDone'), [{ request_id: 'r1', err_code: 1 }]);
});

test('a recharge that is not offered opens no window', async (t) => {
  const { client, platform } = await online(t, { timeoutMs: 1000 });
  platform.coins = () => { throw new Error('opened'); };
  const refused = rejection(client.recharge(7));
  platform.line.receive('MidasError', failure('r1', 6));
  assert.equal((await refused).code, 'BAD_TIER');

  platform.line.lose();
  const late = rejection(client.recharge(60));
  await pass(3000);
  assert.equal((await late).code, 'UNAVAILABLE');
  await letIn(platform);
  assert.deepEqual(platform.line.asked('MidasRecharge'), []);
});

test('goods are paid for with the texts that the server signed, and asked for at once', async (t) => {
  const { client, platform } = await online(t);
  let given: GoodsOptions | undefined;
  platform.goods = (o) => { given = o; return Promise.resolve(); };
  const done = client.buyGoods('pass', 2);
  const asked = { request_id: 'r1', item_id: 'pass', quantity: 2 };
  assert.deepEqual(platform.line.asked('MidasBuyGoods'), [asked]);
  platform.line.receive('MidasGoodsOptions', signed('r1'));
  await settled();
  assert.deepEqual(given, signed('r1'));
  assert.deepEqual(platform.line.asked('MidasBuyGoods'), [asked, asked]);
  platform.line.receive('MidasGoodsOptions', signed('r1')); // Midas does not know yet: no second window
  await pass(10_000);
  assert.equal(platform.line.asked('MidasBuyGoods').length, 3);
  platform.line.receive('MidasPurchaseResult', order('r1', DELIVERED));
  assert.equal((await done).state, 'DELIVERED');
});

test('goods that were paid for are waited for over new connections', async (t) => {
  const { client, platform } = await online(t);
  let windows = 0;
  platform.goods = () => { windows++; return Promise.resolve(); };
  const done = client.buyGoods('pass');
  platform.line.receive('MidasGoodsOptions', signed('r1'));
  await settled();
  platform.line.lose();
  await pass(250);
  await letIn(platform);
  platform.line.receive('MidasError', failure('r1', UNAVAILABLE, { retryable: true }));
  await pass(250);
  platform.line.receive('MidasGoodsOptions', signed('r1'));
  platform.line.receive('MidasPurchaseResult', order('r1', PENDING));
  platform.line.receive('MidasPurchaseResult', order('r1', DELIVERED));
  await done;
  assert.equal(windows, 1);
});

test('goods that were paid for and are refused are still to be asked for', async (t) => {
  const { client, platform } = await online(t);
  const done = rejection(client.buyGoods('pass'));
  platform.line.receive('MidasGoodsOptions', signed('r1'));
  await settled();
  platform.line.receive('MidasError', failure('r1', NOT_PERMITTED)); // no longer sold
  assert.deepEqual([(await done).code, (await done).retryable], ['NOT_PERMITTED', true]);
});

test('goods that an operator has to decide on are told with their order', async (t) => {
  const { client, platform } = await online(t);
  const done = rejection(client.buyGoods('pass'));
  platform.line.receive('MidasGoodsOptions', signed('r1'));
  await settled();
  platform.line.receive('MidasPurchaseResult', order('r1', PENDING, { code: INTERNAL }));
  const e = await done;
  assert.deepEqual([e.code, e.retryable, (e.order as { bill_no: string }).bill_no], ['INTERNAL', true, 'b-r1']);
});

test('goods of an earlier request id are not paid for twice', async (t) => {
  const { client, platform } = await online(t);
  platform.goods = () => { throw new Error('opened'); };
  const done = client.buyGoods('pass', 1, { requestId: 'earlier' });
  platform.line.receive('MidasPurchaseResult', order('earlier', PENDING));
  await settled();
  platform.line.receive('MidasPurchaseResult', order('earlier', DELIVERED));
  assert.equal((await done).request_id, 'earlier');
});

test('goods with an expired session are signed anew after a login', async (t) => {
  const { client, platform } = await online(t);
  const given: string[] = [];
  platform.goods = (o) => { given.push(o.signature); return given.length === 1 ? Promise.reject({ errCode: -15015 }) : Promise.resolve(); };
  const done = client.buyGoods('pass');
  platform.line.receive('MidasGoodsOptions', signed('r1', 'old'));
  await letIn(platform, 'alice', true);
  assert.equal(platform.line.asked('MidasLogin').length, 1);
  platform.line.receive('MidasGoodsOptions', signed('r1', 'new'));
  await settled();
  assert.deepEqual(given, ['old', 'new']);
  platform.line.receive('MidasPurchaseResult', order('r1', DELIVERED));
  await done;
});

for (const [what, answer] of [
  ['the order is not paid', ['MidasGoodsOptions', signed('r1')]],
  ['the order has failed', ['MidasPurchaseResult', order('r1', FAILED)]],
  ['the server cannot tell', ['MidasError', failure('r1', INVALID_ARGUMENT)]],
] as const) {
  test(`a cancelled window for goods is PAYMENT_CANCELLED when ${what}`, async (t) => {
    const { client, platform } = await online(t);
    platform.goods = failsWith(1);
    const done = rejection(client.buyGoods('pass'));
    platform.line.receive('MidasGoodsOptions', signed('r1'));
    await settled();
    assert.equal(platform.line.asked('MidasBuyGoods').length, 2);
    platform.line.receive(answer[0], answer[1]);
    assert.equal((await done).code, 'PAYMENT_CANCELLED');
  });
}

test('a window for goods that failed although it was paid is a purchase', async (t) => {
  const { client, platform } = await online(t);
  platform.goods = failsWith(-1);
  const done = client.buyGoods('pass');
  platform.line.receive('MidasGoodsOptions', signed('r1'));
  await settled();
  platform.line.receive('MidasPurchaseResult', order('r1', DELIVERED));
  assert.equal((await done).state, 'DELIVERED');
});

test('goods whose money was given back are ORDER_CANCELLED', async (t) => {
  const { client, platform } = await online(t);
  const done = rejection(client.buyGoods('pass'));
  platform.line.receive('MidasGoodsOptions', signed('r1'));
  await settled();
  platform.line.receive('MidasPurchaseResult', order('r1', CANCELLED, { code: UNAVAILABLE }));
  assert.equal((await done).code, 'ORDER_CANCELLED');
});
