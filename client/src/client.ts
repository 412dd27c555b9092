import { Asks, later, type AbortSignalLike } from './asks';
import { json, type Codec } from './codec';
import { Connection, jitter, type Backoff, type ConnectionState } from './connection';
import { disputed, MidasError, orderEnd, refusal } from './error';
import { Listeners } from './listeners';
import { wxPlatform, type Platform, type Support, type WxLike } from './platform';
import { Pulse } from './pulse';
import { Windows } from './window';
import type { Balance, Body, Catalogue, GoodsOptions, Message, Order, PurchaseResult, RechargeOptions, RechargeRecord, RechargeResult, ServiceState } from './wire';

// Not by way of globalThis, which the older ones of WeChat's engines lack.
declare const wx: WxLike | undefined;

export interface ClientOptions {
  /** ws:// or, in a released mini game, wss://. */
  url: string;
  /** Default: the mini game's, by the global wx. */
  platform?: Platform;
  /** Default: json. */
  codec?: Codec;
  /** The partition to play in. Default: the server's. */
  zoneId?: string;
  /** How long one request waits for an answer before the connection is distrusted, in milliseconds. Default: 10000. */
  timeoutMs?: number;
  /** How long a payment window may stay open without a word, of its own or of the server's about it, in milliseconds. Default: 600000. */
  windowMs?: number;
  /** The bounds of the pause before a new connection, in milliseconds: any time up to firstMs, then up to twice that, … Default: 500, 30000. */
  backoff?: { firstMs?: number; maxMs?: number };
  /** Makes ids of 1 to 64 bytes, unique per player. Default: random. */
  newRequestId?: () => string;
}

/** How many times timeoutMs a question may take whose answer is of no use much later. */
const patience = 3;

/** A player's account, orders and payments over the game's own connection. */
export class MidasClient {
  private readonly connection: Connection;
  private readonly asks: Asks;
  private readonly windows: Windows;
  private readonly pulse: Pulse;
  private readonly platform: Platform;
  private readonly timeoutMs: number;
  private readonly backoff: Backoff;
  private readonly newRequestId: () => string;
  private newest: Balance | undefined;
  /** Whose it is. */
  private known: string | undefined;
  /** A login's balance is on its way. */
  private greeting = false;
  /** The newest since the last login. */
  private heard: Balance | undefined;
  /** What is known is from before it. */
  private outdated = false;
  private looks = 0;
  private looking: ReturnType<typeof setTimeout> | undefined;
  private loggingIn: { promise: Promise<{ openid: string }>; resolve(v: { openid: string }): void; reject(e: MidasError): void } | undefined;
  private listing: Promise<unknown> = Promise.resolve();

  private readonly balances = new Listeners<Balance>();
  private readonly orders = new Listeners<PurchaseResult>();
  private readonly catalogues = new Listeners<Catalogue>();
  /** The parts of a catalogue that have come so far. */
  private part: Catalogue | undefined;
  private browses = false;
  private readonly services = new Listeners<ServiceState>();
  private readonly states = new Listeners<ConnectionState, string>();
  private readonly messages = new Map<string, Listeners<Body>>();

  constructor(options: ClientOptions) {
    this.platform = options.platform ?? here();
    this.timeoutMs = options.timeoutMs ?? 10_000;
    this.newRequestId = options.newRequestId ?? randomId;
    this.backoff = { firstMs: options.backoff?.firstMs ?? 500, maxMs: options.backoff?.maxMs ?? 30_000 };
    this.connection = new Connection(
      {
        url: options.url, platform: this.platform, codec: options.codec ?? json, zoneId: options.zoneId ?? '',
        timeoutMs: this.timeoutMs, backoff: this.backoff,
      },
      {
        state: (s, reason) => this.stateChanged(s, reason),
        loggedIn: (openid, fresh) => this.loggedIn(openid, fresh),
        message: (m) => this.take(m),
        raw: (name, body) => this.messages.get(name)?.tell(body),
        refused: (e) => this.end(e),
      },
    );
    this.asks = new Asks(this.connection, this.timeoutMs, this.backoff);
    this.windows = new Windows(options.windowMs ?? 600_000);
    this.pulse = new Pulse(this.connection, this.timeoutMs, () => { this.getBalance().catch(() => undefined); }); // onBalance tells
  }

  get state(): ConnectionState {
    return this.connection.state;
  }

  get openid(): string | undefined {
    return this.connection.openid;
  }

  /** The newest balance known. */
  get balance(): Balance | undefined {
    return this.newest;
  }

