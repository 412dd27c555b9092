import type { GoodsOptions, RechargeOptions } from './wire';

/** What the client needs from where it runs. */
export interface Platform {
  /** Opens a connection. It must call nothing of events before it returns. */
  connect(url: string, binary: boolean, events: SocketEvents): Socket;
  /** A fresh login code: wx.login's. */
  loginCode(): Promise<string>;
  /** "android", "ios", "windows", "mac", "devtools": what WeChat says. Empty: unknown. */
  platform(): string;
  /** wx.requestMidasPayment. Rejects with {errCode, errMsg} as WeChat does. */
  requestCoins(options: RechargeOptions): Promise<void>;
  /** wx.requestMidasPaymentGameItem (V2). Rejects likewise. */
  requestGoods(options: GoodsOptions): Promise<void>;
}

/** A connection. */
export interface Socket {
  send(data: string | ArrayBuffer): void;
  close(): void;
}

/** What a connection tells. Nothing after close. */
export interface SocketEvents {
  open(): void;
  message(data: string | ArrayBuffer): void;
  close(reason: string): void;
}

interface Callbacks<T> {
  success?: (result: T) => void;
  fail?: (error: unknown) => void;
}

/** What of the global wx is used. */
export interface WxLike {
  login(options: Callbacks<{ code: string }>): void;
  connectSocket(options: { url: string } & Callbacks<unknown>): WxSocketTask;
  getDeviceInfo?(): { platform?: string };
  getSystemInfoSync?(): { platform?: string };
  requestMidasPayment?(options: WxCoins & Callbacks<unknown>): unknown;
  requestMidasPaymentGameItem?(options: WxGoods & Callbacks<unknown>): unknown;
}

/** What wx.connectSocket returns. */
export interface WxSocketTask {
  onOpen(listener: (result: unknown) => void): void;
  onMessage(listener: (result: { data: string | ArrayBuffer }) => void): void;
  onClose(listener: (result: { code?: number; reason?: string }) => void): void;
  onError(listener: (result: { errMsg?: string }) => void): void;
  send(options: { data: string | ArrayBuffer } & Callbacks<unknown>): void;
  close(options: { code?: number; reason?: string }): void;
}

/** The options of wx.requestMidasPayment (midas-protocol.md §1.1, §3.4). */
export interface WxCoins {
  mode: string;
  env: number;
  offerId: string;
  currencyType: string;
  platform: string;
  buyQuantity: number;
  zoneId: string;
  outTradeNo?: string;
}

/** The options of wx.requestMidasPaymentGameItem (§3.5). */
export interface WxGoods {
  signData: string;
  paySig: string;
  signature: string;
}

/** The platform of a mini game. */
export function wxPlatform(wx: WxLike): Platform {
  return {
    connect: (url, _binary, events) => wxSocket(wx, url, events),
    loginCode: () => new Promise((resolve, reject) => wx.login({ success: (r) => resolve(r.code), fail: reject })),
    // getDeviceInfo came later and is preferred; getSystemInfoSync is everywhere.
    platform: () => (wx.getDeviceInfo?.() ?? wx.getSystemInfoSync?.())?.platform ?? '',
    requestCoins: (o) => new Promise((resolve, reject) => {
      if (!wx.requestMidasPayment) {
        reject(notHere('requestMidasPayment'));
        return;
      }
      promised(wx.requestMidasPayment({
        mode: o.mode, env: o.env, offerId: o.offer_id, currencyType: o.currency_type, platform: o.platform,
        buyQuantity: o.buy_quantity, zoneId: o.zone_id, ...(o.out_trade_no && { outTradeNo: o.out_trade_no }),
        success: () => resolve(), fail: reject,
      }));
    }),
    requestGoods: (o) => new Promise((resolve, reject) => {
      if (!wx.requestMidasPaymentGameItem) {
        reject(notHere('requestMidasPaymentGameItem'));
        return;
      }
      promised(wx.requestMidasPaymentGameItem({
        signData: o.sign_data, paySig: o.pay_sig, signature: o.signature, success: () => resolve(), fail: reject,
      }));
    }),
  };
}

/** How a call that does not exist here fails, in WeChat's way: 6 is "other error". */
export function notHere(call: string): { errCode: number; errMsg: string } {
  return { errCode: 6, errMsg: `${call}:fail not supported here` };
}

/** Some versions return a promise even with callbacks; what it rejects with has been told to fail. */
function promised(result: unknown): void {
  if (result instanceof Promise) {
    result.catch(() => undefined);
  }
}

function wxSocket(wx: WxLike, url: string, events: SocketEvents): Socket {
  let over = false;
  const end = (reason: string) => {
    if (!over) {
      over = true;
      events.close(reason);
    }
  };
  const task = wx.connectSocket({ url, fail: (e) => end(said(e) || 'connectSocket failed') });
  task.onOpen(() => events.open());
  task.onMessage((r) => events.message(r.data));
  task.onClose((r) => end(r.reason || `closed with ${r.code ?? 'no code'}`));
  task.onError((e) => end(said(e) || 'socket error'));
  return {
    send: (data) => task.send({ data, fail: (e) => { task.close({}); end(said(e) || 'send failed'); } }),
    close: () => { over = true; task.close({}); },
  };
}

/** WeChat's words. */
export function said(e: unknown): string {
  const text = (e as { errMsg?: unknown } | undefined)?.errMsg;
  return typeof text === 'string' ? text : '';
}
