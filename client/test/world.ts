// A real game server and a real emulator, each a process of its own, and a mini game's wx on real WebSockets.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import vm from 'node:vm';
import { WebSocket } from 'ws';
import type * as client from '../src/index';

type Body = Record<string, unknown>;

/** How long a test waits for what must happen. */
const soon = 15_000;

export async function eventually<T>(what: string, look: () => T | undefined | false | Promise<T | undefined | false>): Promise<T> {
  for (const end = Date.now() + soon; ;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) {
      return seen;
    }
    if (Date.now() > end) {
      throw new Error(`it never came that ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function freeAddr(): Promise<string> {
  const server = createServer();
  const addr = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return addr;
}

// What a test starts does not outlive it, even if the test takes too long and is ended.
const running = new Set<ChildProcess>();
process.once('SIGTERM', () => process.exit(1));
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')));

async function kill(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  if (child.exitCode === null && child.kill('SIGKILL')) {
    await ended;
  }
  running.delete(child);
}

export class World {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'leafmidas-client-'));
  private readonly processes: ChildProcess[] = [];
  private server: ChildProcess | undefined;
  private said = '';
  ws = '';
  tcp = '';
  emulator = '';
  private codes = 0;

  private constructor(private readonly program: string) {}

  /** Starts both. protocol is "v1" or "v2"; program is example_server, or another that takes its config, of which retry is a section. */
  static async start(protocol: string, program = 'example_server', retry: Body = {}): Promise<World> {
    const w = new World(program);
    try {
      await w.boot(protocol, retry);
    } catch (e) {
      await w.stop();
      throw new Error(`${String(e)}; the processes said: ${w.said}`);
    }
    return w;
  }

  private async boot(protocol: string, retry: Body): Promise<void> {
    const push = await freeAddr();
    const emu = this.run('midasctl', 'emulator', '--quiet', '--listen', '127.0.0.1:0', '--push-url', protocol === 'v2' ? `http://${push}/midas/push` : '');
    this.emulator = await eventually('the emulator tells its address', () => /Midas emulator at (\S+)/.exec(emu.out())?.[1]);
    [this.ws, this.tcp] = [await freeAddr(), await freeAddr()];
    const midas: Body = {
      Protocol: protocol, Env: 'sandbox', BaseURL: this.emulator, AppID: 'wx0123456789abcdef', AppSecret: 'emulatorAppSecret000000000000000',
      OfferID: '1450000001', SandboxAppKey: 'emulatorSandboxAppKey00000000000', CoinsPerYuan: 10, Login: true, Timeout: '1s',
      Retry: { First: '100ms', Max: '300ms', ...retry }, RechargePoll: ['100ms', '200ms', '500ms', '1s', '1s', '1s', '1s'], RateLimit: { PerSecond: 100, Burst: 200 },
      Items: [{ ID: 'sword', Price: 60 }, { ID: 'pass', Fen: protocol === 'v2' ? 600 : 0, Price: protocol === 'v2' ? 0 : 600 }],
      Ledger: { DSN: path.join(this.folder, 'orders.db') },
    };
    if (protocol === 'v2') {
      midas.Push = { Addr: push, Token: 'emulatorPushToken' };
    }
    writeFileSync(path.join(this.folder, 'server.json'), JSON.stringify({
      LogLevel: 'release', WSAddr: this.ws, TCPAddr: this.tcp, HTTPAddr: '', MaxConnNum: 100, GamePath: path.join(this.folder, 'game.db'), Midas: midas,
    }));
    await this.serve();
  }

  private async serve(): Promise<void> {
    this.server = this.run(this.program, '-conf', 'server.json').child;
    for (const addr of [this.ws, this.tcp]) {
      await eventually(`the server listens on ${addr}`, () => {
        if (this.server?.exitCode !== null) {
          throw new Error('the server has ended');
        }
        return listens(addr);
      });
    }
  }

  /** Kills the game server without a word, and starts it again. */
  async restart(): Promise<void> {
    if (this.server) {
      await kill(this.server);
    }
    await this.serve();
  }

  private run(program: string, ...args: string[]): { child: ChildProcess; out(): string } {
    const child = spawn(path.resolve('.build', program), args, { cwd: this.folder });
    let out = '';
    const read = (chunk: Buffer) => { out += chunk.toString(); this.said += chunk.toString(); };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    this.processes.push(child);
    running.add(child);
    return { child, out: () => out };
  }

  async stop(): Promise<void> {
    for (const child of this.processes.reverse()) {
      await kill(child);
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Calls the emulator's control API. What it refuses is thrown as WeChat's payment windows do. */
  async control(command: string, body: Body): Promise<Body> {
    const answer = await fetch(`${this.emulator}/_emulator/${command}`, { method: 'POST', body: JSON.stringify(body) });
    const told = (await answer.json()) as Body;
    if (!answer.ok) {
      throw Object.assign(new Error(String(told.error)), { errCode: told.err_code, errMsg: told.error });
    }
    return told;
  }

  /** How many calls of an API Midas has answered, or is about to. */
  async calls(api: string): Promise<number> {
    const counts = (await (await fetch(`${this.emulator}/_emulator/calls`)).json()) as Record<string, { calls: number } | undefined>;
    return counts[api]?.calls ?? 0;
  }

  /** An operator's command on the server's ledger. */
  async midasctl(...args: string[]): Promise<void> {
    const { child, out } = this.run('midasctl', ...args, '--conf', 'server.json');
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) {
      throw new Error(`midasctl ${args.join(' ')}: ${out()}`);
    }
  }

  /** A login code of WeChat's. */
  code(name: string): string {
    return `auto-${name}-${++this.codes}`;
  }
}

/** A telephone's way to the server: bytes are passed on until the line is cut, or falls silent. */
export class Line {
  private readonly pairs: [Socket, Socket][] = [];
  private readonly tunnel;
  private deaf = false;
  addr = '';

  constructor(to: string) {
    const [host, port] = to.split(':');
    this.tunnel = createServer((near) => {
      const far = connect(Number(port), host);
      this.pairs.push([near, far]);
      near.pipe(far);
      if (!this.deaf) {
        far.pipe(near);
      }
      for (const [from, into] of [[near, far], [far, near]] as const) {
        from.on('error', () => into.destroy());
        from.on('close', () => into.destroy());
      }
    });
  }

  async open(): Promise<void> {
    this.addr = await listen(this.tunnel);
  }

  /** Both ends lose the connections there are. */
  cut(): void {
    for (const end of this.pairs.splice(0).flat()) {
      end.destroy();
    }
  }

  /** Nothing goes through the connections there are any more, and neither end is told. */
  silence(): void {
    for (const [near, far] of this.pairs) {
      near.unpipe();
      far.unpipe();
    }
  }

  /** What is said to the server arrives, and nothing of what it says, on the connections there are and on new ones; with false: on new ones again. */
  deafen(deaf = true): void {
    this.deaf = deaf;
    for (const [near, far] of deaf ? this.pairs : []) {
      far.unpipe(near);
    }
  }

  close(): void {
    this.cut();
    this.tunnel.close();
  }
}

function listens(addr: string): Promise<boolean> {
  const [host, port] = addr.split(':');
  return new Promise((resolve) => {
    const socket: Socket = connect(Number(port), host, () => { socket.destroy(); resolve(true); });
    socket.on('error', () => resolve(false));
  });
}

interface Callbacks {
  success?: (result: never) => void;
  fail?: (error: unknown) => void;
}

/** A player's telephone: a wx whose sockets are real and whose payments are the emulator's. */
export class Phone implements client.WxLike {
  /** What the player does at the next payment windows: undefined pays, a number makes the window fail with it. */
  readonly moods: (number | undefined)[] = [];
  /** What becomes of payments (emulator.Fate). */
  fate: Body = {};
  logins = 0;
  windows = 0;
  openid = '';
  readonly line: Line;

  constructor(private readonly world: World, private readonly name: string) {
    this.line = new Line(world.ws);
  }

  login(options: { success?: (r: { code: string }) => void }): void {
    this.logins++;
    setImmediate(() => options.success?.({ code: this.world.code(this.name) }));
  }

  getDeviceInfo() {
    return { platform: 'android' };
  }

  connectSocket({ url, fail }: { url: string; fail?: (e: unknown) => void }): client.WxSocketTask {
    const socket = new WebSocket(url);
    socket.binaryType = 'arraybuffer';
    socket.on('error', (e) => fail?.({ errMsg: e.message }));
    return {
      onOpen: (f) => { socket.onopen = () => f({}); },
      onMessage: (f) => { socket.onmessage = (e) => f({ data: e.data as string | ArrayBuffer }); },
      onClose: (f) => { socket.onclose = (e) => f({ code: e.code, reason: e.reason }); },
      onError: (f) => { socket.onerror = (e) => f({ errMsg: e.message }); },
      send: ({ data }) => socket.send(data),
      close: () => socket.close(),
    };
  }

  requestMidasPayment(o: client.WxCoins & Callbacks): void {
    this.pay(o, 'pay/coins', {
      openid: this.openid, offer_id: o.offerId, mode: o.mode, currency_type: o.currencyType, env: o.env, buy_quantity: o.buyQuantity,
      platform: o.platform, zone_id: o.zoneId, out_trade_no: o.outTradeNo ?? '',
    });
  }

  requestMidasPaymentGameItem(o: client.WxGoods & Callbacks): void {
    this.pay(o, 'pay/goods', { openid: this.openid, sign_data: o.signData, pay_sig: o.paySig, signature: o.signature });
  }

  private pay(callbacks: Callbacks, command: string, body: Body): void {
    this.windows++;
    const mood = this.moods.shift();
    if (mood !== undefined) {
      setImmediate(() => callbacks.fail?.({ errCode: mood, errMsg: 'requestMidasPayment:fail' }));
      return;
    }
    this.world.control(command, { ...body, fate: this.fate }).then(() => callbacks.success?.({} as never), callbacks.fail);
  }
}

/** Loads a single file of the build as a mini game's require does, with nothing around it but what is given. */
export function loadScript(file: string, globals: object): unknown {
  const module = { exports: {} };
  vm.runInNewContext(readFileSync(file, 'utf8'), { ...globals, module });
  return module.exports;
}

/** The client of the version before, as games in the field have it. */
export const released = 'test/released/leafmidas-client.js';

/** A player in a mini game with that build of the client, logged in. */
export async function join(
  t: TestContext, world: World, name: string, options: Partial<client.ClientOptions> = {}, build = 'dist/leafmidas-client.js',
) {
  const phone = new Phone(world, name);
  await phone.line.open();
  const { MidasClient } = loadScript(build, { wx: phone, setTimeout, clearTimeout }) as typeof client;
  const midas = new MidasClient({ url: `ws://${phone.line.addr}`, backoff: { firstMs: 10, maxMs: 100 }, ...options });
  t.after(() => { midas.close(); phone.line.close(); });
  phone.openid = (await midas.login()).openid;
  await eventually('the balance is known', () => midas.balance);
  return { phone, midas };
}
