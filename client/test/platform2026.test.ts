// The platform of 2026: which device can pay, signed coins, the catalogue, prices that changed, and balances that are old.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wxPlatform, type Catalogue, type Support, type WxLike } from '../src/index';
import { balance, failure, letIn, online, pass, rejection, settled } from './fake';

const wx = (parts: Partial<WxLike>) => parts as WxLike;
const PRICE_CHANGED = 13, BAD_TIER = 6;
const newPhone = { system: 'iOS 17.4.1', version: '8.0.68', SDKVersion: '3.10.3' };

test('an iPhone can pay from its versions on, and where WeChat has the question it answers', async () => {
  const says = (data: object | undefined): WxLike['checkIsSupportMidasPayment'] => (o) => (data ? o.success?.({ data }) : o.fail?.({}));
  const cases: [string, Partial<WxLike>, boolean, RegExp?][] = [
    ['a new iPhone', { getSystemInfoSync: () => ({ platform: 'ios', ...newPhone }), checkIsSupportMidasPayment: says({ allow_pay: true }) }, true],
    ['WeChat says no', { getSystemInfoSync: () => ({ platform: 'ios', ...newPhone }), checkIsSupportMidasPayment: says({ allow_pay: false, err_code: 7, err_msg: 'no' }) }, false, /7 no/],
    ['WeChat cannot say', { getSystemInfoSync: () => ({ platform: 'ios', ...newPhone }), checkIsSupportMidasPayment: says(undefined) }, true],
    ['an old system', { getSystemInfoSync: () => ({ platform: 'ios', ...newPhone, system: 'iOS 14.8' }), checkIsSupportMidasPayment: says({ allow_pay: true }) }, false, /iOS 15/],
    ['an old WeChat', { getSystemInfoSync: () => ({ platform: 'ios', ...newPhone, version: '8.0.9' }), checkIsSupportMidasPayment: says({ allow_pay: true }) }, false, /WeChat 8\.0\.68/],
    ['an old library', { getSystemInfoSync: () => ({ platform: 'ios', ...newPhone, SDKVersion: '3.9.12' }) }, false, /base library 3\.10\.3/],
    ['no such question', { getSystemInfoSync: () => ({ platform: 'ios', ...newPhone }) }, false, /newer WeChat/],
    ['Android', { getDeviceInfo: () => ({ platform: 'android' }) }, true],
    ['HarmonyOS', { getDeviceInfo: () => ({ platform: 'ohos' }), checkIsSupportMidasPayment: says({ allow_pay: true }) }, true],
    ['nothing known', {}, true],
  ];
  for (const [name, parts, allowed, reason] of cases) {
    const got = await (wxPlatform(wx(parts)).support as () => Promise<Support>)();
    assert.equal(got.allowed, allowed, name);
    assert.match(got.reason, reason ?? /^$/, name);
  }
});

test('the server is told of the device what WeChat tells, in its new way or its old', () => {
  const device = (parts: Partial<WxLike>) => wxPlatform(wx(parts)).device?.();
  const told = { system: 'iOS 17.4.1', wechat_version: '8.0.68', sdk_version: '3.10.3' };
  assert.deepEqual(device({ getDeviceInfo: () => ({ system: newPhone.system }), getAppBaseInfo: () => newPhone }), told);
  assert.deepEqual(device({ getSystemInfoSync: () => newPhone }), told);
  assert.deepEqual(device({}), { system: '', wechat_version: '', sdk_version: '' });
});

test('a device that cannot pay asks the server for nothing and opens no window', async (t) => {
  const { client, platform } = await online(t);
  Object.assign(platform, { support: () => Promise.resolve({ allowed: false, reason: 'an iPhone needs iOS 15 to pay' }) });
  platform.coins = platform.goods = () => assert.fail('a window opened');
  for (const paying of [client.recharge(60), client.buyGoods('pass')]) {
    const e = await rejection(paying);
    assert.deepEqual([e.code, e.retryable], ['UNSUPPORTED_PLATFORM', false]);
  }
  assert.deepEqual(platform.line.sent, []);
  assert.equal((await client.canPay()).allowed, false);
});

const offer = {
  request_id: 'r1', mode: 'game', env: 0, offer_id: '1450', currency_type: 'CNY', platform: '', buy_quantity: 60, zone_id: '1', out_trade_no: 'T1',
  sign_data: '{"mode":"coins"}', pay_sig: 'p', signature: 's',
};

test('coins are bought by the signed call where the device has it, and by the plain one elsewhere', async (t) => {
  for (const [signs, refused, calls] of [
    [true, undefined, ['signed']], [false, undefined, ['plain']], [undefined, undefined, ['plain']],
    [true, -15002, ['signed', 'plain']], // a device that signs goods alone
  ] as const) {
    await t.test(`signs: ${signs}, refused with ${refused}`, async (t) => {
      const { client, platform } = await online(t);
      const made: string[] = [];
      if (signs !== undefined) {
        Object.assign(platform, { signsCoins: () => signs });
      }
      platform.goods = (o) => {
        made.push('signed');
        assert.deepEqual(o, { request_id: 'r1', sign_data: '{"mode":"coins"}', pay_sig: 'p', signature: 's' });
        return refused ? Promise.reject({ errCode: refused }) : Promise.resolve();
      };
      platform.coins = () => { made.push('plain'); return Promise.resolve(); };
      const done = client.recharge(60);
      platform.line.receive('MidasRechargeOptions', offer);
      await settled();
      platform.line.receive('MidasRechargeResult', { request_id: 'r1', state: 1, coins: 60 });
      assert.equal((await done).coins, 60);
      assert.deepEqual(made, calls);
    });
  }
});

