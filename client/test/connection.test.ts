import assert from 'node:assert/strict';
import { test } from 'node:test';
import { json, type MidasClient } from '../src/index';
import { idsFrom, protobuf } from '../src/protobuf';
import { clock, DELIVERED, fakeClient, failure, INVALID_ARGUMENT, letIn, type FakePlatform, type Line, NOT_PERMITTED, online, order, pass, rejection, settled, UNAVAILABLE } from './fake';

test('a login sends a fresh code, the zone and the platform', async (t) => {
  const { client, platform } = fakeClient(t, { zoneId: '7' });
  const states: string[] = [];
  client.onState((s) => states.push(s));
  assert.equal(client.state, 'offline');
  const login = client.login();
  platform.line.open();
  await settled();
  assert.deepEqual(platform.line.sent, [{ name: 'MidasLogin', body: { code: 'code-1', zone_id: '7', platform: 'android' } }]);
  platform.line.receive('MidasLoginResult', { openid: 'alice' });
  assert.deepEqual(await login, { openid: 'alice' });
  assert.equal(client.openid, 'alice');
  assert.deepEqual(states, ['connecting', 'online']);
});

test('everyone who asks for a login shares one', async (t) => {
  const { client, platform } = fakeClient(t);
  const both = Promise.all([client.login(), client.login()]);
  await letIn(platform);
  assert.deepEqual(await both, [{ openid: 'alice' }, { openid: 'alice' }]);
  await client.login();
  assert.equal(platform.lines.length, 1);
  assert.equal(platform.codes, 1);
});

for (const [luck, expected] of [[0, [0, 0, 0, 0]], [0.5, [250, 500, 1000, 2000]], [0.999999, [500, 1000, 2000, 4000]]] as const) {
  test(`with luck ${luck} the pauses before new connections are ${expected.join(', ')} ms`, async (t) => {
    const { client, platform } = fakeClient(t, {}, luck);
    client.login().catch(() => undefined);
    for (const [i, pause] of expected.entries()) {
      assert.equal(platform.lines.length, i + 1);
      platform.line.lose();
      if (pause > 0) {
        await pass(Math.floor(pause * 0.99));
        assert.equal(platform.lines.length, i + 1, `connected again before ${pause} ms`);
      }
      await pass(Math.ceil(pause * 0.02) + 1);
      assert.equal(platform.lines.length, i + 2, `not connected again after ${pause} ms`);
    }
  });
}

test('pauses stay below maxMs, however often it has failed', async (t) => {
  const { client, platform } = fakeClient(t, { backoff: { firstMs: 100, maxMs: 1000 } }, 0.999999);
  client.login().catch(() => undefined);
  for (let i = 1; i <= 1100; i++) { // 2 ** 1100 is more than a number holds
    platform.line.lose();
    clock.tick(1000);
    assert.equal(platform.lines.length, i + 1);
  }
});

test('a player who comes back does not wait for a pause to end, but cannot hurry a server', async (t) => {
  const { client, platform } = fakeClient(t, { timeoutMs: 1_000_000 }, 0.999999);
  client.onState((s) => { if (s === 'offline') void client.login(); }); // as no game should
  const login = client.login();
  for (let i = 0; i < 8; i++) {
    platform.line.lose();
    assert.equal(platform.lines.length, i + 1);
    await pass(30_000);
  }
  platform.line.lose();
  await pass(500);
  const before = platform.lines.length;
  void client.login(); // wx.onShow
  assert.equal(platform.lines.length, before + 1);
  platform.line.open();
  await settled();
  platform.line.receive('MidasError', failure('', UNAVAILABLE, { retryable: true, retry_after_ms: 4000 }));
  await pass(3999);
  void client.login();
  assert.equal(platform.lines.length, before + 1);
  await pass(1);
  void client.login();
  assert.equal(platform.lines.length, before + 2);
  await letIn(platform);
  await login;
});

test('a server that answers starts the pauses over', async (t) => {
  const { client, platform } = fakeClient(t);
  client.login().catch(() => undefined);
  for (let i = 0; i < 6; i++) {
    platform.line.lose();
    await pass(30_000);
  }
  await letIn(platform);
  platform.line.receive('MidasBalance', { balance: 1, version: 1, reason: 2 });
  const before = platform.lines.length;
  platform.line.lose();
  await pass(250);
  assert.equal(platform.lines.length, before + 1);
});