  /** Connects and keeps connected until close(). Resolves when logged in. Rejects when the server will not have the player, or at close():
   * then, as before the first call, whatever is asked is rejected at once.
   * While the client waits to connect again it does so at once, and where it is connected it asks for the balance: a connection that does not
   * answer within 5 seconds is replaced. Call it in wx.onShow, for WeChat cuts a game off in the background and need not tell it. */
  login(): Promise<{ openid: string }> {
    if (this.state === 'closed') {
      return Promise.reject(closed());
    }
    if (this.state === 'online' && this.openid !== undefined) {
      this.pulse.feel();
      this.windows.back();
      return Promise.resolve({ openid: this.openid });
    }
    if (!this.loggingIn) {
      let resolve!: (v: { openid: string }) => void;
      let reject!: (e: MidasError) => void;
      const promise = new Promise<{ openid: string }>((ok, no) => { resolve = ok; reject = no; });
      this.loggingIn = { promise, resolve, reject };
    }
    const { promise } = this.loggingIn;
    this.connection.start();
    return promise;
  }

  /** Ends it for good. Whatever waits is rejected with CLOSED; what was asked may still happen at the server. */
  close(): void {
    if (this.state !== 'closed') {
      this.end(closed());
      this.windows.fail(closed());
      this.connection.close(); // a listener may ask
    }
  }

  /** Asks the server for the balance. Rejects with UNAVAILABLE if three times timeoutMs bring no answer. */
  getBalance(): Promise<Balance> {
    const id = this.newRequestId();
    return this.asks.ask<Balance>({
      id, name: 'MidasGetBalance', body: { request_id: id }, withinMs: patience * this.timeoutMs,
      // take has seen it first: what is newest now is at least as new as the answer.
      read: (m) => (m.name === 'MidasBalance' && m.body.request_id === id ? (this.newest ?? m.body) : undefined),
    });
  }

  /** Calls back at once if a balance is known, and for every newer one. Returns the way to stop. */
  onBalance(listener: (b: Balance) => void): () => void {
    const stop = this.balances.add(listener);
    if (this.newest) {
      listener(this.newest);
    }
    return stop;
  }

  /** Calls back for every MidasPurchaseResult: answers, and what pending orders became later. */
  onOrder(listener: (r: PurchaseResult) => void): () => void {
    return this.orders.add(listener);
  }

  /** Calls back when the shop closes or opens. */
  onService(listener: (s: ServiceState) => void): () => void {
    return this.services.add(listener);
  }

  /** Calls back when the connection comes and goes. reason says why it is offline, in words for the game's developer. */
  onState(listener: (s: ConnectionState, reason?: string) => void): () => void {
    return this.states.add(listener);
  }

  /** Asks what this player can buy on this device. From then on onCatalogue hears of every change. An older server closes the connection on
   * this question: ask it only of servers that have it (leafmidas from 2026-12 on). */
  getCatalogue(): Promise<Catalogue> {
    const id = this.newRequestId();
    this.browses = true;
    return this.asks.ask<Catalogue>({
      id, name: 'MidasGetCatalogue', body: { request_id: id }, withinMs: patience * this.timeoutMs,
      // take has put the parts together first.
      read: (m) => (m.name === 'MidasCatalogue' && m.body.request_id === id ? (m.body.more ? later : (this.part ?? m.body)) : undefined),
    });
  }

  /** Calls back for every catalogue, after getCatalogue. */
  onCatalogue(listener: (c: Catalogue) => void): () => void {
    return this.catalogues.add(listener);
  }

  /** Tells whether this device can pay with money, as far as WeChat and its versions say. */
  canPay(): Promise<Support> {
    return this.platform.support?.() ?? Promise.resolve({ allowed: true, reason: '' });
  }

  /** Buys with coins. Resolves when DELIVERED, rejects when FAILED, CANCELLED or refused, or when an operator has to decide. It goes on over new
   * connections under the same request id. expectedAmount is what the player saw that it costs in all, in coins: at another price it is
   * refused with PRICE_CHANGED, and nothing is deducted. */
  purchase(
    itemId: string, quantity = 1, options: { requestId?: string; signal?: AbortSignalLike; expectedAmount?: number } = {},
  ): Promise<PurchaseResult> {
    const id = options.requestId ?? this.newRequestId();
    return this.asks.ask<PurchaseResult>({
      id, name: 'MidasPurchase', body: { request_id: id, item_id: itemId, quantity, ...expected('expected_amount', options.expectedAmount) }, order: standing(options), signal: options.signal,
      read: (m) => (m.name === 'MidasPurchaseResult' && m.body.request_id === id ? delivered(m.body) : undefined),
    });
  }

