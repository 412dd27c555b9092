import { notHere, type Device, type Platform, type Socket, type SocketEvents, type Support } from './platform';
import type { GoodsOptions, RechargeOptions } from './wire';

/** What of a browser is used. */
interface BrowserSocket {
  binaryType: string;
  onopen: (() => void) | null;
  onmessage: ((event: { data: string | ArrayBuffer }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  send(data: string | ArrayBuffer): void;
  close(): void;
}
declare const WebSocket: new (url: string) => BrowserSocket;

/** What a page brings in place of wx. */
export interface BrowserHooks {
  /** In place of wx.login. */
  loginCode: () => Promise<string>;
  /** Default: '', which leaves it to the server. */
  platform?: string;
  /** What else the server is told of the device. */
  device?: () => Device;
  /** In place of wx.checkIsSupportMidasPayment. Without it the server and the payment window say what the device can. */
  support?: () => Promise<Support>;
  /** Whether requestGoods buys coins, too. Default: false. */
  signsCoins?: () => boolean;
  /** In place of wx.requestMidasPayment. Without it every recharge fails. */
  requestCoins?: (options: RechargeOptions) => Promise<void>;
  /** In place of wx.requestMidasPaymentGameItem. */
  requestGoods?: (options: GoodsOptions) => Promise<void>;
}

/** The platform of a browser, for web previews and tests: WebSocket, and the page's own stand-ins for WeChat. */
export function browserPlatform(hooks: BrowserHooks): Platform {
  return {
    connect: (url, _binary, events) => browserSocket(url, events),
    loginCode: hooks.loginCode,
    platform: () => hooks.platform ?? '',
    ...(hooks.device && { device: hooks.device }),
    ...(hooks.support && { support: hooks.support }),
    signsCoins: hooks.signsCoins ?? (() => false),
    requestCoins: hooks.requestCoins ?? (() => Promise.reject(notHere('requestMidasPayment'))),
    requestGoods: hooks.requestGoods ?? (() => Promise.reject(notHere('requestMidasPaymentGameItem'))),
  };
}

function browserSocket(url: string, events: SocketEvents): Socket {
  const socket = new WebSocket(url);
  socket.binaryType = 'arraybuffer';
  socket.onopen = () => events.open();
  socket.onmessage = (e) => events.message(e.data);
  socket.onclose = (e) => events.close(e.reason || `closed with ${e.code}`);
  return {
    send: (data) => socket.send(data),
    close: () => {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    },
  };
}