test('a login code that is no longer good is replaced by a fresh one', async (t) => {
  const { client, platform } = fakeClient(t);
  const login = client.login();
  platform.line.open();
  await settled();
  platform.line.receive('MidasError', failure('', INVALID_ARGUMENT, { retryable: true }));
  await pass(250);
  await letIn(platform);
  await login;
  assert.equal(platform.line.asked('MidasLogin')[0]?.code, 'code-2');
});

test('a server that cannot log in now is left alone for as long as it says', async (t) => {
  const { client, platform } = fakeClient(t);
  client.login().catch(() => undefined);
  platform.line.open();
  await settled();
  platform.line.receive('MidasError', failure('', UNAVAILABLE, { retryable: true, retry_after_ms: 4000 }));
  await pass(4000);
  assert.equal(platform.lines.length, 1);
  await pass(250);
  assert.equal(platform.lines.length, 2);
});

test('a player whom the server will not have is told, and nothing is tried until the next login', async (t) => {
  const { client, platform } = fakeClient(t);
  const login = rejection(client.login());
  const waiting = rejection(client.purchase('sword'));
  platform.line.open();
  await settled();
  platform.line.receive('MidasError', failure('', NOT_PERMITTED));
  assert.equal((await login).code, 'NOT_PERMITTED');
  const e = await waiting;
  assert.equal(e.code, 'NOT_PERMITTED');
  assert.equal(e.requestId, 'r1');
  assert.equal(client.state, 'offline');
  await pass(100_000);
  assert.equal(platform.lines.length, 1);

  const again = client.login();
  await letIn(platform);
  await again;
  assert.equal(client.state, 'online');
});

test('nothing is asked where nobody is about to be logged in: it is rejected at once, with the reason', async (t) => {
  const { client, platform } = fakeClient(t);
  const ask = () => Promise.all([client.purchase('sword'), client.getBalance(), client.recharge(60), client.buyGoods('pass'), client.listOrders()].map(rejection));
  for (const e of await ask()) {
    assert.deepEqual([e.code, e.retryable], ['NOT_LOGGED_IN', true]);
  }
  const login = rejection(client.login());
  let told: ReturnType<typeof rejection> | undefined;
  client.onState((s) => { if (s === 'offline') told = rejection(client.purchase('sword')); });
  platform.line.open();
  await settled();
  platform.line.receive('MidasError', failure('', NOT_PERMITTED));
  await login;
  for (const e of [...await ask(), await told]) {
    assert.deepEqual([e?.code, e?.retryable], ['NOT_PERMITTED', false]);
  }
  const known = await rejection(client.purchase('sword', 1, { requestId: 'kept' }));
  assert.deepEqual([known.code, known.retryable, known.requestId], ['NOT_PERMITTED', true, 'kept']);
  assert.equal(clock.countTimers(), 0);

  void client.login();
  const bought = client.purchase('sword', 1, { requestId: 'r' });
  await letIn(platform);
  platform.line.receive('MidasPurchaseResult', order('r', DELIVERED));
  assert.equal((await bought).state, 'DELIVERED');
});

test('a player who logs in again as soon as the login is refused is asked for once more', async (t) => {
  const { client, platform } = fakeClient(t);
  let again: Promise<unknown> | undefined;
  client.onState((s) => { if (s === 'offline') again = client.login(); });
  const login = rejection(client.login());
  platform.line.open();
  await settled();
  platform.line.receive('MidasError', failure('', NOT_PERMITTED));
  assert.equal((await login).code, 'NOT_PERMITTED');
  await letIn(platform);
  assert.deepEqual(await again, { openid: 'alice' });
});

test('a connection on which nobody gets logged in is given up', async (t) => {
  const { client, platform } = fakeClient(t, { timeoutMs: 3000 });
  client.login().catch(() => undefined);
  await pass(3000); // not even opened
  assert.equal(platform.lines[0]?.closed, true);
  await pass(250);
  platform.line.open();
  platform.login = () => new Promise(() => undefined); // wx.login never answers
  await pass(3000);
  platform.login = () => Promise.resolve('code');
  await pass(500);
  platform.line.open(); // the server never answers
  await pass(3000);
  await pass(1000);
  assert.equal(platform.lines.length, 4);
  await letIn(platform);
  assert.equal(client.state, 'online');
});

