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
    login(options: Callbacks<{
        code: string;
    }>): void;
    connectSocket(options: {
        url: string;
    } & Callbacks<unknown>): WxSocketTask;
    getDeviceInfo?(): {
        platform?: string;
    };
    getSystemInfoSync?(): {
        platform?: string;
    };
    requestMidasPayment?(options: WxCoins & Callbacks<unknown>): unknown;
    requestMidasPaymentGameItem?(options: WxGoods & Callbacks<unknown>): unknown;
}
/** What wx.connectSocket returns. */
export interface WxSocketTask {
    onOpen(listener: (result: unknown) => void): void;
    onMessage(listener: (result: {
        data: string | ArrayBuffer;
    }) => void): void;
    onClose(listener: (result: {
        code?: number;
        reason?: string;
    }) => void): void;
    onError(listener: (result: {
        errMsg?: string;
    }) => void): void;
    send(options: {
        data: string | ArrayBuffer;
    } & Callbacks<unknown>): void;
    close(options: {
        code?: number;
        reason?: string;
    }): void;
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
export declare function wxPlatform(wx: WxLike): Platform;
/** How a call that does not exist here fails, in WeChat's way: 6 is "other error". */
export declare function notHere(call: string): {
    errCode: number;
    errMsg: string;
};
/** WeChat's words. */
export declare function said(e: unknown): string;
export {};
