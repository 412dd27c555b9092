// A platform whose server is the test.
import { install, type Clock } from '@sinonjs/fake-timers';
import { mock, type TestContext } from 'node:test';
import { json, MidasClient, type ClientOptions, type GoodsOptions, type Platform, type RechargeOptions, type SocketEvents } from '../src/index';

type Body = Record<string, unknown>;

/** One connection, seen from the server's side. */
export class Line {
  readonly sent: { name: string; body: Body }[] = [];
  closed = false;

  constructor(private readonly events: SocketEvents) {}

  open(): void {
    this.events.open();
  }

  receive(name: string, body: Body): void {
    // As Leaf does it: binary, whatever is in it.
    this.events.message(new TextEncoder().encode(JSON.stringify({ [name]: body })).buffer as ArrayBuffer);
  }

  lose(reason = 'lost'): void {
    this.events.close(reason);
  }

  /** The bodies of the messages of that name. */
  asked(name: string): Body[] {
    return this.sent.filter((m) => m.name === name).map((m) => m.body);
  }

  take(data: string | ArrayBuffer): void {
    const m = json.decode(data);
    if (!m) {
      throw new Error('not a frame');
    }
    this.sent.push(m);
  }
}

export class FakePlatform implements Platform {
  readonly lines: Line[] = [];
  codes = 0;
  where = 'android';
  login: () => Promise<string> = () => Promise.resolve(`code-${++this.codes}`);
  coins: (o: RechargeOptions) => Promise<void> = () => Promise.resolve();
  goods: (o: GoodsOptions) => Promise<void> = () => Promise.resolve();

  connect(_url: string, _binary: boolean, events: SocketEvents) {
    const line = new Line(events);
    this.lines.push(line);
    return { send: (data: string | ArrayBuffer) => line.take(data), close: () => { line.closed = true; } };
  }

  loginCode() { return this.login(); }
  platform() { return this.where; }
  requestCoins(o: RechargeOptions) { return this.coins(o); }
  requestGoods(o: GoodsOptions) { return this.goods(o); }

  /** The newest connection. */
  get line(): Line {
    const line = this.lines[this.lines.length - 1];
    if (!line) {
      throw new Error('nobody has connected');
    }
    return line;
  }
}

/** Lets everything happen that waits for nothing but promises. */
export const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

/** The one that the client goes by, while a fakeClient lives. */
export let clock: Clock;

/** Moves the clock on. */
export async function pass(ms: number): Promise<void> {
  await settled();
  clock.tick(ms);
  await settled();
}

/** A client on a fake platform, with the clock in the test's hand and chance fixed at luck, which is in the middle. */
export function fakeClient(t: TestContext, options: Partial<ClientOptions> = {}, luck = 0.5) {
  clock = install({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: 1_700_000_000_000 });
  const random = mock.method(Math, 'random', () => luck);
  const platform = new FakePlatform();
  let ids = 0;
  const client = new MidasClient({ url: 'ws://game', platform, newRequestId: () => `r${++ids}`, ...options });
  t.after(() => {
    client.close();
    random.mock.restore();
    clock.uninstall();
  });
  return { client, platform };
}

/** Answers the login on the newest connection, opening it first if it is new. */
export async function letIn(platform: FakePlatform, openid = 'alice', opened = false): Promise<void> {
  if (!opened) {
    platform.line.open();
  }
  await settled();
  platform.line.receive('MidasLoginResult', { openid });
  await settled();
}

/** A client that is logged in. */
export async function online(t: TestContext, options: Partial<ClientOptions> = {}) {
  const { client, platform } = fakeClient(t, options);
  const login = client.login();
  await letIn(platform);
  await login;
  platform.line.receive('MidasBalance', balance({ balance: 100, reason: 2, version: 1 }));
  platform.line.sent.length = 0;
  return { client, platform };
}

export function balance(fields: Body): Body {
  return {
    request_id: '', balance: 0, present_balance: 0, first_save: false, save_amt: 0, save_sum: 0, cost_sum: 0, present_sum: 0, reason: 1,
    bill_no: '', version: 1, ...fields,
  };
}

export function order(requestId: string, state: number, error?: Body): Body {
  return {
    request_id: requestId, bill_no: 'b-' + requestId, item_id: 'sword', quantity: 1, amount: 60, state, balance: 40,
    ...(error && { error: { request_id: requestId, message: 'why', retryable: false, retry_after_ms: 0, ...error } }),
  };
}

export function failure(requestId: string, code: number, more: Body = {}): Body {
  return { request_id: requestId, code, message: 'why', retryable: false, retry_after_ms: 0, ...more };
}

/** What a promise is rejected with. */
export function rejection(p: Promise<unknown>): Promise<{ code: string; [field: string]: unknown }> {
  return p.then((v) => { throw new Error(`resolved with ${JSON.stringify(v)}`); }, (e: unknown) => e as { code: string });
}

// The wire's numbers.
export const PENDING = 1, DELIVERED = 2, FAILED = 3, CANCELLED = 4;
export const INVALID_ARGUMENT = 1, NOT_LOGGED_IN = 2, SESSION_EXPIRED = 3, UNKNOWN_ITEM = 4, SHORT = 5, RATE_LIMITED = 8, BUSY = 9, UNAVAILABLE = 10;
export const NOT_PERMITTED = 11, INTERNAL = 12;
