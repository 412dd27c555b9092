import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually, join, World } from './world';

let world: World;
before(async () => { world = await World.start('v2'); });
after(() => world.stop());

const rejection = (p: Promise<unknown>) => p.then(() => assert.fail('resolved'), (e: { code: string }) => e);

test('a player recharges and buys with coins by protocol V2', async (t) => {
  const { phone, midas } = await join(t, world, 'alice');
  const recharged = await midas.recharge(60);
  if (recharged.state === 'PENDING') {
    await eventually('the coins come', () => midas.balance?.balance === 60);
  }
  assert.equal((await midas.purchase('sword')).state, 'DELIVERED');
  assert.equal((await midas.getBalance()).balance, 0);
  assert.equal(phone.windows, 1);
});

test('coins that are credited late come, though the connection was cut meanwhile', async (t) => {
  const { phone, midas } = await join(t, world, 'late');
  phone.fate = { credit_after: '1s' };
  assert.equal((await midas.recharge(60)).state, 'PENDING');
  phone.line.cut();
  await eventually('the coins come', () => midas.balance?.balance === 60);
  assert.equal(phone.logins, 2);
});

test('an item is bought with money', async (t) => {
  const { phone, midas } = await join(t, world, 'goods');
  const bought = await midas.buyGoods('pass');
  assert.deepEqual([bought.state, bought.item_id, bought.amount], ['DELIVERED', 'pass', 0]);
  assert.equal(phone.windows, 1);
  assert.equal((await rejection(midas.buyGoods('sword'))).code, 'NOT_PERMITTED');
});

test('an item that was paid for is found though the push is lost and the connection cut', async (t) => {
  const { phone, midas } = await join(t, world, 'lost');
  phone.fate = { no_push: true };
  const pay = phone.requestMidasPaymentGameItem.bind(phone);
  phone.requestMidasPaymentGameItem = (o) => pay({ ...o, success: () => { phone.line.cut(); o.success?.({} as never); } });
  assert.equal((await midas.buyGoods('pass')).state, 'DELIVERED');
  assert.equal(phone.windows, 1);
});

test('windows that are paid and never call back are a recharge and a purchase', async (t) => {
  const { phone, midas } = await join(t, world, 'speechless');
  const [coins, goods] = [phone.requestMidasPayment.bind(phone), phone.requestMidasPaymentGameItem.bind(phone)];
  phone.requestMidasPayment = ({ success: _, ...o }) => coins(o);
  phone.requestMidasPaymentGameItem = ({ success: _, ...o }) => goods(o);
  assert.equal((await midas.recharge(60)).state, 'CREDITED'); // the push tells the server
  assert.equal((await midas.buyGoods('pass')).state, 'DELIVERED');
  assert.equal(phone.windows, 2);
});

test('an item whose window was cancelled can be paid for under the same request id', async (t) => {
  const { phone, midas } = await join(t, world, 'doubts');
  phone.moods.push(1);
  assert.equal((await rejection(midas.buyGoods('pass', 1, { requestId: 'same' }))).code, 'PAYMENT_CANCELLED');
  const bought = await midas.buyGoods('pass', 1, { requestId: 'same' });
  const again = await midas.buyGoods('pass', 1, { requestId: 'same' });
  assert.equal(bought.state, 'DELIVERED');
  assert.equal(again.bill_no, bought.bill_no);
  assert.equal(phone.windows, 2);
});

test('an item is signed anew for a session that has expired', async (t) => {
  const { phone, midas } = await join(t, world, 'expired');
  await world.control('session/expire', { openid: phone.openid });
  assert.equal((await midas.buyGoods('pass')).state, 'DELIVERED');
  assert.equal(phone.logins, 2);
});
