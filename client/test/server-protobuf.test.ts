// example_server speaks protobuf over TCP only, so the connection here is a TCP one: two bytes of length, then the frame.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test, type TestContext } from 'node:test';
import { MidasClient, type Platform, type SocketEvents } from '../src/index';
import { idsFrom, protobuf } from '../src/protobuf';
import { eventually, Line, World } from './world';

function tcp(url: string, events: SocketEvents) {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname, () => events.open());
  let rest = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE(0)) {
      const frame = new Uint8Array(rest.subarray(2, 2 + rest.readUInt16BE(0)));
      rest = rest.subarray(2 + frame.length);
      events.message(frame.buffer);
    }
  });
  socket.on('error', () => undefined);
  socket.on('close', () => events.close('closed'));
  return {
    send: (data: string | ArrayBuffer) => {
      const frame = Buffer.from(data as ArrayBuffer);
      const head = Buffer.alloc(2);
      head.writeUInt16BE(frame.length);
      socket.write(Buffer.concat([head, frame]));
    },
    close: () => socket.destroy(),
  };
}

/** A player whose connection can be cut, logged in. The game's own two messages are registered before ours. */
async function join(t: TestContext, world: World) {
  let openid = '';
  const line = new Line(world.tcp);
  await line.open();
  const platform: Platform = {
    connect: (url, binary, events) => {
      assert.equal(binary, true);
      return tcp(url, events);
    },
    loginCode: () => Promise.resolve(world.code('pb')),
    platform: () => 'android',
    requestCoins: async ({ request_id: _, ...offer }) => { await world.control('pay/coins', { openid, ...offer }); },
    requestGoods: async ({ request_id: _, ...offer }) => { await world.control('pay/goods', { openid, ...offer }); },
  };
  const inventory = { id: 1, encode: () => new Uint8Array(), decode: (bytes: Uint8Array) => ({ bytes: bytes.length }) };
  const midas = new MidasClient({
    url: `tcp://${line.addr}`, platform, backoff: { firstMs: 10 },
    codec: protobuf({ ids: idsFrom(2), messages: { Inventory: inventory, GetInventory: { ...inventory, id: 0 } } }),
  });
  t.after(() => { midas.close(); line.close(); });
  openid = (await midas.login()).openid;
  return { midas, line };
}

for (const protocol of ['v1', 'v2']) {
  test(`a player recharges and buys in protobuf, by ${protocol}`, async (t) => {
    const world = await World.start(protocol);
    t.after(() => world.stop());
    const { midas, line } = await join(t, world);
    assert.deepEqual(await midas.recharge(60).then((r) => [r.state, r.coins]), ['CREDITED', 60]);

    await world.control('script', { api: 'pay', faults: [{ kind: 'slow', delay: '600ms' }] });
    const calls = await world.calls('pay');
    const bought = midas.purchase('sword', 1, { requestId: 'once' });
    await eventually('the server asks Midas', async () => await world.calls('pay') > calls);
    line.cut();
    assert.equal((await bought).amount, 60);
    const { orders } = await midas.listOrders();
    assert.deepEqual(orders.map((o) => [o.request_id, o.state, o.item_id]), [['once', 'DELIVERED', 'sword']]);
    assert.ok(Math.abs((orders[0]?.created_unix ?? 0) - Date.now() / 1000) < 60);

    const bag = new Promise<{ bytes?: unknown }>((resolve) => midas.on('Inventory', resolve));
    midas.send('GetInventory', {});
    assert.ok(Number((await bag).bytes) > 0);

    await assert.rejects(midas.purchase('sword'), { code: 'INSUFFICIENT_BALANCE' });
    assert.equal(midas.balance?.balance, 0);
    if (protocol === 'v2') {
      assert.equal((await midas.buyGoods('pass')).state, 'DELIVERED');
    } else {
      await assert.rejects(midas.buyGoods('pass'), { code: 'NOT_PERMITTED' });
    }
  });
}
