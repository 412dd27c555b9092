// example_server speaks protobuf over TCP only: there the connection is a TCP one, two bytes of length, then the frame. protobufgate
// speaks it over WebSocket, as a game server for mini games does.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test, type TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { browserPlatform, MidasClient, type Codec, type Platform, type SocketEvents } from '../src/index';
import * as codecs from '../src/protobuf';
import { eventually, join, Line, loadScript, World } from './world';

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

/** Has no TextEncoder, as some mini games have none. */
const published = loadScript('dist/protobuf.js', {}) as typeof codecs;

/** The game's own two messages are registered before ours. */
function codec({ idsFrom, protobuf }: typeof codecs): Codec {
  const inventory = { id: 1, encode: () => new Uint8Array(), decode: (bytes: Uint8Array) => ({ bytes: bytes.length }) };
  return protobuf({ ids: idsFrom(2), messages: { Inventory: inventory, GetInventory: { ...inventory, id: 0 } } });
}

/** A player, logged in, whose connection can be cut. */
interface Player { midas: MidasClient; line: Line }

/** Someone who plays on a platform other than a mini game's, and pays at the emulator. */
async function outsideWeChat(t: TestContext, world: World, scheme: 'tcp' | 'ws', platform: (hooks: Omit<Platform, 'connect'>) => Platform): Promise<Player> {
  let openid = '';
  const line = new Line(world[scheme]);
  await line.open();
  const midas = new MidasClient({
    url: `${scheme}://${line.addr}`, backoff: { firstMs: 10 }, codec: codec(codecs),
    platform: platform({
      loginCode: () => Promise.resolve(world.code('pb')),
      platform: () => 'android',
      requestCoins: async ({ request_id: _, ...offer }) => { await world.control('pay/coins', { openid, ...offer }); },
      requestGoods: async ({ request_id: _, ...offer }) => { await world.control('pay/goods', { openid, ...offer }); },
    }),
  });
  t.after(() => { midas.close(); line.close(); });
  openid = (await midas.login()).openid;
  return { midas, line };
}

function onTCP(t: TestContext, world: World): Promise<Player> {
  return outsideWeChat(t, world, 'tcp', (hooks) => ({
    ...hooks,
    connect: (url, binary, events) => {
      assert.equal(binary, true);
      return tcp(url, events);
    },
  }));
}

function inABrowser(t: TestContext, world: World): Promise<Player> {
  Object.assign(globalThis, {
    WebSocket: class extends WebSocket {
      constructor(url: string) {
        super(url);
        this.on('error', () => undefined); // which ends no browser
      }
    },
  });
  return outsideWeChat(t, world, 'ws', (hooks) => browserPlatform({ ...hooks, platform: hooks.platform() }));
}

/** The client finds wx by itself. */
async function inAMiniGame(t: TestContext, world: World): Promise<Player> {
  const { phone, midas } = await join(t, world, 'pb', { codec: codec(published) });
  return { midas, line: phone.line };
}

const ways = [
  { where: 'over TCP, by v1', protocol: 'v1', program: 'example_server', enter: onTCP },
  { where: 'over TCP, by v2', protocol: 'v2', program: 'example_server', enter: onTCP },
  { where: 'in a mini game', protocol: 'v2', program: 'protobufgate', enter: inAMiniGame },
  { where: 'in a browser', protocol: 'v2', program: 'protobufgate', enter: inABrowser },
];

for (const { where, protocol, program, enter } of ways) {
  test(`a player recharges and buys in protobuf, ${where}`, async (t) => {
    const world = await World.start(protocol, program);
    t.after(() => world.stop());
    const { midas, line } = await enter(t, world);
    assert.deepEqual(await midas.recharge(60).then((r) => [r.state, r.coins]), ['CREDITED', 60]);

    await world.control('script', { api: 'pay', faults: [{ kind: 'slow', delay: '600ms' }] });
    const calls = await world.calls('pay');
    const bought = midas.purchase('sword', 1, { requestId: 'once' });
    await eventually('the server asks Midas', async () => await world.calls('pay') > calls);
    line.cut();
    assert.equal((await bought).amount, 60);
    const { orders } = structuredClone(await midas.listOrders());
    assert.deepEqual(orders.map((o) => [o.request_id, o.state, o.item_id]), [['once', 'DELIVERED', 'sword']]);
    const { recharges } = structuredClone(await midas.listRecharges());
    assert.deepEqual(recharges.map((r) => [r.state, r.coins, r.buy_quantity]), [['CREDITED', 60, 60]]);
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
