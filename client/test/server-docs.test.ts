// The code of docs/minigame.md and its Chinese twin is run as it stands there, against a real server.
import { build } from 'esbuild';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import vm from 'node:vm';
import { WebSocket } from 'ws';
import type { MidasClient } from '../src/index';
import { blocks } from './docs';
import { eventually, loadScript, Phone, World } from './world';

let world: World;
before(async () => { world = await World.start('v2'); });
after(() => world.stop());

/** The same code with the addresses of this test's server: all that is changed. */
function onServer(code: string, ws = world.ws): string {
  return code.replaceAll(/wss:\/\/game\.example\.com|ws:\/\/127\.0\.0\.1:3653/g, `ws://${ws}`).replaceAll('http://127.0.0.1:9300', world.emulator);
}

/** A mini game on a player's telephone, made of scripts. */
class MiniGame {
  readonly drawn: string[] = [];
  readonly told: [string, string, string][] = [];
  private touch: (event: { touches: { clientY: number }[] }) => void = () => undefined;
  private shown: () => void = () => undefined;
  private readonly context: vm.Context;

  constructor(private readonly phone: Phone, storage: Map<string, string>) {
    const pen = { fillRect: () => undefined, fillText: (text: string) => this.drawn.push(text) };
    const wx = Object.assign(phone, {
      createCanvas: () => ({ width: 400, height: 800, getContext: () => pen }),
      onTouchStart: (f: typeof this.touch) => { this.touch = f; },
      onShow: (f: () => void) => { this.shown = f; },
      getStorageSync: (key: string) => storage.get(key) ?? '',
      setStorageSync: (key: string, value: string) => storage.set(key, value),
      removeStorageSync: (key: string) => storage.delete(key),
      request: (o: { url: string; method: string; data: unknown; success(r: unknown): void; fail(e: unknown): void }) => {
        fetch(o.url, { method: o.method, body: JSON.stringify(o.data) })
          .then(async (r) => o.success({ statusCode: r.status, data: await r.json() })).catch(o.fail);
      },
    });
    const globals = { wx, setTimeout, clearTimeout };
    this.context = vm.createContext({
      ...globals,
      require: (file: string) => loadScript(path.join('dist', file), globals),
      GameGlobal: { Module: { SendMessage: (...message: [string, string, string]) => this.told.push(message) } },
    });
  }

  /** Runs a script of the page, or an expression. */
  run(code: string): unknown {
    return vm.runInContext(onServer(code, this.phone.line.addr || world.ws), this.context);
  }

  tap(clientY: number): void {
    this.touch({ touches: [{ clientY }] });
  }

  comeBack(): void {
    this.shown();
  }
}

async function play(t: TestContext, name: string, scripts: string[]) {
  const phone = new Phone(world, name);
  await phone.line.open();
  const storage = new Map<string, string>();
  const game = new MiniGame(phone, storage);
  game.run(scripts.join('\n'));
  const midas = game.run('midas') as MidasClient;
  t.after(() => { midas.close(); phone.line.close(); });
  phone.openid = (await midas.login()).openid;
  await eventually('the balance is known', () => midas.balance);
  return { phone, game, midas, storage };
}