test('a wx.login that fails is tried again', async (t) => {
  const { client, platform } = fakeClient(t);
  const login = client.login();
  platform.login = () => Promise.reject({ errMsg: 'login:fail' });
  platform.line.open();
  await settled();
  platform.login = () => { throw new Error('wx is broken'); };
  await pass(250);
  platform.line.open();
  await settled();
  platform.login = () => Promise.resolve('code');
  await pass(500);
  await letIn(platform);
  assert.deepEqual(await login, { openid: 'alice' });
});

for (const [name, codec] of [['JSON', json], ['protobuf', protobuf({ ids: idsFrom(0) })]] as const) {
  test(`no error tells a login code, in ${name}`, async (t) => {
    const { client, platform } = fakeClient(t, { codec });
    const reasons: unknown[] = [];
    client.onState((_, reason) => reasons.push(reason));
    const login = rejection(client.login());
    platform.login = () => Promise.resolve('secret-of-wechat\ud800'); // half a character: protobuf cannot send it
    platform.line.open();
    await settled();
    platform.line.lose();
    await pass(250);
    platform.login = () => Promise.reject(new Error('secret-of-wechat'));
    platform.line.open();
    await settled();
    client.close();
    const e = await login;
    assert.equal(e.code, 'CLOSED');
    assert.doesNotMatch(`${String(e)} ${String(e.stack)} ${JSON.stringify(e)} ${String(reasons)}`, /secret/);
    assert.ok(reasons.includes('no login code'));
  });
}

for (const [reason, fail] of [
  ['connectSocket:fail url not in domain list', (line) => line.lose('connectSocket:fail url not in domain list')],
  ['not logged in within 10000 ms', () => pass(10_000)],
  ['no login code: login:fail', async (line, platform) => {
    platform.login = () => Promise.reject({ errMsg: 'login:fail' });
    line.open();
    await settled();
  }],
  ['the login cannot be written', async (line, platform) => {
    platform.platform = () => { throw new Error('code-1'); };
    line.open();
    await settled();
  }],
  ['UNAVAILABLE: why', async (line) => {
    line.open();
    await settled();
    line.receive('MidasError', failure('', UNAVAILABLE, { retryable: true }));
  }],
  ['NOT_PERMITTED: why', async (line) => {
    line.open();
    await settled();
    line.receive('MidasError', failure('', NOT_PERMITTED));
  }],
  ['send failed', async (line, platform, client) => {
    await letIn(platform);
    line.take = () => { throw new Error('the socket is gone'); };
    client.send('Hello', {});
  }],
  ['no answer within 10000 ms', async (_, platform, client) => {
    await letIn(platform);
    client.purchase('sword').catch(() => undefined);
    await pass(10_000);
  }],
] as [string, (line: Line, platform: FakePlatform, client: MidasClient) => unknown][]) {
  test(`who listens is told why the client is offline: ${reason}`, async (t) => {
    const { client, platform } = fakeClient(t);
    const told: unknown[] = [];
    client.onState((s, why) => { if (s === 'offline' || why !== undefined) told.push(s, why); });
    client.login().catch(() => undefined);
    await fail(platform.line, platform, client);
    assert.deepEqual(told, ['offline', reason]);
  });
}

test('a platform that cannot connect tells why', (t) => {
  const { client, platform } = fakeClient(t);
  const told: unknown[] = [];
  client.onState((s, why) => told.push(s, why));
  platform.connect = () => { throw new SyntaxError('the url is invalid'); };
  client.login().catch(() => undefined);
  assert.deepEqual(told, ['connecting', undefined, 'offline', 'SyntaxError: the url is invalid']);
});

test('a lost connection is made again and logged in with a fresh code', async (t) => {
  const { client, platform } = await online(t);
  const states: string[] = [];
  client.onState((s) => states.push(s));
  platform.line.lose();
  await pass(250);
  await letIn(platform);
  assert.deepEqual(states, ['offline', 'connecting', 'online']);
  assert.equal(platform.line.asked('MidasLogin')[0]?.code, 'code-2');
});

test('what an old connection still says is not heard', async (t) => {
  const { client, platform } = await online(t);
  const old = platform.line;
  old.lose();
  await pass(250);
  await letIn(platform);
  old.lose();
  old.receive('MidasBalance', { balance: 1_000_000, version: 999, reason: 5 });
  assert.equal(client.state, 'online');
  assert.equal(client.balance?.balance, 100);
});

