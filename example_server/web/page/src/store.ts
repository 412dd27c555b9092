// What the page knows and what a player can do, on top of leafmidas-client; the views only show it.
import { MidasClient, MidasError, browserPlatform } from 'leafmidas-client';
import type { Balance, Catalogue as Offer, ConnectionState, GoodsOptions, Order, PurchaseResult, RechargeOptions, RechargeRecord } from 'leafmidas-client';
import { type Ending, payAtEmulator } from './midas';
import { type Language, itemName, number, texts } from './texts';

export interface Item { id: string; name: string; price: number; fen: number; left?: number }
export interface Tier { coins: number; fen: number }
export interface Catalogue { items: Item[]; tiers: Tier[]; zone: string; emulated: boolean }

/** An order as the list shows it; SENDING until the server has answered. */
export interface OrderRow { key: string; billNo: string; itemId: string; quantity: number; amount: number; state: string; reason: string; at: number }

/** The payment window that WeChat would open. */
export interface PaySheet { what: string; fen: number; choose: (ending: Ending) => void }

export interface Toast { id: number; tone: 'good' | 'bad' | 'plain'; text: string; getCoins?: boolean }

/** A purchase that has not ended, kept for when the page is loaded again. */
interface Open {
  requestId: string;
  itemId: string;
  quantity: number;
  money: boolean;
  /** What the player has seen that it costs in all: coins, or fen. */
  expected?: number;
}

/** The devices that the page may play, as wx would tell them. */
export const devices = {
  android: { platform: 'android', system: 'Android 14' },
  ios: { platform: 'ios', system: 'iOS 17.4.1' },
  oldIOS: { platform: 'ios', system: 'iOS 14.8' },
  windows: { platform: 'windows', system: 'Windows 11 x64' },
  mac: { platform: 'mac', system: 'macOS 15' },
  ohos: { platform: 'ohos', system: 'HarmonyOS 5.0' },
} as const;
export type DeviceName = keyof typeof devices;

const kept = { device: 'leafmidas.device', name: 'leafmidas.name', open: 'leafmidas.open', language: 'leafmidas.language', killed: 'leafmidas.killed' };
const firstOrders = 12;
const followEveryMs = 1000;

export class Store {
  language: Language = (localStorage.getItem(kept.language) as Language | null) ?? (navigator.language.startsWith('zh') ? 'zh' : 'en');
  catalogue: Catalogue | undefined;
  loadFailed = false;
  name = sessionStorage.getItem(kept.name) ?? '';
  device: DeviceName = (sessionStorage.getItem(kept.device) as DeviceName | null) ?? 'android';
  /** Why this device cannot pay with money; empty where it can. */
  cannotPay = '';
  connection: ConnectionState = 'offline';
  loggedIn = false;
  entering = false;
  balance: Balance | undefined;
  bag: Record<string, number> = {};
  orders: OrderRow[] = [];
  olderOrders = false;
  recharges: RechargeRecord[] = [];
  olderRecharges = false;
  recharging = false; // a window is open, or asked for
  /** When the shop may be tried again, by Date.now(); undefined while it is open. */
  closedUntil: number | undefined;
  paused = false; // by an operator, while it is closed
  reopened = false;
  sheet: PaySheet | undefined;
  toasts: Toast[] = [];

  private client: MidasClient | undefined;
  private readonly listeners = new Set<() => void>();
  private toastIds = 0;
  private following: ReturnType<typeof setTimeout> | undefined;

  get t() { return texts[this.language]; }
  get openid(): string { return this.client?.openid ?? ''; }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  async load(): Promise<void> {
    this.showLanguage();
    try {
      const answer = await fetch('/shop.json');
      if (!answer.ok) throw new Error(answer.statusText);
      this.catalogue = await answer.json() as Catalogue;
      this.loadFailed = false;
    } catch {
      this.loadFailed = true;
    }
    this.changed();
    if (this.catalogue?.emulated && this.name !== '') await this.enter(this.name);
  }