  /** Buys coins with money: asks for the options, opens WeChat's payment window, and tells the server how it ended. Resolves with CREDITED, or
   * with PENDING: paid, and the coins will come in a balance by themselves. Rejects when the window was cancelled or failed, and no coins came.
   * A window that does not call back ends when the server says that the coins came, or after windowMs. */
  async recharge(buyQuantity: number, options: { requestId?: string } = {}): Promise<RechargeResult> {
    const id = options.requestId ?? this.newRequestId();
    const check = this.mayPay(id);
    if (check) {
      await check;
    }
    const offer = await this.asks.ask<RechargeOptions>({
      id, name: 'MidasRecharge', body: { request_id: id, buy_quantity: buyQuantity }, withinMs: patience * this.timeoutMs,
      read: (m) => (m.name === 'MidasRechargeOptions' && m.body.request_id === id ? m.body : undefined),
    });
    const mine = (m: Message) => (m.name === 'MidasRechargeResult' && m.body.request_id === id ? m.body : undefined);
    const tell = (errCode: number) => this.asks.ask<RechargeResult>({
      id, name: 'MidasRechargeDone', body: { request_id: id, err_code: errCode }, insists: true, read: mine,
    });
    let before = this.newest;
    const { failed, seen: came } = await this.windows.wait<RechargeResult>({
      id, open: () => this.payCoins(offer),
      read: (m) => {
        if (m.name === 'MidasBalance') {
          if (!before || m.body.balance > before.balance || m.body.save_amt > before.save_amt) {
            tell(0).catch(() => undefined); // are these the coins? The answer is read here
          }
          before = m.body;
        }
        const result = mine(m);
        return result?.state === 'CREDITED' ? result : undefined;
      },
      look: () => { this.getBalance().catch(() => undefined); },
      late: (e) => { tell(e?.errCode ?? 0).catch(() => undefined); },
    });
    if (came) {
      return came;
    }
    if (failed?.code === 'SESSION_EXPIRED') {
      this.connection.relogin(); // the next try finds a good one
    }
    const report = tell(failed?.errCode ?? 0);
    if (!failed) {
      return report.catch((e: MidasError) => {
        if (e.code === 'CLOSED') {
          throw e;
        }
        return { request_id: id, state: 'PENDING', coins: 0 }; // paid, and the server finds the coins without being told
      });
    }
    // A window that failed may have been paid in truth. But the player must not wait long to hear that it failed.
    const seen = await this.soon(report);
    if (seen?.state === 'CREDITED') {
      return seen;
    }
    throw failed;
  }

  /** Buys an item with money (V2): asks for the signed options, opens the payment window, resolves when DELIVERED. With the request id of an
   * earlier one it goes on where that one stands, and opens the window only if it is not paid. A window that does not call back ends when the
   * server knows that it was paid, or after windowMs. */
  async buyGoods(
    itemId: string, quantity = 1, options: { requestId?: string; signal?: AbortSignalLike; expectedFen?: number } = {},
  ): Promise<PurchaseResult> {
    const id = options.requestId ?? this.newRequestId();
    const check = this.mayPay(id);
    if (check) {
      await check;
    }
    const question = {
      id, name: 'MidasBuyGoods', body: { request_id: id, item_id: itemId, quantity, ...expected('expected_fen', options.expectedFen) }, order: standing(options), signal: options.signal,
    };
    const mine = (m: Message): GoodsOptions | PurchaseResult | undefined =>
      (m.name === 'MidasGoodsOptions' || m.name === 'MidasPurchaseResult') && m.body.request_id === id ? m.body : undefined;
    const unpaid = (a: GoodsOptions | PurchaseResult): a is GoodsOptions => 'sign_data' in a;
    const look = () => this.asks.ask({ ...question, withinMs: patience * this.timeoutMs, read: mine });
    const glance = () => { look().catch(() => undefined); };

    for (let relogins = 0; ;) {
      const stands = await look();
      if (!unpaid(stands)) {
        break;
      }
      const { failed } = await this.windows.wait({
        id, open: () => this.platform.requestGoods(stands),
        read: (m) => (m.name === 'MidasPurchaseResult' && m.body.request_id === id ? m.body : undefined), // so it is not to be paid any more
        look: glance, back: glance, late: glance,
      });
      if (!failed) {
        break;
      }
      if (failed.code === 'SESSION_EXPIRED' && relogins++ === 0) {
        await this.freshSession();
        continue; // the server signs with the new session
      }
      // It may have been paid in truth: the server asks Midas when it is asked.
      const seen = await this.soon(look());
      if (seen && !unpaid(seen) && seen.state === 'DELIVERED') {
        return seen;
      }
      throw failed;
    }
    return this.asks.ask<PurchaseResult>({
      ...question, insists: true,
      read: (m) => {
        const answer = mine(m);
        return answer && (unpaid(answer) ? later : delivered(answer)); // paid, and Midas does not know yet
      },
    });
  }