test('a connection that died while the telephone slept is found within 5 s of coming back, and the balance with it', async (t) => {
  const { client, platform } = await online(t);
  const told: unknown[] = [];
  client.onState((s, why) => told.push(s, why));
  const dead = platform.line;
  await pass(3_600_000);
  assert.deepEqual(await client.login(), { openid: 'alice' }); // wx.onShow
  assert.equal(dead.asked('MidasGetBalance').length, 1);
  await pass(4999);
  assert.deepEqual(told, []);
  await pass(1);
  assert.deepEqual(told, ['offline', 'nothing heard within 5000 ms']);
  await pass(250);
  await letIn(platform);
  platform.line.receive('MidasBalance', { balance: 160, version: 2, reason: 2 });
  assert.equal(client.balance?.balance, 160);
  assert.deepEqual([client.state, dead.closed], ['online', true]);
});

test('a connection that lives is kept when the player comes back, and the balance is asked for', async (t) => {
  const { client, platform } = await online(t);
  await client.login();
  await client.login(); // while the first is being asked
  const asked = () => platform.line.asked('MidasGetBalance');
  assert.equal(asked().length, 1);
  platform.line.receive('MidasBalance', { request_id: asked()[0]?.request_id, balance: 160, version: 2, reason: 1 });
  assert.equal(client.balance?.balance, 160);
  await pass(5000);
  assert.equal(asked().length, 2); // it may have died since
  platform.line.receive('MidasError', failure(String(asked()[1]?.request_id), UNAVAILABLE, { retryable: true }));
  await pass(100_000);
  assert.deepEqual([asked().length, platform.lines.length, client.state, clock.countTimers()], [2, 1, 'online', 0]);
});

test('close ends everything with CLOSED, and for good', async (t) => {
  const { client, platform } = await online(t);
  const waiting = [client.purchase('sword'), client.getBalance(), client.recharge(60), client.buyGoods('pass'), client.listOrders()].map(rejection);
  await settled();
  client.onState(() => waiting.push(rejection(client.purchase('sword'))));
  client.close();
  assert.equal(waiting.length, 6);
  for (const e of await Promise.all(waiting)) {
    assert.equal(e.code, 'CLOSED');
    assert.equal(e.retryable, true);
  }
  assert.equal(client.state, 'closed');
  assert.equal(platform.line.closed, true);
  assert.equal((await rejection(client.login())).code, 'CLOSED');
  assert.equal((await rejection(client.purchase('sword'))).code, 'CLOSED');
  await pass(1_000_000);
  assert.equal(platform.lines.length, 1);
});

test('a login that is under way hears of close', async (t) => {
  const { client } = fakeClient(t);
  const login = rejection(client.login());
  client.close();
  assert.equal((await login).code, 'CLOSED');
});

test("the game's own messages travel on the same connection", async (t) => {
  const { client, platform } = await online(t);
  const heard: unknown[] = [];
  const stop = client.on('Inventory', (body) => heard.push(body));
  client.send('GetInventory', {});
  assert.deepEqual(platform.line.sent, [{ name: 'GetInventory', body: {} }]);
  platform.line.receive('Inventory', { items: { sword: 1 } });
  stop();
  platform.line.receive('Inventory', { items: {} });
  assert.deepEqual(heard, [{ items: { sword: 1 } }]);
});

test('our messages can be listened to by name, with names in place of numbers', async (t) => {
  const { client, platform } = await online(t);
  const heard: unknown[] = [];
  client.on('MidasRechargeResult', (body) => heard.push(body));
  platform.line.receive('MidasRechargeResult', { request_id: 'x', state: 1, coins: 60 });
  assert.deepEqual(heard, [{ request_id: 'x', state: 'CREDITED', coins: 60 }]);
});

test('a listener that throws stops neither the others nor the client', async (t) => {
  const { client, platform } = await online(t);
  const heard: number[] = [];
  client.onBalance(() => { if (heard.length === 1) throw new Error('of the game'); });
  client.onBalance((b) => heard.push(b.balance));
  platform.line.receive('MidasBalance', { balance: 5, version: 2, reason: 3 });
  assert.deepEqual(heard, [100, 5]);
  assert.throws(() => clock.tick(1), /of the game/); // it is seen, but not in the client's way
});

test('frames that are not ours are passed over', async (t) => {
  const { client, platform } = await online(t);
  for (const [name, body] of [['Unknown', {}], ['toString', {}], ['MidasBalance', { balance: 'many', version: {} }], ['MidasOrders', { orders: [1, null] }]] as const) {
    platform.line.receive(name, body);
  }
  assert.equal(client.balance?.balance, 100);
  assert.equal(client.state, 'online');
});