  switchLanguage(): void {
    this.language = this.language === 'zh' ? 'en' : 'zh';
    localStorage.setItem(kept.language, this.language);
    this.showLanguage();
    this.changed();
  }

  /** Logs a player in and stays connected. */
  async enter(name: string): Promise<void> {
    if (this.catalogue === undefined || this.entering) return;
    this.name = name;
    this.entering = true;
    this.changed();
    const client = new MidasClient({
      url: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`,
      zoneId: this.catalogue.zone,
      backoff: { firstMs: 300, maxMs: 5000 },
      platform: browserPlatform({
        loginCode: async () => `auto-${name}-${unique()}`, // a code works once
        platform: devices[this.device].platform,
        device: () => ({ system: devices[this.device].system, wechat_version: '8.0.68', sdk_version: '3.10.3' }),
        signsCoins: () => true,
        requestCoins: (o) => this.requestCoins(o),
        requestGoods: (o) => this.requestGoods(o),
      }),
    });
    this.client = client;
    this.listen(client);
    try {
      await client.login();
      if (this.client !== client) return; // left meanwhile
      sessionStorage.setItem(kept.name, name);
      this.loggedIn = true;
      client.getCatalogue().catch(() => undefined); // without it the page shows what everybody may see
      this.resume();
    } catch (e) {
      client.close();
      this.client = undefined;
      this.fail(e);
    } finally {
      this.entering = false;
      this.changed();
    }
  }

  /** Goes on as if on another device. */
  async play(device: DeviceName): Promise<void> {
    sessionStorage.setItem(kept.device, device);
    this.device = device;
    const name = this.name;
    if (!this.loggedIn) return this.changed();
    this.leave();
    await this.load(); // what another device may see is not what this one does
    await this.enter(name);
  }

  leave(): void {
    clearTimeout(this.following);
    this.client?.close();
    this.client = undefined;
    sessionStorage.removeItem(kept.name);
    sessionStorage.removeItem(kept.open);
    Object.assign(this, { name: '', loggedIn: false, entering: false, balance: undefined, bag: {}, orders: [], olderOrders: false, recharges: [], olderRecharges: false, recharging: false, closedUntil: undefined, reopened: false, cannotPay: '', sheet: undefined, toasts: [] });
    this.changed();
  }

  refresh(): void {
    this.client?.getBalance().then((b) => { if (b.stale) this.toast('plain', this.t.oldBalance(clock(b.as_of_unix))); }).catch((e: unknown) => this.fail(e));
  }

  /** Buys with coins, or with money what has a price in money only, at the price that the player has seen. While the last press is not answered
   * another one is the same press. */
  buy(item: Item, quantity: number): void {
    if (this.asks(item)) return;
    const money = item.price === 0;
    this.order({ requestId: unique(), itemId: item.id, quantity, money, expected: (money ? item.fen : item.price) * quantity });
  }

  /** Whether the last press for an item is not answered yet. */
  asks(item: Item): boolean {
    return this.orders.some((o) => o.itemId === item.id && o.state === 'SENDING');
  }

  async recharge(tier: Tier): Promise<void> {
    if (this.recharging) return; // one window at a time
    this.recharging = true;
    this.toasts = this.toasts.filter((t) => !t.getCoins); // the offer is taken
    try {
      const result = await this.client?.recharge(tier.coins);
      if (result?.state === 'CREDITED') this.toast('good', this.t.credited(number(result.coins)));
      else if (result?.state === 'PENDING') this.toast('plain', this.t.rechargePending);
      else if (result?.state === 'CANCELLED') this.toast('plain', this.t.rechargeCancelled);
      else if (result?.state === 'FAILED') this.toast('bad', this.t.errors['PAYMENT_FAILED']!);
    } catch (e) {
      this.fail(e);
    } finally {
      this.recharging = false;
      this.changed();
      void this.loadRecharges();
    }
  }

  async loadOrders(older = false): Promise<void> {
    try {
      const before = older ? this.orders.findLast((o) => o.billNo !== '')?.billNo : undefined;
      const page = await this.client?.listOrders(before === undefined ? { limit: firstOrders } : { limit: firstOrders, before });
      if (page === undefined) return;
      this.olderOrders = page.more;
      for (const o of page.orders) this.showOrder(rowOf(o));
    } catch (e) {
      if (!(e instanceof MidasError) || !e.retryable) this.fail(e);
    }
    this.changed();
  }

  /** Lists the recharges of before, the newest ones or, older, those behind the last that is shown. */
  async loadRecharges(older = false): Promise<void> {
    const client = this.client;
    try {
      const before = older ? this.recharges.at(-1)?.request_id : undefined;
      const page = await client?.listRecharges(before === undefined ? { limit: firstOrders } : { limit: firstOrders, before });
      if (page === undefined || this.client !== client) return;
      this.recharges = older ? [...this.recharges, ...page.recharges] : page.recharges;
      this.olderRecharges = page.more;
    } catch (e) {
      if (!(e instanceof MidasError) || !e.retryable) this.fail(e);
    }
    this.changed();
  }

  /** Says something for a while, or, where it offers something, until that is taken or dismissed. */
  toast(tone: Toast['tone'], text: string, getCoins = false): void {
    const id = ++this.toastIds;
    const others = this.toasts.filter((t) => t.text !== text);
    const tooMany = others.length < 3 ? undefined : others.find((t) => !t.getCoins);
    this.toasts = [...others.filter((t) => t !== tooMany), { id, tone, text, getCoins }];
    if (!getCoins) setTimeout(() => this.dismiss(id), 6000);
    this.changed();
  }

  dismiss(id: number): void {
    this.toasts = this.toasts.filter((t) => t.id !== id);
    this.changed();
  }

  fail(e: unknown): void {
    const code = e instanceof MidasError ? e.code : 'other';
    if (code === 'CLOSED' || code === 'ABORTED') return; // the player's own wish
    const cancelled = code === 'PAYMENT_CANCELLED';
    this.toast(cancelled ? 'plain' : 'bad', this.t.errors[code] ?? this.t.errors['other']!, code === 'INSUFFICIENT_BALANCE');
  }

  changed(): void {
    for (const listener of this.listeners) listener();
  }

  private listen(client: MidasClient): void {
    const mine = (f: () => void) => { if (this.client === client) { f(); this.changed(); } };
    client.onState((state) => mine(() => {
      this.connection = state;
      if (state !== 'online') return;
      this.closedUntil = undefined; // what the server does not say again is over
      client.send('GetInventory', {});
      void this.loadOrders();
      void this.loadRecharges();
    }));
    client.onBalance((balance) => mine(() => {
      const before = this.balance;
      this.balance = balance;
      if (balance.reason === 'RECHARGE' && before !== undefined && balance.balance > before.balance) {
        this.toast('good', this.t.credited(number(balance.balance - before.balance)));
      }
      if (balance.reason === 'RECHARGE') void this.loadRecharges();
      if (balance.bill_no !== '') this.follow(client);
      if (balance.reason === 'PRESENT' && before !== undefined) this.toast('good', this.t.presented(number(balance.present_sum - before.present_sum)));
    }));
    client.onCatalogue((offer) => mine(() => this.show(offer)));
    client.onOrder((result) => mine(() => {
      this.showOrder(rowOf(result));
      if (result.state !== 'PENDING') client.send('GetInventory', {});
    }));
    client.onService((service) => mine(() => {
      if (!service.available) this.close(service.retry_after_ms, service.reason === 'PAUSED');
      else if (this.closedUntil !== undefined) this.reopen();
    }));
    client.on('Inventory', (body) => mine(() => { this.bag = (body['items'] ?? {}) as Record<string, number>; }));
  }

  /** Shows what the server sells to this player on this device, in place of what everybody may see. */
  private show(offer: Offer): void {
    if (this.catalogue === undefined) return;
    this.cannotPay = offer.can_recharge ? '' : offer.reason;
    this.catalogue = {
      ...this.catalogue,
      items: offer.items.map((i) => ({ id: i.item_id, name: i.name, price: i.price, fen: i.fen, left: i.limit_left })),
      tiers: offer.recharges.map((r) => ({ coins: r.buy_quantity, fen: r.fen })),
    };
  }

  /** A balance has changed by an order. If the order was made on another of the player's connections, its end is told only there. */
  private follow(client: MidasClient): void {
    clearTimeout(this.following);
    void this.loadOrders().then(() => {
      if (this.client !== client) return;
      client.send('GetInventory', {});
      if (this.orders.some((o) => o.state === 'PENDING')) this.following = setTimeout(() => this.follow(client), followEveryMs);
    });
  }

  private close(retryAfterMs: number, paused: boolean): void {
    this.paused = paused;
    this.closedUntil = Date.now() + retryAfterMs;
    this.reopened = false;
    setTimeout(() => this.changed(), retryAfterMs + 50);
    this.changed();
  }

  private reopen(): void {
    this.closedUntil = undefined;
    this.reopened = true;
    setTimeout(() => { this.reopened = false; this.changed(); }, 5000);
  }

  private order(open: Open): void {
    const item = this.catalogue?.items.find((i) => i.id === open.itemId);
    const client = this.client;
    if (client === undefined || item === undefined) return;
    this.keep(open);
    this.showOrder({ key: open.requestId, billNo: '', itemId: open.itemId, quantity: open.quantity, amount: open.money ? 0 : item.price * open.quantity, state: 'SENDING', reason: '', at: Date.now() });
    const closedBefore = this.closedUntil;
    const { requestId } = open;
    const expected = open.expected ?? (open.money ? item.fen : item.price) * open.quantity; // what an earlier page has kept does not say it
    const ask = open.money
      ? client.buyGoods(open.itemId, open.quantity, { requestId, expectedFen: expected })
      : client.purchase(open.itemId, open.quantity, { requestId, expectedAmount: expected });
    ask.then(
      () => {
        this.forget(open.requestId);
        if (closedBefore !== undefined && this.closedUntil === closedBefore) this.reopen(); // it was served since, and nothing has closed the shop again
        this.toast('good', this.t.bought(itemName(this.language, item), open.quantity));
      },
      (e: unknown) => {
        if (this.client !== client) return;
        this.forget(open.requestId);
        this.orders = this.orders.filter((o) => o.key !== open.requestId || o.state !== 'SENDING'); // no order came to be
        if (e instanceof MidasError && e.code === 'UNAVAILABLE' && e.retryAfterMs > 0) { // what else is unavailable closes no shop
          this.close(e.retryAfterMs, this.paused);
          this.toast('bad', this.t.closed);
        } else {
          this.fail(e);
        }
      },
    );
    this.changed();
  }

  /** Goes on with what was under way when the page was closed. */
  private resume(): void {
    if (sessionStorage.getItem(kept.killed) !== null) {
      sessionStorage.removeItem(kept.killed);
      this.toast('plain', this.t.restarted);
    }
    const open = this.kept();
    if (open.length > 0) this.toast('plain', this.t.resumed);
    for (const o of open) this.order(o);
  }

  private kept(): Open[] {
    return JSON.parse(sessionStorage.getItem(kept.open) ?? '[]') as Open[];
  }

  private keep(open: Open): void {
    sessionStorage.setItem(kept.open, JSON.stringify([...this.kept().filter((o) => o.requestId !== open.requestId), open]));
  }

  private forget(requestId: string): void {
    sessionStorage.setItem(kept.open, JSON.stringify(this.kept().filter((o) => o.requestId !== requestId)));
  }

  private showOrder(row: OrderRow): void {
    const at = this.orders.findIndex((o) => o.key === row.key);
    if (at < 0) {
      this.orders = [...this.orders, row].sort((a, b) => b.at - a.at);
      return;
    }
    const old = this.orders[at]!;
    if (row.state === 'SENDING' || (isOver(old.state) && !isOver(row.state))) return; // an older answer
    this.orders = this.orders.with(at, { ...row, at: old.at, reason: row.reason || (row.state === old.state ? old.reason : '') });
  }

  private async requestCoins(o: RechargeOptions): Promise<void> {
    const tier = this.catalogue?.tiers.find((t) => t.coins === o.buy_quantity);
    const ending = await this.askToPay(this.t.payCoinsFor(number(o.buy_quantity)), tier?.fen ?? 0);
    await this.pay(ending, 1, '/midas/pay/coins', { openid: this.openid, options: o });
  }

  private async requestGoods(o: GoodsOptions): Promise<void> {
    const sold = JSON.parse(o.sign_data) as { mode: string; productId: string; buyQuantity: number; goodsPrice: number };
    if (sold.mode === 'coins') {
      const tier = this.catalogue?.tiers.find((one) => one.coins === sold.buyQuantity);
      const ending = await this.askToPay(this.t.payCoinsFor(number(sold.buyQuantity)), tier?.fen ?? 0);
      return this.pay(ending, 1, '/midas/pay/goods', { openid: this.openid, sign_data: o.sign_data, pay_sig: o.pay_sig, signature: o.signature });
    }
    const item = this.catalogue?.items.find((i) => i.id === sold.productId);
    const ending = await this.askToPay(`${item ? itemName(this.language, item) : sold.productId} ×${sold.buyQuantity}`, sold.goodsPrice * sold.buyQuantity);
    await this.pay(ending, -2, '/midas/pay/goods', { openid: this.openid, sign_data: o.sign_data, pay_sig: o.pay_sig, signature: o.signature });
  }

  private askToPay(what: string, fen: number): Promise<Ending> {
    return new Promise((resolve) => {
      this.sheet = { what, fen, choose: (ending) => { this.sheet = undefined; this.changed(); resolve(ending); } };
      this.changed();
    });
  }

  private async pay(ending: Ending, cancelCode: number, path: string, body: object): Promise<void> {
    if (ending === 'cancel') throw { errCode: cancelCode, errMsg: 'requestMidasPayment:fail cancel' };
    await payAtEmulator(path, { ...body, late: ending === 'late' });
    if (ending !== 'lost') return;
    sessionStorage.setItem(kept.killed, '1'); // the game dies before it is told
    location.reload();
    await new Promise(() => { /* never */ });
  }

  private showLanguage(): void {
    document.documentElement.lang = this.language === 'zh' ? 'zh-CN' : 'en';
    document.title = this.t.title;
  }
}

/** A time as a clock shows it. */
function clock(unix: number): string {
  return new Date(unix * 1000).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
}

/** Not crypto.randomUUID, which a browser lacks at http://192.168.…: it has that on https and on its own machine only. */
function unique(): string {
  return Date.now().toString(36) + crypto.getRandomValues(new Uint32Array(1))[0]!.toString(36);
}

function isOver(state: string): boolean {
  return state === 'DELIVERED' || state === 'FAILED' || state === 'CANCELLED';
}

function rowOf(o: Order | PurchaseResult): OrderRow {
  return {
    key: o.request_id || o.bill_no, billNo: o.bill_no, itemId: o.item_id, quantity: o.quantity, amount: o.amount, state: o.state,
    reason: 'error' in o ? o.error?.code ?? '' : '', at: 'created_unix' in o ? o.created_unix * 1000 : Date.now(),
  };
}
