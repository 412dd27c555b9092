// Games in the field have the client of the version before: it runs unchanged against this server.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually, join, released, World } from './world';

for (const protocol of ['v1', 'v2'] as const) {
  let world: World;
  before(async () => { world = await World.start(protocol); });
  after(() => world.stop());

  test(`the released client recharges, buys and lists by ${protocol}`, async (t) => {
    const { phone, midas } = await join(t, world, 'old', {}, released);
    const recharged = await midas.recharge(60);
    if (recharged.state === 'PENDING') {
      await eventually('the coins come', () => midas.balance?.balance === 60);
    }
    assert.equal(phone.windows, 1);
    const bought = await midas.purchase('sword');
    assert.equal(bought.state, 'DELIVERED');
    assert.equal((await midas.getBalance()).balance, 0);
    assert.equal((await midas.listOrders()).orders.map((o) => o.bill_no).join(), bought.bill_no);
    await assert.rejects(midas.recharge(7), (e: { code: string }) => e.code === 'BAD_TIER');
    if (protocol === 'v2') {
      assert.equal((await midas.buyGoods('pass')).state, 'DELIVERED');
    }
  });

  test(`the released client sees an outage through by ${protocol}`, async (t) => {
    const { midas } = await join(t, world, 'outage', {}, released);
    await midas.recharge(60);
    await eventually('the coins come', () => midas.balance?.balance === 60);
    await world.control('outage', { kind: 'bad-gateway' });
    t.after(() => world.control('recover', {}));
    assert.equal((await midas.getBalance()).balance, 60); // the last known one, which it cannot tell from a new one
    const buying = midas.purchase('sword');
    await world.control('recover', {});
    assert.equal((await buying).state, 'DELIVERED');
    await eventually('the balance is the true one', () => midas.balance?.balance === 0);
  });
}
