import type { GoodsOptions, RechargeOptions } from './wire';

/** What the client needs from where it runs. */
export interface Platform {
  /** Opens a connection. It must call nothing of events before it returns. */
  connect(url: string, binary: boolean, events: SocketEvents): Socket;
  /** A fresh login code: wx.login's. */
  loginCode(): Promise<string>;
  /** "android", "ios", "windows", "mac", "ohos", "devtools": what WeChat says. Empty: unknown. */
  platform(): string;
  /** What else WeChat says of the device. Without it the server knows the platform alone. */
  device?(): Device;
  /** Whether the device can pay with money. Without it the server and the payment window say so. */
  support?(): Promise<Support>;
  /** Whether requestGoods buys coins, too (signed, mode "coins"). Without it coins are bought by requestCoins. */
  signsCoins?(): boolean;
  /** wx.requestMidasPayment. Rejects with {errCode, errMsg} as WeChat does. */
  requestCoins(options: RechargeOptions): Promise<void>;
  /** wx.requestMidasPaymentGameItem (V2). Rejects likewise. */
  requestGoods(options: GoodsOptions): Promise<void>;
}

/** A device, as the server is told of it; empty: unknown. */
export interface Device {
  /** The operating system with its version, as "iOS 17.4.1". */
  system: string;
  /** WeChat's version, and its base library's. */
  wechat_version: string;
  sdk_version: string;
}

/** Whether a device can pay. */
export interface Support {
  allowed: boolean;
  /** Why not, for the game's developer; empty where it can. */
  reason: string;
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
  getDeviceInfo?(): { platform?: string; system?: string };
  getAppBaseInfo?(): { version?: string; SDKVersion?: string };
  getSystemInfoSync?(): { platform?: string; system?: string; version?: string; SDKVersion?: string };
  checkIsSupportMidasPayment?(options: Callbacks<{ data?: { allow_pay?: boolean; err_code?: number; err_msg?: string } }>): void;
  requestMidasPayment?(options: WxCoins & Callbacks<unknown>): unknown;
  requestMidasPaymentGameItem?(options: WxGoods & Callbacks<unknown>): unknown;
}

/** The global wx by whatever declarations a game has. Those of WeChat differ from version to version, and some are stricter than it is. */
export interface AnyWx {
  login(options: never): unknown;
  connectSocket(options: never): unknown;
  getDeviceInfo?(): unknown;
  getAppBaseInfo?(): unknown;
  getSystemInfoSync?(): unknown;
  checkIsSupportMidasPayment?(options: never): unknown;
  requestMidasPayment?(options: never): unknown;
  requestMidasPaymentGameItem?(options: never): unknown;
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
  platform?: string;
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
export function wxPlatform(global: WxLike | AnyWx): Platform {
  const wx = global as WxLike;
  return {
    connect: (url, _binary, events) => wxSocket(wx, url, events),
    loginCode: () => new Promise((resolve, reject) => wx.login({ success: (r) => resolve(r.code), fail: reject })),
    // getDeviceInfo came later and is preferred; getSystemInfoSync is everywhere.
    platform: () => (wx.getDeviceInfo?.() ?? wx.getSystemInfoSync?.())?.platform ?? '',
    device: () => deviceOf(wx),
    support: () => supportOf(wx),
    signsCoins: () => wx.requestMidasPaymentGameItem !== undefined,
    requestCoins: (o) => new Promise((resolve, reject) => {
      if (!wx.requestMidasPayment) {
        reject(notHere('requestMidasPayment'));
        return;
      }
      promised(wx.requestMidasPayment({
        mode: o.mode, env: o.env, offerId: o.offer_id, currencyType: o.currency_type, ...(o.platform && { platform: o.platform }),
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

function deviceOf(wx: WxLike): Device {
  const old = wx.getDeviceInfo && wx.getAppBaseInfo ? undefined : wx.getSystemInfoSync?.();
  const app = wx.getAppBaseInfo?.() ?? old;
  return { system: wx.getDeviceInfo?.().system ?? old?.system ?? '', wechat_version: app?.version ?? '', sdk_version: app?.SDKVersion ?? '' };
}

/** What an iPhone needs (midas-protocol.md §3.9, P1). */
const needed = { system: '15', wechat_version: '8.0.68', sdk_version: '3.10.3' };

/** Asks WeChat whether this device can pay. Where WeChat has no such question yet, an iPhone certainly cannot, and every other device can. */
function supportOf(wx: WxLike): Promise<Support> {
  const platform = (wx.getDeviceInfo?.() ?? wx.getSystemInfoSync?.())?.platform;
  const device = deviceOf(wx);
  const old = (Object.keys(needed) as (keyof Device)[]).filter((what) => below(device[what], needed[what]));
  const missing = old.map((what) => `${{ system: 'iOS', wechat_version: 'WeChat', sdk_version: 'base library' }[what]} ${needed[what]}`);
  if (platform === 'ios' && (missing.length > 0 || !wx.checkIsSupportMidasPayment)) {
    return Promise.resolve({ allowed: false, reason: `an iPhone needs ${missing.join(', ') || 'a newer WeChat'} to pay` });
  }
  const ask = wx.checkIsSupportMidasPayment;
  if (!ask) {
    return Promise.resolve({ allowed: true, reason: '' });
  }
  return new Promise((resolve) => ask.call(wx, {
    success: ({ data }) => resolve(data?.allow_pay === false
      ? { allowed: false, reason: `WeChat says ${data.err_code ?? ''} ${data.err_msg ?? ''}`.trim() } : { allowed: true, reason: '' }),
    fail: () => resolve({ allowed: true, reason: '' }), // the payment window knows
  }));
}

/** Whether a version is known and lower than another. It takes the first number in the text, as of "iOS 17.4.1". */
function below(version: string, least: string): boolean {
  const has = /\d+(\.\d+)*/.exec(version)?.[0].split('.').map(Number);
  const needs = least.split('.').map(Number);
  for (let i = 0; has && i < needs.length; i++) {
    const difference = (has[i] ?? 0) - (needs[i] ?? 0);
    if (difference !== 0) {
      return difference < 0;
    }
  }
  return false;
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
