// What buyOnce of docs/minigame.md keeps, and when it lets go.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import vm from 'node:vm';
import { blocks } from './docs';
import { DELIVERED, FAILED, failure, INTERNAL, letIn, NOT_PERMITTED, online, order, PENDING, pass, rejection, settled, SHORT, UNAVAILABLE, UNKNOWN_ITEM } from './fake';

async function once(t: TestContext, page: string) {
  const { client, platform } = await online(t);
  const kept = new Map<string, string>();
  const wx = {
    getStorageSync: (key: string) => kept.get(key) ?? '',
    setStorageSync: (key: string, id: string) => kept.set(key, id),
    removeStorageSync: (key: string) => kept.delete(key),
  };
  const game = vm.createContext({ midas: client, wx });
  vm.runInContext(blocks(page, 'js').find((code) => code.includes('function buyOnce')) ?? '', game);
  const buy = () => vm.runInContext("buyOnce('sword')", game) as Promise<{ state: string }>;
  const asked = () => platform.line.asked('MidasPurchase').map((m) => String(m.request_id));
  return { client, platform, kept, buy, asked };
}

for (const page of ['minigame.md', 'minigame_ZH.md']) {
  for (const [why, code, error] of [['short of coins', FAILED, { code: SHORT }], ['of no known reason', FAILED, undefined]] as const) {
    test(`${page}: an order that has failed, ${why}, is not asked for again`, async (t) => {
      const { platform, kept, buy, asked } = await once(t, page);
      const bought = rejection(buy());
      platform.line.receive('MidasPurchaseResult', order(asked()[0] ?? '', code, error));
      await bought;
      assert.equal(kept.size, 0);
    });
  }

  test(`${page}: a purchase that is refused for good is not asked for again, and one that is put off is`, async (t) => {
    const { platform, kept, buy, asked } = await once(t, page);
    for (const [code, retryable, left] of [[UNAVAILABLE, true, 1], [UNKNOWN_ITEM, false, 0]] as const) {
      const bought = rejection(buy());
      platform.line.receive('MidasError', failure(asked().pop() ?? '', code, { retryable }));
      await bought;
      assert.equal(kept.size, left);
    }
    assert.equal(new Set(asked()).size, 1);
  });

  test(`${page}: a purchase whose login is refused is asked for under the same id, in this life or the next`, async (t) => {
    const { client, platform, kept, buy, asked } = await once(t, page);
    const refuse = async () => {
      await pass(1000);
      platform.line.open();
      await settled();
      platform.line.receive('MidasError', failure('', NOT_PERMITTED));
    };
    const first = rejection(buy());
    const [id = ''] = asked();
    platform.line.lose();
    await refuse();
    assert.equal((await first).code, 'NOT_PERMITTED');
    client.login().catch(() => undefined);
    const second = rejection(buy());
    await refuse();
    assert.equal((await second).code, 'NOT_PERMITTED');

    client.login().catch(() => undefined);
    await letIn(platform);
    const last = buy();
    assert.deepEqual(asked(), [id]);
    platform.line.receive('MidasPurchaseResult', order(id, DELIVERED));
    await last;
    assert.equal(kept.size, 0);
  });

  test(`${page}: an order that an operator has to decide on is asked for under the same id`, async (t) => {
    const { platform, kept, buy, asked } = await once(t, page);
    const bought = rejection(buy());
    const [id = ''] = asked();
    platform.line.receive('MidasPurchaseResult', order(id, PENDING, { code: INTERNAL }));
    assert.equal((await bought).code, 'INTERNAL');
    const again = buy();
    platform.line.receive('MidasPurchaseResult', order(id, DELIVERED));
    assert.equal((await again).state, 'DELIVERED');
    assert.deepEqual([asked(), kept.size], [[id, id], 0]);
  });
}