for (const [page, reader] of [['minigame.md', 'english'], ['minigame_ZH.md', 'chinese']] as const) {
  const [game = '', trial = '', money = '', once = '', inProtobuf = '', bridge = ''] = blocks(page, 'js');

  test(`${page}: a player taps from an empty account to a sword`, async (t) => {
    const { phone, game: played, midas } = await play(t, `reader.${reader}`, [game]);
    const tap = async (clientY: number) => {
      played.tap(clientY);
      await eventually('the game has done what was tapped', () => played.run('busy') === false);
    };
    phone.moods.push(1);
    await tap(100);
    assert.equal(midas.balance?.balance, 0);
    await tap(100);
    assert.equal(phone.windows, 2);
    await eventually('the coins are drawn', () => played.drawn.some((text) => / 60$/.test(text)));
    await tap(700);
    assert.match(played.drawn[played.drawn.length - 1] ?? '', /sword$/);
    played.comeBack();
    assert.equal((await midas.listOrders()).orders.map((o) => o.state).join(), 'DELIVERED');
  });

  test(`${page}: the same game runs on the emulator alone`, async (t) => {
    const { phone, midas } = await play(t, 'unused', [trial]);
    assert.equal((await midas.recharge(60)).state, 'CREDITED');
    assert.equal((await midas.buyGoods('pass')).state, 'DELIVERED');
    assert.deepEqual([phone.windows, phone.logins], [0, 0]);
  });

  test(`${page}: an item is bought with money`, async (t) => {
    const { phone, game: played } = await play(t, `payer.${reader}`, [game, money]);
    await played.run('buyPass()');
    assert.equal(phone.windows, 1);
    assert.ok(played.drawn.some((text) => text.endsWith('pass')));
  });

  test(`${page}: a game that is killed in the middle buys once`, async (t) => {
    const { phone, game: killed, midas, storage } = await play(t, `killed.${reader}`, [game, once]);
    await midas.recharge(60);
    phone.line.deafen();
    const calls = await world.calls('pay');
    const bought = (killed.run("buyOnce('sword')") as Promise<unknown>).catch((e: { code: string }) => e.code);
    await eventually('the server asks Midas', async () => await world.calls('pay') > calls);
    midas.close();
    assert.equal(await bought, 'CLOSED');
    assert.equal(storage.size, 1);
    phone.line.deafen(false);

    const next = new MiniGame(phone, storage);
    next.run([game, once].join('\n'));
    const again = next.run('midas') as MidasClient;
    t.after(() => again.close());
    assert.equal((await next.run("buyOnce('sword')") as { state: string }).state, 'DELIVERED');
    assert.equal((await again.listOrders()).orders.length, 1);
    assert.equal(storage.size, 0);
    await assert.rejects(next.run("buyOnce('sword')") as Promise<unknown>, { code: 'INSUFFICIENT_BALANCE' });
    assert.equal(storage.size, 0);
  });

  test(`${page}: the client is made for protobuf`, (t) => {
    const played = new MiniGame(new Phone(world, 'unused'), new Map());
    played.run(inProtobuf);
    const midas = played.run('midas') as MidasClient;
    t.after(() => midas.close());
    assert.equal(midas.state, 'offline');
  });

  test(`${page}: C# is answered by what it calls`, async (t) => {
    const phone = new Phone(world, `unity.${reader}`);
    const played = new MiniGame(phone, new Map());
    played.run(bridge);
    t.after(() => (played.run('midas') as MidasClient).close());
    played.run("GameGlobal.leafmidas.start('Midas', 'wss://game.example.com')");
    const heard = (method: string, has: string) => eventually(`${method} tells ${has}`, () => played.told.find(([object, m, text]) => object === 'Midas' && m === method && text.includes(has)));
    await heard('OnBalance', '"balance":0');
    phone.openid = (played.run('midas') as MidasClient).openid ?? '';
    played.run("GameGlobal.leafmidas.recharge(1, 60); GameGlobal.leafmidas.purchase(2, 'dragon', 1)");
    await heard('OnAnswer', '"ask":1,"code":"","value":"{');
    await heard('OnAnswer', '"ask":2,"code":"UNKNOWN_ITEM","retryable":false');
    played.run("GameGlobal.leafmidas.purchase(3, 'sword', 1); GameGlobal.leafmidas.buyGoods(4, 'pass', 1)");
    const answer = JSON.parse((await heard('OnAnswer', '"ask":3'))[2]) as { value: string };
    assert.deepEqual((({ item_id, quantity, amount, state }) => ({ item_id, quantity, amount, state }))(JSON.parse(answer.value)), {
      item_id: 'sword', quantity: 1, amount: 60, state: 'DELIVERED',
    });
    await heard('OnAnswer', '"ask":4,"code":"","value":"{');

    const csharp = blocks(page, 'csharp').join();
    const called = [...csharp.matchAll(/CallJSFunction\("leafmidas", "(\w+)"|Ask\("(\w+)"/g)].map((m) => m[1] ?? m[2] ?? '');
    assert.deepEqual(called.sort(), Object.keys(played.run('GameGlobal.leafmidas') as object).sort());
    for (const method of new Set([...bridge.matchAll(/tell\('(\w+)'/g)].map((m) => m[1]))) {
      assert.match(csharp, new RegExp(`void ${method}\\(string json\\)`));
    }
  });

  test(`${page}: the component for Cocos Creator is sound TypeScript on the published types`, () => {
    const folder = path.resolve('.build', page);
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, 'Shop.ts'), blocks(page, 'ts').join('\n'));
    writeFileSync(path.join(folder, 'cc.d.ts'), `declare module 'cc' {
      export const _decorator: { ccclass(name: string): ClassDecorator; property(type: unknown): PropertyDecorator };
      export class Component {}
      export class Label extends Component { string: string }
      export const sys: { platform: string; Platform: { WECHAT_GAME: string } };
    }`);
    writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify({
      compilerOptions: {
        target: 'ES2017', lib: ['ES2017', 'DOM'], module: 'ESNext', moduleResolution: 'bundler', strict: true, experimentalDecorators: true, noEmit: true, types: [],
        paths: { 'leafmidas-client': [path.resolve('dist/types/index.d.ts')] },
      },
    }));
    const checked = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', folder], { encoding: 'utf8' });
    assert.equal(checked.status, 0, checked.stdout);
  });

  test(`${page}: the component for Cocos Creator sells in the editor's preview`, async (t) => {
    await sellInCocos(t, page, 'WEB', { WebSocket, fetch, queueMicrotask });
  });

  test(`${page}: the component for Cocos Creator sells in WeChat`, async (t) => {
    const phone = new Phone(world, `cocos.${reader}`);
    await sellInCocos(t, page, 'WECHAT', { wx: Object.assign(phone, { onShow: () => undefined }) }, (midas) => { phone.openid = midas.openid ?? ''; });
    assert.equal(phone.windows, 1);
  });
}

