// What the server answers (ops/api.go, ops/status.go, ops/series.go).

export interface Counts { done: number; refused: number; no_answer: number; held_back: number }
export interface Endpoint extends Counts { endpoint: string; state: string; held_back_ms: number }
export interface Status {
  at: string; paused: boolean; connections: number; running: number; max_running: number; waiting: number; max_waiting: number;
  token: { obtained_at?: string; fetched: number; failed: number; forced: number; shared: number };
  redis_up?: boolean; ledger_up: boolean;
  backlog?: { open: Record<string, number>; parked: number; unpaid: number; disputed: number; kept: number; oldest?: string; oldest_at?: string };
  calls: Endpoint[]; reached: Record<string, Record<string, number>>; deliveries: Record<string, number>;
}
export interface Called extends Counts { p50_ms?: number; p99_ms?: number; state?: string; held?: boolean }
export interface Point {
  at: number; seconds: number; calls?: Record<string, Called>; reached?: Record<string, number>; connections: number; running: number;
  waiting: number; paused?: boolean; open: number; disputed: number; oldest_ms: number;
}
export interface Order {
  bill_no: string; kind: string; openid: string; zone_id: string; request_id: string; item_id?: string; quantity: number; amount: number;
  state: string; attempts: number; parked?: boolean; settled?: boolean; code?: number; rid?: string; note?: string; created_at: string;
  updated_at: string; due_at?: string; delivered_at?: string; of_trade?: string;
}
export interface Happened { at: string; who: string; from?: string; to: string; code?: number; rid?: string; note?: string }
export type Traced = Order & { events: Happened[] };

// A push of Midas's that was rightly signed and did not fit.
export interface Push {
  id: string; first_at: string; last_at: string; times: number; event: string; openid?: string; out_trade_no?: string; why: string; body: string;
}

// shown is a text of the server's as it may be seen: ids that strangers have named may turn the reading direction, or hide. It is the same as
// internal/plain's.
export const shown = (text: string) => text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (c) =>
  [...Array(c.length).keys()].map((i) => '\\u' + c.charCodeAt(i).toString(16).padStart(4, '0')).join(''));

// Failure is an answer that is none. status 0: the server did not answer.
export class Failure extends Error {
  constructor(readonly status: number, message: string) { super(message); }
}

const kept = 'leafmidas-ops-token';

// The token may come behind # in the address, which no server is told; it is taken out of the address bar at once.
export function rememberedToken(): string {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given) {
    keepToken(given);
    history.replaceState(null, '', location.pathname + location.search);
  }
  return sessionStorage.getItem(kept) ?? '';
}
export function keepToken(token: string) { sessionStorage.setItem(kept, token); }
export function dropToken() { sessionStorage.removeItem(kept); }

export class Api {
  constructor(private readonly token: string) {}

  status() { return this.ask<Status>('status'); }
  series(since: number) { return this.ask<{ points: Point[] }>(`series?since=${since}`); }
  orders(search: Record<string, string>) { return this.ask<{ orders: Order[]; next?: string }>('orders?' + new URLSearchParams(search)); }
  order(bill: string) { return this.ask<Traced>('orders/' + encodeURIComponent(bill)); }
  resolve(bill: string, as: string, why: string, who: string) {
    return this.ask<Order>(`orders/${encodeURIComponent(bill)}/resolve`, { as, why, who });
  }
  pushes() { return this.ask<{ pushes: Push[] }>('pushes'); }
  pushDone(id: string, why: string, who: string) { return this.ask<object>(`pushes/${encodeURIComponent(id)}/done`, { why, who }); }
  pause(paused: boolean) { return this.ask<{ changed: boolean }>(paused ? 'pause' : 'resume', {}); }

  private async ask<T>(path: string, body?: object): Promise<T> {
    let reply: Response;
    try {
      reply = await fetch('api/' + path, {
        method: body ? 'POST' : 'GET',
        headers: { Authorization: 'Bearer ' + this.token, ...(body ? { 'Content-Type': 'application/json' } : {}) },
        ...(body ? { body: JSON.stringify(body) } : {}),
        signal: AbortSignal.timeout(10_000),
      });
    } catch {
      throw new Failure(0, 'the server does not answer');
    }
    const text = await reply.text().catch(() => '');
    let answer: { error?: string } = {};
    try {
      answer = JSON.parse(text, (_, value) => (typeof value === 'string' ? shown(value) : value));
    } catch { /* a proxy's page */ }
    if (!reply.ok) throw new Failure(reply.status, answer.error ?? reply.statusText);
    return answer as T;
  }
}