test('a signed window that the player closes opens no other', async (t) => {
  const { client, platform } = await online(t);
  Object.assign(platform, { signsCoins: () => true });
  platform.goods = () => Promise.reject({ errCode: -2 });
  platform.coins = () => assert.fail('a second window opened');
  const done = rejection(client.recharge(60));
  platform.line.receive('MidasRechargeOptions', offer);
  await settled();
  platform.line.receive('MidasRechargeResult', { request_id: 'r1', state: 3, coins: 0 });
  assert.equal((await done).code, 'PAYMENT_CANCELLED');
});

test('the window is given no platform where the server names none', async () => {
  let given: object = {};
  const platform = wxPlatform(wx({ requestMidasPayment: ({ success, fail: _, ...options }) => { given = options; success?.({}); } }));
  await platform.requestCoins(offer);
  assert.equal('platform' in given, false);
});

const part = (requestId: string, items: string[], more: boolean, version = 7) => ({
  request_id: requestId, version, items: items.map((item_id) => ({ item_id, name: item_id, price: 1, fen: 0, limit_left: -1 })),
  recharges: [], can_recharge: true, reason: '', more,
});

test('a catalogue is put together of its parts, told again when it changes, and asked for on a new connection', async (t) => {
  const { client, platform } = await online(t);
  const told: Catalogue[] = [];
  client.onCatalogue((c) => told.push(c));
  const asked = client.getCatalogue();
  platform.line.receive('MidasCatalogue', part('r1', ['a', 'b'], true));
  platform.line.receive('MidasCatalogue', part('r1', ['c'], false));
  assert.deepEqual((await asked).items.map((i) => i.item_id), ['a', 'b', 'c']);
  platform.line.receive('MidasCatalogue', part('', ['x'], true, 8)); // it changes again before it is told
  platform.line.receive('MidasCatalogue', part('', ['d'], true, 9));
  platform.line.receive('MidasCatalogue', part('', ['e'], false, 9));
  assert.deepEqual(told.map((c) => c.items.map((i) => i.item_id).join()), ['a,b,c', 'd,e']);
  platform.line.lose();
  await pass(250);
  await letIn(platform);
  assert.equal(platform.line.asked('MidasGetCatalogue').length, 1);
});

test('a client that has not asked for a catalogue never sends that question', async (t) => {
  const { platform } = await online(t);
  platform.line.lose();
  await pass(250);
  await letIn(platform);
  assert.deepEqual(platform.line.asked('MidasGetCatalogue'), []); // an older server would close the connection
});

test('a price that the player did not see is refused with the price now', async (t) => {
  const { client, platform } = await online(t);
  const bought = rejection(client.purchase('sword', 2, { expectedAmount: 100 }));
  assert.deepEqual(platform.line.asked('MidasPurchase'), [{ request_id: 'r1', item_id: 'sword', quantity: 2, expected_amount: 100 }]);
  platform.line.receive('MidasError', failure('r1', PRICE_CHANGED, { price: 120 }));
  const e = await bought;
  assert.deepEqual([e.code, e.price], ['PRICE_CHANGED', 120]);
  const recharged = rejection(client.recharge(7));
  platform.line.receive('MidasError', failure('r2', BAD_TIER, { nearest_below: 0, nearest_above: 10 }));
  assert.deepEqual((await recharged).nearest, [10]);
});

test('a balance that is old is shown as old, and the true one replaces it', async (t) => {
  const { client, platform } = await online(t);
  const shown: string[] = [];
  client.onBalance((b) => shown.push(`${b.balance}${b.stale ? ` as of ${b.as_of_unix}` : ''}`));
  const asked = client.getBalance();
  platform.line.receive('MidasBalance', balance({ request_id: 'r1', balance: 90, version: 0, stale: true, as_of_unix: 1234 }));
  assert.equal((await asked).stale, true);
  platform.line.receive('MidasBalance', balance({ balance: 160, version: 2, reason: 5 }));
  assert.deepEqual(shown, ['100', '100 as of 1234', '160']);
  assert.equal(client.balance?.stale, false);
});

test('a login in an outage brings the last known balance, and the true one follows', async (t) => {
  const { client, platform } = await online(t);
  platform.line.lose();
  await pass(250);
  await letIn(platform);
  platform.line.receive('MidasBalance', balance({ balance: 100, version: 1, reason: 2, stale: true, as_of_unix: 1234 }));
  assert.equal(client.balance?.stale, true);
  platform.line.receive('MidasBalance', balance({ balance: 70, version: 9, reason: 1 }));
  assert.deepEqual([client.balance?.balance, client.balance?.stale], [70, false]);
});
