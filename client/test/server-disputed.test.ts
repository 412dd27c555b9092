import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { MidasError } from '../src/index';
import { join, World } from './world';

let world: World;
before(async () => { world = await World.start('v1', 'example_server', { GiveUpAfter: '100ms' }); });
after(() => world.stop());

test('an order that an operator has to decide on is told, and asked for under the same id it is found delivered', async (t) => {
  const { phone, midas } = await join(t, world, 'disputed');
  await world.control('recharge', { env: 'sandbox', openid: phone.openid, zone_id: '1', coins: 60 });
  // Nobody knows whether the coins were taken, and Midas does not give them back.
  await world.control('script', { api: 'pay', faults: [{ kind: 'fail' }] });
  await world.control('script', { api: 'cancelpay', faults: [{ kind: 'answer', code: 90017 }] });
  const buy = () => midas.purchase('sword', 1, { requestId: 'same' });
  const e = await buy().then(() => assert.fail('resolved'), (e: MidasError) => e);
  assert.deepEqual([e.code, e.retryable, e.order?.state], ['INTERNAL', true, 'PENDING']);
  const bill = e.order?.bill_no ?? '';
  await assert.rejects(buy(), { code: 'INTERNAL' });

  await world.midasctl('resolve', bill, '--as', 'delivered', '--why', 'granted by hand', '--who', 'anna');
  const found = await buy();
  assert.deepEqual([found.state, found.bill_no], ['DELIVERED', bill]);
});