  /** Rejects where this device certainly cannot pay, before anything is asked. */
  private mayPay(requestId: string): Promise<void> | undefined {
    return this.platform.support?.().then(({ allowed, reason }) => {
      if (!allowed) {
        throw new MidasError('UNSUPPORTED_PLATFORM', reason || 'this device cannot pay', { requestId });
      }
    });
  }

  /** Buys coins by the signed call where there is one, so that nobody changes the quantity, and else by the plain one. */
  private payCoins(offer: RechargeOptions): Promise<void> {
    if (!offer.sign_data || !this.platform.signsCoins?.()) {
      return this.platform.requestCoins(offer);
    }
    const { request_id, sign_data, pay_sig, signature } = offer;
    return this.platform.requestGoods({ request_id, sign_data, pay_sig, signature }).catch((e: unknown) => {
      if (unknownMode.includes(Number((e as { errCode?: unknown } | undefined)?.errCode))) {
        return this.platform.requestCoins(offer); // a device that signs goods alone
      }
      throw e;
    });
  }

  /** Lists the player's orders, newest first. before is the bill_no of the last one seen. */
  listOrders(options: { limit?: number; before?: string } = {}): Promise<{ orders: Order[]; more: boolean }> {
    const list = () => this.asks.ask<{ orders: Order[]; more: boolean }>({
      id: '', name: 'MidasListOrders', body: { limit: options.limit ?? 0, before: options.before ?? '' }, withinMs: patience * this.timeoutMs,
      read: (m) => (m.name === 'MidasOrders' ? m.body : undefined),
    });
    // One after the other: a list does not tell whose it is.
    const next = this.listing.then(list, list);
    this.listing = next.catch(() => undefined);
    return next;
  }

  /** Lists the player's recharges, newest first, whatever became of them. before is the request_id of the last one seen. An older server closes
   * the connection on this question: ask it only of servers that have it (leafmidas from 2026-12 on). */
  listRecharges(options: { limit?: number; before?: string } = {}): Promise<{ recharges: RechargeRecord[]; more: boolean }> {
    const id = this.newRequestId();
    return this.asks.ask<{ recharges: RechargeRecord[]; more: boolean }>({
      id, name: 'MidasListRecharges', body: { request_id: id, limit: options.limit ?? 0, before: options.before ?? '' }, withinMs: patience * this.timeoutMs,
      read: (m) => (m.name === 'MidasRecharges' && m.body.request_id === id ? m.body : undefined),
    });
  }

  /** Sends a message of the game's own, if the connection is up; else it is lost. */
  send(name: string, body: Body): void {
    this.connection.send(name, body);
  }

  /** Calls back for every message of that name: the game's own, or ours. */
  on(name: string, listener: (body: Body) => void): () => void {
    let listeners = this.messages.get(name);
    if (!listeners) {
      listeners = new Listeners<Body>();
      this.messages.set(name, listeners);
    }
    return listeners.add(listener);
  }

  private take(m: Message): void {
    switch (m.name) {
      case 'MidasBalance':
        this.see(m.body);
        break;
      case 'MidasPurchaseResult':
        this.orders.tell(m.body);
        break;
      case 'MidasServiceState':
        this.services.tell(m.body);
        break;
      case 'MidasCatalogue':
        this.collect(m.body);
        break;
      case 'MidasError':
        if (m.body.request_id === '' && this.greeting) {
          const e = refusal(m.body);
          this.lookLater(e);
          if (!this.isOfList(e)) {
            this.greeting = false;
            return;
          }
        }
        break;
    }
    this.asks.take(m);
    this.windows.take(m);
  }

  /** An error without a request id is the login's balance that did not come, or a list's. If a list may be asked again, nothing is lost by that. */
  private isOfList(e: MidasError): boolean {
    return this.asks.anonymous && (e.retryable || e.code === 'INVALID_ARGUMENT');
  }

  /** Asks for the balance that a login did not bring, again and again until one comes or the connection is lost. */
  private lookLater(e: MidasError): void {
    if (e.retryable && this.outdated && this.state === 'online') {
      clearTimeout(this.looking);
      this.looking = setTimeout(() => {
        this.getBalance().catch((again: MidasError) => this.lookLater(again)); // onBalance tells
      }, e.retryAfterMs + jitter(this.backoff, this.looks++));
    }
  }

