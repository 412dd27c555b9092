// The part of the leafmidas-client API that the page uses, until the package itself lies in client/: then tsconfig.json names
// that in place of this file. Not here: request timeouts, codecs other than JSON, abort signals.
export type Body = Record<string, unknown>;
export interface Balance { request_id: string; balance: number; present_balance: number; first_save: boolean; save_amt: number; save_sum: number; cost_sum: number; present_sum: number; reason: string; bill_no: string; version: number }
export interface ErrorInfo { request_id: string; code: string; message: string; retryable: boolean; retry_after_ms: number }
export interface PurchaseResult { request_id: string; bill_no: string; item_id: string; quantity: number; amount: number; state: string; error?: ErrorInfo; balance: number }
export interface RechargeOptions { request_id: string; mode: string; env: number; offer_id: string; currency_type: string; platform: string; buy_quantity: number; zone_id: string; out_trade_no: string }
export interface GoodsOptions { request_id: string; sign_data: string; pay_sig: string; signature: string }
export interface RechargeResult { request_id: string; state: string; coins: number }
export interface Order { bill_no: string; request_id: string; item_id: string; quantity: number; amount: number; state: string; created_unix: number }
export interface ServiceState { available: boolean; retry_after_ms: number }
export interface Platform { loginCode(): Promise<string>; platform(): string; requestCoins(o: RechargeOptions): Promise<void>; requestGoods(o: GoodsOptions): Promise<void> }
export function browserPlatform(h: { loginCode: () => Promise<string>; platform?: string; requestCoins?: (o: RechargeOptions) => Promise<void>; requestGoods?: (o: GoodsOptions) => Promise<void> }): Platform {
  return { loginCode: h.loginCode, platform: () => h.platform ?? 'android', requestCoins: h.requestCoins!, requestGoods: h.requestGoods! };
}
export type ConnectionState = 'offline' | 'connecting' | 'online' | 'closed';
export class MidasError extends Error {
  retryable = false; retryAfterMs = 0; requestId = ''; order?: PurchaseResult; errCode?: number;
  constructor(readonly code: string, message: string, more: object = {}) { super(message); Object.assign(this, more); }
}
const reasons = ['', 'QUERY', 'LOGIN', 'PURCHASE', 'CANCEL', 'RECHARGE', 'PRESENT', 'REMOTE'];
const states = ['', 'PENDING', 'DELIVERED', 'FAILED', 'CANCELLED'];
const rstates = ['', 'CREDITED', 'PENDING', 'CANCELLED', 'FAILED'];
const codes = ['', 'INVALID_ARGUMENT', 'NOT_LOGGED_IN', 'SESSION_EXPIRED', 'UNKNOWN_ITEM', 'INSUFFICIENT_BALANCE', 'BAD_TIER', 'UNSUPPORTED_PLATFORM', 'RATE_LIMITED', 'BUSY', 'UNAVAILABLE', 'NOT_PERMITTED', 'INTERNAL'];
type L<T> = Set<(v: T) => void>;
export class MidasClient {
  state: ConnectionState = 'offline'; openid?: string; balance?: Balance;
  private ws?: WebSocket; private named = new Map<string, L<any>>(); private orders: L<PurchaseResult> = new Set(); private balances: L<Balance> = new Set(); private services: L<ServiceState> = new Set(); private stateL: L<ConnectionState> = new Set();
  private open = new Map<string, { send: () => void; got: (n: string, b: any) => void }>(); private tries = 0; private first?: { ok: (v: any) => void; no: (e: any) => void };
  constructor(private o: { url: string; platform: Platform; zoneId?: string; timeoutMs?: number; backoff?: { firstMs?: number; maxMs?: number } }) {}
  login(): Promise<{ openid: string }> { return new Promise((ok, no) => { this.first = { ok, no }; this.connect(); }); }
  close() { this.set('closed'); this.ws?.close(); }
  private set(s: ConnectionState) { this.state = s; this.stateL.forEach((f) => f(s)); }
  private connect() {
    if (this.state === 'closed') return;
    this.set('connecting');
    const ws = (this.ws = new WebSocket(this.o.url));
    ws.onopen = async () => { this.raw('MidasLogin', { code: await this.o.platform.loginCode(), zone_id: this.o.zoneId ?? '', platform: this.o.platform.platform() }); };
    ws.onmessage = async (e) => { const t = typeof e.data === 'string' ? e.data : await (e.data as Blob).text(); const m = JSON.parse(t); for (const n in m) this.take(n, m[n]); };
    ws.onclose = () => { if (this.state === 'closed') return; this.set('offline'); setTimeout(() => this.connect(), Math.min(this.o.backoff?.maxMs ?? 30000, (this.o.backoff?.firstMs ?? 500) * 2 ** this.tries++) * Math.random()); };
  }
  private raw(n: string, b: object) { if (this.ws?.readyState === 1) this.ws.send(JSON.stringify({ [n]: b })); }
  private take(n: string, b: any) {
    if (n === 'MidasLoginResult') { this.openid = b.openid; this.tries = 0; this.set('online'); this.first?.ok({ openid: b.openid }); this.open.forEach((x) => x.send()); }
    if (n === 'MidasError') { b.code = codes[b.code]; if (!b.request_id && this.state === 'connecting') this.first?.no(new MidasError(b.code, b.message)); }
    if (n === 'MidasBalance') { b.reason = reasons[b.reason]; if (!this.balance || b.version >= this.balance.version) { this.balance = b; this.balances.forEach((f) => f(b)); } }
    if (n === 'MidasPurchaseResult') { b.state = states[b.state]; if (b.error) b.error.code = codes[b.error.code]; this.orders.forEach((f) => f(b)); }
    if (n === 'MidasRechargeResult') b.state = rstates[b.state];
    if (n === 'MidasOrders') b.orders.forEach((x: any) => (x.state = states[x.state]));
    if (n === 'MidasServiceState') this.services.forEach((f) => f(b));
    this.named.get(n)?.forEach((f) => f(b));
    const id = n === 'MidasOrders' ? 'list' : b.request_id; if (id) this.open.get(id)?.got(n, b);
  }
  private ask<T>(id: string, n: string, b: object, got: (n: string, b: any, ok: (v: T) => void, no: (e: any) => void) => void): Promise<T> {
    return new Promise<T>((ok, no) => { const send = () => this.raw(n, b); this.open.set(id, { send, got: (n, b) => { if (n === 'MidasError') { this.open.delete(id); no(new MidasError(b.code, b.message, { retryAfterMs: b.retry_after_ms })); } else got(n, b, (v) => { this.open.delete(id); ok(v); }, (e) => { this.open.delete(id); no(e); }); } }); if (this.state === 'online') send(); });
  }
  private add<T>(l: L<T>, f: (v: T) => void) { l.add(f); return () => { l.delete(f); }; }
  getBalance() { const id = crypto.randomUUID(); return this.ask<Balance>(id, 'MidasGetBalance', { request_id: id }, (_, b, ok) => ok(b)); }
  onBalance(f: (b: Balance) => void) { if (this.balance) f(this.balance); return this.add(this.balances, f); }
  onOrder(f: (r: PurchaseResult) => void) { return this.add(this.orders, f); }
  onService(f: (s: ServiceState) => void) { return this.add(this.services, f); }
  onState(f: (s: ConnectionState) => void) { return this.add(this.stateL, f); }
  private done(b: PurchaseResult, ok: (v: PurchaseResult) => void, no: (e: any) => void) { if (b.state === 'DELIVERED') ok(b); else if (b.state === 'FAILED' || b.state === 'CANCELLED') no(new MidasError(b.error?.code ?? 'ORDER_' + b.state, b.error?.message ?? '', { order: b })); }
  purchase(itemId: string, quantity = 1, o: { requestId?: string } = {}) { const id = o.requestId ?? crypto.randomUUID(); return this.ask<PurchaseResult>(id, 'MidasPurchase', { request_id: id, item_id: itemId, quantity }, (_, b, ok, no) => this.done(b, ok, no)); }
  recharge(n: number, o: { requestId?: string } = {}) { const id = o.requestId ?? crypto.randomUUID(); return this.ask<RechargeResult>(id, 'MidasRecharge', { request_id: id, buy_quantity: n }, async (name, b, ok, no) => { if (name === 'MidasRechargeOptions') { try { await this.o.platform.requestCoins(b); this.raw('MidasRechargeDone', { request_id: id, err_code: 0 }); } catch (e: any) { this.raw('MidasRechargeDone', { request_id: id, err_code: e.errCode ?? -1 }); no(new MidasError(e.errCode === -2 || e.errCode === 1 ? 'PAYMENT_CANCELLED' : 'PAYMENT_FAILED', '')); } } else if (name === 'MidasRechargeResult') ok(b); }); }
  buyGoods(itemId: string, quantity = 1, o: { requestId?: string } = {}) { const id = o.requestId ?? crypto.randomUUID(); return this.ask<PurchaseResult>(id, 'MidasBuyGoods', { request_id: id, item_id: itemId, quantity }, async (name, b, ok, no) => { if (name === 'MidasGoodsOptions') { try { await this.o.platform.requestGoods(b); } catch (e: any) { no(new MidasError(e.errCode === -2 || e.errCode === 1 ? 'PAYMENT_CANCELLED' : 'PAYMENT_FAILED', '')); } } else this.done(b, ok, no); }); }
  listOrders(o: { limit?: number; before?: string } = {}) { return this.ask<{ orders: Order[]; more: boolean }>('list', 'MidasListOrders', { limit: o.limit ?? 0, before: o.before ?? '' }, (_, b, ok) => ok(b)); }
  send(n: string, b: object) { this.raw(n, b); }
  on(n: string, f: (b: any) => void) { let l = this.named.get(n); if (!l) this.named.set(n, (l = new Set())); return this.add(l, f); }
}