/** Runs the component for Cocos Creator, with a stub in Creator's place, until there is a sword. */
async function sellInCocos(t: TestContext, page: string, where: string, globals: object, loggedIn: (midas: MidasClient) => void = () => undefined) {
  const built = await build({
    stdin: { contents: onServer(blocks(page, 'ts').join('\n')), loader: 'ts', resolveDir: '.' },
    tsconfigRaw: { compilerOptions: { experimentalDecorators: true } }, target: 'es2017', bundle: true, write: false, format: 'cjs',
    external: ['cc'], alias: { 'leafmidas-client': path.resolve('dist/leafmidas-client.mjs') },
  });
  const decorator = () => () => undefined;
  const cc = {
    _decorator: { ccclass: decorator, property: decorator }, Component: class {}, Label: class {},
    sys: { platform: where, Platform: { WECHAT_GAME: 'WECHAT' } },
  };
  const module = { exports: {} as { Shop: new () => Shop } };
  vm.runInNewContext(built.outputFiles[0]?.text ?? '', { ...globals, module, require: () => cc, setTimeout, clearTimeout });
  const shop = Object.assign(new module.exports.Shop(), { coins: { string: '' }, news: { string: '' } });
  shop.onLoad();
  t.after(() => shop.onDestroy());
  await eventually('the coins are shown', () => shop.coins.string === '0');
  loggedIn(shop.midas);
  await shop.onRecharge();
  await eventually('the coins have come', () => shop.coins.string === '60');
  await shop.onBuySword();
  assert.match(shop.news.string, /sword$/);
  await eventually('the coins are spent', () => shop.coins.string === '0');
}

/** What a test sees of the component. */
interface Shop {
  midas: MidasClient;
  onLoad(): void;
  onDestroy(): void;
  onRecharge(): Promise<void>;
  onBuySword(): Promise<void>;
}

test('both pages have the same code, but for its comments and what it tells the player', () => {
  const bare = (page: string) => ['js', 'ts', 'csharp', 'sh'].flatMap((language) => blocks(page, language)).join('\n')
    .replaceAll(/^\s*(\/\/|\/\*\*).*\n|\s+(\/\/|#) .*$/gm, '').replaceAll(/'[^'\n]*'|`[^`]*`/g, '…');
  assert.equal(bare('minigame_ZH.md'), bare('minigame.md'));
});
