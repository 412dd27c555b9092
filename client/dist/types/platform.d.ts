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
    login(options: Callbacks<{
        code: string;
    }>): void;
    connectSocket(options: {
        url: string;
    } & Callbacks<unknown>): WxSocketTask;
    getDeviceInfo?(): {
        platform?: string;
        system?: string;
    };
    getAppBaseInfo?(): {
        version?: string;
        SDKVersion?: string;
    };
    getSystemInfoSync?(): {
        platform?: string;
        system?: string;
        version?: string;
        SDKVersion?: string;
    };
    checkIsSupportMidasPayment?(options: Callbacks<{
        data?: {
            allow_pay?: boolean;
            err_code?: number;
            err_msg?: string;
        };
    }>): void;
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
export declare function wxPlatform(global: WxLike | AnyWx): Platform;
/** How a call that does not exist here fails, in WeChat's way: 6 is "other error". */
export declare function notHere(call: string): {
    errCode: number;
    errMsg: string;
};
/** WeChat's words. */
export declare function said(e: unknown): string;
export {};