  /** Puts the parts of a catalogue together, which follow one another. */
  private collect(c: Catalogue): void {
    const before = this.part;
    const goesOn = before?.more === true && before.request_id === c.request_id && before.version === c.version;
    this.part = goesOn ? { ...c, items: [...before.items, ...c.items], recharges: [...before.recharges, ...c.recharges] } : c;
    if (!c.more) {
      this.catalogues.tell(this.part);
    }
  }

  private see(b: Balance): void {
    this.connection.answered();
    if (b.stale) { // what was known before is as good, and older news than any that is not stale
      this.greeting = this.greeting && b.reason !== 'LOGIN';
      const known = this.newest && this.newest.version > b.version ? this.newest : b;
      this.newest = { ...known, stale: true, as_of_unix: b.as_of_unix };
      this.balances.tell(this.newest);
      return;
    }
    if (!this.heard || b.version > this.heard.version) {
      this.heard = b;
    }
    if (b.reason === 'LOGIN') {
      this.greeting = false;
    }
    // What the server has read since the login is newer than all from before, though another server's clock may have numbered that higher.
    const read = this.outdated && (b.reason === 'LOGIN' || b.request_id !== '');
    if (!this.newest || read || this.newest.stale || this.heard.version > this.newest.version) {
      this.newest = this.heard;
      this.outdated = false;
      clearTimeout(this.looking);
      this.balances.tell(this.newest);
    }
  }

  private stateChanged(s: ConnectionState, reason?: string): void {
    if (s !== 'online') {
      this.greeting = false;
      clearTimeout(this.looking);
      this.pulse.stop();
      this.asks.lost();
    }
    this.states.tell(s, reason);
  }

  private loggedIn(openid: string, fresh: boolean): void {
    if (this.known !== undefined && this.known !== openid) {
      this.newest = undefined; // another player's
    }
    this.known = openid;
    this.greeting = true;
    this.outdated = true;
    this.heard = undefined;
    this.looks = 0;
    this.loggingIn?.resolve({ openid });
    this.loggingIn = undefined;
    this.asks.loggedIn(fresh);
    if (this.browses && fresh) {
      this.getCatalogue().catch(() => undefined); // the server knows it by the connection; onCatalogue tells
    }
  }

  private end(e: MidasError): void {
    this.loggingIn?.reject(e);
    this.loggingIn = undefined;
    this.asks.fail(e);
  }

  /** Waits for an answer no longer than timeoutMs. */
  private soon<T>(answer: Promise<T>): Promise<T | undefined> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(undefined), this.timeoutMs);
      const end = (value?: T) => {
        clearTimeout(timer);
        resolve(value);
      };
      answer.then(end, () => end());
    });
  }

  /** Logs in again, and waits for that no longer than timeoutMs. */
  private freshSession(): Promise<void> {
    const before = this.connection.session;
    this.connection.relogin();
    return this.soon(new Promise<void>((resolve) => {
      const stop = this.on('MidasLoginResult', () => {
        if (this.connection.session > before) {
          stop();
          resolve();
        }
      });
    }));
  }
}

/** The codes of a window that does not know the mode of what it is to sign, before it has opened. */
const unknownMode = [-6, -15001, -15002, -15011, 1000];

/** A price that the player saw; a server that does not know the field ignores it. */
function expected(field: string, price: number | undefined): Body {
  return price === undefined ? {} : { [field]: price };
}

/** Of an id that the caller has kept, the server may know from an earlier time. */
function standing(options: { requestId?: string }): 'new' | 'known' {
  return options.requestId === undefined ? 'new' : 'known';
}

/** An order's value once it has ended well. */
function delivered(r: PurchaseResult): PurchaseResult | typeof later {
  switch (r.state) {
    case 'DELIVERED':
      return r;
    case 'FAILED':
    case 'CANCELLED':
      throw orderEnd(r);
    default:
      if (r.error?.code === 'INTERNAL') {
        throw disputed(r);
      }
      return later;
  }
}

function here(): Platform {
  if (typeof wx === 'undefined') {
    throw new Error('leafmidas: there is no global wx here: pass a platform, in a browser browserPlatform(…)');
  }
  return wxPlatform(wx);
}

function closed(): MidasError {
  return new MidasError('CLOSED', 'the client is closed', { retryable: true });
}

/** Time and chance. It only has to be unique among one player's requests; nothing is secured by it. */
function randomId(): string {
  const part = () => Math.floor(Math.random() * 2 ** 48).toString(36);
  return `${Date.now().toString(36)}-${part()}${part()}`;
}
